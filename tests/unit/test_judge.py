"""The judge itself, against answers worked out by hand."""

import numpy as np
import pytest

from techfinder.judge import Judge
from techfinder.models import Profile
from techfinder.plan import AnyOf, Condition, Sort
from techfinder.schema import load_schema

PEOPLE = [
    Profile("a", {"age": 30, "tech_interest": "High", "preferred_platforms": ("TikTok", "Reddit")}),
    Profile("b", {"age": 40, "tech_interest": "Low", "preferred_platforms": ("TikTok",), "smartphone_uses": "no"}),
    Profile("c", {"tech_interest": "Very High", "smartphone_uses": "yes", "smartphone_product": "iPhone"}),
    Profile("d", {"age": 30}),
]


@pytest.fixture(scope="module")
def judge() -> Judge:
    vectors = np.array([[1, 0], [0, 1], [1, 0], [0.6, 0.8]], dtype=np.float32)
    return Judge(load_schema(), PEOPLE, vectors)


def where(**facts: object) -> Condition:
    return Condition.model_validate(facts)


@pytest.mark.parametrize(
    ("clause", "expected"),
    [
        (where(field="age", op="any_of", values=["30"]), "ad"),
        (where(field="age", op="none_of", values=["30"]), "bc"),
        (where(field="age", op="range", gt=30), "b"),
        (where(field="age", op="range", gte=30, lt=40), "ad"),
        (where(field="age", op="missing"), "c"),
        (where(field="age", op="present"), "abd"),
        (where(field="tech_interest", op="at_least", values=["High"]), "ac"),
        (where(field="tech_interest", op="at_most", values=["High"]), "ab"),
        (where(field="preferred_platforms", op="any_of", values=["Reddit", "TikTok"]), "ab"),
        (where(field="preferred_platforms", op="all_of", values=["Reddit", "TikTok"]), "a"),
        (where(field="preferred_platforms", op="none_of", values=["Reddit"]), "bcd"),
        (where(field="smartphone_uses", op="any_of", values=["no"]), "b"),
    ],
)
def test_each_comparison(judge: Judge, clause: Condition, expected: str) -> None:
    assert "".join(p.id for p in judge.matches([clause])) == expected
    assert judge.count([clause]) == len(expected)


@pytest.mark.parametrize(
    ("at_least", "negated", "expected"), [(1, False, "abcd"), (2, False, "ac"), (2, True, "bd"), (1, True, "")]
)
def test_groups(judge: Judge, at_least: int, negated: bool, expected: str) -> None:
    group = AnyOf(
        conditions=(
            where(field="age", op="any_of", values=["30"]),
            where(field="tech_interest", op="at_least", values=["High"]),
            where(field="smartphone_uses", op="present"),
        ),
        at_least=at_least,
        negated=negated,
    )
    assert "".join(p.id for p in judge.matches([group])) == expected


def test_clauses_are_joined_by_and(judge: Judge) -> None:
    both = [where(field="age", op="present"), where(field="tech_interest", op="present")]
    assert "".join(p.id for p in judge.matches(both)) == "ab"


def test_facets_count_the_filtered_set(judge: Judge) -> None:
    assert judge.facet("preferred_platforms") == {"TikTok": 2, "Reddit": 1}
    assert judge.facet("age") == {"min": 30.0, "max": 40.0}
    assert judge.facet("age", [where(field="age", op="missing")]) == {}


def test_sorting_keeps_ties_in_stored_order_and_missing_last(judge: Judge) -> None:
    assert "".join(p.id for p in judge.browse([], [Sort(field="age")])) == "adbc"
    assert "".join(p.id for p in judge.browse([], [Sort(field="age", descending=True)])) == "badc"


def test_scales_sort_by_their_levels(judge: Judge) -> None:
    assert "".join(p.id for p in judge.browse([], [Sort(field="tech_interest")])) == "bacd"


def test_ranking_breaks_ties_by_id(judge: Judge) -> None:
    ranked = judge.search(np.array([1, 0], dtype=np.float32), [], 3)
    assert [(p.id, s) for p, s in ranked] == [("a", 1.0), ("c", 1.0), ("d", pytest.approx(0.6))]


def test_whole_numbers_count_to_the_last_digit() -> None:
    people = [Profile(str(n), {"apple_loyalty": 2**53 + n}) for n in range(3)]
    judge = Judge(load_schema(), people)

    assert judge.count([where(field="apple_loyalty", op="any_of", values=[str(2**53 + 1)])]) == 1
    assert judge.count([where(field="apple_loyalty", op="range", gt=2**53)]) == 2
    assert judge.facet("apple_loyalty") == {"min": 2**53, "max": 2**53 + 2}


def test_scores_are_not_rounded(judge: Judge) -> None:
    scores = judge.scores(np.array([1, 0], dtype=np.float32))

    assert scores == {"a": 1.0, "b": 0.0, "c": 1.0, "d": float(np.float32(0.6))}
