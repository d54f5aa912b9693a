"""Makes the MLflow server that tests run against, in an environment of its own.

``python tests/tools/get_mlflow.py`` installs it into ``.cache/`` of this repository; a second run does nothing. The
server is a program beside techfinder, not a library of it: the whole of MLflow wants other versions of some packages
than ours. Without it, tests that need a server are skipped on your own machine and fail where ``CI=true``.
"""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

__all__ = ["COMMAND", "HELP", "VERSION", "available", "main"]

ROOT = Path(__file__).resolve().parents[2]
VERSION = "3.17.2"
FOLDER = ROOT / ".cache" / f"mlflow-{VERSION}"
COMMAND = FOLDER / "bin" / "mlflow"
PINS = ROOT / "deploy" / "mlflow-constraints.txt"
HELP = "Run `make install-test`; it needs a package index."
_DONE = FOLDER / ".installed"


def available() -> bool:
    """True when the server is installed as this file says."""
    return _DONE.is_file() and COMMAND.is_file() and _DONE.read_text(encoding="utf-8") == _wanted()


def main() -> int:
    """Install what is missing; 0 when tests can run, or when they will be skipped with a message."""
    if available():
        return 0
    try:
        subprocess.run([sys.executable, "-m", "venv", "--clear", str(FOLDER)], check=True)
        pip = [str(FOLDER / "bin" / "python"), "-m", "pip", "install", "--quiet", "--disable-pip-version-check"]
        subprocess.run([*pip, "-c", str(PINS), f"mlflow=={VERSION}", "psycopg[binary]"], check=True)
        _DONE.write_text(_wanted(), encoding="utf-8")
    except (OSError, subprocess.CalledProcessError) as error:
        print(f"No MLflow server for the tests: {error}. {HELP}", file=sys.stderr)
        return 1 if os.environ.get("CI") == "true" else 0
    print(f"MLflow {VERSION} for the tests: {FOLDER.relative_to(ROOT)}")
    return 0


def _wanted() -> str:
    return f"mlflow=={VERSION}\n{PINS.read_text(encoding='utf-8')}"


if __name__ == "__main__":
    sys.exit(main())
