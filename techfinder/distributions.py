"""How people spread over the values of what the panel counts: once over everybody, once over some.

The counts come from the columns of the generation, exactly, like the panel's.
"""

from __future__ import annotations

import threading
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date

from techfinder.filters import as_input
from techfinder.histograms import Spans, bar_clauses, bar_starts
from techfinder.interfaces import Collection, FacetRequest, FilterEntry
from techfinder.matching import counts_without, fulfils
from techfinder.models import GenerationInfo, Profile
from techfinder.plan import AnyOf, Condition
from techfinder.schema import Attribute, Schema
from techfinder.steady import steadily

__all__ = ["BaseCounts", "BaseMemory", "Counted", "Cut", "CutValue", "base_counts", "count", "listed"]

_Clauses = tuple[Condition | AnyOf, ...]
_EPOCH = date(1970, 1, 1).toordinal()
_KNOWN = "known"


@dataclass(frozen=True, slots=True)
class CutValue:
    """One value: its name in the counts, what people read, and the input of the filter that finds those who have it."""

    name: str
    label: str
    input: str


@dataclass(frozen=True, slots=True)
class Cut:
    """One way to part people: by the values of an attribute, by bars of a number, or by a filter's options.

    Attributes:
        name: The filter's name.
        label: For people.
        group: Section of the panel.
        attribute: None for options.
        values: Those known beforehand, in order: of a scale, of "uses", bars, options. Others come from the counts.
        starts: Of a number: where its bars begin.
        options: Clauses by option, resolved; None when values are counted.
    """

    name: str
    label: str
    group: str
    attribute: Attribute | None
    values: tuple[CutValue, ...] = ()
    starts: tuple[float, ...] = ()
    options: Mapping[str, _Clauses] | None = None

    @property
    def sensitive(self) -> bool:
        """Whether it is about a sensitive field."""
        return self.attribute is not None and self.attribute.field.sensitive

    @property
    def ordered(self) -> bool:
        """Whether its values stand in an order of their own."""
        return bool(self.starts) or (self.attribute is not None and self.attribute.ordered)


@dataclass(frozen=True, slots=True)
class Counted:
    """How many people have each value, and of how many it is known."""

    counts: Mapping[str, int]
    known: int


@dataclass(frozen=True, slots=True)
class BaseCounts:
    """Everybody there is: how many, the cuts, and the counts by their names."""

    points: int
    cuts: tuple[Cut, ...]
    counted: Mapping[str, Counted]


class BaseMemory:
    """What was counted over everybody, for one generation. Safe for many threads."""

    def __init__(self) -> None:
        """Nothing is counted yet."""
        self._lock = threading.Lock()
        self._kept: tuple[GenerationInfo, BaseCounts] | None = None

    def of(self, entries: Iterable[FilterEntry], schema: Schema, collection: Collection, spans: Spans) -> BaseCounts:
        """The counts over everybody; counted anew when other people are live."""
        generation = collection.info()
        with self._lock:
            if self._kept is not None and self._kept[0] == generation:
                return self._kept[1]
        made = base_counts(entries, schema, collection, spans)
        if collection.info() == generation:
            with self._lock:
                self._kept = (generation, made)
        return made


def base_counts(entries: Iterable[FilterEntry], schema: Schema, collection: Collection, spans: Spans) -> BaseCounts:
    """Everybody, cut by every filter of the panel."""
    cuts = _cuts([e for e in entries if e.facet], schema, collection, spans)
    points, counted = count(cuts, (), collection)
    return BaseCounts(points, cuts, counted)


def count(
    cuts: Sequence[Cut], where: _Clauses, collection: Collection, without: Sequence[Profile] = ()
) -> tuple[int, dict[str, Counted]]:
    """How many people fulfil `where`, resolved, and the counts by cut over them, of one state of the people.

    Those of `without` are not counted.
    """
    requests = [r for cut in cuts for r in _requests(cut, where)]
    (total, found), _ = steadily(collection.info, lambda: (collection.count(where), collection.facets(requests)))
    if without:
        total -= sum(fulfils(p, where) for p in without)
        found = {r.name: counts_without(without, r, found[r.name]) for r in requests}
    return total, {cut.name: _counted(cut, found, total) for cut in cuts}


def listed(cut: Cut, *counted: Counted) -> tuple[CutValue, ...]:
    """The values of a cut that anybody in `counted` has, and those known beforehand that belong to an order.

    Others than those known beforehand come by the first count, then the next, then by name.
    """
    known = [v for v in cut.values if cut.ordered or any(c.counts.get(v.name) for c in counted)]
    if cut.options is not None or cut.starts or (cut.attribute is not None and cut.attribute.part == "uses"):
        return tuple(known)
    if cut.ordered:
        return tuple(known)
    names = {name for c in counted for name in c.counts}
    ranked = sorted(names, key=lambda n: (*(-c.counts.get(n, 0) for c in counted), n.casefold(), n))
    assert cut.attribute is not None
    return tuple(CutValue(n, n, as_input(n, cut.attribute.known_values)) for n in ranked)


# --- cuts --------------------------------------------------------------------------------------------


def _cuts(entries: Sequence[FilterEntry], schema: Schema, collection: Collection, spans: Spans) -> tuple[Cut, ...]:
    ranged = {e.name: _number(e, schema) for e in entries if e.control == "range"}
    known = spans.of(collection, [a.key for a in ranged.values()])
    made = (
        _range_cut(e, ranged[e.name], known[ranged[e.name].key]) if e.control == "range" else _choice_cut(e, schema)
        for e in entries
    )
    return tuple(cut for cut in made if cut is not None)


def _number(entry: FilterEntry, schema: Schema) -> Attribute:
    attribute = schema.attribute(entry.field)
    return attribute if attribute.numeric else schema.attribute(f"{entry.field}_day")


def _range_cut(entry: FilterEntry, attribute: Attribute, span: tuple[float, float] | None) -> Cut | None:
    if span is None:
        return None
    dated = attribute.field.kind == "date" or attribute.part == "day"
    starts = bar_starts(attribute, span, dated)
    whole = attribute.storage == "integer"
    ends = [start - 1 if whole else start for start in starts[1:]] + [max(span[1], starts[-1])]
    values = tuple(_bar(n, low, high, dated) for n, (low, high) in enumerate(zip(starts, ends, strict=True)))
    return Cut(entry.name, _full_label(entry, attribute), entry.group, attribute, values, starts)


def _bar(number: int, low: float, high: float, dated: bool) -> CutValue:
    first, last = (_day(n) if dated else _plain(n) for n in (low, high))
    spaced = (first, last) if dated else (_grouped(low), _grouped(high))
    label = spaced[0] if low == high else f"{spaced[0]} to {spaced[1]}"
    return CutValue(str(number), label, f"{first}..{last}")


def _choice_cut(entry: FilterEntry, schema: Schema) -> Cut:
    if not entry.field:
        options = entry.load().options()
        values = tuple(CutValue(o.value, o.label, o.value) for o in options)
        clauses = {o.value: schema.resolve(o.clauses) for o in options}
        return Cut(entry.name, entry.label, entry.group, None, values, options=clauses)
    attribute = schema.attribute(entry.field)
    names = attribute.known_values if attribute.ordered or attribute.part == "uses" else ()
    values = tuple(CutValue(n, n, as_input(n, attribute.known_values)) for n in names)
    return Cut(entry.name, _full_label(entry, attribute), entry.group, attribute, values)


def _full_label(entry: FilterEntry, attribute: Attribute) -> str:
    """With the kind of product, which the panel's section says otherwise."""
    return attribute.label if attribute.field.kind == "adoption" else entry.label


def _day(days: float) -> str:
    return date.fromordinal(int(days) + _EPOCH).isoformat()


def _plain(number: float) -> str:
    return f"{number:.0f}" if float(number).is_integer() else f"{number:.15g}"


def _grouped(number: float) -> str:
    return f"{number:,.0f}" if float(number).is_integer() else f"{number:,.15g}"


# --- counting ----------------------------------------------------------------------------------------


def _requests(cut: Cut, where: _Clauses) -> list[FacetRequest]:
    if cut.options is not None:
        return [FacetRequest(cut.name, where, options=cut.options)]
    assert cut.attribute is not None
    if cut.starts:
        bars = {str(n): (c,) for n, c in enumerate(bar_clauses(cut.attribute.key, cut.starts))}
        return [FacetRequest(cut.name, where, options=bars)]
    asked = [FacetRequest(cut.name, where, field=cut.attribute.key)]
    if cut.attribute.storage == "keywords":  # somebody with two tags is known once
        present: _Clauses = (Condition(field=cut.attribute.key, op="present"),)
        asked.append(FacetRequest(_known_name(cut), where, options={_KNOWN: present}))
    return asked


def _known_name(cut: Cut) -> str:
    return f"{cut.name}?"


def _counted(cut: Cut, found: Mapping[str, Mapping[str, int | float]], total: int) -> Counted:
    counts = {name: int(number) for name, number in found.get(cut.name, {}).items()}
    if cut.options is not None:
        return Counted(counts, total)
    if _known_name(cut) in found:
        return Counted(counts, int(found[_known_name(cut)].get(_KNOWN, 0)))
    return Counted(counts, sum(counts.values()))
