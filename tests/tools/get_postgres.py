"""Finds the PostgreSQL server that tests run against, and gets it from Debian's packages where it is missing.

``python tests/tools/get_postgres.py`` does nothing when there is one. Without it, tests that need a PostgreSQL server
are skipped on your own machine and fail where ``CI=true``.
"""

from __future__ import annotations

import os
import shutil
import sys
from pathlib import Path

import debian_package

__all__ = ["FOLDER_VARIABLE", "HELP", "find", "main"]

FOLDER_VARIABLE = "TECHFINDER_TEST_POSTGRES"
HELP = (
    "On Debian and Ubuntu run `apt-get install postgresql`, else install PostgreSQL and set "
    f"{FOLDER_VARIABLE} to the folder with its initdb and postgres."
)
_PACKAGED = Path("/usr/lib/postgresql")


def find() -> Path | None:
    """The folder with ``initdb`` and ``postgres``, or None: the one that is named, else the newest there is."""
    named = os.environ.get(FOLDER_VARIABLE)
    beside = shutil.which("initdb")
    folders = [Path(named)] if named else sorted(_PACKAGED.glob("*/bin"), reverse=True)
    folders += [Path(beside).resolve().parent] if beside and not named else []
    return next((f for f in folders if (f / "initdb").is_file() and (f / "postgres").is_file()), None)


def main() -> int:
    """Get what is missing; 0 when tests can run, or when they will be skipped with a message."""
    return debian_package.get("postgresql", "PostgreSQL", find, HELP)


if __name__ == "__main__":
    sys.exit(main())
