"""Servers that take a connection and say nothing, half of it, or a byte at a time: no call outlives its time."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from pathlib import Path

import pytest
from server_people import SIZE, answers, name_of_one, opened, own_qdrant, raw, took

from bad_server import (
    BadServer,
    Behaviour,
    answer,
    dripping,
    half_an_answer,
    in_turn,
    passing_on,
    silent,
    version,
    when,
)
from qdrant_process import QdrantAddress, QdrantProcess
from techfinder.errors import StoreUnavailable
from techfinder.interfaces import Collection, FacetRequest
from techfinder.store.server import connection
from techfinder.store.server.store import ServerStore
from techfinder.testing.store_samples import any_of, build, eventually, make_points, make_spec, vector_of

LIMIT_S, LONG_S = 1.0, 120.0
SLACK_S = 0.8
"""Less than the limit: to wait twice for it would be found."""
SILENCES: dict[str, Behaviour] = {
    "silent": silent,
    "half an answer": half_an_answer,
    "dripping body": dripping("HTTP/1.1 200 OK\r\ncontent-length: 100000\r\n\r\n", " "),
    "dripping chunks": dripping("HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n", "1\r\n \r\n"),
    "dripping head": dripping("HTTP/1.1 200 OK\r\n", "x: y\r\n"),
    "dripping first line": dripping("", "H"),
    "early hints": dripping("", "HTTP/1.1 103 Early Hints\r\n\r\n"),
}


def port_of(address: QdrantAddress) -> int:
    return int(address.url.rpartition(":")[2])


@pytest.mark.parametrize("kind", SILENCES)
def test_a_first_call_ends_in_time(tmp_path: Path, kind: str) -> None:
    with (
        BadServer(SILENCES[kind]) as bad,
        opened(QdrantAddress(bad.url, bad.port), tmp_path, store_timeout_s=LIMIT_S) as store,
    ):
        error, seconds = took(store.collections)
    assert isinstance(error, StoreUnavailable)
    assert bad.url in str(error)
    assert seconds < LIMIT_S + SLACK_S


CALLS: dict[str, Callable[[ServerStore, Collection, str], object]] = {
    "count": lambda s, c, n: c.count([any_of("sector", "Arts")]),
    "facets": lambda s, c, n: c.facets([FacetRequest("sector", (), "sector")]),
    "search": lambda s, c, n: c.search(vector_of(1), [], 5),
    "browse": lambda s, c, n: c.browse([], [], 5),
    "retrieve": lambda s, c, n: c.retrieve(["p1"]),
    "check": lambda s, c, n: c.check(),
    "collections": lambda s, c, n: s.collections(),
    "damaged": lambda s, c, n: s.damaged(),
    "verify": lambda s, c, n: s.verify(n),
    "ledger": lambda s, c, n: s.ledger(n),
    "open": lambda s, c, n: s.open(n),
    "write": lambda s, c, n: s.write(make_spec(n)),
    "drop": lambda s, c, n: s.drop(n),
}


@pytest.fixture(scope="module")
def stopping(tmp_path_factory: pytest.TempPathFactory) -> Iterator[QdrantProcess]:
    """A server that is stopped in its tracks, and goes on, at each call."""
    with own_qdrant(tmp_path_factory.mktemp("qdrant")) as server:
        yield server


@pytest.mark.parametrize("call", CALLS)
def test_every_call_ends_in_time_when_the_server_stops_in_its_tracks(
    stopping: QdrantProcess, tmp_path: Path, call: str
) -> None:
    """Connections are taken by the system, as with a process that hangs; gRPC and REST alike."""
    name, server = name_of_one("stuck"), stopping
    with opened(server.address, tmp_path / "home", store_timeout_s=LIMIT_S) as store, ExitStack() as afterwards:
        build(store, make_spec(name), make_points(SIZE))
        people = store.open(name)
        expected = answers(people)
        afterwards.callback(server.resume)
        server.pause()
        people.look_now()
        found, seconds = took(lambda: CALLS[call](store, people, name))
        assert seconds < 2 * LIMIT_S + SLACK_S
        if call in ("count", "facets"):  # these are answered from what was read before
            assert not isinstance(found, Exception)
        else:
            assert isinstance(found, StoreUnavailable)
            assert "no answer" in str(found)
        server.resume()
        assert answers(people) == expected
        assert store.verify(name) == []


def test_many_callers_do_not_wait_in_a_row(tmp_path: Path) -> None:
    with BadServer(silent) as bad, opened(QdrantAddress(bad.url, 0), tmp_path, store_timeout_s=LIMIT_S) as store:
        found: list[tuple[object, float]] = []
        threads = [threading.Thread(target=lambda: found.append(took(store.collections))) for _ in range(8)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
    assert len(found) == 8
    assert all(isinstance(error, StoreUnavailable) and seconds < LIMIT_S + SLACK_S for error, seconds in found)


def test_a_server_that_hangs_is_found_out_and_asked_by_one(
    stopping: QdrantProcess, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """All threads of a web process would wait for it else, for as long as the timeout says, and again each time."""
    name = name_of_one("frozen")
    with opened(stopping.address, tmp_path / "home") as store:
        build(store, make_spec(name), make_points(SIZE))
    monkeypatch.setattr(connection, "_PATIENCE_S", 1.0)
    monkeypatch.setattr(connection, "_PATIENCE_SHARE", 1000)
    with opened(stopping.address, tmp_path / "home", store_timeout_s=LONG_S) as store, ExitStack() as afterwards:
        people = store.open(name)
        expected = answers(people)
        afterwards.callback(stopping.resume)
        stopping.pause()
        with ThreadPoolExecutor(8) as threads:
            found = list(threads.map(lambda _: took(lambda: people.search(vector_of(1), [], 5)), range(24)))
        assert all(isinstance(error, StoreUnavailable) and "not even its name" in str(error) for error, _ in found)
        assert max(seconds for _, seconds in found) < 10.0
        assert sorted(seconds for _, seconds in found)[15] < 1.0, "those who come later are told at once"
        stopping.resume()
        assert eventually(lambda: took(lambda: answers(people))[0] == expected)


def test_a_write_that_hangs_ends_in_time_and_so_does_giving_up(tmp_path: Path) -> None:
    name = name_of_one("hangs")
    with own_qdrant(tmp_path / "qdrant") as server:
        with opened(server.address, tmp_path / "home", lease_s=0.5, store_timeout_s=LIMIT_S) as store:
            writer = store.write(make_spec(name))
            server.pause()
            error, seconds = took(lambda: writer.upsert(make_points(SIZE)))
            assert isinstance(error, StoreUnavailable)
            assert seconds < LIMIT_S + SLACK_S
            _, seconds = took(writer.discard)
            assert seconds < LIMIT_S + SLACK_S
            server.resume()
        with opened(server.address, tmp_path / "home2", lease_s=0.5) as store, raw(server.address) as client:
            assert eventually(lambda: _can_write(store, name))
            assert [c.name for c in client.get_collections().collections if c.name.startswith(name)] == []


def _can_write(store: ServerStore, name: str) -> bool:
    found, _ = took(lambda: store.write(make_spec(name)).discard())
    return found is None


def test_an_answer_that_comes_late_is_waited_for(qdrant: QdrantAddress, tmp_path: Path) -> None:
    """A slow server is no broken one: what takes less than the limit is answered."""
    name = name_of_one("slow")
    with opened(qdrant, tmp_path / "a") as store:
        build(store, make_spec(name), make_points(SIZE))
        expected = answers(store.open(name))
    inner = passing_on(port_of(qdrant))

    def slowly(server: BadServer, connection: object) -> None:
        server.stopped.wait(0.1)
        inner(server, connection)  # type: ignore[arg-type]

    with BadServer(slowly) as slow, opened(QdrantAddress(slow.url, 0), tmp_path / "b", store_timeout_s=2) as store:
        assert answers(store.open(name)) == expected


def test_a_long_answer_that_never_ends_is_cut(tmp_path: Path) -> None:
    """It fills no memory: the connection ends at the limit in bytes or in seconds."""

    def endless(server: BadServer, connection: object) -> None:
        server.request(connection)  # type: ignore[arg-type]
        connection.sendall(b"HTTP/1.1 200 OK\r\ncontent-type: application/json\r\n\r\n[")  # type: ignore[attr-defined]
        while not server.stopped.is_set():
            connection.sendall(b" " * (1 << 20))  # type: ignore[attr-defined]

    with BadServer(endless) as bad, opened(QdrantAddress(bad.url, 0), tmp_path, store_timeout_s=LIMIT_S) as store:
        error, seconds = took(store.collections)
    assert isinstance(error, StoreUnavailable)
    assert seconds < LIMIT_S + SLACK_S


def test_one_silent_answer_among_good_ones_is_an_error_and_no_hang(qdrant: QdrantAddress, tmp_path: Path) -> None:
    """The connection is fine, then one question of many is never answered."""
    name = name_of_one("once")
    with opened(qdrant, tmp_path / "a") as store:
        build(store, make_spec(name), make_points(SIZE))
        expected = answers(store.open(name))
    good = passing_on(port_of(qdrant))
    with (
        BadServer(when("points/query", in_turn(silent, good), good)) as bad,
        opened(QdrantAddress(bad.url, 0), tmp_path / "b", store_timeout_s=LIMIT_S) as store,
    ):
        people = store.open(name)
        error, seconds = took(lambda: people.search(vector_of(1), [], 5))
        assert isinstance(error, StoreUnavailable)
        assert seconds < LIMIT_S + SLACK_S
        assert answers(people) == expected


def test_tls_that_is_never_spoken_ends_in_time(tmp_path: Path) -> None:
    with (
        BadServer(silent) as bad,
        opened(QdrantAddress(bad.url.replace("http", "https"), bad.port), tmp_path, store_timeout_s=LIMIT_S) as store,
    ):
        error, seconds = took(store.collections)
    assert isinstance(error, StoreUnavailable)
    assert seconds < LIMIT_S + SLACK_S


def test_a_version_that_is_never_told_ends_in_time(tmp_path: Path) -> None:
    with (
        BadServer(in_turn(answer(503), silent, version())) as bad,
        opened(QdrantAddress(bad.url, 0), tmp_path, store_timeout_s=LIMIT_S) as store,
    ):
        error, seconds = took(store.collections)
    assert isinstance(error, StoreUnavailable)
    assert seconds < LIMIT_S + SLACK_S
