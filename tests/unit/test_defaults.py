"""The core's own filters, gauges and reading of questions, made from any schema."""

from __future__ import annotations

import ast
import re
from collections.abc import Mapping
from pathlib import Path
from types import SimpleNamespace

import pytest

from techfinder import Gauge, Hit, Profile, QueryPlan, Schema, Value, defaults, load_schema
from techfinder.defaults import parse_query, register_filters, register_gauges

PEOPLE = load_schema()
PARSER = [
    *(f"parser/{p.name}" for p in sorted((Path(defaults.__file__).parent / "parser").iterdir()) if p.is_file()),
    "lexicons.py",
    "understanding.py",
    "preferences.py",
    "search.py",
]
FILTERS = {e.name: e for e in register_filters(PEOPLE)}


def schema(*fields: Mapping[str, object], subject: tuple[str, str] = ("person", "people")) -> Schema:
    return Schema.model_validate({"name": "test", "id": "id", "subject": subject, "field": list(fields)})


def measured(made: Schema, **values: Value) -> list[Gauge | None]:
    return [e.measure(Hit(Profile("1", values), 0.0, ())) for e in register_gauges(made)]


def test_every_attribute_that_can_be_asked_for_has_a_filter() -> None:
    asked = {a.key for a in PEOPLE.attributes.values() if not a.derived or a.part == "count"}
    assert set(FILTERS) == asked
    assert len(FILTERS) == len(register_filters(PEOPLE))


@pytest.mark.parametrize(
    ("field", "controls"),
    [
        ({"kind": "category"}, {"x": "choice"}),
        ({"kind": "scale", "values": ["a", "b"]}, {"x": "choice"}),
        ({"kind": "boolean"}, {"x": "choice"}),
        ({"kind": "tags"}, {"x": "choice", "x_count": "range"}),
        ({"kind": "integer", "min": 1, "buckets": [1, 2]}, {"x": "range"}),
        ({"kind": "number"}, {"x": "range"}),
        ({"kind": "date"}, {"x": "range"}),
        ({"kind": "place"}, {"x": "choice", "x_city": "choice", "x_state": "choice"}),
        ({"kind": "text"}, {"x": "choice", "x_words": "choice"}),
        (
            {"kind": "adoption"},
            {"x_uses": "choice", "x_product": "choice", "x_months": "range", "x_adopted_on": "range"},
        ),
    ],
)
def test_the_kind_of_a_field_decides_the_control(field: dict[str, object], controls: dict[str, str]) -> None:
    made = schema({"name": "x", "label": "X", **field})
    assert {e.name: e.control for e in register_filters(made)} == controls


def test_what_is_nearly_unique_or_a_detail_is_not_counted_in_the_panel() -> None:
    hidden = {n for n, e in FILTERS.items() if not e.facet}
    assert {"location", "preferred_platforms_count", "smartphone_adopted_on"} <= hidden
    assert not hidden & {"location_state", "age", "smartphone_uses", "smartphone_product", "smartphone_months"}
    made = schema(
        {"name": "note", "kind": "text", "label": "Note"}, {"name": "x", "kind": "tags", "label": "X", "facet": False}
    )
    assert [e.name for e in register_filters(made) if e.facet] == []


def test_dates_are_counted_by_their_day() -> None:
    made = schema({"name": "joined", "kind": "date", "label": "Joined"})
    assert [(e.name, e.field) for e in register_filters(made)] == [("joined", "joined_day")]


def test_sections_come_from_the_schema_and_stay_together() -> None:
    made = schema(
        {"name": "phone", "kind": "adoption", "label": "Phones"},
        {"name": "age", "kind": "integer", "label": "Age"},
        {"name": "mood", "kind": "category", "label": "Mood", "group": "Extras"},
        {"name": "city", "kind": "category", "label": "City"},
        subject=("company", "companies"),
    )
    entries = sorted(register_filters(made), key=lambda e: e.rank)
    groups = [e.group for e in entries]
    assert groups == ["Phones"] * 4 + ["Company"] * 2 + ["Extras"]
    assert [e.label for e in entries] == [
        "Uses",
        "Product",
        "Months after release",
        "Adopted on",
        "Age",
        "City",
        "Mood",
    ]


def test_the_sections_of_the_people_we_ship() -> None:
    groups = list(dict.fromkeys(e.group for e in sorted(FILTERS.values(), key=lambda e: e.rank)))
    assert groups == [
        "Person",
        "Technology",
        "Shopping",
        "Smartphones",
        "Laptops",
        "Smart home",
        "Wearables",
        "VR/AR",
        "Loyalty",
    ]


@pytest.mark.parametrize("name", sorted(FILTERS))
def test_the_examples_in_a_summary_are_understood(name: str) -> None:
    entry = FILTERS[name]
    examples = re.sub(r" \([^)]*\)", "", entry.summary.rpartition(": ")[2]).rstrip(".").replace(" or ", ", ")
    values = [v.strip() for v in examples.split(", ")]
    assert len(values) >= 3
    for value in values:
        assert entry.load().clauses([value])


def test_a_scale_is_measured_by_its_level() -> None:
    made = schema({"name": "x", "label": "X", "kind": "scale", "gauge": True, "values": ["A", "B", "C", "D", "E"]})
    assert measured(made, x="D") == [Gauge("x", "X", 0.75, "D (4 of 5)")]
    assert measured(made, x="A") == [Gauge("x", "X", 0.0, "A (1 of 5)")]
    assert measured(made, x="E") == [Gauge("x", "X", 1.0, "E (5 of 5)")]
    assert measured(made) == [None]
    assert measured(made, x="Z") == [None]


@pytest.mark.parametrize(
    ("value", "share", "text"), [(0, 0.0, "0 of 10"), (7, 0.7, "7 of 10"), (10, 1.0, "10 of 10"), (12, 1.0, "12 of 10")]
)
def test_a_bounded_number_is_measured_by_its_share_of_the_way(value: int, share: float, text: str) -> None:
    field = {"name": "x", "label": "X", "kind": "integer", "gauge": True, "min": 0, "max": 10, "unit": "of 10"}
    (gauge,) = measured(schema(field), x=value)
    assert gauge is not None
    assert gauge.value == pytest.approx(share)
    assert gauge.text == text


def test_large_numbers_read_easily() -> None:
    field = {"name": "x", "label": "X", "kind": "number", "gauge": True, "min": 50_000, "max": 150_000, "unit": "USD"}
    assert measured(schema(field), x=100_000.0) == [Gauge("x", "X", 0.5, "100,000 USD")]


@pytest.mark.parametrize(
    "field",
    [
        {"kind": "integer", "min": 0},
        {"kind": "integer", "max": 5},
        {"kind": "integer", "min": 5, "max": 5},
        {"kind": "category"},
        {"kind": "tags"},
    ],
)
def test_what_has_no_two_ends_has_no_gauge(field: dict[str, object]) -> None:
    assert register_gauges(schema({"name": "x", "label": "X", "gauge": True, **field})) == []


def test_only_fields_that_ask_for_it_have_a_gauge() -> None:
    names = ["tech_interest", "budget_category", "technical_proficiency", "loyalty"]
    assert [e.name for e in register_gauges(PEOPLE)] == names


def test_loyalty_is_a_gauge_of_the_brand_that_somebody_is_most_loyal_to() -> None:
    [entry] = [e for e in register_gauges(PEOPLE) if e.name == "loyalty"]
    made = entry.measure(Hit(Profile("1", {"apple_loyalty": 4, "samsung_loyalty": 8}), 1.0, ()))
    assert made is not None
    assert (made.label, made.value, made.text) == ("Loyalty", 0.8, "Samsung (8 of 10)")
    assert entry.measure(Hit(Profile("2", {"age": 30}), 1.0, ())) is None


def test_a_question_is_read_by_the_parser() -> None:
    plan = QueryPlan(text="early adopters")
    assert parse_query("early adopters", SimpleNamespace(understand=lambda text, as_typed: plan), ()) is plan


def without_docstrings(code: str) -> str:
    """The code without what stands in it by itself for readers: examples may name fields."""
    tree = ast.parse(code)
    for node in ast.walk(tree):
        body = getattr(node, "body", None)
        if isinstance(body, list):
            kept = [n for n in body if not (isinstance(n, ast.Expr) and isinstance(n.value, ast.Constant))]
            node.body = kept or [ast.Pass()]  # type: ignore[attr-defined]
    return ast.unparse(tree)


@pytest.mark.parametrize("module", ["defaults.py", "filters.py", "options.py", *PARSER])
def test_the_core_names_nothing_of_the_people_we_ship(module: str) -> None:
    path = Path(defaults.__file__).parent / module
    text = path.read_text(encoding="utf-8")
    text = without_docstrings(text) if path.suffix == ".py" else text
    words = {w for f in PEOPLE.fields for w in (f.name, *(v.name for v in f.values if len(v.name) > 5))}
    # Too common to mean a field: they stand in examples and in English.
    assert {w for w in words if re.search(rf"\b{re.escape(w)}\b", text)} <= {"Moderate", "age", "location"}
