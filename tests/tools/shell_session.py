"""A shell for the samples of one page: commands one after another, in a folder and a home of their own."""

from __future__ import annotations

import os
import shutil
import socket
import subprocess
import sys
import urllib.request
from collections.abc import Iterable
from pathlib import Path

from commands import HASH_PLUGIN

__all__ = ["ShellSession"]

TOOLS = Path(__file__).resolve().parent
PORT_SHOWN = "8000"
LIMIT_S = 110
START_S = 25.0


class ShellSession:
    """Runs commands with bash in `folder`, which holds links to what `beside` names.

    Exported variables last from one command to the next. A command that ends in ``&`` is a
    server: it is waited for until it answers, and ended by :meth:`close`. It listens on a free
    port; the port that pages show is replaced by it, both ways.
    """

    def __init__(self, folder: Path, encoder: str, beside: Iterable[Path]) -> None:
        self._folder = folder
        self._servers: list[subprocess.Popen[str]] = []
        self._port = str(_free_port())
        for path in beside:
            (folder / path.name).symlink_to(path)
        self._environment = self._first_environment(encoder)

    def run(self, command: str) -> tuple[int, str]:
        """Exit status and output (both streams, as they came) of one command."""
        text = command.replace(f":{PORT_SHOWN}", f":{self._port}")
        if text.rstrip().endswith("&"):
            return self._serve(text.rstrip().removesuffix("&"))
        kept = self._folder / ".environment"
        script = f"{text}\nstatus=$?\nenv -0 > {kept}\nexit $status"
        done = subprocess.run(
            ["bash", "-o", "pipefail", "-c", script],
            cwd=self._folder,
            env=self._environment,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            timeout=LIMIT_S,
            check=False,
        )
        self._environment = dict(line.split("=", 1) for line in kept.read_text().split("\0") if "=" in line)
        return done.returncode, self._as_shown(done.stdout)

    def save(self, name: str, text: str) -> None:
        """Write a file where the commands run."""
        (self._folder / name).write_text(text, encoding="utf-8")

    def close(self) -> None:
        """End the servers that were started, by their own ids."""
        for server in self._servers:
            server.terminate()
            server.wait(20)

    def _first_environment(self, encoder: str) -> dict[str, str]:
        kept = {n: v for n, v in os.environ.items() if n in ("LD_LIBRARY_PATH", "LANG", "TMPDIR")}
        commands = [str(Path(sys.executable).parent), os.environ["PATH"]]
        if shutil.which("curl") is None:
            commands.append(str(TOOLS / "stand_ins"))
        return kept | {
            "PATH": os.pathsep.join(commands),
            "HOME": str(self._folder),
            "COLUMNS": "100",
            "HF_HUB_OFFLINE": "1",
            "PYTHONPATH": str(HASH_PLUGIN),
            "TECHFINDER_HOME": str(self._folder / "home"),
            "TECHFINDER_PORT": self._port,
            "TECHFINDER_ENCODER": encoder,
            "TECHFINDER_ENCODER_WAIT_S": "60",
            "TECHFINDER_NICE": "0",  # or it starves beside other tests
        }

    def _serve(self, command: str) -> tuple[int, str]:
        log = self._folder / f"server-{len(self._servers)}.log"
        with log.open("w") as output:
            server = subprocess.Popen(
                ["bash", "-c", f"exec {command}"],
                cwd=self._folder,
                env=self._environment,
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=subprocess.STDOUT,
                text=True,
            )
        self._servers.append(server)
        answered = _wait_until_it_answers(f"http://127.0.0.1:{self._port}/healthz", server)
        return (0 if answered else server.poll() or 1), self._as_shown(log.read_text())

    def _as_shown(self, output: str) -> str:
        return output.replace(f":{self._port}", f":{PORT_SHOWN}")


def _wait_until_it_answers(url: str, server: subprocess.Popen[str]) -> bool:
    for _ in range(int(START_S / 0.1)):
        try:
            with urllib.request.urlopen(url, timeout=5):
                return True
        except OSError:
            pass
        try:
            server.wait(0.1)
            return False
        except subprocess.TimeoutExpired:
            continue
    return False


def _free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as listening:
        return int(listening.getsockname()[1])
