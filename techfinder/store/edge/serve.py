"""Answers from one sealed generation: vectors from the engine, everything exact from columns."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from contextlib import AbstractContextManager, nullcontext
from typing import TYPE_CHECKING, Any
from uuid import UUID

import numpy as np

from techfinder.errors import StoreDamaged
from techfinder.store.columns import Columns
from techfinder.store.edge.shard import Shard
from techfinder.store.folders import writable
from techfinder.store.point_reads import answer
from techfinder.store.points import point_id
from techfinder.store.ranking import ranked

if TYPE_CHECKING:
    from pathlib import Path

    from numpy.typing import NDArray

    from techfinder.interfaces.points import NearestQuery, PointsAnswer, PointsQuery
    from techfinder.models import Fill
    from techfinder.store.conditions import Weighing

    Payload = dict[str, Any]

__all__ = ["ServeJob"]

_SPARE = 16


class ServeJob:
    """A generation, loaded and warm. Needs its folder no more once it is made.

    Publishing may remove the folder while calls still come. The columns are mapped and the
    engine opens its files when it loads, and what is open outlives its name.
    """

    def __init__(self, folder: Path, dim: int, points: int, exact: bool) -> None:
        """Load it; `exact` searches never go through the graph.

        Raises StoreDamaged, also when it does not hold as many points as it was sealed with.
        """
        self._exact = exact
        self._columns = Columns(folder / "columns")
        self._columns.map_all()
        with writable(folder / "shard") as shard:
            self._shard = Shard.load(shard, dim)
        every = range(self._columns.points)
        self._points = None if self._shard.indexed else [str(UUID(bytes=i)) for i in self._columns.point_ids(every)]
        held = {"shard": self._shard.count(), "columns": self._columns.points}
        for name, count in held.items():
            if count != points:
                raise StoreDamaged(f"The {name} of {folder} hold {count} points, sealed with {points}.")
        self._shard.nearest(np.zeros(dim, dtype=np.float32), {}, 1, exact)

    def search(
        self, vector: NDArray[np.float32], query: Mapping[str, Any], limit: int, offset: int, exact: bool
    ) -> list[tuple[Payload, float]]:
        """Payloads and scores, by score rounded to 1e-6, then profile id."""
        among = self._among(query)
        exact = exact or self._exact
        found = ranked(
            lambda size, whole: self._shard.nearest(vector, among, size, exact or whole),
            self._names,
            offset + limit,
            _SPARE,
        )[offset : offset + limit]
        payloads = self._payloads([identity for identity, _ in found])
        return [(payload, score) for payload, (_, score) in zip(payloads, found, strict=True)]

    def browse(
        self, query: Mapping[str, Any], sort: Sequence[tuple[str, bool]], limit: int, offset: int
    ) -> list[Payload]:
        """Payloads in order."""
        return self._payloads(self._columns.page(query, sort, offset, limit))

    def rank(
        self, query: Mapping[str, Any], weighed: Sequence[Weighing], without: Sequence[str], limit: int, offset: int
    ) -> list[tuple[Payload, float]]:
        """Payloads and scores, by what values weigh."""
        left_out = [point_id(i).bytes for i in without]
        found = self._columns.best(query, weighed, left_out, offset + limit)[offset:]
        payloads = self._payloads([point for _, _, point in found])
        return [(payload, score) for payload, (score, _, _) in zip(payloads, found, strict=True)]

    def retrieve(self, ids: Sequence[str]) -> list[Payload]:
        """Payloads of the profiles that exist, in the order asked."""
        wanted = [point_id(i) for i in ids]
        found = self._shard.payloads(list(dict.fromkeys(wanted)))
        return [found[i.bytes] for i in wanted if i.bytes in found]

    def vectors(self, ids: Sequence[str]) -> dict[str, NDArray[np.float32]]:
        """Vectors of the profiles that exist, by profile id."""
        wanted = {i: point_id(i) for i in ids}
        found = self._shard.vectors(list(wanted.values()))
        return {i: found[point.bytes] for i, point in wanted.items() if point.bytes in found}

    def count(self, query: Mapping[str, Any]) -> int:
        """How many match."""
        return self._columns.count(query)

    def facets(
        self, requests: Sequence[tuple[str, Mapping[str, Any], str, Mapping[str, Any] | None]]
    ) -> dict[str, dict[str, int | float]]:
        """Counts by request name; a request is (name, filter, field, filter by option)."""
        return {
            name: self._columns.facet(query, field) if options is None else self._columns.options(query, options)
            for name, query, field, options in requests
        }

    def fills(self, keys: Sequence[str]) -> dict[str, Fill]:
        """How full attributes are, by key."""
        return {key: self._columns.fill(key) for key in keys}

    def points(self, queries: Sequence[PointsQuery]) -> list[PointsAnswer]:
        """Answers about points as they are."""
        reads = _Reads(self._shard, self._columns, self)
        return [answer(reads, query) for query in queries]

    def _among(self, query: Mapping[str, Any]) -> Mapping[str, Any]:
        """The filter for the engine: where it has no payload indexes, the points that the columns find."""
        if self._points is None or not query:
            return query
        rows = np.flatnonzero(self._columns.mask(query)).tolist()
        return {"must": [{"has_id": [self._points[row] for row in rows]}]}

    def _names(self, points: Sequence[bytes]) -> list[str]:
        rows = self._columns.rows_of(points)
        if (rows < 0).any():
            raise StoreDamaged("The engine holds points that the columns lack.")
        return [self._columns.ids[row] for row in rows.tolist()]

    def _payloads(self, ids: Sequence[bytes]) -> list[Payload]:
        found = self._shard.payloads([UUID(bytes=i) for i in ids])
        try:
            return [found[i] for i in ids]
        except KeyError as error:
            raise StoreDamaged("The columns name points that the engine lacks.") from error


class _Reads:
    """The generation as :mod:`techfinder.store.point_reads` asks it."""

    def __init__(self, shard: Shard, columns: Columns, job: ServeJob) -> None:
        self._columns = columns
        self.payloads, self.stored_vectors = shard.payloads, shard.vectors
        self._job = job

    def columns(self) -> AbstractContextManager[Columns]:
        """Its columns: a process answers one call at a time."""
        return nullcontext(self._columns)

    def nearest(self, query: NearestQuery) -> list[tuple[Payload, float]]:
        """Payloads and scores, in order."""
        return self._job.search(query.vector, query.filter, query.limit, query.offset, query.exact)

    def all_payloads(self, ids: Sequence[UUID]) -> list[Payload]:
        """The payloads in the order asked."""
        return self._job._payloads([i.bytes for i in ids])
