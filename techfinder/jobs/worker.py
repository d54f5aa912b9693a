"""Takes jobs and does them, one after the other."""

from __future__ import annotations

import logging
import os
import socket
import threading
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from typing import Any

from techfinder.errors import DatabaseError, JobCancelled, RegistryUnavailable, StoreUnavailable, TechfinderError
from techfinder.jobs.models import Job, Lease
from techfinder.jobs.queue import JobQueue, LeaseLost

__all__ = ["LEASE_S", "Handler", "JobRun", "Worker"]

_log = logging.getLogger(__name__)

LEASE_S = 30.0
"""How long a job of a worker that is gone waits for another one."""

_RENEWALS = 3
_REPORT_EVERY_S = 0.5
_POLL_S = 1.0
_FIRST_RETRY_S = 5.0
_PASSING = (StoreUnavailable, RegistryUnavailable, DatabaseError)
"""Failures that may pass by themselves."""


@dataclass(slots=True)
class JobRun:
    """A job that is being done: what its handler receives.

    Attributes:
        job: As it was claimed.
    """

    job: Job
    _queue: JobQueue
    _lease: Lease
    _lost: threading.Event = field(default_factory=threading.Event)
    _cancelled: threading.Event = field(default_factory=threading.Event)
    _reported: float = 0.0
    _phase: str = ""

    def report(self, phase: str, done: int = 0, total: int | None = None) -> None:
        """Note where it stands, twice a second at most, and stop here if that is asked for.

        Raises:
            JobCancelled: Somebody asked it to stop.
            LeaseLost: Another worker has it by now: whatever is written from here on must not count.
        """
        self.check()
        if phase != self._phase or time.monotonic() - self._reported >= _REPORT_EVERY_S:
            self._phase, self._reported = phase, time.monotonic()
            self._note(self._queue.report(self._lease, phase=phase, done=done, total=total))
            self.check()

    def say(self, text: str) -> None:
        """Append a line to the job's log. Raises LeaseLost."""
        self._queue.say(self._lease, text)

    def check(self) -> None:
        """Raise LeaseLost or JobCancelled if it must not go on."""
        if self._lost.is_set():
            raise LeaseLost(f"Job {self.job.id[:8]} was not renewed in time: another worker may have it.")
        if self._cancelled.is_set():
            raise JobCancelled(f"Job {self.job.id[:8]} was cancelled.")

    def confirm(self) -> None:
        """Ask the database, right before the step that counts. Raises LeaseLost, JobCancelled, DatabaseError."""
        self._note(self._queue.renew(self._lease, LEASE_S))
        self.check()

    def _note(self, job: Job) -> None:
        if job.cancel_asked:
            self._cancelled.set()


Handler = Callable[[JobRun], Mapping[str, Any]]
"""Does a job and answers what came of it."""


class Worker:
    """Does the jobs of some kinds. For one thread."""

    def __init__(
        self,
        queue: JobQueue,
        handlers: Mapping[str, Handler],
        lease_s: float = LEASE_S,
        beat: Callable[[], None] = lambda: None,
    ) -> None:
        """Take what there is to do by kind; `beat` is called again and again as a sign of life, a job going or not."""
        self._queue, self._handlers, self._lease_s, self._beat = queue, dict(handlers), lease_s, beat
        self._ended = False
        self.owner = f"{socket.gethostname()}:{os.getpid()}"

    def end(self) -> None:
        """Take no more jobs. For handlers of signals: what these raise is lost where it meets a callback."""
        self._ended = True  # no event: a signal may come while its own lock is held

    def run(self, poll_s: float = _POLL_S) -> None:
        """Do jobs until :meth:`end` is called; a database that is away is asked again."""
        while not self._ended:
            self._beat()
            try:
                if self.run_one() is not None:
                    continue
            except DatabaseError as error:
                _log.warning("%s", error)
            time.sleep(poll_s)

    def run_one(self, job_id: str = "") -> Job | None:
        """Do one job, this one if it is named. Answers it as it ended; None when there was none to do."""
        lease = self._queue.claim(self.owner, self._handlers.keys(), self._lease_s, job_id)
        if lease is None:
            return None
        try:
            return self._do(lease)
        except LeaseLost as error:
            _log.warning("%s", error)
            return self._queue.job(lease.job.id)

    def _do(self, lease: Lease) -> Job:
        """Do a job, and note how it ended. Raises LeaseLost."""
        run = JobRun(lease.job, self._queue, lease)
        try:
            with self._renewing(run, lease):
                result = self._handlers[lease.job.kind](run)
            return self._queue.finish(lease, result)
        except JobCancelled:
            return self._queue.stop(lease)
        except KeyboardInterrupt:
            with suppress(LeaseLost):
                self._queue.put_back(lease, "Its worker was stopped.")
            raise
        except LeaseLost:
            raise
        except _PASSING as error:
            return self._queue.fail(lease, str(error), _FIRST_RETRY_S * 2 ** (lease.job.attempts - 1))
        except TechfinderError as error:
            return self._queue.fail(lease, str(error))
        except Exception as error:  # a handler's bug fails its job, and no other
            _log.exception("Job %s failed", lease.job.id)
            return self._queue.fail(lease, f"{type(error).__name__}: {error}")

    @contextmanager
    def _renewing(self, run: JobRun, lease: Lease) -> Iterator[None]:
        """Renew the lease from a thread of its own: work may go on for long without a report."""
        done = threading.Event()
        thread = threading.Thread(target=self._renew, args=(run, lease, done), name="lease", daemon=True)
        thread.start()
        try:
            yield
        finally:
            done.set()
            thread.join()

    def _renew(self, run: JobRun, lease: Lease, done: threading.Event) -> None:
        good_until = time.monotonic() + self._lease_s
        while not done.wait(self._lease_s / _RENEWALS):
            self._beat()
            try:
                run._note(self._queue.renew(lease, self._lease_s))
                good_until = time.monotonic() + self._lease_s
            except LeaseLost:
                run._lost.set()
                return
            except DatabaseError as error:
                _log.warning("%s", error)
                if time.monotonic() >= good_until:
                    run._lost.set()
                    return
