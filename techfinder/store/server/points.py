"""The points of one collection on a Qdrant server: write, search, read, wait for the graph."""

from __future__ import annotations

import logging
import time
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence, Set
from dataclasses import dataclass, replace
from functools import partial
from typing import TYPE_CHECKING, Any, TypeVar
from uuid import UUID

import numpy as np
from qdrant_client import grpc as messages
from qdrant_client import models
from qdrant_client.conversions.conversion import RestToGrpc

from techfinder.errors import StoreDamaged, StoreError
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
from techfinder.store.points import StoredBatch, is_ours
from techfinder.store.server.messages import Record, identity_of, message_of, payload_of, record_of

if TYPE_CHECKING:
    from numpy.typing import NDArray
    from qdrant_client import QdrantClient

    from techfinder.store.points import StoredPoint
    from techfinder.store.server.connection import Server

__all__ = ["ServerPoints"]

_log = logging.getLogger(__name__)
_T = TypeVar("_T")

_SMALL = models.ScalarQuantization(scalar=models.ScalarQuantizationConfig(type=models.ScalarType.INT8, always_ram=True))
_INDEXES: Mapping[str, Callable[..., Any]] = {
    "keyword": partial(models.KeywordIndexParams, type=models.KeywordIndexType.KEYWORD),
    "keywords": partial(models.KeywordIndexParams, type=models.KeywordIndexType.KEYWORD),
    "integer": partial(models.IntegerIndexParams, type=models.IntegerIndexType.INTEGER),
    "float": partial(models.FloatIndexParams, type=models.FloatIndexType.FLOAT),
}
_PAGE = 1000
_POLL_S = 0.2
_STALLED_S = 3600.0
"""Longest wait without progress. It is told by whole segments: three hundred thousand points at once."""

_NOBODY = str(UUID(int=0))
_OURS = {"key": "_ordinal", "range": {"gte": -(2**63)}}
_Scored = tuple[dict[str, Any], float]


@dataclass(frozen=True, slots=True)
class _Search:
    """A search, as both ways of asking take it; `payload` is True or the keys that are wanted."""

    vector: NDArray[np.float32]
    where: models.Filter | None
    limit: int
    exact: bool
    payload: bool | list[str]


class ServerPoints:
    """The points of collection `name`. Safe to use from many threads."""

    def __init__(self, server: Server, name: str, dim: int) -> None:
        """Ask nothing yet."""
        self.name = name
        self._server, self._dim = server, dim

    @classmethod
    def create(
        cls,
        server: Server,
        name: str,
        dim: int,
        attributes: Mapping[str, str],
        facts: Mapping[str, Any],
        int8: bool = False,
    ) -> ServerPoints:
        """A new collection that builds no graph yet, with a payload index for every attribute.

        `int8` keeps small vectors in memory beside the whole ones.
        """
        server.create(
            name,
            facts,
            # Vectors for cosine have norm 1 already: their dot product is the cosine, and the
            # engine leaves every bit of them alone.
            vectors_config=models.VectorParams(size=dim, distance=models.Distance.DOT, on_disk=True),
            hnsw_config=models.HnswConfigDiff(
                m=LINKS, ef_construct=EF_CONSTRUCT, full_scan_threshold=kilobytes(SCANNED_BELOW, dim)
            ),
            # By default people are spread over as many segments as there are processors, so that where a graph begins
            # would depend on the machine.
            optimizers_config=models.OptimizersConfigDiff(indexing_threshold=0, default_segment_number=1),
            quantization_config=_SMALL if int8 else None,
        )
        made = cls(server, name, dim)
        made.index(attributes)
        return made

    def index(self, attributes: Mapping[str, str]) -> None:
        """Make a payload index for every attribute that has none yet, and wait until all are made.

        Raises:
            StoreError: The server refused one, or makes no progress.
        """
        wanted = {**attributes, "_ordinal": "integer"}
        for key in wanted.keys() - self._indexed():
            self._index(key, _INDEXES[wanted[key]](on_disk=True, enable_hnsw=False))
        self._wait("the payload indexes", lambda: (wanted.keys() <= self._indexed(), len(self._indexed())))
        self._settle()

    def _index(self, key: str, kind: Any) -> None:
        self._ask("indexing payload", lambda c: c.create_payload_index(self.name, key, kind, wait=False))

    def drop_indexes(self) -> None:
        """Remove all payload indexes."""
        for key in self._indexed():
            self._drop_index(key)
        self._settle()

    def _drop_index(self, key: str) -> None:
        self._ask("removing payload indexes", lambda c: c.delete_payload_index(self.name, key, wait=False))

    def _indexed(self) -> Set[str]:
        return self._server.describe(self.name).payload_schema.keys()

    def _settle(self) -> None:
        """Return once all that was asked for before is done: changes are made one after the other."""
        self._ask(
            "waiting for changes", lambda c: c.delete(self.name, models.PointIdsList(points=[_NOBODY]), wait=True)
        )

    # --- writing ---------------------------------------------------------------------------

    def upsert(self, points: Sequence[tuple[UUID, StoredPoint]]) -> None:
        """Write points; those without a vector keep the stored one. Returns once they can be read."""
        whole = [(i, p) for i, p in points if p.vector is not None]
        if whole:
            self._server.either(
                f"writing {len(whole)} points to {self.name!r}",
                lambda c: self._upsert_grpc(c, whole),
                lambda c: self._upsert_rest(c, whole),
            )
        changes = [
            models.OverwritePayloadOperation(overwrite_payload=models.SetPayload(payload=p.payload, points=[str(i)]))
            for i, p in points
            if p.vector is None
        ]
        if changes:
            self._ask("changing payload", lambda c: c.batch_update_points(self.name, changes, wait=True))

    def delete(self, ids: Sequence[UUID]) -> None:
        """Remove points; unknown ids are ignored."""
        wanted: list[Any] = [str(i) for i in ids]
        if wanted:
            self._ask("removing points", lambda c: c.delete(self.name, models.PointIdsList(points=wanted), wait=True))

    def build_graph(self) -> None:
        """Have the graph built and wait until it is. Raises StoreError when the server gives up or stalls."""
        config = models.OptimizersConfigDiff(indexing_threshold=kilobytes(GRAPH_FROM, self._dim))
        self._ask("building the graph", lambda c: c.update_collection(self.name, optimizers_config=config))
        self._wait("the graph", self._graph)

    def _graph(self) -> tuple[bool, int]:
        """Whether the graph is whole, and how many vectors are in it."""
        info = self._server.describe(self.name)
        if info.status == models.CollectionStatus.RED:
            raise StoreError(f"Qdrant gave up on {self.name!r}: {info.optimizer_status}. See its log.")
        return info.status == models.CollectionStatus.GREEN, info.indexed_vectors_count or 0

    def _wait(self, what: str, state: Callable[[], tuple[bool, int]]) -> None:
        """Return once `state` says that it is done; its number tells of progress."""
        seen, moved = -1, time.monotonic()
        while True:
            done, so_far = state()
            if done:
                return
            if so_far != seen:
                seen, moved = so_far, time.monotonic()
            elif time.monotonic() - moved > _STALLED_S:
                raise StoreError(f"Qdrant made no progress on {what} of {self.name!r} for {_STALLED_S:g} s.")
            time.sleep(_POLL_S)

    # --- reading ---------------------------------------------------------------------------

    def count(self, query: Mapping[str, Any] | None = None) -> int:
        """How many points there are, or match; exactly."""
        return self._ask("counting", lambda c: c.count(self.name, count_filter=_filter(query), exact=True)).count

    def nearest(
        self,
        vector: NDArray[np.float32],
        query: Mapping[str, Any],
        limit: int,
        exact: bool,
        keys: Sequence[str] | None = None,
    ) -> list[_Scored]:
        """Payloads (`keys` of them; ours must be among these) and scores of the `limit` most similar that match."""
        search = _Search(vector, _filter(query), limit, exact, True if keys is None else list(keys))
        ours, found = self._nearest(search)
        if len(ours) < found == limit:
            self._warn_of_strangers()
            ours, _ = self._nearest(replace(search, where=_filter({"must": [_OURS, *([query] if query else [])]})))
        return ours

    def _nearest(self, search: _Search) -> tuple[list[_Scored], int]:
        """Those of ours that are found, and how many are with those of others."""
        found = self._server.either(
            f"searching in {self.name!r}",
            lambda c: self._nearest_grpc(c, search),
            lambda c: self._nearest_rest(c, search),
        )
        return [(payload, score) for identity, payload, score in found if is_ours(identity, payload)], len(found)

    def payloads(self, ids: Sequence[UUID]) -> dict[bytes, dict[str, Any]]:
        """The payloads of those points that exist, by id (16 bytes)."""
        if not ids:
            return {}
        found = self._server.either(
            f"reading points in {self.name!r}",
            lambda c: self._payloads_grpc(c, ids),
            lambda c: [(str(r.id), r.payload or {}) for r in self._retrieved(c, ids, vectors=False)],
        )
        return {UUID(identity).bytes: payload for identity, payload in found if is_ours(identity, payload)}

    def stored(self, ids: Sequence[UUID]) -> Iterator[StoredBatch]:
        """Those points that exist, with their vectors, in batches."""
        for start in range(0, len(ids), _PAGE):
            yield self._batch(self._read(ids[start : start + _PAGE]))

    def scan(
        self, vectors: bool = True, keys: Iterable[str] | None = None, start: UUID | None = None
    ) -> Iterator[StoredBatch]:
        """Everything stored, in batches, by id.

        Args:
            vectors: False leaves them out: shape (n, 0).
            keys: Read only these parts of the payload.
            start: The first id; None is the very first.
        """
        offset = str(start) if start else None
        chosen = None if keys is None else list(keys)
        while True:
            found, offset = self._page(offset, chosen, vectors)
            if found:
                yield self._batch(found, vectors)
            if offset is None:
                return

    def with_ordinals(self, ordinals: Sequence[int]) -> Iterator[dict[str, Any]]:
        """``_id`` and ``_ordinal`` of the points that have one of these ordinals."""
        for start in range(0, len(ordinals), _PAGE):
            yield from (r.payload or {} for r in self._having("_ordinal", ordinals[start : start + _PAGE]))

    def _having(self, key: str, values: Sequence[int]) -> list[models.Record]:
        match = models.MatchAny(any=list(values))
        where = models.Filter(must=[models.FieldCondition(key=key, match=match)])
        found, _ = self._ask(
            "looking for ordinals",
            lambda c: c.scroll(self.name, where, limit=2 * _PAGE, with_payload=["_id", "_ordinal"]),
        )
        return [r for r in found if isinstance((r.payload or {}).get("_id"), str)]

    def _page(
        self, offset: str | None, keys: Sequence[str] | None, vectors: bool
    ) -> tuple[Sequence[Record], str | None]:
        """Points from id `offset` on, and the id that the next page starts with."""
        return self._server.either(
            f"reading all points in {self.name!r}",
            lambda c: self._page_grpc(c, offset, keys, vectors),
            lambda c: self._page_rest(c, offset, keys, vectors),
        )

    def _page_grpc(
        self, client: QdrantClient, offset: str | None, keys: Sequence[str] | None, vectors: bool
    ) -> tuple[Sequence[Record], str | None]:
        request = messages.ScrollPoints(
            collection_name=self.name,
            offset=RestToGrpc.convert_extended_point_id(offset) if offset else None,
            limit=_PAGE,
            with_payload=RestToGrpc.convert_with_payload_interface(True if keys is None else list(keys)),
            with_vectors=messages.WithVectorsSelector(enable=vectors),
        )
        answer = client.grpc_points.Scroll(request, timeout=self._server.left())
        following = identity_of(answer.next_page_offset) if answer.HasField("next_page_offset") else None
        return [record_of(p) for p in answer.result], following

    def _page_rest(
        self, client: QdrantClient, offset: str | None, keys: Sequence[str] | None, vectors: bool
    ) -> tuple[Sequence[Record], str | None]:
        start = int(offset) if offset and offset.isdecimal() else offset
        payload = True if keys is None else list(keys)
        found, following = client.scroll(
            self.name, limit=_PAGE, offset=start, with_payload=payload, with_vectors=vectors
        )
        records = [Record(str(r.id), r.payload or {}, r.vector) for r in found]
        return records, None if following is None else str(following)

    def _read(self, ids: Sequence[UUID]) -> list[models.Record]:
        return self._ask("reading points", lambda c: self._retrieved(c, ids, vectors=True))

    def _retrieved(self, client: QdrantClient, ids: Sequence[UUID], vectors: bool) -> list[models.Record]:
        return client.retrieve(self.name, [str(i) for i in ids], with_payload=True, with_vectors=vectors)

    def _payloads_grpc(self, client: QdrantClient, ids: Sequence[UUID]) -> list[tuple[str, dict[str, Any]]]:
        request = messages.GetPoints(
            collection_name=self.name,
            ids=[messages.PointId(uuid=str(i)) for i in ids],
            with_payload=messages.WithPayloadSelector(enable=True),
        )
        return [(p.id.uuid, payload_of(p)) for p in client.grpc_points.Get(request, timeout=self._server.left()).result]

    def _nearest_grpc(self, client: QdrantClient, search: _Search) -> list[tuple[str, dict[str, Any], float]]:
        quantization = messages.QuantizationSearchParams(ignore=search.exact, rescore=True, oversampling=OVERSAMPLING)
        request = messages.QueryPoints(
            collection_name=self.name,
            query=messages.Query(nearest=messages.VectorInput(dense=messages.DenseVector(data=search.vector))),
            filter=RestToGrpc.convert_filter(search.where) if search.where else None,
            params=messages.SearchParams(
                exact=search.exact,
                hnsw_ef=HNSW_EF,
                quantization=quantization,
                acorn=messages.AcornSearchParams(enable=True, max_selectivity=ACORN_BELOW),
            ),
            limit=search.limit,
            with_payload=RestToGrpc.convert_with_payload_interface(search.payload),
        )
        found = client.grpc_points.Query(request, timeout=self._server.left()).result
        return [(p.id.uuid, payload_of(p), p.score) for p in found]

    def _nearest_rest(self, client: QdrantClient, search: _Search) -> list[tuple[str, dict[str, Any], float]]:
        quantization = models.QuantizationSearchParams(ignore=search.exact, rescore=True, oversampling=OVERSAMPLING)
        found = client.query_points(
            self.name,
            query=search.vector.tolist(),
            query_filter=search.where,
            limit=search.limit,
            search_params=models.SearchParams(
                exact=search.exact,
                hnsw_ef=HNSW_EF,
                quantization=quantization,
                acorn=models.AcornSearchParams(enable=True, max_selectivity=ACORN_BELOW),
            ),
            with_payload=search.payload,
        )
        # JSON shows the shortest digits of a float32: read as one, it is what gRPC gives.
        return [(str(p.id), p.payload or {}, float(np.float32(p.score))) for p in found.points]

    def _batch(self, records: Sequence[Any], vectors: bool = True) -> StoredBatch:
        found = [r for r in records if is_ours(str(r.id), r.payload or {})]
        if len(found) < len(records):
            self._warn_of_strangers()
        ids = [UUID(str(r.id)) for r in found]
        try:
            width = self._dim if vectors else 0
            matrix = np.array([r.vector if vectors else () for r in found], np.float32).reshape(len(found), width)
        except (ValueError, TypeError) as error:
            raise StoreDamaged(f"A vector stored in {self.name!r} is not of length {self._dim}: {error}") from error
        return StoredBatch(ids, [r.payload or {} for r in found], matrix)

    def _upsert_grpc(self, client: QdrantClient, points: Sequence[tuple[UUID, StoredPoint]]) -> None:
        request = messages.UpsertPoints(
            collection_name=self.name, wait=True, points=[message_of(i, p) for i, p in points]
        )
        client.grpc_points.Upsert(request, timeout=self._server.left())

    def _upsert_rest(self, client: QdrantClient, points: Sequence[tuple[UUID, StoredPoint]]) -> None:
        whole = [
            models.PointStruct(id=str(i), vector=p.vector.tolist(), payload=p.payload)
            for i, p in points
            if p.vector is not None
        ]
        client.upsert(self.name, whole, wait=True)

    def _warn_of_strangers(self) -> None:
        _log.warning(
            "%s: collection %r holds points that techfinder did not write; they are passed over. "
            "`techfinder store check` counts them.",
            self._server.url,
            self.name,
        )

    def _ask(self, doing: str, question: Callable[[QdrantClient], _T]) -> _T:
        return self._server.ask(f"{doing} in {self.name!r}", question)


def _filter(query: Mapping[str, Any] | None) -> models.Filter | None:
    return models.Filter.model_validate(query) if query else None
