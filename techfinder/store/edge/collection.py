"""Reading a collection of the embedded store, through a process of its own.

The process is started again when it dies, and exchanged without a gap when another
generation goes live: the new one is loaded and warm before the first call reaches it, and
the old one ends after its last call.
"""

from __future__ import annotations

import contextlib
import logging
import threading
import time
from collections.abc import Callable, Iterable, Iterator, Sequence
from typing import TYPE_CHECKING, Any

from techfinder.errors import CollectionNotFound, StoreDamaged, StoreError, StoreUnavailable
from techfinder.interfaces import FacetRequest, ScoredPoint, ValueWeights
from techfinder.store.conditions import Filter, facet_filters, to_filter, weighing
from techfinder.store.edge.channel import ProcessDied, StoreProcess
from techfinder.store.names import place_of
from techfinder.store.point_reads import checked
from techfinder.store.points import check_query, storage_of, to_profile

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    from techfinder.interfaces.points import PointsAnswer, PointsQuery
    from techfinder.models import Fill, GenerationInfo, Profile
    from techfinder.plan import AnyOf, Condition, Sort
    from techfinder.store.edge.generations import Generations, Sealed, Signature

__all__ = ["EdgeCollection"]

_log = logging.getLogger(__name__)
_RETRIES = 2
_RETRY_SWITCH_S = 10.0


class _Reading:
    """A generation and the process that answers for it."""

    def __init__(self, sealed: Sealed) -> None:
        sealed.check()
        self.sealed = sealed
        with _doubting():
            self.process = StoreProcess(
                "serve",
                folder=sealed.folder,
                dim=sealed.info.dim,
                points=sealed.info.points,
                exact=sealed.info.exact,
            )
        self.users = 0
        self.retired = False


class EdgeCollection:
    """The ``Collection`` contract on Qdrant Edge."""

    def __init__(
        self, generations: Generations, timeout_s: float, ready: Callable[[GenerationInfo], None] | None = None
    ) -> None:
        """Start a process on the live generation.

        Args:
            generations: Of the collection.
            timeout_s: Longest wait for an answer.
            ready: As for ``Store.open``.

        Raises:
            CollectionNotFound: None is live.
            StoreDamaged: It is damaged; the message says what to do.
        """
        self._generations, self._timeout_s, self._ready = generations, timeout_s, ready
        self._lock = threading.Lock()
        self._closed = False
        self._switch: threading.Thread | None = None
        self._switch_not_before = 0.0
        self._seen, self._reading = _read_live(generations)

    @property
    def pid(self) -> int:
        """Process id of the process that answers now."""
        return self._reading.process.pid

    def info(self) -> GenerationInfo:
        """The generation that answers now."""
        reading = self._take()
        self._give_back(reading)
        return reading.sealed.info

    def check(self) -> GenerationInfo:
        """The generation that answers now, after a look at its files. Raises StoreDamaged."""
        reading = self._take()
        self._give_back(reading)
        sealed = reading.sealed
        try:
            sealed.check()
        except StoreDamaged:
            # One that is live no more may be gone: what answers has it open, and its successor is being loaded.
            if sealed.info.number == self._generations.live_number():
                with self._generations.advising():
                    raise
        return sealed.info

    def search(
        self,
        vector: NDArray[np.float32],
        where: Sequence[Condition | AnyOf],
        limit: int,
        offset: int = 0,
        exact: bool = False,
    ) -> list[ScoredPoint]:
        """The most similar profiles; see ``Collection.search``."""

        def arguments(sealed: Sealed) -> dict[str, Any]:
            query = check_query(vector, sealed.info.dim, sealed.info.similarity)
            return {"vector": query, "query": _filter(where, sealed), "limit": limit, "offset": offset, "exact": exact}

        found = self._ask("search", arguments) if limit > 0 else []
        return [ScoredPoint(to_profile(payload), score) for payload, score in found]

    def browse(
        self, where: Sequence[Condition | AnyOf], sort: Sequence[Sort], limit: int, offset: int = 0
    ) -> list[Profile]:
        """Profiles in order; see ``Collection.browse``. Texts sort by code point, scales too."""

        def arguments(sealed: Sealed) -> dict[str, Any]:
            for key in sort:
                storage_of(key.field, sealed.attributes)
            keys = [(s.field, s.descending) for s in sort]
            return {"query": _filter(where, sealed), "sort": keys, "limit": limit, "offset": offset}

        return [to_profile(p) for p in self._ask("browse", arguments)]

    def rank(
        self,
        weights: Sequence[ValueWeights],
        where: Sequence[Condition | AnyOf],
        without: Sequence[str],
        limit: int,
        offset: int = 0,
    ) -> list[ScoredPoint]:
        """Profiles by what their values weigh; see ``Collection.rank``."""

        def arguments(sealed: Sealed) -> dict[str, Any]:
            weighed = weighing(weights, sealed.attributes)
            return {
                "query": _filter(where, sealed),
                "weighed": weighed,
                "without": list(without),
                "limit": limit,
                "offset": offset,
            }

        found = self._ask("rank", arguments) if limit > 0 else []
        return [ScoredPoint(to_profile(payload), score) for payload, score in found]

    def retrieve(self, ids: Sequence[str]) -> list[Profile]:
        """The profiles that exist, in the order asked."""
        return [to_profile(p) for p in self._ask("retrieve", lambda _: {"ids": list(ids)})]

    def vectors(self, ids: Sequence[str]) -> dict[str, NDArray[np.float32]]:
        """The vectors of the profiles that exist, by id."""
        return dict(self._ask("vectors", lambda _: {"ids": list(ids)}))

    def count(self, where: Sequence[Condition | AnyOf]) -> int:
        """How many fulfil `where`."""
        return int(self._ask("count", lambda sealed: {"query": _filter(where, sealed)}))

    def facets(self, requests: Sequence[FacetRequest]) -> dict[str, dict[str, int | float]]:
        """Exact counts; see ``Collection.facets``."""

        def arguments(sealed: Sealed) -> dict[str, Any]:
            return {"requests": [facet_filters(r, sealed.attributes) for r in requests]}

        return dict(self._ask("facets", arguments))

    def fills(self, keys: Sequence[str]) -> dict[str, Fill]:
        """How full attributes are; see ``Collection.fills``."""

        def arguments(sealed: Sealed) -> dict[str, Any]:
            for key in keys:
                storage_of(key, sealed.attributes)
            return {"keys": list(keys)}

        return dict(self._ask("fills", arguments))

    def points(self, queries: Sequence[PointsQuery], timeout_s: float | None = None) -> list[PointsAnswer]:
        """Answers about points as they are; see ``Collection.points``."""

        def arguments(sealed: Sealed) -> dict[str, Any]:
            return {"queries": checked(queries, sealed.info, sealed.attributes)}

        return list(self._ask("points", arguments, timeout_s))

    def place(self) -> str:
        """The name of the generation that answers now."""
        info = self.info()
        return place_of(info.collection, info.schema, info.encoder, info.number)

    def close(self) -> None:
        """End the process; later calls raise StoreUnavailable."""
        with self._lock:
            self._closed = True
            switch, reading = self._switch, self._reading
        if switch is not None:
            switch.join()
        reading.process.close()
        with self._lock:
            self._reading.process.close()

    # --- which process answers -----------------------------------------------------------------

    def _ask(self, method: str, arguments: Callable[[Sealed], dict[str, Any]], timeout_s: float | None = None) -> Any:
        wait_s = self._timeout_s if timeout_s is None else min(timeout_s, self._timeout_s)
        for _ in range(_RETRIES):
            with contextlib.suppress(ProcessDied):
                return self._ask_once(method, arguments, wait_s)
        return self._ask_once(method, arguments, wait_s)

    def _ask_once(self, method: str, arguments: Callable[[Sealed], dict[str, Any]], wait_s: float) -> Any:
        reading = self._take()
        try:
            asked = arguments(reading.sealed)
            with self._generations.advising(), _doubting():
                return reading.process.call(method, wait_s, **asked)
        finally:
            self._give_back(reading)

    def _take(self) -> _Reading:
        with self._lock:
            if self._closed:
                raise StoreUnavailable(f"Collection {self._generations.collection!r} is closed. Open it again.")
            self._look_for_news()
            if not self._reading.process.alive:
                self._restart()
            self._reading.users += 1
            return self._reading

    def _give_back(self, reading: _Reading) -> None:
        with self._lock:
            reading.users -= 1
            last = reading.retired and not reading.users
        if last:
            reading.process.close()

    def _restart(self) -> None:
        self._reading.process.close()
        self._seen, self._reading = _read_live(self._generations)

    def _look_for_news(self) -> None:
        signature = self._generations.signature()
        if signature is None:
            self._reading.process.close()
            raise CollectionNotFound(
                f"Collection {self._generations.collection!r} was dropped. "
                "Index something first: techfinder index SOURCE."
            )
        if signature != self._seen and self._switch is None and time.monotonic() >= self._switch_not_before:
            switch = threading.Thread(target=self._switch_over, daemon=True)
            try:
                switch.start()
            except RuntimeError as error:  # the system gives no more threads
                self._switch_later(error)
            else:
                self._switch = switch

    def _switch_over(self) -> None:
        try:
            seen, fresh = self._prepared()
        except Exception as error:  # whatever it is, the old generation answers and a later try may work
            with self._lock:
                self._switch_later(error)
            return
        with self._lock:
            old, self._reading = self._reading, fresh
            self._seen, self._switch = seen, None
            old.retired = True
            idle = not old.users
        if idle:
            old.process.close()

    def _prepared(self) -> tuple[Signature | None, _Reading]:
        """The new generation, once whoever opened this is ready for it."""
        seen, fresh = _read_live(self._generations)
        try:
            if self._ready is not None:
                self._ready(fresh.sealed.info)
        except BaseException:
            fresh.process.close()
            raise
        return seen, fresh

    def _switch_later(self, error: Exception) -> None:
        _log.error(
            "The new generation cannot be opened, the old one goes on answering; next try in %g s: %s: %s",
            _RETRY_SWITCH_S,
            type(error).__name__,
            error,
            exc_info=not isinstance(error, StoreError),
        )
        self._switch, self._switch_not_before = None, time.monotonic() + _RETRY_SWITCH_S


def _read_live(generations: Generations) -> tuple[Signature | None, _Reading]:
    """The live generation, and the signature from before it was read.

    Tries again when another one went live meanwhile: its folder may have been removed under the reader.
    """
    with generations.advising():
        for _ in range(_RETRIES):
            seen = generations.signature()
            try:
                return seen, _Reading(generations.opened())
            except StoreError:
                if generations.signature() == seen:
                    raise
        return generations.signature(), _Reading(generations.opened())


@contextlib.contextmanager
def _doubting() -> Iterator[None]:
    """Point from a failure without a known cause to the command that tells whether files are damaged."""
    try:
        yield
    except StoreError as error:
        if type(error) not in (StoreError, ProcessDied):
            raise
        advice = "If it happens again, `techfinder store check` tells whether files are damaged."
        raise type(error)(f"{error} {advice}") from error


def _filter(where: Iterable[Condition | AnyOf], sealed: Sealed) -> Filter:
    return to_filter(where, sealed.attributes)
