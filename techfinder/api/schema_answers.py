"""The schema in the words of the API, with inputs to try for each filter."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from itertools import pairwise

from techfinder.api.faults import allowed_ops
from techfinder.errors import TechfinderError
from techfinder.filters import as_input
from techfinder.interfaces import FilterEntry
from techfinder.schema import Attribute, Schema, SchemaField
from techfinder.wire.schemas import AttributeAnswer, FieldAnswer, FilterAnswer, SchemaAnswer, ValueAnswer

__all__ = ["schema_answer"]

_MOST_OPTIONS = 3


def schema_answer(schema: Schema, filters: Iterable[FilterEntry]) -> SchemaAnswer:
    """What a profile is, and how to ask for it."""
    return SchemaAnswer(
        name=schema.name,
        title=schema.title,
        subject=schema.subject,
        template=schema.template,
        examples=schema.examples,
        fields=tuple(_field(f, schema) for f in schema.fields),
        filters=tuple(_filter(f, schema) for f in filters),
    )


def _field(field: SchemaField, schema: Schema) -> FieldAnswer:
    return FieldAnswer(
        name=field.name,
        kind=field.kind,
        label=field.label,
        unit=field.unit,
        synonyms=field.synonyms,
        sensitive=field.sensitive,
        gauge=field.gauge,
        open=field.open,
        min=field.min,
        max=field.max,
        values=tuple(ValueAnswer(name=v.name, synonyms=v.synonyms) for v in field.values),
        attributes=tuple(_attribute(a) for a in schema.attributes.values() if a.field.name == field.name),
    )


def _attribute(attribute: Attribute) -> AttributeAnswer:
    return AttributeAnswer(
        key=attribute.key,
        label=attribute.label,
        unit=attribute.unit,
        storage=attribute.storage,
        derived=attribute.derived,
        ordered=attribute.ordered,
        ops=allowed_ops(attribute),
        known_values=attribute.known_values,
    )


def _filter(entry: FilterEntry, schema: Schema) -> FilterAnswer:
    options = tuple(o.value for o in entry.load().options())
    attribute = schema.attributes.get(entry.field)
    return FilterAnswer(
        name=entry.name,
        label=entry.label,
        group=entry.group,
        control=entry.control,
        field=entry.field,
        facet=entry.facet,
        summary=entry.summary,
        options=options,
        examples=tuple(_understood(entry, options[:_MOST_OPTIONS] or _inputs(entry, attribute))),
    )


def _understood(entry: FilterEntry, inputs: Iterable[str]) -> Iterator[str]:
    """Those that the filter takes: one that a plugin made may have a syntax of its own."""
    made = entry.load()
    for text in inputs:
        try:
            made.clauses([text])
        except TechfinderError:
            continue
        yield text


def _inputs(entry: FilterEntry, attribute: Attribute | None) -> Iterator[str]:
    if attribute is None:
        return
    if entry.control == "range":
        yield from _stretches(attribute)
    else:
        yield from _choices(attribute)
    yield from ("?", "*")


def _stretches(attribute: Attribute) -> Iterator[str]:
    if not attribute.numeric or attribute.part == "day" or attribute.field.kind == "date":
        yield from ("2024", "2024-03..2024-06", ">=2024-01-31")
        return
    low, high = next(pairwise(attribute.field.buckets[1:]), (10, 20))
    yield from (f"{low}..{high}", f">={high}", f"..{high}", f"!{low}..{high}")


def _choices(attribute: Attribute) -> Iterator[str]:
    known = attribute.known_values
    if not known:
        return
    value = as_input(known[len(known) // 2], known)
    yield from (value, f"!{value}")
    if attribute.ordered:
        yield from (f">={value}", f"<={value}", f"{known[0]}..{value}")
