"""Counts with one thing left out at a time: why nobody is found, what would find somebody, what else to ask."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Protocol

from techfinder.interfaces import FacetRequest
from techfinder.matching import counts_without
from techfinder.models import Profile, Relaxation
from techfinder.plan import AnyOf, Condition, QueryPlan
from techfinder.schema import Schema

__all__ = ["relaxations", "values_instead"]

Clauses = tuple[Condition | AnyOf, ...]


class Counted(Protocol):
    """What is asked of a collection here; see :class:`techfinder.interfaces.Collection`."""

    def facets(self, requests: Sequence[FacetRequest]) -> dict[str, dict[str, int | float]]: ...

    def retrieve(self, ids: Sequence[str]) -> list[Profile]: ...


def relaxations(plan: QueryPlan, schema: Schema, collection: Counted) -> tuple[Relaxation, ...]:
    """What a plan requires, each with what leaving it out would give, the most people first.

    Everything is counted in one call. Those whom the plan is to be like, or not like, are found by leaving out
    nothing: they count only for what each part gives alone.

    Raises:
        QueryError, StoreError: The plan names what does not exist, or the store failed.
    """
    parts = _parts(plan)
    left = {str(n): _resolved(schema, [p for p in parts if p is not part]) for n, part in enumerate(parts)}
    alone = {str(n): _resolved(schema, [part]) for n, part in enumerate(parts)}
    if not parts:
        return ()
    asked = FacetRequest("left", (), options=left)
    counts = collection.facets([asked, FacetRequest("alone", (), options=alone)])
    if named := list(dict.fromkeys((*plan.like, *plan.not_like))):
        counts |= {"left": counts_without(collection.retrieve(named), asked, counts["left"])}
    made = [
        Relaxation(part, int(counts["left"].get(str(n), 0)), int(counts["alone"].get(str(n), 0)))
        for n, part in enumerate(parts)
    ]
    return tuple(sorted(made, key=lambda r: -r.count))


def values_instead(
    plan: QueryPlan, parts: Sequence[Sequence[Condition]], schema: Schema, collection: Counted
) -> tuple[dict[str, int], ...]:
    """For each part, all of one attribute: how many people have each of its values and fulfil all else required.

    Everything is counted in one call. Those whom the plan is to be like, or not like, do not count.

    Raises:
        QueryError, StoreError: The plan names what does not exist, or the store failed.
    """
    requests = [
        FacetRequest(str(n), schema.resolve(c for c in plan.required if c not in part), field=part[0].field)
        for n, part in enumerate(parts)
    ]
    if not requests:
        return ()
    counts = collection.facets(requests)
    named = list(dict.fromkeys((*plan.like, *plan.not_like)))
    people = collection.retrieve(named) if named else []
    left = (counts_without(people, r, counts.get(r.name, {})) for r in requests)
    return tuple({value: int(count) for value, count in found.items()} for found in left)


def _parts(plan: QueryPlan) -> list[Clauses]:
    """What can be left out: each clause of the sentence, and for each filter its clauses together."""
    of_filters: dict[str, list[Condition | AnyOf]] = {}
    parts: list[Clauses] = []
    for clause in plan.required:
        if clause.origin:
            of_filters.setdefault(clause.origin, []).append(clause)
        else:
            parts.append((clause,))
    return parts + [tuple(clauses) for clauses in of_filters.values()]


def _resolved(schema: Schema, parts: Sequence[Clauses]) -> Clauses:
    return schema.resolve(clause for part in parts for clause in part)
