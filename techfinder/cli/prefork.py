"""``serve`` in several processes: gunicorn, with threads in each, because every open event stream takes one.

Imported late: only whoever asks for more than one process needs gunicorn. Nothing of ours but settings crosses the
fork; each process opens its own connections, and loads the encoder itself.
"""

from __future__ import annotations

import os
import shutil
import socket
import tempfile
import threading
from collections.abc import Callable
from types import FrameType
from typing import Any

from flask import Flask
from gunicorn.app.base import BaseApplication
from gunicorn.glogging import Logger
from gunicorn.workers.gthread import ThreadWorker

from techfinder.cli.terminal import log_formatter
from techfinder.cli.warming import warm_up
from techfinder.finder import Finder
from techfinder.settings import Settings

__all__ = ["serve_prefork"]

_GRACE_S = 20
_HUNG_S = 60
_IDLE_S = 15
_CONNECTIONS = 1000


def serve_prefork(settings: Settings, when_ready: Callable[[], None]) -> None:
    """Serve until a signal ends it; what is being answered by then has twenty seconds to end.

    Args:
        settings: ``host``, ``port``, ``workers``, ``threads`` and those of the application.
        when_ready: Called once the address is listened on.
    """
    counted, owner = tempfile.mkdtemp(prefix="techfinder-metrics-"), os.getpid()
    os.environ["PROMETHEUS_MULTIPROC_DIR"] = counted  # before its library is imported, in each process
    try:
        _Server(settings, when_ready).run()
    finally:
        if os.getpid() == owner:  # each process passes here at its end
            shutil.rmtree(counted, ignore_errors=True)


class _Worker(ThreadWorker):  # type: ignore[misc]
    """A process that ends its endless answers when it is asked to stop, and answers nobody who is gone."""

    def handle_request(self, req: Any, conn: Any) -> bool:
        # What changes something is done all the same: whoever sent it may be gone because it was sent.
        if req.method in ("GET", "HEAD") and _hung_up(conn.sock):
            return False
        return bool(super().handle_request(req, conn))

    def handle_exit(self, sig: int, frame: FrameType | None) -> None:
        app = getattr(self, "wsgi", None)
        if app is not None:  # apart: a signal may come while the event's own lock is held
            threading.Thread(target=_finder_of(app).stopping.set, name="stopping").start()
        super().handle_exit(sig, frame)


def _hung_up(line: socket.socket) -> bool:
    """Whether the other side has closed the connection, while its request waited for a thread."""
    try:
        return not line.recv(1, socket.MSG_PEEK | socket.MSG_DONTWAIT)
    except BlockingIOError:
        return False
    except OSError:
        return True


class _Logger(Logger):  # type: ignore[misc]
    """Writes gunicorn's own lines as ours are written."""

    form = "text"

    def setup(self, cfg: Any) -> None:
        super().setup(cfg)
        for handler in self.error_log.handlers:
            handler.setFormatter(log_formatter(self.form))


class _Server(BaseApplication):  # type: ignore[misc]
    """What gunicorn asks: how to serve, and what."""

    def __init__(self, settings: Settings, when_ready: Callable[[], None]) -> None:
        self._settings, self._when_ready = settings, when_ready
        super().__init__()

    def load_config(self) -> None:
        for name, value in _options(self._settings, self._when_ready).items():
            self.cfg.set(name, value)

    def load(self) -> Flask:
        """The application of one process."""
        from techfinder.app import create_app

        finder = Finder(self._settings)
        app = create_app(finder=finder)
        warm_up(finder)
        return app


def _options(settings: Settings, when_ready: Callable[[], None]) -> dict[str, Any]:
    host = f"[{settings.host}]" if ":" in settings.host else settings.host
    return {
        "bind": f"{host}:{settings.port}",
        "workers": settings.workers,
        "worker_class": _Worker,
        "threads": settings.threads,
        "worker_connections": _CONNECTIONS,
        "keepalive": _IDLE_S,
        "timeout": _HUNG_S,
        "graceful_timeout": _GRACE_S,
        "limit_request_line": 8190,  # the most that there is beside "no limit"
        "proc_name": "techfinder",
        "errorlog": "-",
        "logger_class": type("_Logger", (_Logger,), {"form": settings.log_format}),
        "control_socket_disable": True,
        "when_ready": lambda server: when_ready(),
        "worker_exit": lambda server, worker: _close(worker),
    }


def _close(worker: Any) -> None:
    """Close what a process had open; one that never came to its application has nothing."""
    if getattr(worker, "wsgi", None) is not None:
        _finder_of(worker.wsgi).close()


def _finder_of(app: Flask) -> Finder:
    found: Finder = app.extensions["techfinder"]
    return found
