"""Gets from Debian's packages what a test needs and pip cannot bring."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

__all__ = ["get"]


def get(package: str, what: str, find: Callable[[], Path | None], help_text: str) -> int:
    """Get what is missing; 0 when tests can run, or when they will be skipped with a message."""
    if find() is None and os.geteuid() == 0 and shutil.which("apt-get"):
        environment = {**os.environ, "DEBIAN_FRONTEND": "noninteractive"}
        for step in (["update"], ["install", "-y", "--no-install-recommends", package]):
            subprocess.run(["apt-get", "-qq", *step], check=False, env=environment)
    if found := find():
        print(f"{what} for the tests: {found}")
        return 0
    print(f"No {what} for the tests. {help_text}", file=sys.stderr)
    return 1 if os.environ.get("CI") == "true" else 0
