"""People side by side: what they have in common, where they differ, and how far apart they are."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date

import numpy as np
from numpy.typing import NDArray

from techfinder.errors import ProfileNotFound, QueryError
from techfinder.interfaces import Collection
from techfinder.models import Value
from techfinder.overviews import ComparedField, Comparison
from techfinder.schema import Attribute, Schema
from techfinder.steady import steadily
from techfinder.words import value_text

__all__ = ["FEWEST", "MOST", "compare"]

FEWEST, MOST = 2, 10


def compare(ids: Sequence[str], schema: Schema, collection: Collection) -> Comparison:
    """The people with these ids side by side.

    Raises:
        QueryError: There are fewer than 2 or more than 10 of them, or one is named twice.
        ProfileNotFound: Some do not exist; they are named.
        StoreError: The store failed.
    """
    if not FEWEST <= len(ids) <= MOST or len(set(ids)) < len(ids):
        raise QueryError(f"{FEWEST} to {MOST} different people can be compared, not {len(set(ids))}.")
    (profiles, vectors), generation = steadily(
        collection.info, lambda: (tuple(collection.retrieve(ids)), collection.vectors(ids))
    )
    missing = {*ids} - ({p.id for p in profiles} & {*vectors})  # somebody may be removed between the two questions
    if missing:
        raise ProfileNotFound(i for i in ids if i in missing)
    fields = [_field(a, [p.values.get(a.key) for p in profiles]) for a in schema.told]
    known = tuple(f for f in fields if any(t is not None for t in f.texts))
    return Comparison(profiles, known, _similarity([vectors[i] for i in ids]), generation)


def _similarity(vectors: Sequence[NDArray[np.float32]]) -> tuple[tuple[float, ...], ...]:
    wide = np.stack(vectors).astype(np.float64)
    norms = np.linalg.norm(wide, axis=1, keepdims=True)
    unit = wide / np.where(norms == 0.0, 1.0, norms)
    cosines = np.clip(np.round(unit @ unit.T, 6), -1.0, 1.0)
    return tuple(tuple(row) for row in cosines.tolist())


def _field(attribute: Attribute, values: Sequence[Value | None]) -> ComparedField:
    known = [v for v in values if v is not None]
    texts = tuple(None if v is None else value_text(attribute, v) for v in values)
    tags = [set(v) for v in known if isinstance(v, tuple)]
    levels = [n for v in known if (n := attribute.field.level(str(v))) is not None] if attribute.ordered else []
    steps = max(levels) - min(levels) if len(levels) > 1 else None
    return ComparedField(
        key=attribute.key,
        label=attribute.label,
        unit=attribute.unit,
        sensitive=attribute.field.sensitive,
        texts=texts,
        same=_same(known) if len(known) > 1 else None,
        common=tuple(sorted(set.intersection(*tags))) if tags else (),
        steps=steps,
        distance=steps / (len(attribute.known_values) - 1) if steps is not None else _distance(attribute, known),
        apart=_apart(attribute, known, steps),
    )


def _apart(attribute: Attribute, values: Sequence[Value], steps: int | None) -> str:
    """How far the lowest and the highest are apart, in words."""
    if len(values) < 2:
        return ""
    if attribute.field.kind == "date" or attribute.part == "adopted_on":
        days = [date.fromisoformat(str(v)).toordinal() for v in values]
        return _counted(max(days) - min(days), "day")
    numbers = [v for v in values if isinstance(v, int | float)]
    if len(numbers) < 2:
        return _counted(steps or 0, "level")
    between = max(numbers) - min(numbers)
    text = value_text(attribute, between) if between else ""
    return text.removesuffix(attribute.unit).rstrip() if attribute.unit.startswith("of ") else text  # "3 of 10 apart"


def _counted(number: int, unit: str) -> str:
    return "" if not number else f"{number:,} {unit}" if number == 1 else f"{number:,} {unit}s"


def _same(values: Sequence[Value]) -> bool:
    """Tags are a set: their order does not count."""
    return len({frozenset(v) if isinstance(v, tuple) else v for v in values}) == 1


def _distance(attribute: Attribute, values: Sequence[Value]) -> float | None:
    """How far apart numbers are, where the schema bounds them."""
    low, high = attribute.field.min, attribute.field.max
    numbers = [v for v in values if isinstance(v, int | float)]
    if len(numbers) < 2 or low is None or high is None or high <= low or attribute.part != "value":
        return None
    return min((max(numbers) - min(numbers)) / (high - low), 1.0)
