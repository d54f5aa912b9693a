"""Columns of a generation that changes: those that were written once, and the changed rows beside them.

The written columns hide what was changed since; small columns in memory hold what it is now.
Answers are put together from both, and are the same as those of columns written anew.
"""

from __future__ import annotations

from bisect import bisect_left
from collections import Counter
from heapq import merge
from itertools import islice
from typing import TYPE_CHECKING, Any

import numpy as np

from techfinder.models import Fill
from techfinder.store.column_files import ColumnsWriter
from techfinder.store.columns import Columns
from techfinder.store.points import DIGEST_BYTES, point_id

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from techfinder.models import Value
    from techfinder.store.conditions import Weighing

    Order = Sequence[tuple[str, bool]]

__all__ = ["Layered"]

_NONE = b"\0" * DIGEST_BYTES


class Layered:
    """Columns and the changes since. Not safe for several threads at once."""

    def __init__(self, base: Columns, changed: Mapping[str, Mapping[str, Any] | None]) -> None:
        """Put them together.

        Args:
            base: As written.
            changed: Payload by profile id of everyone who may have changed since; None is removed.
        """
        rows = base.rows_of([point_id(i).bytes for i in changed])
        self._base = base.without(rows[rows >= 0])
        writer = ColumnsWriter(base.attributes)
        for profile_id, payload in changed.items():
            if payload is not None:
                writer.add(point_id(profile_id).bytes, payload, _NONE, _NONE)
        self._fresh = Columns.of(*writer.arrays())

    @property
    def points(self) -> int:
        """How many there are."""
        return self.count({})

    def count(self, query: Mapping[str, Any]) -> int:
        """How many match."""
        return self._base.count(query) + self._fresh.count(query)

    def facet(self, query: Mapping[str, Any], field: str) -> dict[str, int | float]:
        """Count by value of `field` over those that match; for numbers ``min`` and ``max``."""
        parts = [self._base.facet(query, field), self._fresh.facet(query, field)]
        if self._base.attributes[field] in ("integer", "float"):
            known = [p for p in parts if p]
            return {"min": min(p["min"] for p in known), "max": max(p["max"] for p in known)} if known else {}
        return _sum(parts)

    def tally(self, query: Mapping[str, Any], field: str) -> dict[str | int, int]:
        """Count by value over those that match; see :meth:`Columns.tally`."""
        base, fresh = self._base.tally(query, field), self._fresh.tally(query, field)
        return {value: base.get(value, 0) + fresh.get(value, 0) for value in (*base, *(fresh.keys() - base.keys()))}

    def fill(self, key: str) -> Fill:
        """How full `key` is."""
        base, fresh = self._base.held(key), self._fresh.held(key)
        if self._base.attributes[key] in ("integer", "float"):
            distinct = len(np.union1d(base, fresh))
        else:
            texts, known = self._base.values(key), set(base.tolist())
            distinct = len(base) + sum(texts.find(self._fresh.values(key)[n]) not in known for n in fresh.tolist())
        return Fill(self._base.known(key) + self._fresh.known(key), distinct)

    def options(self, query: Mapping[str, Any], options: Mapping[str, Mapping[str, Any]]) -> dict[str, int | float]:
        """Count by option over those that match; options that no one fulfils are left out."""
        return _sum([self._base.options(query, options), self._fresh.options(query, options)])

    def page(self, query: Mapping[str, Any], sort: Order, offset: int, limit: int) -> list[bytes]:
        """Point ids (16 bytes) of those that match, in order; see :meth:`Columns.page`."""
        base, fresh = self._base.order(query, sort), self._fresh.order(query, sort).tolist()
        keys = _Keys(self._base, sort)
        merged: list[tuple[Columns, int]] = []
        place = 0
        for row in fresh:  # they are in order: each stands after those of the base that come before it
            if len(merged) >= offset + limit:
                break
            position = bisect_left(base, _key(self._fresh, sort, row), lo=place, key=keys)
            merged += [(self._base, r) for r in base[place:position][: offset + limit].tolist()]
            merged.append((self._fresh, row))
            place = position
        merged += [(self._base, r) for r in base[place:][: offset + limit].tolist()]
        return [part.point_ids([row])[0] for part, row in merged[offset : offset + limit]]

    def page_by_ordinal(self, query: Mapping[str, Any], descending: bool, offset: int, limit: int) -> list[bytes]:
        """Point ids (16 bytes) of those that match, in stored order or against it."""
        if not descending:
            return self.page(query, (), offset, limit)
        total = self.count(query)
        last = max(0, total - offset)
        first = max(0, last - limit)
        return self.page(query, (), first, last - first)[::-1]

    def scroll(self, query: Mapping[str, Any], start: bytes, offset: int, limit: int) -> list[bytes]:
        """Point ids (16 bytes) of those that match, from id `start` on, ascending."""
        parts = [part.scroll(query, start, 0, offset + limit) for part in (self._base, self._fresh)]
        return list(islice(merge(*parts), offset, offset + limit))

    def best(
        self, query: Mapping[str, Any], weighing: Sequence[Weighing], without: Sequence[bytes], count: int
    ) -> list[tuple[float, str, bytes]]:
        """Those that weigh most; see :meth:`Columns.best`."""
        parts = [part.best(query, weighing, without, count) for part in (self._base, self._fresh)]
        return sorted((*parts[0], *parts[1]), key=lambda f: (-f[0], f[1]))[:count]


class _Keys:
    """The sort key of a row of `part`."""

    def __init__(self, part: Columns, sort: Order) -> None:
        self._part, self._sort = part, sort

    def __call__(self, row: int) -> tuple[Any, ...]:
        return _key(self._part, self._sort, row)


def _key(part: Columns, sort: Order, row: int) -> tuple[Any, ...]:
    keys: list[Any] = []
    for field, descending in sort:
        value = part.value(row, field)
        keys += (True, 0) if value is None else (False, _Reversed(value) if descending else value)
    return (*keys, part.ordinal(row))


class _Reversed:
    """Sorts the other way round."""

    def __init__(self, value: Value) -> None:
        self._value = value

    def __eq__(self, other: object) -> bool:
        return isinstance(other, _Reversed) and self._value == other._value

    def __hash__(self) -> int:
        return hash(self._value)

    def __lt__(self, other: _Reversed) -> bool:
        return bool(other._value < self._value)  # type: ignore[operator]


def _sum(parts: Sequence[Mapping[str, int | float]]) -> dict[str, int | float]:
    counts = Counter[str]()
    for part in parts:
        counts.update({name: int(count) for name, count in part.items()})
    return dict(counts)
