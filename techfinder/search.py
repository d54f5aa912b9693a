"""QueryPlan to SearchResult: filter in the store, rank by meaning, say why.

The score of a hit is the sum of its shares. Each condition has weight `w`, required or preferred;
meaning has weight 1 when the plan has a text, or less, so that it decides only between those who
fulfil equally much (:func:`techfinder.preferences.meaning_weight`). A condition that holds
contributes ``w / total`` and meaning contributes ``m * max(0, similarity) / total``. Every hit
fulfils all required conditions, so hits differ by what is preferred, then by meaning.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from techfinder.interfaces import FacetRequest, ScoredPoint
from techfinder.matching import fulfils
from techfinder.models import GenerationInfo, Hit, Profile, SearchResult, Share
from techfinder.plan import AnyOf, Condition, QueryPlan, Sort
from techfinder.preferences import meaning_weight, ranked_page
from techfinder.schema import Schema
from techfinder.steady import steadily

__all__ = ["Searched", "explain", "run_plan"]

Encode = Callable[[str], NDArray[np.float32]]
Clauses = Sequence[Condition | AnyOf]


class Searched(Protocol):
    """What is asked of a collection here; see :class:`techfinder.interfaces.Collection`."""

    def info(self) -> GenerationInfo: ...

    def search(self, vector: NDArray[np.float32], where: Clauses, limit: int, offset: int = 0) -> list[ScoredPoint]: ...

    def browse(self, where: Clauses, sort: Sequence[Sort], limit: int, offset: int = 0) -> list[Profile]: ...

    def count(self, where: Clauses) -> int: ...

    def facets(self, requests: Sequence[FacetRequest]) -> dict[str, dict[str, int | float]]: ...


def run_plan(plan: QueryPlan, schema: Schema, collection: Searched, encode: Encode | None) -> SearchResult:
    """The plan's answer.

    Args:
        plan: What is asked for.
        schema: Of the collection.
        collection: Where to look.
        encode: Text to vector; None while no encoder is ready (hits come in stored order).

    Raises:
        QueryError: The plan names what does not exist, or has too many preferred conditions.
        StoreError, EncoderError: A part failed.
    """
    started = time.perf_counter()
    schema.check(plan)
    where = schema.resolve(plan.required)
    vector, encode_ms = _encode(plan, encode)
    wishes = schema.resolve(plan.preferred)
    found, total, generation = _ask(plan, where, wishes, schema.resolve_sort(plan.sort), vector, collection)
    total_ms = (time.perf_counter() - started) * 1000
    return SearchResult(
        hits=tuple(explain(schema, plan, p, _meaning(s) if vector is not None else None) for p, s in found),
        total=total,
        ranked_by=_ranked_by(plan, vector),
        generation=generation,
        took_ms={"encode": encode_ms, "store": total_ms - encode_ms, "total": total_ms},
    )


def _ask(
    plan: QueryPlan,
    where: Clauses,
    wishes: Clauses,
    sort: Sequence[Sort],
    vector: NDArray[np.float32] | None,
    collection: Searched,
) -> tuple[list[tuple[Profile, float]], int, GenerationInfo]:
    """Profiles with similarities, and the count, all from one generation."""

    def ask() -> tuple[list[tuple[Profile, float]], int]:
        if wishes and not sort:
            found = ranked_page(wishes, where, vector, plan.limit, plan.offset, collection)
        elif vector is None:
            found = [(p, 0.0) for p in collection.browse(where, sort, plan.limit, plan.offset)]
        else:
            points = collection.search(vector, where, plan.limit, plan.offset)
            found = [(p.profile, p.score) for p in points]
        return found, collection.count(where)

    (found, total), generation = steadily(collection.info, ask)
    return found, total, generation


def _encode(plan: QueryPlan, encode: Encode | None) -> tuple[NDArray[np.float32] | None, float]:
    if not plan.meaning.strip() or plan.sort or encode is None:
        return None, 0.0
    started = time.perf_counter()
    vector = encode(plan.meaning)
    return vector, (time.perf_counter() - started) * 1000


def _ranked_by(plan: QueryPlan, vector: NDArray[np.float32] | None) -> str:
    if vector is not None:
        return "meaning"
    if plan.sort:
        return "order"
    if plan.meaning.strip():
        return "warming"
    return "fit" if plan.preferred else "order"


def _meaning(similarity: float) -> Share:
    return Share("meaning", "Meaning", similarity)


def explain(schema: Schema, plan: QueryPlan, profile: Profile, nearness: Share | None) -> Hit:
    """The hit with its shares, for a profile that fulfils every required condition.

    A preferred condition that does not hold has no share.

    Args:
        schema: Of the collection.
        plan: What was asked.
        profile: Who was found.
        nearness: What orders the hits, its value being the similarity (cosine or dot), counted from 0 to 1;
            None when nothing does.
    """
    of_meaning = meaning_weight(tuple(c.weight for c in plan.preferred)) if nearness is not None else 0.0
    total = sum(c.weight for c in plan.conditions) + of_meaning
    if not total:
        return Hit(profile, 1.0, (Share("everyone", "Everyone", 1.0),))
    held = [c for c in plan.conditions if c.required or fulfils(profile, schema.resolve([c]))]
    shares = [Share(_name(c), _label(schema, c), c.weight / total) for c in held]
    if nearness is not None:
        shares.append(replace(nearness, value=of_meaning * min(max(nearness.value, 0.0), 1.0) / total))
    return Hit(profile, min(sum(s.value for s in shares), 1.0), tuple(shares))


def _name(clause: Condition | AnyOf) -> str:
    return clause.origin or (clause.field if isinstance(clause, Condition) else "group")


def _label(schema: Schema, clause: Condition | AnyOf) -> str:
    if clause.words:
        return clause.words
    if isinstance(clause, AnyOf):
        return clause.label or "One of several"
    return schema.attribute(clause.field).label
