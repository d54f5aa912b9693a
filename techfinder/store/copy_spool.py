"""Points of an unfinished copy that have been read from a server already.

They are kept in files of some thousand points each, in the order in which they came. A file gets
its name when it is whole and on the disk; one that cannot be read counts as never written, and so
do those after it.
"""

from __future__ import annotations

import json
import os
import shutil
import zipfile
from collections.abc import Iterator, Sequence
from contextlib import suppress
from pathlib import Path
from typing import IO, TYPE_CHECKING, Any

import numpy as np

from techfinder.errors import StoreError
from techfinder.interfaces import Point
from techfinder.models import Profile
from techfinder.store.failures import failure
from techfinder.store.folders import sync_path

if TYPE_CHECKING:
    from numpy.typing import NDArray

__all__ = ["POINTS_DAMAGE", "CopySpool", "read_points", "write_points"]

POINTS_DAMAGE = (OSError, ValueError, KeyError, TypeError, EOFError, zipfile.BadZipFile)
"""What reading a damaged file of points raises."""


class CopySpool:
    """The points, in a folder of their own. One process at a time."""

    def __init__(self, folder: Path) -> None:
        """Touch nothing yet. The name of `folder` tells what is copied; others beside it are of older content."""
        self._folder = folder
        self._files = 0

    def kept(self) -> Iterator[list[Point]]:
        """What a copy that was broken off has left, in order; what comes after a damaged file is removed."""
        self._sweep()
        while True:
            path = self._path(self._files + 1)
            try:
                points = read_points(path)
            except FileNotFoundError:
                break
            except POINTS_DAMAGE:
                break
            self._files += 1
            yield points
        for path in sorted(self._folder.glob("*"))[self._files :]:
            path.unlink(missing_ok=True)

    def append(self, points: Sequence[Point]) -> None:
        """Keep points; they survive a crash once this returns. Raises StoreError."""
        path = self._path(self._files + 1)
        fresh = path.with_suffix(".new")
        try:
            self._folder.mkdir(parents=True, exist_ok=True)
            with fresh.open("wb") as file:
                write_points(file, points)
                file.flush()
                os.fsync(file.fileno())
            fresh.rename(path)
            sync_path(self._folder)
        except OSError as error:
            raise failure(f"{self._folder} cannot be written", error, StoreError) from error
        self._files += 1

    def remove(self) -> None:
        """Remove everything, and the folders above that this leaves empty."""
        shutil.rmtree(self._folder.parent, ignore_errors=True)
        with suppress(OSError):  # there are others
            self._folder.parent.parent.rmdir()
        self._files = 0

    def _path(self, number: int) -> Path:
        return self._folder / f"{number:08d}.npz"

    def _sweep(self) -> None:
        for folder in self._folder.parent.glob("*"):
            if folder != self._folder:
                shutil.rmtree(folder, ignore_errors=True)


def _facts(points: Sequence[Point]) -> NDArray[np.uint8]:
    rows = [[p.profile.id, dict(p.profile.values), p.ordinal, p.row, p.text] for p in points]
    return np.frombuffer(json.dumps(rows, ensure_ascii=False).encode(), dtype=np.uint8)


def _vector(point: Point) -> NDArray[np.float32]:
    if point.vector is None:
        raise StoreError(f"Profile {point.profile.id!r} came without its vector.")
    return point.vector


def write_points(file: IO[bytes], points: Sequence[Point]) -> None:
    """Write points with their vectors, at least one, so that :func:`read_points` gives the same to the bit."""
    np.savez(file, facts=_facts(points), vectors=np.stack([_vector(p) for p in points]))


def read_points(path: Path) -> list[Point]:
    """The points of a file. Raises one of :data:`POINTS_DAMAGE`."""
    with path.open("rb") as raw, np.load(raw, allow_pickle=False) as file:
        rows, vectors = json.loads(file["facts"].tobytes()), file["vectors"]
    return [
        Point(Profile(name, _values(values)), ordinal, row, text, vector)
        for (name, values, ordinal, row, text), vector in zip(rows, vectors, strict=True)
    ]


def _values(values: dict[str, Any]) -> dict[str, Any]:
    return {k: tuple(v) if isinstance(v, list) else v for k, v in values.items()}
