"""What makes tests quicker, and is seen by none of them."""

from __future__ import annotations

import gc
import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from types import CodeType

from flask import Flask
from jinja2.bccache import Bucket, BytecodeCache

__all__ = ["folder", "take"]

_YOUNG, _MIDDLE, _OLD = 20_000, 20, 50
_MEMORY = Path("/dev/shm")
_ROOM = 2 << 30


def take() -> None:
    """For all of this process: templates are compiled once for all apps, and garbage is looked for seldom."""
    Flask.jinja_options = {**Flask.jinja_options, "bytecode_cache": _Compiled()}
    gc.set_threshold(_YOUNG, _MIDDLE, _OLD)


@contextmanager
def folder() -> Iterator[Path]:
    """For a server that all tests share, until it ends: in memory where that has room, as none of it has to last."""
    roomy = _MEMORY.is_dir() and shutil.disk_usage(_MEMORY).free > _ROOM
    with tempfile.TemporaryDirectory(prefix="techfinder-tests-", dir=_MEMORY if roomy else None) as made:
        yield Path(made)


class _Compiled(BytecodeCache):
    """Templates of all apps, by their place and text."""

    def __init__(self) -> None:
        self._codes: dict[tuple[str, str], CodeType | None] = {}

    def load_bytecode(self, bucket: Bucket) -> None:
        bucket.code = self._codes.get((bucket.key, bucket.checksum))

    def dump_bytecode(self, bucket: Bucket) -> None:
        self._codes[bucket.key, bucket.checksum] = bucket.code
