"""A real MLflow server as a child process, for as long as a ``with`` block lasts."""

from __future__ import annotations

import os
import signal
import socket
import subprocess
import time
import urllib.error
import urllib.request
from contextlib import suppress
from pathlib import Path
from types import TracebackType

__all__ = ["MlflowProcess"]

START_S = 120.0
STOP_S = 15.0
POLL_S = 0.1


class MlflowProcess:
    """Starts `command` on a free port of the loopback with everything in `folder`; ends its group by its own id.

    Attributes:
        url: Where it listens.
    """

    def __init__(self, command: Path, folder: Path, database: str = "", port: int = 0) -> None:
        """Keep what it knows in `database`, else in SQLite in the folder; `port` is a free one unless it is named."""
        self._command, self._folder, self._port = command, folder, port
        self._database = database or f"sqlite:///{folder}/mlflow.db"
        self.url = ""

    def __enter__(self) -> MlflowProcess:
        """The running server, ready for requests. Raises RuntimeError with the end of its log."""
        with socket.create_server(("127.0.0.1", self._port)) as free:
            self._port = free.getsockname()[1]
        self.url = f"http://127.0.0.1:{self._port}"
        self.start()
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        self.kill()

    def start(self) -> None:
        """Start it, again after :meth:`kill` on the same port and data."""
        arguments = ["server", "--host", "127.0.0.1", "--port", str(self._port), "--workers", "1"]
        arguments += ["--backend-store-uri", self._database]
        arguments += ["--artifacts-destination", str(self._folder / "artifacts"), "--serve-artifacts"]
        away = {
            "MLFLOW_DISABLE_TELEMETRY": "true",
            "DO_NOT_TRACK": "true",
            "MLFLOW_SERVER_ENABLE_JOB_EXECUTION": "false",
        }
        with (self._folder / "log").open("wb") as log:
            self._process = subprocess.Popen(
                [self._command, *arguments],
                cwd=self._folder,
                env={**os.environ, **away},
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=subprocess.STDOUT,
                start_new_session=True,
            )
        deadline = time.monotonic() + START_S
        while not self._answers():
            if self._process.poll() is not None or time.monotonic() > deadline:
                log_end = (self._folder / "log").read_text(errors="replace")[-2000:]
                self.kill()
                raise RuntimeError(f"MLflow did not become ready. End of its log:\n{log_end}")
            time.sleep(POLL_S)

    def kill(self) -> None:
        """End it and its workers at once."""
        self._signal(signal.SIGKILL)
        self._process.wait(STOP_S)

    def pause(self) -> None:
        """Stop it in its tracks: connections are taken, and nothing is answered until :meth:`resume`."""
        self._signal(signal.SIGSTOP)

    def resume(self) -> None:
        """Let it go on."""
        self._signal(signal.SIGCONT)

    def _signal(self, number: int) -> None:
        with suppress(ProcessLookupError):
            os.killpg(self._process.pid, number)

    def _answers(self) -> bool:
        try:
            with urllib.request.urlopen(f"{self.url}/health", timeout=5) as answer:
                return bool(answer.status == 200)
        except (urllib.error.URLError, OSError):
            return False
