"""Whether one profile fulfils clauses, in plain Python: for a handful of profiles that are at hand.

Whole collections are filtered inside the store, and judged by :mod:`techfinder.judge`.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from techfinder.models import Profile, Value
from techfinder.plan import AnyOf, Condition, number_of

__all__ = ["fulfils"]


def fulfils(profile: Profile, clauses: Sequence[Condition | AnyOf]) -> bool:
    """True when every clause holds. They come resolved (:meth:`techfinder.schema.Schema.resolve`)."""
    return all(_holds(profile.values, clause) for clause in clauses)


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
