"""A backup, restore or erasure that kills itself at a chosen moment, to be run as a process of its own.

The moments of a restore: ``"prepared"`` before the journal is written, ``"journal"`` once it is, ``"live"`` once the
people are live, ``"database"`` once the database is in place, ``"files"`` once the files are. Those of a backup: the
number of members that are written. Those of an erasure: ``"built"`` before the others go live, ``"live"`` once they
have.
"""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

from techfinder.backup.archive import ArchiveWriter
from techfinder.backup.journal import Journal
from techfinder.backup.making import make_backup
from techfinder.backup.restoring import restore
from techfinder.erasure import erase
from techfinder.settings import load_settings
from techfinder.store.edge.writer import EdgeWriter

__all__ = ["MOMENTS", "run_doomed"]

MOMENTS = ("prepared", "journal", "live", "database", "files")


def run_doomed(home: Path, what: str, of: Path | str, moment: str) -> int:
    """Run it in a process of its own, of a file or a person. Its exit code."""
    program = "import sys; sys.path[:0] = sys.argv[1:2]; import doomed_backup; doomed_backup.main(sys.argv[2:])"
    here = Path(__file__).resolve().parent
    done = subprocess.run(
        [sys.executable, "-c", program, str(here), str(home), what, str(of), moment],
        stdin=subprocess.DEVNULL,
        capture_output=True,
        check=False,
        timeout=100,
    )
    return done.returncode


def main(arguments: list[str]) -> None:
    """The program of that process."""
    home, what, file, moment = arguments
    settings = load_settings(home=Path(home), nice=0)
    if what == "erase":
        _before(EdgeWriter, "publish") if moment == "built" else _after(EdgeWriter, "publish")
        erase(settings, [str(file)], "test")
        return
    if what == "backup":
        _after(ArchiveWriter, "_add", int(moment))
        make_backup(settings, Path(file))
        return
    {
        "prepared": lambda: _before(Journal, "write"),
        "journal": lambda: _after(Journal, "write"),
        "live": lambda: _before(Journal, "end"),
        "database": lambda: _before(Journal, "put_files"),
        "files": lambda: _after(Journal, "put_files"),
    }[moment]()
    restore(Path(file), settings, replace=True)


def _die() -> None:
    os.kill(os.getpid(), signal.SIGKILL)


def _before(owner: Any, name: str) -> None:
    """Die when the method is called."""
    setattr(owner, name, lambda *arguments, **named: _die())


def _after(owner: Any, name: str, times: int = 1) -> None:
    """Die when the method has been done so many times."""
    real: Callable[..., Any] = getattr(owner, name)
    left = [times]

    def method(*arguments: Any, **named: Any) -> Any:
        answer = real(*arguments, **named)
        left[0] -= 1
        if not left[0]:
            _die()
        return answer

    setattr(owner, name, method)
