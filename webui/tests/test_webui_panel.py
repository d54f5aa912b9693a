"""The filter panel: what is listed, what stays chosen, and the chips."""

from __future__ import annotations

from dataclasses import replace

from techfinder.models import Facet, FacetValue
from techfinder_webui.address import Address
from techfinder_webui.panel import LISTED, TOP, chips, hidden_inputs, panel_groups


def _choice(counts: list[int], selected: int | None = None, name: str = "sector") -> Facet:
    values = tuple(FacetValue(f"v{n}", f"Value {n}", count, n == selected) for n, count in enumerate(counts))
    held = () if selected is None else (f"v{selected}",)
    return Facet(name, name.title(), "Work", "choice", values, held=held)


_AGE = Facet("age", "Age", "Person", "range", (), unit="years", low=18.0, high=90.5)


def test_a_long_facet_shows_the_most_frequent_and_every_chosen_value() -> None:
    facet = _choice([n % 7 for n in range(30)], selected=0)
    panel = panel_groups([facet], {"sector": ["v0"]})[0].facets[0]
    assert "v0" in [o.value for o in panel.options]
    assert len(panel.options) == TOP
    assert sorted(o.value for o in panel.options + panel.more) == sorted(v.value for v in facet.values)
    assert min(o.count for o in panel.options if not o.selected) >= max(o.count for o in panel.more)


def test_zero_counts_stay_listed() -> None:
    panel = panel_groups([_choice([3, 0, 0])], {})[0].facets[0]
    assert [(o.value, o.count, o.share) for o in panel.options] == [("v0", 3, 100), ("v1", 0, 0), ("v2", 0, 0)]


def test_what_is_not_listed_is_counted() -> None:
    panel = panel_groups([_choice([1] * 500)], {})[0].facets[0]
    assert len(panel.options) + len(panel.more) == LISTED
    assert panel.hidden == 500 - LISTED


def test_all_ids_of_the_panel_differ() -> None:
    panel = panel_groups([_choice([1] * 20), _choice([1] * 20, name="place")], {})
    ids = [o.id for g in panel for f in g.facets for o in f.options + f.more]
    assert len(set(ids)) == len(ids) == 40


def test_sections_follow_the_order_of_the_facets() -> None:
    groups = panel_groups([_choice([1]), _choice([1], name="place"), _AGE], {})
    assert [(g.label, [f.name for f in g.facets]) for g in groups] == [
        ("Work", ["sector", "place"]),
        ("Person", ["age"]),
    ]


def test_a_range_shows_its_ends_and_the_ends_of_what_there_is() -> None:
    age = replace(_AGE, chosen="30..", held=(">=30",))
    panel = panel_groups([age], {"age": [">=30"]})[0].facets[0]
    assert panel.active == 1
    assert (panel.chosen_min, panel.chosen_max, panel.low, panel.high, panel.open) == ("30", "", "18", "90.50", True)


def test_values_that_no_control_holds_stay_in_the_form() -> None:
    chosen = {"sector": ["v0", "!v1"], "age": [">50"], "nothing_known": ["x"]}
    hidden = hidden_inputs([_choice([1, 1], selected=0), _AGE], chosen)
    assert hidden == (("sector", "!v1"), ("age", ">50"), ("nothing_known", "x"))
    assert hidden_inputs([replace(_AGE, chosen="30..40", held=("30..40",))], {"age": ["30..40"]}) == ()


def test_what_was_written_another_way_is_ticked_and_not_kept_besides() -> None:
    values = tuple(FacetValue(v, v, 1, v != "Low") for v in ("Low", "High", "Top"))
    facet = Facet("level", "Level", "Work", "choice", values, held=(">=high",))
    assert hidden_inputs([facet], {"level": [">=high", "?"]}) == (("level", "?"),)
    panel = panel_groups([facet], {"level": [">=high", "?"]})[0].facets[0]
    assert ([o.value for o in panel.options if o.selected], panel.active) == (["High", "Top"], 3)


def test_days_of_a_date_stand_in_its_inputs() -> None:
    facet = Facet(
        "joined", "Joined", "Work", "date", low="2001-05-06", high="2010-01-01", chosen="..2004-12-31", held=("..2004",)
    )
    panel = panel_groups([facet], {"joined": ["..2004"]})[0].facets[0]
    assert (panel.control, panel.low, panel.high) == ("date", "2001-05-06", "2010-01-01")
    assert (panel.chosen_min, panel.chosen_max) == ("", "2004-12-31")


def test_chips_say_it_in_words_and_lead_to_the_search_without_it() -> None:
    asked = Address("x", {"sector": ("v0", "!v1", ">=v1", "?"), "age": ("30..40",)}, offset=20)
    made = chips({}, [_choice([1, 1], selected=0), _AGE], asked, "/")
    assert [c.text for c in made] == ["Value 0", "not v1", "v1 or more", "not known", "30 to 40"]
    assert made[-1].url == "/?q=x&sector=v0&sector=%21v1&sector=%3E%3Dv1&sector=%3F"


def test_what_cards_show_and_what_is_chosen_is_unfolded() -> None:
    facets = [_choice([1]), _choice([1], name="place"), _AGE]
    panel = panel_groups(facets, {"age": ["30.."]}, {"place"})
    assert [(f.name, f.open) for g in panel for f in g.facets] == [("sector", False), ("place", True), ("age", True)]


def test_a_label_does_not_repeat_its_section() -> None:
    facet = Facet("laptop_uses", "Laptops: uses", "Laptops", "choice", (FacetValue("yes", "yes", 1),))
    assert panel_groups([facet], {})[0].facets[0].label == "Uses"
