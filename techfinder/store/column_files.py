"""The files that columns are kept in, and how they are written.

A folder of ``.npy`` arrays (never pickled) and an ``index.json`` that names them. Rows stand in
stored order, by ascending ordinal. Numbers take the smallest integer type that holds them.

=============  ==========================================================================
keyword        ``KEY.codes``: position of the value in the sorted ``KEY.values``; -1 is missing
keywords       ``KEY.owners`` and ``KEY.codes``: row and value of each tag; ``KEY.ranks``:
               place in the order of all tag lists, -1 is missing
integer        ``KEY.numbers``; ``KEY.present``: where there is one
float          ``KEY.numbers``; NaN is missing
=============  ==========================================================================
"""

from __future__ import annotations

import json
from array import array
from bisect import bisect_left
from hashlib import blake2b
from typing import TYPE_CHECKING, Any, Protocol

import numpy as np

from techfinder.errors import StoreError
from techfinder.store.failures import failure

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence
    from pathlib import Path

    from numpy.typing import NDArray

__all__ = ["ColumnsWriter", "Texts", "read_array", "read_index"]

INDEX = "index.json"
FORMAT = 1


class Texts:
    """A column of texts on disk: one blob of UTF-8 and where each text ends."""

    def __init__(self, blob: NDArray[np.uint8], ends: NDArray[np.int64]) -> None:
        self._blob, self._ends = blob, ends

    def __len__(self) -> int:
        return len(self._ends)

    def __getitem__(self, row: int) -> str:
        start = int(self._ends[row - 1]) if row else 0
        return self._blob[start : int(self._ends[row])].tobytes().decode()

    def all(self) -> tuple[str, ...]:
        """Every text, in order."""
        data, start, found = self._blob.tobytes(), 0, []
        for end in self._ends.tolist():
            found.append(data[start:end].decode())
            start = end
        return tuple(found)

    def find(self, text: str) -> int:
        """The position of `text` in a sorted column, or -1."""
        place = bisect_left(self, text)
        return place if place < len(self) and self[place] == text else -1


def read_array(folder: Path, name: str) -> NDArray[Any]:
    """One array of a columns folder, memory-mapped and read-only. Raises StoreDamaged."""
    path = folder / f"{name}.npy"
    try:
        return np.asarray(np.load(path, mmap_mode="r", allow_pickle=False))
    except (OSError, ValueError, EOFError) as error:
        raise failure(f"Column file {path} cannot be read", error) from error


def read_index(folder: Path) -> dict[str, Any]:
    """What a columns folder holds: ``points``, ``attributes`` and ``files`` (digest by name)."""
    path = folder / INDEX
    try:
        index = json.loads(path.read_text(encoding="utf-8"))
        if index["format"] != FORMAT:
            raise ValueError(f"format {index['format']!r}, this version reads {FORMAT}")
        return {name: index[name] for name in ("points", "attributes", "files")}
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise failure(f"Columns {path} cannot be read", error) from error


class ColumnsWriter:
    """Collects points in any order, then writes their columns in stored order."""

    def __init__(self, attributes: Mapping[str, str]) -> None:
        self._attributes = dict(attributes)
        self._ids, self._rows, self._texts = _TextBuffer(), _TextBuffer(), _TextBuffer()
        self._points = bytearray()
        self._digests = bytearray()
        self._vectors = bytearray()
        self._ordinals = array("q")
        self._columns = {key: _COLLECTORS[storage]() for key, storage in attributes.items()}

    def add(self, point: bytes, payload: Mapping[str, Any], digest: bytes, vector: bytes) -> None:
        """Add one point: its id's 16 bytes, its payload, its digest and its vector's digest."""
        self._ids.add(payload["_id"])
        self._rows.add(payload["_row"])
        self._texts.add(payload["_text"])
        self._ordinals.append(payload["_ordinal"])
        self._points += point
        self._digests += digest
        self._vectors += vector
        for key, column in self._columns.items():
            column.add(payload.get(key))

    def write(self, folder: Path) -> str:
        """Write everything to the new `folder`. Returns the digest of its index.

        Raises StoreError when two points have the same ordinal.
        """
        folder.mkdir(parents=True)
        files = _Files(folder)
        self._fill(files)
        return files.index(len(self._ids), self._attributes)

    def arrays(self) -> tuple[int, dict[str, str], dict[str, NDArray[Any]]]:
        """Everything in memory: points, attributes, and arrays by name. Raises StoreError as :meth:`write`."""
        memory = _Memory()
        self._fill(memory)
        return len(self._ids), self._attributes, memory.arrays

    def _fill(self, target: _Arrays) -> None:
        ordinals = np.frombuffer(self._ordinals, dtype=np.int64) if self._ordinals else np.empty(0, np.int64)
        order = np.argsort(ordinals, kind="stable")
        self._refuse_twins(ordinals[order], order)
        target.array("ordinals", ordinals[order])
        for name, texts in (("ids", self._ids), ("rows", self._rows), ("texts", self._texts)):
            texts.write(target, name, order)
        points = np.frombuffer(bytes(self._points), dtype="S16")[order]
        places = np.argsort(points, kind="stable")
        target.array("points", points)
        target.array("points.sorted", points[places])
        target.array("points.places", smallest(places))
        for name, data in (("digests", self._digests), ("vectors", self._vectors)):
            target.array(name, np.frombuffer(bytes(data), dtype=np.uint8).reshape(-1, 16)[order])
        for key, column in self._columns.items():
            column.write(target, key, order)

    def _refuse_twins(self, ordinals: NDArray[np.int64], order: NDArray[np.intp]) -> None:
        twins = np.flatnonzero(ordinals[1:] == ordinals[:-1])
        if len(twins):
            first = int(twins[0])
            one, other = self._ids[order[first]], self._ids[order[first + 1]]
            raise StoreError(f"Profiles {one!r} and {other!r} have the same ordinal {ordinals[first]}.")


class _Arrays(Protocol):
    """Takes the arrays of columns, by name."""

    def array(self, name: str, values: NDArray[Any]) -> None: ...

    def blob(self, name: str, size: int, pieces: Iterable[bytearray]) -> None:
        """Take an array of `size` bytes, piece by piece."""


class _Memory:
    """Keeps arrays."""

    def __init__(self) -> None:
        self.arrays: dict[str, NDArray[Any]] = {}

    def array(self, name: str, values: NDArray[Any]) -> None:
        self.arrays[name] = np.ascontiguousarray(values)

    def blob(self, name: str, size: int, pieces: Iterable[bytearray]) -> None:
        self.arrays[name] = np.frombuffer(b"".join(pieces), dtype=np.uint8, count=size)


class _Files:
    """Writes arrays and remembers their digests."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._digests: dict[str, str] = {}

    def array(self, name: str, values: NDArray[Any]) -> None:
        path = self._folder / f"{name}.npy"
        np.save(path, np.ascontiguousarray(values), allow_pickle=False)
        self._digests[path.name] = file_digest(path)

    def blob(self, name: str, size: int, pieces: Iterable[bytearray]) -> None:
        path = self._folder / f"{name}.npy"
        with path.open("wb") as file:
            header = {"descr": "|u1", "fortran_order": False, "shape": (size,)}
            np.lib.format.write_array_header_1_0(file, header)
            file.writelines(pieces)
        self._digests[path.name] = file_digest(path)

    def index(self, points: int, attributes: Mapping[str, str]) -> str:
        facts = {"format": FORMAT, "points": points, "attributes": attributes, "files": self._digests}
        path = self._folder / INDEX
        path.write_text(json.dumps(facts, indent=1), encoding="utf-8")
        return file_digest(path)


def file_digest(path: Path) -> str:
    """The file's blake2b digest: 32 hex digits."""
    digest = blake2b(digest_size=16)
    with path.open("rb") as file:
        while chunk := file.read(1 << 20):
            digest.update(chunk)
    return digest.hexdigest()


def smallest(values: NDArray[Any]) -> NDArray[Any]:
    """The same whole numbers in the smallest signed type that holds them."""
    if not len(values):
        return values.astype(np.int8)
    low, high = int(values.min()), int(values.max())
    for kind in (np.int8, np.int16, np.int32):
        if np.iinfo(kind).min <= low and high <= np.iinfo(kind).max:
            return values.astype(kind)
    return values.astype(np.int64)


class _TextBuffer:
    """Texts as they will be written, end to end: less than as strings, and nothing is copied to be put in order."""

    def __init__(self, texts: Iterable[str] = ()) -> None:
        self._blob, self._ends = bytearray(), array("q")
        for text in texts:
            self.add(text)

    def __len__(self) -> int:
        return len(self._ends)

    def __getitem__(self, row: int) -> str:
        return self._blob[self._ends[row - 1] if row else 0 : self._ends[row]].decode()

    def add(self, text: str) -> None:
        self._blob += text.encode()
        self._ends.append(len(self._blob))

    def write(self, files: _Arrays, name: str, order: NDArray[np.intp]) -> None:
        ends = np.array(self._ends, dtype=np.int64)
        starts = np.concatenate(([0], ends))[:-1][order]
        ends = ends[order]
        pieces = (self._blob[start:end] for start, end in zip(starts, ends, strict=True))
        files.blob(f"{name}.blob", len(self._blob), pieces)
        files.array(f"{name}.ends", np.cumsum(ends - starts))


class _Vocabulary:
    """Gives out codes by first appearance; sorted at the end, so that codes order like texts."""

    def __init__(self) -> None:
        self.codes: dict[str, int] = {}

    def code(self, value: str) -> int:
        return self.codes.setdefault(value, len(self.codes))

    def sorted(self, files: _Arrays, key: str) -> NDArray[Any]:
        """Write the values in order. Returns the new code by old code, with -1 for the last."""
        values = sorted(self.codes)
        _TextBuffer(values).write(files, f"{key}.values", np.arange(len(values)))
        renamed = np.full(len(values) + 1, -1, dtype=np.int64)
        for new, value in enumerate(values):
            renamed[self.codes[value]] = new
        return renamed


class _Keyword:
    def __init__(self) -> None:
        self._vocabulary = _Vocabulary()
        self._codes = array("i")

    def add(self, value: str | None) -> None:
        self._codes.append(-1 if value is None else self._vocabulary.code(value))

    def write(self, files: _Arrays, key: str, order: NDArray[np.intp]) -> None:
        renamed = self._vocabulary.sorted(files, key)
        files.array(f"{key}.codes", smallest(renamed[_ints(self._codes)[order]]))


class _Keywords:
    def __init__(self) -> None:
        self._vocabulary = _Vocabulary()
        self._lists: dict[tuple[str, ...], int] = {}
        self._tags: list[array[int]] = []
        self._codes = array("i")

    def add(self, value: Sequence[str] | None) -> None:
        if not value:
            self._codes.append(-1)
            return
        code = self._lists.setdefault(tuple(value), len(self._lists))
        if code == len(self._tags):
            self._tags.append(array("i", [self._vocabulary.code(v) for v in dict.fromkeys(value)]))
        self._codes.append(code)

    def write(self, files: _Arrays, key: str, order: NDArray[np.intp]) -> None:
        renamed = self._vocabulary.sorted(files, key)
        codes = _ints(self._codes)[order]
        ranks = np.full(len(self._tags) + 1, -1, dtype=np.int64)
        for rank, tags in enumerate(sorted(self._lists)):
            ranks[self._lists[tags]] = rank
        files.array(f"{key}.ranks", smallest(ranks[codes]))
        sizes = np.array([len(t) for t in self._tags] + [0], dtype=np.int64)
        lengths = sizes[codes]
        owners = np.repeat(np.arange(len(codes), dtype=np.int32), lengths)
        flat = np.fromiter((code for tags in self._tags for code in tags), np.int32, count=int(sizes.sum()))
        skipped = (np.cumsum(sizes) - sizes)[codes] - (np.cumsum(lengths) - lengths)
        files.array(f"{key}.owners", owners)
        files.array(f"{key}.codes", smallest(renamed[flat[np.arange(len(owners)) + skipped[owners]]]))


class _Integer:
    def __init__(self) -> None:
        self._numbers = array("q")
        self._present = bytearray()

    def add(self, value: int | None) -> None:
        self._numbers.append(0 if value is None else value)
        self._present.append(value is not None)

    def write(self, files: _Arrays, key: str, order: NDArray[np.intp]) -> None:
        numbers = np.frombuffer(self._numbers, dtype=np.int64) if self._numbers else np.empty(0, np.int64)
        files.array(f"{key}.numbers", smallest(numbers[order]))
        files.array(f"{key}.present", np.frombuffer(bytes(self._present), dtype=np.bool_)[order])


class _Float:
    def __init__(self) -> None:
        self._numbers = array("d")

    def add(self, value: float | None) -> None:
        self._numbers.append(float("nan") if value is None else value)

    def write(self, files: _Arrays, key: str, order: NDArray[np.intp]) -> None:
        numbers = np.frombuffer(self._numbers, dtype=np.float64) if self._numbers else np.empty(0, np.float64)
        files.array(f"{key}.numbers", numbers[order])


_COLLECTORS: dict[str, type[_Keyword | _Keywords | _Integer | _Float]] = {
    "keyword": _Keyword,
    "keywords": _Keywords,
    "integer": _Integer,
    "float": _Float,
}


def _ints(codes: array[int]) -> NDArray[Any]:
    return np.frombuffer(codes, dtype=np.int32) if len(codes) else np.empty(0, np.int32)


def damaged_files(folder: Path, digests: Mapping[str, str]) -> Iterable[str]:
    """The names of column files that are not what they were when written."""
    return [n for n, d in digests.items() if not (folder / n).is_file() or file_digest(folder / n) != d]
