"""Addresses that lead nowhere, or to something else: each a clear error, at once."""

from __future__ import annotations

import base64
import logging
from pathlib import Path
from typing import Any

import pytest
from server_people import SIZE, answers, name_of_one, opened, own_qdrant, raised, raw, took

from bad_server import BadServer, Behaviour, answer, closed_port, in_turn, passing_on, reset, silent, version, when
from qdrant_process import QdrantAddress
from techfinder.errors import StoreError, StoreUnavailable
from techfinder.testing.store_samples import build, make_points, make_spec

NO_QDRANT: dict[str, Behaviour] = {
    "html": answer(200, b"<!doctype html><title>Welcome to nginx</title>", {"content-type": "text/html"}),
    "html 404": answer(404, b"<html>not found</html>", {"content-type": "text/html"}),
    "other json": answer(200, {"name": "elastic", "tagline": "You Know, for Search"}),
    "json list": answer(200, [1, 2]),
    "json null": answer(200, None),
    "empty": answer(200, b""),
    "nothing": answer(204, b""),
    "redirect": answer(301, b"", {"location": "https://elsewhere.invalid/"}),
    "login": answer(302, b"", {"location": "/login"}),
    "bytes": answer(200, b"\xff\xfe\x00\x01"),
    "nested": answer(200, b"[" * 100_000),
    "number": answer(200, b'{"title": 3, "version": "1.16.3"}'),
    "other title": version(title="chroma"),
    "no version": version(""),
    "odd version": version("one.two"),
}


def port_of(url: str) -> int:
    return int(url.rpartition(":")[2])


@pytest.mark.parametrize("kind", NO_QDRANT)
def test_what_is_no_qdrant_is_said_to_be_none(tmp_path: Path, kind: str) -> None:
    with BadServer(NO_QDRANT[kind]) as bad, opened(QdrantAddress(bad.url, 0), tmp_path) as store:
        for question in (store.collections, lambda: store.open("people"), lambda: store.write(make_spec("people"))):
            error = raised(question)
            assert bad.url in str(error)
            assert not isinstance(error, StoreUnavailable)
            assert "TECHFINDER_QDRANT_URL" in str(error) or "version" in kind


@pytest.mark.parametrize("number", ["1.14.9", "1.19.0", "0.17.0", "2.17.0"])
def test_a_server_of_a_far_version_is_refused(tmp_path: Path, number: str) -> None:
    with BadServer(version(number)) as bad, opened(QdrantAddress(bad.url, 0), tmp_path) as store:
        error = raised(store.collections)
        assert f"runs Qdrant {number}" in str(error)
        assert "Run a server 1.16 to 1.18" in str(error)
        assert not isinstance(error, StoreUnavailable)
        assert bad.asked == ["GET /"]


def test_another_product_with_versions_of_its_own_is_refused(tmp_path: Path) -> None:
    with BadServer(version(title="chroma")) as bad, opened(QdrantAddress(bad.url, 0), tmp_path) as store:
        assert "answers as 'chroma', not as Qdrant" in str(raised(store.collections))
        assert bad.asked == ["GET /"]


@pytest.mark.parametrize("number", ["1.16.0", "1.18.9-dev"])
def test_a_server_of_a_near_version_is_taken(tmp_path: Path, number: str) -> None:
    there = when("aliases", answer(200, {"time": 0, "status": "ok", "result": {"aliases": []}}), version(number))
    with BadServer(there) as bad, opened(QdrantAddress(bad.url, 0), tmp_path) as store:
        assert store.collections() == []


def test_an_answer_without_result_is_no_answer(tmp_path: Path) -> None:
    there = when("aliases", answer(200, {"time": 0, "status": "ok", "result": None}), version())
    with BadServer(there) as bad, opened(QdrantAddress(bad.url, 0), tmp_path) as store:
        assert "not one of Qdrant" in str(raised(store.collections))


@pytest.mark.parametrize("grpc", [True, False], ids=["grpc", "rest"])
def test_a_closed_port_is_said_so_at_once(tmp_path: Path, grpc: bool) -> None:
    url = f"http://127.0.0.1:{closed_port()}"
    with opened(QdrantAddress(url, closed_port() if grpc else 0), tmp_path) as store:
        error, seconds = took(store.collections)
    assert isinstance(error, StoreUnavailable)
    assert "cannot connect" in str(error)
    assert url in str(error)
    assert seconds < 5


def test_a_name_that_does_not_exist_is_said_so(tmp_path: Path) -> None:
    with opened(QdrantAddress("http://qdrant.invalid:6333", 0), tmp_path, store_timeout_s=5) as store:
        error, seconds = took(store.collections)
    assert isinstance(error, StoreUnavailable)
    assert "cannot connect" in str(error)
    assert seconds < 10  # twice the limit


@pytest.mark.parametrize(
    "url",
    [
        "localhost:6333",
        "ftp://localhost:6333",
        "http://",
        "http://localhost:99999",
        "http://localhost:0",
        "http://[::1",
        "http://localhost:6333?key=1",
        "http://local host:6333",
        "http://user:secret@",
        ",",
    ],
)
def test_what_is_no_address_is_refused_before_it_is_asked(tmp_path: Path, url: str) -> None:
    with pytest.raises(StoreError, match="TECHFINDER_QDRANT_URL") as caught, opened(QdrantAddress(url, 0), tmp_path):
        pass
    assert "secret" not in str(caught.value)


def test_an_address_may_have_a_path_and_a_password(
    qdrant: QdrantAddress, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    wanted = b"Basic " + base64.b64encode(b"ann:se/cret")
    inner = passing_on(
        port_of(qdrant.url), lambda request: request.replace(b" /db/", b" /", 1).replace(b" /db ", b" / ")
    )
    heads: list[bytes] = []

    def guarded(server: BadServer, connection: Any) -> None:
        heads.append(connection.recv(1 << 12, 2))
        inner(server, connection)

    name = name_of_one("path")
    with BadServer(guarded) as proxy:
        url = proxy.url.replace("127.0.0.1", "ann:se%2Fcret@127.0.0.1") + "/db/"
        with opened(QdrantAddress(url, closed_port()), tmp_path) as store:
            build(store, make_spec(name), make_points(SIZE))
            assert len(store.open(name).browse([], [], 1000)) == SIZE
            error = raised(lambda: store.open("nobody"))
        assert all(a.split()[1].startswith("/db") for a in proxy.asked)
        assert all(wanted in h for h in heads)
    assert "se%2Fcret" not in caplog.text + str(error)
    assert ":***@" in str(error)


# --- several addresses -----------------------------------------------------------------------------


@pytest.mark.parametrize("first", ["closed", "reset", "unavailable", "silent"])
def test_the_second_address_answers_when_the_first_does_not(qdrant: QdrantAddress, tmp_path: Path, first: str) -> None:
    name = name_of_one("second")
    with opened(qdrant, tmp_path) as store:
        build(store, make_spec(name), make_points(SIZE))
        expected = answers(store.open(name))
    behave = {"reset": reset, "unavailable": answer(503), "silent": silent}.get(first, silent)
    with BadServer(behave) as bad:
        dead = f"http://127.0.0.1:{closed_port()}" if first == "closed" else bad.url
        both = QdrantAddress(f"{dead}, {qdrant.url}", qdrant.grpc_port)
        with opened(both, tmp_path, store_timeout_s=2) as store:
            people, seconds = took(lambda: store.open(name))
            assert seconds < (8 if first != "silent" else 4)  # on a busy machine; twice the limit
            assert answers(people) == expected  # type: ignore[arg-type]
            assert len(bad.asked) <= 1  # from then on the second one is asked


def test_when_no_address_answers_the_time_is_kept(tmp_path: Path) -> None:
    with BadServer(silent) as one, BadServer(silent) as two, BadServer(silent) as three:
        all_of_them = QdrantAddress(f"{one.url},{two.url},{three.url}", 0)
        with opened(all_of_them, tmp_path, store_timeout_s=1.5) as store:
            error, seconds = took(store.collections)
    assert isinstance(error, StoreUnavailable)
    assert 1 < seconds < 3  # twice the limit


def test_a_refusal_of_the_first_address_is_not_taken_to_the_second(qdrant: QdrantAddress, tmp_path: Path) -> None:
    refusing = when("aliases", answer(401, b"Must provide an API key"), version())
    with BadServer(refusing) as bad, opened(QdrantAddress(f"{bad.url},{qdrant.url}", 0), tmp_path) as store:
        assert "key is refused" in str(raised(store.collections))


# --- the port for gRPC --------------------------------------------------------------------------------


@pytest.mark.parametrize("kind", ["closed", "silent", "reset", "http", "html", "garbage"])
def test_without_a_grpc_port_rest_does_everything(
    qdrant: QdrantAddress, tmp_path: Path, kind: str, caplog: pytest.LogCaptureFixture
) -> None:
    def garbage(server: BadServer, connection: Any) -> None:
        connection.sendall(b"\xff" * 5000)
        server.stopped.wait(5)

    behave = {"reset": reset, "http": version(), "html": NO_QDRANT["html"], "garbage": garbage}.get(kind, silent)
    name = name_of_one("rest")
    with BadServer(behave) as bad:
        port = closed_port() if kind == "closed" else bad.port
        with opened(QdrantAddress(qdrant.url, port), tmp_path, store_timeout_s=2) as store:
            _, seconds = took(lambda: build(store, make_spec(name), make_points(SIZE)))
            assert store.generations(name)[0].points == SIZE
            found = answers(store.open(name))
    assert seconds < 4  # twice the limit of one call, for all of them
    assert [r for r in caplog.records if "using REST" in r.message and r.levelno == logging.WARNING]
    with opened(qdrant, tmp_path) as store:
        assert answers(store.open(name)) == found


def test_a_grpc_port_of_another_qdrant_is_not_searched(
    qdrant: QdrantAddress, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    name = name_of_one("twin")
    with own_qdrant(tmp_path / "other") as other:
        for address, points in ((qdrant, make_points(SIZE)), (other.address, make_points(SIZE)[::2])):
            with opened(address, tmp_path / "home") as store:
                build(store, make_spec(name), points)
        with opened(qdrant, tmp_path / "home") as store:
            expected = answers(store.open(name))
        with opened(QdrantAddress(qdrant.url, other.grpc_port), tmp_path / "mixed") as store:
            assert answers(store.open(name)) == expected
            build(store, make_spec(name), make_points(SIZE + 1))
            assert store.verify(name) == []
        assert "Is it the port of this Qdrant?" in caplog.text
        with raw(other.address) as client:
            assert client.count(client.get_aliases().aliases[0].collection_name).count == SIZE // 2


def test_in_turn_is_in_turn(tmp_path: Path) -> None:
    """The tool itself: first one behaviour, then the other for ever."""
    with BadServer(in_turn(answer(503), version())) as bad, opened(QdrantAddress(bad.url, 0), tmp_path) as store:
        assert "aliases" in str(raised(store.collections))
        assert bad.asked[:2] == ["GET /", "GET /"]
