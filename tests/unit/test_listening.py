"""Requests that no browser sends are answered, whatever their first line says; those nobody waits for are not."""

from __future__ import annotations

import socket
import threading
import time
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import urlsplit

import pytest

import commands
from techfinder.cli.listening import listen


@pytest.fixture(scope="module", params=["127.0.0.1", "localhost"])
def server(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[commands.Server]:
    """One that listens on one address, and one that listens on all that a name stands for."""
    home: Path = tmp_path_factory.mktemp("listening")
    with commands.Server(home, host=request.param) as running:
        yield running


def answer(server: commands.Server, request: bytes) -> bytes:
    """The first line of what comes back."""
    address = urlsplit(server.base)
    with socket.create_connection((address.hostname or "", address.port or 0), timeout=20) as line:
        line.sendall(request)
        return line.makefile("rb").readline().rstrip()


@pytest.mark.parametrize(
    ("request_line", "status"),
    [
        (b"GET http://[bad/ HTTP/1.1", b"HTTP/1.1 400 Bad Request"),
        (b"GET //[bad HTTP/1.1", b"HTTP/1.1 404 NOT FOUND"),
        (b"GET http://127.0.0.1/healthz HTTP/1.1", b"HTTP/1.1 200 OK"),
        (b"get /healthz", b"HTTP/1.0 400 Bad Request"),
    ],
)
def test_odd_request_lines_are_answered(server: commands.Server, request_line: bytes, status: bytes) -> None:
    host = urlsplit(server.base).netloc.encode()
    assert answer(server, request_line + b"\r\nHost: " + host + b"\r\nConnection: close\r\n\r\n") == status


def test_what_nobody_waits_for_any_more_is_not_answered_but_changes_are_made(caplog: pytest.LogCaptureFixture) -> None:
    """A newer letter closes the connection of the one before, which waits for a thread."""
    begun, busy, go_on = [], threading.Event(), threading.Event()

    def app(environ: dict[str, str], start_response: object) -> list[bytes]:
        begun.append(environ["PATH_INFO"])
        if environ["PATH_INFO"] == "/long":
            busy.set()
            go_on.wait(20)
        assert callable(start_response)
        start_response("200 OK", [("Content-Length", "0")])
        return [b""]

    def send(method: str, path: str) -> socket.socket:
        line = socket.create_connection(("127.0.0.1", server.effective_port), timeout=20)
        line.sendall(f"{method} {path} HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Length: 0\r\n\r\n".encode())
        return line

    def close() -> None:
        for connection in list(server.active_channels.values()):
            connection.handle_close()
        server.close()

    server = listen(app, "127.0.0.1", 0, threads=1)
    loop = threading.Thread(target=server.run, daemon=True)
    loop.start()
    try:
        with send("GET", "/long"):
            assert busy.wait(20)
            for method, path in (("GET", "/given-up"), ("POST", "/change"), ("HEAD", "/given-up")):
                send(method, path).close()
            with send("GET", "/patient") as patient:
                time.sleep(0.5)  # so that it has seen who has hung up
                go_on.set()
                assert patient.makefile("rb").readline().startswith(b"HTTP/1.1 200")
        assert begun == ["/long", "/change", "/patient"]
        assert caplog.messages == []  # a line for each that waits fills a pipe that nobody reads
    finally:
        go_on.set()
        server.task_dispatcher.shutdown()
        server.trigger.pull_trigger(close)  # in its loop, which would else wait for files that are closed
        loop.join(20)
        assert not loop.is_alive()
