"""Clauses to filters: one translation for every adapter.

A filter is a plain dict in the shape of Qdrant's REST filters, kept to the part that all
engines read alike: ``must``, ``must_not``, ``should``, ``min_should``; ``match`` with
``any``; ``range``; ``is_empty``; filters within filters. An empty dict matches everyone.
The embedded adapter hands it to the engine and to its columns, a server gets it as it is.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping
from typing import Any

from techfinder.errors import QueryError, cut, known_names
from techfinder.plan import AnyOf, Condition

__all__ = ["Filter", "storage_of", "to_filter"]

Filter = dict[str, Any]

_INT_MIN, _INT_MAX = -(2**63), 2**63 - 1


def to_filter(clauses: Iterable[Condition | AnyOf], attributes: Mapping[str, str]) -> Filter:
    """The filter that matches exactly the profiles that fulfil all `clauses`.

    Args:
        clauses: Resolved by :meth:`techfinder.schema.Schema.resolve`.
        attributes: Storage by attribute key, as in ``CollectionSpec.attributes``.

    Raises:
        QueryError: A clause names an attribute that is not stored, asks a range of text, or was
            not resolved.
    """
    must: list[Filter] = []
    must_not: list[Filter] = []
    for clause in clauses:
        made = _group(clause, attributes) if isinstance(clause, AnyOf) else _condition(clause, attributes)
        if made.keys() == {"must_not"}:  # engines plan flat exclusions better than nested ones
            must_not.extend(made["must_not"])
        else:
            must.append(made)
    return ({"must": must} if must else {}) | ({"must_not": must_not} if must_not else {})


def storage_of(key: str, attributes: Mapping[str, str]) -> str:
    """The storage of an attribute. Raises QueryError naming those that exist."""
    storage = attributes.get(key)
    if storage is None:
        raise QueryError(f"No stored field {cut(key)}. {known_names(key, attributes)}")
    return storage


def _group(group: AnyOf, attributes: Mapping[str, str]) -> Filter:
    conditions = [_condition(c, attributes) for c in group.conditions]
    made: Filter = {"min_should": {"conditions": conditions, "min_count": group.at_least}}
    return {"must_not": [made]} if group.negated else made


def _condition(condition: Condition, attributes: Mapping[str, str]) -> Filter:
    key = condition.field
    storage = storage_of(key, attributes)
    match condition.op:
        case "any_of":
            return _any(key, storage, condition.values)
        case "none_of":
            return {"must_not": [_any(key, storage, condition.values)]}
        case "all_of":
            return {"must": [_any(key, storage, (v,)) for v in condition.values]}
        case "range":
            return _range(condition, storage)
        case "missing":
            return _empty(key)
        case "present":
            return {"must_not": [_empty(key)]}
        case _:
            raise QueryError(f"{condition.op} on {key} reached the store. Resolve clauses with the schema first.")


def _any(key: str, storage: str, values: tuple[str, ...]) -> Filter:
    if storage == "integer":
        numbers = sorted({int(n) for v in values if (n := _number(key, v)).is_integer() and _fits(n)})
        return {"key": key, "match": {"any": numbers}} if numbers else _nobody(key)
    if storage == "float":  # no engine matches floats by value
        ranges = [{"key": key, "range": {"gte": n, "lte": n}} for n in sorted({_number(key, v) for v in values})]
        return ranges[0] if len(ranges) == 1 else {"should": ranges}
    return {"key": key, "match": {"any": list(dict.fromkeys(values))}}


def _range(condition: Condition, storage: str) -> Filter:
    if storage not in ("integer", "float"):
        raise QueryError(f"{condition.field} is not a number; a range cannot be asked of it. Name values instead.")
    bounds = {n: b for n in ("gte", "gt", "lte", "lt") if (b := getattr(condition, n)) is not None}
    if any(math.isnan(b) for b in bounds.values()):
        raise QueryError(f"A bound of the range on {condition.field} is not a number.")
    if storage == "integer":
        return _integer_range(condition.field, bounds)
    finite = {n: b for n, b in bounds.items() if math.isfinite(b)}
    if len(finite) == len(bounds):
        return {"key": condition.field, "range": bounds}
    return _unbounded(condition.field, bounds, finite)


def _integer_range(key: str, bounds: Mapping[str, float]) -> Filter:
    """Engines cut fractions off the bounds of integers, so 3.5 and up would hold for 3."""
    low, high = _INT_MIN, _INT_MAX
    for name, bound in bounds.items():
        if math.isinf(bound):
            if (bound > 0) == name.startswith("g"):
                return _nobody(key)
        elif name == "gte":
            low = max(low, math.ceil(bound))
        elif name == "gt":
            low = max(low, math.floor(bound) + 1)
        elif name == "lte":
            high = min(high, math.floor(bound))
        else:
            high = min(high, math.ceil(bound) - 1)
    if low > high:
        return _nobody(key)
    whole = ({"gte": low} if low > _INT_MIN else {}) | ({"lte": high} if high < _INT_MAX else {})
    return {"key": key, "range": whole} if whole else {"must_not": [_empty(key)]}


def _unbounded(key: str, bounds: Mapping[str, float], finite: Mapping[str, float]) -> Filter:
    """A range with an infinite bound: infinity is no JSON number."""
    if any((b > 0) == n.startswith("g") for n, b in bounds.items() if math.isinf(b)):
        return _nobody(key)
    return {"key": key, "range": dict(finite)} if finite else {"must_not": [_empty(key)]}


def _empty(key: str) -> Filter:
    return {"is_empty": {"key": key}}


def _nobody(key: str) -> Filter:
    """Matches no one. A contradiction, because empty lists mean different things to engines."""
    return {"must": [_empty(key)], "must_not": [_empty(key)]}


def _number(key: str, value: str) -> float:
    try:
        return float(value)
    except ValueError:
        raise QueryError(f"{cut(value)} is not a number, and {key} is one.") from None


def _fits(number: float) -> bool:
    return _INT_MIN <= number <= _INT_MAX - 1024
