"""Copying, syncing and measuring folders."""

from __future__ import annotations

import fcntl
import os
import shutil
import tempfile
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from hashlib import blake2b
from pathlib import Path

from techfinder.errors import StoreError, StoreUnavailable
from techfinder.store.failures import failure

__all__ = ["allocated_bytes", "copy_sparse", "memory_folder", "remove_folder", "sync_folder", "sync_path", "writable"]

_MEMORY = Path("/dev/shm")  # noqa: S108 (its folders are made anew, for us alone)
_CHUNK = 64 << 10
_ZEROS = bytes(_CHUNK)
_TEMPORARY = f"techfinder-{os.getuid()}-copy-"
_SYNCED_AT_ONCE = 8
_TAKEN_AFTER_S = 60.0
"""Seconds after which a temporary folder that no one has locked belongs to nobody."""


def copy_sparse(source: Path, target: Path) -> None:
    """Copy a folder file by file, leaving holes where the source holds nothing but zeros.

    Never by hard links: engines write into files in place, so a link would change the source.

    Raises:
        StoreError: A file cannot be read or written.
    """
    try:
        for folder, _, names in os.walk(source):
            made = target / Path(folder).relative_to(source)
            made.mkdir(parents=True, exist_ok=True)
            for name in names:
                _copy_file(Path(folder) / name, made / name)
    except OSError as error:
        raise failure(f"Copying {source} to {target} failed", error, StoreError) from error


def _copy_file(source: Path, target: Path) -> None:
    with source.open("rb") as reader, target.open("wb") as writer:
        size = os.fstat(reader.fileno()).st_size
        for start, end in _data_ranges(reader.fileno(), size):
            reader.seek(start)
            for place in range(start, end, _CHUNK):
                chunk = reader.read(min(_CHUNK, end - place))
                if chunk != _ZEROS[: len(chunk)]:
                    writer.seek(place)
                    writer.write(chunk)
        writer.truncate(size)


def _data_ranges(file: int, size: int) -> list[tuple[int, int]]:
    """Where the file has blocks; all of it where the file system cannot tell."""
    ranges, place = [], 0
    try:
        while place < size:
            start = os.lseek(file, place, os.SEEK_DATA)
            place = os.lseek(file, start, os.SEEK_HOLE)
            ranges.append((start, place))
    except OSError as error:
        if not ranges and size and not _only_a_hole(error):
            return [(0, size)]
    return ranges


def _only_a_hole(error: OSError) -> bool:
    return error.errno == 6  # ENXIO: no data behind this place


@contextmanager
def memory_folder(owner: Path, needed: int) -> Iterator[Path | None]:
    """An empty folder in memory, gone at the end; None where the system has none or too little.

    Its name follows from `owner`, so that the next one for the same owner clears away what a
    killed process left.
    """
    name = blake2b(str(owner).encode(), digest_size=8).hexdigest()
    folder = _MEMORY / f"techfinder-{os.getuid()}-{name}"
    remove_folder(folder)
    try:
        if shutil.disk_usage(_MEMORY).free < 4 * needed:
            raise OSError("too little memory")
        folder.mkdir(mode=0o700)
    except OSError:
        yield None
        return
    try:
        yield folder
    finally:
        remove_folder(folder)


@contextmanager
def writable(folder: Path) -> Iterator[Path]:
    """The folder itself, or, where this user cannot write all of it, a copy that is gone at the end.

    The engine opens its files for writing even where it only reads. It opens them when it loads,
    and what is open outlives its name: so a read-only home can be read, and nothing stays behind.

    Raises:
        StoreError: There is no room for the copy.
    """
    if _all_writable(folder):
        yield folder
        return
    with _temporary_folder(folder) as copy:
        copy_sparse(folder, copy / folder.name)
        yield copy / folder.name


def _all_writable(folder: Path) -> bool:
    return all(
        os.access(path, os.W_OK)
        for parent, _, names in os.walk(folder)
        for path in (Path(parent), *(Path(parent, n) for n in names))
    )


@contextmanager
def _temporary_folder(original: Path) -> Iterator[Path]:
    """A folder in the system's place for temporary files, with room for a copy of `original`."""
    needed = allocated_bytes(original)
    reason = f"{original} is read-only and must be copied ({(needed >> 20) + 1} MB) to be read"
    advice = "Allow this user to write there, or set TMPDIR to a folder with room."
    try:
        place = Path(tempfile.gettempdir())
        _sweep(place)
        if shutil.disk_usage(place).free < 2 * needed:
            raise StoreUnavailable(f"{reason}, but {place} has too little room. {advice}")
        folder = Path(tempfile.mkdtemp(prefix=_TEMPORARY, dir=place))
        lock = os.open(folder, os.O_RDONLY)
    except OSError as error:
        raise StoreUnavailable(f"{reason}, but there is no place for the copy: {error}. {advice}") from error
    try:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield folder
    finally:
        remove_folder(folder)
        os.close(lock)


def _sweep(place: Path) -> None:
    """Remove copies that killed processes left: those still in the making are locked."""
    for folder in place.glob(f"{_TEMPORARY}*"):
        try:
            lock = os.open(folder, os.O_RDONLY)
        except OSError:  # somebody else's
            continue
        try:
            if time.time() - os.fstat(lock).st_mtime > _TAKEN_AFTER_S:
                fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
                remove_folder(folder)
        except OSError:  # in use
            pass
        finally:
            os.close(lock)


def sync_folder(folder: Path) -> None:
    """Return once everything in the folder is on the disk. Raises StoreError.

    A generation is a thousand small files, and a file system writes one journal for many that are synced at once.
    """
    paths = (Path(parent) / name for parent, _, names in os.walk(folder) for name in (*names, ""))
    try:
        with ThreadPoolExecutor(_SYNCED_AT_ONCE, "sync") as threads:
            for _ in threads.map(sync_path, paths):
                pass
    except OSError as error:
        raise failure(f"{folder} cannot be written to disk", error, StoreError) from error


def sync_path(path: Path) -> None:
    """fsync one file or folder."""
    file = os.open(path, os.O_RDONLY)
    try:
        os.fsync(file)
    finally:
        os.close(file)


def allocated_bytes(folder: Path) -> int:
    """Disk space that a folder takes, holes not counted. What is renamed or removed meanwhile counts nothing."""
    return sum(_blocks(Path(p) / n) * 512 for p, _, names in os.walk(folder) for n in names)


def _blocks(file: Path) -> int:
    try:
        return file.stat().st_blocks
    except FileNotFoundError:
        return 0


def remove_folder(folder: Path) -> None:
    """Remove a folder and all in it; nothing happens when there is none."""
    shutil.rmtree(folder, ignore_errors=True)
