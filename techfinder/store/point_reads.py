"""Points as analysts ask for them: similarity from the engine, everything else from columns, alike in both stores."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import replace
from itertools import takewhile
from typing import TYPE_CHECKING, Any, Protocol
from uuid import UUID

from techfinder.errors import QueryError
from techfinder.interfaces.points import (
    CountQuery,
    FacetQuery,
    FoundPoint,
    FoundPoints,
    NearestQuery,
    OrderedQuery,
    PointsAnswer,
    PointsQuery,
    RetrieveQuery,
    ScrollQuery,
)
from techfinder.store.points import check_query, point_id, storage_of

if TYPE_CHECKING:
    from collections.abc import Mapping
    from contextlib import AbstractContextManager

    import numpy as np
    from numpy.typing import NDArray

    from techfinder.models import GenerationInfo
    from techfinder.store.columns import Columns
    from techfinder.store.layered import Layered

    Payload = dict[str, Any]

__all__ = ["ORDINAL", "PointReads", "answer", "checked"]

ORDINAL = "_ordinal"
"""The key of the stored order, by which points may be ordered though it is no attribute."""


class PointReads(Protocol):
    """What is asked of one generation here."""

    def columns(self) -> AbstractContextManager[Columns | Layered]:
        """Its columns, for as long as a block lasts."""

    def nearest(self, query: NearestQuery) -> list[tuple[Payload, float]]:
        """Payloads and scores, by score rounded to 1e-6, then profile id."""

    def payloads(self, ids: Sequence[UUID]) -> Mapping[bytes, Payload]:
        """The payloads of those points that exist, by id (16 bytes)."""

    def all_payloads(self, ids: Sequence[UUID]) -> list[Payload]:
        """The payloads of points that must exist, in the order asked."""

    def stored_vectors(self, ids: Sequence[UUID]) -> Mapping[bytes, NDArray[np.float32]]:
        """The vectors of those points that exist, by id (16 bytes)."""


def checked(queries: Sequence[PointsQuery], info: GenerationInfo, attributes: Mapping[str, str]) -> list[PointsQuery]:
    """The queries with their vectors as engines take them.

    Raises:
        DimensionMismatch: A vector is of another length.
        QueryError: A query orders or counts by what is not stored, or orders by what is no number.
    """
    for query in queries:
        match query:
            case FacetQuery(key=key):
                storage_of(key, attributes)
            case OrderedQuery(key=key) if key != ORDINAL and storage_of(key, attributes) not in ("integer", "float"):
                raise QueryError(f"Points cannot be ordered by {key}, which is no number.")
    return [
        replace(q, vector=check_query(q.vector, info.dim, info.similarity)) if isinstance(q, NearestQuery) else q
        for q in queries
    ]


def answer(reads: PointReads, query: PointsQuery) -> PointsAnswer:
    """The answer of one generation to a query that was checked."""
    match query:
        case CountQuery():
            with reads.columns() as columns:
                return columns.count(query.filter)
        case FacetQuery():
            with reads.columns() as columns:
                return columns.tally(query.filter, query.key)
        case RetrieveQuery():
            return _retrieved(reads, query)
        case ScrollQuery():
            return _scrolled(reads, query)
        case OrderedQuery():
            return _ordered(reads, query)
        case NearestQuery():
            return _nearest(reads, query)


def _nearest(reads: PointReads, query: NearestQuery) -> FoundPoints:
    least = query.threshold
    found = takewhile(lambda f: least is None or f[1] >= least, reads.nearest(query))
    return FoundPoints(_points(reads, found, query.vectors))


def _ordered(reads: PointReads, query: OrderedQuery) -> FoundPoints:
    with reads.columns() as columns:
        ids = _in_order(columns, query)
    payloads = reads.all_payloads([UUID(bytes=i) for i in ids])
    return FoundPoints(_points(reads, ((p, 0.0) for p in payloads), query.vectors))


def _in_order(columns: Columns | Layered, query: OrderedQuery) -> list[bytes]:
    if query.key == ORDINAL:
        return columns.page_by_ordinal(query.filter, query.descending, query.offset, query.limit)
    known = {"must": [query.filter], "must_not": [{"is_empty": {"key": query.key}}]}
    return columns.page(known, [(query.key, query.descending)], query.offset, query.limit)


def _scrolled(reads: PointReads, query: ScrollQuery) -> FoundPoints:
    start = UUID(query.start).bytes if query.start else b"\0" * 16
    with reads.columns() as columns:
        ids = columns.scroll(query.filter, start, query.offset, query.limit + 1)
    following = str(UUID(bytes=ids[query.limit])) if len(ids) > query.limit else None
    payloads = reads.all_payloads([UUID(bytes=i) for i in ids[: query.limit]])
    return FoundPoints(_points(reads, ((p, 0.0) for p in payloads), query.vectors), following)


def _retrieved(reads: PointReads, query: RetrieveQuery) -> FoundPoints:
    wanted = [UUID(i) for i in query.ids]
    found = reads.payloads(list(dict.fromkeys(wanted)))
    payloads = [found[i.bytes] for i in wanted if i.bytes in found]
    return FoundPoints(_points(reads, ((p, 0.0) for p in payloads), query.vectors))


def _points(reads: PointReads, found: Iterable[tuple[Payload, float]], vectors: bool) -> tuple[FoundPoint, ...]:
    scored = [(point_id(payload["_id"]), payload, score) for payload, score in found]
    stored = reads.stored_vectors([i for i, _, _ in scored]) if vectors and scored else {}
    return tuple(FoundPoint(str(i), payload, score, stored.get(i.bytes)) for i, payload, score in scored)
