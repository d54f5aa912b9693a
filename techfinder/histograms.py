"""Bars of numbers and dates: where they begin, and how many people each holds."""

from __future__ import annotations

import math
import threading
from collections.abc import Sequence
from datetime import date
from itertools import pairwise

from techfinder.interfaces import Collection, FacetRequest
from techfinder.models import GenerationInfo
from techfinder.plan import Condition
from techfinder.schema import Attribute

__all__ = ["Span", "Spans", "bar_clauses", "bar_ends", "bar_starts", "iso_day"]

_MOST_BARS = 12
_MONTHS = (1, 2, 3, 6, 12, 24, 60, 120)
_EPOCH = date(1970, 1, 1).toordinal()

Span = tuple[float, float]


class Spans:
    """Smallest and largest value of numbers, over everybody. Remembered for one generation; safe for many threads."""

    def __init__(self) -> None:
        """Nothing is asked for yet."""
        self._lock = threading.Lock()
        self._generation: GenerationInfo | None = None
        self._kept: dict[str, Span | None] = {}

    def of(self, collection: Collection, keys: Sequence[str]) -> dict[str, Span | None]:
        """Span by attribute key; None where nobody has a value."""
        generation = collection.info()
        with self._lock:
            kept = dict(self._kept) if self._generation == generation else {}
        missing = [key for key in keys if key not in kept]
        if missing:
            counts = collection.facets([FacetRequest(key, (), field=key) for key in missing])
            kept |= {key: (c["min"], c["max"]) if (c := counts.get(key)) else None for key in missing}
            with self._lock:
                if collection.info() == generation:
                    self._generation, self._kept = generation, kept
        return {key: kept[key] for key in keys}


def bar_starts(attribute: Attribute, span: Span, dated: bool) -> tuple[float, ...]:
    """Where each bar begins, ascending; the last one ends with the largest value.

    The schema's buckets where there are some, whole numbers or round steps elsewhere; for dates months,
    quarters or years.
    """
    low, high = span
    if dated:
        return _calendar(int(low), int(high))
    buckets = attribute.field.buckets if attribute.part == "value" else ()
    starts = tuple(float(b) for b in buckets) or _round_steps(attribute, low, high)
    first = max((n for n, start in enumerate(starts) if start <= low), default=0)
    return tuple(start for start in starts[first:] if start <= high)


def bar_ends(starts: Sequence[float], last: float, whole: bool) -> tuple[float, ...]:
    """Where each bar ends: of whole numbers the one before the next bar, of others where that begins.

    Args:
        last: The largest value there is.
    """
    return (*(start - 1 if whole else start for start in starts[1:]), *(max(last, start) for start in starts[-1:]))


def iso_day(days: float) -> str:
    """The date so many days after 1970-01-01."""
    return date.fromordinal(int(days) + _EPOCH).isoformat()


def bar_clauses(key: str, starts: Sequence[float]) -> list[Condition]:
    """What the people of each bar fulfil: from its start to before the next."""
    inner = [Condition(field=key, op="range", gte=low, lt=high) for low, high in pairwise(starts)]
    return [*inner, Condition(field=key, op="range", gte=starts[-1])] if starts else []


def _round_steps(attribute: Attribute, low: float, high: float) -> tuple[float, ...]:
    step = _step(attribute, high - low)
    first = math.floor(low / step)
    first -= step * first > low  # 1.7 / 0.1 is 17, and 17 * 0.1 is more than 1.7
    return tuple(step * n for n in range(first, math.floor(high / step) + 1))


def _step(attribute: Attribute, width: float) -> float:
    whole = attribute.storage == "integer"
    if whole and width < _MOST_BARS:
        return 1.0
    least = width / _MOST_BARS
    if attribute.unit == "months" and least <= _MONTHS[-1]:
        return float(next(m for m in _MONTHS if m >= least))
    if least <= 0:
        return 1.0
    power = 10.0 ** math.floor(math.log10(least))
    return next(power * n for n in (1, 2, 5, 10) if power * n >= least)


def _calendar(low: int, high: int) -> tuple[float, ...]:
    first, last = date.fromordinal(low + _EPOCH), date.fromordinal(high + _EPOCH)
    months = (last.year - first.year) * 12 + last.month - first.month + 1
    step = next((m for m in (1, 3, 6, 12, 24, 60, 120, 240, 600) if months / m <= _MOST_BARS), 1200)
    begun = first.year * 12 + (first.month - 1) // step * step if step <= 12 else first.year // (step // 12) * step
    starts = range(begun, last.year * 12 + last.month, step)
    return tuple(float(max(date(max(n // 12, 1), n % 12 + 1, 1).toordinal(), 1) - _EPOCH) for n in starts)
