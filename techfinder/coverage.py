"""How full each attribute is over everybody: fill rate, different values, smallest and largest."""

from __future__ import annotations

from techfinder.histograms import Spans, iso_day
from techfinder.interfaces import Collection
from techfinder.models import Fill
from techfinder.overviews import Coverage, FieldCoverage
from techfinder.schema import Attribute, Schema
from techfinder.steady import steadily

__all__ = ["CoverageMemory", "coverage"]


def coverage(schema: Schema, collection: Collection, spans: Spans) -> Coverage:
    """How full every attribute is, those left out that are computed from others. Raises StoreError."""
    told = [a for a in schema.attributes.values() if not a.derived]
    numbers = {a.key: a.key if a.numeric else f"{a.key}_day" for a in told}
    counted = {key: number for key, number in numbers.items() if number in schema.attributes}

    def ask() -> tuple[FieldCoverage, ...]:
        points = collection.info().points
        fills, ends = collection.fills([a.key for a in told]), spans.of(collection, list(counted.values()))
        return tuple(_field(a, fills[a.key], points, ends.get(counted.get(a.key, ""))) for a in told)

    fields, generation = steadily(collection.info, ask)
    return Coverage(fields, generation, "")


class CoverageMemory:
    """The coverage that was counted last, for whoever asks while the same people are live. Safe for many threads."""

    def __init__(self) -> None:
        """Nothing is counted yet."""
        self._kept: Coverage | None = None

    def of(self, schema: Schema, collection: Collection, spans: Spans) -> Coverage:
        """What :func:`coverage` answers."""
        kept = self._kept
        if kept is None or kept.generation != collection.info():
            kept = self._kept = coverage(schema, collection, spans)
        return kept


def _field(attribute: Attribute, fill: Fill, points: int, ends: tuple[float, float] | None) -> FieldCoverage:
    low, high = ends or (None, None)
    return FieldCoverage(
        key=attribute.key,
        label=attribute.label,
        unit=attribute.unit,
        known=fill.known,
        share=fill.known / points if points else 0.0,
        distinct=fill.distinct,
        low=low if low is None or attribute.numeric else iso_day(low),
        high=high if high is None or attribute.numeric else iso_day(high),
    )
