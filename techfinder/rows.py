"""Rows to profiles: every cell checked against the schema.

A row is taken whole or not at all; everything wrong with it is reported at once.
"""

from __future__ import annotations

import math
import re
from collections.abc import Callable, Mapping, Sequence
from datetime import date, datetime
from functools import lru_cache
from typing import TYPE_CHECKING

from techfinder.errors import SourceError, cut, known_names
from techfinder.mentions import mentioned_words
from techfinder.models import Profile, Row, RowProblem, Value

if TYPE_CHECKING:
    from techfinder.schema import Schema, SchemaField

__all__ = ["RowReader", "join_tags"]

_Cells = Mapping[str, object]
_Parser = Callable[[_Cells, dict[str, Value]], None]

_EPOCH = date(1970, 1, 1).toordinal()
_INTEGER = re.compile(r"[+-]?\d{1,18}(\.0+)?")
_YES = frozenset({"yes", "y", "true", "t", "1", "on"})
_NO = frozenset({"no", "n", "false", "f", "0", "off"})
_MAX_ID = 200


class _Refused(Exception):
    """A cell that does not fit: column, value, and what was expected."""

    def __init__(self, column: str, value: object, expected: str) -> None:
        super().__init__(column)
        self.column, self.value, self.expected = column, value, expected


class RowReader:
    """Turns the rows of one input into profiles.

    Attributes:
        unknown_columns: Columns that no field reads and the schema does not ignore.
    """

    def __init__(self, schema: Schema, columns: Sequence[str]) -> None:
        """Prepare for an input with these columns.

        Raises:
            SourceError: There is no id column, or no column that any field reads.
        """
        if schema.id not in columns:
            raise SourceError(
                f"No column {schema.id!r}, which the schema {schema.name!r} takes the id from. "
                f"{known_names(schema.id, columns)} Rename the column, or set `id` in the schema."
            )
        known = [f for f in schema.fields if any(f.column(p) in columns for p in f.parts)]
        if not known:
            raise SourceError(
                f"No column is one of the schema {schema.name!r}. Expected some of: "
                f"{', '.join(list(schema.columns)[:12])}, …"
            )
        self._id_column = schema.id
        self._missing = schema.missing_cells
        self._parsers = [_parser(f, self._missing) for f in known]
        expected = set(schema.columns) | set(schema.ignore_columns) | {schema.id}
        self.unknown_columns = tuple(c for c in columns if c not in expected)

    def read(self, row: Row) -> Profile | list[RowProblem]:
        """The row's profile, or everything that is wrong with it (at least one problem)."""
        values: dict[str, Value] = {}
        problems: list[RowProblem] = []
        try:
            profile_id = self._read_id(row.values)
        except _Refused as refused:
            problems.append(_problem(row, refused))
        for parse in self._parsers:
            try:
                parse(row.values, values)
            except _Refused as refused:
                problems.append(_problem(row, refused))
        return problems or Profile(profile_id, values)

    def _read_id(self, cells: _Cells) -> str:
        text = _text(cells.get(self._id_column), self._missing)
        if text is None:
            raise _Refused(self._id_column, cells.get(self._id_column), "an id")
        if len(text) > _MAX_ID or not text.isprintable():
            raise _Refused(self._id_column, text, f"an id of at most {_MAX_ID} printable characters")
        return text


def _problem(row: Row, refused: _Refused) -> RowProblem:
    return RowProblem(row.number, refused.column, cut(refused.value), refused.expected)


def _text(cell: object, missing: frozenset[str]) -> str | None:
    if cell is None or (isinstance(cell, float) and math.isnan(cell)):
        return None
    if isinstance(cell, bool):
        return "yes" if cell else "no"
    text = cell.strip() if isinstance(cell, str) else str(cell)
    return None if text.casefold() in missing else text


def _parser(field: SchemaField, missing: frozenset[str]) -> _Parser:
    """The function that reads one field's cells into attribute values."""
    makers: dict[str, Callable[[SchemaField, frozenset[str]], _Parser]] = {
        "category": _category,
        "scale": _scale,
        "text": _free_text,
        "tags": _tags,
        "boolean": _boolean,
        "integer": _number,
        "number": _number,
        "date": _date,
        "place": _place,
        "adoption": _adoption,
    }
    return makers[field.kind](field, missing)


def _canonical(field: SchemaField, column: str, text: str) -> str:
    """The schema's spelling of a value; an unknown one as it is when the field is open."""
    found = field.canonical.get(text.casefold())
    if found is not None:
        return found
    if field.values and not field.open and field.kind != "adoption":
        names = ", ".join(v.name for v in field.values)
        raise _Refused(column, text, f"one of: {names}")
    return text


def _category(field: SchemaField, missing: frozenset[str]) -> _Parser:
    key, column = field.name, field.column("value")

    def parse(cells: _Cells, values: dict[str, Value]) -> None:
        text = _text(cells.get(column), missing)
        if text is not None:
            values[key] = _canonical(field, column, text)

    return parse


def _scale(field: SchemaField, missing: frozenset[str]) -> _Parser:
    key, read = field.name, _category(field, missing)

    def parse(cells: _Cells, values: dict[str, Value]) -> None:
        read(cells, values)
        level = field.level(str(values[key])) if key in values else None
        if level is not None:
            values[f"{key}_level"] = level

    return parse


def _free_text(field: SchemaField, missing: frozenset[str]) -> _Parser:
    key, column = field.name, field.column("value")

    def parse(cells: _Cells, values: dict[str, Value]) -> None:
        text = _text(cells.get(column), missing)
        if text is not None:
            values[key] = text
            if words := mentioned_words(text):
                values[f"{key}_words"] = words

    return parse


def join_tags(tags: Sequence[str], separator: str) -> str:
    """Tags as one cell: a separator within a tag gets a backslash, backslashes before one or at the end double."""
    ends = _tag_ends(separator)
    return separator.join(ends.sub(lambda m: m[1] * 2 + (f"\\{m[2]}" if m[2] else ""), tag) for tag in tags)


def split_tags(cell: str, separator: str) -> list[str]:
    """The tags of a cell; a backslash counts only right before a separator, or at the end."""
    if "\\" not in cell:
        return cell.split(separator)
    tags, here = [""], 0
    for end in _tag_ends(separator).finditer(cell):
        odd = len(end[1]) % 2
        tags[-1] += cell[here : end.start()] + "\\" * (len(end[1]) // 2)
        here = end.end()
        if end[2] and not odd:
            tags.append("")
        elif odd:
            tags[-1] += end[2] or "\\"
    return tags


@lru_cache
def _tag_ends(separator: str) -> re.Pattern[str]:
    """Where a tag may end, with the backslashes before it."""
    return re.compile(rf"(?<!\\)(\\*+)({re.escape(separator)}|\Z)")


def _tags(field: SchemaField, missing: frozenset[str]) -> _Parser:
    key, column = field.name, field.column("value")

    def parse(cells: _Cells, values: dict[str, Value]) -> None:
        cell = cells.get(column)
        if isinstance(cell, (list, tuple)):
            parts = [_text(c, missing) for c in cell]
        else:
            text = _text(cell, missing)
            parts = [_text(p, missing) for p in split_tags(text, field.separator)] if text else []
        tags = tuple(dict.fromkeys(_canonical(field, column, p) for p in parts if p))
        if tags:
            values[key] = tags
            values[f"{key}_count"] = len(tags)

    return parse


def _boolean(field: SchemaField, missing: frozenset[str]) -> _Parser:
    key, column = field.name, field.column("value")

    def parse(cells: _Cells, values: dict[str, Value]) -> None:
        text = _text(cells.get(column), missing)
        if text is not None:
            values[key] = _yes_no(column, text)

    return parse


def _yes_no(column: str, text: str) -> str:
    word = text.casefold()
    if word in _YES:
        return "yes"
    if word in _NO:
        return "no"
    raise _Refused(column, text, "yes or no")


def _number(field: SchemaField, missing: frozenset[str]) -> _Parser:
    key, column = field.name, field.column("value")
    whole = field.kind == "integer"
    expected = f"a {'whole ' if whole else ''}number{_between(field)}"
    buckets = field.buckets

    def parse(cells: _Cells, values: dict[str, Value]) -> None:
        text = _text(cells.get(column), missing)
        if text is None:
            return
        number = _to_number(text, whole)
        if number is None or not _within(number, field):
            raise _Refused(column, text, expected)
        values[key] = number
        if buckets:
            values[f"{key}_bucket"] = max(b for b in buckets if b <= number)

    return parse


def _between(field: SchemaField) -> str:
    if field.min is not None and field.max is not None:
        return f" from {field.min:g} to {field.max:.15g}"
    if field.min is not None:
        return f" of at least {field.min:g}"
    return f" of at most {field.max:g}" if field.max is not None else ""


def _within(number: float, field: SchemaField) -> bool:
    return (field.min is None or number >= field.min) and (field.max is None or number <= field.max)


def _to_number(text: str, whole: bool) -> int | float | None:
    if whole:
        return int(text.partition(".")[0]) if _INTEGER.fullmatch(text) else None
    try:
        number = float(text)
    except ValueError:
        return None
    # Fifteen digits are what every store gives back bit by bit.
    return float(f"{number:.15g}") if math.isfinite(number) else None


def _date(field: SchemaField, missing: frozenset[str]) -> _Parser:
    key, column = field.name, field.column("value")

    def parse(cells: _Cells, values: dict[str, Value]) -> None:
        _read_date(cells, column, key, f"{key}_day", missing, values)

    return parse


def _read_date(
    cells: _Cells, column: str, key: str, day_key: str, missing: frozenset[str], values: dict[str, Value]
) -> None:
    text = _text(cells.get(column), missing)
    if text is None:
        return
    try:
        day = datetime.fromisoformat(text).date()
    except ValueError:
        raise _Refused(column, text, "a date as 2026-01-31") from None
    values[key] = day.isoformat()
    values[day_key] = day.toordinal() - _EPOCH


def _place(field: SchemaField, missing: frozenset[str]) -> _Parser:
    key = field.name
    columns = {part: field.column(part) for part in field.parts}

    def parse(cells: _Cells, values: dict[str, Value]) -> None:
        whole = _text(cells.get(columns["value"]), missing)
        city = _text(cells.get(columns["city"]), missing)
        state = _text(cells.get(columns["state"]), missing)
        if whole is not None and city is None and state is None:
            head, comma, tail = whole.rpartition(",")
            city, state = (head.strip(), tail.strip()) if comma else (whole, None)
        whole = whole or ", ".join(p for p in (city, state) if p)
        found = {key: whole, f"{key}_city": city, f"{key}_state": state}
        values.update({k: v for k, v in found.items() if v})

    return parse


def _adoption(field: SchemaField, missing: frozenset[str]) -> _Parser:
    """Uses or not, product, months and date; a refusal names the two cells that disagree."""
    columns = {part: field.column(part) for part in field.parts}
    no_months = frozenset(field.not_adopted.get("months", ()))
    no_product = frozenset(p.casefold() for p in field.not_adopted.get("product", ()))

    def parse(cells: _Cells, values: dict[str, Value]) -> None:
        uses = _text(cells.get(columns["uses"]), missing)
        months = _text(cells.get(columns["months"]), missing)
        product = _text(cells.get(columns["product"]), missing)
        adopted_on = _text(cells.get(columns["adopted_on"]), missing)
        signs = set() if uses is None else {_yes_no(columns["uses"], uses)}
        if adopted_on is not None:
            signs.add("yes")
        if months is not None:
            number = _to_number(months, whole=True)
            signs.add("no" if months in no_months or (number is not None and str(number) in no_months) else "yes")
            months = None if months in no_months or (number is not None and str(number) in no_months) else months
        if product is not None:
            signs.add("no" if product.casefold() in no_product else "yes")
            product = None if product.casefold() in no_product else product
        _keep_adoption(field, columns, cells, signs, months, product, values)
        if signs == {"yes"}:
            day_key = f"{field.name}_adopted_on"
            _read_date(cells, columns["adopted_on"], day_key, f"{day_key}_day", missing, values)

    return parse


def _keep_adoption(
    field: SchemaField,
    columns: Mapping[str, str],
    cells: _Cells,
    signs: set[str],
    months: str | None,
    product: str | None,
    values: dict[str, Value],
) -> None:
    if len(signs) > 1:
        seen = {c: cells.get(c) for c in columns.values() if cells.get(c) not in (None, "")}
        raise _Refused(columns["product"], seen, f"cells that agree on whether {field.label} are used")
    for uses in signs:
        values[f"{field.name}_uses"] = uses
    if product is not None:
        values[f"{field.name}_product"] = _canonical(field, columns["product"], product)
    if months is not None:
        number = _to_number(months, whole=True)
        if number is None or number < 0 or number > 1200:
            raise _Refused(columns["months"], months, "a whole number of months from 0 to 1200")
        values[f"{field.name}_months"] = number
