"""Folders on a file system of their own, in memory, which can be full and have room again."""

from __future__ import annotations

import os
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

__all__ = ["SmallDisk", "mounted"]

ROOM = 1 << 30


class SmallDisk:
    """A mounted folder."""

    def __init__(self, folder: Path) -> None:
        """Take one that is mounted by :func:`mounted`."""
        self._folder = folder

    def used(self) -> int:
        """Bytes that are taken."""
        state = os.statvfs(self._folder)
        return (state.f_blocks - state.f_bfree) * state.f_frsize

    def fill(self, left: int) -> None:
        """Have room for so many more bytes, and no more."""
        self._resize(self.used() + left)

    def empty(self) -> None:
        """Have room again."""
        self._resize(ROOM)

    def _resize(self, size: int) -> None:
        subprocess.run(["mount", "-o", f"remount,size={size}", self._folder], check=True)


@contextmanager
def mounted(folder: Path) -> Iterator[SmallDisk | None]:
    """A new, empty disk at a folder that is made, gone after the block; None where this user may mount nothing."""
    folder.mkdir()
    tried = subprocess.run(
        ["mount", "-t", "tmpfs", "-o", f"size={ROOM},mode=0700", "techfinder-tests", folder],
        capture_output=True,
        check=False,
    )
    if tried.returncode != 0:
        yield None
        return
    try:
        yield SmallDisk(folder)
    finally:
        # Lazily: a process that ends late may still have a file open.
        subprocess.run(["umount", "-l", folder], check=True)
