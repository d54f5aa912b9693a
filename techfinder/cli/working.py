"""The worker that ``serve`` starts by itself on the embedded store, whenever a job waits."""

from __future__ import annotations

import logging
import subprocess
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING

from techfinder.database import database_exists, open_database
from techfinder.errors import DatabaseError

if TYPE_CHECKING:
    from techfinder.jobs.queue import JobQueue
    from techfinder.settings import Settings

__all__ = ["own_worker"]

_log = logging.getLogger(__name__)

_LOOK_S = 2.0
_STOP_S = 30.0


@contextmanager
def own_worker(settings: Settings) -> Iterator[None]:
    """Look for waiting jobs during a ``with`` block; a worker that is at work at its end is stopped.

    Stores that many processes share have workers of their own: there nothing is done.
    """
    if settings.store != "edge":
        yield
        return
    watch = _Watch(settings)
    watch.start()
    try:
        yield
    finally:
        watch.stop()


class _Watch:
    """Starts a process that does what waits, and ends then: without jobs there is nothing that costs anything."""

    def __init__(self, settings: Settings) -> None:
        self._settings = settings
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._look, name="own-worker", daemon=True)
        self._queue: JobQueue | None = None
        self._worker: subprocess.Popen[bytes] | None = None

    def start(self) -> None:
        self._thread.start()

    def stop(self) -> None:
        self._stop.set()
        self._thread.join()
        if self._worker is not None and self._worker.poll() is None:
            self._worker.terminate()
            try:
                self._worker.wait(_STOP_S)
            except subprocess.TimeoutExpired:
                self._worker.kill()
                self._worker.wait()

    def _look(self) -> None:
        told = ""
        while not self._stop.wait(_LOOK_S):
            if self._worker is not None and self._worker.poll() is None:
                continue
            try:
                if self._due():
                    command = [sys.executable, "-m", "techfinder", "worker", "--once"]
                    none = subprocess.DEVNULL
                    self._worker = subprocess.Popen(command, stdin=none, stdout=none)  # noqa: S603 (a fixed command)
            except (DatabaseError, OSError) as error:
                if str(error) != told:
                    told = str(error)
                    _log.warning("Waiting jobs are not looked for: %s", error)

    def _due(self) -> bool:
        """Whether a job waits; a database that nobody has made yet has none."""
        if self._queue is None:
            if not database_exists(self._settings):
                return False
            from techfinder.jobs.queue import JobQueue

            self._queue = JobQueue(open_database(self._settings))
        return self._queue.due()
