"""Counts for the filter panel, each field counted without its own filter."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from datetime import date
from decimal import Decimal

from techfinder.errors import TechfinderError
from techfinder.filters import as_input
from techfinder.interfaces import Collection, FacetRequest, Filter, FilterEntry
from techfinder.models import Facet, FacetValue
from techfinder.plan import AnyOf, Condition, QueryPlan
from techfinder.schema import Attribute, Schema

__all__ = ["facets"]

_Counts = Mapping[str, int | float]
_Clauses = Sequence[Condition | AnyOf]

_EPOCH = date(1970, 1, 1).toordinal()


def facets(
    plan: QueryPlan,
    chosen: Mapping[str, Sequence[str]],
    shown: Sequence[FilterEntry],
    schema: Schema,
    collection: Collection,
) -> tuple[Facet, ...]:
    """One facet for each filter of `shown`, in their order.

    Known values and those asked for are listed even when nobody has them. Ranges carry the
    smallest and largest value of the whole base, so that the inputs do not shrink while they
    are used. What is selected follows from the plan's clauses, however they were written.

    Raises:
        QueryError: A filter does not understand its input in `chosen`.
    """
    counts = collection.facets([_request(e, plan, schema) for e in shown])
    return tuple(_facet(e, counts.get(e.name, {}), plan, chosen.get(e.name, ()), schema) for e in shown)


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


def _facet(entry: FilterEntry, counts: _Counts, plan: QueryPlan, chosen: Sequence[str], schema: Schema) -> Facet:
    asked = schema.resolve(c for c in plan.required if c.origin == entry.name)
    inputs = [text for text in chosen if text.strip()]
    if entry.control == "range":
        return _range_facet(entry, counts, asked, inputs, schema)
    if entry.field:
        return _value_facet(entry, counts, asked, inputs, schema)
    return _option_facet(entry, counts, inputs)


# --- ranges ----------------------------------------------------------------------------------


def _range_facet(entry: FilterEntry, counts: _Counts, asked: _Clauses, inputs: Sequence[str], schema: Schema) -> Facet:
    attribute = schema.attribute(_numeric_key(entry.field, schema))
    dated = _is_date(attribute)
    low, high = counts.get("min"), counts.get("max")
    stretch = _stretch(asked, attribute)
    return Facet(
        entry.name,
        entry.label,
        entry.group,
        "date" if dated else "range",
        unit=attribute.unit,
        low=_iso_day(low) if dated and low is not None else low,
        high=_iso_day(high) if dated and high is not None else high,
        chosen=stretch,
        held=tuple(inputs) if stretch else (),
    )


def _is_date(attribute: Attribute) -> bool:
    return attribute.field.kind == "date" or attribute.part == "day"


def _stretch(asked: _Clauses, attribute: Attribute) -> str:
    """What is asked for as ``30..40``; empty when it is not one stretch that includes its ends."""
    if len(asked) != 1 or not isinstance(asked[0], Condition):
        return ""
    condition = asked[0]
    if condition.field != attribute.key or condition.op != "range" or (condition.gt, condition.lt) != (None, None):
        return ""
    write = _iso_day if _is_date(attribute) else _number
    return "..".join("" if end is None else write(end) for end in (condition.gte, condition.lte))


def _iso_day(days: float) -> str:
    return date.fromordinal(int(days) + _EPOCH).isoformat()


def _number(value: float) -> str:
    """Without an exponent, which number filters do not read."""
    return f"{value:.0f}" if value.is_integer() else f"{Decimal(repr(value)):f}"


# --- values of a field -----------------------------------------------------------------------


def _value_facet(entry: FilterEntry, counts: _Counts, asked: _Clauses, inputs: Sequence[str], schema: Schema) -> Facet:
    attribute = schema.attribute(entry.field)
    picked = [v for clause in asked for c in _alternatives(clause) if _picks(c, entry.field) for v in c.values]
    values = (
        FacetValue(as_input(v, attribute.known_values), v, int(counts.get(v, 0)), v in picked)
        for v in _listed(attribute, counts, picked)
    )
    held = tuple(text for text in inputs if _only_picks(schema.resolve(entry.load().clauses([text])), entry.field))
    return Facet(entry.name, entry.label, entry.group, "choice", tuple(values), attribute.unit, held=held)


def _alternatives(clause: Condition | AnyOf) -> tuple[Condition, ...]:
    """The conditions any one of which is enough; none for a group that asks for something else."""
    if isinstance(clause, Condition):
        return (clause,)
    return () if clause.negated or clause.at_least > 1 else clause.conditions


def _picks(condition: Condition, key: str) -> bool:
    return condition.field == key and condition.op in ("any_of", "all_of")


def _only_picks(clauses: _Clauses, key: str) -> bool:
    """Whether ticking values says all that the clauses say."""
    groups = [_alternatives(clause) for clause in clauses]
    return all(groups) and all(_picks(c, key) for group in groups for c in group)


def _listed(attribute: Attribute, counts: _Counts, picked: Iterable[str]) -> list[str]:
    """Scales in their order, other values by count, then name; at the end what is asked for in vain."""
    known = attribute.known_values
    if attribute.ordered or attribute.part == "uses":
        return list(dict.fromkeys([*known, *picked]))
    names = sorted({*known, *counts}, key=lambda v: (-counts.get(v, 0), v.casefold()))
    return list(dict.fromkeys([*names, *picked]))


# --- options of a filter ---------------------------------------------------------------------


def _option_facet(entry: FilterEntry, counts: _Counts, inputs: Sequence[str]) -> Facet:
    made = entry.load()
    asked = {text: made.clauses([text]) for text in inputs}
    offered = {o.value: _option_clauses(made, o.value) for o in made.options()} if asked else {}
    values = (
        FacetValue(o.value, o.label, int(counts.get(o.value, 0)), offered.get(o.value) in asked.values())
        for o in made.options()
    )
    held = tuple(text for text, clauses in asked.items() if clauses in offered.values())
    return Facet(entry.name, entry.label, entry.group, "choice", tuple(values), held=held)


def _option_clauses(made: Filter, value: str) -> _Clauses | None:
    """What picking an option asks for; None where a plugin's filter refuses its own option."""
    try:
        return made.clauses([value])
    except TechfinderError:
        return None
