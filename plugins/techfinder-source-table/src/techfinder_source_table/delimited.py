"""Text tables: CSV and TSV, one row at a time, where a broken row costs only itself."""

from __future__ import annotations

import csv
from collections import deque
from collections.abc import Iterator
from pathlib import Path
from typing import BinaryIO

from techfinder.cells import plain
from techfinder.errors import SourceError, cut
from techfinder.models import Row, RowProblem
from techfinder_source_table.cells import UTF8, shown, too_long, unclean
from techfinder_source_table.header import checked_columns
from techfinder_source_table.streams import BrokenStream, LineReader, checked_file, open_stream, row_limit

__all__ = ["DelimitedSource"]

_QUOTES = 'quotes inside a quoted cell written twice (""), and the separator right after its closing quote'
_RETURN = "cells with a carriage return in them to be quoted"


class _TooLong(Exception):
    """The row being read is longer than any row may be."""


class DelimitedSource:
    """A CSV or TSV file: UTF-8, a header, cells as text exactly as they stand.

    A row is named by the line it begins on. Only the file's position and one row are held.
    """

    def __init__(self, argument: str, delimiter: str, max_cell_chars: int) -> None:
        """Check that the file can be read. Raises SourceError."""
        self.path = checked_file(argument)
        self._delimiter = delimiter
        self._max_cell_chars = max_cell_chars

    def columns(self) -> tuple[str, ...]:
        """The names in the header. Raises SourceError when there is no usable one."""
        with open_stream(self.path) as stream:
            return self._table(stream).names

    def count(self) -> int | None:
        """None: a text file does not say."""
        return None

    def rows(self) -> Iterator[Row | RowProblem]:
        """The rows and problems in file order. Raises SourceError when there is no row at all."""
        with open_stream(self.path) as stream:
            yield from self._table(stream).rows()

    def _table(self, stream: BinaryIO) -> _Table:
        return _Table(self.path, stream, self._delimiter, self._max_cell_chars)


class _Table:
    """One reading of a file: the header at once, then the rows.

    The csv module parses; it is fed line by line, and the lines of the row in work are kept. When a
    row over several lines turns out broken, its later lines are looked at again: a quote that was
    never closed drags good rows in.
    """

    def __init__(self, path: Path, stream: BinaryIO, delimiter: str, max_cell_chars: int) -> None:
        self._file = cut(str(path))
        self._delimiter = delimiter
        self._max_cell = max_cell_chars
        self._lines = LineReader(stream, row_limit(max_cell_chars))
        self._source = iter(self._lines)
        self._again: deque[bytes] = deque()
        self._taken: list[bytes] = []
        self._size = 0  # of a row over several lines, else 0
        self._suspect = False  # bad bytes or NUL somewhere in the row
        self._marked = False  # an apostrophe somewhere in the row
        self._ended = False
        # The module's own limit is far below ours and one for the whole process: it is only ever raised.
        csv.field_size_limit(max(csv.field_size_limit(), self._lines.limit + 1))
        self.names = self._read_header()

    def rows(self) -> Iterator[Row | RowProblem]:
        """Rows and problems in file order. Raises SourceError when there is none of either."""
        names, width, max_cell = self.names, len(self.names), self._max_cell
        reader, empty = self._reader(), True
        while True:
            self._start_row()
            try:
                cells = next(reader)
            except StopIteration:
                break
            except (csv.Error, _TooLong) as error:
                yield self._broken(error)
                reader, empty = self._reader(), False
                continue
            except (BrokenStream, OSError) as error:
                yield RowProblem(self._start, "", "", f"the rest of the file, but {error}", fatal=True)
                return
            if not cells:
                continue
            empty = False
            if self._marked:
                cells = [plain(cell) for cell in cells]
            if len(cells) != width:
                yield self._ragged(cells)
            elif self._suspect or self._size or len(self._taken[0]) > max_cell:
                yield self._inspect(cells) or Row(self._start, dict(zip(names, cells, strict=True)))
            else:
                yield Row(self._start, dict(zip(names, cells, strict=True)))
        if empty:
            raise SourceError(f"File {self._file} has a header and no rows. Export it again with its rows.")

    @property
    def _start(self) -> int:
        """The number of the line that the row in work begins on."""
        return self._lines.number - len(self._again) - len(self._taken) + 1

    def _start_row(self) -> None:
        self._taken.clear()
        self._size = 0
        self._suspect = False
        self._marked = False

    def _reader(self) -> Iterator[list[str]]:
        return csv.reader(self._feed(), delimiter=self._delimiter, strict=True)

    def _feed(self) -> Iterator[str]:
        """Lines for the csv module, kept in `_taken` until the row is complete."""
        again, source, taken, limit = self._again, self._source, self._taken, self._lines.limit
        while (raw := again.popleft() if again else next(source, None)) is not None:
            if taken:
                self._size = (self._size or len(taken[0])) + len(raw)
            taken.append(raw)
            if len(raw) >= limit or self._size >= limit:
                raise _TooLong
            if b"\0" in raw:
                self._suspect = True
            if b"'" in raw:
                self._marked = True
            try:
                line = raw.decode()
            except UnicodeDecodeError:
                line = raw.decode(errors="surrogateescape")
                self._suspect = True
            yield line
        self._ended = True

    def _read_header(self) -> tuple[str, ...]:
        try:
            cells = next((c for c in self._reader() if c), [])
        except (csv.Error, _TooLong, BrokenStream, OSError) as error:
            why = str(error) or "its first line is too long"
            raise SourceError(f"File {self._file} has no readable header: {why}. Is it a text table?") from error
        if self._suspect:
            raise SourceError(f"File {self._file} has a header that is not UTF-8 text. Expected {UTF8}.")
        if not cells:
            raise SourceError(f"File {self._file} has no header: it holds only empty lines. Export it again.")
        self._refuse_other_separator(cells)
        return checked_columns(self._file, [plain(cell) for cell in cells])

    def _refuse_other_separator(self, cells: list[str]) -> None:
        found = [s for s in ",;\t|" if len(cells) == 1 and s != self._delimiter and s in cells[0]]
        if found:
            raise SourceError(
                f"File {self._file} seems to be separated by {found[0]!r}, and {self._delimiter!r} was expected. "
                f"Save it with that separator, or select another kind (csv:PATH, tsv:PATH)."
            )

    def _ragged(self, cells: list[str]) -> RowProblem:
        number, width = self._start, len(self.names)
        expected = f"{width} cells as in the header{self._resync() if len(self._taken) > 1 else ''}"
        return RowProblem(number, "", f"{len(cells)} cells", expected)

    def _inspect(self, cells: list[str]) -> RowProblem | None:
        """The first cell that is too long or no clean text."""
        for name, cell in zip(self.names, cells, strict=True):
            expected = unclean(cell, self._max_cell)
            if expected:
                return RowProblem(self._start, name, shown(cell), expected)
        return None

    def _broken(self, error: Exception) -> RowProblem:
        number, first = self._start, self._taken[0]
        one_line = len(self._taken) == 1 and not self._ended
        if isinstance(error, csv.Error) and one_line:
            return_inside = b"\r" in first.rstrip(b"\r\n")
            return RowProblem(number, "", shown(_text(first)), _RETURN if return_inside else _QUOTES)
        column, cell = self._open_cell(first)
        if len(cell) > self._max_cell:
            expected = too_long(self._max_cell)
        elif one_line:
            column, expected = "", f"a row of less than {self._lines.limit} bytes"
        elif isinstance(error, _TooLong):
            expected = f"{too_long(self._max_cell)}, then a closing quote"
        else:
            expected = "a closing quote"
        left_out = self._resync() if len(self._taken) > 1 or first.count(b'"') % 2 else ""
        return RowProblem(number, column, shown(cell), expected + left_out)

    def _open_cell(self, line: bytes) -> tuple[str, str]:
        """Column and text of the first overlong cell of a broken line, else of its last one."""
        cells = next(csv.reader([_text(line)], delimiter=self._delimiter), [""])
        place = next((i for i, c in enumerate(cells) if len(c) > self._max_cell), len(cells) - 1)
        return self.names[place] if place < len(self.names) else "", cells[place]

    def _resync(self) -> str:
        """Leave the broken row's open cell: go to the next line that is a row by itself, or past its closing quote.

        Returns:
            How many lines were passed over, as the end of a message.
        """
        self._again.extendleft(reversed(self._taken[1:]))
        del self._taken[1:]
        passed = 0
        while (line := self._again.popleft() if self._again else self._read_quietly()) is not None:
            if self._is_row(line):
                self._again.appendleft(line)
                break
            passed += 1
            if line.count(b'"') % 2:
                break
        return f" ({passed} more line{'s' * (passed != 1)} left out with it)" if passed else ""

    def _read_quietly(self) -> bytes | None:
        """The next line; None where the file ends or breaks, which the next row then meets again."""
        try:
            return next(self._source, None)
        except (BrokenStream, OSError) as error:
            self._source = _raising(error)
            return None

    def _is_row(self, line: bytes) -> bool:
        """True when a line that was taken for part of an open cell is a row by itself."""
        # In an open cell, an odd number of quotes closes it. Counting first keeps long cells cheap.
        enough = line.count(self._delimiter.encode()) >= len(self.names) - 1
        if not enough or len(line) >= self._lines.limit or line.count(b'"') % 2:
            return False
        try:
            return len(next(csv.reader([_text(line)], delimiter=self._delimiter, strict=True))) == len(self.names)
        except csv.Error:
            return False


def _text(line: bytes) -> str:
    return line.decode(errors="surrogateescape")


def _raising(error: Exception) -> Iterator[bytes]:
    raise error
    yield b""
