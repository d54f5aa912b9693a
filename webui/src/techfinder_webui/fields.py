"""The schema as a page: every field, the words for it, how full it is, how old the data is."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from itertools import groupby
from typing import TYPE_CHECKING

from techfinder import AnyOf, Attribute, Coverage, FieldCoverage, FilterEntry, Schema, SchemaField, TechfinderError
from techfinder_webui.adoptions import day_text
from techfinder_webui.banners import problem
from techfinder_webui.cards import fact_group, value_badge
from techfinder_webui.contexts import FieldsPage
from techfinder_webui.overview_parts import FieldGroup, FieldRow, FieldValue, PartRow
from techfinder_webui.parts import Banner, Link
from techfinder_webui.standings import number_text, share_text

if TYPE_CHECKING:
    from techfinder.finder import Finder

__all__ = ["fields_page"]

_KINDS = {
    "category": "one of several values",
    "scale": "levels, from the lowest to the highest",
    "tags": "any number of values",
    "boolean": "yes or no",
    "integer": "a whole number",
    "number": "a number",
    "date": "a day",
    "place": "a place, with city and state",
    "text": "free text",
    "adoption": "a kind of product: whether it is used, which one, and when it was adopted",
}


def fields_page(finder: Finder, path: str) -> tuple[FieldsPage, int]:
    """The page and its HTTP status, on the site whose search page is at `path`."""
    counted, banners, status = _counted(finder)
    schema, live = finder.schema, counted.generation if counted else None
    found = {f.key: f for f in counted.fields} if counted else {}
    page = FieldsPage(
        title=schema.title,
        name=schema.name,
        subject=schema.subject[1],
        banners=banners,
        people=live.points if live else 0,
        built=_moment(live.created_at) if live else "",
        built_iso=live.created_at if live else "",
        generation=_generation(counted),
        source=_file_name(counted.source) if counted else "",
        groups=tuple(_groups(finder, found, live.points if live else 0, path)),
        json_urls=tuple(Link(name, f"{path}api/v1/{name}") for name in ("schema", "coverage")),
    )
    return page, status


def _counted(finder: Finder) -> tuple[Coverage | None, tuple[Banner, ...], int]:
    """What can be counted, and else why not: the fields are told in any case."""
    try:
        return finder.coverage(), (), 200
    except TechfinderError as error:
        banner, status = problem(finder, error)
        return None, (banner,), status


def _generation(counted: Coverage | None) -> str:
    if counted is None:
        return ""
    live = counted.generation
    times = "once" if live.revision == 1 else f"{live.revision:,} times"
    return f"generation {live.number}" + (f", changed {times} since" if live.revision else "")


def _file_name(source: str) -> str:
    """A source without the folders it lies in, which are nobody's business."""
    return re.split(r"[/\\]", source.rstrip("/\\"))[-1]


def _moment(iso: str) -> str:
    moment = datetime.fromisoformat(iso)
    return f"{day_text(moment.date().isoformat())}, {moment:%H:%M} UTC"


# --- fields ---------------------------------------------------------------------------------------


def _groups(finder: Finder, found: Mapping[str, FieldCoverage], people: int, path: str) -> Iterator[FieldGroup]:
    schema = finder.schema
    users = list(_users(finder))
    labels = list(dict.fromkeys(_group_of(finder, f) for f in schema.fields))
    ordered = sorted(schema.fields, key=lambda f: labels.index(_group_of(finder, f)))
    for number, (label, members) in enumerate(groupby(ordered, key=lambda f: _group_of(finder, f))):
        rows = (_row(schema, field, found, people, users, path) for field in members)
        yield FieldGroup(f"group-{number}", label, tuple(rows))


def _group_of(finder: Finder, field: SchemaField) -> str:
    """Kinds of products stand together, the others as in the filter panel."""
    return "Kinds of product" if field.kind == "adoption" else fact_group(finder, field)


def _row(
    schema: Schema,
    field: SchemaField,
    found: Mapping[str, FieldCoverage],
    people: int,
    users: list[_User],
    path: str,
) -> FieldRow:
    parts = [a for a in schema.attributes.values() if a.field.name == field.name and not a.derived]
    keys = {a.key for a in schema.attributes.values() if a.field.name == field.name}
    return FieldRow(
        id=f"field-{field.name}",
        label=field.label,
        kind=_KINDS[field.kind],
        unit=field.unit,
        bounds=_bounds(field),
        sensitive=field.sensitive,
        words=field.synonyms,
        values=tuple(FieldValue(v.name, v.synonyms, value_badge(field, v.name)) for v in field.values),
        more=field.open or field.kind == "adoption",
        parts=tuple(_part(a, found[a.key], people) for a in parts if a.key in found),
        filters=tuple(Link(u.label, f"{path}?{u.name}=*" if u.knows else "") for u in users if u.keys & keys),
    )


def _bounds(field: SchemaField) -> str:
    low, high = (number_text(n) if n is not None else "" for n in (field.min, field.max))
    if low and high:
        return f"{low} to {high}"
    return f"{low} or more" if low else f"up to {high}" if high else ""


def _part(attribute: Attribute, found: FieldCoverage, people: int) -> PartRow:
    part = attribute.label.removeprefix(f"{attribute.field.label}: ")
    ends = [number_text(e) for e in (found.low, found.high) if e is not None]
    return PartRow(
        key=attribute.key,
        label="" if part == attribute.label else part.capitalize(),
        share=share_text(found.known, people),
        width=round(100 * found.share, 2),
        known=found.known,
        distinct=found.distinct,
        span=" to ".join(dict.fromkeys(ends)),
    )


# --- filters --------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class _User:
    """A filter, the attributes that it asks for, and whether it can ask for those whose value is known."""

    name: str
    label: str
    keys: frozenset[str]
    knows: bool


def _users(finder: Finder) -> Iterator[_User]:
    for entry in finder.filters.values():
        yield _User(entry.name, f"{entry.group}: {entry.label}", frozenset(_asked(entry)), bool(entry.field))


def _asked(entry: FilterEntry) -> Iterator[str]:
    """The attributes that a filter is about, or, where it has options, those that these ask for."""
    if entry.field:
        yield entry.field
        return
    for option in entry.load().options():
        for clause in option.clauses:
            yield from (c.field for c in (clause.conditions if isinstance(clause, AnyOf) else (clause,)))
