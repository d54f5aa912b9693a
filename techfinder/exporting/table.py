"""Profiles as rows of the table that they could have come from: what :mod:`techfinder.rows` reads, the other way round.

Only what a row needs is written: levels, days, counts and buckets follow from it when it is read again.
"""

from __future__ import annotations

from collections.abc import Iterator

from techfinder.models import Profile, Value
from techfinder.rows import join_tags
from techfinder.schema import Schema, SchemaField

__all__ = ["Table"]


class Table:
    """The columns of a schema.

    Attributes:
        columns: Their names: the id, then one for each part of each field, in the schema's order.
    """

    def __init__(self, schema: Schema) -> None:
        """Take the columns of `schema`."""
        self._places = list(_places(schema))
        self.columns = (schema.id, *(column for _, column, _ in self._places))

    def values(self, profile: Profile) -> list[Value | None]:
        """The row of a profile: a value for each column, None where it is missing."""
        return [profile.id, *(profile.values.get(key) for key, _, _ in self._places)]

    def cells(self, profile: Profile) -> list[str | int | float | None]:
        """The same, tags as one text."""
        found = profile.values
        joined = (_cell(found.get(key), separator) for key, _, separator in self._places)
        return [profile.id, *joined]


def _cell(value: Value | None, separator: str) -> str | int | float | None:
    return join_tags(value, separator) if isinstance(value, tuple) else value


def _places(schema: Schema) -> Iterator[tuple[str, str, str]]:
    """Attribute key, column and separator, column by column."""
    for field in schema.fields:
        for part in field.parts:
            yield _key(field, part), field.column(part), field.separator


def _key(field: SchemaField, part: str) -> str:
    return field.name if part == "value" else f"{field.name}_{part}"
