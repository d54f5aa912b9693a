"""Readers of the embedded store while generations come and go: folders removed under them, no files or memory left."""

from __future__ import annotations

import shutil
import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from typing import Any

import pytest
from edge_people import SIZE, SPEC

from techfinder.errors import StoreError
from techfinder.interfaces import FacetRequest
from techfinder.plan import Condition, Sort
from techfinder.settings import Settings
from techfinder.store.edge.collection import EdgeCollection
from techfinder.store.edge.generations import Generations, Sealed
from techfinder.store.edge.store import EdgeStore
from techfinder.testing.store_samples import (
    ATTRIBUTES,
    build,
    eventually,
    make_point,
    make_points,
    only_so_many_files,
    vector_of,
)


@pytest.mark.parametrize("size", [SIZE, pytest.param(10_100, marks=pytest.mark.slow)], ids=["scanned", "graph"])
def test_a_reader_needs_its_folder_no_more(store: EdgeStore, settings: Settings, size: int) -> None:
    build(store, SPEC, make_points(size))
    with closing(store.open("people")) as people:
        expected = every_column(people)
    with closing(store.open("people")) as people:
        shutil.rmtree(settings.home / "store" / "people" / "generations" / "0001")
        assert every_column(people) == expected


def every_column(people: EdgeCollection) -> list[object]:
    """What a reader says to questions that touch each of its files."""
    found: list[object] = [people.retrieve(["p7", "p3"])]
    for field in ATTRIBUTES:
        missing = Condition(field=field, op="missing")
        found += [
            people.count([missing]),
            people.browse([], [Sort(field=field)], 20),
            people.facets([FacetRequest(field, (), field)]),
            [(h.profile.id, round(h.score, 6)) for h in people.search(vector_of(5), [missing], 20)],
        ]
    return found


def test_a_reader_answers_when_publishing_removed_its_generation(settings: Settings) -> None:
    with closing(EdgeStore(settings.model_copy(update={"keep_generations": 1}), indexed_from=0)) as store:
        build(store, SPEC, make_points(SIZE))
        with closing(store.open("people")) as people:
            last = build(store, SPEC, [make_point(500)])
            assert store.generations("people") == [last]
            assert len(people.browse([], [Sort(field="income")], 1000)) in (SIZE, SIZE + 1)
            assert eventually(lambda: people.info() == last)


class Overtaken(Generations):
    """Another program publishes, and removes what was live, right after the first look."""

    overtake: Callable[[], object] | None = None

    def opened(self) -> Sealed:
        found = super().opened()
        if self.overtake is not None:
            overtake, self.overtake = self.overtake, None
            overtake()
        return found


def test_a_generation_that_is_removed_while_it_is_opened_is_no_failure(settings: Settings) -> None:
    with closing(EdgeStore(settings.model_copy(update={"keep_generations": 1}), indexed_from=0)) as store:
        build(store, SPEC, make_points(SIZE))
        generations = Overtaken(settings.home / "store", "people")
        generations.overtake = lambda: build(store, SPEC, [make_point(500)])
        with closing(EdgeCollection(generations, settings.store_timeout_s)) as people:
            assert people.count([]) == SIZE + 1


class OvertakenStore(EdgeStore):
    """Another program publishes, and removes what was live, right before the files of it are read."""

    overtake: Callable[[], object] | None = None

    def _of(self, collection: str) -> Generations:
        store = self

        class Overtaking(Generations):
            def read_live(self, read: Callable[[Sealed], Any]) -> Any:
                def late(sealed: Sealed) -> Any:
                    if store.overtake is not None:
                        overtake, store.overtake = store.overtake, None
                        overtake()
                    return read(sealed)

                return super().read_live(late)

        return Overtaking(self._root, collection)


@pytest.mark.parametrize("look", ["verify", "ledger", "damaged"])
def test_what_is_removed_while_it_is_looked_at_is_no_damage(settings: Settings, look: str) -> None:
    settings = settings.model_copy(update={"keep_generations": 1})
    with closing(EdgeStore(settings, indexed_from=0)) as other, closing(OvertakenStore(settings)) as store:
        build(other, SPEC, make_points(SIZE))
        store.overtake = lambda: build(other, SPEC, [make_point(500)])
        if look == "verify":
            assert store.verify("people") == []
        elif look == "ledger":
            assert len(store.ledger("people").ids) == SIZE + 1
        else:
            assert store.damaged() == {}
        assert store.overtake is None


@pytest.mark.slow
def test_looking_and_publishing_at_once_finds_no_damage(settings: Settings) -> None:
    settings = settings.model_copy(update={"keep_generations": 1})
    with closing(EdgeStore(settings, indexed_from=0)) as other, closing(EdgeStore(settings, indexed_from=0)) as store:
        build(other, SPEC, make_points(SIZE))
        stop, found = threading.Event(), list[object]()

        def look() -> None:
            while not stop.is_set():
                found.extend(store.verify("people"))
                found.extend(store.damaged().values())
                assert len(store.ledger("people").ids) >= SIZE

        with ThreadPoolExecutor(2) as pool:
            looking = [pool.submit(look) for _ in range(2)]
            for number in range(8):
                build(other, SPEC, [make_point(500 + number)])
            stop.set()
            for looked in looking:
                looked.result()
        assert found == []


def test_a_reader_without_files_to_open_switches_once_it_has_some(
    people: EdgeCollection, store: EdgeStore, caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("techfinder.store.edge.collection._RETRY_SWITCH_S", 0.1)
    build(store, SPEC, [make_point(500)])
    with only_so_many_files(2):
        assert people.count([]) == SIZE
        assert eventually(lambda: "StoreUnavailable: A store process cannot be started" in caplog.text)
        assert people.count([]) == SIZE
    assert eventually(lambda: people.count([]) == SIZE + 1)


def test_an_error_of_any_kind_only_puts_a_switch_off(
    store: EdgeStore, settings: Settings, caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("techfinder.store.edge.collection._RETRY_SWITCH_S", 0.1)

    def fail() -> None:
        raise MemoryError("no memory left")

    build(store, SPEC, make_points(SIZE))
    generations = Overtaken(settings.home / "store", "people")
    with closing(EdgeCollection(generations, settings.store_timeout_s)) as people:
        generations.overtake = fail
        build(store, SPEC, [make_point(500)])
        assert eventually(lambda: people.count([]) == SIZE + 1)
    assert "MemoryError: no memory left" in caplog.text


def test_a_generation_is_not_published_over_one_that_it_was_not_made_from(store: EdgeStore, settings: Settings) -> None:
    build(store, SPEC, make_points(SIZE))
    build(store, SPEC, [make_point(500)])
    writer = store.write(SPEC)
    writer.upsert([make_point(600)])
    writer.seal()
    Generations(settings.home / "store", "people").activate(1)  # as a program would that asks for no write lock
    with pytest.raises(StoreError, match=r"made from generation 2, but now generation 1 is live.* same index command"):
        writer.publish()
    writer.discard()
    assert [g.number for g in store.collections()] == [1]
    assert [g.number for g in store.generations("people")] == [1, 2]
