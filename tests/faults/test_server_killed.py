"""Kill -9 of Qdrant and of a writer, at any step: nothing lost or doubled, readers go on, the next run mends it."""

from __future__ import annotations

import re
import socket
import subprocess
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from server_people import SIZE, answers, opened, own_qdrant, raised, raw, took
from server_writer import CHANGED, GONE, PEOPLE

from bad_server import BadServer, passing_on
from qdrant_process import QdrantAddress, QdrantProcess
from techfinder.errors import StoreUnavailable
from techfinder.interfaces import Collection
from techfinder.models import Profile
from techfinder.store.server.store import ServerStore
from techfinder.testing.store_samples import any_of, build, eventually, make_points, make_spec, vector_of

SCRIPT = Path(__file__).with_name("server_writer.py")
FIRST = {p.profile.id: p.profile for p in make_points(PEOPLE)}
SECOND = {i: p for i, p in FIRST.items() if i not in GONE} | {p.profile.id: p.profile for p in CHANGED}


def port_of(address: QdrantAddress) -> int:
    return int(address.url.rpartition(":")[2])


def people_of(store: ServerStore, name: str) -> dict[str, Profile]:
    """Everyone, from a reader of its own; fails when one comes twice."""
    reader = store.open(name)
    profiles = reader.browse([], [], 1000)
    found = {p.id: p for p in profiles}
    assert len(found) == len(profiles) == reader.count([])
    assert {h.profile.id for h in reader.search(vector_of(1), [], 1000, exact=True)} == set(found)
    return found


# --- Qdrant itself ---------------------------------------------------------------------------------


@pytest.fixture
def qdrant_of_mine(tmp_path: Path) -> Iterator[QdrantProcess]:
    with own_qdrant(tmp_path / "qdrant") as server:
        yield server


@pytest.mark.parametrize("grpc", [True, False], ids=["grpc", "rest"])
def test_reading_goes_on_after_qdrant_was_killed(qdrant_of_mine: QdrantProcess, tmp_path: Path, grpc: bool) -> None:
    server = qdrant_of_mine
    changes = {} if grpc else {"qdrant_grpc_port": 0}
    with opened(server.address, tmp_path / "home", store_timeout_s=3, **changes) as store:
        build(store, make_spec("people"), make_points(SIZE))
        people = store.open("people")
        expected = answers(people)
        for _ in range(2):
            server.kill()
            error, seconds = took(lambda: people.search(vector_of(1), [], 5))
            assert isinstance(error, StoreUnavailable)
            assert seconds < 6  # twice the limit
            assert people.count([]) == SIZE  # from what was read before
            server.restart()
            assert answers(people) == expected
        assert store.verify("people") == []


def test_searches_while_qdrant_is_killed_are_right_or_fail(qdrant_of_mine: QdrantProcess, tmp_path: Path) -> None:
    server = qdrant_of_mine
    with opened(server.address, tmp_path / "home", store_timeout_s=3) as store:
        build(store, make_spec("people"), make_points(SIZE))
        people = store.open("people")
        expected = [h.profile.id for h in people.search(vector_of(1), [], 10)]
        found: list[object] = []
        stop = threading.Event()

        def search() -> None:
            while not stop.is_set():
                found.append(took(lambda: [h.profile.id for h in people.search(vector_of(1), [], 10)])[0])

        threads = [threading.Thread(target=search) for _ in range(4)]
        for thread in threads:
            thread.start()
        assert eventually(lambda: expected in found)
        server.kill()
        assert eventually(lambda: any(isinstance(f, StoreUnavailable) for f in found))
        server.restart()
        last = len(found)
        assert eventually(lambda: expected in found[last:])
        stop.set()
        for thread in threads:
            thread.join()
        assert all(f == expected or isinstance(f, StoreUnavailable) for f in found)


def test_a_build_that_lost_its_server_leaves_nothing_behind(qdrant_of_mine: QdrantProcess, tmp_path: Path) -> None:
    server = qdrant_of_mine
    with opened(server.address, tmp_path / "home", store_timeout_s=3) as store:
        build(store, make_spec("people"), make_points(SIZE))
        writer = store.write(make_spec("people"), fresh=True)
        writer.upsert(make_points(PEOPLE)[:30])
        server.kill()
        assert isinstance(raised(lambda: writer.upsert(make_points(PEOPLE)[30:])), StoreUnavailable)
        writer.discard()
        server.restart()
    with opened(server.address, tmp_path / "home") as store:
        assert set(people_of(store, "people")) == {p.profile.id for p in make_points(SIZE)}
        assert store.verify("people") == []
        # The claim that the server has still is one of this process, and nobody holds it any more.
        build(store, make_spec("people"), make_points(PEOPLE))
        assert people_of(store, "people") == FIRST


@pytest.mark.parametrize("restarted", ["at once", "later"])
def test_a_build_goes_on_when_the_server_is_back(qdrant_of_mine: QdrantProcess, tmp_path: Path, restarted: str) -> None:
    """What was acknowledged before is there after."""
    server = qdrant_of_mine
    with opened(server.address, tmp_path / "home", store_timeout_s=3) as store:
        writer = store.write(make_spec("people"))
        writer.upsert(make_points(PEOPLE)[:30])
        server.kill()
        if restarted == "later":
            raised(lambda: writer.upsert(make_points(PEOPLE)[30:]))
        server.restart()
        writer.upsert(make_points(PEOPLE)[30:])
        assert writer.seal().points == PEOPLE
        writer.publish()
        assert people_of(store, "people") == FIRST
        assert store.verify("people") == []


@pytest.mark.parametrize(
    "step",
    [
        r"techfinder.control/points\?",
        pytest.param(r"people\S*/points\?", marks=pytest.mark.slow),
        pytest.param(r"people\S*/points/delete", marks=pytest.mark.slow),
        pytest.param(r"PATCH \S*people", marks=pytest.mark.slow),
    ],
)
@pytest.mark.parametrize("done", [False, True], ids=["before", "after"])
def test_a_change_in_place_that_lost_its_server_is_finished_by_the_next_run(
    qdrant_of_mine: QdrantProcess, tmp_path: Path, step: str, done: bool
) -> None:
    """Killed when a certain request of the change arrives, before or after it was done."""
    server = qdrant_of_mine
    armed = threading.Event()

    def behave(bad: BadServer, connection: socket.socket) -> None:
        hit = armed.is_set() and re.search(step, first_line(connection))
        if not hit or done:
            passing_on(server.port, cut_after=0 if hit else None)(bad, connection)
        if hit:
            armed.clear()
            server.kill()

    with (
        BadServer(behave) as between,
        opened(QdrantAddress(between.url, 0), tmp_path / "home", lease_s=0.3, store_timeout_s=3) as store,
    ):
        build(store, make_spec("people"), make_points(PEOPLE))
        reader = store.open("people")
        writer = store.write(make_spec("people"))
        writer.upsert(CHANGED)
        writer.delete(GONE)
        writer.seal()
        armed.set()
        assert isinstance(raised(writer.publish), StoreUnavailable)
        writer.discard()
        server.restart()
        _mended(store, reader)


# --- a writer --------------------------------------------------------------------------------------------


@contextmanager
def writing(address: QdrantAddress, home: Path, name: str, what: str) -> Iterator[subprocess.Popen[bytes]]:
    """A process that writes; killed at the end if it is still there."""
    arguments = [sys.executable, str(SCRIPT), address.url, str(address.grpc_port), str(home), name, what]
    process = subprocess.Popen(arguments, stdin=subprocess.DEVNULL)
    try:
        yield process
    finally:
        process.kill()
        process.wait(10)


def killed_at(address: QdrantAddress, home: Path, name: str, what: str, step: int, done: bool) -> bool:
    """Let a process write, and kill it when its so many-th request that writes arrives. Whether there were so many."""
    seen = iter(range(step - 1))
    lock = threading.Lock()
    victims: list[subprocess.Popen[bytes]] = []
    hit = threading.Event()

    def behave(bad: BadServer, connection: socket.socket) -> None:
        with lock:
            last = writes(first_line(connection)) and next(seen, None) is None and not hit.is_set()
            if last:
                hit.set()
        if not last or done:
            passing_on(port_of(address), cut_after=0 if last else None)(bad, connection)
        if last:
            victims[0].kill()

    with BadServer(behave) as between, writing(QdrantAddress(between.url, 0), home, name, what) as process:
        victims.append(process)
        process.wait(30)
        return hit.is_set()


def first_line(connection: socket.socket) -> str:
    return connection.recv(1 << 12, socket.MSG_PEEK).partition(b"\r\n")[0].decode("latin-1")


def writes(request: str) -> bool:
    return bool(re.match(r"(PUT|PATCH|POST \S*(/delete|/payload|/batch|aliases))", request))


def _mended(store: ServerStore, reader: Collection) -> None:
    """Readers are sound now, the next run ends in the second state, and readers see it."""
    before = people_of(store, "people")
    assert all(before.get(i) in (FIRST.get(i), SECOND.get(i)) for i in FIRST | SECOND)
    assert eventually(lambda: reader.count([]) == len(before))
    assert {p.id: p for p in reader.browse([], [], 1000)} == before
    assert eventually(lambda: _second_state(store))
    assert store.verify("people") == []
    assert people_of(store, "people") == SECOND
    assert eventually(lambda: reader.count([any_of("sector", "New")]) == len(CHANGED))
    assert {p.id: p for p in reader.browse([], [], 1000)} == SECOND


def _second_state(store: ServerStore) -> bool:
    """The same run again, once the claim of the last one is over."""

    def again() -> None:
        writer = store.write(make_spec("people"))
        writer.upsert(CHANGED)
        writer.delete(GONE)
        writer.seal()
        writer.publish()

    return took(again)[0] is None


@pytest.fixture
def mine(qdrant_of_mine: QdrantProcess, tmp_path: Path) -> Iterator[tuple[QdrantAddress, ServerStore]]:
    """A server with PEOPLE in the collection ``people``, and a store on it."""
    with opened(qdrant_of_mine.address, tmp_path / "home") as store:
        build(store, make_spec("people"), make_points(PEOPLE))
        yield qdrant_of_mine.address, store


Mine = tuple[QdrantAddress, ServerStore]


def _kill_and_mend(mine: Mine, tmp_path: Path, step: int, done: bool) -> bool:
    address, store = mine
    reader = store.open("people")
    hit = killed_at(address, tmp_path / "writer", "people", "change", step, done)
    people = people_of(store, "people")
    assert eventually(lambda: reader.count([]) == len(people))
    store.write(make_spec("people")).discard()  # the claim of a process that is gone keeps no one out
    assert store.verify("people") == []
    assert people_of(store, "people") == people
    _mended(store, reader)
    return hit


def test_a_writer_killed_in_a_change_in_place(mine: Mine, tmp_path: Path) -> None:
    assert _kill_and_mend(mine, tmp_path, 3, done=True)


@pytest.mark.slow
@pytest.mark.parametrize("done", [False, True], ids=["before", "after"])
@pytest.mark.parametrize("step", range(1, 9))
def test_a_writer_killed_at_any_step_of_a_change_in_place(mine: Mine, tmp_path: Path, step: int, done: bool) -> None:
    assert _kill_and_mend(mine, tmp_path, step, done) or step > 7


def test_check_tells_of_a_change_that_was_broken_off(mine: Mine, tmp_path: Path) -> None:
    address, store = mine
    reader = store.open("people")
    assert killed_at(address, tmp_path / "writer", "people", "change", 4, done=True)
    assert store.verify("people") == ["a change was broken off: the next index run finishes it"]
    assert store.damaged() == {}
    with opened(address, tmp_path / "fresh") as other:  # nothing is kept there: it reads what there is
        found = people_of(other, "people")
    assert found.keys() == people_of(store, "people").keys()
    assert eventually(lambda: len(reader.browse([], [], 1000)) == reader.count([]) == len(found))


def _build_and_sweep(address: QdrantAddress, tmp_path: Path, step: int, done: bool) -> bool:
    with opened(address, tmp_path / "home") as store, raw(address) as client:
        build(store, make_spec("people"), make_points(SIZE))
        hit = killed_at(address, tmp_path / "writer", "people", "build", step, done)
        before = people_of(store, "people")
        assert len(before) in (SIZE, PEOPLE)
        assert store.verify("people") == []
        build(store, make_spec("people"), make_points(PEOPLE))
        assert people_of(store, "people") == FIRST
        assert store.verify("people") == []
        left = [c.name for c in client.get_collections().collections if c.name.startswith("people.")]
        assert len(left) == len(store.generations("people"))
        return hit


@pytest.mark.slow
def test_a_writer_killed_in_a_build(qdrant_of_mine: QdrantProcess, tmp_path: Path) -> None:
    assert _build_and_sweep(qdrant_of_mine.address, tmp_path, 2, done=True)


@pytest.mark.slow
@pytest.mark.parametrize("done", [False, True], ids=["before", "after"])
@pytest.mark.parametrize("step", range(1, 14))
def test_a_writer_killed_at_any_step_of_a_build(
    qdrant_of_mine: QdrantProcess, tmp_path: Path, step: int, done: bool
) -> None:
    assert _build_and_sweep(qdrant_of_mine.address, tmp_path, step, done) or step > 11
