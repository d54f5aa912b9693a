"""What is told of people and of all of them, counted in plain Python from their profiles."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from techfinder.models import Profile, Value
from techfinder.overviews import Coverage, FieldStanding, Standing
from techfinder.schema import Attribute, Schema

__all__ = ["coverage_differs", "rank", "standing_differs"]

_EXACT = 2**53


def rank(attribute: Attribute, value: Value) -> Any:
    """What to order values of an attribute by; None where they have no order."""
    if attribute.ordered:
        return attribute.known_values.index(str(value))
    dated = attribute.field.kind == "date" or attribute.part == "adopted_on"
    return value if attribute.numeric or dated else None


def standing_differs(schema: Schema, people: Sequence[Profile], found: Standing) -> list[str]:
    """What a standing says wrongly."""
    mine = found.profile.values
    hidden = [a for a in schema.attributes.values() if a.derived or a.part in ("city", "state")]
    expected = [
        key
        for key, a in schema.attributes.items()
        if key in mine and a not in hidden and (n := rank(a, mine[key])) is not None
        if not isinstance(n, int) or abs(n) < _EXACT
    ]
    wrong = [] if [f.key for f in found.fields] == expected else [f"fields {[f.key for f in found.fields]}"]
    return wrong + [w for f in found.fields for w in _field_differs(schema.attribute(f.key), people, mine[f.key], f)]


def _field_differs(attribute: Attribute, people: Sequence[Profile], mine: Value, found: FieldStanding) -> list[str]:
    key = attribute.key
    values = [rank(attribute, p.values[key]) for p in people if key in p.values]
    own = rank(attribute, mine)
    plain = (sum(v < own for v in values), sum(v == own for v in values), sum(v > own for v in values))
    wrong = [] if (found.below, found.same, found.above) == plain else [f"{key}: {plain}"]
    percentile = sum(1.0 if v < own else 0.5 for v in values if v <= own) / len(values)
    wrong += [] if abs(found.percentile - percentile) < 1e-12 and found.known == len(values) else [f"{key}: rank"]
    starts = [rank(attribute, b.low) for b in found.bars]
    ends = [*starts[1:], None]
    counts = [sum(a <= v and (z is None or v < z) for v in values) for a, z in zip(starts, ends, strict=True)]
    wrong += [] if [b.count for b in found.bars] == counts and sum(counts) == len(values) else [f"{key}: {counts}"]
    marked = [own >= a and (z is None or own < z) for a, z in zip(starts, ends, strict=True)]
    wrong += [] if [b.mine for b in found.bars] == marked and sum(marked) == 1 else [f"{key}: {marked}"]
    tops = [rank(attribute, b.high) for b in found.bars]
    inside = all(v <= tops[-1] for v in values) and tops == sorted(tops)
    return wrong + ([] if inside else [f"{key}: ends {tops}"])


def coverage_differs(schema: Schema, people: Sequence[Profile], found: Coverage) -> list[str]:
    """What a coverage says wrongly."""
    told = [a for a in schema.attributes.values() if not a.derived]
    wrong = [] if [f.key for f in found.fields] == [a.key for a in told] else ["fields"]
    for attribute, field in zip(told, found.fields, strict=True):
        values = [p.values[attribute.key] for p in people if attribute.key in p.values]
        single = {one for v in values for one in (v if isinstance(v, tuple) else (v,))}
        ordered = [] if attribute.ordered else [v for v in values if rank(attribute, v) is not None]
        ends = (min(ordered), max(ordered)) if ordered else (None, None)  # type: ignore[type-var]
        plain = (len(values), len(values) / len(people), len(single), *ends)
        wrong += [] if (field.known, field.share, field.distinct, field.low, field.high) == plain else [f"{plain}"]
    return wrong
