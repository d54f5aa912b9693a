"""Finds the Chromium that page tests drive, and gets what is missing: a browser, or a library of its driver.

``python tests/tools/get_chromium.py`` does nothing when a browser is found and Playwright's driver
starts. Otherwise it asks Debian's packages (as root) or Playwright for a browser. Without any, page
tests are skipped on your own machine and fail where ``CI=true``.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path

__all__ = ["HELP", "PATH_VARIABLE", "find", "main"]

PATH_VARIABLE = "TECHFINDER_TEST_CHROMIUM"
SHELL = "chromium-headless-shell"
"""Chromium without its own windows: what pages need, in two thirds of the time."""

COMMANDS = (SHELL, "chromium", "chromium-browser", "google-chrome", "google-chrome-stable")
HELP = f"Run `make install-test`, or install Chromium, or set {PATH_VARIABLE} to the path of its executable."
DRIVER_LIBRARY = "libatomic1"


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
    """Get what is missing; 0 when tests can run, or when they will be skipped with a message."""
    try:
        _mend_driver()
        if find() is None:
            _get()
        if path := find():
            print(f"Chromium for the tests: {path}")
            return 0
        problem: object = "installed, but not found"
    except (OSError, RuntimeError, subprocess.CalledProcessError) as error:
        problem = error
    print(f"No Chromium for the tests: {problem}. {HELP}", file=sys.stderr)
    return 1 if os.environ.get("CI") == "true" else 0


def _mend_driver() -> None:
    """Playwright's driver brings its own node, which needs a library that a bare Debian lacks."""
    if not _driver_complaint():
        return
    if _is_debian_root():
        _install_from_debian(DRIVER_LIBRARY)
    if complaint := _driver_complaint():
        raise RuntimeError(f"Playwright's driver does not start ({complaint}); Debian's package {DRIVER_LIBRARY} helps")


def _driver_complaint() -> str:
    done = _playwright("--version", capture=True)
    return "" if done.returncode == 0 else (done.stderr.strip().splitlines() or ["no reason given"])[-1]


def _get() -> None:
    for package in (SHELL, "chromium"):
        if find() is None and _is_debian_root():
            _install_from_debian(package)
    if find() is None:
        _playwright("install", "chromium").check_returncode()


def _playwright(*arguments: str, capture: bool = False) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "playwright", *arguments]
    return subprocess.run(command, capture_output=capture, text=True, check=False)


def _is_debian_root() -> bool:
    return os.geteuid() == 0 and shutil.which("apt-get") is not None


def _install_from_debian(package: str) -> None:
    """Best effort: other systems with apt-get may have no package of this name."""
    environment = {**os.environ, "DEBIAN_FRONTEND": "noninteractive"}
    for step in (["update"], ["install", "-y", "--no-install-recommends", package]):
        subprocess.run(["apt-get", "-qq", *step], check=False, env=environment)


def _playwrights_own() -> str | None:
    """Where Playwright keeps its own download; asked in a process of its own, since it starts a driver."""
    script = "from playwright.sync_api import sync_playwright as p\nwith p() as w: print(w.chromium.executable_path)"
    answer = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=False)
    path = answer.stdout.strip()
    return path if path and Path(path).is_file() else None


if __name__ == "__main__":
    sys.exit(main())
