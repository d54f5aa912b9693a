"""Servers that misbehave, on a free port of the loopback: what to do with a connection is a function."""

from __future__ import annotations

import json
import re
import select
import socket
import threading
from collections.abc import Callable, Mapping
from contextlib import suppress
from types import TracebackType
from typing import Any

__all__ = [
    "VERSION",
    "BadServer",
    "Behaviour",
    "answer",
    "closed_port",
    "dripping",
    "half_an_answer",
    "half_handed_on",
    "in_turn",
    "passing_on",
    "reset",
    "silent",
    "version",
    "when",
]

PATIENCE_S = 20.0
VERSION = "1.16.3"
_AT_ONCE = b"\1\0\0\0\0\0\0\0"  # closing sends a reset


class BadServer:
    """Listens for as long as a ``with`` block lasts and gives every connection to `behave`, in a thread of its own.

    Attributes:
        port: Where it listens.
        url: The same as a URL.
        asked: First line of every HTTP request that was read, as ``"GET /collections"``.
    """

    def __init__(self, behave: Behaviour) -> None:
        self._behave = behave
        self._listening = socket.create_server(("127.0.0.1", 0))
        self.port = int(self._listening.getsockname()[1])
        self.url = f"http://127.0.0.1:{self.port}"
        self.asked: list[str] = []
        self.stopped = threading.Event()
        self._threads = [threading.Thread(target=self._accept, daemon=True)]

    def __enter__(self) -> BadServer:
        self._threads[0].start()
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        self.stopped.set()
        with suppress(OSError):
            socket.create_connection(("127.0.0.1", self.port), 1).close()  # wakes the thread that accepts
        for thread in self._threads:
            thread.join(PATIENCE_S)
        self._listening.close()

    def request(self, connection: socket.socket) -> bytes:
        """The next request on `connection`, head and body; empty when the client hung up."""
        data = b""
        while b"\r\n\r\n" not in data:
            data += (more := connection.recv(1 << 16))
            if not more:
                return b""
        head, _, body = data.partition(b"\r\n\r\n")
        length = next((int(h[15:]) for h in head.lower().split(b"\r\n") if h.startswith(b"content-length:")), 0)
        while len(body) < length:
            body += (more := connection.recv(1 << 16))
            if not more:
                return b""
        self.asked.append(" ".join(head.decode("latin-1").split()[:2]))
        return head + b"\r\n\r\n" + body

    def _accept(self) -> None:
        while True:
            connection, _ = self._listening.accept()
            if self.stopped.is_set():
                connection.close()
                return
            thread = threading.Thread(target=self._serve, args=(connection,), daemon=True)
            self._threads.append(thread)
            thread.start()

    def _serve(self, connection: socket.socket) -> None:
        connection.settimeout(PATIENCE_S)
        with connection, suppress(OSError):
            self._behave(self, connection)


Behaviour = Callable[[BadServer, socket.socket], None]


def closed_port() -> int:
    """A port that no one listens on."""
    with socket.create_server(("127.0.0.1", 0)) as listening:
        return int(listening.getsockname()[1])


def silent(server: BadServer, connection: socket.socket) -> None:
    """Accept and never answer."""
    server.stopped.wait(PATIENCE_S)


def reset(server: BadServer, connection: socket.socket) -> None:
    """Read the request and break the connection off."""
    server.request(connection)
    connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, _AT_ONCE)


def half_an_answer(server: BadServer, connection: socket.socket) -> None:
    """Answer a part of the body, then nothing."""
    server.request(connection)
    connection.sendall(b"HTTP/1.1 200 OK\r\ncontent-type: application/json\r\ncontent-length: 100\r\n\r\n{")
    server.stopped.wait(PATIENCE_S)


def dripping(head: str, drop: str) -> Behaviour:
    """Send `head`, then `drop` again and again, five times a second."""

    def behave(server: BadServer, connection: socket.socket) -> None:
        server.request(connection)
        connection.sendall(head.encode())
        while not server.stopped.wait(0.2):
            connection.sendall(drop.encode())

    return behave


def answer(status: int, body: Any = b"", headers: Mapping[str, str] | None = None) -> Behaviour:
    """Answer with `body`: bytes as they are, anything else as JSON."""
    content = body if isinstance(body, bytes) else json.dumps(body).encode()
    lines = [f"HTTP/1.1 {status} Because", f"content-length: {len(content)}", "connection: close"]
    lines += [f"{k}: {v}" for k, v in (headers or {"content-type": "application/json"}).items()]

    def behave(server: BadServer, connection: socket.socket) -> None:
        if server.request(connection):
            connection.sendall("\r\n".join(lines).encode() + b"\r\n\r\n" + content)

    return behave


def version(number: str = VERSION, title: str = "qdrant - vector search engine") -> Behaviour:
    """Answer as the root of a Qdrant of that version."""
    return answer(200, {"title": title, "version": number, "commit": "0"})


def passing_on(port: int, spoil: Callable[[bytes], bytes] = bytes, cut_after: int | None = None) -> Behaviour:
    """Hand the request to the server on `port` and its answer back.

    Args:
        port: On the loopback.
        spoil: Changes the request before it is handed on.
        cut_after: Break the connection off after so many bytes of the answer.
    """

    def behave(server: BadServer, connection: socket.socket) -> None:
        request = server.request(connection)
        if not request:
            return
        with socket.create_connection(("127.0.0.1", port), PATIENCE_S) as behind:
            behind.sendall(spoil(request))
            _relay(server, connection, behind, cut_after)

    return behave


def half_handed_on(port: int) -> Behaviour:
    """Hand half of the request to the server on `port`, then break off both connections."""

    def behave(server: BadServer, connection: socket.socket) -> None:
        request = server.request(connection)
        with socket.create_connection(("127.0.0.1", port), PATIENCE_S) as behind:
            behind.sendall(request[: len(request) // 2])
        connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, _AT_ONCE)

    return behave


def _relay(server: BadServer, connection: socket.socket, behind: socket.socket, cut_after: int | None) -> None:
    sent = 0
    while not server.stopped.is_set():
        for ready in select.select([connection, behind], [], [], 0.1)[0]:
            data = ready.recv(1 << 16)
            if not data:
                return
            if ready is connection:
                behind.sendall(data)
            elif cut_after is None or sent + len(data) <= cut_after:
                connection.sendall(data)
                sent += len(data)
            else:
                connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, _AT_ONCE)
                return


def in_turn(*behaviours: Behaviour) -> Behaviour:
    """One after another, by connection; the last one for all that follow."""
    waiting = list(behaviours)
    lock = threading.Lock()

    def behave(server: BadServer, connection: socket.socket) -> None:
        with lock:
            chosen = waiting.pop(0) if len(waiting) > 1 else waiting[0]
        chosen(server, connection)

    return behave


def when(pattern: str, then: Behaviour, otherwise: Behaviour) -> Behaviour:
    """`then` for requests in whose first line the regular expression is found."""

    def behave(server: BadServer, connection: socket.socket) -> None:
        line = connection.recv(1 << 12, socket.MSG_PEEK).partition(b"\r\n")[0]
        (then if re.search(pattern, line.decode("latin-1")) else otherwise)(server, connection)

    return behave
