"""Counts with one thing left out, against the judge."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from techfinder import Condition, FacetRequest, Profile, QueryPlan, load_schema
from techfinder.judge import Judge
from techfinder.relaxing import relaxations, values_instead

SCHEMA = load_schema()
PEOPLE = [
    Profile(f"P{n}", {"age": 20 + n, "gender": ("Female", "Male")[n % 2], "tech_interest": ("Low", "High")[n % 2]})
    for n in range(10)
]


class Judged:
    """Counts options, once."""

    calls = 0

    def facets(self, requests: Sequence[FacetRequest]) -> dict[str, Mapping[str, int | float]]:
        self.calls += 1
        judge = Judge(SCHEMA, PEOPLE)
        counted = {r.name: {o: judge.count([*r.where, *c]) for o, c in (r.options or {}).items()} for r in requests}
        return {name: {o: n for o, n in counts.items() if n} for name, counts in counted.items()}

    def retrieve(self, ids: Sequence[str]) -> list[Profile]:
        return [p for p in PEOPLE if p.id in ids]


def test_each_thing_is_left_out_once_and_a_filter_as_a_whole() -> None:
    young = Condition(field="age", op="range", lt=22)
    women = Condition(field="gender", op="any_of", values=("Female",), origin="gender")
    not_men = Condition(field="gender", op="none_of", values=("Male",), origin="gender")
    keen = Condition(field="tech_interest", op="at_least", values=("High",))
    wish = Condition(field="age", op="range", gt=100, required=False)
    collection = Judged()
    made = relaxations(QueryPlan(conditions=(young, women, not_men, keen, wish)), SCHEMA, collection)  # type: ignore[arg-type]
    assert [(r.clauses, r.count, r.alone) for r in made] == [
        ((keen,), 1, 5),
        ((women, not_men), 1, 5),
        ((young,), 0, 2),
    ]
    assert collection.calls == 1


def test_who_requires_nothing_has_nothing_to_leave_out() -> None:
    assert relaxations(QueryPlan(), SCHEMA, Judged()) == ()  # type: ignore[arg-type]


def test_whom_to_be_like_is_not_found_by_leaving_something_out() -> None:
    young = Condition(field="age", op="range", lt=22)  # P0 and P1
    keen = Condition(field="tech_interest", op="at_least", values=("High",))  # the odd ones
    plan = QueryPlan(conditions=(young, keen), like=("P1", "P1"), not_like=("P3",))
    made = relaxations(plan, SCHEMA, Judged())  # type: ignore[arg-type]
    assert [(r.clauses, r.count, r.alone) for r in made] == [((young,), 3, 2), ((keen,), 1, 5)]


class Values(Judged):
    """Counts values."""

    def facets(self, requests: Sequence[FacetRequest]) -> dict[str, Mapping[str, int | float]]:
        self.calls += 1
        judge = Judge(SCHEMA, PEOPLE)
        return {r.name: judge.facet(r.field, r.where) for r in requests}


def test_values_are_counted_as_if_they_were_asked_for_instead() -> None:
    young = Condition(field="age", op="range", lt=23)  # P0, P1, P2
    women = Condition(field="gender", op="any_of", values=("Female",))
    keen = Condition(field="tech_interest", op="any_of", values=("High",))
    wish = Condition(field="gender", op="any_of", values=("Male",), required=False)
    plan = QueryPlan(conditions=(young, women, keen, wish), like=("P0",))
    collection = Values()
    found = values_instead(plan, [(women,), (keen,)], SCHEMA, collection)  # type: ignore[arg-type]
    assert found == ({"Male": 1}, {"Low": 1})  # P1 among the keen, P2 among the women: P0 is not found
    assert collection.calls == 1
    assert values_instead(plan, [], SCHEMA, collection) == ()  # type: ignore[arg-type]
