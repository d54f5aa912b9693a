"""Vectors that an unfinished index run has already paid for.

Two append-only files: ``vectors.f32`` (dim float32 values each) and ``digests.bin`` (16 bytes
each). A vector is written and forced to disk before its digest, so a digest that can be read
has its vector; a torn tail is cut off when the spool is opened again.
"""

from __future__ import annotations

import os
import shutil
from collections.abc import Sequence
from contextlib import suppress
from pathlib import Path
from typing import BinaryIO

import numpy as np
from filelock import FileLock, Timeout
from numpy.typing import NDArray

from techfinder.errors import IndexingError

__all__ = ["VectorSpool", "copy_folder", "kept_folders", "spool_folder"]

_DIGEST_BYTES = 16


def spool_folder(home: Path, collection: str, fingerprint: str) -> Path:
    """Where the vectors of a collection are kept that an encoder makes."""
    return home / "spool" / collection / "".join(c if c.isalnum() or c in "-." else "_" for c in fingerprint)


def copy_folder(home: Path) -> Path:
    """Where copies between stores keep what they have read, and what they need of the other side."""
    return home / "spool" / "copy"


def kept_folders(home: Path, collection: str) -> tuple[Path, Path]:
    """Where index runs and copies that were broken off keep something of people."""
    return home / "spool" / collection, copy_folder(home)


class VectorSpool:
    """Vectors by text digest, kept in a folder. One at a time: what is open keeps others out."""

    def __init__(self, folder: Path, dim: int) -> None:
        """Open the spool in `folder`, made where it does not exist; vectors have shape (dim,).

        Raises:
            IndexingError: Another one has it open.
            OSError: It cannot be written.
        """
        folder.mkdir(parents=True, exist_ok=True)
        self._lock = FileLock(folder / "lock", thread_local=False)
        try:
            self._lock.acquire(timeout=0)
        except Timeout as error:
            raise IndexingError(
                f"Another run is encoding the same people with the same encoder, into {folder}. Wait until it is done."
            ) from error
        self._folder, self._dim, self._row_bytes = folder, dim, dim * 4
        digests, vectors = folder / "digests.bin", folder / "vectors.f32"
        rows = min(_size(digests) // _DIGEST_BYTES, _size(vectors) // self._row_bytes)
        self._digests = _open_cut(digests, rows * _DIGEST_BYTES)
        self._vectors = _open_cut(vectors, rows * self._row_bytes)
        self._reader = vectors.open("rb")
        known = digests.read_bytes()[: rows * _DIGEST_BYTES]
        self._rows = {known[i * _DIGEST_BYTES : (i + 1) * _DIGEST_BYTES]: i for i in range(rows)}

    def __len__(self) -> int:
        """How many vectors are kept."""
        return len(self._rows)

    def __contains__(self, digest: str) -> bool:
        return bytes.fromhex(digest) in self._rows

    def append(self, digests: Sequence[str], vectors: NDArray[np.float32]) -> None:
        """Keep `vectors`, shape (len(digests), dim); they survive a crash once this returns. Raises OSError."""
        _append(self._vectors, np.ascontiguousarray(vectors, dtype=np.float32).tobytes())
        keys = [bytes.fromhex(d) for d in digests]
        _append(self._digests, b"".join(keys))
        start = self._digests.tell() // _DIGEST_BYTES - len(keys)
        self._rows.update({key: start + i for i, key in enumerate(keys)})

    def get(self, digest: str) -> NDArray[np.float32]:
        """The vector of that digest, shape (dim,). Raises KeyError when it is not kept."""
        row = self._rows[bytes.fromhex(digest)]
        self._reader.seek(row * self._row_bytes)
        return np.frombuffer(self._reader.read(self._row_bytes), dtype=np.float32)

    def forget(self) -> None:
        """Let go of where each vector is, once none is asked for any more; what is kept stays."""
        self._rows.clear()

    def close(self) -> None:
        """Close the files, and let others in; what is kept stays."""
        for file in (self._reader, self._vectors, self._digests):
            with suppress(OSError):  # what could not be written was told by append()
                file.close()
        self._lock.release()

    def remove(self) -> None:
        """Delete everything, and close."""
        shutil.rmtree(self._folder, ignore_errors=True)
        self.close()


def _size(path: Path) -> int:
    return path.stat().st_size if path.exists() else 0


def _open_cut(path: Path, size: int) -> BinaryIO:
    path.touch()
    file = path.open("r+b")
    file.truncate(size)
    file.seek(size)
    return file


def _append(file: BinaryIO, content: bytes) -> None:
    file.write(content)
    file.flush()
    os.fsync(file.fileno())
