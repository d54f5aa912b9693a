"""Parquet files, read in small batches."""

from __future__ import annotations

import shutil
import tempfile
import weakref
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from itertools import groupby
from pathlib import Path
from typing import TYPE_CHECKING, Any

from techfinder.errors import SourceError, cut
from techfinder.models import Row, RowProblem
from techfinder_source_table.arrow import Refused, cells_of
from techfinder_source_table.cells import shown
from techfinder_source_table.header import checked_columns
from techfinder_source_table.streams import BrokenStream, checked_file, is_packed, open_stream

if TYPE_CHECKING:
    from typing import IO, BinaryIO

    import pyarrow as pa
    import pyarrow.parquet as pq

__all__ = ["ParquetSource"]

_BATCH_ROWS = 4_096
_BATCH_BYTES = 32 << 20
_PIECE = 1 << 20
_OWN_BYTES = frozenset({"PLAIN", "DELTA_LENGTH_BYTE_ARRAY", "RLE", "BIT_PACKED"})  # each value stands by itself
_KEEP_FREE_BYTES = 512 << 20
_FRUGAL: Any = {"buffer_size": 1 << 16, "pre_buffer": False, "page_checksum_verification": True}


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
        self._shared: list[str] | None = None

    def columns(self) -> tuple[str, ...]:
        """The column names. Raises SourceError when the file is no Parquet or is damaged."""
        with self._open() as file:
            return self._names(file)

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
            names = self._names(file)
            if not file.metadata.num_rows:
                raise SourceError(f"File {self._file} has columns and no rows. Export it again with its rows.")
            try:
                for batch in _batches(file):
                    for item in self._rows(batch, names, number):
                        number += 1
                        yield item
            except (pa.ArrowException, OSError, ValueError, OverflowError, IndexError) as error:
                if not number:
                    raise self._damaged(error) from error
                yield RowProblem(number + 1, "", "", f"the rest of the file, but it is damaged ({error})", fatal=True)

    def _rows(self, batch: pa.RecordBatch, names: tuple[str, ...], number: int) -> Iterator[Row | RowProblem]:
        columns = [cells_of(column, self._max_cell) for column in batch.columns]
        suspects = [i for i, cells in enumerate(columns) if Refused in set(map(type, cells))]
        for cells in zip(*columns, strict=True):
            number += 1
            yield _problem(number, names, cells, suspects) or Row(number, dict(zip(names, cells, strict=True)))

    @contextmanager
    def _open(self) -> Iterator[pq.ParquetFile]:
        import pyarrow as pa
        import pyarrow.parquet as pq

        try:
            # Text that is stored once for many rows stays so, and pages are read through a small buffer instead
            # of whole column chunks.
            if self._shared is None:
                with pq.ParquetFile(self._plain_path(), **_FRUGAL) as file:
                    self._shared = _shared_text(file)
            file = pq.ParquetFile(self._plain_path(), read_dictionary=self._shared, **_FRUGAL)
        except (pa.ArrowException, OSError, ValueError) as error:
            raise self._damaged(error) from error
        with file:
            yield file

    def _names(self, file: pq.ParquetFile) -> tuple[str, ...]:
        try:
            names = file.schema_arrow.names
        except (OSError, ValueError) as error:
            raise self._damaged(error) from error
        return checked_columns(self._file, names)

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


def _shared_text(file: pq.ParquetFile) -> list[str]:
    """The columns whose encoding can make much text of few bytes.

    They are read as dictionaries: a value is held once, however many rows have it. That costs a
    second copy of every value of a row group, so other columns are read as they stand.
    """
    import pyarrow as pa

    metadata = file.metadata
    kinds = {field.name: field.type for field in metadata.schema.to_arrow_schema()}
    text = {n for n, kind in kinds.items() if pa.types.is_string(kind) or pa.types.is_large_string(kind)}
    groups = [metadata.row_group(place) for place in range(_sound_groups(file, sorted(text)))]
    paths = [metadata.schema.column(place).path for place in range(metadata.num_columns)]
    return [
        path
        for place, path in enumerate(paths)
        if path in text and not all(_OWN_BYTES.issuperset(group.column(place).encodings) for group in groups)
    ]


def _sound_groups(file: pq.ParquetFile, columns: list[str]) -> int:
    """How many row groups, from the first on, describe these columns without contradiction.

    The library ends the whole process where such a description is looked at. Where one is read it raises, so a row of
    each group is read first; whoever reads on finds the damage again, and tells it.
    """
    import pyarrow as pa

    place = 0
    with suppress(pa.ArrowException, OSError, ValueError, IndexError):
        while columns and place < file.metadata.num_row_groups:
            next(file.iter_batches(batch_size=1, row_groups=[place], columns=columns), None)
            place += 1
    return place


def _batches(file: pq.ParquetFile) -> Iterator[pa.RecordBatch]:
    """The file in batches of about 32 MB at most, unless a single row has more.

    Their number of rows follows from the mean size of a row in its row group; where large rows
    stand together the batch is cut again, so that only a few of them become Python objects at once.
    """
    groups = [file.metadata.row_group(place) for place in range(file.metadata.num_row_groups)]
    sizes = [_rows_that_fit(group.total_byte_size, group.num_rows) for group in groups]
    for size, places in groupby(range(len(groups)), lambda place: sizes[place]):
        for batch in file.iter_batches(batch_size=size, row_groups=list(places)):
            step = _rows_that_fit(batch.nbytes, batch.num_rows)
            for start in range(0, batch.num_rows, step):
                yield batch.slice(start, step)


def _rows_that_fit(size: int, rows: int) -> int:
    return max(1, min(_BATCH_ROWS, _BATCH_BYTES * rows // max(1, size)))


def _problem(number: int, names: tuple[str, ...], cells: tuple[object, ...], suspects: list[int]) -> RowProblem | None:
    for place in suspects:
        cell = cells[place]
        if isinstance(cell, Refused):
            return RowProblem(number, names[place], shown(cell.value), cell.expected)
    return None
