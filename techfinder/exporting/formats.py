"""What people are written as, batch by batch."""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

from techfinder.cells import safe
from techfinder.errors import QueryError, cut
from techfinder.exporting.table import Table
from techfinder.models import Profile

__all__ = ["FORMATS", "Format", "format_of"]

Profiles = Sequence[Profile]


@dataclass(frozen=True, slots=True)
class Format:
    """A kind of file.

    Attributes:
        name: As it is asked for.
        ending: Of the file's name.
        mimetype: As it is sent.
        head: What the file begins with.
        body: What it says of some people.
        rule: What a reader must know, for the manifest.
    """

    name: str
    ending: str
    mimetype: str
    head: Callable[[Table], bytes]
    body: Callable[[Table, Profiles], bytes]
    rule: str


def _rows(rows: Sequence[Sequence[object]]) -> bytes:
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    writer.writerows([safe(c) if isinstance(c, str) else c for c in row] for row in rows)
    return text.getvalue().encode()


def _csv_head(table: Table) -> bytes:
    return _rows([table.columns])


def _csv_body(table: Table, people: Profiles) -> bytes:
    return _rows([table.cells(p) for p in people])


def _jsonl_body(table: Table, people: Profiles) -> bytes:
    columns = table.columns
    lines = (
        json.dumps({c: v for c, v in zip(columns, table.values(p), strict=True) if v is not None}, ensure_ascii=False)
        for p in people
    )
    return "".join(f"{line}\n" for line in lines).encode()


def _ids_body(table: Table, people: Profiles) -> bytes:
    return "".join(f"{p.id}\n" for p in people).encode()


def _no_head(table: Table) -> bytes:
    return b""


_ALL = (
    Format(
        "csv",
        "csv",
        "text/csv",
        _csv_head,
        _csv_body,
        "UTF-8, commas, one header line. An apostrophe stands before a sign that would begin a formula (= + - @ and "
        "their full-width forms, tab, line ends) at the beginning of a text cell or after , ; | tab or a line end in "
        "it, with quotes, apostrophes and blanks between; techfinder takes it away again when it reads the file.",
    ),
    Format(
        "jsonl",
        "jsonl",
        "application/jsonl",
        _no_head,
        _jsonl_body,
        "UTF-8, one JSON object per line; what is missing has no key, several values are a list.",
    ),
    Format("ids", "txt", "text/plain", _no_head, _ids_body, "UTF-8, one id per line."),
)

FORMATS: Mapping[str, Format] = {f.name: f for f in _ALL}
"""Every format by name."""


def format_of(name: str) -> Format:
    """The format of that name. Raises QueryError."""
    if name not in FORMATS:
        raise QueryError(f"Nothing is exported as {cut(name)}. Known: {', '.join(FORMATS)}.")
    return FORMATS[name]
