"""What the panel shows as selected, however it was written; the judge counts."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import cast

import pytest

from techfinder import (
    Collection,
    Condition,
    Facet,
    FacetRequest,
    FilterEntry,
    FilterOption,
    GenerationInfo,
    OptionFilter,
    Profile,
    QueryPlan,
    Schema,
)
from techfinder.corrections import LiveValues
from techfinder.defaults import register_filters
from techfinder.facets import FacetMemory, facets
from techfinder.histograms import Spans
from techfinder.judge import Judge

SCHEMA = Schema.model_validate(
    {
        "name": "companies",
        "id": "id",
        "field": [
            {"name": "size", "kind": "scale", "label": "Size", "values": ["Small", "Medium", "Large"]},
            {
                "name": "industry",
                "kind": "category",
                "label": "Industry",
                "open": True,
                "values": [{"name": "Finance", "synonyms": ["banking"]}],
            },
            {"name": "listed", "kind": "boolean", "label": "Listed"},
            {"name": "staff", "kind": "number", "label": "Staff", "unit": "people"},
            {"name": "founded", "kind": "date", "label": "Founded"},
            {"name": "crm", "kind": "adoption", "label": "CRM", "values": ["Salesforce"]},
        ],
    }
)

COMPANIES = [
    Profile("a", {"size": "Small", "industry": "Retail", "listed": "yes", "founded_day": 11_448, "staff": 12.5}),
    Profile("b", {"size": "Medium", "industry": "Retail", "listed": "no", "founded_day": 14_610, "staff": 90_000.0}),
    Profile("c", {"size": "Large", "industry": "Finance", "crm_uses": "yes", "founded_day": 12_000}),
    Profile("d", {"size": "Large", "industry": "?"}),
]


LIVE = GenerationInfo("companies", 1, 4, 0, "cosine", "", "", "companies", "", "")


class JudgedCollection:
    """The methods that facets need, answered by the judge."""

    def __init__(self) -> None:
        self._judge = Judge(SCHEMA, COMPANIES)

    def info(self) -> GenerationInfo:
        return LIVE

    def facets(self, requests: Sequence[FacetRequest]) -> dict[str, Mapping[str, int | float]]:
        return {r.name: self._counts(r) for r in requests}

    def retrieve(self, ids: Sequence[str]) -> list[Profile]:
        return [p for p in COMPANIES if p.id in ids]

    def _counts(self, request: FacetRequest) -> Mapping[str, int | float]:
        if request.options is None:
            return self._judge.facet(request.field, request.where)
        return {value: self._judge.count([*request.where, *c]) for value, c in request.options.items()}


OPTIONS = (
    FilterOption("old", "Founded before 2003", (Condition(field="founded", op="range", lt=12_053),)),
    FilterOption("big", "Large ones", (Condition(field="size", op="any_of", values=("Large",)),)),
)
OPTION_FILTER = OptionFilter("kind", "Kind", OPTIONS)
ENTRIES = {e.name: e for e in register_filters(SCHEMA)} | {
    "kind": FilterEntry("kind", "Kind", "Company", "choice", lambda: OPTION_FILTER)
}
SHOWN = [entry for entry in ENTRIES.values() if entry.facet]


def facet(name: str, *inputs: str) -> Facet:
    """The facet of that name when its filter is given these inputs."""
    given = [text for text in inputs if text.strip()]
    made = ENTRIES[name].load().clauses(given) if given else ()
    plan = QueryPlan(conditions=tuple(c.model_copy(update={"origin": name}) for c in made))
    answer = facets(
        plan,
        {name: inputs},
        SHOWN,
        SCHEMA,
        cast("Collection", JudgedCollection()),
        FacetMemory(Spans(), LiveValues()),
        bars=True,
    )
    return next(f for f in answer if f.name == name)


def test_whom_to_be_like_is_counted_nowhere_as_they_are_not_found() -> None:
    large = Condition(field="size", op="any_of", values=("Large",), origin="size")
    plan = QueryPlan(conditions=(large,), like=("c", "c"), not_like=("a",))
    made = facets(
        plan, {}, SHOWN, SCHEMA, cast("Collection", JudgedCollection()), FacetMemory(Spans(), LiveValues()), True
    )
    shown = {f.name: {v.label: v.count for v in f.values} for f in made if f.values}
    assert shown["size"] == {"Small": 0, "Medium": 1, "Large": 1}  # counted without its own filter
    assert shown["industry"] == {"?": 1, "Finance": 0, "Retail": 0}
    assert shown["kind"] == {"Founded before 2003": 0, "Large ones": 1}
    assert shown["crm_uses"] == {"yes": 0, "no": 0}
    assert [sum(b.count for b in f.bars) for f in made if f.name == "founded"] == [0]


@pytest.mark.parametrize(
    ("name", "inputs", "selected", "besides"),
    [
        ("industry", ["banking"], ["Finance"], []),
        ("industry", ["finance", "Retail"], ["Retail", "Finance"], []),
        ("listed", ["true"], ["yes"], []),
        ("crm_uses", ["1"], ["yes"], []),
        ("size", [">=Medium"], ["Medium", "Large"], []),
        ("size", ["Medium.."], ["Medium", "Large"], []),
        ("size", ["<medium", "large"], ["Small", "Large"], []),
        ("size", ["!Large"], [], ["!Large"]),
        ("size", ["Small", "?"], ["Small"], ["?"]),
        ("size", ["!>=Medium"], [], ["!>=Medium"]),
        ("size", ["*", " "], [], ["*"]),
        ("kind", ["large ONES"], ["big"], []),
        ("kind", ["big", "!old"], ["big"], ["!old"]),
        ("kind", ["old", "big"], ["old", "big"], []),
    ],
)
def test_what_is_asked_for_is_selected_in_whatever_words(
    name: str, inputs: list[str], selected: list[str], besides: list[str]
) -> None:
    made = facet(name, *inputs)
    assert [v.value for v in made.values if v.selected] == selected
    assert [v.value for v in made.values] == [v.value for v in facet(name).values]
    assert [text for text in inputs if text not in made.held and text.strip()] == besides


def test_an_open_field_shows_the_value_as_typed_with_its_own_count() -> None:
    shown = {v.value: (v.count, v.selected) for v in facet("industry", "retail").values}
    assert shown["retail"] == (0, True)
    assert shown["Retail"] == (2, False)


def test_a_value_that_looks_like_a_sign_is_offered_in_quotes() -> None:
    [odd] = [v for v in facet("industry").values if v.label == "?"]
    assert (odd.value, odd.count, odd.selected) == ('"?"', 1, False)
    again = facet("industry", odd.value)
    assert [(v.label, v.count) for v in again.values if v.selected] == [("?", 1)]
    assert again.held == (odd.value,)


@pytest.mark.parametrize(
    ("inputs", "chosen"),
    [
        (["2001..2009-06"], "2001-01-01..2009-06-30"),
        ([">=2001-05"], "2001-05-01.."),
        (["<=2001"], "..2001-12-31"),
        (["2004"], "2004-01-01..2004-12-31"),
        ([">2001"], ""),
        (["!2001..2002"], ""),
        (["2001", "2003"], ""),
        (["?"], ""),
        ([], ""),
    ],
)
def test_a_date_is_a_stretch_of_days_in_iso_text(inputs: list[str], chosen: str) -> None:
    made = facet("founded", *inputs)
    assert (made.control, made.low, made.high) == ("date", "2001-05-06", "2010-01-01")
    assert made.chosen == chosen
    assert made.held == (tuple(inputs) if chosen else ())


@pytest.mark.parametrize(
    ("inputs", "chosen"),
    [
        (["30..40"], "30..40"),
        (["1k.."], "1000.."),
        (["<=100,000"], "..100000"),
        (["0.0000001..0.5"], "0.0000001..0.5"),
        ([">50"], ""),
        (["30..40", "50.."], ""),
    ],
)
def test_a_range_is_written_in_plain_numbers(inputs: list[str], chosen: str) -> None:
    made = facet("staff", *inputs)
    assert (made.control, made.unit, made.low, made.high) == ("range", "people", 12.5, 90_000.0)
    assert made.chosen == chosen
    assert made.held == (tuple(inputs) if chosen else ())
    assert not chosen or ENTRIES["staff"].load().clauses([chosen])


def test_a_histogram_counts_everybody_whom_other_filters_leave_and_marks_what_is_picked() -> None:
    bars = facet("staff", "..20000").bars
    assert [(b.low, b.high, b.count, b.selected) for b in bars if b.count or b.low in (10_000, 20_000, 30_000)] == [
        (0, 10_000, 1, True),
        (10_000, 20_000, 0, True),
        (20_000, 30_000, 0, True),
        (30_000, 40_000, 0, False),
        (90_000, 90_000, 1, False),
    ]
    assert facet("industry").bars == ()


def test_the_bars_of_a_date_are_years_of_iso_days() -> None:
    bars = facet("founded").bars
    assert (bars[0].low, bars[0].count) == ("2001-01-01", 1)
    assert (bars[-1].low, bars[-1].high) == ("2010-01-01", "2010-01-01")
    assert sum(b.count for b in bars) == 3


def test_no_histogram_is_made_unless_asked_for() -> None:
    made = facets(
        QueryPlan(), {}, SHOWN, SCHEMA, cast("Collection", JudgedCollection()), FacetMemory(Spans(), LiveValues())
    )
    assert {f.bars for f in made} == {()}
    assert next(f for f in made if f.name == "staff").low == 12.5


def test_levels_and_days_have_no_facet_of_their_own() -> None:
    assert {"size_level", "founded_day", "crm_adopted_on_day"} <= set(SCHEMA.attributes)
    plan = QueryPlan()
    made = facets(plan, {}, SHOWN, SCHEMA, cast("Collection", JudgedCollection()), FacetMemory(Spans(), LiveValues()))
    assert not {f.name for f in made} & {"size_level", "founded_day", "crm_adopted_on_day"}
    assert not set(ENTRIES) & {"size_level", "founded_day", "crm_adopted_on_day"}
