"""Filters made from the schema: what each way of writing a value asks for, and whom it finds."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date

import pytest
from hypothesis import given
from hypothesis import strategies as st

from techfinder import AnyOf, Condition, Profile, QueryError, Schema
from techfinder.defaults import register_filters
from techfinder.filters import Asked, ChoiceFilter, RangeFilter, read_value
from techfinder.judge import Judge

SCHEMA = Schema.model_validate(
    {
        "name": "test",
        "id": "id",
        "field": [
            {"name": "level", "kind": "scale", "label": "Level", "values": ["Low", "Mid", "High", "Top"]},
            {
                "name": "job",
                "kind": "category",
                "label": "Job",
                "open": True,
                "values": [{"name": "Technology", "synonyms": ["tech", "IT"]}, "Arts", "30..40", "!Bang", "<3"],
            },
            {"name": "size", "kind": "category", "label": "Size", "values": ["Small", "Large"]},
            {"name": "likes", "kind": "tags", "label": "Likes", "open": True},
            {"name": "member", "kind": "boolean", "label": "Member"},
            {"name": "age", "kind": "integer", "label": "Age"},
            {"name": "income", "kind": "number", "label": "Income"},
            {"name": "joined", "kind": "date", "label": "Joined"},
            {"name": "home", "kind": "place", "label": "Home"},
            {"name": "phone", "kind": "adoption", "label": "Phones", "values": [{"name": "iPhone"}, {"name": "Pixel"}]},
        ],
    }
)


def day(text: str) -> int:
    return (date.fromisoformat(text) - date(1970, 1, 1)).days


PEOPLE = [
    Profile(
        "ann",
        {
            "level": "Low",
            "job": "Technology",
            "likes": ("Music", "Sports"),
            "member": "yes",
            "age": 25,
            "income": 50000.0,
            "joined": "2024-02-29",
            "joined_day": day("2024-02-29"),
            "home_state": "Texas",
            "phone_uses": "yes",
            "phone_product": "iPhone",
            "phone_months": 2,
        },
    ),
    Profile(
        "bob",
        {
            "level": "High",
            "job": "Arts",
            "likes": ("Sports",),
            "member": "no",
            "age": 30,
            "income": 99999.5,
            "joined": "2024-12-31",
            "joined_day": day("2024-12-31"),
            "home_state": "Ohio",
            "phone_uses": "no",
        },
    ),
    Profile(
        "cid", {"level": "Top", "job": "Fishing", "age": 40, "joined": "2025-01-01", "joined_day": day("2025-01-01")}
    ),
    Profile("dee", {}),
]
JUDGE = Judge(SCHEMA, PEOPLE)
ENTRIES = {e.name: e for e in register_filters(SCHEMA)}


def clauses(name: str, *values: str) -> tuple[Condition | AnyOf, ...]:
    return ENTRIES[name].load().clauses(values)


def found(name: str, *values: str) -> str:
    """The first letters of those who fulfil the clauses."""
    return "".join(p.id[0] for p in JUDGE.matches(SCHEMA.resolve(clauses(name, *values))))


@pytest.mark.parametrize(
    ("value", "asked"),
    [
        ("High", Asked("value", "High")),
        (" High ", Asked("value", "High")),
        ("!High", Asked("value", "High", negated=True)),
        ("! High", Asked("value", "High", negated=True)),
        (">=High", Asked("at_least", "High")),
        (">= High", Asked("at_least", "High")),
        ("<=Moderate", Asked("at_most", "Moderate")),
        (">50", Asked("above", "50")),
        ("<50", Asked("below", "50")),
        ("30..40", Asked("between", "30", "40")),
        ("30..", Asked("between", "30")),
        ("..40", Asked("between", "", "40")),
        ("-5..-1", Asked("between", "-5", "-1")),
        ("!30..40", Asked("between", "30", "40", negated=True)),
        ("?", Asked("missing")),
        ("*", Asked("present")),
        ("!?", Asked("missing", negated=True)),
        ('"?"', Asked("value", "?")),
        ('"30..40"', Asked("value", "30..40")),
        ('!"!High"', Asked("value", "!High", negated=True)),
        ("..", Asked("value", "..")),
    ],
)
def test_reading_a_value(value: str, asked: Asked) -> None:
    assert read_value(value) == asked


@pytest.mark.parametrize("value", ["", "  ", "!", ">=", "<", "!!High"])
def test_values_that_say_nothing_are_refused(value: str) -> None:
    with pytest.raises(QueryError, match=r"Write (one|a)"):
        read_value(value)


@pytest.mark.parametrize(
    ("name", "values", "who"),
    [
        ("level", ["High"], "b"),
        ("level", ["high", "LOW"], "ab"),
        ("level", ["!High"], "acd"),
        ("level", [">=High"], "bc"),
        ("level", ["<=Mid"], "a"),
        ("level", [">High"], "c"),
        ("level", ["<High"], "a"),
        ("level", ["Low..High"], "ab"),
        ("level", ["Mid.."], "bc"),
        ("level", ["..Mid"], "a"),
        ("level", ["?"], "d"),
        ("level", ["*"], "abc"),
        ("level", ["!?"], "abc"),
        ("level", ["!*"], "d"),
        ("level", ["?", "Top"], "cd"),
        ("level", ["!>=High"], "ad"),
        ("level", ["!Low..High"], "cd"),
        ("level", [">=Mid", "!Top"], "b"),
        ("level", ["!Low", "!Top"], "bd"),
        ("level", ["!Low", "!?"], "bc"),
        ("level", [">=High", "Low", "?"], "abcd"),
        ("job", ["tech"], "a"),
        ("job", ["it", "arts"], "ab"),
        ("job", ["Fishing"], "c"),
        ("job", ["fishing"], ""),
        ("job", ["!tech"], "bcd"),
        ("likes", ["Sports"], "ab"),
        ("likes", ["Music", "Sports"], "ab"),
        ("likes", ["!Music"], "bcd"),
        ("likes", ["Sports", "!Music"], "b"),
        ("likes_count", [">=2"], ""),
        ("member", ["yes"], "a"),
        ("member", ["FALSE"], "b"),
        ("member", ["!yes"], "bcd"),
        ("age", ["30"], "b"),
        ("age", ["25..30"], "ab"),
        ("age", ["30.."], "bc"),
        ("age", ["..29.5"], "a"),
        ("age", [">30"], "c"),
        ("age", ["<30"], "a"),
        ("age", [">=30"], "bc"),
        ("age", ["<=30"], "ab"),
        ("age", ["25", "40"], "ac"),
        ("age", ["!30"], "acd"),
        ("age", ["!25..30"], "cd"),
        ("age", ["?"], "d"),
        ("age", ["*"], "abc"),
        ("age", ["<30", "?"], "ad"),
        ("age", [">=25", "!30"], "ac"),
        ("income", ["50k"], "a"),
        ("income", ["50K..100k"], "ab"),
        ("income", [">50,000"], "b"),
        ("joined", ["2024-02-29"], "a"),
        ("joined", ["2024"], "ab"),
        ("joined", ["2024-12"], "b"),
        ("joined", ["2024-02..2024-12"], "ab"),
        ("joined", [">2024"], "c"),
        ("joined", [">=2024-12"], "bc"),
        ("joined", ["<2024-12-31"], "a"),
        ("joined", ["<=2024-02"], "a"),
        ("joined", ["..2024"], "ab"),
        ("joined", ["?"], "d"),
        ("joined", ["!2024"], "cd"),
        ("home_state", ["Texas", "Ohio"], "ab"),
        ("phone_uses", ["yes"], "a"),
        ("phone_uses", ["no"], "b"),
        ("phone_uses", ["?"], "cd"),
        ("phone_product", ["iphone"], "a"),
        ("phone_product", ["Nokia"], ""),
        ("phone_months", ["<=3"], "a"),
        ("phone_adopted_on", ["2024"], ""),
    ],
)
def test_whom_a_filter_finds(name: str, values: list[str], who: str) -> None:
    assert found(name, *values) == who


@pytest.mark.parametrize(
    ("name", "value", "message"),
    [
        ("level", "Hihg", "Level has no value 'Hihg'. Did you mean 'High'?"),
        ("level", "hgih", "Level has no value 'hgih'. Did you mean 'High'?"),
        ("size", "Huge", "Known: 'Large', 'Small'."),
        ("size", ">=Small", "Size has no order"),
        ("level", "High..Low", "No level of Level is from High to Low. From low to high they are: Low, Mid"),
        ("level", ">Top", "No level of Level is above Top"),
        ("level", "<Low", "No level of Level is below Low"),
        ("member", "maybe", "Known: 'no', 'yes'."),
        ("phone_uses", "sometimes", "Known: 'no', 'yes'."),
        ("age", "old", "'old' is not a number, and Age is one"),
        ("age", "nan", "not a number"),
        ("age", "1e3", "not a number"),
        ("age", "9" * 400, "not a number"),
        ("age", "40..30", "ends before it starts. Write 30..40."),
        ("joined", "2024-02-30", "is not a date, and Joined is one. Write 2026-01-31"),
        ("joined", "2024-00", "is not a date"),
        ("joined", "2024-13", "is not a date"),
        ("joined", "0000", "is not a date"),
        ("joined", "yesterday", "is not a date"),
        ("joined", "2025..2024", "ends before it starts"),
        ("job", "", "names no value"),
    ],
)
def test_what_is_not_understood_is_refused_with_a_way_out(name: str, value: str, message: str) -> None:
    with pytest.raises(QueryError) as caught:
        clauses(name, value)
    assert message in str(caught.value)


@pytest.mark.parametrize("name", ["level", "age"])
def test_a_filter_needs_a_value(name: str) -> None:
    with pytest.raises(QueryError, match=f"'{name}' was given no value"):
        clauses(name)


@pytest.mark.parametrize("value", ["30..40", "!Bang", "<3"])
def test_values_of_the_schema_that_look_like_signs_are_values(value: str) -> None:
    (condition,) = clauses("job", value)
    assert condition == Condition(field="job", op="any_of", values=(value,), words=f"Job is {value}", origin="job")
    (negated,) = clauses("job", f"!{value}")
    assert isinstance(negated, Condition)
    assert (negated.op, negated.values) == ("none_of", (value,))


def test_dots_in_what_has_no_order_are_text() -> None:
    assert clauses("likes", "a..b")[0].model_dump()["values"] == ("a..b",)
    assert clauses("likes", "!a..b")[0].model_dump()["values"] == ("a..b",)


@pytest.mark.parametrize(
    ("name", "values", "words"),
    [
        ("level", ["high"], ["Level is High"]),
        ("level", ["High", "Low", "Top"], ["Level is High, Low or Top"]),
        ("level", [">=mid"], ["Level at least Mid"]),
        ("level", [">=mid", "!top"], ["Level at least Mid", "Level is not Top"]),
        ("level", ["?", "Low"], ["Level is Low or Level not known"]),
        ("level", ["!>=High"], ["not: Level at least High"]),
        ("age", ["30..40"], ["Age from 30 to 40"]),
        ("age", ["..40"], ["Age to 40"]),
        ("age", [">50", "<20"], ["Age over 50 or Age under 20"]),
        ("joined", [">=2024"], ["Joined from 2024"]),
        ("joined", ["<2024"], ["Joined before 2024"]),
        ("phone_months", ["<=3"], ["Phones: months after release up to 3"]),
        ("age", ["?"], ["Age not known"]),
    ],
)
def test_clauses_say_in_words_what_they_ask_and_where_they_come_from(
    name: str, values: list[str], words: list[str]
) -> None:
    made = clauses(name, *values)
    assert [c.words for c in made] == words
    assert {c.origin for c in made} == {name}
    assert all(c.required for c in made)


def test_doubles_count_once() -> None:
    assert clauses("level", "high", "High", "HIGH") == clauses("level", "High")
    assert clauses("age", "30..40", "30..40") == clauses("age", "30..40")


def test_filters_of_attributes_leave_their_options_to_the_facet() -> None:
    made = [ENTRIES["level"].load(), ENTRIES["age"].load()]
    assert [type(m) for m in made] == [ChoiceFilter, RangeFilter]
    assert [m.options() for m in made] == [(), ()]


TEXTS = st.one_of(
    st.text(max_size=12),
    st.sampled_from(["High", "Low..Top", ">=Mid", "!Low", "?", "*", "2024", "30..40", ">1", "100k", "yes", "..", "!?"]),
)


@given(name=st.sampled_from(sorted(ENTRIES)), values=st.lists(TEXTS, min_size=1, max_size=4))
def test_any_text_is_either_understood_by_the_schema_or_refused(name: str, values: Sequence[str]) -> None:
    try:
        made = clauses(name, *values)
    except QueryError:
        return  # nothing else may be raised
    assert {c.origin for c in made} == {name}
    assert JUDGE.count(SCHEMA.resolve(made)) in range(len(PEOPLE) + 1)


@given(values=st.lists(st.sampled_from(["Low", ">=High", "<Mid", "?", "Mid..High"]), min_size=1, max_size=4))
def test_a_value_and_its_opposite_divide_everyone(values: list[str]) -> None:
    wanted, unwanted = found("level", *values), found("level", *(f"!{v}" for v in values))
    assert sorted(wanted + unwanted) == ["a", "b", "c", "d"]
