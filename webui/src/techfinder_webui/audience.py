"""The audience at a glance: the people whom an address finds, against everybody."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from techfinder import (
    AnyOf,
    Attribute,
    Audience,
    AudienceField,
    AudienceValue,
    Condition,
    FilterEntry,
    Profile,
    QueryPlan,
    Schema,
)
from techfinder_webui.answering import planned
from techfinder_webui.banners import notice_banners
from techfinder_webui.cards import profile_url
from techfinder_webui.exporting import export_links
from techfinder_webui.glance_addresses import FIRST_ORDER, GlanceAddress
from techfinder_webui.glance_parts import AudiencePage, Column, Notable, PersonRow, SpreadGroup, SpreadRow
from techfinder_webui.panel import chips
from techfinder_webui.spreads import curve_of, lift_row, map_of, spread_of

if TYPE_CHECKING:
    from techfinder.finder import Finder

__all__ = ["audience_page"]

_METHOD = "Wilson score interval, 95 %"
_NOTABLE = 6
_STRONGEST = 2
_NUMBERS = 40
_PEOPLE = 12
_COLUMNS = 7
_NONE = "\N{EN DASH}"

_Pair = tuple[AudienceField, AudienceValue]


def audience_page(finder: Finder, address: GlanceAddress, path: str, search_path: str) -> AudiencePage:
    """The page at `path`. Raises what the finder raises."""
    asked, schema = address.asked, finder.schema
    edited = planned(finder, asked)
    plan = edited.plan
    audience = finder.audience(plan)
    maker = _Maker(finder, address, path, audience, plan)
    return AudiencePage(
        text=asked.text,
        status=_status(schema, audience, plan),
        subject=schema.subject[1],
        against=bool(plan.required),
        back_url=asked.url(search_path),
        asked=tuple(finder.describe(c) for c in plan.required if not c.origin),
        chips=chips(finder.filters, schema, (), asked, path, plan),
        exports=export_links(asked) if audience.total else (),
        banners=notice_banners(plan.notices, asked, path),
        over=maker.notable("over"),
        under=maker.notable("under"),
        curves=tuple(curve_of(f, schema, maker.narrowed) for f in audience.curves) if audience.total else (),
        maps=tuple(map_of(m, maker.fields[m.name], audience.total, schema, maker.narrowed) for m in audience.maps)
        if audience.total
        else (),
        groups=tuple(maker.groups()) if audience.total else (),
        numbers=maker.numbers() if audience.total else (),
        number_columns=maker.number_columns(),
        numbers_left=0 if address.whole else max(len(maker.values) - _NUMBERS, 0),
        numbers_open=address.whole or address.order != FIRST_ORDER,
        numbers_url=replace(address, whole=True).url(path),
        people=_people(finder, plan, search_path),
        people_columns=_people_columns(finder, address, path),
        method=_METHOD,
    )


def _status(schema: Schema, audience: Audience, plan: QueryPlan) -> str:
    one, many = schema.subject
    if not plan.required and not plan.like:
        return f"All {audience.points:,} {many}"
    return f"{audience.total:,} of {audience.points:,} {one if audience.points == 1 else many}"


def _asked_fields(finder: Finder, plan: QueryPlan) -> frozenset[str]:
    """Names of the filters that tell nothing beyond what the plan requires: they are about the same fields."""
    schema = finder.schema
    asked = {schema.attribute(c.field).field.name for clause in plan.required for c in _conditions(clause)}
    return frozenset(e.name for e in finder.filters.values() if e.facet and _fields_of(e, schema) <= asked)


def _fields_of(entry: FilterEntry, schema: Schema) -> set[str]:
    if entry.field:
        return {schema.attribute(entry.field).field.name}
    clauses = (clause for option in entry.load().options() for clause in option.clauses)
    return {schema.attribute(c.field).field.name for clause in clauses for c in _conditions(clause)}


def _conditions(clause: Condition | AnyOf) -> tuple[Condition, ...]:
    return clause.conditions if isinstance(clause, AnyOf) else (clause,)


class _Maker:
    """Makes the parts of one page.

    Attributes:
        fields: By name.
        values: Every value with its field.
    """

    def __init__(self, finder: Finder, address: GlanceAddress, path: str, audience: Audience, plan: QueryPlan) -> None:
        self._schema, self._address, self._path, self._audience = finder.schema, address, path, audience
        self._told, self._against = _asked_fields(finder, plan), bool(plan.required)
        self.fields = {f.name: f for f in audience.fields}
        self.values = [(f, v) for f in audience.fields for v in f.values if v.lift.count or v.lift.base_count]

    def narrowed(self, name: str, value: str) -> str:
        """The page of those among these people who have that value too."""
        filters = dict(self._address.asked.filters)
        filters[name] = tuple(dict.fromkeys((*filters.get(name, ()), value)))
        return replace(self._address, asked=self._address.asked.first_page(filters=filters)).url(self._path)

    def groups(self) -> Iterator[SpreadGroup]:
        """Every field by section; the one with what stands out most is open (the first, where nothing does)."""
        outstanding = sorted(self._outstanding(), key=lambda pair: -_surely(pair[1]))
        sections = dict.fromkeys(f.group for f in self._audience.fields if f.values)
        first = outstanding[0][0].group if outstanding else next(iter(sections), "")
        for number, label in enumerate(sections):
            found = [f for f in self._audience.fields if f.group == label and f.values]
            yield SpreadGroup(
                id=f"section-{number}",
                label=label,
                spreads=tuple(spread_of(f, self._audience.total, self._schema, self.narrowed) for f in found),
                strongest=tuple(self._notable(p) for p in outstanding if p[0].group == label)[:_STRONGEST],
                open=label == first,
            )

    def notable(self, verdict: str) -> tuple[Notable, ...]:
        """What stands out to one side, the surest first."""
        found = [pair for pair in self._outstanding() if pair[1].lift.verdict == verdict]
        found.sort(key=lambda pair: -_surely(pair[1]))
        return tuple(self._notable(pair) for pair in found[:_NOTABLE])

    def _outstanding(self) -> list[_Pair]:
        """What is more or less common than among everybody; what was asked for goes without saying."""
        return [(f, v) for f, v in self.values if v.lift.verdict and f.name not in self._told]

    def _notable(self, pair: _Pair) -> Notable:
        return Notable(pair[0].label, self._row(*pair))

    def numbers(self) -> tuple[Notable, ...]:
        order = self._address.order
        key = _KEYS[order.removeprefix("-")]
        known = [pair for pair in self.values if key(pair) is not None]
        known.sort(key=key, reverse=order.startswith("-"))
        shown = [*known, *(pair for pair in self.values if key(pair) is None)]
        shown = shown if self._address.whole else shown[:_NUMBERS]
        return tuple(Notable(f.label, self._row(f, v)) for f, v in shown)

    def number_columns(self) -> tuple[Column, ...]:
        """What the table of all numbers tells; of everybody there is nothing to compare with."""
        names = _LABELS if self._against else ("field", "value", "count", "share")
        return tuple(self._number_column(name, _LABELS[name]) for name in names)

    def _number_column(self, name: str, label: str) -> Column:
        now = self._address.order
        # Numbers begin with the highest, words with the first of the alphabet.
        first, second = (name, f"-{name}") if name in ("field", "value") else (f"-{name}", name)
        url = replace(self._address, order=second if now == first else first).url(self._path)
        state = {name: "ascending", f"-{name}": "descending"}.get(now, "none")
        return Column(label, url, state, name not in ("field", "value"))

    def _row(self, field: AudienceField, value: AudienceValue) -> SpreadRow:
        return lift_row(value.label, value.lift, url=self.narrowed(field.name, value.input))


def _surely(value: AudienceValue) -> float:
    """How many times as common, or as rare, it is at least: the end of its interval that is nearer to 1."""
    low, high = value.lift.low or 0.0, value.lift.high or 0.0
    return low if low > 1 else 1 / high if high else 1.0


_LABELS = {
    "field": "Field",
    "value": "Value",
    "count": "Here",
    "share": "Share",
    "base": "Everybody",
    "lift": "Lift",
    "low": "Interval",
}
_KEYS: dict[str, Callable[[_Pair], Any]] = {
    "field": lambda pair: pair[0].label.casefold(),
    "value": lambda pair: pair[1].label.casefold(),
    "count": lambda pair: pair[1].lift.count,
    "share": lambda pair: pair[1].lift.share,
    "base": lambda pair: pair[1].lift.base_share,
    "lift": lambda pair: pair[1].lift.lift,
    "low": lambda pair: pair[1].lift.low,
}


# --- people -----------------------------------------------------------------------------------------


def _people(finder: Finder, plan: QueryPlan, search_path: str) -> tuple[PersonRow, ...]:
    """The first people: as ordered, or as stored."""
    named = {*plan.like, *plan.not_like}
    changes = {"limit": _PEOPLE + len(named), "offset": 0, "meaning": "", "like": (), "not_like": ()}
    found = [h.profile for h in finder.search(plan.model_copy(update=changes)).hits if h.profile.id not in named]
    keys = [a.key for a in _shown(finder.schema)]
    return tuple(_person(finder, profile, keys, search_path) for profile in found[:_PEOPLE])


def _person(finder: Finder, profile: Profile, keys: Sequence[str], search_path: str) -> PersonRow:
    facts = {f.key: f.text for f in finder.facts(profile)}
    return PersonRow(profile.id, profile_url(search_path, profile.id), tuple(facts.get(key, _NONE) for key in keys))


def _people_columns(finder: Finder, address: GlanceAddress, path: str) -> tuple[Column, ...]:
    """The id, then what a table of people has; each sorts, but for the id."""
    return (Column("Id", ""), *(_people_column(a, address, path) for a in _shown(finder.schema)))


def _people_column(attribute: Attribute, address: GlanceAddress, path: str) -> Column:
    key, now = attribute.key, ",".join(address.asked.sort)
    order = f"-{key}" if now == key else key
    url = replace(address, asked=replace(address.asked, sort=(order,))).url(path)
    state = {key: "ascending", f"-{key}": "descending"}.get(now, "none")
    return Column(attribute.label, url, state, attribute.numeric)


def _shown(schema: Schema) -> list[Attribute]:
    """What a table of people shows: scales with a curve first, then what has an order or few values."""
    kinds = ("scale", "integer", "number", "category", "boolean", "place", "date")
    fields = [f for f in schema.fields if f.kind in kinds and f.facet]
    fields.sort(key=lambda f: not f.curve)
    return [schema.attribute(f.name) for f in fields[:_COLUMNS]]
