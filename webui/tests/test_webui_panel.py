"""The filter panel: what is listed, what stays chosen, and the chips."""

from __future__ import annotations

from collections.abc import Container, Mapping, Sequence
from dataclasses import replace

import pytest

from techfinder import Condition, Edits, Facet, FacetBar, FacetValue, QueryPlan, load_schema
from techfinder.defaults import register_filters
from techfinder_webui.address import Address
from techfinder_webui.panel import LISTED, TOP, chips, hidden_inputs, panel_groups, sort_options
from techfinder_webui.parts import PanelGroup

SCHEMA = load_schema()
ENTRIES = {e.name: e for e in register_filters(SCHEMA)}


def _choice(counts: list[int], selected: int | None = None, name: str = "sector") -> Facet:
    values = tuple(FacetValue(f"v{n}", f"Value {n}", count, n == selected) for n, count in enumerate(counts))
    held = () if selected is None else (f"v{selected}",)
    return Facet(name, name.title(), "Work", "choice", values, held=held)


_AGE = Facet("age", "Age", "Person", "range", (), unit="years", low=18.0, high=90.5)


def asked(chosen: Mapping[str, Sequence[str]]) -> Address:
    """The address that asks for these inputs."""
    return Address(filters={name: tuple(values) for name, values in chosen.items()})


def shown(
    facets: Sequence[Facet], chosen: Mapping[str, Sequence[str]] | None = None, unfolded: Container[str] = ()
) -> tuple[PanelGroup, ...]:
    """The panel of these facets."""
    return panel_groups(facets, ENTRIES, SCHEMA, asked(chosen or {}), unfolded)


def test_a_long_facet_shows_the_most_frequent_and_every_chosen_value() -> None:
    facet = _choice([n % 7 for n in range(30)], selected=0)
    panel = shown([facet], {"sector": ["v0"]})[0].facets[0]
    assert "v0" in [o.value for o in panel.options]
    assert len(panel.options) == TOP
    assert sorted(o.value for o in panel.options + panel.more) == sorted(v.value for v in facet.values)
    assert min(o.count for o in panel.options if not o.selected) >= max(o.count for o in panel.more)


@pytest.mark.parametrize(
    ("ends", "told"),
    [((6891.73, 283106.2), ("6891", "283107")), ((18.0, 90.5), ("18", "90.50")), ((-120.5, 0.25), ("-121", "0.25"))],
)
def test_the_ends_of_all_values_fit_into_their_inputs(ends: tuple[float, float], told: tuple[str, str]) -> None:
    panel = shown([replace(_AGE, low=ends[0], high=ends[1])])[0].facets[0]
    assert (panel.low, panel.high) == told


def test_zero_counts_stay_listed() -> None:
    panel = shown([_choice([3, 0, 0])])[0].facets[0]
    assert [(o.value, o.count, o.share) for o in panel.options] == [("v0", 3, 100), ("v1", 0, 0), ("v2", 0, 0)]


def test_what_is_not_listed_is_counted() -> None:
    panel = shown([_choice([1] * 500)])[0].facets[0]
    assert len(panel.options) + len(panel.more) == LISTED
    assert panel.hidden == 500 - LISTED


def test_all_ids_of_the_panel_differ() -> None:
    panel = shown([_choice([1] * 20), _choice([1] * 20, name="place")])
    ids = [o.id for g in panel for f in g.facets for o in f.options + f.more]
    assert len(set(ids)) == len(ids) == 40


def test_sections_follow_the_order_of_the_facets() -> None:
    groups = shown([_choice([1]), _choice([1], name="place"), _AGE])
    assert [(g.label, [f.name for f in g.facets]) for g in groups] == [
        ("Work", ["sector", "place"]),
        ("Person", ["age"]),
    ]


def test_a_range_shows_its_ends_and_the_ends_of_what_there_is() -> None:
    age = replace(_AGE, chosen="30..", held=(">=30",))
    panel = shown([age], {"age": [">=30"]})[0].facets[0]
    assert panel.active == 1
    assert (panel.chosen_min, panel.chosen_max, panel.low, panel.high, panel.open) == ("30", "", "18", "90.50", True)


def test_values_that_no_control_holds_stay_in_the_form() -> None:
    chosen = {"sector": ["v0", "!v1"], "age": [">50"], "nothing_known": ["x"]}
    hidden = hidden_inputs([_choice([1, 1], selected=0), _AGE], asked(chosen))
    assert hidden == (("sector", "!v1"), ("age", ">50"), ("nothing_known", "x"))
    assert hidden_inputs([replace(_AGE, chosen="30..40", held=("30..40",))], asked({"age": ["30..40"]})) == ()


def test_what_was_written_another_way_is_ticked_and_not_kept_besides() -> None:
    values = tuple(FacetValue(v, v, 1, v != "Low") for v in ("Low", "High", "Top"))
    facet = Facet("level", "Level", "Work", "choice", values, held=(">=high",))
    assert hidden_inputs([facet], asked({"level": [">=high", "?"]})) == (("level", "?"),)
    panel = shown([facet], {"level": [">=high", "?"]})[0].facets[0]
    assert ([o.value for o in panel.options if o.selected], panel.active) == (["High", "Top"], 3)


def test_days_of_a_date_stand_in_its_inputs() -> None:
    facet = Facet(
        "joined", "Joined", "Work", "date", low="2001-05-06", high="2010-01-01", chosen="..2004-12-31", held=("..2004",)
    )
    panel = shown([facet], {"joined": ["..2004"]})[0].facets[0]
    assert (panel.control, panel.low, panel.high) == ("date", "2001-05-06", "2010-01-01")
    assert (panel.chosen_min, panel.chosen_max) == ("", "2004-12-31")


def test_chips_say_it_in_words_and_lead_to_the_search_without_it() -> None:
    asked = Address("x", {"sector": ("v0", "!v1", ">=v1", "?"), "age": ("30..40", "50000..")}, offset=20)
    made = chips({}, SCHEMA, [_choice([1, 1], selected=0), _AGE], asked, "/", QueryPlan())
    assert [c.text for c in made] == ["Value 0", "not v1", "v1 or more", "not known", "30 to 40", "50,000 or more"]
    assert made[-2].url == "/?q=x&sector=v0&sector=%21v1&sector=%3E%3Dv1&sector=%3F&age=50000.."


def test_what_cards_show_and_what_is_chosen_is_unfolded() -> None:
    facets = [_choice([1]), _choice([1], name="place"), _AGE]
    panel = shown(facets, {"age": ["30.."]}, {"place"})
    assert [(f.name, f.open) for g in panel for f in g.facets] == [("sector", False), ("place", True), ("age", True)]


def test_a_label_does_not_repeat_its_section() -> None:
    facet = Facet("size", "Work: size", "Work", "choice", (FacetValue("big", "big", 1),))
    assert shown([facet])[0].facets[0].label == "Size"


def test_each_kind_of_product_is_one_section_that_says_what_people_do_with_it() -> None:
    uses = Facet("laptop_uses", "Uses", "Laptops", "choice", (FacetValue("yes", "yes", 1), FacetValue("no", "no", 2)))
    product = Facet("laptop_product", "Product", "Laptops", "choice", (FacetValue("MacBook", "MacBook", 1),))
    months = Facet("laptop_months", "Months after release", "Laptops", "range")
    [group] = shown([uses, product, months], {"laptop_product": ["MacBook"]})
    assert (group.label, group.folded, group.open, group.active) == ("Laptops", True, True, 1)
    assert [f.label for f in group.facets] == ["Use", "Prefers", "Adopts within"]
    assert [(o.label, o.value) for o in group.facets[0].options] == [("Uses", "yes"), ("Does not use", "no")]
    assert not shown([uses])[0].open
    assert not shown([_choice([1])])[0].folded


def test_a_search_in_a_long_facet_finds_what_is_not_listed_and_keeps_what_is_ticked() -> None:
    facet = _choice([500 - n for n in range(500)], selected=3)
    address = replace(asked({"sector": ["v3"]}), finds={"sector": "VALUE 49"})
    panel = panel_groups([facet], ENTRIES, SCHEMA, address)[0].facets[0]
    assert panel.findable
    assert [o.label for o in panel.options] == ["Value 3", "Value 49", *(f"Value 49{n}" for n in range(10))]
    assert (panel.open, panel.find, panel.more) == (True, "VALUE 49", ())
    assert not shown([_choice([1] * (TOP + 1))])[0].facets[0].findable


def test_bars_are_as_high_as_their_share_of_the_highest_and_none_vanishes() -> None:
    bars = (FacetBar(0, 9, 200), FacetBar(10, 19, 0), FacetBar(20, 90.5, 1, selected=False))
    long = shown([replace(_AGE, bars=(FacetBar(5000, 24_999, 7),))])[0].facets[0].bars[0]
    assert (long.text, long.low, long.high) == ("5000 to 24,999: 7", "5000", "24999")
    made = shown([replace(_AGE, bars=bars)])[0].facets[0].bars
    assert [(b.height, b.selected) for b in made] == [(100, True), (0, True), (3, False)]
    assert [(b.low, b.high) for b in made] == [("0", "9"), ("10", "19"), ("20", "90.50")]
    assert made[0].text == "0 to 9: 200"
    assert made[-1].x + made[-1].width <= 100


def test_edits_and_people_to_be_like_stay_in_the_form() -> None:
    address = Address(edits=Edits(dropped=("aa",)), like=("P1",))
    assert hidden_inputs([], address) == (("like", "P1"), ("edit.drop", "aa"))


def test_a_chip_has_the_colour_of_its_condition() -> None:
    plan = QueryPlan(
        conditions=(
            Condition(field="gender", op="any_of", values=("Male",)),
            Condition(field="age", op="range", gte=30, lte=40, origin="age"),
        )
    )
    [chip] = chips(ENTRIES, SCHEMA, [_AGE], asked({"age": ["30..40"]}), "/", plan)
    assert (chip.label, chip.tone) == ("Age", "share-1")


@pytest.mark.parametrize(
    ("sort", "label"),
    [
        ((), "Best first"),
        (("-age",), "Age, highest first"),
        (("age", "-annual_income"), "Age, lowest first; then Annual income, highest first"),
    ],
)
def test_the_order_now_is_among_those_to_choose_from(sort: tuple[str, ...], label: str) -> None:
    assert [o.label for o in sort_options(SCHEMA, Address(sort=sort)) if o.selected] == [label]
