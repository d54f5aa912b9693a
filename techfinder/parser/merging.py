"""Clauses of one attribute that make one another narrower, or impossible: two ends of a range, either of two values."""

from __future__ import annotations

from collections.abc import Sequence
from math import inf

from techfinder.parser.clauses import any_of
from techfinder.plan import AnyOf, Condition
from techfinder.schema import Schema

__all__ = ["one_range", "possible"]


def one_range(clauses: Sequence[Condition | AnyOf]) -> list[Condition | AnyOf]:
    """With "over 30 and under 50" as one range, and "under 25 or over 65" as either."""
    made: list[Condition | AnyOf] = []
    for clause in clauses:
        before = made[-1] if made else None
        if not (isinstance(clause, Condition) and isinstance(before, Condition) and _fit(before, clause)):
            made.append(clause)
            continue
        words, ends = f"{before.words} {clause.words}", (_ends(before), _ends(clause))
        if max(low for low, _ in ends) > min(high for _, high in ends):
            made[-1] = any_of([before, clause], words)
            continue
        bounds = {b: getattr(clause, b) for b in ("gte", "gt", "lte", "lt") if getattr(clause, b) is not None}
        made[-1] = before.model_copy(update={**bounds, "words": words})
    return made


def possible(clauses: Sequence[Condition | AnyOf], schema: Schema) -> list[Condition | AnyOf]:
    """With two values that nobody can have at once as either: "not only iPhone users but Pixel users as well"."""
    made: list[Condition | AnyOf] = []
    for clause in clauses:
        for place, other in enumerate(made):
            if isinstance(other, Condition) and isinstance(clause, Condition) and _exclude(other, clause, schema):
                words = f"{other.words} {clause.words}"
                if clause.op == "any_of":
                    values = (*other.values, *(v for v in clause.values if v not in other.values))
                    made[place] = other.model_copy(update={"values": values, "words": words})
                else:
                    made[place] = any_of([other, clause], words)
                break
        else:
            made.append(clause)
    return made


def _exclude(one: Condition, other: Condition, schema: Schema) -> bool:
    """Whether two required conditions on one attribute with one value can never hold together."""
    if one.field != other.field or one.op != other.op or not one.required or not other.required:
        return False
    if one.op == "any_of":
        attribute = schema.attribute(one.field)
        if set(attribute.known_values) == {"yes", "no"}:
            return False  # one of them was excluded
        return attribute.storage != "keywords" and not set(one.values) & set(other.values)
    if one.op != "range":
        return False
    lower, upper = sorted((_ends(one), _ends(other)))
    return (-inf < lower[0] or upper[1] < inf) and lower[1] < upper[0]


def _ends(condition: Condition) -> tuple[float, float]:
    low = condition.gte if condition.gt is None else condition.gt
    high = condition.lte if condition.lt is None else condition.lt
    return -inf if low is None else low, inf if high is None else high


def _fit(one: Condition, other: Condition) -> bool:
    """Whether two ranges of one attribute are its two ends."""
    if one.op != "range" or other.op != "range" or one.field != other.field or one.required != other.required:
        return False
    lows = [c.gte is not None or c.gt is not None for c in (one, other)]
    highs = [c.lte is not None or c.lt is not None for c in (one, other)]
    return sum(lows) == 1 and sum(highs) == 1 and lows[0] != highs[0]
