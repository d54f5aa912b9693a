"""What nearly fulfils a condition: a level beside those asked for, a number a tenth off.

Near misses who miss by little come before those who miss by much (:func:`techfinder.preferences.near_page`).
"""

from __future__ import annotations

from techfinder.fields import Attribute
from techfinder.plan import AnyOf, Condition
from techfinder.schema import Schema

__all__ = ["widened"]

_MARGIN = 0.1
"""Of a bound: income of at least 100,000 is nearly fulfilled by 90,000."""

_LEAST_MARGIN = 1.0
"""Of whole numbers: within three months is nearly fulfilled by four."""


def widened(clause: Condition | AnyOf, schema: Schema) -> Condition | None:
    """The condition that holds as well for those who miss this one by little.

    None where nothing is near: of names, tags, days, groups, and of bounds that take in everybody.

    Raises:
        QueryError: The condition names what the schema does not have.
    """
    if isinstance(clause, AnyOf):
        return None
    attribute = schema.attribute(clause.field)
    if attribute.ordered and clause.op in ("at_least", "at_most", "any_of"):
        return _levels_beside(clause, attribute)
    if clause.op == "range" and attribute.numeric and attribute.field.kind != "date":
        return _bounds_beside(clause, attribute)
    return None


def _levels_beside(condition: Condition, attribute: Attribute) -> Condition | None:
    names = [v.name for v in attribute.field.values]
    asked = [level for v in condition.values if (level := attribute.field.level(v)) is not None]
    if not asked:
        return None
    if condition.op == "at_least":
        asked = list(range(min(asked), len(names)))
    elif condition.op == "at_most":
        asked = list(range(max(asked) + 1))
    beside = {near for level in asked for near in (level - 1, level, level + 1) if 0 <= near < len(names)}
    if len(beside) == len(asked):
        return None
    return condition.model_copy(update={"op": "any_of", "values": tuple(names[level] for level in sorted(beside))})


def _bounds_beside(condition: Condition, attribute: Attribute) -> Condition:
    least = _LEAST_MARGIN if attribute.storage == "integer" else 0.0
    bounds: dict[str, float] = {}
    for name, sign in (("gte", -1.0), ("gt", -1.0), ("lte", 1.0), ("lt", 1.0)):
        if (bound := getattr(condition, name)) is not None:
            bounds[name] = bound + sign * max(least, _MARGIN * abs(bound))
    return condition.model_copy(update=bounds)
