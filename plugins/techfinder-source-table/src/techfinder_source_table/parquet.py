"""Parquet files, read in small batches."""

from __future__ import annotations

import shutil
import tempfile
import weakref
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import date, datetime, time
from pathlib import Path
from typing import TYPE_CHECKING, Any

from techfinder.errors import SourceError, cut
from techfinder.models import Row, RowProblem
from techfinder_source_table.cells import shown, too_long, unclean
from techfinder_source_table.header import checked_columns
from techfinder_source_table.streams import BrokenStream, checked_file, is_packed, open_stream

if TYPE_CHECKING:
    from typing import IO, BinaryIO

    import numpy as np
    import pyarrow as pa
    import pyarrow.parquet as pq
    from numpy.typing import NDArray

__all__ = ["ParquetSource"]

_BATCH_ROWS = 4_096
_PIECE = 1 << 20
_KEEP_FREE_BYTES = 512 << 20


class _Refused:
    """Stands in a cell that cannot be taken: the value and what was expected."""

    def __init__(self, value: str, expected: str) -> None:
        self.value, self.expected = value, expected


class ParquetSource:
    """A Parquet file. Nulls are empty cells, dates ISO text, decimals text, lists tags.

    A gzipped or zstd-compressed Parquet file is unpacked into a temporary file first, because
    Parquet is read from its end.
    """

    def __init__(self, argument: str, max_cell_chars: int) -> None:
        """Check that the file can be read. Raises SourceError."""
        self.path = checked_file(argument)
        self._file = cut(str(self.path))
        self._max_cell = max_cell_chars
        self._plain: Path | None = None

    def columns(self) -> tuple[str, ...]:
        """The column names. Raises SourceError when the file is no Parquet or is damaged."""
        with self._open() as file:
            return checked_columns(self._file, file.schema_arrow.names)

    def count(self) -> int | None:
        """The number of rows, from the file's own footer."""
        with self._open() as file:
            return int(file.metadata.num_rows)

    def rows(self) -> Iterator[Row | RowProblem]:
        """The rows in file order, numbered 1, 2, 3, ...; damage after the first batch is a fatal problem.

        Raises:
            SourceError: There is no row, or the first batch cannot be read.
        """
        import pyarrow as pa

        number = 0
        with self._open() as file:
            names = checked_columns(self._file, file.schema_arrow.names)
            if not file.metadata.num_rows:
                raise SourceError(f"File {self._file} has columns and no rows. Export it again with its rows.")
            try:
                for batch in file.iter_batches(batch_size=_BATCH_ROWS):
                    for item in self._rows(batch, names, number):
                        number += 1
                        yield item
            except (pa.ArrowException, OSError, ValueError, OverflowError) as error:
                if not number:
                    raise self._damaged(error) from error
                yield RowProblem(number + 1, "", "", f"the rest of the file, but it is damaged ({error})", fatal=True)

    def _rows(self, batch: pa.RecordBatch, names: tuple[str, ...], number: int) -> Iterator[Row | RowProblem]:
        columns = [_cells(column, self._max_cell) for column in batch.columns]
        suspects = [i for i, cells in enumerate(columns) if _Refused in set(map(type, cells))]
        for cells in zip(*columns, strict=True):
            number += 1
            yield _problem(number, names, cells, suspects) or Row(number, dict(zip(names, cells, strict=True)))

    @contextmanager
    def _open(self) -> Iterator[pq.ParquetFile]:
        import pyarrow as pa
        import pyarrow.parquet as pq

        try:
            # Text stays dictionary-encoded, so that one huge value that all rows share is held once, and
            # pages are read through a small buffer instead of whole column chunks.
            schema = pq.read_schema(self._plain_path())
            text = [f.name for f in schema if pa.types.is_string(f.type) or pa.types.is_large_string(f.type)]
            file = pq.ParquetFile(
                self._plain_path(),
                read_dictionary=text,
                buffer_size=1 << 16,
                pre_buffer=False,
                page_checksum_verification=True,
            )
        except (pa.ArrowException, OSError) as error:
            raise self._damaged(error) from error
        with file:
            yield file

    def _damaged(self, error: Exception) -> SourceError:
        return SourceError(f"File {self._file} is no Parquet file or is damaged: {error}. Make or copy it again.")

    def _plain_path(self) -> Path:
        """The file itself, or its unpacked copy, which goes away with this source."""
        if self._plain is None:
            self._plain = self._unpacked() if is_packed(self.path) else self.path
        return self._plain

    def _unpacked(self) -> Path:
        with tempfile.NamedTemporaryFile(prefix="techfinder-", suffix=".parquet", delete=False) as copy:
            target = Path(copy.name)
            weakref.finalize(self, target.unlink, missing_ok=True)
            try:
                with open_stream(self.path, text=False) as stream:
                    self._copy(stream, copy, target)
            except (BrokenStream, OSError) as error:
                raise self._damaged(error) from error
        return target

    def _copy(self, stream: BinaryIO, copy: IO[bytes], target: Path) -> None:
        while piece := stream.read(_PIECE):
            copy.write(piece)
            if shutil.disk_usage(target.parent).free < _KEEP_FREE_BYTES:
                raise SourceError(
                    f"File {self._file} does not fit into {target.parent} unpacked. "
                    f"Make room there, or unpack it elsewhere and index that."
                )


def _problem(number: int, names: tuple[str, ...], cells: tuple[object, ...], suspects: list[int]) -> RowProblem | None:
    for place in suspects:
        cell = cells[place]
        if isinstance(cell, _Refused):
            return RowProblem(number, names[place], shown(cell.value), cell.expected)
    return None


def _cells(column: pa.Array, max_cell_chars: int) -> list[object]:
    """A batch's column as cells; each different value is converted once."""
    import pyarrow as pa

    if isinstance(column, pa.ExtensionArray):
        column = column.storage
    if pa.types.is_nested(column.type):
        return _lists(column, max_cell_chars)
    if pa.types.is_dictionary(column.type):
        return _shared_cells(column, max_cell_chars)
    convert = _converter(column.type, max_cell_chars)
    values = _values(column)
    return values if convert is None else [None if v is None else convert(v) for v in values]


def _shared_cells(column: pa.DictionaryArray, max_cell_chars: int) -> list[object]:
    """Cells of a dictionary-encoded column: only the values that occur are converted, each once."""
    import numpy as np
    import pyarrow as pa

    places = column.indices.cast(pa.int64()).fill_null(-1).to_numpy(zero_copy_only=False)
    used, place = np.unique(places, return_inverse=True)
    known = used[used >= 0]
    long = _long(column.dictionary, 4 * max_cell_chars)[known]
    short = iter(_cells(column.dictionary.take(pa.array(known[~long])), max_cell_chars))
    table: list[object] = [None] if used[0] < 0 else []
    for position, is_long in zip(known.tolist(), long.tolist(), strict=True):
        table.append(_refused_text(column.dictionary[position], max_cell_chars) if is_long else next(short))
    return [table[p] for p in place.tolist()]


def _long(column: pa.Array, limit: int) -> NDArray[np.bool_]:
    """Which texts have more bytes than `limit`: they are never copied."""
    import numpy as np
    import pyarrow as pa
    import pyarrow.compute as pc

    if not (pa.types.is_string(column.type) or pa.types.is_large_string(column.type)):
        return np.zeros(len(column), dtype=bool)
    long: NDArray[np.bool_] = pc.binary_length(column).fill_null(0).to_numpy() > limit
    return long


def _refused_text(value: pa.Scalar, max_cell_chars: int) -> _Refused:
    start = value.as_buffer().slice(0, 200).to_pybytes()
    return _Refused(start.decode(errors="replace"), too_long(max_cell_chars))


def _values(column: pa.Array) -> list[Any]:
    """Python values; text as bytes, because a single bad byte would fail the whole column."""
    import pyarrow as pa

    if pa.types.is_string(column.type):
        column = column.view(pa.binary())
    elif pa.types.is_large_string(column.type):
        column = column.view(pa.large_binary())
    values: list[Any] = column.to_pylist()
    return values


def _converter(kind: pa.DataType, max_cell_chars: int) -> Callable[[Any], object] | None:
    """How a value becomes a cell; None when it is one already."""
    import pyarrow as pa

    if pa.types.is_boolean(kind) or pa.types.is_integer(kind):
        return None
    if pa.types.is_floating(kind):
        return _float
    if pa.types.is_date(kind) or pa.types.is_timestamp(kind) or pa.types.is_time(kind):
        return _moment
    return lambda value: _text(value, max_cell_chars)


def _float(value: float) -> object:
    if value != value:
        return None
    return (
        value if abs(value) != float("inf") else _Refused(str(value), "a finite number, or null when it is not known")
    )


def _moment(value: date | datetime | time) -> str:
    """ISO text; a moment at midnight without zone is a date."""
    text = value.isoformat()
    return text.removesuffix("T00:00:00")


def _text(value: object, max_cell_chars: int) -> object:
    if isinstance(value, bytes) and len(value) > 4 * max_cell_chars:
        return _Refused(value[:200].decode(errors="replace"), too_long(max_cell_chars))
    text = value.decode(errors="surrogateescape") if isinstance(value, bytes) else str(value)
    expected = unclean(text, max_cell_chars)
    return _Refused(text[:200], expected) if expected else text


def _lists(column: pa.Array, max_cell_chars: int) -> list[object]:
    """Lists of plain values as tags; any other nested value is refused."""
    import pyarrow as pa

    is_list = pa.types.is_list(column.type) or pa.types.is_large_list(column.type)
    if not is_list or pa.types.is_nested(column.type.value_type):
        refused = _Refused(str(column.type), "a plain value or a list of plain values")
        return [refused if valid else None for valid in column.is_valid().to_pylist()]
    items = _cells(column.flatten(), max_cell_chars)
    cells: list[object] = []
    start = 0
    for length in column.value_lengths().to_pylist():
        cells.append(None if length is None else _tags(items[start : start + length]))
        start += length or 0
    return cells


def _tags(items: list[object]) -> object:
    bad = next((i for i in items if isinstance(i, _Refused)), None)
    return bad or tuple(str(i) for i in items if i is not None)
