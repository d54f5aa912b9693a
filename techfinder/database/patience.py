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
        if self.patience_s is not None:
            gen = self._within(gen, self.patience_s)
        return super().wait(gen, *args, **options)

    def _within(self, gen: Generator[Any, Any, Any], seconds: float) -> Generator[Any, Any, Any]:
        """The same steps; psycopg looks in between, every tenth of a second, with a `ready` that is false."""
        end = time.monotonic() + seconds
        try:
            awaited = next(gen)
            while True:
                ready = yield awaited
                if not ready and time.monotonic() > end:
                    self.pgconn.finish()
                    raise psycopg.OperationalError(f"it said nothing for {seconds:g} s")
                awaited = gen.send(ready)
        except StopIteration as done:
            return done.value
