"""What answers behind the routes: the live generation under its two names, read by a reader of its own.

Analysts must not keep people at the page waiting: in the embedded store this reader has a process of its own, which
a request that takes too long may end.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import cast

import numpy as np
from numpy.typing import NDArray

from techfinder.errors import cut
from techfinder.finder import Finder
from techfinder.gateway.fields import Fields
from techfinder.gateway.limits import MOST_VALUES_COUNTED, Limits
from techfinder.gateway.questions import (
    Facet,
    Order,
    Questions,
    Retrieval,
    Scroll,
    Search,
    Sentence,
    StoredVector,
    after,
    excluding,
)
from techfinder.gateway.refusals import Refused, wrong
from techfinder.interfaces import Collection
from techfinder.interfaces.points import (
    CountQuery,
    FacetQuery,
    FoundPoints,
    NearestQuery,
    OrderedQuery,
    PointsQuery,
    RetrieveQuery,
    ScrollQuery,
)
from techfinder.models import Fill, GenerationInfo
from techfinder.store.conditions import Filter

__all__ = ["Gateway", "Opened"]


class Gateway:
    """Opens what may be read. Safe for many threads; opens nothing until asked."""

    def __init__(self, finder: Finder) -> None:
        self.finder = finder
        self.limits = Limits.of(finder.settings)
        self._lock = threading.Lock()
        self._reader: Collection | None = None
        self._places = threading.BoundedSemaphore(max(1, finder.settings.threads // 4))
        self._fills: tuple[GenerationInfo, dict[str, Fill]] | None = None

    @contextmanager
    def place(self) -> Iterator[None]:
        """A place among those who ask at once, a quarter of the threads; open pages may hold half. Raises Refused.

        Nobody waits for one: who waits holds a thread.
        """
        if not self._places.acquire(blocking=False):
            raise Refused(429, "Too many requests: others are being answered. Try again.")
        try:
            yield
        finally:
            self._places.release()

    def reader(self) -> Collection:
        """The reader. Raises CollectionNotFound, FingerprintMismatch, StoreError."""
        with self._lock:
            if self._reader is None:
                self._reader = self.finder.reader()
        self.finder.require_readable(self._reader.info())
        return self._reader

    def names(self) -> tuple[str, str]:
        """Alias and own name of the live generation."""
        reader = self.reader()
        return reader.info().collection, reader.place()

    def opened(self, name: str, fields: Fields, timeout_s: float) -> Opened:
        """The collection of that name. Raises Refused when it is neither name of what is live."""
        if name not in self.names():
            raise Refused(404, f"Not found: Collection `{name[:80]}` doesn't exist!")
        return Opened(self, self.reader(), fields, timeout_s)

    def fills(self, reader: Collection) -> dict[str, Fill]:
        """How full each attribute is; counted once a generation."""
        live, known = reader.info(), self._fills
        if known is None or known[0] != live:
            keys = list(self.finder.schema.attributes)
            known = self._fills = (live, reader.fills(keys))
        return known[1]


class Opened:
    """What is live, for one request."""

    def __init__(self, gateway: Gateway, reader: Collection, fields: Fields, timeout_s: float) -> None:
        self._gateway, self._reader, self.fields = gateway, reader, fields
        self._until, self._values = time.monotonic() + timeout_s, dict[str, list[str]]()
        self.info = reader.info()

    def questions(self) -> Questions:
        """Reads bodies for this collection."""
        return Questions(self.fields, self.info.dim, self._gateway.limits, self.values)

    def fills(self) -> dict[str, Fill]:
        """How full each attribute is that may be seen."""
        return {k: f for k, f in self._gateway.fills(self._reader).items() if k in self.fields.attributes}

    def values(self, key: str) -> list[str]:
        """Every value of an attribute. Raises Refused when there are too many to look through."""
        if key not in self._values:
            self._require_few(key)
            self._values[key] = [str(v) for v in self._counts(FacetQuery({}, key))]
        return self._values[key]

    def search(self, searches: Sequence[Search]) -> list[FoundPoints]:
        """The points of each search."""
        return self._points([self._query(search) for search in searches])

    def scroll(self, asked: Scroll) -> FoundPoints:
        """A page of points."""
        if asked.order is None:
            return self._points([ScrollQuery(asked.filter, asked.start, asked.limit, vectors=asked.vectors)])[0]
        return self._points([_ordered(asked.order, asked.filter, asked.limit, 0, asked.vectors)])[0]

    def retrieve(self, asked: Retrieval) -> FoundPoints:
        """The points that exist."""
        return self._points([RetrieveQuery(asked.ids, asked.vectors)])[0]

    def count(self, where: Filter) -> int:
        """How many points match."""
        return cast("int", self._reader.points([CountQuery(where)], self._left_s())[0])

    def facet(self, asked: Facet) -> list[tuple[str | int, int]]:
        """The most frequent values with their counts; of equal ones the smallest first."""
        self._require_few(asked.key)
        counts = self._counts(FacetQuery(asked.filter, asked.key))
        return sorted(counts.items(), key=lambda c: (-c[1], c[0]))[: asked.limit]

    def _left_s(self) -> float:
        """What is left of the time for all that this request asks of the store. Raises Refused when it is over."""
        if (left := self._until - time.monotonic()) <= 0:
            raise Refused(503, "Service unavailable: the time of this request is over. Ask for less.")
        return left

    def _require_few(self, key: str) -> None:
        if (distinct := self.fills()[key].distinct) > MOST_VALUES_COUNTED:
            raise wrong(f"{key} has {distinct} different values, at most {MOST_VALUES_COUNTED} are looked through")

    def _counts(self, query: FacetQuery) -> dict[str | int, int]:
        return cast("dict[str | int, int]", self._reader.points([query], self._left_s())[0])

    def _points(self, queries: Sequence[PointsQuery]) -> list[FoundPoints]:
        return cast("list[FoundPoints]", self._reader.points(queries, self._left_s()))

    def _query(self, search: Search) -> PointsQuery:
        wanted = search.wanted
        if wanted is None:
            return ScrollQuery(search.filter, "", search.limit, search.offset, search.vectors)
        if isinstance(wanted, Order):
            return _ordered(wanted, search.filter, search.limit, search.offset, search.vectors)
        if isinstance(wanted, StoredVector):
            stored = self._stored(wanted.id)
            search, wanted = excluding(search, str(wanted.id)), stored
        vector = self._encoded(wanted) if isinstance(wanted, Sentence) else wanted
        return NearestQuery(
            vector, search.filter, search.limit, search.offset, search.exact, search.threshold, search.vectors
        )

    def _stored(self, name: str | int) -> NDArray[np.float32]:
        found = self._points([RetrieveQuery((name,), vectors=True)])[0].points if isinstance(name, str) else ()
        if not found or found[0].vector is None:
            raise Refused(404, f"Not found: No point with id {name} found")
        return found[0].vector

    def _encoded(self, sentence: Sentence) -> NDArray[np.float32]:
        encoded = self._gateway.finder.encode(sentence.text, wait_s=self._left_s())
        if encoded is None:
            raise Refused(503, "Service unavailable: the encoder is loading. Try again in some seconds.")
        if sentence.model != encoded.encoder:
            raise wrong(f"model {cut(sentence.model)} does not encode what is live; {encoded.encoder!r} does")
        return encoded.vector


def _ordered(order: Order, where: Filter, limit: int, offset: int, vectors: bool) -> OrderedQuery:
    return OrderedQuery(after(order, where), order.key, order.descending, limit, offset, vectors)
