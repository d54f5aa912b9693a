"""A real Qdrant server as a child process, for as long as a ``with`` block lasts."""

from __future__ import annotations

import os
import socket
import subprocess
import time
import urllib.error
import urllib.request
from pathlib import Path
from types import TracebackType

__all__ = ["QdrantProcess"]

ATTEMPTS = 3
START_S = 30.0
STOP_S = 10.0
POLL_S = 0.05


class QdrantProcess:
    """Starts `binary` on free ports of the loopback with its storage in `folder`; ends it by its own id.

    Attributes:
        url: Base URL of the REST interface, without a slash at the end.
        grpc_port: Port of the gRPC interface.
    """

    def __init__(self, binary: Path, folder: Path) -> None:
        self._binary = binary
        self._folder = folder
        self.url = ""
        self.grpc_port = 0

    def __enter__(self) -> QdrantProcess:
        """The running server, ready for requests.

        Raises:
            RuntimeError: It ended, or was not ready in time; the message holds the end of its log.
        """
        # A free port can be taken between looking and binding: then the server ends at once and we look again.
        for attempt in range(1, ATTEMPTS + 1):
            self._start()
            if self._ready():
                return self
            self._stop()
            if attempt == ATTEMPTS:
                log = (self._folder / "log").read_text(errors="replace")[-2000:]
                raise RuntimeError(f"Qdrant did not become ready ({ATTEMPTS} attempts). End of its log:\n{log}")
        raise AssertionError("unreachable")

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        self._stop()

    def _start(self) -> None:
        http_port, self.grpc_port = _free_ports(2)
        self.url = f"http://127.0.0.1:{http_port}"
        settings = {
            "QDRANT__SERVICE__HOST": "127.0.0.1",
            "QDRANT__SERVICE__HTTP_PORT": str(http_port),
            "QDRANT__SERVICE__GRPC_PORT": str(self.grpc_port),
            "QDRANT__STORAGE__STORAGE_PATH": str(self._folder / "storage"),
            "QDRANT__STORAGE__SNAPSHOTS_PATH": str(self._folder / "snapshots"),
        }
        with (self._folder / "log").open("wb") as log:
            self._process = subprocess.Popen(
                [self._binary, "--disable-telemetry"],
                cwd=self._folder,
                env={**os.environ, **settings},
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=subprocess.STDOUT,
            )

    def _ready(self) -> bool:
        deadline = time.monotonic() + START_S
        while time.monotonic() < deadline:
            try:
                with urllib.request.urlopen(f"{self.url}/readyz", timeout=5) as answer:
                    return bool(answer.status == 200)
            except (urllib.error.URLError, OSError):
                pass
            try:
                self._process.wait(POLL_S)
                return False
            except subprocess.TimeoutExpired:
                continue
        return False

    def _stop(self) -> None:
        self._process.terminate()
        try:
            self._process.wait(STOP_S)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()


def _free_ports(count: int) -> list[int]:
    sockets = [socket.create_server(("127.0.0.1", 0)) for _ in range(count)]
    ports = [s.getsockname()[1] for s in sockets]
    for each in sockets:
        each.close()
    return ports
