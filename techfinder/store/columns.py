"""Exact answers from NumPy columns: which rows match a filter, facets, order, ledger.

An engine counts and sorts slowly and orders ties at random; over columns the same costs
milliseconds and is exact. The columns of a generation are memory-mapped, so a million
points with fifty attributes take some hundred megabytes of page cache and little memory.
"""

from __future__ import annotations

import json
import math
from collections import OrderedDict
from itertools import pairwise
from typing import TYPE_CHECKING, Any
from uuid import UUID

import numpy as np

from techfinder.errors import StoreDamaged
from techfinder.interfaces import Ledger
from techfinder.models import Fill
from techfinder.store.column_files import Texts, read_array, read_index

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from pathlib import Path

    from numpy.typing import NDArray

    from techfinder.store.conditions import Weighing

    Mask = NDArray[np.bool_]

__all__ = ["Columns"]

_MASKS_BYTES = 64 << 20


class Columns:
    """The columns of one generation. Not safe for several threads at once (it keeps masks).

    Attributes:
        points: How many rows there are.
        ids: Profile id by row.
    """

    def __init__(self, folder: Path) -> None:
        """Map the files of `folder`. Raises StoreDamaged."""
        index = read_index(folder)
        self._files: tuple[str, ...] = tuple(index["files"])
        self._prepare(index["points"], index["attributes"], folder, {})

    @classmethod
    def of(cls, points: int, attributes: dict[str, str], arrays: dict[str, NDArray[Any]]) -> Columns:
        """Columns in memory, as :meth:`ColumnsWriter.arrays` makes them."""
        made = cls.__new__(cls)
        made._files = ()
        made._prepare(points, attributes, None, arrays)
        return made

    def without(self, rows: NDArray[np.int64]) -> Columns:
        """The same columns, in which these rows match nothing. They share arrays."""
        made = type(self).__new__(type(self))
        made._files = self._files
        made._prepare(self.points, self.attributes, self._folder, self._arrays)
        made._alive = np.ones(self.points, dtype=np.bool_)
        made._alive[rows] = False
        return made

    def _prepare(
        self, points: int, attributes: dict[str, str], folder: Path | None, arrays: dict[str, NDArray[Any]]
    ) -> None:
        self.points, self.attributes = points, attributes
        self._folder, self._arrays = folder, arrays
        self._alive: Mask | None = None
        self._values: dict[str, Texts] = {}
        self._masks: OrderedDict[str, Mask] = OrderedDict()
        self._bars: dict[str, tuple[tuple[float, ...], NDArray[Any]]] = {}
        self.ids = self._texts("ids")
        self._keys, self._places = self.array("points.sorted"), self.array("points.places")
        if len(self.ids) != points or len(self._keys) != points:
            raise StoreDamaged(f"Columns {folder} hold {len(self.ids)} ids for {points} points.")

    # --- rows ------------------------------------------------------------------------------

    def rows_of(self, points: Sequence[bytes]) -> NDArray[np.int64]:
        """The row of each point id (16 bytes), -1 where there is none."""
        if not self.points or not points:
            return np.full(len(points), -1, dtype=np.int64)
        wanted = np.frombuffer(b"".join(points), dtype="S16")
        places = np.minimum(np.searchsorted(self._keys, wanted), self.points - 1)
        return np.where(self._keys[places] == wanted, self._places[places], -1).astype(np.int64)

    def point_ids(self, rows: Sequence[int] | NDArray[np.int64]) -> list[bytes]:
        """The point ids (16 bytes each) of rows."""
        chosen = self.array("points")[np.asarray(rows, dtype=np.int64)].tobytes()
        return [chosen[i : i + 16] for i in range(0, len(chosen), 16)]

    def ledger(self) -> Ledger:
        """All rows as a ledger."""
        rows, texts = (self._texts(name).all() for name in ("rows", "texts"))
        return Ledger(self.ids.all(), np.array(self.array("ordinals"), dtype=np.int64), rows, texts)

    # --- filters ---------------------------------------------------------------------------

    def mask(self, query: Mapping[str, Any]) -> Mask:
        """Which rows match a filter (see :mod:`techfinder.store.conditions`); shape (points,)."""
        mask: Mask = np.ones(self.points, dtype=np.bool_) if self._alive is None else self._alive.copy()
        for part in query.get("must", ()):
            mask &= self._kept(part)
        for part in query.get("must_not", ()):
            mask &= ~self._kept(part)
        if "should" in query:
            mask &= self._at_least(query["should"], 1)
        if "min_should" in query:
            mask &= self._at_least(query["min_should"]["conditions"], query["min_should"]["min_count"])
        return mask

    def _at_least(self, parts: Sequence[Mapping[str, Any]], count: int) -> Mask:
        if count == 1:
            return np.asarray(np.logical_or.reduce([self._kept(p) for p in parts]), dtype=np.bool_)
        held = np.zeros(self.points, dtype=np.int32)
        for part in parts:
            held += self._kept(part)
        return held >= count

    def _kept(self, part: Mapping[str, Any]) -> Mask:
        """The mask of a part of a filter; kept, because facets ask for the same parts again."""
        name = json.dumps(part, sort_keys=True)
        mask = self._masks.get(name)
        if mask is None:
            mask = self._masks[name] = self._part(part)
            while len(self._masks) * max(self.points, 1) > _MASKS_BYTES and len(self._masks) > 1:
                self._masks.popitem(last=False)
        else:
            self._masks.move_to_end(name)
        return mask

    def _part(self, part: Mapping[str, Any]) -> Mask:
        if "match" in part:
            return self._match(part["key"], part["match"]["any"])
        if "range" in part:
            return self._range(part["key"], part["range"])
        if "is_empty" in part:
            return ~self._present(part["is_empty"]["key"])
        if "has_id" in part:
            return self._named(part["has_id"])
        return self.mask(part)

    def _named(self, ids: Sequence[str]) -> Mask:
        rows = self.rows_of([UUID(i).bytes for i in ids])
        mask = np.zeros(self.points, dtype=np.bool_)
        mask[rows[rows >= 0]] = True
        return mask

    def _match(self, key: str, values: Sequence[Any]) -> Mask:
        storage = self.attributes[key]
        if storage == "integer":
            return np.isin(self.array(f"{key}.numbers"), values) & self._present(key)
        codes = self.array(f"{key}.codes")
        wanted = [c for v in values if (c := self.values(key).find(v)) >= 0]
        if storage == "keyword" and len(wanted) == 1:
            return np.asarray(codes == wanted[0])
        chosen = np.zeros(len(self.values(key)) + 1, dtype=np.bool_)  # the last one is for -1, missing
        chosen[wanted] = True
        return chosen[codes] if storage == "keyword" else self._owned(key, chosen[codes])

    def _owned(self, key: str, tags: Mask) -> Mask:
        mask = np.zeros(self.points, dtype=np.bool_)
        mask[self.array(f"{key}.owners")[tags]] = True
        return mask

    def _range(self, key: str, bounds: Mapping[str, float]) -> Mask:
        numbers = self.array(f"{key}.numbers")
        mask = self._present(key).copy()
        for name, bound in bounds.items():
            mask &= _COMPARE[name](numbers, bound)
        return mask

    def _present(self, key: str) -> Mask:
        storage = self.attributes[key]
        if storage == "integer":
            return np.asarray(self.array(f"{key}.present"), dtype=np.bool_)
        if storage == "float":
            return np.asarray(~np.isnan(self.array(f"{key}.numbers")), dtype=np.bool_)
        return np.asarray(self.array(f"{key}.codes" if storage == "keyword" else f"{key}.ranks") >= 0)

    # --- answers ---------------------------------------------------------------------------

    def count(self, query: Mapping[str, Any]) -> int:
        """How many rows match."""
        return int(np.count_nonzero(self.mask(query)))

    def facet(self, query: Mapping[str, Any], field: str) -> dict[str, int | float]:
        """Count by value of `field` over the rows that match; for numbers ``min`` and ``max``."""
        mask = self.mask(query)
        if self.attributes[field] in ("integer", "float"):
            present = self.array(f"{field}.numbers")[mask & self._present(field)]
            return {"min": present.min().item(), "max": present.max().item()} if len(present) else {}
        codes = self.array(f"{field}.codes")
        if self.attributes[field] == "keywords":
            mask = mask[self.array(f"{field}.owners")]
        values = self.values(field)
        counts = np.bincount(codes[mask].astype(np.int64) + 1, minlength=1)[1:]
        return {values[code]: int(counts[code]) for code in np.flatnonzero(counts).tolist()}

    def tally(self, query: Mapping[str, Any], field: str) -> dict[str | int, int]:
        """Count by value over the rows that match, whole numbers included."""
        if self.attributes[field] != "integer":
            return {value: int(count) for value, count in self.facet(query, field).items()}
        numbers = self.array(f"{field}.numbers")[self.mask(query) & self._present(field)]
        values, counts = np.unique(numbers, return_counts=True)
        return dict(zip(values.tolist(), counts.tolist(), strict=True))

    def known(self, key: str) -> int:
        """How many rows have a value of `key`."""
        return int(np.count_nonzero(self.mask({}) & self._present(key)))

    def held(self, key: str) -> NDArray[Any]:
        """The different values of `key` that rows have, ascending: numbers, or positions in :meth:`values`."""
        mask = self.mask({})
        if self.attributes[key] in ("integer", "float"):
            return np.unique(self.array(f"{key}.numbers")[mask & self._present(key)])
        if self.attributes[key] == "keywords":
            mask = mask[self.array(f"{key}.owners")]
        return np.flatnonzero(np.bincount(self.array(f"{key}.codes")[mask].astype(np.int64) + 1, minlength=1)[1:])

    def fill(self, key: str) -> Fill:
        """How full `key` is."""
        return Fill(self.known(key), len(self.held(key)))

    def options(self, query: Mapping[str, Any], options: Mapping[str, Mapping[str, Any]]) -> dict[str, int | float]:
        """Count by option over the rows that match; options that no one fulfils are left out."""
        mask = self.mask(query)
        bars = _bars(options, self.attributes)
        if bars is not None:
            counts = self._histogram(mask, *bars)
        else:
            counts = {name: int(np.count_nonzero(mask & self.mask(o))) for name, o in options.items()}
        return {name: count for name, count in counts.items() if count}

    def _histogram(self, mask: Mask, key: str, starts: Sequence[float], names: Sequence[str]) -> dict[str, int]:
        """How many rows of the mask each bar holds: one look at each row, however many bars there are."""
        places = self._places_in_bars(key, tuple(starts))[mask]
        return dict(zip(names, np.bincount(places, minlength=len(starts) + 1)[1:].tolist(), strict=True))

    def _places_in_bars(self, key: str, starts: tuple[float, ...]) -> NDArray[Any]:
        """The bar that each row falls into, from 1 on; 0 for none. Kept, because bars stay while questions change."""
        kept = self._bars.get(key)
        if kept is None or kept[0] != starts:
            found = np.searchsorted(np.asarray(starts), self.array(f"{key}.numbers"), side="right")
            found[~self._present(key)] = 0
            kept = self._bars[key] = starts, found.astype(np.min_scalar_type(len(starts)))
        return kept[1]

    def order(self, query: Mapping[str, Any], sort: Sequence[tuple[str, bool]]) -> NDArray[np.int64]:
        """The rows that match, by (field, descending) with missing values last, ties in stored order.

        Texts sort by code point, tags as lists. The columns know no scales.
        """
        rows = np.flatnonzero(self.mask(query))
        keys: list[NDArray[Any]] = []
        for field, descending in reversed(sort):
            keys.extend(self._sort_keys(field, descending, rows))
        return rows[np.lexsort(keys)] if keys else rows

    def page(self, query: Mapping[str, Any], sort: Sequence[tuple[str, bool]], offset: int, limit: int) -> list[bytes]:
        """Point ids (16 bytes each) of the rows that match, in the order of :meth:`order`."""
        return self.point_ids(self.order(query, sort)[offset : offset + limit])

    def page_by_ordinal(self, query: Mapping[str, Any], descending: bool, offset: int, limit: int) -> list[bytes]:
        """Point ids (16 bytes each) of the rows that match, in stored order or against it."""
        rows = np.flatnonzero(self.mask(query))
        return self.point_ids((rows[::-1] if descending else rows)[offset : offset + limit])

    def scroll(self, query: Mapping[str, Any], start: bytes, offset: int, limit: int) -> list[bytes]:
        """Point ids (16 bytes each) of the rows that match, from id `start` on, ascending."""
        first = int(np.searchsorted(self._keys, np.frombuffer(start, dtype="S16"))[0])
        rows = self._places[first:]
        return self.point_ids(rows[self.mask(query)[rows]][offset : offset + limit])

    def best(
        self, query: Mapping[str, Any], weighing: Sequence[Weighing], without: Sequence[bytes], count: int
    ) -> list[tuple[float, str, bytes]]:
        """Score, profile id and point id of the `count` rows that weigh most: by score to 1e-6, then profile id.

        Args:
            query: Which rows count.
            weighing: What the values weigh.
            without: Point ids of rows that do not count.
            count: At most so many.
        """
        mask = self.mask(query)
        rows = self.rows_of(without)
        mask[rows[rows >= 0]] = False
        left = np.flatnonzero(mask)
        scores = np.round(self._scores(weighing)[left], 6)
        if count < len(left):  # with all that are equal to the last one, whose ids decide
            kept = scores >= np.partition(scores, len(scores) - count)[len(scores) - count]
            left, scores = left[kept], scores[kept]
        names = (self.ids[row] for row in left.tolist())
        found = zip((-scores).tolist(), names, self.point_ids(left), strict=True)
        return [(-score, name, point) for score, name, point in sorted(found)[:count]]

    def _scores(self, weighing: Sequence[Weighing]) -> NDArray[np.float64]:
        scores = np.zeros(self.points)
        for key, weights, starts in weighing:
            storage = self.attributes[key]
            if storage in ("integer", "float"):
                # Before the first bar, where nothing weighs, is place 0.
                bars = np.array([0.0, *(weights.get(str(n), 0.0) for n in range(len(starts)))])
                places = np.searchsorted(np.asarray(starts), self.array(f"{key}.numbers"), side="right")
                scores += np.where(self._present(key), bars[places], 0.0)
                continue
            table = np.zeros(len(self.values(key)) + 1)  # the last one is for -1, missing
            for value, weight in weights.items():
                if (code := self.values(key).find(value)) >= 0:
                    table[code] = weight
            added = table[self.array(f"{key}.codes")]
            if storage == "keyword":
                scores += added
            else:
                scores += np.bincount(self.array(f"{key}.owners"), weights=added, minlength=self.points)
        return scores

    def value(self, row: int, key: str) -> Any:
        """One value, tags as a tuple, None where it is missing."""
        storage = self.attributes[key]
        if storage in ("integer", "float"):
            number = self.array(f"{key}.numbers")[row].item()
            held = self.array(f"{key}.present")[row] if storage == "integer" else not math.isnan(number)
            return number if held else None
        if storage == "keyword":
            code = int(self.array(f"{key}.codes")[row])
            return None if code < 0 else self.values(key)[code]
        first, last = np.searchsorted(self.array(f"{key}.owners"), [row, row + 1]).tolist()
        return tuple(self.values(key)[int(c)] for c in self.array(f"{key}.codes")[first:last]) or None

    def ordinal(self, row: int) -> int:
        """Where a row stands in the stored order."""
        return int(self.array("ordinals")[row])

    def _sort_keys(self, field: str, descending: bool, rows: NDArray[np.int64]) -> list[NDArray[Any]]:
        name = {"keyword": "codes", "keywords": "ranks"}.get(self.attributes[field], "numbers")
        values = self.array(f"{field}.{name}")[rows]
        missing = ~self._present(field)[rows]
        values[missing] = 0
        if descending:
            values = -values if values.dtype == np.float64 else ~values  # ~ reverses whole numbers, smallest included
        return [values, missing]

    # --- files -----------------------------------------------------------------------------

    def map_all(self) -> None:
        """Map every file now: what is mapped can still be read when the folder is removed. Raises StoreError."""
        for file in self._files:
            self.array(file.removesuffix(".npy"))

    def array(self, name: str) -> NDArray[Any]:
        """One array of the generation, mapped at first use or by :meth:`map_all`."""
        found = self._arrays.get(name)
        if found is None:
            if self._folder is None:
                raise StoreDamaged(f"Columns in memory lack {name!r}.")
            found = self._arrays[name] = read_array(self._folder, name)
        return found

    def values(self, key: str) -> Texts:
        """The sorted values of a keyword attribute."""
        if key not in self._values:
            self._values[key] = self._texts(f"{key}.values")
        return self._values[key]

    def _texts(self, name: str) -> Texts:
        return Texts(self.array(f"{name}.blob"), self.array(f"{name}.ends"))


def _bars(
    options: Mapping[str, Mapping[str, Any]], attributes: Mapping[str, str]
) -> tuple[str, list[float], list[str]] | None:
    """Attribute, starts and names where the options are bars of one histogram, each ending where the next starts."""
    parts = [(name, *o["must"]) for name, o in options.items() if o.keys() == {"must"} and len(o["must"]) == 1]
    if len(parts) < max(len(options), 2) or any(p.keys() != {"key", "range"} for _, p in parts):
        return None
    ranges = [p["range"] for _, p in parts]
    if len({p["key"] for _, p in parts}) > 1 or any("gte" not in r for r in ranges) or len(ranges[-1]) > 1:
        return None
    key = parts[0][1]["key"]
    whole = attributes[key] == "integer"  # these end with the one before
    for before, after in pairwise(ranges):
        end = before.get("lt", before["lte"] + 1 if whole and "lte" in before else None)
        if len(before) != 2 or end != after["gte"] or end <= before["gte"]:
            return None
    return key, [r["gte"] for r in ranges], [name for name, _ in parts]


_COMPARE = {
    "gte": np.greater_equal,
    "gt": np.greater,
    "lte": np.less_equal,
    "lt": np.less,
}
