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

from collections.abc import Iterator
from contextlib import closing
from dataclasses import replace
from typing import Any

import numpy as np
import pytest

from techfinder.errors import CollectionNotFound, DimensionMismatch, FingerprintMismatch, StoreError
from techfinder.interfaces import Collection, FacetRequest, Point, Store, Writer
from techfinder.models import Fill, Profile
from techfinder.plan import Condition, Sort
from techfinder.testing.store_copying import CopyingContract
from techfinder.testing.store_points import PointsContract
from techfinder.testing.store_reading import ReadingContract
from techfinder.testing.store_samples import (
    DIM,
    Discarding,
    any_of,
    build,
    eventually,
    ids,
    make_point,
    make_points,
    make_spec,
    vector_of,
)

__all__ = ["StoreContract"]


class StoreContract(ReadingContract, PointsContract, CopyingContract):
    """Tests of :class:`techfinder.interfaces.Store`; the subclass brings the fixture ``store``.

    Attributes:
        in_place: True for a store that makes small changes within the live generation.
    """

    in_place = False

    @pytest.fixture(scope="class")
    @classmethod
    def store(cls) -> Store:
        """A store that is empty at first and closed at the end; class scope saves time."""
        raise NotImplementedError("override the fixture `store` with one that yields an empty store")

    @pytest.fixture(scope="class")
    @classmethod
    def refusing(cls, store: Store) -> Iterator[Writer]:
        """A writer for what is to be refused."""
        writer = store.write(make_spec("refused"))
        yield writer
        writer.discard()

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

    def test_what_is_sound_is_not_called_damaged(self, store: Store, name: str) -> None:
        info = build(store, make_spec(name), make_points(5))
        with closing(store.open(name)) as collection:
            assert collection.check() == info
        assert name not in store.damaged()
        assert "`techfinder index SOURCE --rebuild`" in store.way_out(name)

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
            assert (sealed.number, sealed.revision, sealed.points) == ((1, 1, 6) if self.in_place else (2, 0, 6))
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
        with closing(Discarding(store.write(make_spec(name)))) as writer, pytest.raises(StoreError, match="seal"):
            writer.publish()

    def test_nothing_can_be_written_after_sealing(self, store: Store, name: str) -> None:
        with closing(Discarding(store.write(make_spec(name)))) as writer:
            writer.seal()
            with pytest.raises(StoreError):
                writer.upsert(make_points(1))

    def test_one_writer_at_a_time(self, store: Store, name: str) -> None:
        with closing(Discarding(store.write(make_spec(name)))):
            with pytest.raises(StoreError, match=r"written by process \d+"):
                store.write(make_spec(name))
            with pytest.raises(StoreError, match="written by"):
                store.drop(name)
        store.write(make_spec(name)).discard()

    def test_nothing_is_activated_while_one_is_writing(self, store: Store, name: str) -> None:
        first = build(store, make_spec(name), make_points(2))
        second = build(store, make_spec(name), make_points(4), fresh=True)
        with closing(Discarding(store.write(make_spec(name)))):
            with pytest.raises(StoreError, match=r"written by process \d+.* until it is done"):
                store.activate(name, first.number)
            assert second in store.collections()
        assert store.activate(name, first.number) == first

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
        with pytest.raises(FingerprintMismatch, match=rf"{next(iter(change))}.* again with --rebuild"):
            store.write(make_spec("people", **change))
        writer = store.write(make_spec("people", **change), fresh=True)
        assert writer.base is None
        writer.discard()

    def test_an_empty_collection_answers(self, store: Store, name: str) -> None:
        build(store, make_spec(name), [])
        with closing(store.open(name)) as collection:
            assert collection.count([]) == 0
            assert collection.search(vector_of(1), [any_of("sector", "Arts")], 5) == []
            assert collection.browse([], [Sort(field="age")], 5) == []
            assert collection.retrieve(["p1"]) == []
            requests = [FacetRequest("a", (), "sector"), FacetRequest("b", (), "age"), FacetRequest("c", (), "tags")]
            assert collection.facets(requests) == {"a": {}, "b": {}, "c": {}}
            assert set(collection.fills(["sector", "age", "tags"]).values()) == {Fill(0, 0)}

    # --- what is stored ------------------------------------------------------------------------

    def test_profiles_come_back_as_written(self, people: Collection, points: list[Point]) -> None:
        assert people.browse([], [], 1000) == [p.profile for p in points]

    def test_odd_texts_survive_and_match(self, store: Store, name: str) -> None:
        texts = ['"', "\\", "a\nb\0c", "é", "e\u0301", "💥", "' OR 1=1", " x ", "[]", "x" * 100_000]
        profiles = [Profile(f"id {text[:50]}", {"sector": text, "tags": (text, "b")}) for text in texts]
        build(store, make_spec(name), [replace(make_point(n), profile=p) for n, p in enumerate(profiles)])
        with closing(store.open(name)) as collection:
            for text, odd in zip(texts, profiles, strict=True):
                assert collection.retrieve([odd.id]) == [odd]
                for key in ("sector", "tags"):
                    assert [h.profile for h in collection.search(vector_of(1), [any_of(key, text)], 9)] == [odd]
                    assert collection.count([any_of(key, text)]) == 1

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
    def test_values_of_another_storage_are_refused(self, refusing: Writer, key: str, value: Any) -> None:
        with pytest.raises(StoreError, match=key):
            refusing.upsert([make_point(1, **{key: value})])

    @pytest.mark.parametrize("size", [0, 7, 9])
    def test_vectors_of_another_length_are_refused(self, refusing: Writer, size: int) -> None:
        with pytest.raises(DimensionMismatch, match="p1"):
            refusing.upsert([replace(make_point(1), vector=np.ones(size, dtype=np.float32))])

    @pytest.mark.parametrize("bad", [float("nan"), float("inf"), -float("inf")])
    def test_vectors_that_are_no_numbers_are_refused(self, refusing: Writer, bad: float) -> None:
        vector = vector_of(1).copy()
        vector[3] = bad
        with pytest.raises(StoreError, match="p1"):
            refusing.upsert([replace(make_point(1), vector=vector)])

    def test_a_refused_batch_does_no_harm(self, store: Store, name: str) -> None:
        with closing(Discarding(store.write(make_spec(name)))) as writer:
            with pytest.raises(StoreError, match="age"):
                writer.upsert([make_point(1), make_point(2, age="old")])
            writer.upsert([make_point(3)])
            assert writer.seal().points == 1

    def test_the_last_of_several_points_with_one_idcounts(self, store: Store, name: str) -> None:
        first, last = make_point(1, age=1), replace(make_point(1, age=2), vector=None)
        build(store, make_spec(name), [first, make_point(2), last])
        with closing(store.open(name)) as collection:
            assert collection.count([]) == 2
            assert collection.retrieve(["p1"]) == [last.profile]
            assert collection.search(vector_of(1), [], 1)[0].profile == last.profile

    def test_two_points_of_one_ordinal_are_refused(self, store: Store, name: str) -> None:
        with closing(Discarding(store.write(make_spec(name)))) as writer:
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
        with closing(Discarding(store.write(make_spec(name)))) as writer:
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
        assert (third.number, third.points) == (1 if self.in_place else 3, 3)

    def test_only_some_generations_are_kept(self, store: Store, name: str) -> None:
        made = [build(store, make_spec(name), make_points(n), fresh=True) for n in range(1, 5)]
        kept = store.generations(name)
        assert kept == made[-len(kept) :]
        assert 1 <= len(kept) < 4
        with pytest.raises(StoreError, match="keeps no generation 1"):
            store.activate(name, 1)

    def test_what_was_live_before_is_the_last_to_go(self, store: Store, name: str) -> None:
        first = build(store, make_spec(name), make_points(3))
        build(store, make_spec(name), make_points(4), fresh=True)
        store.activate(name, first.number)
        third = build(store, make_spec(name), make_points(5), fresh=True)
        assert store.generations(name) == [first, third]
        assert store.activate(name, first.number) == first

    def test_drop_removes_everything(self, store: Store, name: str) -> None:
        build(store, make_spec(name), make_points(3))
        with closing(store.open(name)) as collection:
            store.drop(name)
            for question in (lambda: collection.count([]), lambda: collection.count([]), collection.info):
                with pytest.raises(CollectionNotFound):  # not only the first time
                    question()
            assert store.generations(name) == []
            assert name not in [i.collection for i in store.collections()]
            assert build(store, make_spec(name), make_points(2)).points == 2
            assert eventually(lambda: collection.count([]) == 2)
