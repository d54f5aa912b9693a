"""QueryPlan to SearchResult: filter in the store, rank by meaning, say why.

The score of a hit is the sum of its shares. Each condition has weight `w`, required or preferred;
meaning has weight 1 when the plan has a text, or less, so that it decides only between those who
fulfil equally much (:func:`techfinder.preferences.meaning_weight`). A condition that holds
contributes ``w / total`` and meaning contributes ``m * closeness / total``, the similarity as the
encoder's calibration counts it. Every hit fulfils all required conditions, so hits differ by what
is preferred, then by meaning.
"""

from __future__ import annotations

import time
from dataclasses import replace
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from techfinder import preferences
from techfinder.interfaces import EncoderInfo
from techfinder.matching import fulfils
from techfinder.models import GenerationInfo, Hit, Profile, SearchResult, Share
from techfinder.plan import AnyOf, Condition, QueryPlan
from techfinder.preferences import Clauses, Scored, meaning_weight, near_page, ranked_page
from techfinder.schema import Schema
from techfinder.steady import steadily
from techfinder.widening import widened

__all__ = ["Encodes", "Reasons", "Searched", "explain", "holding", "ranked_by", "run_plan"]


class Encodes(Protocol):
    """What is asked of an encoder here."""

    @property
    def info(self) -> EncoderInfo: ...

    def encode_query(self, text: str) -> NDArray[np.float32]: ...


class Searched(preferences.Searched, Protocol):
    """What is asked of a collection here; see :class:`techfinder.interfaces.Collection`."""

    def info(self) -> GenerationInfo: ...

    def count(self, where: Clauses) -> int: ...


def run_plan(
    plan: QueryPlan, schema: Schema, collection: Searched, encoder: Encodes | None, near: int = 0
) -> SearchResult:
    """The plan's answer.

    Args:
        plan: What is asked for.
        schema: Of the collection.
        collection: Where to look.
        encoder: Text to vector; None while none is ready (hits come in stored order).
        near: How many to answer at least, with near misses where fewer fulfil everything.

    Raises:
        QueryError: The plan names what does not exist, or has too many preferred conditions.
        StoreError, EncoderError: A part failed.
    """
    started = time.perf_counter()
    schema.check(plan)
    vector, encode_ms = _encode(plan, encoder)
    (found, missed, total), generation = steadily(collection.info, lambda: _ask(plan, schema, vector, collection, near))
    reasons = Reasons(schema, plan)
    hits = tuple(reasons.of(p, _meaning(s, vector, encoder)) for p, s in found)
    total_ms = (time.perf_counter() - started) * 1000
    return SearchResult(
        hits=hits,
        total=total,
        ranked_by=ranked_by(plan, vector is not None),
        generation=generation,
        took_ms={"encode": encode_ms, "store": total_ms - encode_ms, "total": total_ms},
        near_misses=tuple(reasons.of(p, _meaning(s, vector, encoder)) for p, s in missed),
        weak=vector is not None and not plan.conditions and not plan.offset and not any(h.score for h in hits),
    )


def _ask(
    plan: QueryPlan, schema: Schema, vector: NDArray[np.float32] | None, collection: Searched, near: int
) -> tuple[list[Scored], list[Scored], int]:
    """Profiles with similarities, near misses, and how many fulfil everything."""
    where, wishes = schema.resolve(plan.required), schema.resolve(plan.preferred)
    if plan.sort:
        sort = schema.resolve_sort(plan.sort)
        found = [(p, 0.0) for p in collection.browse(where, sort, plan.limit, plan.offset)]
    elif wishes or vector is None:
        found = ranked_page(wishes, where, vector, plan.limit, plan.offset, collection)
    else:
        points = collection.search(vector, where, plan.limit, plan.offset)
        found = [(p.profile, p.score) for p in points]
    total = collection.count(where)
    missing = 0 if plan.sort or plan.offset else near - total
    if missing <= 0:
        return found, [], total
    nearly = [None if n is None else schema.resolve([n])[0] for n in (widened(c, schema) for c in plan.required)]
    return found, near_page(where, nearly, wishes, vector, missing, total, collection), total


def _encode(plan: QueryPlan, encoder: Encodes | None) -> tuple[NDArray[np.float32] | None, float]:
    if not plan.meaning.strip() or plan.sort or encoder is None:
        return None, 0.0
    started = time.perf_counter()
    vector = encoder.encode_query(plan.meaning)
    return vector, (time.perf_counter() - started) * 1000


def ranked_by(plan: QueryPlan, encoded: bool) -> str:
    """What orders the plan's hits, given whether its text was encoded; see :class:`techfinder.models.SearchResult`."""
    if encoded:
        return "meaning"
    if plan.sort:
        return "order"
    if plan.meaning.strip():
        return "warming"
    return "fit" if plan.preferred else "order"


def _meaning(similarity: float, vector: NDArray[np.float32] | None, encoder: Encodes | None) -> Share | None:
    if vector is None or encoder is None:
        return None
    return Share("meaning", "Meaning", encoder.info.closeness(similarity))


class Reasons:
    """Says why somebody is an answer to one plan; what all its hits have in common is worked out once."""

    def __init__(self, schema: Schema, plan: QueryPlan) -> None:
        self._asked = [(c, schema.resolve([c]), Share(_name(c), _label(schema, c), c.weight)) for c in plan.conditions]
        self._weight = sum(c.weight for c in plan.conditions)
        self._of_meaning = meaning_weight(tuple(c.weight for c in plan.preferred))

    def of(self, profile: Profile, nearness: Share | None) -> Hit:
        """The hit with its shares. A condition that does not hold has no share; required ones that do not are told.

        Args:
            profile: Who was found.
            nearness: What orders the hits; its value counts from 0 to 1. None when nothing does.
        """
        of_meaning = self._of_meaning if nearness is not None else 0.0
        total = self._weight + of_meaning
        if not total:
            return Hit(profile, 1.0, (Share("everyone", "Everyone", 1.0),))
        shares, fails = [], []
        for clause, resolved, share in self._asked:
            if fulfils(profile, resolved):
                shares.append(Share(share.name, share.label, share.value / total))
            elif clause.required:
                fails.append(share.label)
        if nearness is not None:
            shares.append(replace(nearness, value=of_meaning * min(max(nearness.value, 0.0), 1.0) / total))
        return Hit(profile, min(sum(s.value for s in shares), 1.0), tuple(shares), tuple(fails))


def explain(schema: Schema, plan: QueryPlan, profile: Profile, nearness: Share | None) -> Hit:
    """One profile as a hit of the plan; see :meth:`Reasons.of`."""
    return Reasons(schema, plan).of(profile, nearness)


def holding(schema: Schema, plan: QueryPlan, profile: Profile) -> tuple[bool, ...]:
    """For each condition of the plan, in its order, whether the profile fulfils it."""
    return tuple(fulfils(profile, schema.resolve([c])) for c in plan.conditions)


def _name(clause: Condition | AnyOf) -> str:
    return clause.origin or (clause.field if isinstance(clause, Condition) else "group")


def _label(schema: Schema, clause: Condition | AnyOf) -> str:
    if clause.words:
        return clause.words
    if isinstance(clause, AnyOf):
        return clause.label or "One of several"
    return schema.attribute(clause.field).label
