"""Searches at a steady rate while something is done to what answers them, and what became of each."""

from __future__ import annotations

import json
import threading
import time
import urllib.error
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from itertools import count, pairwise
from typing import Any

__all__ = ["PER_SECOND", "THREADS", "Asked", "Searches", "kind_of", "searching"]

PER_SECOND = 10.0
THREADS = 10
"""So many may be waiting before the rate falls."""


@dataclass(frozen=True, slots=True)
class Asked:
    """One search.

    Attributes:
        at: When it was asked, in seconds of the monotonic clock.
        took_s: Until it was answered, or failed.
        failed: Of what kind; empty for a good answer.
    """

    at: float
    took_s: float
    failed: str


@dataclass
class Searches:
    """What was asked so far. Safe to read meanwhile."""

    asked: list[Asked] = field(default_factory=list)

    def failed(self) -> Counter[str]:
        """How many failed, by kind."""
        return Counter(a.failed for a in list(self.asked) if a.failed)

    def without_answer_s(self) -> float:
        """The longest time between two good answers."""
        good = sorted(a.at + a.took_s for a in list(self.asked) if not a.failed)
        return max((after - before for before, after in pairwise(good)), default=0.0)

    def told(self, what: str) -> str:
        """The figures in a line, beginning with what was done meanwhile."""
        asked, failed = list(self.asked), self.failed()
        took = sorted(a.took_s for a in asked if not a.failed) or [0.0]
        kinds = f" ({', '.join(f'{n} {kind}' for kind, n in failed.most_common())})" if failed else ""
        return (
            f"{what}: {len(asked)} searches, {failed.total()} failed{kinds}, "
            f"median {took[len(took) // 2] * 1000:.0f} ms, longest {took[-1]:.1f} s, "
            f"{self.without_answer_s():.1f} s at most without an answer"
        )


@contextmanager
def searching(ask: Callable[[int], str], per_second: float = PER_SECOND) -> Iterator[Searches]:
    """Call `ask` at that rate from several threads during a ``with`` block, with numbers that go up.

    Args:
        ask: Answers why what came back is wrong, empty when it is right; whatever it raises is told by :func:`kind_of`.
        per_second: How many together.
    """
    found, stop, numbers = Searches(), threading.Event(), count()

    def go_on() -> None:
        while not stop.is_set():
            began = time.monotonic()
            try:
                failed = ask(next(numbers))
            except Exception as error:  # every kind is counted
                failed = kind_of(error)
            found.asked.append(Asked(began, time.monotonic() - began, failed))
            stop.wait(max(0.0, THREADS / per_second - (time.monotonic() - began)))

    threads = [threading.Thread(target=go_on) for _ in range(THREADS)]
    for thread in threads:
        thread.start()
        time.sleep(1 / per_second)
    try:
        yield found
    finally:
        stop.set()
        for thread in threads:
            thread.join()


def kind_of(error: Exception) -> str:
    """In a few words what a request failed of: the status and kind of problem, or what the connection met."""
    if isinstance(error, urllib.error.HTTPError):
        with error:
            return f"{error.code} {_problem(error.read())}".rstrip()
    reason = error.reason if isinstance(error, urllib.error.URLError) else error
    if isinstance(reason, ConnectionRefusedError):
        return "refused"
    if isinstance(reason, ConnectionError):
        return "cut off"
    return "timed out" if isinstance(reason, TimeoutError) else type(reason).__name__


def _problem(body: bytes) -> str:
    try:
        told: Any = json.loads(body)
        return str(told["type"]).rpartition("/")[2]
    except (ValueError, TypeError, KeyError):
        return ""
