"""What reading a store must answer: search, filters, order, facets. Part of the store contract."""

from __future__ import annotations

import threading
from collections.abc import Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from dataclasses import replace
from itertools import count
from typing import Any

import numpy as np
import pytest

from techfinder.errors import DimensionMismatch, QueryError, StoreError, StoreUnavailable
from techfinder.interfaces import Collection, FacetRequest, Point, Store, ValueWeights
from techfinder.models import GenerationInfo
from techfinder.plan import AnyOf, Condition, Sort
from techfinder.testing.store_samples import (
    ATTRIBUTES,
    DIM,
    any_of,
    build,
    counts,
    eventually,
    holds,
    ids,
    make_point,
    make_points,
    make_spec,
    vector_of,
    words,
)

__all__ = ["ReadingContract"]

_names = count(1)


WEIGHTS = (
    ValueWeights("sector", {"Arts": 1.25, "Legal": -0.5, "nothing": 9.0}),
    ValueWeights("tags", {"Mail": 0.1, "TikTok": 0.7, "Reddit": -0.3}),
    ValueWeights("age", {"0": -1.0, "1": 0.4, "2": 2.0}, (10.0, 25.0, 40.0)),
    ValueWeights("income", {"1": 0.125}, (100.0, 300.0)),
)


def weighed(values: Mapping[str, Any]) -> float:
    """What :data:`WEIGHTS` make of somebody, in plain Python."""
    score = 0.0
    for part in WEIGHTS:
        value = values.get(part.field, ())
        if part.starts:
            names = [str(sum(start <= value for start in part.starts) - 1)] if value != () else []
        else:
            names = list(value) if isinstance(value, tuple) else [value]
        score += sum(part.weights.get(name, 0.0) for name in names)
    return round(score, 6)


class ReadingContract:
    """Tests on ``people``, a collection of 60 points that is only read; the subclass brings the fixture ``store``."""

    @pytest.fixture
    def name(self) -> str:
        """The name of a collection that no other test uses."""
        return f"c{next(_names)}"

    @pytest.fixture(scope="class")
    @classmethod
    def points(cls) -> list[Point]:
        """What ``people`` holds."""
        return make_points(60)

    @pytest.fixture(scope="class")
    @classmethod
    def people(cls, store: Store, points: list[Point]) -> Iterator[Collection]:
        """A collection that is only read."""
        build(store, make_spec("people"), points)
        with closing(store.open("people")) as collection:
            yield collection

    # --- searching -----------------------------------------------------------------------------

    @pytest.mark.parametrize("exact", [True, False])
    @pytest.mark.parametrize(
        "where",
        [(), (Condition(field="sector", op="any_of", values=("Arts", "Legal")),)],
        ids=["all", "filtered"],
    )
    def test_search_ranks_like_brute_force(
        self, people: Collection, points: list[Point], where: Any, exact: bool
    ) -> None:
        query = vector_of(1000)
        kept = [p for p in points if not where or p.profile.values.get("sector") in ("Arts", "Legal")]
        scored = sorted((-round(float(p.vector @ query), 5), p.profile.id) for p in kept if p.vector is not None)
        found = people.search(query, where, 25, exact=exact)
        assert [h.profile.id for h in found] == [i for _, i in scored][:25]
        assert [-h.score for h in found] == pytest.approx([s for s, _ in scored][:25], abs=2e-5)

    def test_pages_follow_each_other(self, people: Collection) -> None:
        query = vector_of(7)
        whole = people.search(query, [], 60)
        pages = [h for offset in range(0, 70, 7) for h in people.search(query, [], 7, offset)]
        assert pages == whole
        assert len(whole) == 60
        assert [h.profile for h in whole[40:43]] == people.retrieve([h.profile.id for h in whole[40:43]])
        assert people.search(query, [], 5, offset=60) == []

    def test_ties_come_in_order_of_id(self, store: Store, name: str) -> None:
        same = [replace(make_point(n), vector=vector_of(0)) for n in range(150)]
        build(store, make_spec(name), [*same, make_point(900)])
        expected = sorted(p.profile.id for p in same)
        with closing(store.open(name)) as collection:
            for limit, offset in ((10, 0), (10, 5), (140, 0), (3, 147)):
                found = collection.search(vector_of(0), [], limit, offset)
                assert [h.profile.id for h in found] == expected[offset : offset + limit]

    def test_cosine_does_not_look_at_length(self, store: Store, name: str) -> None:
        points = [replace(make_point(n), vector=vector_of(n) * (n + 1) * 10) for n in range(5)]
        build(store, make_spec(name), points)
        with closing(store.open(name)) as collection:
            best = collection.search(vector_of(3) * 7, [], 1)[0]
            assert best.profile.id == "p3"
            assert best.score == pytest.approx(1.0, abs=1e-6)

    def test_dot_looks_at_length(self, store: Store, name: str) -> None:
        points = [replace(make_point(n), vector=vector_of(1) * (n + 1)) for n in range(5)]
        build(store, make_spec(name, similarity="dot"), points)
        with closing(store.open(name)) as collection:
            found = collection.search(vector_of(1) * 2, [], 5)
            assert [h.profile.id for h in found] == ["p4", "p3", "p2", "p1", "p0"]
            assert [h.score for h in found] == pytest.approx([10, 8, 6, 4, 2], rel=1e-5)

    def test_a_query_of_another_length_is_refused(self, people: Collection) -> None:
        with pytest.raises(DimensionMismatch, match="8"):
            people.search(np.ones(9, dtype=np.float32), [], 5)
        with pytest.raises(StoreError, match="NaN"):
            people.search(np.full(DIM, np.nan, dtype=np.float32), [], 5)
        assert len(people.search(vector_of(1), [], 5)) == 5

    def test_retrieve_keeps_the_order_asked(self, people: Collection, points: list[Point]) -> None:
        wanted = ["p7", "nobody", "p3", "p7", "p0"]
        assert people.retrieve(wanted) == [points[n].profile for n in (7, 3, 7, 0)]
        assert people.retrieve([]) == []

    def test_vectors_are_those_of_the_profiles_that_exist(self, people: Collection, points: list[Point]) -> None:
        found = people.vectors(["p7", "nobody", "p3", "p7"])
        assert sorted(found) == ["p3", "p7"]
        for name, vector in found.items():
            assert vector.dtype == np.float32
            assert vector.shape == (DIM,)
            stored = points[int(name[1:])].vector
            assert stored is not None
            assert vector == pytest.approx(stored / np.linalg.norm(stored), abs=1e-6)
        assert people.vectors([]) == {}

    # --- filters, order, facets ------------------------------------------------------------------

    @pytest.mark.parametrize(
        "clause",
        [
            Condition(field="sector", op="any_of", values=("Arts", "nothing")),
            Condition(field="sector", op="none_of", values=("Arts", "Legal")),
            Condition(field="tags", op="any_of", values=("Reddit", "Mail")),
            Condition(field="tags", op="none_of", values=("Reddit",)),
            Condition(field="tags", op="all_of", values=("TikTok", "Mail")),
            Condition(field="age", op="any_of", values=("20", "21.0", "22.5")),
            Condition(field="age", op="any_of", values=("22.5",)),
            Condition(field="age", op="none_of", values=("22.5", "1e30")),
            Condition(field="age", op="range", gt=20.5, lt=30.5),
            Condition(field="age", op="range", gte=20, lte=20),
            Condition(field="age", op="range", gt=20, lt=21),
            Condition(field="age", op="range", gte=-1e30, lte=1e30),
            Condition(field="age", op="range", gte=1e30),
            Condition(field="income", op="any_of", values=("12.5", "25")),
            Condition(field="income", op="none_of", values=("12.5",)),
            Condition(field="income", op="range", gte=25, lt=500),
            Condition(field="income", op="range", lte=1e300),
            Condition(field="income", op="range", gt=1e300),
            Condition(field="sector", op="missing"),
            Condition(field="tags", op="present"),
            Condition(field="age", op="missing"),
            Condition(field="income", op="present"),
            AnyOf(conditions=(Condition(field="sector", op="missing"), Condition(field="age", op="missing"))),
            AnyOf(
                conditions=tuple(Condition(field=f, op="present") for f in ("sector", "tags", "age", "income")),
                at_least=3,
            ),
            AnyOf(conditions=(Condition(field="sector", op="none_of", values=("Arts",)),), negated=True),
            AnyOf(conditions=(Condition(field="sector", op="present"),), at_least=2),
            AnyOf(conditions=(Condition(field="sector", op="present"),), at_least=2, negated=True),
        ],
        ids=words,
    )
    def test_clauses_mean_the_same_everywhere(self, people: Collection, points: list[Point], clause: Any) -> None:
        expected = [p.profile for p in points if holds(clause, p.profile.values)]
        assert people.browse([clause], [], 1000) == expected
        assert people.count([clause]) == len(expected)
        found = people.search(vector_of(1), [clause], 1000)
        assert sorted(h.profile.id for h in found) == sorted(ids(expected))

    def test_clauses_are_joined_by_and(self, people: Collection, points: list[Point]) -> None:
        clauses = [
            Condition(field="sector", op="none_of", values=("Arts",)),
            Condition(field="tags", op="none_of", values=("Mail",)),
            Condition(field="age", op="present"),
        ]
        expected = [p.profile for p in points if all(holds(c, p.profile.values) for c in clauses)]
        assert people.browse(clauses, [], 1000) == expected
        assert 0 < len(expected) < len(points)

    def test_what_cannot_be_asked_is_refused(self, people: Collection) -> None:
        with pytest.raises(QueryError, match="sectr"):
            people.count([any_of("sectr", "Arts")])
        with pytest.raises(QueryError, match="sector"):
            people.count([Condition(field="sector", op="range", gte=1)])
        with pytest.raises(QueryError, match="at_least"):
            people.count([Condition(field="sector", op="at_least", values=("Arts",))])
        with pytest.raises(QueryError, match="sectr"):
            people.browse([], [Sort(field="sectr")], 5)
        with pytest.raises(QueryError, match="sectr"):
            people.facets([FacetRequest("a", (), "sectr")])

    @pytest.mark.parametrize("descending", [False, True])
    @pytest.mark.parametrize("field", list(ATTRIBUTES))
    def test_sorting_puts_missing_last_and_keeps_ties(
        self, people: Collection, points: list[Point], field: str, descending: bool
    ) -> None:
        profiles = [p.profile for p in points]
        have = [p for p in profiles if field in p.values]
        have.sort(key=lambda p: p.values[field], reverse=descending)
        expected = have + [p for p in profiles if field not in p.values]
        assert people.browse([], [Sort(field=field, descending=descending)], 1000) == expected
        assert people.browse([], [Sort(field=field, descending=descending)], 9, 13) == expected[13:22]

    def test_second_sort_key_orders_ties_of_the_first(self, people: Collection) -> None:
        where = [Condition(field=f, op="present") for f in ("sector", "income")]
        found = people.browse(where, [Sort(field="sector"), Sort(field="income", descending=True)], 1000)
        keys = [(p.values["sector"], -float(str(p.values["income"]))) for p in found]
        assert keys == sorted(keys)
        assert len(keys) > 20

    def test_facets_count_exactly(self, people: Collection, points: list[Point]) -> None:
        where = (Condition(field="age", op="range", gte=20, lte=40),)
        kept = [p.profile.values for p in points if holds(where[0], p.profile.values)]
        options = {
            "young": (Condition(field="age", op="range", lt=30),),
            "nobody": (Condition(field="age", op="range", lt=3),),
            "arts and young": (any_of("sector", "Arts"), Condition(field="age", op="range", lt=30)),
        }
        found = people.facets(
            [
                FacetRequest("sector", where, "sector"),
                FacetRequest("tags", where, "tags"),
                FacetRequest("age", where, "age"),
                FacetRequest("income", (), "income"),
                FacetRequest("group", where, options=options),
            ]
        )
        assert found["sector"] == counts([v["sector"] for v in kept if "sector" in v])
        assert found["tags"] == counts([t for v in kept for t in v.get("tags", ())])  # type: ignore[union-attr]
        assert found["age"] == {"min": 20, "max": 40}
        assert found["income"] == {"min": 12.5, "max": 737.5}
        young = [v for v in kept if int(str(v["age"])) < 30]
        arts = [v for v in young if v.get("sector") == "Arts"]
        assert found["group"] == {"young": len(young), "arts and young": len(arts)}

    @pytest.mark.parametrize("where", [(), (Condition(field="age", op="range", gte=30),)], ids=["all", "filtered"])
    def test_people_rank_by_what_their_values_weigh(
        self, people: Collection, points: list[Point], where: tuple[Condition, ...]
    ) -> None:
        kept = [p.profile for p in points if all(holds(c, p.profile.values) for c in where)]
        scored = sorted((-weighed(p.values), p.id) for p in kept if p.id not in ("p7", "p8"))
        found = people.rank(WEIGHTS, where, ["p7", "p8", "nobody"], 1000)
        assert [(h.score, h.profile.id) for h in found] == [(-score, i) for score, i in scored]
        assert [h.profile for h in found] == people.retrieve([i for _, i in scored])
        assert len({h.score for h in found}) > 10
        for limit, offset in ((5, 0), (5, 5), (3, len(found) - 1), (5, len(found)), (0, 0)):
            assert people.rank(WEIGHTS, where, ["p7", "p8"], limit, offset) == found[offset : offset + limit]

    def test_equal_weights_come_in_order_of_id(self, people: Collection, points: list[Point]) -> None:
        names = sorted(p.profile.id for p in points)
        assert [h.profile.id for h in people.rank([], [], [], 7, 3)] == names[3:10]
        assert {h.score for h in people.rank([], [], [], 7)} == {0.0}

    def test_what_cannot_be_weighed_is_refused(self, people: Collection) -> None:
        for weights in (ValueWeights("sectr", {}), ValueWeights("age", {"3": 1.0}), ValueWeights("sector", {}, (1.0,))):
            with pytest.raises(QueryError):
                people.rank([weights], [], [], 5)

    def test_how_full_attributes_are(self, people: Collection, points: list[Point]) -> None:
        values = [p.profile.values for p in points]
        for key, fill in people.fills(list(ATTRIBUTES)).items():
            known = [v[key] for v in values if key in v]
            single = {one for value in known for one in (value if isinstance(value, tuple) else (value,))}
            assert (fill.known, fill.distinct) == (len(known), len(single)), key
            assert 0 < fill.known < len(points), "a sample without gaps shows nothing"
        assert people.fills([]) == {}
        with pytest.raises(QueryError, match="sectr"):
            people.fills(["age", "sectr"])

    def test_many_threads_get_the_answers_of_one(self, people: Collection) -> None:
        queries = [vector_of(n) for n in range(12)]
        alone = [people.search(q, [], 10) for q in queries]
        with ThreadPoolExecutor(8) as pool:
            for _ in range(5):
                assert list(pool.map(lambda q: people.search(q, [], 10), queries)) == alone
                assert list(pool.map(lambda _: people.count([]), queries)) == [60] * 12

    def test_a_closed_collection_says_so(self, store: Store, people: Collection) -> None:
        del people
        collection = store.open("people")
        collection.close()
        collection.close()
        for call in (collection.info, lambda: collection.count([]), lambda: collection.retrieve(["p1"])):
            with pytest.raises(StoreUnavailable):
                call()

    # --- going over to another generation ------------------------------------------------------

    def test_a_generation_answers_once_the_reader_is_ready_for_it(self, store: Store, name: str) -> None:
        first = build(store, make_spec(name), make_points(3))
        asked, go_on = threading.Event(), threading.Event()
        seen: list[GenerationInfo] = []

        def ready(info: GenerationInfo) -> None:
            seen.append(info)
            asked.set()
            go_on.wait(10)

        with closing(store.open(name, ready)) as collection:
            second = build(store, make_spec(name), make_points(5), fresh=True)
            assert eventually(lambda: collection.info() == first and asked.is_set())
            assert collection.count([]) == 3
            go_on.set()
            assert eventually(lambda: collection.info() == second)
            assert collection.count([]) == 5
        assert seen == [second]

    def test_a_reader_that_cannot_get_ready_goes_on_with_what_it_has(self, store: Store, name: str) -> None:
        first = build(store, make_spec(name), make_points(3))
        asked = threading.Event()

        def ready(info: GenerationInfo) -> None:
            asked.set()
            raise StoreError("not ready")

        with closing(store.open(name, ready)) as collection:
            build(store, make_spec(name), make_points(5), fresh=True)
            assert eventually(lambda: collection.count([]) == 3 and asked.is_set())
            assert collection.info() == first
