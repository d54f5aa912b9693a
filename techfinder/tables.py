"""Writes tables of people to files: CSV, TSV, JSON Lines and Parquet, by the file's name.

A file appears under its name only when it is complete.
"""

from __future__ import annotations

import csv
import io
import json
import os
from collections.abc import Callable, Iterable, Iterator
from contextlib import ExitStack, contextmanager, suppress
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any, BinaryIO

from techfinder.errors import SourceError, cut

if TYPE_CHECKING:
    import pandas as pd

__all__ = ["TABLE_SUFFIXES", "plain_file", "write_frames"]

_Write = Callable[["pd.DataFrame"], None]
_Opener = Callable[[BinaryIO, ExitStack], _Write]


def write_frames(frames: Iterable[pd.DataFrame], path: Path, progress: Callable[[int], None] | None = None) -> int:
    """How many rows were written to `path`, which is replaced in one step.

    Missing values become empty cells, or null. Parquet is compressed with zstd inside. The same
    frames give the same bytes.

    Args:
        frames: Tables with the same columns; one is held at a time.
        path: Its ending says what is written: one of TABLE_SUFFIXES.
        progress: Called after each frame with the number of rows written so far.

    Raises:
        SourceError: The ending is unknown, the folder does not exist, there is no frame or frames
            differ, or writing fails. Nothing is left behind, and an existing file stays as it was.
    """
    opener, packing = _kind(path)
    rows = 0
    columns: list[str] | None = None
    with _replacing(path) as file, ExitStack() as stack:
        write = opener(_packed(file, packing, stack), stack)
        for frame in frames:
            columns = columns or list(frame.columns)
            if list(frame.columns) != columns:
                raise SourceError(f"{path.name}: frames differ in columns: {columns} and {list(frame.columns)}.")
            write(frame)
            rows += len(frame)
            if progress:
                progress(rows)
        if columns is None:
            raise SourceError(f"{path.name}: there is nothing to write, not even columns.")
    return rows


def _kind(path: Path) -> tuple[_Opener, str]:
    name = path.name.casefold()
    for suffix, found in TABLE_SUFFIXES.items():
        if name.endswith(suffix):
            return found
    raise SourceError(
        f"{cut(path.name)} does not say what to write. Use a name that ends in one of: {', '.join(TABLE_SUFFIXES)}."
    )


def plain_file(path: Path) -> Path:
    """The file that `path` is, there or not, or that it leads to where it is a link.

    Raises SourceError when a folder, a device or a pipe is there, which a file must not take the place of.
    """
    found = Path(os.path.realpath(path)) if path.is_symlink() else path
    if found.is_dir():
        raise SourceError(f"{cut(str(path))} is a folder. Name a file in it.")
    if found.exists() and not found.is_file():
        raise SourceError(f"{cut(str(path))} is a device or a pipe. Name a file.")
    return found


@contextmanager
def _replacing(path: Path) -> Iterator[BinaryIO]:
    """A new file beside `path`, moved there at the end; removed when anything goes wrong."""
    path = plain_file(path)
    unfinished = path.with_name(f".{path.name}.{os.getpid()}.part")
    try:
        with unfinished.open("wb") as file:
            yield file
            file.flush()
            os.fsync(file.fileno())
        unfinished.replace(path)
    except OSError as error:
        raise SourceError(
            f"{cut(str(path))} cannot be written: {error.strerror or error}. "
            f"Check that its folder exists, may be written and has room."
        ) from error
    finally:
        with suppress(OSError):
            unfinished.unlink(missing_ok=True)


def _packed(file: BinaryIO, packing: str, stack: ExitStack) -> BinaryIO:
    if not packing:
        return file
    import pyarrow as pa

    # The native stream closes what it wraps; the file must stay open to be synchronised.
    stream: BinaryIO = pa.CompressedOutputStream(pa.PythonFile(_KeepOpen(file), mode="w"), packing)
    stack.callback(stream.close)
    return stream


class _KeepOpen(io.RawIOBase):
    def __init__(self, file: BinaryIO) -> None:
        super().__init__()
        self._file = file

    def writable(self) -> bool:
        return True

    def write(self, data: Any) -> int:
        return self._file.write(data)


def _open_delimited(delimiter: str, file: BinaryIO, stack: ExitStack) -> _Write:
    started = False

    def write(frame: pd.DataFrame) -> None:
        nonlocal started
        text = io.StringIO(newline="")
        writer = csv.writer(text, delimiter=delimiter, lineterminator="\n")
        if not started:
            writer.writerow(frame.columns)
            started = True
        writer.writerows(_rows(frame))
        file.write(text.getvalue().encode())

    return write


def _open_jsonl(file: BinaryIO, stack: ExitStack) -> _Write:
    encode = json.JSONEncoder(ensure_ascii=False, allow_nan=False).encode

    def write(frame: pd.DataFrame) -> None:
        names = list(frame.columns)
        lines = (encode(dict(zip(names, row, strict=True))) for row in _rows(frame))
        file.write("".join(f"{line}\n" for line in lines).encode())

    return write


def _rows(frame: pd.DataFrame) -> Iterator[tuple[object, ...]]:
    return zip(*(_cells(frame[name]) for name in frame.columns), strict=True)


def _cells(column: pd.Series[Any]) -> list[object]:
    """Plain Python values; None for a missing one."""
    cells: list[object] = column.tolist()
    if not column.isna().any():
        return cells
    return [None if missing else cell for cell, missing in zip(cells, column.isna().tolist(), strict=True)]


def _open_parquet(file: BinaryIO, stack: ExitStack) -> _Write:
    import pyarrow as pa
    import pyarrow.parquet as pq

    writer: pq.ParquetWriter | None = None

    def write(frame: pd.DataFrame) -> None:
        nonlocal writer
        if writer is None:
            table = pa.Table.from_pandas(frame, preserve_index=False).replace_schema_metadata(None)
            writer = pq.ParquetWriter(file, _settled(table.schema), compression="zstd", write_page_checksum=True)
            stack.callback(writer.close)
        try:
            writer.write_table(pa.Table.from_pandas(frame, writer.schema, preserve_index=False))
        except pa.ArrowException as error:
            raise SourceError(f"A frame does not have the types of the first one: {error}.") from error

    return write


def _settled(schema: Any) -> Any:
    """The schema with text where the first frame had no value at all to tell the type from."""
    import pyarrow as pa

    fields = [pa.field(f.name, pa.string() if pa.types.is_null(f.type) else f.type) for f in schema]
    return pa.schema([f.with_type(pa.string()) if pa.types.is_large_string(f.type) else f for f in fields])


def _text_kinds() -> Iterator[tuple[str, tuple[_Opener, str]]]:
    kinds: dict[str, _Opener] = {
        ".csv": partial(_open_delimited, ","),
        ".tsv": partial(_open_delimited, "\t"),
        ".jsonl": _open_jsonl,
    }
    for suffix, opener in kinds.items():
        for ending, packing in (("", ""), (".gz", "gzip"), (".zst", "zstd")):
            yield suffix + ending, (opener, packing)


TABLE_SUFFIXES: dict[str, tuple[_Opener, str]] = {**dict(_text_kinds()), ".parquet": (_open_parquet, "")}
"""The endings that :func:`write_frames` knows."""
