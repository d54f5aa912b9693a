"""Reading a collection on a server: similarity from the server, everything exact from columns."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING
from uuid import UUID

from techfinder.interfaces import FacetRequest, ScoredPoint, ValueWeights
from techfinder.interfaces.points import NearestQuery
from techfinder.store.conditions import facet_filters, to_filter, weighing
from techfinder.store.point_reads import answer, checked
from techfinder.store.points import check_query, point_id, storage_of, to_profile
from techfinder.store.server.views import View, ViewReads, all_of, nearest

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    from techfinder.interfaces.points import PointsAnswer, PointsQuery
    from techfinder.models import Fill, GenerationInfo, Profile
    from techfinder.plan import AnyOf, Condition, Sort
    from techfinder.store.server.connection import Server
    from techfinder.store.server.live_view import LiveView

__all__ = ["ServerCollection"]


class ServerCollection:
    """The ``Collection`` contract on a Qdrant server."""

    def __init__(self, server: Server, live: LiveView) -> None:
        """Ask `live`, whose points are on `server`; it is closed with this."""
        self._server, self._live = server, live

    def info(self) -> GenerationInfo:
        """The generation that answers now."""
        return self._live.current().stored.info

    def check(self) -> GenerationInfo:
        """The generation that answers now, after a look whether the server holds it. Raises StoreError."""

        def ask(view: View) -> GenerationInfo:
            view.points.count()
            return view.stored.info

        return self._live.ask(ask)

    def search(
        self,
        vector: NDArray[np.float32],
        where: Sequence[Condition | AnyOf],
        limit: int,
        offset: int = 0,
        exact: bool = False,
    ) -> list[ScoredPoint]:
        """The most similar profiles; see ``Collection.search``."""

        def ask(view: View) -> list[ScoredPoint]:
            query = check_query(vector, view.stored.info.dim, view.stored.info.similarity)
            condition = to_filter(where, view.stored.attributes)
            found = nearest(view, NearestQuery(query, condition, limit, offset, exact)) if limit > 0 else []
            return [ScoredPoint(to_profile(p), score) for p, score in found]

        return self._live.ask(ask)

    def browse(
        self, where: Sequence[Condition | AnyOf], sort: Sequence[Sort], limit: int, offset: int = 0
    ) -> list[Profile]:
        """Profiles in order; see ``Collection.browse``."""

        def ask(view: View) -> list[Profile]:
            for key in sort:
                storage_of(key.field, view.stored.attributes)
            condition = to_filter(where, view.stored.attributes)
            keys = [(s.field, s.descending) for s in sort]
            with view.lock:
                wanted = view.columns.page(condition, keys, offset, limit)
            return [to_profile(p) for p in all_of(view, [UUID(bytes=i) for i in wanted])]

        return self._live.ask(ask)

    def rank(
        self,
        weights: Sequence[ValueWeights],
        where: Sequence[Condition | AnyOf],
        without: Sequence[str],
        limit: int,
        offset: int = 0,
    ) -> list[ScoredPoint]:
        """Profiles by what their values weigh; see ``Collection.rank``."""

        def ask(view: View) -> list[ScoredPoint]:
            condition = to_filter(where, view.stored.attributes)
            weighed = weighing(weights, view.stored.attributes)
            left_out = [point_id(i).bytes for i in without]
            with view.lock:
                found = view.columns.best(condition, weighed, left_out, offset + limit)[offset:]
            payloads = all_of(view, [UUID(bytes=point) for _, _, point in found])
            return [ScoredPoint(to_profile(p), f[0]) for p, f in zip(payloads, found, strict=True)]

        return self._live.ask(ask) if limit > 0 else []

    def retrieve(self, ids: Sequence[str]) -> list[Profile]:
        """The profiles that exist, in the order asked."""

        def ask(view: View) -> list[Profile]:
            wanted = [point_id(i) for i in ids]
            found = view.points.payloads(list(dict.fromkeys(wanted)))
            return [to_profile(found[i.bytes]) for i in wanted if i.bytes in found]

        return self._live.ask(ask)

    def vectors(self, ids: Sequence[str]) -> dict[str, NDArray[np.float32]]:
        """The vectors of the profiles that exist, by id."""

        def ask(view: View) -> dict[str, NDArray[np.float32]]:
            wanted = {point_id(i).bytes: i for i in ids}
            found = ViewReads(view).stored_vectors([UUID(bytes=i) for i in wanted])
            return {wanted[i]: v for i, v in found.items()}

        return self._live.ask(ask)

    def count(self, where: Sequence[Condition | AnyOf]) -> int:
        """How many fulfil `where`."""

        def ask(view: View) -> int:
            condition = to_filter(where, view.stored.attributes)
            with view.lock:
                return view.columns.count(condition)

        return self._live.ask(ask)

    def facets(self, requests: Sequence[FacetRequest]) -> dict[str, dict[str, int | float]]:
        """Exact counts; see ``Collection.facets``."""

        def ask(view: View) -> dict[str, dict[str, int | float]]:
            asked = [facet_filters(r, view.stored.attributes) for r in requests]
            with view.lock:
                return {
                    name: view.columns.facet(query, field) if options is None else view.columns.options(query, options)
                    for name, query, field, options in asked
                }

        return self._live.ask(ask)

    def fills(self, keys: Sequence[str]) -> dict[str, Fill]:
        """How full attributes are; see ``Collection.fills``."""

        def ask(view: View) -> dict[str, Fill]:
            for key in keys:
                storage_of(key, view.stored.attributes)
            with view.lock:
                return {key: view.columns.fill(key) for key in keys}

        return self._live.ask(ask)

    def points(self, queries: Sequence[PointsQuery], timeout_s: float | None = None) -> list[PointsAnswer]:
        """Answers about points as they are; see ``Collection.points``."""

        def ask(view: View) -> list[PointsAnswer]:
            reads = ViewReads(view)
            return [answer(reads, query) for query in checked(queries, view.stored.info, view.stored.attributes)]

        with self._server.within(timeout_s):
            return self._live.ask(ask)

    def place(self) -> str:
        """The name of the Qdrant collection that answers now."""
        return self._live.current().stored.place

    def close(self) -> None:
        """Stop looking; later calls raise StoreUnavailable."""
        self._live.close()

    def look_now(self) -> None:
        """Let the next call look what is live."""
        self._live.look_now()
