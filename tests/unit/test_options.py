"""Filters made from options: any of those picked, none of those excluded, whatever clauses they stand for."""

from __future__ import annotations

from itertools import combinations, product

import pytest

from techfinder import AnyOf, Condition, FilterOption, OptionFilter, Profile, QueryError, Schema
from techfinder.judge import Judge

SCHEMA = Schema.model_validate(
    {"name": "test", "id": "id", "field": [{"name": n, "kind": "boolean", "label": n} for n in "abc"]}
)
PEOPLE = [
    Profile("".join(v or "-" for v in values), {k: v for k, v in zip("abc", values, strict=True) if v})
    for values in product(("yes", "no", ""), repeat=3)
]
JUDGE = Judge(SCHEMA, PEOPLE)


def yes(field: str) -> Condition:
    return Condition(field=field, op="any_of", values=("yes",))


def known(field: str) -> Condition:
    return Condition(field=field, op="present")


OPTIONS = (
    FilterOption("one", "Just a", (yes("a"),)),
    FilterOption("both", "a and b", (yes("a"), yes("b"))),
    FilterOption("either", "b or c", (AnyOf(conditions=(yes("b"), yes("c"))),)),
    FilterOption("two-of", "Two of them", (AnyOf(conditions=(yes("a"), yes("b"), yes("c")), at_least=2),)),
    FilterOption("none", "Neither b nor c", (AnyOf(conditions=(yes("b"), yes("c")), negated=True),)),
    FilterOption("mixed", "c, and a or b known", (yes("c"), AnyOf(conditions=(known("a"), known("b"))))),
    FilterOption(
        "few", "Not two of them", (AnyOf(conditions=(yes("a"), yes("b"), yes("c")), at_least=2, negated=True),)
    ),
)
FILTER = OptionFilter("pick", "Pick", OPTIONS)


def found(*values: str) -> set[str]:
    return {p.id for p in JUDGE.matches(SCHEMA.resolve(FILTER.clauses(values)))}


def fitting(option: FilterOption) -> set[str]:
    return {p.id for p in JUDGE.matches(SCHEMA.resolve(option.clauses))}


@pytest.mark.parametrize("picked", [c for n in (1, 2, 3, len(OPTIONS)) for c in combinations(OPTIONS, n)])
def test_several_options_find_whom_any_of_them_finds(picked: tuple[FilterOption, ...]) -> None:
    assert found(*(o.value for o in picked)) == set().union(*(fitting(o) for o in picked))


@pytest.mark.parametrize("option", [o for o in OPTIONS if o.value != "mixed"])
def test_an_excluded_option_finds_everyone_else(option: FilterOption) -> None:
    assert found(f"!{option.value}") == {p.id for p in PEOPLE} - fitting(option)


def test_picked_and_excluded_options_are_joined() -> None:
    assert found("either", "!one") == fitting(OPTIONS[2]) - fitting(OPTIONS[0])
    assert found("!one", "!either") == {p.id for p in PEOPLE} - fitting(OPTIONS[0]) - fitting(OPTIONS[2])


@pytest.mark.parametrize("value", ["both", "BOTH", " a and b ", "A and B"])
def test_options_go_by_value_or_label_in_any_case(value: str) -> None:
    assert FILTER.clauses([value]) == FILTER.clauses(["both"])


def test_clauses_carry_the_filters_name_and_the_options_label() -> None:
    made = [*FILTER.clauses(["both", "either"]), *FILTER.clauses(["!two-of"]), *FILTER.clauses(["one"])]
    assert {c.origin for c in made} == {"pick"}
    assert {c.words for c in made} == {"Pick: a and b or b or c", "Pick: not Two of them", "Pick: Just a"}
    assert {c.label for c in made if isinstance(c, AnyOf)} == {"Pick"}


def test_a_single_option_keeps_its_clauses_as_they_are() -> None:
    (clause,) = FILTER.clauses(["two-of"])
    assert isinstance(clause, AnyOf)
    assert (clause.at_least, clause.conditions) == (2, OPTIONS[3].clauses[0].conditions)  # type: ignore[union-attr]


def test_the_same_option_twice_counts_once() -> None:
    assert FILTER.clauses(["both", "both"]) == FILTER.clauses(["both"])


@pytest.mark.parametrize(
    ("values", "message"),
    [
        (["bot"], "Pick has no option 'bot'. Did you mean 'both'?"),
        (["!bot"], "Did you mean 'both'?"),
        ([">=one"], "Pick has no option '>=one'"),
        (["!mixed"], "'c, and a or b known' cannot be excluded"),
        ([], "was given no value"),
    ],
)
def test_what_is_not_understood_is_refused_with_a_way_out(values: list[str], message: str) -> None:
    with pytest.raises(QueryError) as caught:
        FILTER.clauses(values)
    assert message in str(caught.value)


def test_what_clauses_cannot_say_is_refused_and_not_guessed() -> None:
    young = Condition(field="a", op="range", lt=3)
    options = (FilterOption("x", "X", (AnyOf(conditions=(young, yes("b")), negated=True),)), OPTIONS[0])
    with pytest.raises(QueryError, match="cannot be picked together"):
        OptionFilter("pick", "Pick", options).clauses(["x", "one"])


def test_too_many_at_once_are_refused_instead_of_growing_without_end() -> None:
    def option(number: int) -> FilterOption:
        clauses = tuple(Condition(field=f, op="any_of", values=(f"{number}",)) for f in "abcd")
        return FilterOption(str(number), str(number), clauses)

    made = OptionFilter("pick", "Pick", [option(n) for n in range(8)])
    assert len(made.clauses(["1", "2", "3"])) == 64
    with pytest.raises(QueryError, match="Pick fewer"):
        made.clauses(["1", "2", "3", "4"])
    with pytest.raises(QueryError, match="Pick fewer"):
        made.clauses([str(n) for n in range(8)])
