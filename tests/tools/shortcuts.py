"""What makes tests quicker, and should be seen by none of them."""

from __future__ import annotations

import gc
import os
import shutil
import tempfile
from collections.abc import Hashable, Iterator
from contextlib import contextmanager
from pathlib import Path
from types import CodeType

import psutil
from flask import Flask
from jinja2.bccache import Bucket, BytecodeCache

__all__ = ["folder", "take"]

_COLLECTIONS = (20_000, 20, 50)
"""Thresholds of the garbage collector: with its own, a tenth of the time of tests of routes goes into it."""
_MEMORY = Path("/dev/shm")
_ROOM_BYTES = 4 << 30
"""That must be free, of the file system and of memory: the servers of one run were seen to take 0.7 GB together."""


def take() -> None:
    """For all of this process: templates are compiled once for all apps, and garbage is looked for seldom."""
    Flask.jinja_options = {**Flask.jinja_options, "bytecode_cache": _Compiled()}
    gc.set_threshold(*_COLLECTIONS)


@contextmanager
def folder() -> Iterator[Path]:
    """For a server that all tests share, until it ends: in memory where that has room, as none of it has to last."""
    roomy = os.access(_MEMORY, os.W_OK) and min(_free_bytes()) > _ROOM_BYTES
    place = _MEMORY if roomy else None
    with tempfile.TemporaryDirectory(prefix="techfinder-tests-", dir=place, ignore_cleanup_errors=True) as made:
        yield Path(made)


def _free_bytes() -> tuple[int, int]:
    return shutil.disk_usage(_MEMORY).free, psutil.virtual_memory().available


class _Compiled(BytecodeCache):
    """Templates of all apps, by their place and text, and by what an app lets them use."""

    def __init__(self) -> None:
        self._codes: dict[Hashable, CodeType | None] = {}

    def load_bytecode(self, bucket: Bucket) -> None:
        bucket.code = self._codes.get(_key(bucket))

    def dump_bytecode(self, bucket: Bucket) -> None:
        self._codes[_key(bucket)] = bucket.code


def _key(bucket: Bucket) -> Hashable:
    names = frozenset(bucket.environment.filters), frozenset(bucket.environment.tests)
    return bucket.key, bucket.checksum, names
