"""People like these, and not like those.

The vector to search near is made of stored vectors, each brought to norm 1:

    mean(liked) - 0.5 * mean(not liked)

This is Rocchio's relevance feedback without a query of its own: J. J. Rocchio, "Relevance feedback in
information retrieval", in G. Salton (ed.), The SMART Retrieval System, Prentice-Hall 1971, pages 313
to 323. What is liked tells more than what is not, so the latter counts half.

No encoder is needed: people are compared with people.
"""

from __future__ import annotations

import time
from collections.abc import Mapping, Sequence

import numpy as np
from numpy.typing import NDArray

from techfinder.errors import ProfileNotFound, QueryError, cut
from techfinder.interfaces import Collection
from techfinder.matching import fulfils
from techfinder.models import Profile, SearchResult, Share
from techfinder.plan import QueryPlan
from techfinder.preferences import ranked_page
from techfinder.schema import Schema
from techfinder.search import explain
from techfinder.steady import steadily

__all__ = [
    "MOST",
    "NOT_LIKED_WEIGHT",
    "besides",
    "check_likeness",
    "likeness_share",
    "run_likeness",
    "target",
    "wanted_vector",
]

NOT_LIKED_WEIGHT = 0.5
"""What the mean of those not liked counts for, the mean of the liked ones counting 1."""

MOST = 100
"""Most people to compare with: liked, or not liked."""

_DEEPEST = 10_000
"""Highest offset: everybody before it is fetched and thrown away."""

_Vectors = Mapping[str, NDArray[np.float32]]


def target(liked: Sequence[NDArray[np.float32]], not_liked: Sequence[NDArray[np.float32]]) -> NDArray[np.float32]:
    """The vector to search near, of norm 1: see the head of this module.

    Args:
        liked: At least one vector, each of shape (dim,).
        not_liked: Any number of vectors of the same shape.

    Raises:
        QueryError: The two cancel each other out, so that no direction is left.
    """
    wanted = _mean(liked)
    if not_liked:
        wanted = wanted - NOT_LIKED_WEIGHT * _mean(not_liked)
    length = float(np.linalg.norm(wanted))
    if length < 1e-6:
        raise QueryError("Those liked and those not liked cancel each other out. Name other people.")
    return np.asarray(wanted / length, dtype=np.float32)


def _mean(vectors: Sequence[NDArray[np.float32]]) -> NDArray[np.float64]:
    wide = np.stack(vectors).astype(np.float64)
    norms = np.linalg.norm(wide, axis=1, keepdims=True)
    mean: NDArray[np.float64] = (wide / np.where(norms == 0.0, 1.0, norms)).mean(axis=0)
    return mean


def run_likeness(plan: QueryPlan, schema: Schema, collection: Collection) -> SearchResult:
    """The people who are most like those that the plan likes, and fulfil its conditions.

    The liked and the not liked never come back, and `total` does not count them. Repeated ids count once.
    Besides the shares of its conditions a hit has one called ``likeness``: its similarity to the target.

    Raises:
        QueryError: Nobody is liked, somebody is liked and not liked, there are more than 100 of either, or
            the plan has a text, an order or too many preferred conditions.
        ProfileNotFound: Some of them do not exist; they are named.
        StoreError: The store failed.
    """
    started = time.perf_counter()
    check_likeness(plan)
    schema.check(plan)
    where, wishes = schema.resolve(plan.required), schema.resolve(plan.preferred)
    known = list(dict.fromkeys((*plan.like, *plan.not_like)))
    end = plan.offset + plan.limit

    def ask() -> tuple[list[tuple[Profile, float]], int]:
        wanted = wanted_vector(plan, collection)
        # At most len(known) of these are taken out again, so enough are left.
        found = ranked_page(wishes, where, wanted, end + len(known), 0, collection)
        return found, collection.count(where) - sum(fulfils(p, where) for p in collection.retrieve(known))

    (found, total), generation = steadily(collection.info, ask)
    named = {*known}
    others = [(p, s) for p, s in found if p.id not in named][plan.offset : end]
    total_ms = (time.perf_counter() - started) * 1000
    return SearchResult(
        hits=tuple(explain(schema, plan, p, likeness_share(plan, s)) for p, s in others),
        total=total,
        ranked_by="likeness",
        generation=generation,
        took_ms={"store": total_ms, "total": total_ms},
    )


def wanted_vector(plan: QueryPlan, collection: Collection) -> NDArray[np.float32]:
    """The vector to search near for those that the plan likes. Raises ProfileNotFound, QueryError, StoreError."""
    like, not_like = dict.fromkeys(plan.like), dict.fromkeys(plan.not_like)
    vectors = _vectors(collection, [*like, *not_like])
    return target([vectors[i] for i in like], [vectors[i] for i in not_like])


def check_likeness(plan: QueryPlan) -> None:
    """Raise QueryError when the plan cannot be ranked by likeness."""
    like, not_like = set(plan.like), set(plan.not_like)
    if not like:
        raise QueryError("Nobody is named to be like. Name at least one id.")
    if max(len(like), len(not_like)) > MOST:
        raise QueryError(f"At most {MOST} people can be liked and as many not liked; choose the most telling ones.")
    if both := sorted(like & not_like):
        raise QueryError(f"{cut(both[0])} cannot be liked and not liked at once. Leave one out.")
    if plan.offset > _DEEPEST:
        raise QueryError(f"Likeness is paged through up to place {_DEEPEST:,}, not from {plan.offset:,} on.")
    ranks = [name for name, asked in (("meaning", plan.meaning.strip()), ("sort", plan.sort)) if asked]
    if ranks:
        raise QueryError(f"People are ranked by likeness here: leave out {' and '.join(f'`{n}`' for n in ranks)}.")


def besides(plan: QueryPlan, profile_id: str) -> tuple[str, ...]:
    """What keeps somebody from being found whom the plan is to be like, or not like; empty for others."""
    return (f"somebody besides {profile_id}",) if profile_id in (*plan.like, *plan.not_like) else ()


def _vectors(collection: Collection, ids: Sequence[str]) -> _Vectors:
    found = collection.vectors(ids)
    if missing := [i for i in ids if i not in found]:
        raise ProfileNotFound(missing)
    return found


def likeness_share(plan: QueryPlan, similarity: float) -> Share:
    """What a hit's similarity to those liked contributes, as :func:`techfinder.search.explain` takes it."""
    like = dict.fromkeys(plan.like)
    label = f"Like {next(iter(like))}" if len(like) == 1 else f"Like {len(like)} people"
    return Share("likeness", label, similarity)
