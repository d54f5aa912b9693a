"""A search as a call of Qdrant's REST API that returns the same people in the same order.

Text is ranked by the query ``{"text": ..., "model": ...}``, which is Qdrant's own form for a text that the server
encodes. People who fulfil equally many wishes are one search of a batch, the best first: the answers one after the
other are the page. An order is one search, and a second one for people without a value, who come last.

What Qdrant cannot say (an order by text, or by several fields) becomes a call that reads the people of the page by
their ids; `note` tells so.
"""

from __future__ import annotations

import json
import shlex
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pprint import pformat
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray

from techfinder.plan import AnyOf, Condition, QueryPlan, Sort
from techfinder.preferences import Clauses, Level, Searched, levels_of
from techfinder.schema import Schema
from techfinder.store.conditions import Filter, to_filter
from techfinder.store.points import point_id

__all__ = ["DEEPEST", "MOST_SEARCHES", "Counted", "QdrantCall", "call_of"]

DEEPEST = 10_000
"""Deepest place of a list that a search may begin at, as the gateway has it."""

MOST_SEARCHES = 64
"""Searches in one batch, as the gateway has it."""

_ORDINAL = "_ordinal"
_WIDTH = 110


@dataclass(frozen=True, slots=True)
class QdrantCall:
    """One call.

    Attributes:
        collection: The name to ask, which is the alias of what is live.
        operation: ``points/query``, ``points/query/batch`` or ``points``.
        body: What is sent, as JSON.
        note: What the call leaves out or does otherwise; empty when it says the search as it is.
    """

    collection: str
    operation: str
    body: Mapping[str, Any]
    note: str = ""

    def curl(self, url: str) -> str:
        """The call for a shell; `url` is where the gateway is, as ``http://127.0.0.1:8000/qdrant``."""
        sent = json.dumps(self.body, ensure_ascii=False, separators=(",", ":"))
        address = shlex.quote(f"{url}/collections/{self.collection}/{self.operation}")
        return f'curl -s {address} \\\n  -H "api-key: $TECHFINDER_TOKEN" \\\n  --json {shlex.quote(sent)}'

    def python(self, url: str) -> str:
        """The call for a notebook, by Qdrant's official client."""
        lines = [
            "import os",
            "",
            "from qdrant_client import QdrantClient, models",
            "",
            'token = os.environ.get("TECHFINDER_TOKEN")',
            f"client = QdrantClient(url={url!r}, api_key=token, cloud_inference=True)",
        ]
        if self.operation == "points":
            lines.append(f"ids = {_literal(self.body['ids'])}")
            lines.append(f"points = client.retrieve({self.collection!r}, ids, with_payload=True)")
        else:
            searches = self.body.get("searches", [self.body])
            lines.append(f"searches = {_literal(searches)}")
            lines.append("asked = [models.QueryRequest(**search) for search in searches]")
            lines.append(f"answers = client.query_batch_points({self.collection!r}, asked)")
            lines.append("points = [point for answer in answers for point in answer.points]")
        lines.append('print([point.payload["_id"] for point in points])')
        return "\n".join(lines)


class Counted(Searched, Protocol):
    """What is asked of a collection here."""

    def count(self, where: Clauses) -> int: ...


@dataclass(frozen=True, slots=True)
class _Asked:
    """A plan in the terms of a store."""

    where: tuple[Condition | AnyOf, ...]
    wishes: tuple[Condition | AnyOf, ...]
    sort: tuple[Sort, ...]
    limit: int
    offset: int


def call_of(
    plan: QueryPlan,
    schema: Schema,
    collection: Counted,
    name: str,
    model: str,
    most_rows: int,
    wanted: NDArray[np.float32] | None,
    page: Callable[[], Sequence[str]],
) -> QdrantCall:
    """The plan as a call. Asks the collection for counts only, where the plan has wishes or an order.

    Args:
        plan: What is searched.
        schema: Of the collection.
        collection: What is live.
        name: Its alias.
        model: Name of its encoder.
        most_rows: How many points one request may ask for.
        wanted: The vector of a plan that ranks by likeness; None for others.
        page: The profile ids of the plan's page, where no search says it.

    Raises:
        QueryError: The plan names what does not exist, or has too many wishes.
        StoreError: The store failed.
    """
    limit = min(plan.limit, most_rows)
    note = f"Here one request answers at most {most_rows} people; the page shows more." if limit < plan.limit else ""
    asked = _Asked(
        schema.resolve(plan.required),
        schema.resolve(plan.preferred),
        schema.resolve_sort(plan.sort),
        limit,
        plan.offset,
    )
    reason, searches = _searches(plan, asked, schema, collection, model, wanted)
    if reason := reason or _too_much(searches):
        ids = [str(point_id(i)) for i in page()[:limit]]
        said = f"{reason} This call reads the people of this page by their ids."
        return QdrantCall(name, "points", {"ids": ids, "with_payload": True}, f"{said} {note}".strip())
    if len(searches) == 1:
        return QdrantCall(name, "points/query", searches[0], note)
    return QdrantCall(name, "points/query/batch", {"searches": searches}, note)


def _searches(
    plan: QueryPlan,
    asked: _Asked,
    schema: Schema,
    collection: Counted,
    model: str,
    wanted: NDArray[np.float32] | None,
) -> tuple[str, list[dict[str, Any]]]:
    """Searches whose answers are the page, or the reason why there are none."""
    attributes = {key: a.storage for key, a in schema.attributes.items()}
    if asked.sort:
        return _by_order(asked, schema, attributes, collection)
    where, query = to_filter(asked.where, attributes), _query(plan, model, wanted)
    if wanted is not None:
        named = [str(point_id(i)) for i in dict.fromkeys((*plan.like, *plan.not_like))]
        where = {"must": [where], "must_not": [{"has_id": named}]} if where else {"must_not": [{"has_id": named}]}
    if not asked.wishes:
        return "", [_search(query, where, asked.limit, asked.offset)]
    if wanted is not None:
        return "Likeness and wishes together are no search of Qdrant's.", []
    parts = _parts(levels_of(asked.wishes, asked.where, collection), bool(plan.meaning.strip()))
    return "", [
        _search(query, _within(where, classes, attributes), limit, offset)
        for classes, limit, offset in _shares(parts, asked.limit, asked.offset)
    ]


def _too_much(searches: Sequence[Mapping[str, Any]]) -> str:
    """Why one request cannot hold these searches; empty when it can."""
    if len(searches) > MOST_SEARCHES:
        return f"Wishes part the people of this page into more than {MOST_SEARCHES} searches."
    if any(s["offset"] > DEEPEST for s in searches):
        return f"The page lies deeper than place {DEEPEST:,}, where searches end; scroll instead."
    return ""


def _query(plan: QueryPlan, model: str, wanted: NDArray[np.float32] | None) -> Any:
    if wanted is not None:
        return [float(str(part)) for part in wanted]
    return {"text": plan.meaning, "model": model} if plan.meaning.strip() else {"order_by": _ORDINAL}


def _search(query: Any, where: Filter, limit: int, offset: int) -> dict[str, Any]:
    filtered = {"filter": where} if where else {}
    return {"query": query, **filtered, "limit": limit, "offset": offset, "with_payload": True}


# --- wishes ---------------------------------------------------------------------------------------

_Part = tuple[list[Clauses], int]
"""Classes of people that one search is for, and how many they are."""


def _parts(found: Iterable[Level], ranked: bool) -> Iterator[_Part]:
    """A level as a whole where similarity orders it; else class by class, each in stored order."""
    for level in found:
        if ranked:
            yield [clauses for clauses, _ in level], sum(count for _, count in level)
        else:
            yield from (([clauses], count) for clauses, count in level)


def _shares(parts: Iterable[_Part], limit: int, offset: int) -> list[tuple[list[Clauses], int, int]]:
    """Which part of the page each search gives: its classes, limit and offset."""
    made: list[tuple[list[Clauses], int, int]] = []
    for classes, count in parts:
        if offset >= count:
            offset -= count
            continue
        made.append((classes, min(limit, count - offset), offset))
        limit, offset = limit - made[-1][1], 0
        if limit <= 0:
            break
    return made


def _within(where: Filter, classes: Sequence[Clauses], attributes: Mapping[str, str]) -> Filter:
    made = [to_filter(clauses, attributes) for clauses in classes]
    inside: Filter = made[0] if len(made) == 1 else {"should": made}
    return {"must": [where, inside]} if where else inside


# --- orders ---------------------------------------------------------------------------------------


def _by_order(
    asked: _Asked, schema: Schema, attributes: Mapping[str, str], collection: Counted
) -> tuple[str, list[dict[str, Any]]]:
    key = _number_of_order(asked.sort, schema)
    if key is None:
        return "Qdrant orders by one number, not by text or by several fields.", []
    where, missing = to_filter(asked.where, attributes), Condition(field=key, op="missing")
    known = collection.count((*asked.where, Condition(field=key, op="present")))
    direction = "desc" if asked.sort[0].descending else "asc"
    made = []
    if asked.offset < known:
        taken = min(asked.limit, known - asked.offset)
        made.append(_search({"order_by": {"key": key, "direction": direction}}, where, taken, asked.offset))
    left = asked.limit - max(0, known - asked.offset)
    if left > 0:
        rest = to_filter((*asked.where, missing), attributes)
        made.append(_search({"order_by": _ORDINAL}, rest, left, max(0, asked.offset - known)))
    return "", made


def _number_of_order(sort: Sequence[Sort], schema: Schema) -> str | None:
    """The number that says the same order; None when there is none."""
    if len(sort) > 1:
        return None
    attribute = schema.attribute(sort[0].field)
    if attribute.numeric:
        return attribute.key
    day = schema.attributes.get(f"{attribute.key}_day")
    return day.key if day is not None and day.part == "day" else None


def _literal(value: Any) -> str:
    return pformat(value, width=_WIDTH, sort_dicts=False)
