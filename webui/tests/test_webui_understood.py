"""Chips of what was understood, and the editors in them, from the finder's plans."""

from __future__ import annotations

import re

import pytest
from flask.testing import FlaskClient

from techfinder.finder import Finder
from techfinder_webui.address import Address
from techfinder_webui.answering import ask
from techfinder_webui.parts import Understood
from techfinder_webui.understood import correction_chips, understood_chips


def chips(finder: Finder, text: str, query: str = "") -> dict[str, Understood]:
    """The chips of a sentence by their words."""
    answered = ask(finder, Address.read([("q", text), *(tuple(p.split("=", 1)) for p in query.split("&") if p)]))
    made = understood_chips(finder, answered.edited, answered.facets, answered.asked, "/")
    return {chip.words: chip for chip in made}


@pytest.mark.parametrize(
    ("text", "words", "kind", "low", "high"),
    [
        ("high tech interest", "high tech interest", "levels", "High", "Very High"),
        ("early adopters or earlier", "early adopters or earlier", "levels", "Early Adopter", "Innovator"),
        ("people over 30", "over 30", "range", "31", ""),
        ("people under 50", "under 50", "range", "", "49"),
        ("between 25 and 34", "between 25 and 34", "range", "25", "34"),
        ("people who earn over 50000", "over 50000", "range", "50000", ""),
    ],
)
def test_ends_are_edited_as_levels_or_numbers_with_both_ends_included(
    finder: Finder, text: str, words: str, kind: str, low: str, high: str
) -> None:
    editor = chips(finder, text)[words].editor
    assert editor is not None
    assert (editor.kind, editor.low, editor.high) == (kind, low, high)


@pytest.mark.parametrize(
    ("text", "words", "legend", "ticked", "typed"),
    [
        ("nurses", "nurses", "Any of", ["Healthcare"], False),
        ("not on TikTok", "TikTok", "None of", ["TikTok"], False),
        ("in Seattle", "Seattle", "Any of", ["Seattle"], True),
    ],
)
def test_values_are_edited_in_a_list_that_says_how_they_count(
    finder: Finder, text: str, words: str, legend: str, ticked: list[str], typed: bool
) -> None:
    found = chips(finder, text)
    chip = found.get(words) or next(iter(found.values()))
    assert chip.editor is not None
    assert chip.editor.kind == "values"
    assert (chip.editor.legend, chip.editor.typed) == (legend, typed)
    assert [o.value for o in chip.editor.options if o.selected] == ticked
    assert len(chip.editor.options) > len(ticked)


def test_an_editor_counts_what_choosing_instead_would_find(finder: Finder) -> None:
    editor = chips(finder, "nurses over 70", "gender=Female&like=P0052")["nurses"].editor
    assert editor is not None
    counts = {o.label: o.count for o in editor.options if o.count}
    expected = {}
    for sector in ("Healthcare", "Technology", "Finance"):
        found = finder.search(finder.plan(f"{sector} over 70", {"gender": ["Female"]}))
        expected[sector] = found.total - sum(h.profile.id == "P0052" for h in found.hits)
    assert counts == {name: count for name, count in expected.items() if count}
    assert len(counts) > 1
    excluded = chips(finder, "not on TikTok")["TikTok"].editor
    assert excluded is not None
    assert {o.label: o.count for o in excluded.options}["TikTok"] == 30


def test_an_editor_offers_the_commonest_values_of_an_open_field(finder: Finder) -> None:
    editor = next(iter(chips(finder, "in Seattle").values())).editor
    assert editor is not None
    assert {o.label: o.count for o in editor.options} == {"Seattle": 20, "Austin": 20, "Boston": 20}


def test_a_group_offers_each_alternative(finder: Finder) -> None:
    [chip] = chips(finder, "samsung owners").values()
    assert chip.editor is not None
    assert (chip.editor.kind, [o.value for o in chip.editor.options]) == ("parts", ["1", "2", "3"])
    assert all(o.selected for o in chip.editor.options)
    assert chip.text.startswith("any of 3: Smartphones: product is Samsung Galaxy")
    key = chip.editor.key
    [fewer] = chips(finder, "samsung owners", f"edit.set.{key}=1").values()
    assert fewer.editor is not None
    assert [o.selected for o in fewer.editor.options] == [True, False, False]
    assert (fewer.edited, fewer.text) == (True, "Smartphones: product is Samsung Galaxy")


def test_what_is_known_or_not_has_no_values_to_edit(finder: Finder) -> None:
    [chip] = chips(finder, "no laptop on file").values()
    assert chip.editor is None


def test_links_of_a_chip_lead_there_and_back(finder: Finder) -> None:
    plain = chips(finder, "nurses", "gender=Male&limit=40")["nurses"]
    key = plain.id.removeprefix("read-")
    assert plain.drop_url == f"/?q=nurses&gender=Male&edit.drop={key}"
    assert plain.flip_url == f"/?q=nurses&gender=Male&edit.flip={key}"
    out = chips(finder, "nurses", f"edit.drop={key}")["nurses"]
    assert (out.role, out.drop_url, out.editor) == ("out", "/?q=nurses", None)
    wish = chips(finder, "nurses", f"edit.flip={key}")["nurses"]
    assert (wish.role, wish.edited, wish.flip_url, wish.reset_url) == ("wish", True, "/?q=nurses", "/?q=nurses")


def test_an_editor_sends_the_rest_of_the_search_along(finder: Finder) -> None:
    chip = chips(finder, "nurses over 30", "gender=Male&sort=-age&offset=20")["over 30"]
    assert chip.editor is not None
    assert chip.editor.hidden == (("q", "nurses over 30"), ("gender", "Male"), ("sort", "-age"))


def test_colours_follow_the_plan_and_begin_again(finder: Finder) -> None:
    made = chips(finder, "nurses over 30 with high tech interest")
    assert [c.tone for c in made.values()] == ["share-0", "share-1", "share-2"]


def test_corrections_can_be_taken_back_and_made_again(finder: Finder) -> None:
    asked = Address(text="nurses in seatle")
    [chip] = correction_chips(finder.plan("nurses in seatle").notices, asked, "/")
    assert (chip.label, chip.text, chip.url) == ("seatle", "seattle", "/?q=nurses+in+seatle&edit.typed=seatle")
    typed = Address(text="nurses in seatle", edits=asked.edits.leave("seatle"))
    [back] = correction_chips((), typed, "/")
    assert (back.text, back.url) == ("", "/?q=nurses+in+seatle")


def test_edits_that_mean_nothing_leave_the_address(client: FlaskClient) -> None:
    headers = {"HX-Request": "true", "HX-Request-Type": "partial", "HX-Current-URL": "http://localhost/?q=nurse"}
    answer = client.get("/?q=nurses&edit.drop=00000000&edit.set.11111111=x", headers=headers)
    assert answer.headers["HX-Replace-Url"] == "/?q=nurses"


def test_an_edit_that_does_not_fit_is_explained_in_place(client: FlaskClient, finder: Finder) -> None:
    key = chips(finder, "over 30")["over 30"].id.removeprefix("read-")
    answer = client.get(f"/?q=over+30&edit.set.{key}=many")
    assert answer.status_code == 400
    assert "&#39;many&#39; is not a number" in answer.text
    assert re.search(rf'name="edit.set.{key}" value="many" form="search"', answer.text)
