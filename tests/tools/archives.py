"""Backups taken apart and put together again, as somebody might who wants to do harm."""

from __future__ import annotations

import hashlib
import io
import json
import tarfile
from collections.abc import Iterable
from pathlib import Path

import pyarrow as pa

__all__ = ["listed", "read_members", "write_archive"]

Part = tuple[tarfile.TarInfo, bytes]


def read_members(path: Path) -> list[Part]:
    """The members of a backup, in order."""
    with (
        path.open("rb") as raw,
        pa.CompressedInputStream(pa.PythonFile(raw, mode="r"), "zstd") as packed,
        tarfile.open(mode="r|", fileobj=packed) as tar,
    ):
        found = []
        for info in tar:
            file = tar.extractfile(info)
            found.append((info, file.read() if file else b""))
        return found


def write_archive(path: Path, parts: Iterable[Part]) -> None:
    """Write members as they are, without a look at what they say."""
    with (
        path.open("wb") as raw,
        pa.CompressedOutputStream(pa.PythonFile(raw, mode="w"), "zstd") as packed,
        tarfile.open(mode="w|", fileobj=packed, format=tarfile.PAX_FORMAT) as tar,
    ):
        for info, content in parts:
            info.size = len(content) if info.isreg() else 0
            tar.addfile(info, io.BytesIO(content))


def listed(parts: Iterable[Part]) -> list[Part]:
    """Members with a manifest that fits them, whatever they hold."""
    kept = [(i, c) for i, c in parts if i.name != "manifest.json"]
    members = {i.name: {"size": len(c), "sha256": hashlib.sha256(c).hexdigest()} for i, c in kept}
    return [*kept, (tarfile.TarInfo("manifest.json"), json.dumps({"members": members}).encode())]
