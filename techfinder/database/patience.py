"""Connections to PostgreSQL that give up on a server that has frozen. It needs psycopg.

A server that is gone refuses; one that is frozen, or beyond a network that drops packets, says nothing, and psycopg
waits for it for ever.
"""

from __future__ import annotations

import time
from collections.abc import Generator
from typing import Any, ClassVar

import psycopg

__all__ = ["PatientConnection"]


class PatientConnection(psycopg.Connection[Any]):
    """A connection that waits for each answer for a while, and is closed when none comes.

    Attributes:
        patience_s: For how long; None waits for ever.
    """

    ANSWER_S: ClassVar[float] = 10.0

    def __init__(self, *args: Any, **options: Any) -> None:
        """Take what psycopg gives."""
        super().__init__(*args, **options)
        self.patience_s: float | None = self.ANSWER_S

    def wait(self, gen: Generator[Any, Any, Any], *args: Any, **options: Any) -> Any:
        """What a step of the protocol gives. Raises psycopg.OperationalError when the server says nothing."""
        steps: Any = gen if self.patience_s is None else _Within(self, gen, self.patience_s)
        return super().wait(steps, *args, **options)


class _Within:
    """The steps of an answer, for so many seconds.

    No generator: one ends when a signal is raised in it, and psycopg takes the same steps on to clear up after that.
    """

    def __init__(self, connection: PatientConnection, steps: Generator[Any, Any, Any], seconds: float) -> None:
        """Take the steps of the protocol; psycopg looks in between, every tenth of a second, with a `ready` of 0."""
        self._connection, self._steps, self._seconds = connection, steps, seconds
        self._end = time.monotonic() + seconds

    def __next__(self) -> Any:
        return next(self._steps)

    def send(self, ready: Any) -> Any:
        if not ready and time.monotonic() > self._end:
            self._connection.pgconn.finish()
            raise psycopg.OperationalError(f"it said nothing for {self._seconds:g} s")
        return self._steps.send(ready)
