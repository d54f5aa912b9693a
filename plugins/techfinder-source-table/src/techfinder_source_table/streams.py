"""Files as byte streams: checked, decompressed a little at a time, and honest about where they end."""

from __future__ import annotations

import io
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any, BinaryIO

from techfinder.errors import SourceError, cut

if TYPE_CHECKING:
    from typing_extensions import Buffer

__all__ = ["BrokenStream", "LineReader", "checked_file", "is_packed", "open_stream", "row_limit"]

_PIECE = 1 << 16
# A zstd block may grow 30,000-fold, and the library hands over all of it at once: small pieces bound what a
# bomb can claim to about 32 MB.
_ZSTD_PIECE = 1 << 10
_ZSTD_WINDOW = 1 << 27

_GZIP, _ZSTD, _BOM = b"\x1f\x8b", b"\x28\xb5\x2f\xfd", b"\xef\xbb\xbf"

# What files begin with that are often given by mistake, and what to do about each.
_FOREIGN = {
    b"PK\x03\x04": "an Excel workbook or a zip archive. Save the sheet as CSV, or unpack the archive",
    b"\xd0\xcf\x11\xe0": "an old Excel workbook. Save the sheet as CSV",
    b"PAR1": "a Parquet file. Name it with .parquet, or select it with parquet:PATH",
    b"\xff\xfe": "UTF-16 text. Save it as UTF-8 (`iconv -f UTF-16 -t UTF-8`)",
    b"\xfe\xff": "UTF-16 text. Save it as UTF-8 (`iconv -f UTF-16 -t UTF-8`)",
    b"BZh": "a bzip2 file. Unpack it, or compress with gzip or zstd",
    b"\xfd7zXZ": "an xz file. Unpack it, or compress with gzip or zstd",
    b"SQLite format 3": "an SQLite database. Export the table as CSV",
    b"%PDF": "a PDF. Export the table as CSV",
}


class BrokenStream(Exception):
    """The rest of a file cannot be read; what came before is good. The text says why."""


def row_limit(max_cell_chars: int) -> int:
    """The longest row accepted, in bytes: one longest cell of four-byte characters and 1 MiB for the others."""
    return 4 * max_cell_chars + (1 << 20)


def checked_file(argument: str) -> Path:
    """The path that `argument` names. Raises SourceError unless it is a readable file with something in it."""
    try:
        path = Path(argument).expanduser()
        if path.is_dir():
            raise SourceError(f"{cut(argument)} is a folder. Name one file in it.")
        if not path.exists():
            raise SourceError(f"File {cut(argument)} does not exist. Check the path (current folder: {Path.cwd()}).")
        if not path.is_file():
            raise SourceError(f"{cut(argument)} is not a regular file. Write the input to a file first.")
        with path.open("rb") as file:
            if not file.read(1):
                raise SourceError(f"File {cut(argument)} is empty. Expected a header and rows; export it again.")
    except (OSError, ValueError, RuntimeError) as error:  # RuntimeError: "~nobody" stands for no folder
        raise SourceError(f"File {cut(argument)} cannot be read: {error}. Check its name and permissions.") from error
    return path


def is_packed(path: Path) -> bool:
    """True when the file's first bytes are those of gzip or zstd."""
    with path.open("rb") as file:
        return file.read(4).startswith((_GZIP, _ZSTD))


@contextmanager
def open_stream(path: Path, text: bool = True) -> Iterator[io.BufferedReader]:
    """The file's bytes, decompressed when it is gzip or zstd whatever its name; closed at the end.

    Reading raises BrokenStream where compressed data is damaged or cut short.

    Args:
        path: The file.
        text: True refuses what cannot be text (workbooks, archives, UTF-16), saying what it is.
    """
    try:
        file = path.open("rb")
    except OSError as error:
        raise SourceError(f"File {cut(str(path))} cannot be read: {error}. Check its permissions.") from error
    with file, _decompressed(file) as stream:
        if text:
            _refuse_foreign(path, stream)
        yield stream


def _decompressed(file: io.BufferedReader) -> io.BufferedReader:
    head = file.peek(4)
    if head.startswith(_GZIP):
        return io.BufferedReader(_Gunzip(file), _PIECE)
    if head.startswith(_ZSTD):
        return io.BufferedReader(_Unzstd(file), _PIECE)
    return file


def _refuse_foreign(path: Path, stream: io.BufferedReader) -> None:
    try:
        head = stream.peek(16)
    except (BrokenStream, OSError) as error:
        raise SourceError(f"File {cut(str(path))} cannot be read: {error}. Make or copy it again.") from error
    if not head:
        raise SourceError(f"File {cut(str(path))} is empty once unpacked. Expected a header and rows; export it again.")
    for start, what in _FOREIGN.items():
        if head.startswith(start):
            raise SourceError(f"File {cut(str(path))} is {what}.")


class _Decompressor(io.RawIOBase):
    """Decompressed bytes of a file; a subclass says how a piece is decompressed.

    The end of a file inside a compressed stream is told only after everything before it was handed
    out, which the standard library's readers do not do.
    """

    name = ""
    piece = _PIECE

    def __init__(self, file: BinaryIO) -> None:
        super().__init__()
        self._file = file
        self._codec = self.new_codec()
        self._input = b""
        self._ready = memoryview(b"")
        self._inside = False

    def new_codec(self) -> Any:
        raise NotImplementedError

    def expand(self, data: bytes) -> tuple[bytes, bytes]:
        """The output of some input, and the input left over."""
        raise NotImplementedError

    def readable(self) -> bool:
        return True

    def readinto(self, target: Buffer) -> int:
        view = memoryview(target).cast("B")
        while not self._ready:
            self._input = self._input or self._file.read(self.piece)
            if self._input:
                self._ready = memoryview(self._next_output())
            elif self._inside:
                self._ready = memoryview(self._last_output())
            else:
                return 0
        size = min(len(view), len(self._ready))
        view[:size] = self._ready[:size]
        self._ready = self._ready[size:]
        return size

    def _last_output(self) -> bytes:
        output, _ = self.expand(b"")
        if not output:
            raise BrokenStream(f"the file ends in the middle of its {self.name} data")
        return output

    def _next_output(self) -> bytes:
        if not self._inside and not self._input.strip(b"\0"):
            self._input = b""  # padding after the last stream
            return b""
        self._inside = True
        output, self._input = self.expand(self._input)
        if self._codec.eof:
            self._input = self._codec.unused_data
            self._codec = self.new_codec()
            self._inside = False
        return output


class _Gunzip(_Decompressor):
    name = "gzip"

    def new_codec(self) -> Any:
        return zlib.decompressobj(wbits=31)

    def expand(self, data: bytes) -> tuple[bytes, bytes]:
        try:
            return self._codec.decompress(data, _PIECE), self._codec.unconsumed_tail
        except zlib.error as error:
            raise BrokenStream(f"its gzip data is damaged ({error})") from error


class _Unzstd(_Decompressor):
    name = "zstd"
    piece = _ZSTD_PIECE

    def new_codec(self) -> Any:
        import zstandard

        return zstandard.ZstdDecompressor(max_window_size=_ZSTD_WINDOW).decompressobj()

    def expand(self, data: bytes) -> tuple[bytes, bytes]:
        import zstandard

        try:
            return self._codec.decompress(data), b""
        except zstandard.ZstdError as error:
            raise BrokenStream(f"its zstd data is damaged or needs too much memory ({error})") from error


class LineReader:
    """Physical lines of a stream, none much longer than a limit.

    A longer line comes cut: as its first `limit` bytes, with one double quote more when what was
    left out held an odd number of them. So ``len(line) >= limit`` tells a cut line, and whether a
    quoted cell is open after it can still be counted.

    Attributes:
        number: Of the last line read, from 1.
        limit: In bytes, the line's end included.
    """

    def __init__(self, stream: BinaryIO, limit: int) -> None:
        self._stream = stream
        self.limit = limit
        self.number = 0

    def __iter__(self) -> Iterator[bytes]:
        """The lines with their ends; a byte order mark before the first is left out."""
        readline, limit = self._stream.readline, self.limit
        line = readline(limit)
        if line.startswith(_BOM):
            line = line[len(_BOM) :] + (readline(len(_BOM)) if len(line) == limit else b"")
        while line:
            self.number += 1
            if len(line) >= limit:
                line += self._skip_rest(line)
            yield line
            line = readline(limit)

    def _skip_rest(self, line: bytes) -> bytes:
        quotes = 0
        while not line.endswith(b"\n") and (line := self._stream.readline(_PIECE)):
            quotes += line.count(b'"')
        return b'"' * (quotes % 2)
