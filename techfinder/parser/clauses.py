"""Clauses from what was understood: levels of a scale, products of a brand, and the opposite of a clause."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence

from techfinder.plan import AnyOf, Condition
from techfinder.schema import Schema, SchemaField

__all__ = ["Clause", "Clauses", "any_of", "in_range", "level_condition", "levels", "opposite"]

Clause = Condition | AnyOf
Clauses = tuple[Clause, ...]

_NAMES = {
    "very high": ("very high",),
    "high": ("high",),
    "mid": ("moderate", "medium", "average", "intermediate", "mid-range", "mid"),
    "low": ("low",),
    "very low": ("very low",),
}


def levels(field: SchemaField, grade: str) -> range:
    """The levels of a scale that a grade means, as positions.

    A scale that has a value of that name goes by it; else the highest and the lowest two fifths count as high
    and low, and the middle one as middling.
    """
    count = len(field.values)
    names = [v.name.casefold() for v in field.values]
    named = next((names.index(n) for n in _NAMES.get(grade, ()) if n in names), None)
    part = max(1, round(0.4 * count))
    match grade:
        case "high":
            return range(count - part if named is None else named, count)
        case "low":
            return range(part if named is None else named + 1)
        case "very high":
            return range(count - 1 if named is None else named, count)
        case "very low":
            return range(1 if named is None else named + 1)
        case "below mid":
            return range(count // 2)
        case "above mid":
            return range(count // 2 + 1, count)
    middle = count // 2 if named is None else named
    return range(middle, middle + 1)


def level_condition(field: SchemaField, positions: Iterable[int]) -> Condition | None:
    """The condition that holds on these levels; None when there are none."""
    wanted = sorted(set(positions))
    if not wanted:
        return None
    names = [field.values[i].name for i in wanted]
    top = len(field.values) - 1
    if len(wanted) > 1 and wanted == list(range(wanted[0], top + 1)):
        return Condition(field=field.name, op="at_least", values=(names[0],))
    if len(wanted) > 1 and wanted == list(range(wanted[-1] + 1)):
        return Condition(field=field.name, op="at_most", values=(names[-1],))
    return Condition(field=field.name, op="any_of", values=tuple(names))


def in_range(key: str, bounds: Mapping[str, float]) -> Condition:
    """The condition that a number or a day lies within the bounds, by their names in a condition."""
    return Condition.model_validate({"field": key, "op": "range", **bounds})


def any_of(conditions: Sequence[Condition], words: str = "") -> Condition | AnyOf:
    """One clause that holds when one of them does."""
    if len(conditions) == 1:
        return conditions[0]
    return AnyOf(conditions=tuple(conditions), words=words)


def opposite(clause: Condition | AnyOf, schema: Schema) -> Condition | AnyOf:
    """What holds exactly where the clause does not; of "uses it", who is known not to."""
    if isinstance(clause, AnyOf):
        return clause.model_copy(update={"negated": not clause.negated})
    if (
        clause.op == "any_of"
        and (values := schema.attribute(clause.field).known_values)
        and set(values) == {"yes", "no"}
    ):
        return clause.model_copy(update={"values": tuple(v for v in values if v not in clause.values)})
    other = {"any_of": "none_of", "none_of": "any_of", "missing": "present", "present": "missing"}.get(clause.op)
    if other is not None:
        return clause.model_copy(update={"op": other})
    if clause.op in ("at_least", "at_most"):
        field = schema.attribute(clause.field).field
        level = field.level(clause.values[0]) or 0
        names = [v.name for v in field.values]
        kept = names[level:] if clause.op == "at_least" else names[: level + 1]
        return clause.model_copy(update={"op": "none_of", "values": tuple(kept)})
    return AnyOf(conditions=(clause,), negated=True, required=clause.required, weight=clause.weight, words=clause.words)
