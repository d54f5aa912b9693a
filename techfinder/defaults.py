"""The core's own answers to the hooks, made from the schema alone and written like any plugin."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Literal

from techfinder.filters import attribute_filter, is_ranged
from techfinder.hookspecs import hookimpl
from techfinder.interfaces import Filter, FilterEntry, GaugeEntry
from techfinder.lexicons import Lexicon, builtin_lexicons
from techfinder.models import Gauge
from techfinder.plan import QueryPlan

if TYPE_CHECKING:
    from techfinder.finder import Finder
    from techfinder.models import Hit
    from techfinder.schema import Attribute, Schema, SchemaField

FIRST_RANK = 200
"""Of the schema's own filters; a plugin's (rank 100 unless it says otherwise) stand above them."""


@hookimpl(trylast=True)
def register_filters(schema: Schema) -> list[FilterEntry]:
    """One filter for each attribute; those that are too fine to count stay out of the panel."""
    attributes = [a for a in schema.attributes.values() if _asked_for(a)]
    groups: dict[str, list[Attribute]] = {}
    for attribute in attributes:
        groups.setdefault(panel_group(schema, attribute.field), []).append(attribute)
    ordered = [(group, a) for group, members in groups.items() for a in members]
    return [_filter_entry(schema, a, group, FIRST_RANK + i) for i, (group, a) in enumerate(ordered)]


@hookimpl(trylast=True)
def register_gauges(schema: Schema) -> list[GaugeEntry]:
    """One gauge for each field that asks for it and has a lowest and a highest value, and one for loyalty to brands."""
    fields = [f for f in schema.fields if f.gauge and _span(f) is not None]
    made = [_gauge_entry(field, FIRST_RANK + i) for i, field in enumerate(fields)]
    loyalties = [f for f in schema.fields if f.brand and not f.gauge and _span(f) is not None]
    return [*made, _loyalty_entry(loyalties, FIRST_RANK + len(made))] if loyalties else made


@hookimpl(trylast=True)
def register_lexicons(schema: Schema) -> list[Lexicon]:
    """Those that come with techfinder."""
    return list(builtin_lexicons(schema))


@hookimpl(trylast=True)
def parse_query(text: str, finder: Finder, as_typed: Sequence[str]) -> QueryPlan:
    """The sentence, read by the schema, the lexicons and the live values; see :mod:`techfinder.parser`."""
    return finder.understand(text, as_typed)


def panel_group(schema: Schema, field: SchemaField) -> str:
    """The section of the panel for a field: its own, or its label for an adoption, or the subject's name."""
    if field.group:
        return field.group
    return field.label if field.kind == "adoption" else schema.subject[0].capitalize()


def _asked_for(attribute: Attribute) -> bool:
    # Buckets and days only serve histograms and ranges; the number of tags and a text's words are worth asking for.
    return not attribute.derived or attribute.part in ("count", "words")


def _filter_entry(schema: Schema, attribute: Attribute, group: str, rank: int) -> FilterEntry:
    ranged = is_ranged(attribute)
    control: Literal["choice", "range"] = "range" if ranged else "choice"

    def load() -> Filter:
        return attribute_filter(attribute)

    return FilterEntry(
        name=attribute.key,
        label=_panel_label(attribute, group),
        group=group,
        control=control,
        load=load,
        field=_counted_key(schema, attribute),
        facet=attribute.field.facet and _countable(attribute),
        rank=rank,
        summary=_summary(attribute),
    )


def _counted_key(schema: Schema, attribute: Attribute) -> str:
    """The attribute whose values the facet shows: for dates the day, which has a smallest and a largest."""
    day = f"{attribute.key}_day"
    return day if is_ranged(attribute) and day in schema.attributes else attribute.key


def _countable(attribute: Attribute) -> bool:
    """False for what is nearly unique (free text, whole places) and for what is only a detail."""
    whole_place = attribute.field.kind == "place" and attribute.part == "value"
    return attribute.field.kind != "text" and not whole_place and attribute.part not in ("count", "adopted_on")


def _summary(attribute: Attribute) -> str:
    label = attribute.label
    if is_ranged(attribute) and not attribute.numeric:
        return f"{label}, a date: 2026-01..2026-06, >=2025 or ? (not known)."
    if attribute.numeric:
        low, high = attribute.field.buckets[1:3] if len(attribute.field.buckets) > 2 else (3, 6)
        unit = f" ({attribute.unit})" if attribute.unit and attribute.unit not in label else ""
        return f"{label}{unit}: {low}..{high}, >{high}, ..{low} or ? (not known)."
    values = attribute.known_values or ("VALUE",)
    example = values[-2] if attribute.ordered else values[0]
    more = f", >={example} (or higher)" if attribute.ordered else ""
    return f"{label}: {example}, !{example} (not){more} or ? (not known)."


def _panel_label(attribute: Attribute, group: str) -> str:
    """The label, without what the section's heading says already."""
    rest = attribute.label.removeprefix(f"{group}: ")
    return rest if rest == attribute.label else rest[0].upper() + rest[1:]


def _gauge_entry(field: SchemaField, rank: int) -> GaugeEntry:
    def measure(hit: Hit) -> Gauge | None:
        measured = _measured(field, hit.profile.values)
        return Gauge(field.name, field.label, *measured) if measured else None

    return GaugeEntry(field.name, field.label, measure, rank)


def _loyalty_entry(fields: Sequence[SchemaField], rank: int) -> GaugeEntry:
    """The brand that somebody is most loyal to; equally loyal ones in the schema's order."""

    def measure(hit: Hit) -> Gauge | None:
        found = [(measured, f) for f in fields if (measured := _measured(f, hit.profile.values)) is not None]
        if not found:
            return None
        (share, text), strongest = max(found, key=lambda m: m[0][0])
        return Gauge("loyalty", "Loyalty", share, f"{strongest.brand} ({text})")

    return GaugeEntry("loyalty", "Loyalty", measure, rank)


def _measured(field: SchemaField, values: Mapping[str, object]) -> tuple[float, str] | None:
    """The share of the way from the lowest value to the highest, and the value in words."""
    value, span = values.get(field.name), _span(field)
    if span is None or value is None:
        return None
    if field.kind == "scale":
        level = field.level(str(value))
        return None if level is None else (level / span[1], f"{value} ({level + 1} of {len(field.values)})")
    if not isinstance(value, (int, float)):
        return None
    low, high = span
    share = min(max((value - low) / (high - low), 0.0), 1.0)
    return share, " ".join(p for p in (f"{value:,.15g}", field.unit) if p)


def _span(field: SchemaField) -> tuple[float, float] | None:
    """Lowest and highest value; None where a field has no such two that differ."""
    if field.kind == "scale":
        return 0.0, float(len(field.values) - 1)
    if field.kind not in ("integer", "number") or field.min is None or field.max is None:
        return None
    return (field.min, field.max) if field.min < field.max else None
