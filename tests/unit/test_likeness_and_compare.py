"""The vector that likeness searches near, and what a comparison says of two values."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pytest
from numpy.typing import NDArray

from techfinder.compare import compare
from techfinder.errors import ProfileNotFound, QueryError
from techfinder.interfaces import Collection
from techfinder.likeness import NOT_LIKED_WEIGHT, run_likeness, target
from techfinder.models import GenerationInfo, Profile, Value
from techfinder.overviews import ComparedField
from techfinder.plan import Condition, QueryPlan, Sort
from techfinder.schema import load_schema

SCHEMA = load_schema()
LIVE = GenerationInfo("people", 1, 4, 2, "cosine", "e", "t", "s", "", "")


def dated(day: str) -> dict[str, Value]:
    return {"smartphone_adopted_on": day}


class FewPeople(Collection):
    """Four people whom a comparison may look up."""

    people = (
        Profile(
            "a",
            {"age": 30, "tech_interest": "Low", "interests": ("Gaming", "Music"), "smartphone_months": 3}
            | dated("2024-01-31"),
        ),
        Profile(
            "b",
            {"age": 42, "tech_interest": "Very High", "interests": ("Music", "Art"), "smartphone_months": 9}
            | dated("2024-03-02"),
        ),
        Profile("c", {"age": 30, "interests": ("Music", "Gaming")}),
        Profile("d", {}),
    )
    places = ((1.0, 0.0), (0.0, 2.0), (3.0, 3.0), (0.0, 0.0))

    def info(self) -> GenerationInfo:
        return LIVE

    def retrieve(self, ids: Sequence[str]) -> list[Profile]:
        return [p for i in ids for p in self.people if p.id == i]

    def vectors(self, ids: Sequence[str]) -> dict[str, np.ndarray]:
        known = {p.id: np.array(v, np.float32) for p, v in zip(self.people, self.places, strict=True)}
        return {i: known[i] for i in ids if i in known}


def fields(*ids: str) -> dict[str, ComparedField]:
    return {f.key: f for f in compare(ids, SCHEMA, FewPeople()).fields}


def test_the_target_is_the_mean_of_directions() -> None:
    found = target([np.array([5.0, 0.0]), np.array([0.0, 0.1])], [])
    assert found == pytest.approx([0.5**0.5, 0.5**0.5])
    assert found.dtype == np.float32


def test_those_not_liked_count_by_their_weight() -> None:
    liked, other = np.array([1.0, 0.0]), np.array([0.0, 7.0])
    expected = np.array([1.0, -NOT_LIKED_WEIGHT])
    assert target([liked], [other, other]) == pytest.approx(expected / np.linalg.norm(expected))


def test_opposites_that_cancel_out_are_refused() -> None:
    with pytest.raises(QueryError, match="cancel each other out"):
        target([np.array([1.0, 0.0]), np.array([-1.0, 0.0])], [])


def liking(plan: QueryPlan, like: list[str], not_like: list[str]) -> QueryPlan:
    return plan.model_copy(update={"like": tuple(like), "not_like": tuple(not_like)})


@pytest.mark.parametrize(
    ("like", "not_like", "plan", "message"),
    [
        ([], [], QueryPlan(), "Nobody is named"),
        ([str(i) for i in range(101)], [], QueryPlan(), "At most 100"),
        (["a"], ["b", "a"], QueryPlan(), "'a' cannot be liked and not liked"),
        (["a"], [], QueryPlan(meaning="gaming"), r"leave out `meaning`\.$"),
        (["a"], [], QueryPlan(sort=(Sort(field="age"),)), r"here: leave out `sort`\.$"),
        (["a"], [], QueryPlan(meaning="x", sort=(Sort(field="age"),)), "leave out `meaning` and `sort`"),
        (["a"], [], QueryPlan(conditions=(Condition(field="age", op="present", required=False),) * 9), "at most 8"),
        (["a"], [], QueryPlan(conditions=(Condition(field="agee", op="present"),)), "Did you mean 'age'"),
    ],
)
def test_what_likeness_refuses(like: list[str], not_like: list[str], plan: QueryPlan, message: str) -> None:
    with pytest.raises(QueryError, match=message):
        run_likeness(liking(plan, like, not_like), SCHEMA, FewPeople())


def test_unknown_people_are_named_in_the_order_asked() -> None:
    with pytest.raises(ProfileNotFound, match="'y', 'x'") as caught:
        run_likeness(liking(QueryPlan(), ["a", "y"], ["x"]), SCHEMA, FewPeople())
    assert caught.value.ids == ("y", "x")


def test_values_side_by_side_in_words() -> None:
    found = fields("b", "a", "d")
    assert list(found) == ["age", "tech_interest", "interests", "smartphone_months", "smartphone_adopted_on"]
    assert found["age"].texts == ("42 years", "30 years", None)
    assert found["smartphone_months"].texts == ("9 months", "3 months", None)
    assert found["interests"].common == ("Music",)


def test_what_agrees_and_what_differs() -> None:
    found = fields("a", "c")
    assert (found["age"].same, found["interests"].same, found["tech_interest"].same) == (True, True, None)
    assert fields("a", "b")["age"].same is False


def test_distances_on_scales_and_bounded_numbers() -> None:
    found = fields("a", "b")
    levels = len(SCHEMA.field("tech_interest").values)
    assert (found["tech_interest"].steps, found["tech_interest"].distance) == (3, 3 / (levels - 1))
    age = SCHEMA.field("age")
    assert age.min is not None
    assert age.max is not None
    assert found["age"].distance == pytest.approx(12 / (age.max - age.min))
    assert (found["age"].steps, found["smartphone_months"].distance, found["interests"].distance) == (None, None, None)
    assert fields("a", "c")["tech_interest"].distance is None


def apart(key: str, *values: Value) -> str:
    class Two(FewPeople):
        people = tuple(Profile(str(n), {key: value}) for n, value in enumerate(values))
        places = ((1.0, 0.0),) * len(values)

    (field,) = compare([str(n) for n in range(len(values))], SCHEMA, Two()).fields
    return field.apart


def test_how_far_apart_in_words() -> None:
    found = fields("a", "b")
    assert {k: f.apart for k, f in found.items()} == {
        "age": "12 years",
        "tech_interest": "3 levels",
        "interests": "",
        "smartphone_months": "6 months",
        "smartphone_adopted_on": "31 days",
    }
    assert apart("apple_loyalty", 3, 9) == "6"
    assert apart("smartphone_months", 3, 4) == "1 month"
    assert apart("age", 30, 31) == "1 year"
    assert fields("a", "c")["age"].apart == ""
    assert fields("a", "d")["age"].apart == ""


def test_similarity_is_that_of_directions() -> None:
    found = compare(["a", "b", "c", "d"], SCHEMA, FewPeople()).similarity
    assert found[0] == (1.0, 0.0, pytest.approx(0.5**0.5, abs=1e-6), 0.0)
    assert np.array(found) == pytest.approx(np.array(found).T)


@pytest.mark.parametrize("ids", [["a"], ["a", "a"], [str(i) for i in range(11)]])
def test_two_to_ten_different_people_are_compared(ids: list[str]) -> None:
    with pytest.raises(QueryError, match="2 to 10 different"):
        compare(ids, SCHEMA, FewPeople())


def test_people_who_do_not_exist_are_named() -> None:
    with pytest.raises(ProfileNotFound) as caught:
        compare(["x", "a", "y"], SCHEMA, FewPeople())
    assert caught.value.ids == ("x", "y")


def test_somebody_who_is_removed_between_values_and_vectors_does_not_exist() -> None:
    class Removing(FewPeople):
        def vectors(self, ids: Sequence[str]) -> dict[str, NDArray[np.float32]]:
            return super().vectors([i for i in ids if i != "b"])

    with pytest.raises(ProfileNotFound) as caught:
        compare(["a", "b"], SCHEMA, Removing())
    assert caught.value.ids == ("b",)
