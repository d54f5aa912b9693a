"""Whether one profile fulfils clauses, in plain Python: for a handful of profiles that are at hand.

Whole collections are filtered inside the store, and judged by :mod:`techfinder.judge`.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence

from techfinder.errors import ProfileNotFound
from techfinder.interfaces import Collection, FacetRequest
from techfinder.models import Profile, Value
from techfinder.plan import AnyOf, Condition, QueryPlan, number_of

__all__ = ["counts_without", "fulfils", "named_people"]


def fulfils(profile: Profile, clauses: Sequence[Condition | AnyOf]) -> bool:
    """True when every clause holds. They come resolved (:meth:`techfinder.schema.Schema.resolve`)."""
    return all(_holds(profile.values, clause) for clause in clauses)


def named_people(plan: QueryPlan, collection: Collection) -> list[Profile]:
    """Those whom the plan is to be like, or not like, each once: they are not found, and so not counted.

    Raises:
        ProfileNotFound: Some of them do not exist; they are named.
        StoreError: The store failed.
    """
    named = list(dict.fromkeys((*plan.like, *plan.not_like)))
    found = {p.id: p for p in collection.retrieve(named)} if named else {}
    if missing := [i for i in named if i not in found]:
        raise ProfileNotFound(missing)
    return [found[i] for i in named]


def counts_without(
    people: Sequence[Profile], request: FacetRequest, counts: Mapping[str, int | float]
) -> dict[str, int | float]:
    """What a request counted, less what these people count there. Not for the ends of a number."""
    left = dict(counts)
    for profile in people:
        if fulfils(profile, request.where):
            for name in _counted_as(profile, request):
                left[name] = left.get(name, 0) - 1
    return {name: count for name, count in left.items() if count > 0}


def _counted_as(profile: Profile, request: FacetRequest) -> Iterable[str]:
    """The values, or the options, under which a request counts somebody."""
    if request.options is not None:
        return [name for name, clauses in request.options.items() if fulfils(profile, clauses)]
    value = profile.values.get(request.field, ())
    return dict.fromkeys(value) if isinstance(value, tuple) else (str(value),)


def _holds(values: Mapping[str, Value], clause: Condition | AnyOf) -> bool:
    if isinstance(clause, AnyOf):
        return (sum(_holds(values, c) for c in clause.conditions) >= clause.at_least) is not clause.negated
    value = values.get(clause.field)
    match clause.op:
        case "missing":
            return value is None
        case "present":
            return value is not None
        case "none_of":
            return value is None or not _common(value, clause.values)
        case "any_of":
            return value is not None and bool(_common(value, clause.values))
        case "all_of":
            return value is not None and len(_common(value, clause.values)) == len(set(clause.values))
        case "range":
            return isinstance(value, int | float) and clause.spans(value)
    raise ValueError(f"unresolved condition {clause.op}")


def _common(value: Value, asked: Sequence[str]) -> set[str]:
    """Those of the values asked for that the profile has."""
    if isinstance(value, int | float):
        return {a for a in asked if number_of(a) == value}
    return set(asked) & ({value} if isinstance(value, str) else set(value))
