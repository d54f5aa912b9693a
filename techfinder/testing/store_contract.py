"""What every store must do, as tests. An adapter's test file subclasses :class:`StoreContract`.

::

    class TestEdgeStore(StoreContract):
        @pytest.fixture(scope="class")
        @classmethod
        def store(cls, tmp_path_factory):
            with closing(open_store(...)) as store:
                yield store
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from dataclasses import replace
from itertools import count
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest

from techfinder.errors import (
    CollectionNotFound,
    DimensionMismatch,
    FingerprintMismatch,
    QueryError,
    StoreError,
    StoreUnavailable,
)
from techfinder.interfaces import Collection, CollectionSpec, FacetRequest, Point, Store
from techfinder.models import GenerationInfo, Profile
from techfinder.plan import AnyOf, Condition, Sort

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from techfinder.models import Value

__all__ = ["StoreContract", "build", "make_points", "make_spec", "vector_of"]

DIM = 8
ATTRIBUTES = {"sector": "keyword", "tags": "keywords", "age": "integer", "income": "float"}
WAIT_S = 10.0

_names = count(1)


def make_spec(name: str, **changes: Any) -> CollectionSpec:
    """A collection of 8 dimensions with one attribute of each storage."""
    spec = CollectionSpec(name, DIM, "cosine", "hash@1+a/8", "template-1", "tech-adoption", ATTRIBUTES)
    return replace(spec, **changes)


def vector_of(number: int, dim: int = DIM) -> NDArray[np.float32]:
    """A vector of norm 1, the same for the same number."""
    vector = np.random.default_rng(number).normal(size=dim)
    return np.asarray(vector / np.linalg.norm(vector), dtype=np.float32)


def make_point(number: int, ordinal: int | None = None, **values: Value) -> Point:
    """Profile ``p<number>`` with `values` and the vector of that number."""
    profile = Profile(f"p{number}", values)
    return Point(profile, number if ordinal is None else ordinal, f"row{number}", f"text{number}", vector_of(number))


def make_points(size: int) -> list[Point]:
    """Points with every storage, where every value is missing now and then."""
    return [make_point(n, **_values(n)) for n in range(size)]


def _values(number: int) -> dict[str, Value]:
    values: dict[str, Value] = {}
    if number % 3:
        values["sector"] = ("Arts", "Legal", "Retail", "Data Science")[number % 4]
    if number % 4:
        values["tags"] = ("TikTok", "Reddit", "Mail")[: 1 + number % 3]
    if number % 5:
        values["age"] = 18 + number % 40
    if number % 7:
        values["income"] = round(number * 12.5, 2)
    return values


def build(store: Store, spec: CollectionSpec, points: Sequence[Point], fresh: bool = False) -> GenerationInfo:
    """Write the points to the collection's next generation and make it live."""
    writer = store.write(spec, fresh=fresh)
    try:
        writer.upsert(points)
        writer.seal()
        return writer.publish()
    finally:
        writer.discard()


def eventually(holds: Callable[[], bool]) -> bool:
    """Whether it comes true within some seconds."""
    deadline, pause = time.monotonic() + WAIT_S, threading.Event()
    while not holds():
        if time.monotonic() > deadline:
            return False
        pause.wait(0.01)
    return True


def ids(profiles: Sequence[Profile]) -> list[str]:
    """The profiles' ids."""
    return [p.id for p in profiles]


class StoreContract:
    """Tests of :class:`techfinder.interfaces.Store`; the subclass brings the fixture ``store``."""

    @pytest.fixture(scope="class")
    @classmethod
    def store(cls) -> Store:
        """A store that is empty at first and closed at the end; class scope saves time."""
        raise NotImplementedError("override the fixture `store` with one that yields an empty store")

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

    # --- writing and going live --------------------------------------------------------------

    def test_unknown_collection_is_reported_as_such(self, store: Store) -> None:
        with pytest.raises(CollectionNotFound, match="nowhere"):
            store.open("nowhere")
        assert store.generations("nowhere") == []
        ledger = store.ledger("nowhere")
        assert (ledger.ids, ledger.rows, ledger.texts, len(ledger.ordinals)) == ((), (), (), 0)
        store.drop("nowhere")

    @pytest.mark.parametrize("name", ["", "People", "../people", "a/b", "1a", "a" * 64, "people\n"])
    def test_names_that_could_leave_the_store_are_refused(self, store: Store, name: str) -> None:
        with pytest.raises(StoreError, match="cannot name a collection"):
            store.open(name)

    def test_info_says_what_was_built(self, store: Store, name: str) -> None:
        info = build(store, make_spec(name), make_points(5))
        facts = (info.collection, info.number, info.points, info.dim, info.similarity, info.encoder, info.template)
        assert facts == (name, 1, 5, DIM, "cosine", "hash@1+a/8", "template-1")
        assert info.schema == "tech-adoption"
        assert info in store.collections()
        assert store.generations(name) == [info]

    def test_collections_come_sorted_by_name(self, store: Store, name: str) -> None:
        for suffix in ("b", "a"):
            build(store, make_spec(f"{name}{suffix}"), [])
        found = [i.collection for i in store.collections()]
        assert found == sorted(found)
        assert {f"{name}a", f"{name}b"} <= set(found)

    def test_nothing_is_visible_before_publish(self, store: Store, name: str) -> None:
        build(store, make_spec(name), make_points(3))
        writer = store.write(make_spec(name))
        writer.upsert(make_points(6))
        sealed = writer.seal()
        with closing(store.open(name)) as collection:
            assert collection.count([]) == 3
            assert (sealed.number, sealed.points) == (2, 6)
            assert writer.publish() == sealed
            assert eventually(lambda: collection.info() == sealed)
            assert collection.count([]) == 6
        writer.discard()

    def test_discard_leaves_everything_as_it_was(self, store: Store, name: str) -> None:
        before = build(store, make_spec(name), make_points(3))
        writer = store.write(make_spec(name))
        assert writer.base == before
        writer.delete(["p0", "p1"])
        writer.discard()
        writer.discard()
        assert store.generations(name) == [before]
        with closing(store.open(name)) as collection:
            assert ids(collection.browse([], [], 10)) == ["p0", "p1", "p2"]

    def test_what_is_not_sealed_cannot_be_published(self, store: Store, name: str) -> None:
        with closing(_Discarding(store.write(make_spec(name)))) as writer, pytest.raises(StoreError, match="seal"):
            writer.publish()

    def test_nothing_can_be_written_after_sealing(self, store: Store, name: str) -> None:
        with closing(_Discarding(store.write(make_spec(name)))) as writer:
            writer.seal()
            with pytest.raises(StoreError):
                writer.upsert(make_points(1))

    def test_one_writer_at_a_time(self, store: Store, name: str) -> None:
        with closing(_Discarding(store.write(make_spec(name)))):
            with pytest.raises(StoreError, match=r"written by process \d+"):
                store.write(make_spec(name))
            with pytest.raises(StoreError, match="written by"):
                store.drop(name)
        store.write(make_spec(name)).discard()

    @pytest.mark.parametrize(
        "change",
        [
            {"dim": 9},
            {"similarity": "dot"},
            {"encoder": "other"},
            {"template": "other"},
            {"schema": "other"},
            {"attributes": {"sector": "keyword"}},
        ],
        ids=lambda c: next(iter(c)),
    )
    def test_what_was_built_differently_is_not_mixed(self, store: Store, people: Collection, change: Any) -> None:
        del people
        with pytest.raises(FingerprintMismatch, match=next(iter(change))):
            store.write(make_spec("people", **change))
        writer = store.write(make_spec("people", **change), fresh=True)
        assert writer.base is None
        writer.discard()

    def test_an_empty_collection_answers(self, store: Store, name: str) -> None:
        build(store, make_spec(name), [])
        with closing(store.open(name)) as collection:
            assert collection.count([]) == 0
            assert collection.search(vector_of(1), [_any("sector", "Arts")], 5) == []
            assert collection.browse([], [Sort(field="age")], 5) == []
            assert collection.retrieve(["p1"]) == []
            requests = [FacetRequest("a", (), "sector"), FacetRequest("b", (), "age"), FacetRequest("c", (), "tags")]
            assert collection.facets(requests) == {"a": {}, "b": {}, "c": {}}

    # --- what is stored ------------------------------------------------------------------------

    def test_profiles_come_back_as_written(self, people: Collection, points: list[Point]) -> None:
        assert people.browse([], [], 1000) == [p.profile for p in points]

    @pytest.mark.parametrize(
        "text", ['"', "\\", "a\nb\0c", "é", "e\u0301", "💥", "' OR 1=1", " x ", "[]", "x" * 100_000]
    )
    def test_odd_texts_survive_and_match(self, store: Store, name: str, text: str) -> None:
        point = make_point(1, sector=text, tags=(text, "b"))
        odd = replace(point, profile=Profile(f"id {text[:50]}", point.profile.values))
        build(store, make_spec(name), [odd, make_point(2)])
        with closing(store.open(name)) as collection:
            assert collection.retrieve([odd.profile.id]) == [odd.profile]
            for key in ("sector", "tags"):
                assert [h.profile for h in collection.search(vector_of(1), [_any(key, text)], 9)] == [odd.profile]
                assert collection.count([_any(key, text)]) == 1

    def test_numbers_survive(self, store: Store, name: str) -> None:
        pairs = [(2**63 - 1, 1e300), (-(2**63), -0.5), (0, 5e-324), (7, 90.28571428571429), (8, 1 / 3), (9, 1e16)]
        points = [make_point(n, age=age, income=income) for n, (age, income) in enumerate(pairs)]
        build(store, make_spec(name), points)
        with closing(store.open(name)) as collection:
            found = [(p.values["age"], p.values["income"]) for p in collection.browse([], [], 10)]
            assert [age for age, _ in found] == [age for age, _ in pairs]
            assert [income for _, income in found] == pytest.approx([income for _, income in pairs], rel=1e-14)
            for stored, (_, income) in enumerate(found):
                assert isinstance(income, float)
                where = [Condition(field="income", op="range", gte=income, lte=income)]
                assert [h.profile.id for h in collection.search(vector_of(1), where, 9)] == [f"p{stored}"]
                assert collection.count(where) == 1

    @pytest.mark.parametrize(
        ("key", "value"),
        [
            ("sector", 3),
            ("sector", ("a",)),
            ("tags", "a"),
            ("tags", ()),
            ("tags", (1,)),
            ("age", "3"),
            ("age", 3.5),
            ("age", True),
            ("age", 2**63),
            ("income", float("nan")),
            ("income", "3"),
            ("sector", None),
            ("sector", "\ud800"),
            ("unknown", "a"),
        ],
    )
    def test_values_of_another_storage_are_refused(self, store: Store, name: str, key: str, value: Any) -> None:
        with closing(_Discarding(store.write(make_spec(name)))) as writer:
            with pytest.raises(StoreError, match=key):
                writer.upsert([make_point(1, **{key: value})])
            writer.upsert([make_point(2)])
            assert writer.seal().points == 1

    @pytest.mark.parametrize("size", [0, 7, 9])
    def test_vectors_of_another_length_are_refused(self, store: Store, name: str, size: int) -> None:
        with closing(_Discarding(store.write(make_spec(name)))) as writer, pytest.raises(DimensionMismatch, match="p1"):
            writer.upsert([replace(make_point(1), vector=np.ones(size, dtype=np.float32))])

    @pytest.mark.parametrize("bad", [float("nan"), float("inf"), -float("inf")])
    def test_vectors_that_are_no_numbers_are_refused(self, store: Store, name: str, bad: float) -> None:
        vector = vector_of(1).copy()
        vector[3] = bad
        with closing(_Discarding(store.write(make_spec(name)))) as writer, pytest.raises(StoreError, match="p1"):
            writer.upsert([replace(make_point(1), vector=vector)])

    def test_the_last_of_several_points_with_one_id_counts(self, store: Store, name: str) -> None:
        first, last = make_point(1, age=1), replace(make_point(1, age=2), vector=None)
        build(store, make_spec(name), [first, make_point(2), last])
        with closing(store.open(name)) as collection:
            assert collection.count([]) == 2
            assert collection.retrieve(["p1"]) == [last.profile]
            assert collection.search(vector_of(1), [], 1)[0].profile == last.profile

    def test_two_points_of_one_ordinal_are_refused(self, store: Store, name: str) -> None:
        with closing(_Discarding(store.write(make_spec(name)))) as writer:
            writer.upsert([make_point(1, ordinal=7), make_point(2, ordinal=7)])
            with pytest.raises(StoreError, match="ordinal"):
                writer.seal()

    # --- changing ------------------------------------------------------------------------------

    def test_a_point_without_vector_keeps_the_stored_one(self, store: Store, name: str) -> None:
        build(store, make_spec(name), make_points(4))
        changed = replace(make_point(2, age=99), vector=None, row="new")
        build(store, make_spec(name), [changed])
        with closing(store.open(name)) as collection:
            best = collection.search(vector_of(2), [], 1)[0]
            assert best.profile == Profile("p2", {"age": 99})
            assert best.score == pytest.approx(1.0, abs=1e-6)
        assert store.ledger(name).rows == ("row0", "row1", "new", "row3")

    def test_a_new_point_needs_a_vector(self, store: Store, name: str) -> None:
        with closing(_Discarding(store.write(make_spec(name)))) as writer:
            with pytest.raises(StoreError, match="p1"):
                writer.upsert([replace(make_point(1), vector=None)])
            writer.upsert([make_point(1)])
            writer.delete(["p1"])
            with pytest.raises(StoreError, match="p1"):
                writer.upsert([replace(make_point(1), vector=None)])

    def test_only_what_changed_changes(self, store: Store, name: str) -> None:
        points = make_points(20)
        build(store, make_spec(name), points)
        writer = store.write(make_spec(name))
        writer.delete(["p3", "p4", "nobody"])
        writer.upsert([make_point(4, ordinal=50, age=1), make_point(30, sector="Arts"), make_point(5)])
        assert writer.seal().points == 20
        writer.publish()
        with closing(store.open(name)) as collection:
            expected = [p.profile for p in points if p.profile.id not in ("p3", "p4")]
            expected[3] = Profile("p5", {})
            found = collection.browse([], [], 100)
        assert found == [*expected, Profile("p30", {"sector": "Arts"}), Profile("p4", {"age": 1})]

    def test_the_digest_follows_the_content_and_nothing_else(self, store: Store, name: str) -> None:
        points = make_points(12)
        first = build(store, make_spec(f"{name}a"), points)
        build(store, make_spec(f"{name}b"), [make_point(3), *points[7:], make_point(99)])
        writer = store.write(make_spec(f"{name}b"))
        writer.delete(["p99"])
        writer.upsert(points[:7])
        assert writer.seal().digest == first.digest
        writer.publish()
        changed = replace(points[0], vector=vector_of(1234))
        assert build(store, make_spec(f"{name}b"), [changed]).digest != first.digest

    def test_ledger_lists_everything_in_stored_order(self, store: Store, name: str) -> None:
        build(store, make_spec(name), [make_point(1, ordinal=9), make_point(2, ordinal=-4), make_point(3, ordinal=5)])
        ledger = store.ledger(name)
        assert ledger.ids == ("p2", "p3", "p1")
        assert ledger.ordinals.tolist() == [-4, 5, 9]
        assert ledger.ordinals.dtype == np.int64
        assert (ledger.rows, ledger.texts) == (("row2", "row3", "row1"), ("text2", "text3", "text1"))

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
            Condition(field="income", op="range", lte=float("inf")),
            Condition(field="income", op="range", gt=float("inf")),
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
        ids=lambda c: _words(c),
    )
    def test_clauses_mean_the_same_everywhere(self, people: Collection, points: list[Point], clause: Any) -> None:
        expected = [p.profile for p in points if _holds(clause, p.profile.values)]
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
        expected = [p.profile for p in points if all(_holds(c, p.profile.values) for c in clauses)]
        assert people.browse(clauses, [], 1000) == expected
        assert 0 < len(expected) < len(points)

    def test_what_cannot_be_asked_is_refused(self, people: Collection) -> None:
        with pytest.raises(QueryError, match="sectr"):
            people.count([_any("sectr", "Arts")])
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
        have.sort(key=lambda p: p.values[field], reverse=descending)  # type: ignore[arg-type,return-value]
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
        kept = [p.profile.values for p in points if _holds(where[0], p.profile.values)]
        options = {
            "young": (Condition(field="age", op="range", lt=30),),
            "nobody": (Condition(field="age", op="range", lt=3),),
            "arts and young": (_any("sector", "Arts"), Condition(field="age", op="range", lt=30)),
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
        assert found["sector"] == _counts([v["sector"] for v in kept if "sector" in v])
        assert found["tags"] == _counts([t for v in kept for t in v.get("tags", ())])  # type: ignore[union-attr]
        assert found["age"] == {"min": 20, "max": 40}
        assert found["income"] == {"min": 12.5, "max": 737.5}
        young = [v for v in kept if int(str(v["age"])) < 30]
        arts = [v for v in young if v.get("sector") == "Arts"]
        assert found["group"] == {"young": len(young), "arts and young": len(arts)}

    # --- generations -----------------------------------------------------------------------------

    def test_an_older_generation_can_be_made_live_again(self, store: Store, name: str) -> None:
        first = build(store, make_spec(name), make_points(3))
        second = build(store, make_spec(name), make_points(5), fresh=True)
        assert store.generations(name) == [first, second]
        with closing(store.open(name)) as collection:
            assert collection.count([]) == 5
            assert store.activate(name, 1) == first
            assert eventually(lambda: collection.info() == first)
            assert collection.count([]) == 3
        third = build(store, make_spec(name), [])
        assert (third.number, third.points) == (3, 3)

    def test_only_some_generations_are_kept(self, store: Store, name: str) -> None:
        made = [build(store, make_spec(name), make_points(n), fresh=True) for n in range(1, 5)]
        kept = store.generations(name)
        assert kept == made[-len(kept) :]
        assert 1 <= len(kept) < 4
        with pytest.raises(StoreError, match="keeps no generation 1"):
            store.activate(name, 1)

    def test_drop_removes_everything(self, store: Store, name: str) -> None:
        build(store, make_spec(name), make_points(3))
        with closing(store.open(name)) as collection:
            store.drop(name)
            with pytest.raises(CollectionNotFound):
                collection.count([])
        assert store.generations(name) == []
        assert name not in [i.collection for i in store.collections()]
        assert build(store, make_spec(name), make_points(2)).points == 2

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


class _Discarding:
    """A writer that is discarded at the end of a ``with`` block."""

    def __init__(self, writer: Any) -> None:
        self._writer = writer

    def __getattr__(self, name: str) -> Any:
        return getattr(self._writer, name)

    def close(self) -> None:
        self._writer.discard()


def _words(clause: Condition | AnyOf) -> str:
    """A short name for a test."""
    if isinstance(clause, AnyOf):
        return f"{'not ' if clause.negated else ''}{clause.at_least} of {len(clause.conditions)}"
    bounds = [f"{n}{b:g}" for n in ("gte", "gt", "lte", "lt") if (b := getattr(clause, n)) is not None]
    return " ".join([clause.field, clause.op, *clause.values, *bounds])


def _any(field: str, *values: str) -> Condition:
    return Condition(field=field, op="any_of", values=values)


def _counts(values: Sequence[Any]) -> dict[Any, int]:
    return {value: values.count(value) for value in values}


def _holds(clause: Condition | AnyOf, values: Any) -> bool:
    """Plain Python's opinion on whether a profile fulfils a clause."""
    if isinstance(clause, AnyOf):
        return (sum(_holds(c, values) for c in clause.conditions) >= clause.at_least) != clause.negated
    value = values.get(clause.field)
    if clause.op in ("missing", "present"):
        return (value is None) == (clause.op == "missing")
    if clause.op == "none_of":
        return not _holds(clause.model_copy(update={"op": "any_of"}), values)
    if value is None:
        return False
    if clause.op == "range":
        low, high = clause.gte, clause.lte
        above = (low is None or value >= low) and (clause.gt is None or value > clause.gt)
        return bool(above and (high is None or value <= high) and (clause.lt is None or value < clause.lt))
    wanted = {float(v) for v in clause.values} if isinstance(value, int | float) else set(clause.values)
    have = set(value) if isinstance(value, tuple) else {value}
    return wanted <= have if clause.op == "all_of" else bool(wanted & have)
