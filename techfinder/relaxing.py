"""Why nobody is found, and what would find somebody: counts with one thing left out at a time."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Protocol

from techfinder.interfaces import FacetRequest
from techfinder.matching import counts_without
from techfinder.models import Profile, Relaxation
from techfinder.plan import AnyOf, Condition, QueryPlan
from techfinder.schema import Schema

__all__ = ["relaxations"]

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
