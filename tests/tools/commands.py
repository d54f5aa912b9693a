"""Runs techfinder's commands as real processes on a home of their own, with the fast hash encoder."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import urllib.request
from pathlib import Path
from typing import Any

import psutil

from forking import run_forked

HASH_PLUGIN = Path(__file__).resolve().parent.parent / "plugin_data" / "hash_encoder"


def environment(home: Path, **settings: str) -> dict[str, str]:
    """The variables for a command on `home`; `settings` by setting name in lower case."""
    variables = {**os.environ, "TECHFINDER_HOME": str(home), "TECHFINDER_ENCODER": "hash"}
    variables["PYTHONPATH"] = os.pathsep.join([str(HASH_PLUGIN), os.environ.get("PYTHONPATH", "")]).rstrip(os.pathsep)
    variables["COLUMNS"] = "200"
    variables["TECHFINDER_NICE"] = "0"  # tests wait for it; nobody else is to go first
    return variables | {f"TECHFINDER_{name.upper()}": value for name, value in settings.items()}


def command(*arguments: str) -> list[str]:
    """The command line of techfinder with these arguments."""
    return [sys.executable, "-m", "techfinder", *arguments]


def run(home: Path, *arguments: str, **settings: str) -> subprocess.CompletedProcess[str]:
    """Run a command to its end and return what it printed; the exit code is not judged."""
    variables = environment(home, **settings)
    if sys.platform == "linux":
        return run_forked(arguments, variables, timeout_s=120)
    return subprocess.run(
        command(*arguments),
        env=variables,
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        check=False,
        timeout=120,
    )


def run_json(home: Path, *arguments: str, **settings: str) -> Any:
    """What a command that must succeed prints as JSON."""
    done = run(home, *arguments, "--json", **settings)
    if done.returncode:
        raise AssertionError(f"{arguments} failed: {done.stderr}")
    return json.loads(done.stdout)


class Server:
    """A `techfinder serve` process on a free port. Use as a context manager."""

    def __init__(self, home: Path, **settings: str) -> None:
        """Start it and wait until it says where it listens."""
        variables = environment(home, port="0", **settings)
        self.process = subprocess.Popen(command("serve"), env=variables, stderr=subprocess.PIPE, text=True)
        self.base = self._address()

    def _address(self) -> str:
        assert self.process.stderr is not None
        said = []
        for line in self.process.stderr:
            said.append(line)
            if "http://" in line:
                return "http://" + line.split("http://")[1].split()[0]
        raise AssertionError("the server did not start: " + "".join(said))

    def get(self, path: str) -> Any:
        """The JSON answer to a GET that must succeed."""
        with urllib.request.urlopen(self.base + path, timeout=30) as answer:
            return json.load(answer)

    def store_processes(self) -> list[psutil.Process]:
        """The processes that hold shards for this server."""
        return psutil.Process(self.process.pid).children(recursive=True)

    def __enter__(self) -> Server:
        return self

    def __exit__(self, *_: object) -> None:
        if self.process.poll() is None:
            self.process.terminate()
        assert self.process.stderr is not None
        self.process.stderr.close()
        self.process.wait(20)
