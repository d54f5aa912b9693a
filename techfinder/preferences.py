"""Ranking by preferred conditions: who fulfils more of what is wished for comes first, meaning orders the rest.

The people who fulfil exactly the same wishes are a *class*; its *fit* is the sum of the weights of these wishes.
Classes are asked for one after the other, the best fit first, until the page is full, each as one filtered search of
the store. How many people are in a class is counted exactly beforehand, so nothing is fetched in vain and no class is
overlooked: the order is that of :meth:`techfinder.judge.Judge.prefer` in either store, whatever the engine does with
ties. Within a class of very many people it is the graph that says who is most similar, and it may overlook somebody
(:mod:`techfinder.store.graph` says how seldom).
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from itertools import groupby, islice, pairwise, product
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from techfinder.errors import QueryError
from techfinder.interfaces import FacetRequest, ScoredPoint
from techfinder.models import Profile
from techfinder.plan import MOST_WISHES, AnyOf, Condition, Sort

__all__ = [
    "Clauses",
    "Level",
    "Scored",
    "Searched",
    "excludes",
    "levels_of",
    "meaning_weight",
    "near_page",
    "ranked_page",
]

_COUNTED_AT_ONCE = 16

Clauses = Sequence[Condition | AnyOf]
Scored = tuple[Profile, float]
Level = Sequence[tuple[Clauses, int]]
"""The clauses of classes that are worth the same, and how many people are in each."""


class Searched(Protocol):
    """What is asked of a collection here; see :class:`techfinder.interfaces.Collection`."""

    def search(self, vector: NDArray[np.float32], where: Clauses, limit: int, offset: int = 0) -> list[ScoredPoint]: ...

    def browse(self, where: Clauses, sort: Sequence[Sort], limit: int, offset: int = 0) -> list[Profile]: ...

    def facets(self, requests: Sequence[FacetRequest]) -> dict[str, dict[str, int | float]]: ...


@dataclass(frozen=True, slots=True)
class _Class:
    """Which wishes are fulfilled, and what that is worth."""

    held: tuple[bool, ...]
    fit: float


@lru_cache(maxsize=256)
def meaning_weight(weights: tuple[float, ...]) -> float:
    """What meaning may weigh beside wishes of these weights: no more than the least step between two fits.

    So the score, in which similarity counts from 0 to 1 times this, never contradicts the order of the fits.
    """
    fits = sorted({round(c.fit, 9) for c in _classes(weights)})
    return min([1.0, *(b - a for a, b in pairwise(fits))])


def ranked_page(
    wishes: Clauses, where: Clauses, vector: NDArray[np.float32] | None, limit: int, offset: int, collection: Searched
) -> list[Scored]:
    """Profiles with their similarities (0 without a vector): by fit, then similarity, then profile id.

    Without a vector, people of equal fit come class by class in stored order.

    Args:
        wishes: Preferred clauses, resolved; at most :data:`techfinder.plan.MOST_WISHES`.
        where: Required clauses, resolved.
        vector: What to rank by within equal fit.

    Raises:
        QueryError: There are too many wishes.
        StoreError: The store failed.
    """
    if not wishes:
        return _of_level([((), offset + limit)], where, vector, limit, offset, collection)
    return _page(levels_of(wishes, where, collection), where, vector, limit, offset, collection)


def _page(
    levels: Iterable[Level],
    where: Clauses,
    vector: NDArray[np.float32] | None,
    limit: int,
    offset: int,
    collection: Searched,
) -> list[Scored]:
    found: list[Scored] = []
    for equal in levels:
        total = sum(count for _, count in equal)
        if offset >= total:
            offset -= total
            continue
        found += _of_level(equal, where, vector, limit - len(found), offset, collection)
        offset = 0
        if len(found) >= limit:
            break
    return found


def near_page(
    required: Clauses,
    nearly: Sequence[Condition | AnyOf | None],
    wishes: Clauses,
    vector: NDArray[np.float32] | None,
    limit: int,
    full: int,
    collection: Searched,
) -> list[Scored]:
    """Those who miss some of what a sentence requires, but break no exclusion.

    They come by the weight of what they fulfil, then by the weight of what they nearly fulfil, then by similarity.

    Args:
        required, wishes: Resolved. Exclusions, and what a filter asks for, stay required.
        nearly: For each required clause, resolved, what holds for those who miss it by little; None where nothing is.
        full: How many fulfil everything required; they are not repeated.
    """
    both = [(c, n) for c, n in zip(required, nearly, strict=True) if not c.origin and not excludes(c)][:MOST_WISHES]
    if not both or limit <= 0:
        return []
    positive = [c for c, _ in both]
    kept = [c for c in required if c not in positive]
    # Whoever fulfils everything required comes first, whatever else they fulfil: they are the first `full` places.
    above = (1.0 + sum(w.weight for w in wishes)) / min(c.weight for c in positive)
    parts = [c.model_copy(update={"weight": c.weight * above}) for c in positive]
    beside = {id(part): near for part, (_, near) in zip(parts, both, strict=True)}
    parts += wishes[: MOST_WISHES - len(parts)]
    levels = levels_of(parts, kept, collection)
    nearest_first = (g for level in levels for g in _by_nearness(level, parts, beside, kept, collection))
    return _page(nearest_first, kept, vector, limit, full, collection)


def _by_nearness(
    level: Level,
    parts: Clauses,
    beside: Mapping[int, Condition | AnyOf | None],
    where: Clauses,
    collection: Searched,
) -> Iterator[Level]:
    """One level in parts: those who miss by little what they miss, then the others."""
    made: list[tuple[float, Clauses, int]] = []
    for held, count in level:
        missed = [p for p, h in zip(parts, held, strict=True) if p is not h]
        near = [n for p in missed if (n := beside.get(id(p))) is not None]
        if not near:
            made.append((0.0, held, count))
            continue
        classes = _classes([n.weight for n in near])
        counted = _counted(classes, near, (*where, *held), collection)
        made += [(c.fit, (*held, *clauses), some) for c, clauses, some in counted if some]
    made.sort(key=lambda m: -round(m[0], 9))
    for _, equal in groupby(made, key=lambda m: round(m[0], 9)):
        yield [(clauses, count) for _, clauses, count in equal]


def excludes(clause: Condition | AnyOf) -> bool:
    """Whether a clause says what somebody must not be, have or use."""
    if isinstance(clause, AnyOf):
        return clause.negated
    return clause.op == "none_of" or (clause.op == "any_of" and clause.values == ("no",))


def _classes(weights: Sequence[float]) -> list[_Class]:
    """All classes, the best fit first."""
    made = [
        _Class(held, sum(w for w, h in zip(weights, held, strict=True) if h))
        for held in product((True, False), repeat=len(weights))
    ]
    return sorted(made, key=lambda c: -round(c.fit, 9))


def levels_of(wishes: Clauses, where: Clauses, collection: Searched) -> Iterator[Level]:
    """The clauses of the classes that anybody is in, with their counts; those of equal fit together."""
    if len(wishes) > MOST_WISHES:
        raise QueryError(f"The plan has {len(wishes)} preferred conditions; at most {MOST_WISHES} are ranked.")
    classes = _classes([w.weight for w in wishes])
    for _, equal in groupby(_counted(classes, wishes, where, collection), key=lambda c: round(c[0].fit, 9)):
        if inhabited := [(clauses, count) for _, clauses, count in equal if count]:
            yield inhabited


def _counted(
    classes: Sequence[_Class], wishes: Clauses, where: Clauses, collection: Searched
) -> Iterator[tuple[_Class, Clauses, int]]:
    left = iter(classes)
    while some := list(islice(left, _COUNTED_AT_ONCE)):
        options = {str(n): _clauses(c.held, wishes) for n, c in enumerate(some)}
        counts = collection.facets([FacetRequest("classes", tuple(where), options=options)])["classes"]
        for n, one in enumerate(some):
            yield one, options[str(n)], int(counts.get(str(n), 0))


def _clauses(held: Sequence[bool], wishes: Clauses) -> tuple[Condition | AnyOf, ...]:
    return tuple(w if h else _not(w) for w, h in zip(wishes, held, strict=True))


def _not(clause: Condition | AnyOf) -> AnyOf:
    """Holds for exactly those for whom the clause does not, missing values included."""
    if isinstance(clause, AnyOf):
        return clause.model_copy(update={"negated": not clause.negated})
    return AnyOf(conditions=(clause,), negated=True)


def _of_level(
    classes: Level,
    where: Clauses,
    vector: NDArray[np.float32] | None,
    limit: int,
    offset: int,
    collection: Searched,
) -> list[Scored]:
    """So many people of equal fit, from `offset` on; classes come with how many people are in them."""
    if vector is None:
        return _in_stored_order(classes, where, limit, offset, collection)
    if len(classes) == 1:
        return _near(vector, (*where, *classes[0][0]), limit, offset, collection)
    merged = [f for c, _ in classes for f in _near(vector, (*where, *c), offset + limit, 0, collection)]
    merged.sort(key=lambda f: (-round(f[1], 6), f[0].id))
    return merged[offset : offset + limit]


def _near(vector: NDArray[np.float32], where: Clauses, limit: int, offset: int, collection: Searched) -> list[Scored]:
    return [(p.profile, p.score) for p in collection.search(vector, where, limit, offset)]


def _in_stored_order(classes: Level, where: Clauses, limit: int, offset: int, collection: Searched) -> list[Scored]:
    found: list[Scored] = []
    for clauses, count in classes:
        if offset >= count:
            offset -= count
            continue
        found += [(p, 0.0) for p in collection.browse((*where, *clauses), (), limit - len(found), offset)]
        offset = 0
        if len(found) >= limit:
            break
    return found
