"""Clauses to filters: one translation for every adapter.

A filter is a plain dict in the shape of Qdrant's REST filters, kept to the part that all
engines read alike: ``must``, ``must_not``, ``should``, ``min_should``; ``match`` with
``any``; ``range``; ``is_empty``; filters within filters. An empty dict matches everyone.
The embedded adapter hands it to the engine and to its columns, a server gets it as it is.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping, Sequence
from typing import TYPE_CHECKING, Any

from techfinder.errors import QueryError, cut
from techfinder.plan import AnyOf, Condition
from techfinder.store.points import storage_of

if TYPE_CHECKING:
    from techfinder.interfaces import FacetRequest, ValueWeights

__all__ = ["Filter", "Weighing", "facet_filters", "to_filter", "weighing"]

Filter = dict[str, Any]
Weighing = tuple[str, dict[str, float], tuple[float, ...]]
"""Attribute, weight by value, and where bars begin."""

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


def facet_filters(
    request: FacetRequest, attributes: Mapping[str, str]
) -> tuple[str, Filter, str, dict[str, Filter] | None]:
    """A request with its clauses as filters: name, filter, field, and filter by option (None without options).

    Raises QueryError as :func:`to_filter`.
    """
    options = None
    if request.options is None:
        storage_of(request.field, attributes)
    else:
        options = {value: to_filter(clauses, attributes) for value, clauses in request.options.items()}
    return request.name, to_filter(request.where, attributes), request.field, options


def weighing(weights: Sequence[ValueWeights], attributes: Mapping[str, str]) -> list[Weighing]:
    """The weights as columns take them. Raises QueryError for an attribute that is not stored."""
    for part in weights:
        if bool(part.starts) != (storage_of(part.field, attributes) in ("integer", "float")):
            raise QueryError(f"{part.field}: numbers are weighed by where their bars begin, other values by name.")
    return [(w.field, dict(w.weights), tuple(w.starts)) for w in weights]


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
        numbers = sorted({n for n in (_whole(key, v) for v in values) if n is not None})
        return {"key": key, "match": {"any": numbers}} if numbers else _nobody(key)
    if storage == "float":  # no engine matches floats by value
        known = sorted({number for v in values if math.isfinite(number := _number(key, v))})
        ranges = [{"key": key, "range": {"gte": number, "lte": number}} for number in known]
        return {"should": ranges} if len(ranges) > 1 else ranges[0] if ranges else _nobody(key)
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
    # Engines read bounds as floats, which above 2**53 hold only the number beside it.
    above = {"gte": low} if float(low) == low else {"gt": low - 1}
    below = {"lte": high} if float(high) == high else {"lt": high + 1}
    whole = (above if low > _INT_MIN else {}) | (below if high < _INT_MAX else {})
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


def _whole(key: str, value: str) -> int | None:
    """The whole number to the last digit, None when no stored one can equal it."""
    try:
        number = int(value)
    except ValueError:
        wide = _number(key, value)
        if not wide.is_integer():
            return None
        number = int(wide)
    return number if _INT_MIN <= number <= _INT_MAX else None
