"""The socket that ``serve`` listens on: waitress, and what it leaves to be desired.

Imported late, because it imports waitress.
"""

from __future__ import annotations

import logging
from collections.abc import Callable
from typing import Any

from waitress import create_server
from waitress.channel import HTTPChannel
from waitress.parser import HTTPRequestParser, ParsingError
from waitress.server import BaseWSGIServer, MultiSocketServer
from waitress.task import ThreadedTaskDispatcher

__all__ = ["listen"]

_CONNECTIONS = 1000
_IDLE_S = 30


class _Parser(HTTPRequestParser):  # type: ignore[misc]
    """Answers 400 to an address that cannot be split (``http://[bad/``), where waitress hangs up."""

    def parse_header(self, header_plus: bytes) -> None:
        try:
            super().parse_header(header_plus)
        except ValueError as error:
            raise ParsingError("Bad URI") from error


class _Channel(HTTPChannel):  # type: ignore[misc]
    """One connection. A question that nobody waits for any more when its turn comes is not answered."""

    parser_class = _Parser
    connected: bool
    _unheard = False

    def service(self) -> None:
        # What changes something is done all the same: whoever sent it may be gone because it was sent.
        if not self.connected and getattr(self.requests[0], "command", "GET") not in ("GET", "HEAD"):
            self.connected = self._unheard = True
        super().service()

    def write_soon(self, data: Any) -> int:
        return len(data) if self._unheard else int(super().write_soon(data))


class _Dispatcher(ThreadedTaskDispatcher):  # type: ignore[misc]
    """Says that it is about to stop before it waits for what is still being answered."""

    def __init__(self, before_stop: Callable[[], None]) -> None:
        super().__init__()
        self._before_stop = before_stop

    def shutdown(self, cancel_pending: bool = True, timeout: int = 5) -> bool:
        self._before_stop()
        return bool(super().shutdown(cancel_pending, timeout))


def listen(
    app: Callable[..., Any],
    host: str,
    port: int,
    threads: int,
    before_stop: Callable[[], None] = lambda: None,
    proxied: bool = False,
) -> Any:
    """A server that is bound to its address and runs when its ``run()`` is called.

    Args:
        app: A WSGI application.
        host: Name or address; one that stands for several addresses is bound to all of them.
        port: 0 takes a free one.
        threads: That answer requests.
        before_stop: Called when the server is told to stop, so that answers without an end come to one.
        proxied: Whether a proxy says where requests came from; else what they say of it is dropped.

    Raises:
        OSError: The address cannot be bound.
        ValueError: No address belongs to that name.
    """
    # One line for each request that waits for a thread: when there is much to do, the log would hold up the answers.
    logging.getLogger("waitress.queue").setLevel(logging.ERROR)
    dispatcher = _Dispatcher(before_stop)
    dispatcher.set_thread_count(threads)
    server = create_server(
        app,
        _dispatcher=dispatcher,
        host=host,
        port=port,
        threads=threads,
        ident=None,
        clear_untrusted_proxy_headers=not proxied,
        connection_limit=_CONNECTIONS,
        channel_timeout=_IDLE_S,
        # Reading on while a request waits is what tells that its client has hung up.
        channel_request_lookahead=1,
        cleanup_interval=5,
    )
    sockets = server.map.values() if isinstance(server, MultiSocketServer) else [server]
    for listener in sockets:
        if isinstance(listener, BaseWSGIServer):
            listener.channel_class = _Channel
    return server
