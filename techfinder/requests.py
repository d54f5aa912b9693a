"""Every request has an id, which its log lines, its answer and the problem in that carry; and a log line of its own."""

from __future__ import annotations

import logging
import re
import sys
import time
from collections.abc import Iterable, Iterator
from types import TracebackType
from typing import TYPE_CHECKING, Any
from uuid import uuid4

from flask import Flask, Response, request

from techfinder.logs import REQUEST_ID

if TYPE_CHECKING:
    from _typeshed.wsgi import StartResponse, WSGIApplication, WSGIEnvironment

__all__ = ["HEADER", "route_asked", "took_s", "watch_requests"]

HEADER = "X-Request-ID"

_log = logging.getLogger(__name__)

_VALID = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,63}")
_STARTED = "techfinder.started"


def watch_requests(app: Flask) -> None:
    """Give every request of the app an id, and write a line on each: at the level of warnings where it failed."""
    app.wsgi_app = _Named(app.wsgi_app)  # type: ignore[method-assign]
    app.log_exception = _tell_exception  # type: ignore[method-assign]
    app.after_request(_tell)


def route_asked() -> str:
    """The route of the request as it stands in the code, "none" where there is none: never the address, which may name
    somebody.
    """
    return request.url_rule.rule if request.url_rule is not None else "none"


def took_s() -> float:
    """Seconds since the request came."""
    now = time.perf_counter()
    return float(now - request.environ.get(_STARTED, now))


class _Named:
    """The application, whose requests have ids. Theirs if it is one, as a proxy in front gives it, else a new one."""

    def __init__(self, app: WSGIApplication) -> None:
        self._app = app

    def __call__(self, environ: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
        given = environ.get("HTTP_X_REQUEST_ID", "")
        name = given if _VALID.fullmatch(given) else uuid4().hex
        environ[_STARTED] = time.perf_counter()

        def started(status: str, headers: list[tuple[str, str]], exc_info: Any = None, /) -> Any:
            return start_response(status, [*headers, (HEADER, name)], exc_info)

        token = REQUEST_ID.set(name)
        try:
            answer = self._app(environ, started)
        finally:
            REQUEST_ID.reset(token)
        file = environ.get("wsgi.file_wrapper")  # the server sends these in a way of its own
        return answer if isinstance(file, type) and isinstance(answer, file) else _Parts(answer, name)


class _Parts:
    """The parts of an answer, each made under the id of its request: a stream goes on after the view has ended."""

    def __init__(self, parts: Iterable[bytes], name: str) -> None:
        self._parts, self._name = parts, name
        self._next = iter(parts)

    def __iter__(self) -> Iterator[bytes]:
        return self

    def __next__(self) -> bytes:
        token = REQUEST_ID.set(self._name)
        try:
            return next(self._next)
        finally:
            REQUEST_ID.reset(token)

    def close(self) -> None:
        close = getattr(self._parts, "close", None)
        if close is not None:
            close()


def _tell(answer: Response) -> Response:
    route, took_ms = route_asked(), 1000 * took_s()
    told = {"method": request.method, "route": route, "status": answer.status_code, "took_ms": round(took_ms, 2)}
    level = logging.WARNING if answer.status_code >= 500 and answer.status_code != 503 else logging.INFO
    _log.log(level, "%s %s %d %.1f ms", request.method, route, answer.status_code, took_ms, extra=told)
    return answer


def _tell_exception(
    exc_info: tuple[type[BaseException], BaseException, TracebackType | None] | tuple[None, None, None],
) -> None:
    """Of what nobody expected; by its route, because the address may name somebody."""
    _log.error("Failed at %s %s", request.method, route_asked(), exc_info=exc_info if exc_info[0] else sys.exc_info())
