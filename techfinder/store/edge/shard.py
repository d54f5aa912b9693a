"""Qdrant Edge: the only module that imports it. Runs inside the store's own processes.

The engine is the real one, in-process and in beta: one shard a folder, no collections, no
aliases, and calls that hold the interpreter lock, for minutes when it builds a graph. So
nothing here may run in a process that serves anything else.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from itertools import islice
from typing import TYPE_CHECKING, Any
from uuid import UUID

import numpy as np
import qdrant_edge as qdrant

from techfinder.errors import StoreDamaged, StoreError
from techfinder.store.failures import failure
from techfinder.store.graph import (
    ACORN_BELOW,
    EF_CONSTRUCT,
    GRAPH_FROM,
    HNSW_EF,
    LINKS,
    OVERSAMPLING,
    SCANNED_BELOW,
    kilobytes,
)
from techfinder.store.points import StoredBatch

if TYPE_CHECKING:
    from pathlib import Path

    from numpy.typing import NDArray

    from techfinder.store.points import StoredPoint

__all__ = ["EnginePanic", "Shard"]

_WHOLE = qdrant.QuantizationSearchParams(ignore=True)
_REFINED = qdrant.QuantizationSearchParams(rescore=True, oversampling=OVERSAMPLING)

_ACORN = qdrant.AcornSearchParams(enable=True, max_selectivity=ACORN_BELOW)

_INDEXES: Mapping[str, Callable[..., Any]] = {
    "keyword": qdrant.KeywordIndexParams,
    "keywords": qdrant.KeywordIndexParams,
    "integer": qdrant.IntegerIndexParams,
    "float": qdrant.FloatIndexParams,
}
_INDEXED_AT_ONCE = 8
"""Payload indexes made before the shard is opened anew: making one leaves memory behind that only this frees."""


class EnginePanic(StoreError):
    """The engine broke off in the middle of something; its process must end.

    Attributes:
        kind: What the caller is told it is.
    """

    kind: type[StoreError] = StoreError


@contextmanager
def _engine(doing: str, kind: type[StoreError] = StoreError) -> Iterator[None]:
    """Turn whatever the engine raises, panics included, into a StoreError: of `kind` unless the system refused."""
    try:
        yield
    except (StoreError, KeyboardInterrupt, SystemExit):
        raise
    except BaseException as error:
        found = failure(f"Qdrant Edge failed while {doing}", error, kind)
        if isinstance(error, Exception):
            raise found from error
        panic = EnginePanic(str(found))
        panic.kind = type(found)
        raise panic from error


class Shard:
    """One shard in one folder, with the write-ahead log off: durable once ``finish`` returns."""

    def __init__(self, shard: Any, folder: Path, dim: int) -> None:
        self._shard, self._folder, self._dim = shard, folder, dim

    @classmethod
    def create(cls, folder: Path, dim: int, int8: bool = False) -> Shard:
        """A new shard without payload indexes; `int8` keeps small vectors beside the whole ones."""
        folder.mkdir(parents=True)
        with _engine(f"creating {folder}"):
            # Vectors for cosine have norm 1 already: their dot product is the cosine, and the
            # engine leaves every bit of them alone.
            made = qdrant.EdgeShard.create(
                str(folder),
                qdrant.EdgeConfig(
                    vectors=qdrant.EdgeVectorParams(size=dim, distance=qdrant.Distance.Dot),
                    hnsw_config=qdrant.HnswIndexConfig(
                        m=LINKS, ef_construct=EF_CONSTRUCT, full_scan_threshold=kilobytes(SCANNED_BELOW, dim)
                    ),
                    optimizers=qdrant.EdgeOptimizersConfig(
                        default_segment_number=1, indexing_threshold=kilobytes(GRAPH_FROM, dim)
                    ),
                    quantization_config=qdrant.ScalarQuantizationConfig(qdrant.ScalarType.Int8) if int8 else None,
                    wal_enabled=False,
                ),
            )
        return cls(made, folder, dim)

    @classmethod
    def load(cls, folder: Path, dim: int) -> Shard:
        """The shard in `folder`, which must be writable. Raises StoreDamaged."""
        with _engine(f"opening {folder}", StoreDamaged):
            return cls(qdrant.EdgeShard.load(str(folder)), folder, dim)

    # --- writing ---------------------------------------------------------------------------

    def upsert(self, points: Sequence[tuple[UUID, StoredPoint]]) -> None:
        """Write points; those without a vector keep the stored one."""
        whole = [qdrant.Point(i, p.vector.tolist(), p.payload) for i, p in points if p.vector is not None]
        with _engine(f"writing {len(points)} points"):
            if whole:
                self._shard.update(qdrant.UpdateOperation.upsert_points(whole))
            for identity, point in points:
                if point.vector is None:
                    self._shard.update(qdrant.UpdateOperation.overwrite_payload([identity], point.payload))

    def delete(self, ids: Sequence[UUID]) -> None:
        """Remove points; unknown ids are ignored."""
        with _engine(f"deleting {len(ids)} points"):
            self._shard.update(qdrant.UpdateOperation.delete_points(list(ids)))

    def index(self, attributes: Mapping[str, str]) -> None:
        """Make a payload index for each attribute.

        Of points that are in a graph already, the indexes are files that are mapped; of others they are kept in
        memory too, with 13 KB a point for fifty of them.
        """
        with _engine("indexing payload"):
            for key, storage in attributes.items():
                kind = _INDEXES[storage](memory=qdrant.Memory.Cold, enable_hnsw=False)
                self._shard.update(qdrant.UpdateOperation.create_field_index(key, kind))

    def drop_indexes(self, attributes: Mapping[str, str]) -> None:
        """Remove the payload indexes of these attributes."""
        with _engine("removing payload indexes"):
            for key in attributes:
                self._shard.update(qdrant.UpdateOperation.delete_field_index(key))

    def close(self) -> None:
        """Write what is pending and close."""
        with _engine("closing"):
            self._shard.flush()
            self._shard.close()

    def finish(self, unindexed: Mapping[str, str] | None = None) -> None:
        """Make everything durable, build the graph, then payload indexes for what is `unindexed`, and close."""
        with _engine("building the graph"):
            self._shard.flush()
            self._shard.optimize()
        self.close()
        left = iter((unindexed or {}).items())
        while some := dict(islice(left, _INDEXED_AT_ONCE)):
            shard = self.load(self._folder, self._dim)
            shard.index(some)
            shard.close()

    @property
    def indexed(self) -> bool:
        """Whether there are payload indexes."""
        with _engine("looking for payload indexes"):
            return bool(self._shard.info().payload_schema)

    # --- reading ---------------------------------------------------------------------------

    def count(self, query: Mapping[str, Any] | None = None) -> int:
        """How many points there are, or match."""
        with _engine("counting"):
            return int(self._shard.count(qdrant.CountRequest(exact=True, filter=_filter(query) if query else None)))

    def nearest(
        self, vector: NDArray[np.float32], query: Mapping[str, Any], limit: int, exact: bool
    ) -> list[tuple[bytes, float]]:
        """Point ids (16 bytes) and scores of the `limit` most similar points that match, best first.

        A part of `query` may also be ``{"has_id": [...]}``: the point is one of these.
        """
        request = qdrant.QueryRequest(
            limit=limit,
            query=qdrant.Query.Nearest(vector.tolist()),
            filter=_filter(query) if query else None,
            params=qdrant.SearchParams(
                exact=exact, hnsw_ef=HNSW_EF, quantization=_WHOLE if exact else _REFINED, acorn=_ACORN
            ),
        )
        with _engine("searching"):
            return [(p.id.bytes, p.score) for p in self._shard.query(request)]

    def payloads(self, ids: Sequence[UUID]) -> dict[bytes, dict[str, Any]]:
        """The payloads of those points that exist, by id (16 bytes)."""
        with _engine(f"reading {len(ids)} points"):
            found = self._shard.retrieve(list(ids), with_payload=True, with_vector=False)
            return {r.id.bytes: r.payload for r in found}

    def vectors(self, ids: Sequence[UUID]) -> dict[bytes, NDArray[np.float32]]:
        """The vectors of those points that exist, by id (16 bytes)."""
        with _engine(f"reading {len(ids)} vectors"):
            found = self._shard.retrieve(list(ids), with_payload=False, with_vector=True)
        batch = self._batch(found)
        return {i.bytes: vector for i, vector in zip(batch.ids, batch.vectors, strict=True)}

    def scan(self, size: int = 1000) -> Iterator[StoredBatch]:
        """Everything stored, in batches of at most `size`, by id."""
        offset: UUID | None = None
        while True:
            batch, offset = self.page(offset, size)
            if batch.ids:
                yield batch
            if offset is None:
                return

    def page(self, start: UUID | None, size: int) -> tuple[StoredBatch, UUID | None]:
        """At most `size` points by id, from id `start` on (None: the first), and where the next page starts."""
        with _engine("reading all points", StoreDamaged):
            found, following = self._shard.scroll(
                qdrant.ScrollRequest(offset=start, limit=size, with_payload=True, with_vector=True)
            )
        return self._batch(found), following

    def _batch(self, found: Sequence[Any]) -> StoredBatch:
        try:
            vectors = np.array([r.vector for r in found], dtype=np.float32).reshape(len(found), self._dim)
        except (ValueError, TypeError) as error:
            raise StoreDamaged(f"A stored vector is not of length {self._dim}: {error}.") from error
        return StoredBatch([r.id for r in found], [r.payload or {} for r in found], vectors)


def _filter(query: Mapping[str, Any]) -> Any:
    least = query.get("min_should")
    return qdrant.Filter(
        must=[_condition(p) for p in query["must"]] if "must" in query else None,
        must_not=[_condition(p) for p in query["must_not"]] if "must_not" in query else None,
        should=[_condition(p) for p in query["should"]] if "should" in query else None,
        min_should=qdrant.MinShould([_condition(p) for p in least["conditions"]], least["min_count"])
        if least
        else None,
    )


def _condition(part: Mapping[str, Any]) -> Any:
    if "match" in part:
        return qdrant.FieldCondition(part["key"], match=qdrant.MatchAny(part["match"]["any"]))
    if "range" in part:
        return qdrant.FieldCondition(part["key"], range=qdrant.RangeFloat(**part["range"]))
    if "has_id" in part:
        return qdrant.HasIdCondition({UUID(i) for i in part["has_id"]})
    if "is_empty" in part:
        return qdrant.IsEmptyCondition(part["is_empty"]["key"])
    return _filter(part)
