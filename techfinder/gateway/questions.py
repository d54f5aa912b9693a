"""Bodies of read operations, checked: what is asked for, without anything that would be ignored."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from techfinder.errors import cut
from techfinder.gateway.bodies import Parts, flag, number, point_name, vector, whole
from techfinder.gateway.bodies import text as text_of
from techfinder.gateway.fields import ORDINAL, Fields
from techfinder.gateway.filters import FilterReader
from techfinder.gateway.limits import MOST_OFFSET, MOST_SEARCHES, Limits
from techfinder.gateway.refusals import Refused, bad_body, wrong
from techfinder.store.conditions import Filter
from techfinder.store.graph import HNSW_EF

__all__ = ["Facet", "Order", "Questions", "Retrieval", "Scroll", "Search", "Sentence", "StoredVector"]

_ONE_SHARD = "there is one shard"
_KINDS = ("nearest", "order_by")
_OTHER_KINDS = ("recommend", "discover", "context", "fusion", "rrf", "formula", "sample", "relevance_feedback")
_DEFAULT_ROWS = 10


@dataclass(frozen=True, slots=True)
class StoredVector:
    """The vector of a stored point, which does not come back itself."""

    id: str | int


@dataclass(frozen=True, slots=True)
class Sentence:
    """A text to be encoded here; `model` names the encoder."""

    text: str
    model: str


@dataclass(frozen=True, slots=True)
class Order:
    """By a number, or by the stored order; `start` is a filter that leaves out what comes before ``start_from``."""

    key: str
    descending: bool
    start: Filter


@dataclass(frozen=True, slots=True)
class Search:
    """One query or search: `wanted` is what ranks; None goes by ids."""

    wanted: NDArray[np.float32] | StoredVector | Sentence | Order | None
    filter: Filter
    limit: int
    offset: int
    threshold: float | None
    exact: bool
    shown: frozenset[str] | None
    vectors: bool


@dataclass(frozen=True, slots=True)
class Scroll:
    """A page of points by id, or the first ones by an order."""

    filter: Filter
    start: str
    limit: int
    order: Order | None
    shown: frozenset[str] | None
    vectors: bool


@dataclass(frozen=True, slots=True)
class Retrieval:
    """Points by id."""

    ids: tuple[str, ...]
    shown: frozenset[str] | None
    vectors: bool


@dataclass(frozen=True, slots=True)
class Facet:
    """Counts of the most frequent values of a field."""

    key: str
    filter: Filter
    limit: int


class Questions:
    """Reads bodies for one collection."""

    def __init__(self, fields: Fields, dim: int, limits: Limits, values: Callable[[str], Sequence[str]]) -> None:
        """Arguments are as for :class:`FilterReader`; `dim` is the length of a vector."""
        self._fields, self._dim, self._limits, self._values = fields, dim, limits, values

    def batch(self, body: Parts) -> list[Search]:
        """The searches of a batch. Raises Refused."""
        given, place = body.take("searches"), body.at("searches")
        body.end()
        if not isinstance(given, list):
            raise bad_body(f"{place}: expected a list of searches, got {cut(given)}")
        if len(given) > MOST_SEARCHES:
            raise Refused(
                400, f"Bad request: {place} holds {len(given)} searches, at most {MOST_SEARCHES} are answered"
            )
        found = [self.query(Parts(part, f"{place}[{n}]")) for n, part in enumerate(given)]
        if (rows := sum(s.limit for s in found)) > self._limits.rows:
            raise Refused(
                400, f"Bad request: the searches ask for {rows} points, at most {self._limits.rows} are answered"
            )
        return found

    def query(self, body: Parts) -> Search:
        """A body of ``points/query``. Raises Refused."""
        body.absent("prefetch", reason="send the searches as a batch")
        body.absent("lookup_from", reason="vectors of other collections are not read")
        wanted = self._query(body.take("query"), body.at("query"))
        return self._search(body, wanted)

    def search(self, body: Parts) -> Search:
        """A body of ``points/search``. Raises Refused."""
        given = body.take("vector")
        if isinstance(given, dict):
            named = Parts(given, body.at("vector"))
            self._unnamed(named.take("name"), named.at("name"))
            given = named.take("vector")
            named.end()
        return self._search(body, vector(given, body.at("vector"), self._dim))

    def scroll(self, body: Parts) -> Scroll:
        """A body of ``points/scroll``. Raises Refused."""
        body.absent("shard_key", reason=_ONE_SHARD)
        order = self._order(body.take("order_by"), body.at("order_by")) if "order_by" in body else None
        start = body.take("offset")
        if order is not None and start is not None:
            raise wrong("Cannot use an `offset` when using `order_by`. Use `order_by.start_from` and a filter instead")
        name = "" if start is None else point_name(start, body.at("offset"))
        made = Scroll(
            self._filter(body),
            name if isinstance(name, str) else "",  # numbers come before all UUIDs
            self._limit(body),
            order,
            self._fields.shown(body.take("with_payload"), body.at("with_payload"), True),
            self._with_vectors(body),
        )
        body.end()
        return made

    def count(self, body: Parts) -> Filter:
        """A body of ``points/count``: its filter. Counts are always exact. Raises Refused."""
        body.absent("shard_key", reason=_ONE_SHARD)
        found = self._filter(body)
        flag(body.take("exact"), body.at("exact"), True)
        body.end()
        return found

    def facet(self, body: Parts) -> Facet:
        """A body of ``facet``; counts are always exact. Raises Refused."""
        body.absent("shard_key", reason=_ONE_SHARD)
        attribute = self._fields.attribute(body.take("key"), body.at("key"))
        if attribute.storage == "float":
            raise wrong(f"No appropriate index for faceting: `{attribute.key}` holds numbers with fractions")
        flag(body.take("exact"), body.at("exact"), True)
        made = Facet(attribute.key, self._filter(body), self._limit(body))
        body.end()
        return made

    def retrieval(self, body: Parts) -> Retrieval:
        """A body of ``points``. Raises Refused."""
        body.absent("shard_key", reason=_ONE_SHARD)
        given, place = body.take("ids"), body.at("ids")
        if not isinstance(given, list):
            raise bad_body(f"{place}: expected a list of point ids, got {cut(given)}")
        if len(given) > self._limits.rows:
            raise Refused(
                400, f"Bad request: {place} names {len(given)} points, at most {self._limits.rows} are answered"
            )
        names = [point_name(part, f"{place}[{n}]") for n, part in enumerate(given)]
        shown = self._fields.shown(body.take("with_payload"), body.at("with_payload"), False)
        made = Retrieval(tuple(n for n in names if isinstance(n, str)), shown, self._with_vectors(body))
        body.end()
        return made

    # --- parts ----------------------------------------------------------------------------------

    def _search(self, body: Parts, wanted: Any) -> Search:
        self._unnamed(body.take("using"), body.at("using"))
        body.absent("shard_key", reason=_ONE_SHARD)
        threshold = body.take("score_threshold")
        made = Search(
            wanted=wanted,
            filter=self._filter(body),
            limit=self._limit(body),
            offset=whole(body.take("offset"), body.at("offset"), 0, 0, MOST_OFFSET),
            threshold=None if threshold is None else _as_score(number(threshold, body.at("score_threshold"))),
            exact=self._exact(body.take("params"), body.at("params")),
            shown=self._fields.shown(body.take("with_payload"), body.at("with_payload"), False),
            vectors=self._with_vectors(body),
        )
        body.end()
        ranked = wanted is not None and not isinstance(wanted, Order)
        if not ranked and (made.threshold is not None or made.exact):
            raise wrong(f"{body.place}: score_threshold and params.exact go with a vector")
        return made

    def _query(self, value: Any, place: str) -> NDArray[np.float32] | StoredVector | Sentence | Order | None:
        if value is None:
            return None
        if isinstance(value, list):
            return vector(value, place, self._dim)
        if not isinstance(value, dict):
            return StoredVector(point_name(value, place))
        parts = Parts(value, place)
        for kind in _OTHER_KINDS:
            if kind in parts:
                raise Refused(400, f"Bad request: {parts.at(kind)} is not supported here. Known: {', '.join(_KINDS)}")
        if "order_by" in parts:
            order = self._order(parts.take("order_by"), parts.at("order_by"))
            parts.end()
            return order
        if "nearest" in parts:
            nearest = self._query(parts.take("nearest"), parts.at("nearest"))
            parts.absent("mmr", reason="results come by similarity alone")
            parts.end()
            return nearest
        return self._sentence(parts)

    def _sentence(self, parts: Parts) -> Sentence:
        asked, model = text_of(parts.take("text"), parts.at("text")), text_of(parts.take("model"), parts.at("model"))
        parts.absent("options", reason="encoders have none")
        parts.end()
        return Sentence(asked, model)

    def _order(self, value: Any, place: str) -> Order:
        parts = Parts({"key": value} if isinstance(value, str) else value, place)
        key, direction, start = parts.take("key"), parts.take("direction"), parts.take("start_from")
        parts.end()
        if direction not in (None, "asc", "desc"):
            raise bad_body(f"{parts.at('direction')}: expected asc or desc, got {cut(direction)}")
        if key == ORDINAL:
            if start is not None:
                raise wrong(f"{parts.at('start_from')}: the stored order is paged through with a filter or an offset")
            return Order(ORDINAL, direction == "desc", {})
        attribute = self._fields.attribute(key, parts.at("key"))
        if not attribute.numeric:
            raise wrong(f"No range index for `order_by` key: `{attribute.key}`, which is no number")
        bound = {"lte" if direction == "desc" else "gte": start}
        begins = {"key": attribute.key, "range": bound}
        reader = FilterReader(self._fields, self._values)
        return Order(attribute.key, direction == "desc", {} if start is None else reader.read({"must": begins}, place))

    def _filter(self, body: Parts) -> Filter:
        return FilterReader(self._fields, self._values).read(body.take("filter"), body.at("filter"))

    def _limit(self, body: Parts) -> int:
        return whole(body.take("limit"), body.at("limit"), _DEFAULT_ROWS, 1, self._limits.rows)

    def _exact(self, value: Any, place: str) -> bool:
        if value is None:
            return False
        parts = Parts(value, place)
        exact = flag(parts.take("exact"), parts.at("exact"), False)
        whole(parts.take("hnsw_ef"), parts.at("hnsw_ef"), HNSW_EF, 1, HNSW_EF)  # no search looks at fewer
        parts.absent("quantization", "acorn", reason="it is chosen here")
        if flag(parts.take("indexed_only"), parts.at("indexed_only"), False):
            raise Refused(
                400, f"Bad request: `{parts.at('indexed_only')}` is not supported here: all points are searched"
            )
        parts.end()
        if exact and not self._limits.exact:
            raise Refused(403, "Forbidden: exact search is switched off here (setting analyst_exact)")
        return exact

    def _with_vectors(self, body: Parts) -> bool:
        given = [body.take("with_vector"), body.take("with_vectors")]
        wanted = any(v not in (None, False, []) for v in given)
        if wanted and not self._limits.vectors:
            raise Refused(403, "Forbidden: stored vectors are not given out here (setting analyst_vectors)")
        if any(v not in (None, False, True, [], [""]) for v in given):
            raise wrong(f"{body.at('with_vector')}: there is one vector, without a name")
        return wanted

    def _unnamed(self, value: Any, place: str) -> None:
        if value not in (None, ""):
            raise Refused(400, f"Wrong input: Not existing vector name error: {cut(value)} ({place})")


def _as_score(threshold: float) -> float:
    """Scores have the digits of a float32; what is compared with them must have no more."""
    with np.errstate(over="ignore"):
        return float(np.float32(threshold))


def after(order: Order, where: Filter) -> Filter:
    """The filter of an ordered search, what comes before its start left out."""
    return {"must": [where, order.start]} if order.start else where


def excluding(search: Search, point: str) -> Search:
    """The search without one point."""
    without: Filter = {"must": [search.filter], "must_not": [{"has_id": [point]}]}
    return replace(search, filter=without)
