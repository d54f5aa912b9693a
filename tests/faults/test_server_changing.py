"""Readers and checks while others change the same collection: no change of ours is taken for damage.

Changes are made between what a reader asks and the answer, by a server in between.
"""

from __future__ import annotations

import itertools
import logging
import re
import socket
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

import pytest
from qdrant_client import models
from server_people import SIZE, name_of_one, opened, raised, raw

from bad_server import BadServer, passing_on
from qdrant_process import QdrantAddress
from techfinder.errors import StoreUnavailable
from techfinder.interfaces import Collection
from techfinder.store.points import point_id
from techfinder.store.server.control import Change
from techfinder.store.server.store import ServerStore
from techfinder.store.server.writer import finish_change
from techfinder.testing.store_samples import any_of, build, eventually, make_point, make_points, make_spec

SCAN = "points/scroll"
"""A page of all points; changes are looked up with the same request to another collection."""

NEW = [any_of("sector", "New")]
MORE_THAN_THERE_IS = 1 << 46
"""Bytes for the stack of a thread: with so many the system gives none."""


@pytest.fixture
def writing(qdrant: QdrantAddress, tmp_path: Path) -> Iterator[ServerStore]:
    """The store that makes the changes."""
    with opened(qdrant, tmp_path / "writing") as store:
        yield store


@pytest.fixture
def name(writing: ServerStore) -> Iterator[str]:
    """A collection of SIZE people."""
    name = name_of_one("changing")
    build(writing, make_spec(name), make_points(SIZE))
    yield name
    writing.drop(name)


@contextmanager
def between(
    qdrant: QdrantAddress, home: Path, name: str, step: str, act: Callable[[], object]
) -> Iterator[ServerStore]:
    """A store whose requests for points of `name` that match `step` are answered after `act`."""
    hand_on = passing_on(int(qdrant.url.rpartition(":")[2]))

    def behave(server: BadServer, connection: socket.socket) -> None:
        line = connection.recv(1 << 12, socket.MSG_PEEK).partition(b"\r\n")[0].decode("latin-1")
        if re.search(rf"/collections/{name}\S*/{step}\b", line):
            act()
        hand_on(server, connection)

    with BadServer(behave) as bad, opened(QdrantAddress(bad.url, 0), home) as store:
        yield store


def adding(store: ServerStore, name: str) -> Callable[[], object]:
    """Each call adds one person, as a whole change."""
    numbers = itertools.count(100)
    return lambda: build(store, make_spec(name), [make_point(next(numbers), sector="New")])


def note(seen: list[int], people: Collection) -> int:
    """Add the revision that answers now to `seen`. How many those are."""
    seen.append(people.info().revision)
    return len(seen)


def test_a_reader_that_is_closed_while_it_reads_a_new_generation_says_nothing(
    qdrant: QdrantAddress, tmp_path: Path, writing: ServerStore, name: str, caplog: pytest.LogCaptureFixture
) -> None:
    people: Collection | None = None
    closing: list[threading.Thread] = []

    def close() -> None:
        if people is not None and not closing:
            closing.append(threading.Thread(target=people.close))
            closing[0].start()  # it waits for the reading, that is for this answer
            time.sleep(0.2)

    with between(qdrant, tmp_path / "home", name, SCAN, close) as store:
        people = store.open(name)
        build(writing, make_spec(name), make_points(SIZE), fresh=True)
        people.look_now()  # type: ignore[attr-defined]
        people.count([])
        assert eventually(lambda: bool(closing) and closing[0].ident is not None)
        closing[0].join()
    assert [r.message for r in caplog.records if r.levelno >= logging.WARNING] == []


def test_a_reader_that_gets_no_thread_for_a_new_generation_answers_from_the_old_one(
    writing: ServerStore, name: str, caplog: pytest.LogCaptureFixture
) -> None:
    people = writing.open(name)
    before = people.info()
    build(writing, make_spec(name), make_points(SIZE + 1), fresh=True)
    usual = threading.stack_size(MORE_THAN_THERE_IS)
    try:
        assert people.info() == before
    finally:
        threading.stack_size(usual)
    assert "can't start new thread" in caplog.text
    assert people.count([]) == SIZE
    people.close()


@pytest.mark.parametrize("step", [SCAN, r"points\S*"], ids=["by scans", "by everything"])
def test_a_reader_that_is_opened_while_changes_are_made(
    qdrant: QdrantAddress, tmp_path: Path, writing: ServerStore, name: str, step: str
) -> None:
    with between(qdrant, tmp_path / "home", name, step, adding(writing, name)) as store:
        people = store.open(name)
        assert people.count(NEW) >= 1
        assert people.count([]) == SIZE + people.count(NEW)


@pytest.mark.slow
def test_a_reader_that_makes_its_columns_anew_while_changes_are_made(
    qdrant: QdrantAddress, tmp_path: Path, writing: ServerStore, name: str, caplog: pytest.LogCaptureFixture
) -> None:
    """It does so after some thousand changes. What it has seen already is never forgotten again."""
    seen: list[int] = []
    people: Collection | None = None

    def change() -> None:
        if people is not None:
            build(writing, make_spec(name), [make_point(1, sector="New", age=len(seen))])
            with suppress(StoreUnavailable):  # a reader that still reads in the end may be closed by now
                people.look_now()  # type: ignore[attr-defined]
                seen.append(people.info().revision)

    with between(qdrant, tmp_path / "home", name, SCAN, change) as store:
        people = store.open(name)
        for thousand in range(4):
            build(writing, make_spec(name), [make_point(n) for n in range(1000 * thousand, 1000 * thousand + 1000)])
        assert eventually(lambda: note(seen, people) and max(seen) > 4)
        enough = len(seen) + 100
        assert eventually(lambda: note(seen, people) > enough)
        assert seen == sorted(seen)
        assert people.count([]) == 4000
        assert people.count(NEW) == 1
    assert [r.message for r in caplog.records if r.levelno >= logging.WARNING] == []


def test_browsing_while_one_large_change_removes_people(
    qdrant: QdrantAddress, tmp_path: Path, writing: ServerStore, name: str
) -> None:
    """One person is gone each time that the reader looks who they are; the change is not done for long."""
    going = [f"p{n}" for n in range(SIZE)]
    with raw(qdrant) as client, between(qdrant, tmp_path / "home", name, "points", lambda: remove()) as store:
        place = next(a.collection_name for a in client.get_aliases().aliases if a.alias_name == name)

        def remove() -> None:
            if begun.is_set():
                client.delete(place, models.PointIdsList(points=[str(point_id(going.pop(0)))]), wait=True)

        begun = threading.Event()
        people = store.open(name)
        control, live = writing._control, writing._of(name).opened()
        change = Change(live.build, 1, (), tuple(going), 0, "0" * 32)
        control.begin(change)
        begun.set()
        assert "changes faster" in str(raised(lambda: people.browse([], [], SIZE)))
        begun.clear()
        for one in going:
            client.delete(place, models.PointIdsList(points=[str(point_id(one))]), wait=True)
        finish_change(writing._server, writing._of(name), control, live, change)
        assert people.browse([], [], SIZE) == []


def test_a_check_while_changes_are_made(qdrant: QdrantAddress, tmp_path: Path, writing: ServerStore, name: str) -> None:
    add = adding(writing, name)
    changes = iter([add] * 2)
    with between(qdrant, tmp_path / "home", name, SCAN, lambda: next(changes, lambda: None)()) as store:
        assert store.verify(name) == []
        assert next(changes, None) is None
    with between(qdrant, tmp_path / "home", name, SCAN, add) as store:
        assert "was changed each time" in str(raised(lambda: store.verify(name)))


def test_a_look_for_damage_while_a_change_is_made(
    qdrant: QdrantAddress, tmp_path: Path, writing: ServerStore, name: str
) -> None:
    with between(qdrant, tmp_path / "home", name, "points/count", adding(writing, name)) as store:
        assert name not in store.damaged()
