"""Requests that no browser sends: each is answered, whatever its first line says."""

from __future__ import annotations

import socket
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import urlsplit

import pytest

import commands


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
