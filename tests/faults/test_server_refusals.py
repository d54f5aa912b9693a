"""Statuses 500, 503 and 429, once and for ever, and connections that break off: tried once more, nothing doubled."""

from __future__ import annotations

import logging
import re
from collections.abc import Iterator
from pathlib import Path

import pytest
from server_people import SIZE, answers, name_of_one, opened, raised, raw, took

from bad_server import BadServer, Behaviour, answer, half_handed_on, in_turn, passing_on, reset, version, when
from qdrant_process import QdrantAddress
from techfinder.errors import StoreUnavailable
from techfinder.testing.store_samples import build, make_points, make_spec, vector_of

BUSY = {"status": {"error": "Too many requests"}, "time": 0}
FAILURES: dict[str, Behaviour] = {
    "500": answer(500, {"status": {"error": "Service internal error: task panicked"}, "time": 0}),
    "502": answer(502, b"<html>bad gateway</html>", {"content-type": "text/html"}),
    "503": answer(503, b""),
    "408": answer(408, b""),
    "429": answer(429, BUSY),
    "429 soon": answer(429, BUSY, {"retry-after": "1"}),
    "429 date": answer(429, BUSY, {"retry-after": "Wed, 21 Oct 2026 07:28:00 GMT"}),
    "reset": reset,
}


@pytest.fixture
def name(qdrant: QdrantAddress, tmp_path: Path) -> Iterator[str]:
    """A collection of SIZE people."""
    name = name_of_one("refused")
    with opened(qdrant, tmp_path / "first") as store:
        build(store, make_spec(name), make_points(SIZE))
        yield name


def good(qdrant: QdrantAddress) -> Behaviour:
    return passing_on(port_of(qdrant))


def port_of(qdrant: QdrantAddress) -> int:
    return int(qdrant.url.rpartition(":")[2])


@pytest.mark.parametrize("kind", FAILURES)
def test_one_failure_is_not_noticed(qdrant: QdrantAddress, tmp_path: Path, name: str, kind: str) -> None:
    bad_once = when("points/query", in_turn(FAILURES[kind], good(qdrant)), good(qdrant))
    with (
        BadServer(bad_once) as bad,
        opened(QdrantAddress(bad.url, 0), tmp_path / "b", store_timeout_s=5) as store,
        opened(qdrant, tmp_path / "a") as sound,
    ):
        found, seconds = took(lambda: answers(store.open(name)))
        assert found == answers(sound.open(name))
        assert seconds >= (1.0 if kind == "429 soon" else 0.0)  # it asked to wait that long
        assert len([a for a in bad.asked if "points/query" in a]) == 3


@pytest.mark.parametrize("kind", FAILURES)
def test_failing_for_ever_is_an_error_in_words(qdrant: QdrantAddress, tmp_path: Path, name: str, kind: str) -> None:
    for_ever = when("points/query", FAILURES[kind], good(qdrant))
    with (
        BadServer(for_ever) as bad,
        opened(QdrantAddress(bad.url, 0), tmp_path / "b", store_timeout_s=2) as store,
    ):
        people = store.open(name)
        error, seconds = took(lambda: people.search(vector_of(1), [], 5))
        assert isinstance(error, StoreUnavailable)
        assert f"searching in '{name}" in str(error)
        assert "Traceback" not in str(error)
        assert seconds < 4  # twice the limit
        assert people.count([]) == SIZE


def test_to_wait_longer_than_there_is_time_is_refused_at_once(tmp_path: Path) -> None:
    with (
        BadServer(when("aliases", answer(429, BUSY, {"retry-after": "3600"}), version())) as bad,
        opened(QdrantAddress(bad.url, 0), tmp_path, store_timeout_s=5) as store,
    ):
        error, seconds = took(store.collections)
    assert isinstance(error, StoreUnavailable)
    assert "asks to wait 3600 s" in str(error)
    assert seconds < 5  # the limit


def test_a_failure_is_logged_once_with_what_was_done(
    qdrant: QdrantAddress, tmp_path: Path, name: str, caplog: pytest.LogCaptureFixture
) -> None:
    bad_once = when("points/query", in_turn(FAILURES["503"], good(qdrant)), good(qdrant))
    with BadServer(bad_once) as bad, opened(QdrantAddress(bad.url, 0), tmp_path / "b") as store:
        store.open(name).search(vector_of(1), [], 5)
    warnings = [r.message for r in caplog.records if r.levelno >= logging.WARNING]
    assert len(warnings) == 1
    assert "503" in warnings[0]
    assert warnings[0].endswith("Trying once more.")


WRITES = {
    "create": r"PUT /collections/{name}[^/]* ",
    "index": r"PUT /collections/{name}\S*/index",
    "upsert": r"PUT /collections/{name}\S*/points\?",
    "delete": r"POST /collections/{name}\S*/points/delete",
    "note": r"PATCH /collections/{name}",
    "alias": r"POST /collections/aliases",
    "lease": r"PUT /collections/techfinder.control/points",
    "end of lease": r"POST /collections/techfinder.control/points/delete",
    "renewal": r"POST /collections/techfinder.control/points/payload",
}


@pytest.mark.parametrize("write", WRITES)
def test_a_write_whose_answer_is_lost_is_done_once(qdrant: QdrantAddress, tmp_path: Path, write: str) -> None:
    """The server did it, the connection broke off before it said so."""
    name = name_of_one("lost")
    pattern = WRITES[write].format(name=name)
    lossy = in_turn(passing_on(port_of(qdrant), cut_after=0), good(qdrant))
    with BadServer(when(pattern, lossy, good(qdrant))) as bad:
        with opened(QdrantAddress(bad.url, 0), tmp_path / "b") as store:
            build(store, make_spec(name), make_points(SIZE))
            writer = store.write(make_spec(name))
            writer.delete(["p1"])
            writer.upsert(make_points(SIZE + 5)[SIZE:])
            writer.seal()
            writer.publish()
            assert store.verify(name) == []
            assert store.generations(name)[0].points == SIZE + 4
        assert len([a for a in bad.asked if re.search(pattern, f"{a} ")]) >= 2
    with opened(qdrant, tmp_path / "a") as store, raw(qdrant) as client:
        assert store.verify(name) == []
        assert len(store.open(name).browse([], [], 1000)) == SIZE + 4
        assert len([c for c in client.get_collections().collections if c.name.startswith(f"{name}.")]) == 1


def test_what_went_live_stays_when_nobody_says_so(qdrant: QdrantAddress, tmp_path: Path, name: str) -> None:
    """The server moves the alias, and each answer to that is lost: the writer gives up, and removes nothing."""
    lost = when("POST /collections/aliases", passing_on(port_of(qdrant), cut_after=0), good(qdrant))
    with BadServer(lost) as bad, opened(QdrantAddress(bad.url, 0), tmp_path / "b", store_timeout_s=5) as store:
        error = raised(lambda: build(store, make_spec(name), make_points(SIZE + 3), fresh=True))
        assert isinstance(error, StoreUnavailable)
    with opened(qdrant, tmp_path / "a") as sound:
        assert sound.verify(name) == []
        assert sound.open(name).count([]) == SIZE + 3


def test_an_old_generation_that_cannot_be_removed_stops_no_new_one(
    qdrant: QdrantAddress, tmp_path: Path, name: str, caplog: pytest.LogCaptureFixture
) -> None:
    twice = when(f"DELETE /collections/{name}", in_turn(*[FAILURES["500"]] * 2, good(qdrant)), good(qdrant))
    with BadServer(twice) as bad, opened(QdrantAddress(bad.url, 0), tmp_path / "b", keep_generations=1) as store:
        assert build(store, make_spec(name), make_points(SIZE + 3), fresh=True).number == 2
        assert "The next one that goes live removes it." in caplog.text
        assert [g.number for g in store.generations(name)] == [1, 2]
        assert build(store, make_spec(name), make_points(SIZE + 5), fresh=True).number == 3
        assert [g.number for g in store.generations(name)] == [3]
        assert store.verify(name) == []


def test_an_upsert_cut_in_the_middle_of_its_request_doubles_nothing(qdrant: QdrantAddress, tmp_path: Path) -> None:
    """Half of the request arrives, then the connection breaks off: the server takes none of it."""
    name = name_of_one("cut")
    cutting = in_turn(half_handed_on(port_of(qdrant)), good(qdrant))
    with (
        BadServer(when(rf"PUT /collections/{name}\S*/points\?", cutting, good(qdrant))) as bad,
        opened(QdrantAddress(bad.url, 0), tmp_path / "b") as store,
    ):
        build(store, make_spec(name), make_points(SIZE))
        assert store.verify(name) == []
        assert store.generations(name)[0].points == SIZE


def test_writing_that_fails_for_ever_leaves_what_was_live(qdrant: QdrantAddress, tmp_path: Path, name: str) -> None:
    with opened(qdrant, tmp_path / "a") as sound:
        expected = answers(sound.open(name))
        for_ever = when(rf"PUT /collections/{name}\S*/points\?", FAILURES["500"], good(qdrant))
        with BadServer(for_ever) as bad, opened(QdrantAddress(bad.url, 0), tmp_path / "b", store_timeout_s=2) as store:
            writing = raised(lambda: build(store, make_spec(name), make_points(SIZE + 3), fresh=True))
            assert isinstance(writing, StoreUnavailable)
        assert answers(sound.open(name)) == expected
        assert sound.verify(name) == []
        sound.write(make_spec(name)).discard()  # the lease was given back
        assert len(sound.generations(name)) == 1
