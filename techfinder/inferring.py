"""A draft of a schema from somebody's table: each column's kind, values and words guessed, and every guess marked.

The draft is a TOML file for a person to edit. It loads as it is, so that one can index first and improve later.
"""

from __future__ import annotations

import json
import math
import re
import tomllib
import unicodedata
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence, Set
from dataclasses import dataclass, field
from datetime import date
from itertools import count

from pydantic import ValidationError

from techfinder.errors import SourceError
from techfinder.miswritten import ambiguous_number, miswritten
from techfinder.parser.english import usual_orders
from techfinder.schema import Schema

__all__ = ["Column", "draft_schema", "look_at"]

MOST_ROWS = 20_000
"""Rows that are looked at."""

_MISSING = frozenset({"", "na", "n/a", "nan", "null", "unknown", "-", "?"})
_YES_NO = frozenset({"yes", "no", "y", "n", "true", "false", "t", "f", "on", "off"})
_NUMBER_OR_DATE = re.compile(r"[+-]?\d+([.,]\d+)*|\d{4}-\d\d-\d\d")
_WHOLE = re.compile(r"[+-]?\d{1,18}(\.0+)?")
_PLACE = re.compile(r"[^,\d]+, ?[A-Z]{2}")
_SEPARATORS = (",", ";", "|")
_MOST_VALUES = 40
_MOST_TRIES = 5
_LONG = 60
_UNITS = (
    (re.compile(r"\bage\b"), "years"),
    (
        re.compile(r"\b(income|salary|salaries|revenues?|prices?|costs?|spend|spending|usd|amount|arr|mrr|budget)\b"),
        "USD",
    ),
    (re.compile(r"\bmonths?\b"), "months"),
    (re.compile(r"\bdays?\b"), "days"),
    (re.compile(r"\b(percent|pct|share|rate)\b"), "%"),
)
"""By words of a column's name."""


@dataclass
class Column:
    """What is seen of one column."""

    name: str
    rows: int = 0
    cells: list[str] = field(default_factory=list)
    counts: Counter[str] = field(default_factory=Counter)
    missing: set[str] = field(default_factory=set)

    def add(self, cell: object) -> None:
        """Look at one cell."""
        self.rows += 1
        if cell is None or (isinstance(cell, float) and math.isnan(cell)):
            return
        text = ("yes" if cell else "no") if isinstance(cell, bool) else str(cell).strip()
        if text.casefold() in _MISSING:
            self.missing.add(text)
        else:
            self.cells.append(text)
            self.counts[text] += 1

    @property
    def filled(self) -> float:
        """Share of rows with a value."""
        return len(self.cells) / self.rows if self.rows else 0.0


def look_at(names: Sequence[str], rows: Iterable[Mapping[str, object]]) -> list[Column]:
    """The columns of a table, after at most 20,000 rows."""
    columns = [Column(name) for name in names]
    for number, row in enumerate(rows):
        if number >= MOST_ROWS:
            break
        for column in columns:
            column.add(row.get(column.name))
    return columns


def draft_schema(name: str, columns: Sequence[Column]) -> str:
    """The draft as TOML.

    Raises:
        SourceError: The table has no rows, no column that could be an id, or nothing besides.
    """
    if not columns or not columns[0].rows:
        raise SourceError("The table has no rows, so nothing can be guessed of it.")
    key = _id_column(columns)
    fields = [c for c in columns if c is not key and c.cells]
    if not fields:
        raise SourceError("The table has no column besides the ids that has any value.")
    taken: set[str] = set()
    columns_named = {_slug(c.name, "_") for c in columns}
    parts = [part for c in fields for part in _field(c, taken, columns_named)]
    empty = [c.name for c in columns if c is not key and not c.cells]
    head = [
        f"# A draft, guessed from {_rows(columns[0].rows)}. Look at every line that says 'guess', and mend it:",
        "# labels, units, synonyms (words people use), the order of scales, what is sensitive.",
        "# docs/schema.md explains every key; `techfinder schema check FILE` lists what is wrong.",
        "",
        f"name = {_text(_slug(name, '-'))}",
        f"subject = [{_text(_singular(_slug(name, ' ')))}, {_text(_slug(name, ' '))}]  # guess: one, several",
        f"id = {_text(key.name)}  # guess: every row has its own value",
    ]
    if missing := sorted({m for c in columns for m in c.missing if m}):
        head.append(f'missing = ["", {", ".join(map(_text, missing))}]  # guess: cells that mean "not known"')
    if valued := [c.name for c in columns if _NUMBER_OR_DATE.fullmatch(c.name.strip())]:
        head.insert(3, f"# The header looks like a row ({', '.join(map(_text, valued))}): is its first line missing?")
    if empty:
        head.append(f"ignore_columns = [{', '.join(map(_text, empty))}]  # no values in them")
    return "\n".join([*head, "", *parts]) + "\n"


def _id_column(columns: Sequence[Column]) -> Column:
    unique = [c for c in columns if c.filled == 1.0 and len(c.counts) == c.rows]
    named = [c for c in unique if re.search(r"(^|_)(id|uuid|key|code|email)$|^id", c.name.casefold())]
    if not unique:
        raise SourceError("No column has a value of its own in every row. Add a column of ids to the table.")
    return (named or unique)[0]


def _field(column: Column, taken: set[str], columns: Set[str]) -> Iterator[str]:
    words = re.sub(r"[_\W]+", " ", re.sub(r"([a-z])([A-Z])", r"\1 \2", column.name)).strip().lower()
    label = words[:1].upper() + words[1:]
    facts = list(_kind(column, words))
    slug = _free_name(_slug(column.name, "_") or "field", facts, taken, columns)
    filled = "" if column.filled == 1.0 else f"; {1 - column.filled:.0%} of the rows have none"
    yield "[[field]]"
    yield f"name = {_text(slug)}"
    kind, why = facts[0]
    yield f"kind = {_text(kind)}  # guess: {why}{filled}"
    yield f"label = {_text(label)}"
    for line, why in facts[1:]:
        yield f"{line}  # guess: {why}" if why else line
    if slug != column.name:
        yield f"columns = {{ value = {_text(column.name)} }}"
    yield ""


def _free_name(slug: str, facts: Sequence[tuple[str, str]], taken: set[str], columns: Set[str]) -> str:
    """A name that the schema does not keep for itself, whose attributes are neither `taken` nor called as `columns`."""
    lines = [f"kind = {_text(facts[0][0])}", *(line for line, _ in facts[1:])]
    for number in count(1):
        name = slug if number == 1 else f"{slug}_{number}"
        draft = {"name": "draft", "id": "-", "subject": ["row", "rows"]}
        fields = [{"name": name, "label": "Draft", **tomllib.loads("\n".join(lines))}]
        try:
            keys = set(Schema.model_validate({**draft, "field": fields}).attributes)
        except ValidationError:
            keys = {name} if number > _MOST_TRIES else set()
        if keys and not keys & taken and not (keys - {name}) & columns:
            taken |= keys
            return name
    raise AssertionError("count never ends")


def _rows(number: int) -> str:
    return f"{number:,} row{'' if number == 1 else 's'}"


def _singular(words: str) -> str:
    """Of one of them: "our companies" are each "our company"."""
    if words.endswith("ies"):
        return f"{words[:-3]}y"
    return words.removesuffix("s") or "row"


def _kind(column: Column, words: str) -> Iterator[tuple[str, str]]:
    """The kind and why, then further lines and why."""
    values = list(column.counts)
    folded = {v.casefold() for v in values}
    if folded <= _YES_NO or (folded <= {"0", "1"} and len(folded) == 2):
        yield "boolean", "yes and no only"
        yield f'text = "{words}: {{value}}"', ""
    elif all(_WHOLE.fullmatch(v) for v in values):
        yield from _number("integer", [float(v) for v in values], column, words)
    elif (numbers := _numbers(values)) is not None:
        yield from _number("number", numbers, column, words)
    elif all(_is_date(v) for v in values):
        yield "date", f"from {min(values)} to {max(values)}"
        yield f'text = "{words} {{value}}"', ""
    elif sum(column.counts[v] for v in values if _PLACE.fullmatch(v)) >= 0.9 * len(column.cells):
        yield "place", "city and state"
        yield 'text = "from {value}"', ""
    elif (ordered := _scale(values)) is not None:
        yield "scale", "the values stand in an order"
        yield f"values = [{', '.join(map(_text, ordered))}]", "from low to high"
        yield f'text = "{{value}} {words}"', ""
    elif not (looks := miswritten(column.counts)) and (separator := _separator(column)) is not None:
        pieces = Counter(p.strip() for cell in column.cells for p in cell.split(separator) if p.strip())
        yield "tags", f"several values in a cell, {len(pieces)} in all"
        yield f"separator = {_text(separator)}", ""
        yield "open = true", ""
        yield from _values(pieces)
        yield f'text = "{words}: {{value}}"', ""
    elif _is_prose(column):
        yield "text", looks or "long texts, or nearly every row its own"
        yield "facet = false", ""
        yield 'text = "{value}"', ""
    else:
        several = f"{len(values)} different values" if len(values) > 1 else "one value"
        yield "category", f"{several}{f'; {looks}' if looks else ''}"
        yield "open = true", ""
        yield from _values(column.counts)
        yield f'text = "{words}: {{value}}"', ""


def _number(kind: str, numbers: Sequence[float], column: Column, words: str) -> Iterator[tuple[str, str]]:
    low, high = min(numbers), max(numbers)
    yield kind, f"from {low:g} to {high:g}{ambiguous_number(list(column.counts))}"
    unit = next((u for pattern, u in _UNITS if pattern.search(words)), "")
    if unit:
        yield f"unit = {_text(unit)}", "by the name of the column"
    if low >= 0:
        yield "min = 0", "nothing is below it"
        yield f"buckets = {_buckets([float(c) for c in column.cells])}", "bars of the histogram"
    yield f'text = "{words} {{value}}"', ""


def _buckets(numbers: Sequence[float]) -> list[int]:
    """Lower bounds of up to seven bars that hold about as many rows each, at round numbers."""
    ordered = sorted(numbers)
    cuts = {0}
    for n in range(1, 7):
        value = ordered[n * len(ordered) // 7]
        step = 10 ** max(0, math.floor(math.log10(value)) - 1) if value >= 1 else 1
        cuts.add(int(value // step * step))
    return sorted(cuts)


def _numbers(values: Sequence[str]) -> list[float] | None:
    try:
        found = [float(v) for v in values]
    except ValueError:
        return None
    return found if all(map(math.isfinite, found)) else None


def _is_date(text: str) -> bool:
    try:
        date.fromisoformat(text)
    except ValueError:
        return False
    return len(text) == 10


def _scale(values: Sequence[str]) -> list[str] | None:
    """The values in order, when they are all of one order that words are often in."""
    by_name = {v.casefold(): v for v in values}
    if len(values) < 2 or len(by_name) < len(values):
        return None
    for order in usual_orders():
        if by_name.keys() <= set(order):
            return [by_name[o] for o in order if o in by_name]
    return None


def _separator(column: Column) -> str | None:
    for sign in _SEPARATORS:
        several = sum(sign in cell for cell in column.cells)
        pieces = {p.strip() for cell in column.cells for p in cell.split(sign)}
        short = all(len(p) <= _LONG for p in pieces)
        if several >= 0.2 * len(column.cells) and short and len(pieces) < 0.5 * len(column.counts) + 10:
            return sign
    return None


def _is_prose(column: Column) -> bool:
    length = sum(map(len, column.cells)) / len(column.cells)
    return length > _LONG or (len(column.counts) > 0.5 * len(column.cells) and len(column.counts) > _MOST_VALUES)


def _values(counts: Counter[str]) -> Iterator[tuple[str, str]]:
    names = sorted(counts, key=lambda v: (-counts[v], v))
    distinct = {n.casefold(): n for n in names}
    if len(distinct) <= _MOST_VALUES:
        yield f"values = [{', '.join(_text(n) for n in distinct.values())}]", ""


def _slug(name: str, sign: str) -> str:
    plain = unicodedata.normalize("NFKD", re.sub(r"([a-z])([A-Z])", r"\1 \2", name).casefold())
    plain = "".join(c for c in plain if not unicodedata.combining(c))
    slug = re.sub(r"[^a-z0-9]+", sign, plain).strip(sign)[:40].strip(sign)
    return slug if slug[:1].isalpha() else f"f{sign}{slug}".strip(sign)


def _text(text: str) -> str:
    """A TOML string; JSON's are such, but for the one control character that TOML wants escaped too."""
    return json.dumps(text, ensure_ascii=False).replace("\x7f", "\\u007f")
