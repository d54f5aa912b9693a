"""A generation in the making on a server: a Qdrant collection that nobody sees yet."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING
from uuid import UUID

from techfinder.errors import StoreDamaged, StoreError, cut
from techfinder.store.fingerprints import info_of
from techfinder.store.graph import GRAPH_FROM, sampled_recall, unsound
from techfinder.store.points import StoredPoint, digest_of, point_id, vector_digest
from techfinder.store.server.points import ServerPoints
from techfinder.store.tally import Digests, Tally

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    from techfinder.interfaces import CollectionSpec
    from techfinder.models import GenerationInfo
    from techfinder.store.points import StoredBatch
    from techfinder.store.server.columns_cache import ColumnsCache
    from techfinder.store.server.connection import Server
    from techfinder.store.server.generations import ServerGenerations

__all__ = ["Build", "no_vector"]

_BATCH = 1000


class Build:
    """A new Qdrant collection in the making.

    A copy is written in batches, in the order of its points. So the number of points that a killed
    one has left tells which batches are there; should that be wrong, `finish` finds it out.
    """

    def __init__(
        self, server: Server, generations: ServerGenerations, spec: CollectionSpec, int8: bool, copy_of: str = ""
    ) -> None:
        """Begin, or go on with what is left of an unfinished copy of `copy_of`. `int8` keeps small vectors too."""
        left = generations.unfinished(copy_of) if copy_of else None
        self.number, self.place, facts = left or generations.begin(spec, copy_of)
        self.id = str(facts["build"])
        self._spec = spec
        self._points = ServerPoints(server, self.place, spec.dim)
        if left is None:
            self._points = ServerPoints.create(server, self.place, spec.dim, spec.attributes, facts, int8)
        self.resumed = self._points.count() // _BATCH * _BATCH if left else 0
        self._passed = 0
        self._indexed = True
        self._tally = Tally()
        self._held: dict[bytes, Digests] = {}

    def copy(self, batch: StoredBatch) -> None:
        """Take over points of another generation as they are."""
        rows = zip(batch.ids, batch.payloads, batch.vectors, strict=True)
        self._write([(i, StoredPoint(payload["_id"], payload, vector)) for i, payload, vector in rows])

    def require(self, base: GenerationInfo) -> None:
        """Raise StoreDamaged unless this holds what `base` does: what is lost there would be lost for good."""
        held = self._tally
        if (held.points, held.digest) != (base.points, base.digest):
            raise StoreDamaged(
                f"Collection {base.collection!r}: generation {base.number} holds {held.points} points with digest "
                f"{held.digest} on the server, {base.points} with {base.digest} were written. Something else changed "
                "them. Index everyone again with `techfinder index SOURCE --rebuild`."
            )

    def upsert(self, points: Sequence[StoredPoint]) -> None:
        named = [(point_id(p.id), p) for p in points]
        for identity, point in named:
            if point.vector is None and identity.bytes not in self._held:
                raise no_vector(point.id)
        for start in range(0, len(named), _BATCH):
            self._write(named[start : start + _BATCH])

    def delete(self, ids: Sequence[str]) -> None:
        gone = [i for i in dict.fromkeys(point_id(i) for i in ids) if i.bytes in self._held]
        for start in range(0, len(gone), _BATCH):
            self._points.delete(gone[start : start + _BATCH])
        for identity in gone:
            self._tally.note(self._held.pop(identity.bytes), None)

    def finish(self, cache: ColumnsCache) -> GenerationInfo:
        """Build graph and indexes, read everything back. What is stored; takes no more points."""
        self._held.clear()  # the columns need the memory
        self._points.build_graph()
        self._points.index(self._spec.attributes)
        found = cache.write(self.id, 0, self._spec.attributes, self._points.scan())
        expected = self._tally.points, self._tally.digest
        if found != expected:
            raise StoreError(
                f"Collection {self._spec.name!r}: {found[0]} points with digest {found[1]} are stored, {expected[0]} "
                f"with {expected[1]} were written. Nothing went live. Start again."
            )
        exact = found[0] >= GRAPH_FROM and unsound(sampled_recall(self._points), self._spec.name)
        return info_of(self._spec, self.number, *found, exact)

    def _write(self, points: Sequence[tuple[UUID, StoredPoint]]) -> None:
        there = max(0, min(len(points), self.resumed - self._passed))
        self._passed += there
        if self._indexed and self._tally.points + len(points) > GRAPH_FROM:
            self._points.drop_indexes()  # they are made at the end, over the finished graph: see the embedded store
            self._indexed = False
        self._points.upsert(points[there:])
        for identity, point in points:
            old = self._held.get(identity.bytes)
            vector = old[1] if point.vector is None and old else vector_digest(_held(point))
            new = self._held[identity.bytes] = (digest_of(point.payload, vector), vector)
            self._tally.note(old, new)


def no_vector(profile_id: str) -> StoreError:
    """The error to raise for a point that has no vector, and none stored."""
    return StoreError(
        f"Profile {cut(profile_id)} came without a vector, but none is stored for it. Encode its text first."
    )


def _held(point: StoredPoint) -> NDArray[np.float32]:
    if point.vector is None:
        raise no_vector(point.id)
    return point.vector
