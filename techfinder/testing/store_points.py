"""What a store must answer about points as they are. Part of the store contract."""

from __future__ import annotations

from collections.abc import Sequence
from uuid import UUID

import numpy as np
import pytest

from techfinder.errors import DimensionMismatch, QueryError
from techfinder.interfaces import Collection, Point
from techfinder.interfaces.points import (
    CountQuery,
    FacetQuery,
    FoundPoints,
    NearestQuery,
    OrderedQuery,
    PointsAnswer,
    RetrieveQuery,
    ScrollQuery,
)
from techfinder.store.points import point_id
from techfinder.testing.store_samples import DIM, vector_of

__all__ = ["PointsContract"]

ARTS = {"must": [{"key": "sector", "match": {"any": ["Arts"]}}]}


def names(answer: PointsAnswer) -> list[str]:
    """The profile ids of the points found."""
    assert isinstance(answer, FoundPoints)
    return [p.payload["_id"] for p in answer.points]


def age_of(point: Point) -> int:
    """The age, which it must have."""
    age = point.profile.values["age"]
    assert isinstance(age, int)
    return age


def by_id(points: Sequence[Point]) -> list[Point]:
    """The points by the ids that they have in a store."""
    return sorted(points, key=lambda p: point_id(p.profile.id).bytes)


class PointsContract:
    """Tests on ``people``, a collection of 60 points that is only read."""

    def test_nearest_points_are_those_that_a_search_finds(self, people: Collection) -> None:
        query = NearestQuery(vector_of(500), ARTS, 5, offset=2, vectors=True)
        (found,) = people.points([query])
        assert isinstance(found, FoundPoints)
        everybody = people.search(vector_of(500), (), 60)
        wanted = [h for h in everybody if h.profile.values.get("sector") == "Arts"][2:7]
        assert names(found) == [h.profile.id for h in wanted]
        assert [p.score for p in found.points] == pytest.approx([h.score for h in wanted], abs=1e-6)
        for point, hit in zip(found.points, wanted, strict=True):
            assert UUID(point.id) == point_id(hit.profile.id)
            assert point.vector is not None
            assert float(point.vector @ vector_of(500)) == pytest.approx(hit.score, abs=1e-6)
        (above,) = people.points([NearestQuery(vector_of(500), ARTS, 60, threshold=wanted[1].score - 1e-7)])
        assert len(names(above)) == 4

    def test_points_scroll_by_their_ids(self, people: Collection, points: list[Point]) -> None:
        wanted = [p.profile.id for p in by_id(points) if p.profile.values.get("sector") == "Arts"]
        seen: list[str] = []
        start: str | None = ""
        while start is not None:
            (page,) = people.points([ScrollQuery(ARTS, start, 3)])
            assert isinstance(page, FoundPoints)
            seen += names(page)
            start = page.following
        assert seen == wanted
        assert names(people.points([ScrollQuery({}, "", 5, offset=7)])[0]) == [
            p.profile.id for p in by_id(points)[7:12]
        ]

    def test_points_come_by_a_number_or_in_stored_order(self, people: Collection, points: list[Point]) -> None:
        aged = [p for p in points if "age" in p.profile.values]
        for descending in (False, True):
            sign = -1 if descending else 1
            wanted = sorted(aged, key=lambda p: (sign * age_of(p), p.ordinal))
            (found,) = people.points([OrderedQuery({}, "age", descending, 10, 4)])
            assert names(found) == [p.profile.id for p in wanted[4:14]]
            stored = sorted(points, key=lambda p: sign * p.ordinal)
            (found,) = people.points([OrderedQuery({}, "_ordinal", descending, 10, 55)])
            assert names(found) == [p.profile.id for p in stored[55:]]
        with pytest.raises(QueryError, match="is no number"):
            people.points([OrderedQuery({}, "sector", False, 1)])

    def test_points_are_counted_by_filter_and_value(self, people: Collection, points: list[Point]) -> None:
        some = [str(point_id(p.profile.id)) for p in points[:7]] + [str(UUID(int=9))]
        chosen = {"must": [{"has_id": some}], "must_not": [{"is_empty": {"key": "age"}}]}
        ages = [p.profile.values["age"] for p in points[:7] if "age" in p.profile.values]
        tags = [t for p in points for t in p.profile.values.get("tags", ())]  # type: ignore[union-attr]
        answers = people.points([CountQuery({}), CountQuery(chosen), FacetQuery(chosen, "age"), FacetQuery({}, "tags")])
        assert answers[:2] == [60, len(ages)]
        assert answers[2] == {a: ages.count(a) for a in ages}
        assert answers[3] == {t: tags.count(t) for t in tags}
        (near,) = people.points([NearestQuery(vector_of(1), chosen, 60)])
        assert len(names(near)) == len(ages)

    def test_points_are_retrieved_in_the_order_asked(self, people: Collection, points: list[Point]) -> None:
        asked = (points[9], points[2], points[9])
        (found,) = people.points(
            [RetrieveQuery((*(str(point_id(p.profile.id)) for p in asked), str(UUID(int=3))), True)]
        )
        assert isinstance(found, FoundPoints)
        assert names(found) == [p.profile.id for p in asked]
        assert np.allclose(found.points[1].vector, points[2].vector, atol=1e-7)  # type: ignore[arg-type]

    def test_a_vector_of_another_length_is_refused_here_too(self, people: Collection) -> None:
        with pytest.raises(DimensionMismatch, match=f"{DIM},"):
            people.points([NearestQuery(vector_of(1, 3), {}, 1)])

    def test_a_generation_has_a_name_of_its_own(self, people: Collection) -> None:
        info, place = people.info(), people.place()
        assert place.startswith(f"{info.collection}.{info.schema}.hash.")
        assert place.endswith(f"{info.number:04d}")
