"""Finds libfaketime, by which tests set the clock of processes, and gets it from Debian's packages where it is missing.

``python tests/tools/get_faketime.py`` does nothing when it is there. Without it, tests that set clocks are skipped on
your own machine and fail where ``CI=true``. They are marked slow, so only ``make nightly`` needs it.
"""

from __future__ import annotations

import os
import sys
import time
from pathlib import Path

import debian_package

__all__ = ["HELP", "LIBRARY_VARIABLE", "Clock", "find", "main"]

LIBRARY_VARIABLE = "TECHFINDER_TEST_FAKETIME"
HELP = (
    "On Debian and Ubuntu run `apt-get install faketime`, else install libfaketime and set "
    f"{LIBRARY_VARIABLE} to its libfaketimeMT.so.1."
)
_PACKAGED = Path("/usr/lib")
_SITE = Path(__file__).with_name("faketime_site")
"""Mends sleeping in Python processes under libfaketime."""


def find() -> Path | None:
    """The library for processes with threads, or None: the one that is named, else that of the package."""
    named = os.environ.get(LIBRARY_VARIABLE)
    found = [Path(named)] if named else sorted(_PACKAGED.glob("*/faketime/libfaketimeMT.so.1"))
    return next((f for f in found if f.is_file()), None)


class Clock:
    """What time it is for processes that were started with :meth:`environment`; theirs alone, and it can be set."""

    def __init__(self, library: Path, file: Path) -> None:
        """Let it be right at first; `file` is where the processes look."""
        self._library, self._file = library, file
        self.set(0)

    def environment(self) -> dict[str, str]:
        """Variables for a process. What measures how long something takes goes on as it does on a real machine."""
        path = os.pathsep.join([str(_SITE), os.environ.get("PYTHONPATH", "")]).rstrip(os.pathsep)
        return {
            "PYTHONPATH": path,
            "LD_PRELOAD": str(self._library),
            "FAKETIME_TIMESTAMP_FILE": str(self._file),
            "FAKETIME_NO_CACHE": "1",
            "FAKETIME_DONT_FAKE_MONOTONIC": "1",
            # With the fix, which is for an old fault of glibc, every wait for Python's lock ends at once: threads that
            # wait for each other get one fiftieth of the work done.
            "FAKETIME_FORCE_MONOTONIC_FIX": "0",
            "NO_FAKE_STAT": "1",
        }

    def set(self, seconds: int) -> None:
        """Put it ahead by so much, or back."""
        draft = self._file.with_suffix(".new")
        draft.write_text(f"{seconds:+d}\n")
        draft.replace(self._file)
        self.ahead_s = seconds

    def now(self) -> float:
        """Seconds since 1970, by this clock."""
        return time.time() + self.ahead_s


def main() -> int:
    """Get what is missing; 0 when tests can run, or when they will be skipped with a message."""
    return debian_package.get("faketime", "libfaketime", find, HELP)


if __name__ == "__main__":
    sys.exit(main())
