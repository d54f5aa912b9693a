"""Building a generation: a copy of the last one plus changes, or from nothing.

A small collection has no payload indexes. Where it grows past that, a few points are written
with all of them in place, which is quickest. Past that the indexes are dropped and made once
at the end, over the finished graph: in half the time, and without holding them in memory.

The builder keeps the digest of everything that it was told to store. What is really there,
:mod:`techfinder.store.edge.inspection` tells; only when both agree does a generation go live.
"""

from __future__ import annotations

import os
from typing import TYPE_CHECKING, Any

from techfinder.errors import StoreError, cut
from techfinder.store.columns import Columns
from techfinder.store.edge.shard import Shard
from techfinder.store.folders import copy_sparse, memory_folder, remove_folder
from techfinder.store.graph import GRAPH_FROM, INDEXED_FROM
from techfinder.store.points import StoredPoint, digest_of, point_id
from techfinder.store.tally import Digests, Tally, total_of

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence
    from pathlib import Path

    from numpy.typing import NDArray

    from techfinder.store.edge.packing import PackedPoints

__all__ = ["BuildJob"]

_INDEX_BYTES = 2 << 20


class BuildJob:
    """Writes points into a new folder, which starts as a copy of a base generation or empty."""

    def __init__(
        self,
        folder: Path,
        base: Path | None,
        dim: int,
        attributes: Mapping[str, str],
        int8: bool,
        nice: int,
        indexed_from: int = INDEXED_FROM,
    ) -> None:
        os.nice(nice)
        self._folder, self._dim, self._indexed_from = folder, dim, indexed_from
        self._attributes, self._unindexed = dict(attributes), dict[str, str]()
        self._base = Columns(base / "columns") if base else None
        if base:
            copy_sparse(base / "shard", folder / "shard")
            self._shard = Shard.load(folder / "shard", dim)
        else:
            self._shard = Shard.create(folder / "shard", dim, int8)
        self._indexed = self._shard.indexed
        self._changed: dict[bytes, Digests | None] = {}
        self._tally = Tally(self._base.points, total_of(_rows(self._base.array("digests")))) if self._base else Tally()

    def upsert(self, points: PackedPoints) -> None:
        """Write points; raises StoreError when one without a vector is not stored yet."""
        named = points.unpacked()
        before = self._digests(points.ids)
        after = [
            new or _kept(point, known) for (_, point), known, new in zip(named, before, points.digests, strict=True)
        ]
        if not self._indexed and self._tally.points + before.count(None) >= self._indexed_from:
            self._index()
        if not self._unindexed and len(self._changed) + len(named) > GRAPH_FROM:
            self._shard.drop_indexes(self._attributes)
            self._unindexed = self._attributes
        self._shard.upsert(named)
        for identity, known, new in zip(points.ids, before, after, strict=True):
            self._note(identity, known, new)

    def delete(self, ids: Sequence[str]) -> None:
        """Remove profiles; unknown ids are ignored."""
        wanted = list(dict.fromkeys(point_id(i) for i in ids))
        known = self._digests([i.bytes for i in wanted])
        held = [(i, k) for i, k in zip(wanted, known, strict=True) if k is not None]
        if held:
            self._shard.delete([i for i, _ in held])
        for identity, digests in held:
            self._note(identity.bytes, digests, None)

    def finish(self) -> tuple[int, str]:
        """Build graph and indexes and close. Returns the count and digest of what must be there now."""
        self._shard.finish(self._unindexed)
        return self._tally.points, self._tally.digest

    def _index(self) -> None:
        """Make the payload indexes, of the few points that are there.

        The engine syncs every index again for each one that is added: 8,600 syncs for fifty, which
        is seconds on most disks. In memory they cost nothing, and sealing syncs everything once.
        """
        shard = self._folder / "shard"
        self._shard.close()
        with memory_folder(self._folder.parent, (len(self._attributes) + 20) * _INDEX_BYTES) as memory:
            if memory is None:
                _index_shard(shard, self._dim, self._attributes)
            else:
                copy_sparse(shard, memory / "shard")
                _index_shard(memory / "shard", self._dim, self._attributes)
                remove_folder(shard)
                copy_sparse(memory / "shard", shard)
        self._shard = Shard.load(shard, self._dim)
        self._indexed = True

    def _digests(self, points: Sequence[bytes]) -> list[Digests | None]:
        """Digests of point and vector as of now, None where nothing is stored."""
        found: list[Digests | None] = [None] * len(points)
        if self._base:
            digests, vectors = self._base.array("digests"), self._base.array("vectors")
            for place, row in enumerate(self._base.rows_of(points).tolist()):
                if row >= 0:
                    found[place] = digests[row].tobytes(), vectors[row].tobytes()
        return [self._changed.get(p, f) for p, f in zip(points, found, strict=True)]

    def _note(self, point: bytes, old: Digests | None, new: Digests | None) -> None:
        self._changed[point] = new
        self._tally.note(old, new)


def _index_shard(folder: Path, dim: int, attributes: Mapping[str, str]) -> None:
    shard = Shard.load(folder, dim)
    shard.index(attributes)
    shard.close()


def _rows(digests: NDArray[Any]) -> Iterator[bytes]:
    return (row.tobytes() for row in digests)


def _kept(point: StoredPoint, known: Digests | None) -> Digests:
    """The digests of a point that keeps the vector that is stored. Raises StoreError when none is."""
    if known is None:
        raise StoreError(
            f"Profile {cut(point.id)} came without a vector, but none is stored for it. Encode its text first."
        )
    return digest_of(point.payload, known[1]), known[1]
