"""Runs techfinder's commands in processes forked from one that has loaded what all of them load.

Each is a process of its own, with its own variables, folder and output; only loading Python's modules, which takes
longer than most commands do, is done once for all of them. So variables that Python itself reads when it starts have no
effect, and all commands of one run order sets alike; tests that need a fresh interpreter start one, as those of
terminals, of signals and of the server do. For Linux: elsewhere, to fork what has loaded NumPy may crash.
"""

from __future__ import annotations

import atexit
import json
import multiprocessing
import os
import subprocess
import sys
import tempfile
import threading
from collections.abc import Mapping, Sequence
from functools import cache
from multiprocessing.context import ForkServerContext
from pathlib import Path

__all__ = ["SERVER", "context", "run_forked"]

SERVER = "multiprocessing.forkserver"
"""In the command line of the process that is forked from; it stays for the whole run."""

_LOADED = [
    "click",
    "rich.console",
    "techfinder.database.erased",
    "techfinder.indexing",
    "techfinder.sources",
    "techfinder.store.edge.process",
]
"""Nothing that reads the environment when it is loaded."""


def run_forked(arguments: Sequence[str], env: Mapping[str, str], timeout_s: float) -> subprocess.CompletedProcess[str]:
    """What ``techfinder ARGUMENTS`` did, and printed; its standard input is empty.

    Raises:
        subprocess.TimeoutExpired: It took too long, and was killed.
    """
    with tempfile.TemporaryDirectory(prefix="techfinder-command-") as folder:
        out, err = Path(folder, "out"), Path(folder, "err")
        out.touch()
        err.touch()
        given = (list(arguments), dict(env), Path.cwd(), _plain_path(), out, err)
        process = context().Process(target=_become, args=given)
        process.start()
        try:
            process.join(timeout_s)
            if process.exitcode is None:
                raise subprocess.TimeoutExpired(list(arguments), timeout_s, out.read_bytes(), err.read_bytes())
        except BaseException:
            process.kill()
            process.join()
            raise
        return subprocess.CompletedProcess(list(arguments), process.exitcode, out.read_text(), err.read_text())


@cache
def context() -> ForkServerContext:
    """Starts processes by forking; one for each process of the tests."""
    made = multiprocessing.get_context("forkserver")
    made.set_forkserver_preload(_LOADED)
    return made


@cache
def _plain_path() -> list[str]:
    """Where a fresh interpreter looks for modules; the tests' own has more."""
    script = "import json, sys; print(json.dumps(sys.path[1:]))"
    env = {name: value for name, value in os.environ.items() if name != "PYTHONPATH"}
    done = subprocess.run([sys.executable, "-c", script], env=env, capture_output=True, text=True, check=True)
    found: list[str] = json.loads(done.stdout)
    return found


def _become(arguments: list[str], env: dict[str, str], folder: Path, path: list[str], out: Path, err: Path) -> None:
    """What a fresh interpreter would do with ``-m techfinder ARGUMENTS``, from the first line to the last."""
    for number, file, how in ((0, os.devnull, os.O_RDONLY), (1, out, os.O_WRONLY), (2, err, os.O_WRONLY)):
        opened = os.open(file, how | os.O_CREAT, 0o600)
        os.dup2(opened, number)
        os.close(opened)
    os.environ.clear()
    os.environ.update(env)
    os.chdir(folder)
    sys.path[:] = [str(folder), *filter(None, env.get("PYTHONPATH", "").split(os.pathsep)), *path]
    sys.argv = ["techfinder", *arguments]
    from techfinder.cli import main

    try:
        main()
    finally:
        threading._shutdown()  # type: ignore[attr-defined]
        atexit._run_exitfuncs()
        sys.stdout.flush()
        sys.stderr.flush()
