"""Counts for the filter panel, each field counted without its own filter.

Values and options are counted as they are; of numbers and dates the smallest and largest of everybody are told and,
where asked for, how many people each bar of a histogram holds (:mod:`techfinder.histograms`).
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal

from techfinder.corrections import LiveValues
from techfinder.errors import TechfinderError
from techfinder.filters import as_input
from techfinder.histograms import Spans, bar_clauses, bar_ends, bar_starts, iso_day
from techfinder.interfaces import Collection, FacetRequest, Filter, FilterEntry
from techfinder.matching import counts_without, named_people
from techfinder.models import Facet, FacetBar, FacetValue
from techfinder.plan import AnyOf, Condition, QueryPlan
from techfinder.schema import Attribute, Schema

__all__ = ["FacetMemory", "facets"]

_Counts = Mapping[str, int | float]
_Clauses = Sequence[Condition | AnyOf]

_MOST_ZEROS = 100


def facets(
    plan: QueryPlan,
    chosen: Mapping[str, Sequence[str]],
    shown: Sequence[FilterEntry],
    schema: Schema,
    collection: Collection,
    memory: FacetMemory,
    bars: bool = False,
) -> tuple[Facet, ...]:
    """One facet for each filter of `shown`, in their order.

    Known values and those asked for are listed even when nobody has them, and so is what anybody has at all, unless
    these are more than 100 values. Ranges carry the
    smallest and largest value of the whole base, so that the inputs do not shrink while they
    are used. What is selected follows from the plan's clauses, however they were written. Those whom the plan is to be
    like, or not like, are not counted, as they are not found.

    Args:
        memory: Of what holds for everybody.
        bars: Whether ranges and dates get a histogram.

    Raises:
        QueryError: A filter does not understand its input in `chosen`.
        ProfileNotFound: Some of those whom the plan is to be like do not exist, or not like.
    """
    named = named_people(plan, collection)
    if not shown:
        return ()
    ranges = {e.name: schema.attribute(_numeric_key(e.field, schema)) for e in shown if e.control == "range"}
    known = memory.spans.of(collection, [a.key for a in ranges.values()])
    of_ranges = {name: _Numbers(a, known[a.key], bars) for name, a in ranges.items()}
    requests = [r for e in shown if (r := _request(e, plan, schema, of_ranges.get(e.name))) is not None]
    counts = collection.facets(requests)
    if named:  # they never come back, so they are not to be found by ticking either
        counts |= {r.name: counts_without(named, r, counts.get(r.name, {})) for r in requests}
    return tuple(
        _range_facet(e, numbers, counts.get(e.name, {}), *_asked_of(e, plan, chosen, schema))
        if (numbers := of_ranges.get(e.name)) is not None
        else _facet(
            e,
            _with_zeros(e, counts.get(e.name, {}), schema, collection, memory),
            *_asked_of(e, plan, chosen, schema),
            schema,
        )
        for e in shown
    )


@dataclass(frozen=True, slots=True)
class FacetMemory:
    """What holds for everybody, and is asked once for each generation."""

    spans: Spans
    values: LiveValues


def _with_zeros(
    entry: FilterEntry, counts: _Counts, schema: Schema, collection: Collection, memory: FacetMemory
) -> _Counts:
    """The counts, with zeros for what somebody has, but nobody whom the other filters leave."""
    attribute = schema.attributes.get(entry.field)
    if attribute is None or attribute.ordered or attribute.part == "uses" or attribute.numeric:
        return counts
    values = memory.values.of(collection, attribute.key)
    return {**dict.fromkeys(values, 0), **counts} if len(values) <= _MOST_ZEROS else counts


class _Numbers:
    """The numbers that a range facet is about, and where its bars begin."""

    def __init__(self, attribute: Attribute, span: tuple[float, float] | None, bars: bool) -> None:
        self.attribute, self.span, self.dated = attribute, span, _is_date(attribute)
        self.starts = bar_starts(attribute, span, self.dated) if bars and span else ()

    @property
    def options(self) -> dict[str, tuple[Condition | AnyOf, ...]]:
        return {str(n): (c,) for n, c in enumerate(bar_clauses(self.attribute.key, self.starts))}

    def written(self, number: float) -> float | str:
        return iso_day(number) if self.dated else number


def _asked_of(
    entry: FilterEntry, plan: QueryPlan, chosen: Mapping[str, Sequence[str]], schema: Schema
) -> tuple[_Clauses, Sequence[str]]:
    """What is asked of a filter: clauses, and the inputs as they came."""
    asked = schema.resolve(c for c in plan.required if c.origin == entry.name)
    return asked, [text for text in chosen.get(entry.name, ()) if text.strip()]


def _request(entry: FilterEntry, plan: QueryPlan, schema: Schema, numbers: _Numbers | None) -> FacetRequest | None:
    where = schema.resolve(c for c in plan.required if c.origin != entry.name)
    if numbers is not None:
        return FacetRequest(entry.name, where, options=numbers.options) if numbers.starts else None
    if entry.field:
        return FacetRequest(entry.name, where, field=entry.field)
    options = {o.value: schema.resolve(o.clauses) for o in entry.load().options()}
    return FacetRequest(entry.name, where, options=options)


def _numeric_key(key: str, schema: Schema) -> str:
    """The attribute whose numbers a range counts: for a date its days."""
    return key if schema.attribute(key).numeric else f"{key}_day"


def _facet(entry: FilterEntry, counts: _Counts, asked: _Clauses, inputs: Sequence[str], schema: Schema) -> Facet:
    if entry.field:
        return _value_facet(entry, counts, asked, inputs, schema)
    return _option_facet(entry, counts, inputs)


# --- ranges ----------------------------------------------------------------------------------


def _range_facet(
    entry: FilterEntry, numbers: _Numbers, counts: _Counts, asked: _Clauses, inputs: Sequence[str]
) -> Facet:
    stretch = _stretch(asked, numbers.attribute)
    return Facet(
        entry.name,
        entry.label,
        entry.group,
        "date" if numbers.dated else "range",
        unit=numbers.attribute.unit,
        low=numbers.written(numbers.span[0]) if numbers.span else None,
        high=numbers.written(numbers.span[1]) if numbers.span else None,
        chosen=stretch,
        bars=tuple(_bars(numbers, counts, asked)),
        held=tuple(inputs) if stretch else (),
    )


def _bars(numbers: _Numbers, counts: _Counts, asked: _Clauses) -> Iterator[FacetBar]:
    if not numbers.starts or numbers.span is None:
        return
    ends = bar_ends(numbers.starts, numbers.span[1], numbers.attribute.storage == "integer")
    for n, (low, high) in enumerate(zip(numbers.starts, ends, strict=True)):
        picked = all(_touches(c, numbers.attribute.key, low, high) for c in asked)
        yield FacetBar(numbers.written(low), numbers.written(high), int(counts.get(str(n), 0)), picked)


def _touches(clause: Condition | AnyOf, key: str, low: float, high: float) -> bool:
    """Whether a range leaves in some of the numbers from `low` to `high`; of anything else it is not said."""
    if not isinstance(clause, Condition) or clause.op != "range" or clause.field != key:
        return True
    above = (clause.gte is None or high >= clause.gte) and (clause.gt is None or high > clause.gt)
    return above and (clause.lte is None or low <= clause.lte) and (clause.lt is None or low < clause.lt)


def _is_date(attribute: Attribute) -> bool:
    return attribute.field.kind == "date" or attribute.part == "day"


def _stretch(asked: _Clauses, attribute: Attribute) -> str:
    """What is asked for as ``30..40``; empty when it is not one stretch that includes its ends."""
    if len(asked) != 1 or not isinstance(asked[0], Condition):
        return ""
    condition = asked[0]
    if condition.field != attribute.key or condition.op != "range" or (condition.gt, condition.lt) != (None, None):
        return ""
    write = iso_day if _is_date(attribute) else _number
    return "..".join("" if end is None else write(end) for end in (condition.gte, condition.lte))


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
