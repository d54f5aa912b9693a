"""JSON Lines: one object per line, where a broken line costs only itself."""

from __future__ import annotations

import json
import math
import re
from collections import Counter
from collections.abc import Callable, Iterator
from itertools import islice
from typing import BinaryIO

from techfinder.errors import SourceError, cut
from techfinder.models import Row, RowProblem
from techfinder_source_table.cells import shown, too_long, unclean
from techfinder_source_table.header import checked_columns
from techfinder_source_table.streams import BrokenStream, LineReader, checked_file, open_stream, row_limit

__all__ = ["JsonLinesSource"]

_NAMES_FROM = 1_000
_LONGEST_KEY = 1_000
_KEY = re.compile(r'[\s,{]*"((?:[^"\\]|\\.){0,1000})"\s*:\s*')
_PLAIN = frozenset({str, int, float, bool, type(None)})
_Cells = Callable[[dict[str, object], bytes], dict[str, object]]
_OBJECT = 'a JSON object, as {"user_id": "1"}'


class _Refused(Exception):
    """A line that is no row: column, value, and what was expected."""

    def __init__(self, column: str, value: str, expected: str) -> None:
        super().__init__(expected)
        self.column, self.value, self.expected = column, value, expected


class _NoNumber:
    """Stands for NaN and Infinity, which JSON does not have."""

    def __init__(self, text: str) -> None:
        self.text = text


class JsonLinesSource:
    """A JSON Lines file in UTF-8. A list of plain values in a cell is a list of tags.

    Keys may be left out. The columns are the keys of the first 1,000 lines; later new keys still
    arrive with their rows.
    """

    def __init__(self, argument: str, max_cell_chars: int) -> None:
        """Check that the file can be read. Raises SourceError."""
        self.path = checked_file(argument)
        self._file = cut(str(self.path))
        self._max_cell = max_cell_chars
        self._decoder = json.JSONDecoder(parse_constant=_NoNumber, object_pairs_hook=_unique)

    def columns(self) -> tuple[str, ...]:
        """The keys of the first lines, those with a bad cell included. Raises SourceError when there are none."""
        names: dict[str, None] = {}
        first: RowProblem | None = None
        with open_stream(self.path) as stream:
            for item in islice(self._read(stream, _keys), _NAMES_FROM):
                if isinstance(item, Row):
                    names.update(dict.fromkeys(item.values))
                elif item.column:
                    names[item.column] = None
                elif first is None and item.value.startswith("'[") and item.expected != _OBJECT:
                    raise self._nameless(item)  # the beginning of an array over several lines
                else:
                    first = first or item
        if not names:
            raise self._nameless(first)
        return checked_columns(self._file, list(names))

    def _nameless(self, first: RowProblem | None) -> SourceError:
        if first is None:
            return SourceError(f"File {self._file} holds only empty lines. Export it again with its rows.")
        return SourceError(
            f"File {self._file} begins without any JSON object: line {first.number} is {first.value}, expected "
            f"{first.expected}. Write one object per line; "
            f"a file that is one JSON array can be converted with `jq -c '.[]'`."
        )

    def count(self) -> int | None:
        """None: a text file does not say."""
        return None

    def rows(self) -> Iterator[Row | RowProblem]:
        """The rows and problems in file order. Raises SourceError when there is no line with anything on it."""
        empty = True
        with open_stream(self.path) as stream:
            for item in self._read(stream, self._cells):
                empty = False
                yield item
        if empty:
            raise SourceError(f"File {self._file} holds only empty lines. Export it again with its rows.")

    def _read(self, stream: BinaryIO, cells: _Cells) -> Iterator[Row | RowProblem]:
        lines = LineReader(stream, row_limit(self._max_cell))
        try:
            for line in lines:
                if not line.isspace():
                    yield self._row(lines, line, cells)
        except (BrokenStream, OSError) as error:
            yield RowProblem(lines.number + 1, "", "", f"the rest of the file, but {error}", fatal=True)

    def _row(self, lines: LineReader, line: bytes, cells: _Cells) -> Row | RowProblem:
        try:
            if len(line) >= lines.limit:
                raise self._too_long(line, lines.limit)
            return Row(lines.number, cells(self._object(line), line))
        except _Refused as refused:
            return RowProblem(lines.number, refused.column, shown(refused.value), refused.expected)

    def _object(self, line: bytes) -> dict[str, object]:
        text = line.decode(errors="surrogateescape").rstrip("\r\n")
        try:
            value = self._decoder.decode(text)
        except RecursionError:
            raise _Refused("", text, "values that are not nested") from None
        except json.JSONDecodeError as error:
            raise _Refused("", text, f"{_OBJECT}, but {error.msg} at character {error.pos + 1}") from None
        except ValueError as error:
            raise _Refused("", text, f"{_OBJECT}, but {error}") from None
        if not isinstance(value, dict):
            raise _Refused("", text, _OBJECT)
        return value

    def _cells(self, value: dict[str, object], line: bytes) -> dict[str, object]:
        # Only these can hide in text: bad bytes and escapes (for half characters and NUL), and length.
        strict = not line.isascii() or b"\\u" in line or len(line) > self._max_cell
        if strict:
            value = {_checked_key(key): cell for key, cell in value.items()}
        if strict or not _is_plain(value):
            return {key: self._cell(key, v, strict) for key, v in value.items()}
        return value

    def _cell(self, key: str, value: object, strict: bool) -> object:
        if isinstance(value, str):
            if strict and (expected := unclean(value, self._max_cell)):
                raise _Refused(key, value, expected)
        elif isinstance(value, list):
            return tuple(self._tag(key, v, strict) for v in value if v is not None)
        elif isinstance(value, dict):
            raise _Refused(key, str(value), "a plain value or a list of plain values, not an object")
        elif isinstance(value, _NoNumber) or (isinstance(value, float) and math.isinf(value)):
            text = value.text if isinstance(value, _NoNumber) else str(value)
            raise _Refused(key, text, "a finite number, or null when it is not known")
        return value

    def _tag(self, key: str, value: object, strict: bool) -> str:
        if isinstance(value, (list, dict)):
            raise _Refused(key, str(value), "a list of plain values, not a nested one")
        cell = self._cell(key, value, strict)
        return cell if isinstance(cell, str) else json.dumps(cell)

    def _too_long(self, line: bytes, limit: int) -> _Refused:
        """Walk to the value that the cut line does not complete; its key is the column."""
        text, place = line.decode(errors="surrogateescape"), 0
        while key := _KEY.match(text, place):
            try:
                value, place = self._decoder.raw_decode(text, key.end())
            except (ValueError, RecursionError):
                return _Refused(key[1], text[key.end() :].removeprefix('"'), too_long(self._max_cell))
            if isinstance(value, str) and len(value) > self._max_cell:
                return _Refused(key[1], value, too_long(self._max_cell))
        return _Refused("", text, f"a line of less than {limit} bytes")


def _keys(value: dict[str, object], line: bytes) -> dict[str, object]:
    """The object without its cells, which may be bad."""
    return dict.fromkeys(map(_checked_key, value))


def _checked_key(key: str) -> str:
    if unclean(key, _LONGEST_KEY):
        raise _Refused("", key, f"a key of at most {_LONGEST_KEY} clean characters")
    return key


def _is_plain(value: dict[str, object]) -> bool:
    """True when every cell can be taken as it is: the common case, answered without a loop in Python."""
    cells = value.values()
    return _PLAIN.issuperset(map(type, cells)) and math.inf not in cells and -math.inf not in cells


def _unique(pairs: list[tuple[str, object]]) -> dict[str, object]:
    found = dict(pairs)
    if len(found) < len(pairs):
        twice = Counter(key for key, _ in pairs).most_common(1)[0][0]
        raise ValueError(f"the key {cut(twice)} occurs twice")
    return found
