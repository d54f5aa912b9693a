"""Deadlines that nest, and HTTP that keeps them."""

from __future__ import annotations

import socket
import ssl
import threading
import time

import grpc
import httpx
import pytest
from qdrant_client.common.client_exceptions import QdrantException, ResourceExhaustedResponse
from qdrant_client.http.exceptions import ResponseHandlingException, UnexpectedResponse

from bad_server import BadServer, answer, closed_port, dripping, in_turn, silent
from techfinder.errors import CollectionNotFound, StoreError, StoreUnavailable
from techfinder.store.server import transport
from techfinder.store.server.errors import explained, shown, wait_of
from techfinder.store.server.silence import ServerSilent
from techfinder.store.server.transport import Deadline, TimedTransport


def test_outside_of_a_block_the_usual_time_is_left() -> None:
    assert Deadline(7.0).left() == 7.0


def test_of_nested_blocks_the_earliest_end_counts() -> None:
    deadline = Deadline(100.0)
    with deadline.within(5.0):
        with deadline.within(50.0):
            assert 4.0 < deadline.left() <= 5.0
        with deadline.within(1.0):
            assert deadline.left() <= 1.0
        assert 4.0 < deadline.left() <= 5.0
        with deadline.within(0.0), deadline.within(9.0):
            assert deadline.left() == 0.0
    assert deadline.left() == 100.0


def test_each_thread_has_its_own_deadline() -> None:
    deadline = Deadline(100.0)
    seen: list[float] = []
    with deadline.within(1.0):
        thread = threading.Thread(target=lambda: seen.append(deadline.left()))
        thread.start()
        thread.join()
    assert seen == [100.0]


def client(deadline: Deadline) -> httpx.Client:
    return httpx.Client(transport=TimedTransport(deadline.left, None, keep=False))


def test_an_answer_comes_whole_with_status_and_headers() -> None:
    behave = answer(418, b"tea", {"x-pot": "yes", "content-type": "text/plain"})
    with BadServer(behave) as server, client(Deadline(5.0)) as http:
        found = http.post(f"{server.url}/a/b?c=d", content=b"water")
    assert (found.status_code, found.content, found.headers["x-pot"]) == (418, b"tea", "yes")
    assert server.asked == ["POST /a/b?c=d"]


@pytest.mark.parametrize("behave", [silent, dripping("HTTP/1.1 200 OK\r\ncontent-length: 99\r\n\r\n", ".")])
def test_what_takes_too_long_is_a_timeout(behave: object) -> None:
    deadline = Deadline(100.0)
    with BadServer(behave) as server, client(deadline) as http:  # type: ignore[arg-type]
        began = time.monotonic()
        with deadline.within(0.5), pytest.raises(httpx.TimeoutException):
            http.get(server.url)
        assert time.monotonic() - began < 1.0  # twice the limit


def test_without_time_nothing_is_sent() -> None:
    deadline = Deadline(100.0)
    with BadServer(answer(200)) as server, client(deadline) as http:
        with deadline.within(0.0), pytest.raises(httpx.ConnectTimeout):
            http.get(server.url)
        assert server.asked == []


def test_a_large_request_that_is_not_read_is_a_timeout() -> None:
    deadline, began = Deadline(100.0), time.monotonic()
    with (
        BadServer(silent) as server,
        client(deadline) as http,
        deadline.within(0.5),
        pytest.raises(httpx.TimeoutException),
    ):
        http.post(server.url, content=b" " * (1 << 26))
    assert time.monotonic() - began < 3


def test_an_endless_answer_is_cut(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(transport, "LONGEST_ANSWER", 1000)
    with (
        BadServer(answer(200, b"x" * 1001)) as server,
        client(Deadline(5.0)) as http,
        pytest.raises(httpx.RemoteProtocolError, match="more than 1000 bytes"),
    ):
        http.get(server.url)


def test_connections_that_are_kept_serve_several_requests(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(transport, "_KEPT_S", 60.0)  # a busy machine may stand still for longer than they are kept
    kept = in_turn(_two_answers, answer(500))
    with BadServer(kept) as server:
        with httpx.Client(transport=TimedTransport(Deadline(5.0).left, None, keep=True)) as http:
            assert [http.get(server.url).status_code for _ in range(2)] == [200, 200]
        assert len(server.asked) == 2


def test_a_request_without_a_body_has_none() -> None:
    requests = []

    def keep(server: BadServer, connection: socket.socket) -> None:
        requests.append(server.request(connection))
        connection.sendall(b"HTTP/1.1 200 OK\r\ncontent-length: 0\r\n\r\n")

    with BadServer(keep) as server, client(Deadline(5.0)) as http:
        http.get(server.url)
        http.put(server.url, json=1)
    asked, told = (request.lower() for request in requests)
    assert b"transfer-encoding" not in asked
    assert b"content-length" not in asked
    assert b"content-length: 1\r\n" in told
    assert told.endswith(b"\r\n\r\n1")


def _two_answers(server: BadServer, connection: object) -> None:
    for _ in range(2):
        server.request(connection)  # type: ignore[arg-type]
        connection.sendall(b"HTTP/1.1 200 OK\r\ncontent-length: 0\r\n\r\n")  # type: ignore[attr-defined]


def test_a_closed_port_is_a_connect_error() -> None:
    with client(Deadline(5.0)) as http, pytest.raises(httpx.ConnectError):
        http.get(f"http://127.0.0.1:{closed_port()}")


# --- errors in words -----------------------------------------------------------------------------


def unexpected(status: int, content: bytes) -> UnexpectedResponse:
    return UnexpectedResponse(status, "Because", content, httpx.Headers())


class Lost(grpc.RpcError):
    """An error without code, as a closed channel raises."""


class Full(grpc.RpcError):
    """What a Qdrant answers that has no room left."""

    def code(self) -> grpc.StatusCode:
        return grpc.StatusCode.INTERNAL

    def details(self) -> str:
        return "No space left on device: WAL buffer size exceeds available disk space"


def untrusted() -> ResponseHandlingException:
    try:
        try:
            raise ssl.SSLCertVerificationError(1, "certificate verify failed: unable to get local issuer certificate")
        except ssl.SSLError as error:
            error.verify_message = "unable to get local issuer certificate"  # type: ignore[attr-defined]
            raise httpx.ConnectError("verify failed") from error
    except httpx.ConnectError as error:
        return ResponseHandlingException(error)


@pytest.mark.parametrize(
    ("error", "kind", "said"),
    [
        (unexpected(401, b"Must provide an API key"), StoreError, "key is refused ('Must provide an API key')"),
        (
            unexpected(403, b'{"status": {"error": "Global access"}}'),
            StoreError,
            "does not allow that ('Global access')",
        ),
        (
            unexpected(404, b'{"status": {"error": "Collection `a` doesn\'t exist!"}}'),
            CollectionNotFound,
            "Collection `a` doesn",
        ),
        (unexpected(404, b"<html>"), StoreError, "nothing there"),
        (unexpected(302, b""), StoreError, "status 302 is no answer of Qdrant"),
        (unexpected(400, b'{"status": "x"}'), StoreError, "refused with status 400"),
        (unexpected(503, b"\xff"), StoreUnavailable, "status 503"),
        (ResourceExhaustedResponse("Slow down", 7), StoreUnavailable, "asks to wait 7 s ('Slow down')"),
        (QdrantException("Retry-After: tomorrow"), StoreUnavailable, "asks to wait"),
        (ResponseHandlingException(httpx.ConnectError("refused")), StoreUnavailable, "cannot connect (refused)"),
        (ResponseHandlingException(httpx.ReadTimeout("late")), StoreUnavailable, "no answer within 3 s"),
        (ResponseHandlingException(ServerSilent()), StoreUnavailable, "no answer, not even its name. Is it frozen"),
        (ResponseHandlingException(httpx.ReadError("")), StoreUnavailable, "broke off (ReadError)"),
        (ValueError("Expecting value:\nline 1"), StoreError, "not one of Qdrant ('Expecting value: line 1')"),
        (AssertionError(), StoreError, "not one of Qdrant ('AssertionError')"),
        (Lost(), StoreUnavailable, "over gRPC (Lost"),
        (Full(), StoreUnavailable, "its disk is full (INTERNAL: 'No space left on device"),
        (
            unexpected(500, b'{"status": {"error": "Service internal error: No space left on device: WAL"}}'),
            StoreUnavailable,
            "Make room on the disk of Qdrant, then try again.",
        ),
        (untrusted(), StoreError, "not trusted (unable to get local issuer certificate)"),
    ],
    ids=lambda v: type(v).__name__ if isinstance(v, Exception) else None,
)
def test_errors_say_what_failed_where_and_what_to_do(error: Exception, kind: type[StoreError], said: str) -> None:
    found = explained(error, "counting", "http://q:6333", 3.0)
    assert type(found) is kind
    assert str(found).startswith("Qdrant at http://q:6333, counting: ")
    assert said in str(found)
    assert str(found)[-1] in ".?" or kind is CollectionNotFound


def test_the_wait_that_is_asked_for() -> None:
    assert wait_of(ResourceExhaustedResponse("", 3)) == 3.0
    assert wait_of(ValueError()) == 0.0


@pytest.mark.parametrize(
    ("url", "seen"),
    [
        ("http://a:b@c:1/d", "http://a:***@c:1/d"),
        ("http://a@c", "http://a@c"),
        ("http://c:1", "http://c:1"),
        ("http://[", "http://["),
    ],
)
def test_passwords_are_not_shown(url: str, seen: str) -> None:
    assert shown(url) == seen
