"""A real ``mlflow models serve`` as a child process, for as long as a ``with`` block lasts."""

from __future__ import annotations

import json
import os
import signal
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Mapping
from contextlib import suppress
from pathlib import Path
from types import TracebackType
from typing import Any

__all__ = ["ModelProcess"]

START_S = 90.0
STOP_S = 15.0
POLL_S = 0.1


class ModelProcess:
    """Serves the model that `uri` names on a free port of the loopback, with the libraries of this environment."""

    def __init__(self, uri: str, log: Path, variables: Mapping[str, str]) -> None:
        """Start nothing yet; `variables` are those of the server."""
        self._uri, self._log = uri, log
        self._variables = {**os.environ, "MLFLOW_DISABLE_TELEMETRY": "true", "DO_NOT_TRACK": "true", **variables}

    def __enter__(self) -> ModelProcess:
        """The running server, its model loaded. Raises RuntimeError with the end of its log."""
        with socket.create_server(("127.0.0.1", 0)) as free:
            port = free.getsockname()[1]
        self._url = f"http://127.0.0.1:{port}"
        folder = Path(sys.executable).parent  # of uvicorn, which it starts by name
        path = os.pathsep.join([str(folder), self._variables.get("PATH", "")])
        arguments = ["models", "serve", "-m", self._uri, "-p", str(port), "--env-manager", "local"]
        with self._log.open("wb") as log:
            self._process = subprocess.Popen(
                [str(folder / "mlflow"), *arguments],
                env=self._variables | {"PATH": path},
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=subprocess.STDOUT,
                start_new_session=True,
            )
        deadline = time.monotonic() + START_S
        while not self._answers():
            if self._process.poll() is not None or time.monotonic() > deadline:
                end = self._log.read_text(errors="replace")[-2000:]
                self.__exit__(None, None, None)
                raise RuntimeError(f"The model was not served. End of the log:\n{end}")
            time.sleep(POLL_S)
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        with suppress(ProcessLookupError):
            os.killpg(self._process.pid, signal.SIGTERM)
        try:
            self._process.wait(STOP_S)
        except subprocess.TimeoutExpired:
            os.killpg(self._process.pid, signal.SIGKILL)
            self._process.wait(STOP_S)

    def ask(self, *queries: str, **params: Any) -> tuple[int, Any]:
        """Status and body of ``POST /invocations``."""
        body = {"dataframe_records": [{"query": query} for query in queries], "params": params}
        headers = {"Content-Type": "application/json"}
        request = urllib.request.Request(f"{self._url}/invocations", json.dumps(body).encode(), headers)
        try:
            with urllib.request.urlopen(request, timeout=60) as answer:
                return answer.status, json.load(answer)
        except urllib.error.HTTPError as error:
            with error:
                return error.code, json.load(error)

    def _answers(self) -> bool:
        try:
            with urllib.request.urlopen(f"{self._url}/ping", timeout=5) as answer:
                return bool(answer.status == 200)
        except (urllib.error.URLError, OSError):
            return False
