"""Finds the Chromium that page tests drive, and gets one where there is none.

``python tests/tools/get_chromium.py`` does nothing when a browser is found. Otherwise it asks
Debian's packages (as root) or Playwright for one. Without any, page tests are skipped on your own
machine and fail where ``CI=true``.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path

__all__ = ["HELP", "PATH_VARIABLE", "find", "main"]

PATH_VARIABLE = "TECHFINDER_TEST_CHROMIUM"
COMMANDS = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable")
HELP = f"Run `make install-test`, or install Chromium, or set {PATH_VARIABLE} to the path of its executable."


def find() -> str | None:
    """Path of a Chromium that can be started, or None.

    Raises:
        FileNotFoundError: The variable names something that is not an executable.
    """
    if named := os.environ.get(PATH_VARIABLE):
        if shutil.which(named) is None:
            raise FileNotFoundError(f"{PATH_VARIABLE} = {named!r} is not an executable. Correct it or unset it.")
        return named
    found = next((path for command in COMMANDS if (path := shutil.which(command))), None)
    return found or _playwrights_own()


def main() -> int:
    """Get a browser where there is none; 0 when tests can run, or when they will be skipped with a message."""
    try:
        if find() is None:
            _get()
        if path := find():
            print(f"Chromium for the tests: {path}")
            return 0
        problem: object = "installed, but not found"
    except (OSError, subprocess.CalledProcessError) as error:
        problem = error
    print(f"No Chromium for the tests: {problem}. {HELP}", file=sys.stderr)
    return 1 if os.environ.get("CI") == "true" else 0


def _get() -> None:
    if os.geteuid() == 0 and shutil.which("apt-get"):
        _get_from_debian()
    if find() is None:
        subprocess.run([sys.executable, "-m", "playwright", "install", "chromium"], check=True)


def _get_from_debian() -> None:
    """Best effort: other systems with apt-get may have no package of this name."""
    environment = {**os.environ, "DEBIAN_FRONTEND": "noninteractive"}
    for step in (["update"], ["install", "-y", "--no-install-recommends", "chromium"]):
        subprocess.run(["apt-get", "-q", *step], check=False, env=environment)


def _playwrights_own() -> str | None:
    """Where Playwright keeps its own download; asked in a process of its own, since it starts a driver."""
    script = "from playwright.sync_api import sync_playwright as p\nwith p() as w: print(w.chromium.executable_path)"
    answer = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=False)
    path = answer.stdout.strip()
    return path if path and Path(path).is_file() else None


if __name__ == "__main__":
    sys.exit(main())
