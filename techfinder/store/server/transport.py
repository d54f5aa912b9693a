"""HTTP with one deadline for a whole answer: connecting, sending, and every byte that comes back.

The timeouts of HTTP clients count from one packet to the next, so a server that sends a byte a
second is never too late for them. Here each step gets what is left until the deadline.
"""

from __future__ import annotations

import ssl
import threading
import time
from collections.abc import Callable, Iterable, Iterator
from contextlib import closing, contextmanager
from typing import TYPE_CHECKING, Any

import httpcore
import httpx

if TYPE_CHECKING:
    from techfinder.store.server.silence import Silence

__all__ = ["Deadline", "TimedTransport", "answers"]

_CHUNK = 1 << 16
LONGEST_ANSWER = 1 << 28
"""Bytes of one answer above which it cannot be one of ours."""

_KEPT = 20
_KEPT_S = 5.0


class Deadline:
    """How long the calling thread may still wait for a server."""

    def __init__(self, usual_s: float) -> None:
        """`usual_s` is the time for what is asked outside of :meth:`within`."""
        self._usual_s = usual_s
        self._local = threading.local()

    @contextmanager
    def within(self, seconds: float) -> Iterator[None]:
        """In the block, this thread waits no longer than that; of nested blocks the earliest end counts."""
        before: float | None = getattr(self._local, "end", None)
        end = time.monotonic() + seconds
        self._local.end = end if before is None else min(end, before)
        try:
            yield
        finally:
            self._local.end = before

    def left(self) -> float:
        """Seconds left; zero when time is up."""
        end: float | None = getattr(self._local, "end", None)
        return self._usual_s if end is None else max(0.0, end - time.monotonic())


class TimedTransport(httpx.BaseTransport):
    """Transport of an ``httpx.Client`` that is over when the time is. Reads answers whole."""

    def __init__(
        self, left: Callable[[], float], trusted: ssl.SSLContext | None, keep: bool, silence: Silence | None = None
    ) -> None:
        """Open nothing yet.

        Args:
            left: Seconds that the calling thread may still wait.
            trusted: For https.
            keep: Whether connections serve several requests.
            silence: Is told of what comes, and asked where nothing does.
        """
        self._pool = httpcore.ConnectionPool(
            ssl_context=trusted,
            max_connections=None,
            max_keepalive_connections=_KEPT if keep else 0,
            keepalive_expiry=_KEPT_S,
            network_backend=_Network(left, silence),
        )

    def handle_request(self, request: httpx.Request) -> httpx.Response:
        """The answer. Raises what httpx raises."""
        url = request.url
        # Made here: the pool's own `stream` sends a body, of no bytes, with each request that has none.
        asked = httpcore.Request(
            request.method,
            httpcore.URL(scheme=url.raw_scheme, host=url.raw_host, port=url.port, target=url.raw_path),
            headers=request.headers.raw,
            content=request.stream,
        )
        try:
            with closing(self._pool.handle_request(asked)) as answer:
                body = _whole(answer.iter_stream())
        except _CORE_ERRORS as error:
            kind: type[httpx.TransportError] = getattr(httpx, type(error).__name__, httpx.TransportError)
            raise kind(str(error), request=request) from error
        return httpx.Response(answer.status, headers=answer.headers, stream=httpx.ByteStream(body))

    def close(self) -> None:
        """Close all connections."""
        self._pool.close()


_CORE_ERRORS = (
    httpcore.TimeoutException,
    httpcore.NetworkError,
    httpcore.ProtocolError,
    httpcore.UnsupportedProtocol,
    httpcore.ConnectionNotAvailable,
)


def _whole(parts: Iterable[bytes]) -> bytes:
    body = bytearray()
    for part in parts:
        body += part
        if len(body) > LONGEST_ANSWER:
            raise httpcore.RemoteProtocolError(f"an answer of more than {LONGEST_ANSWER} bytes")
    return bytes(body)


def answers(url: str, trusted: ssl.SSLContext | None, within_s: float) -> bool:
    """Whether a server, asked for its name over a new connection, says anything or refuses to in that time."""
    end = time.monotonic() + within_s
    network = _Network(lambda: end - time.monotonic(), None)
    with httpcore.ConnectionPool(ssl_context=trusted, network_backend=network) as pool:
        try:
            with pool.stream("GET", url):
                return True
        except httpcore.TimeoutException:
            return False
        except (*_CORE_ERRORS, ssl.SSLError):  # these tell who asks what is wrong, and at once
            return True


class _Network(httpcore.SyncBackend):
    """Opens connections whose every step ends at the deadline."""

    def __init__(self, left: Callable[[], float], silence: Silence | None) -> None:
        self._left, self._silence = left, silence

    def connect_tcp(
        self,
        host: str,
        port: int,
        timeout: float | None = None,
        local_address: str | None = None,
        socket_options: Iterable[Any] | None = None,
    ) -> httpcore.NetworkStream:
        left = _some(self._left(), httpcore.ConnectTimeout)
        opened = super().connect_tcp(host, port, left, local_address, socket_options)
        return _Stream(opened, self._left, self._silence)


class _Stream(httpcore.NetworkStream):
    """A connection; timeouts that are passed in are ignored."""

    def __init__(self, inner: httpcore.NetworkStream, left: Callable[[], float], silence: Silence | None) -> None:
        self._inner, self._left, self._silence = inner, left, silence

    def read(self, max_bytes: int, timeout: float | None = None) -> bytes:
        silence = self._silence
        while silence is not None and self._left() > 2 * silence.patience_s:
            try:
                found = self._inner.read(max_bytes, silence.patience_s)
            except httpcore.ReadTimeout:
                silence.doubt()
            else:
                silence.heard()
                return found
        found = self._inner.read(max_bytes, _some(self._left(), httpcore.ReadTimeout))
        if silence is not None:
            silence.heard()
        return found

    def write(self, buffer: bytes, timeout: float | None = None) -> None:
        for start in range(0, len(buffer), _CHUNK):
            self._inner.write(buffer[start : start + _CHUNK], _some(self._left(), httpcore.WriteTimeout))

    def close(self) -> None:
        self._inner.close()

    def start_tls(
        self, ssl_context: ssl.SSLContext, server_hostname: str | None = None, timeout: float | None = None
    ) -> httpcore.NetworkStream:
        left = _some(self._left(), httpcore.ConnectTimeout)
        return _Stream(self._inner.start_tls(ssl_context, server_hostname, left), self._left, self._silence)

    def get_extra_info(self, info: str) -> Any:
        return self._inner.get_extra_info(info)


def _some(left: float, late: type[Exception]) -> float:
    """The time left; raises `late` when there is none, as a timeout of zero means "do not wait at all"."""
    if left <= 0:
        raise late("time is up")
    return left
