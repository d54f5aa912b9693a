"""Counts for the filter panel, each field counted without its own filter."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from techfinder.interfaces import Collection, FacetRequest, FilterEntry
from techfinder.models import Facet, FacetValue
from techfinder.plan import QueryPlan
from techfinder.schema import Schema

__all__ = ["facets"]

_Counts = Mapping[str, int | float]


def facets(
    plan: QueryPlan,
    chosen: Mapping[str, Sequence[str]],
    entries: Mapping[str, FilterEntry],
    schema: Schema,
    collection: Collection,
) -> tuple[Facet, ...]:
    """One facet for each filter of the panel, in panel order.

    Known and chosen values are listed even when nobody has them. Ranges carry the smallest and
    largest value of the whole base, so that the inputs do not shrink while they are used.
    """
    shown = [e for e in entries.values() if e.facet]
    counts = collection.facets([_request(e, plan, schema) for e in shown])
    return tuple(_facet(e, counts.get(e.name, {}), chosen.get(e.name, ()), schema) for e in shown)


def _request(entry: FilterEntry, plan: QueryPlan, schema: Schema) -> FacetRequest:
    if entry.control == "range":
        return FacetRequest(entry.name, (), field=_numeric_key(entry.field, schema))
    where = schema.resolve(c for c in plan.required if c.origin != entry.name)
    if entry.field:
        return FacetRequest(entry.name, where, field=entry.field)
    options = {o.value: schema.resolve(o.clauses) for o in entry.load().options()}
    return FacetRequest(entry.name, where, options=options)


def _numeric_key(key: str, schema: Schema) -> str:
    """The attribute whose numbers a range counts: for a date its days."""
    return key if schema.attribute(key).numeric else f"{key}_day"


def _facet(entry: FilterEntry, counts: _Counts, chosen: Sequence[str], schema: Schema) -> Facet:
    unit = schema.attribute(entry.field).unit if entry.field else ""
    if entry.control == "range":
        low, high = counts.get("min"), counts.get("max")
        return Facet(entry.name, entry.label, entry.group, "range", (), unit, low, high, " ".join(chosen))
    labels = _labels(entry, counts, chosen, schema)
    picked = {c.casefold() for c in chosen}
    values = (FacetValue(v, label, int(counts.get(v, 0)), v.casefold() in picked) for v, label in labels.items())
    return Facet(entry.name, entry.label, entry.group, "choice", tuple(values), unit)


def _labels(entry: FilterEntry, counts: _Counts, chosen: Sequence[str], schema: Schema) -> dict[str, str]:
    """Label by value: options in their order; scales in theirs; other values by count, then name."""
    if not entry.field:
        return {o.value: o.label for o in entry.load().options()}
    attribute = schema.attribute(entry.field)
    known = list(attribute.known_values)
    folded = {v.casefold(): v for v in [*counts, *known]}
    extra = [c for c in chosen if c.casefold() not in folded and c[:1] not in "!<>?*"]
    if attribute.ordered or attribute.part == "uses":
        names = known
    else:
        names = sorted({*known, *counts}, key=lambda v: (-counts.get(v, 0), v.casefold()))
    return {v: v for v in [*names, *extra]}
