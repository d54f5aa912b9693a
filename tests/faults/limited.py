"""Commands of techfinder as processes that may do less: write no protected files, or no large ones."""

from __future__ import annotations

import os
import stat
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from commands import command, environment

_OBEY_MODES = """
import ctypes, os, sys
if os.geteuid() == 0:
    drop_from_bounding_set, may_override_modes = 24, 1
    if ctypes.CDLL(None, use_errno=True).prctl(drop_from_bounding_set, may_override_modes, 0, 0, 0):
        sys.exit("root cannot give up its right to write everywhere")
os.execv(sys.argv[1], sys.argv[1:])
"""
_SMALL_FILES = """
import os, resource, sys
resource.setrlimit(resource.RLIMIT_FSIZE, (int(sys.argv[1]), resource.RLIM_INFINITY))
os.execv(sys.argv[2], sys.argv[2:])
"""


def run_obeying_modes(home: Path, *arguments: str, **settings: str) -> subprocess.CompletedProcess[str]:
    """Run a command that may write only where the files' modes say so, also when root runs the tests."""
    return _run(home, [sys.executable, "-c", _OBEY_MODES, *command(*arguments)], **settings)


def run_with_small_files(home: Path, most: int, *arguments: str) -> subprocess.CompletedProcess[str]:
    """Run a command for which the disk is full as soon as a file has `most` bytes."""
    return _run(home, [sys.executable, "-c", _SMALL_FILES, str(most), *command(*arguments)])


def _run(home: Path, words: list[str], **settings: str) -> subprocess.CompletedProcess[str]:
    variables = environment(home, **{n: v for n, v in settings.items() if n.islower()})
    variables |= {n: v for n, v in settings.items() if n.isupper()}
    return subprocess.run(
        words, env=variables, stdin=subprocess.DEVNULL, capture_output=True, text=True, check=False, timeout=120
    )


@contextmanager
def read_only(folder: Path) -> Iterator[None]:
    """In the block, nothing in the folder can be written."""
    paths = [folder, *folder.rglob("*")]
    modes = {p: stat.S_IMODE(p.stat().st_mode) for p in paths}
    for path in reversed(paths):
        path.chmod(modes[path] & ~0o222)
    try:
        yield
    finally:
        for path in paths:
            path.chmod(modes[path])


def contents(folder: Path) -> dict[str, tuple[int, int]]:
    """Size and time of change of every file in a folder."""
    files = [p for p in sorted(folder.rglob("*")) if p.is_file()]
    return {os.fspath(p.relative_to(folder)): (p.stat().st_size, p.stat().st_mtime_ns) for p in files}
