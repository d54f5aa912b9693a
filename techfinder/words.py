"""Values in words, as people read them on cards and in the terminal."""

from __future__ import annotations

from collections.abc import Container
from datetime import date, timedelta

from techfinder.models import Fact, Profile, Value
from techfinder.options import either
from techfinder.plan import AnyOf, Condition
from techfinder.schema import Attribute, Schema

__all__ = ["describe", "facts", "value_text"]

_TIMES = {unit: unit.removesuffix("s") for unit in ("years", "months", "weeks", "days", "hours", "minutes", "seconds")}
"""What one of a unit is called; of other units the schema tells no more than their name."""


def facts(schema: Schema, profile: Profile, keys: Container[str] | None = None) -> tuple[Fact, ...]:
    """Every known value of the profile in words, in the schema's order; with `keys`, those of these attributes only."""
    values = profile.values
    return tuple(
        Fact(a.key, a.label, value_text(a, values[a.key]))
        for a in schema.told
        if a.key in values and (keys is None or a.key in keys)
    )


def value_text(attribute: Attribute, value: Value) -> str:
    """One value in words: tags joined by commas, thousands separated, the unit behind a number."""
    if isinstance(value, tuple):
        return ", ".join(value)
    if isinstance(value, str):
        return value
    number = f"{value:,.0f}" if float(value).is_integer() or abs(value) >= 1000 else f"{value:,.2f}"
    return f"{number} {_TIMES.get(attribute.unit, attribute.unit) if value == 1 else attribute.unit}".strip()


def describe(schema: Schema, clause: Condition | AnyOf) -> str:
    """What a clause asks for in words, as "Age 25 years and over" or "Smartphones: product is not iPhone"."""
    if isinstance(clause, AnyOf):
        parts = "; ".join(describe(schema, c) for c in clause.conditions)
        if len(clause.conditions) == 1:
            return f"not ({parts})" if clause.negated else parts
        if clause.at_least == len(clause.conditions):
            whole = " and ".join(describe(schema, c) for c in clause.conditions)
            return f"not ({whole})" if clause.negated else f"all of ({parts})"
        least = f"at least {clause.at_least}" if clause.at_least > 1 else "any"
        return f"{f'fewer than {clause.at_least}' if clause.negated else least} of ({parts})"
    attribute = schema.attribute(clause.field)
    match clause.op:
        case "range":
            return f"{attribute.label} {_bounds(attribute, clause)}"
        case "missing" | "present":
            return f"{attribute.label} is {'not known' if clause.op == 'missing' else 'known'}"
        case "at_least" | "at_most":
            return f"{attribute.label} is {clause.values[0]} or {'more' if clause.op == 'at_least' else 'less'}"
        case "none_of" if attribute.part == "words":
            return f"{attribute.field.label} does not mention {either(clause.values)}"
        case "none_of":
            return f"{attribute.label} is not {either(clause.values)}"
        case "all_of":
            return f"{attribute.label} has all of {', '.join(clause.values)}"
    if attribute.part == "words":
        return f"{attribute.field.label} mentions {either(clause.values)}"
    return f"{attribute.label} is {either(clause.values)}"


def _bounds(attribute: Attribute, clause: Condition) -> str:
    dated = attribute.field.kind == "date" or attribute.part in ("adopted_on", "day")

    def shown(number: float) -> str:
        if dated:
            return (date(1970, 1, 1) + timedelta(days=int(number))).isoformat()
        return value_text(attribute, number)

    if clause.gte is not None and clause.lte is not None:
        return shown(clause.gte) if clause.gte == clause.lte else f"{shown(clause.gte)} to {shown(clause.lte)}"
    named = ((clause.gte, "at least"), (clause.gt, "over"), (clause.lte, "at most"), (clause.lt, "under"))
    return ", ".join(f"{word} {shown(bound)}" for bound, word in named if bound is not None)
