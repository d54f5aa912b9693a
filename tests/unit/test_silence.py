"""A server that says nothing is found out before the time of those who ask it is up."""

from __future__ import annotations

import socket
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager

import httpx
import pytest

from bad_server import BadServer, answer, closed_port, reset, silent, when
from techfinder.store.server import silence as module
from techfinder.store.server.silence import ServerSilent, Silence
from techfinder.store.server.transport import Deadline, TimedTransport, answers

PATIENCE_S = 0.2
LONG_S = 60.0
"""Far beyond what any of these may take."""


class Server:
    """One that tells its name or does not, and counts how often it was asked."""

    def __init__(self) -> None:
        self.up = True
        self.asked = 0

    def __call__(self, within_s: float) -> bool:
        self.asked += 1
        return self.up


@pytest.fixture
def server() -> Server:
    return Server()


@pytest.fixture
def silence(server: Server) -> Silence:
    return Silence(server, PATIENCE_S)


def test_who_was_heard_of_late_is_not_doubted(server: Server, silence: Silence) -> None:
    server.up = False
    silence.heard()
    silence.doubt()
    assert (server.asked, silence.silent) == (0, False)


def test_who_tells_its_name_is_only_slow(server: Server, silence: Silence) -> None:
    time.sleep(PATIENCE_S + 0.05)
    silence.doubt()
    silence.doubt()
    silence.require(LONG_S)
    assert (server.asked, silence.silent) == (1, False)


def test_who_tells_nothing_is_silent_for_all_until_it_does(
    server: Server, silence: Silence, monkeypatch: pytest.MonkeyPatch
) -> None:
    server.up = False
    time.sleep(PATIENCE_S + 0.05)
    for _ in range(3):
        with pytest.raises(ServerSilent, match="not even its name"):
            silence.doubt()
        with pytest.raises(ServerSilent):
            silence.require(LONG_S)
    assert server.asked == 1, "asked again too soon"
    monkeypatch.setattr(module, "_AGAIN_S", 0.0)
    with pytest.raises(ServerSilent):
        silence.require(LONG_S)
    server.up = True
    silence.require(LONG_S)
    assert (server.asked, silence.silent) == (3, False)


def test_while_one_asks_others_are_told_at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "_AGAIN_S", 0.0)
    asking, told = threading.Event(), threading.Event()

    def hangs(within_s: float) -> bool:
        if silence.silent:
            asking.set()
            assert told.wait(LONG_S)
        return False

    silence = Silence(hangs, 0.0)
    with pytest.raises(ServerSilent):
        silence.doubt()

    def ask() -> None:
        with pytest.raises(ServerSilent):
            silence.require(LONG_S)

    first = threading.Thread(target=ask)
    first.start()
    assert asking.wait(LONG_S)
    ask()
    assert first.is_alive(), "the first one still asks"
    told.set()
    first.join()


@contextmanager
def client(server: BadServer) -> Iterator[httpx.Client]:
    silence = Silence(lambda within_s: answers(server.url, None, within_s), PATIENCE_S)
    transport = TimedTransport(Deadline(LONG_S).left, None, keep=False, silence=silence)
    with httpx.Client(transport=transport, timeout=LONG_S) as http:
        yield http


def test_a_silent_server_is_given_up_before_the_time_is_up() -> None:
    began = time.monotonic()
    with BadServer(silent) as server, client(server) as http, pytest.raises(ServerSilent):
        http.get(f"{server.url}/points")
    assert time.monotonic() - began < 5.0


def test_a_slow_answer_of_a_server_that_tells_its_name_comes() -> None:
    def slow(server: BadServer, connection: socket.socket) -> None:
        time.sleep(6 * PATIENCE_S)
        answer(200, b"late")(server, connection)

    with BadServer(when("points", slow, answer(200))) as server, client(server) as http:
        assert http.get(f"{server.url}/points").content == b"late"
        assert server.asked.count("GET /") >= 1


@pytest.mark.parametrize("behave", [answer(500), reset, answer(200, b"x", {"content-length": "9"})])
def test_whatever_comes_is_a_sign_of_life(behave: object) -> None:
    with BadServer(behave) as server:  # type: ignore[arg-type]
        assert answers(server.url, None, LONG_S)
    assert answers(f"http://127.0.0.1:{closed_port()}", None, LONG_S)
