"""A real Qdrant server as a child process, for as long as a ``with`` block lasts."""

from __future__ import annotations

import os
import signal
import socket
import ssl
import subprocess
import time
import urllib.error
import urllib.request
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType
from typing import Any

from techfinder.settings import Settings

__all__ = ["QdrantAddress", "QdrantProcess"]

ATTEMPTS = 3
START_S = 30.0
STOP_S = 10.0
POLL_S = 0.05


@dataclass(frozen=True)
class QdrantAddress:
    """Where a Qdrant server listens, and the settings that select it.

    Attributes:
        url: Base URL of the REST interface, without a slash at the end.
        grpc_port: Port of the gRPC interface.
    """

    url: str
    grpc_port: int

    def settings(self, home: Path, **changes: Any) -> Settings:
        """Settings with the server store at this address."""
        given = {"store": "server", "qdrant_url": self.url, "qdrant_grpc_port": self.grpc_port, "nice": 0, **changes}
        return Settings(home=home, **given)


class QdrantProcess:
    """Starts `binary` on free ports of the loopback with its storage in `folder`; ends it by its own id.

    Args:
        binary: The server.
        folder: Of its own.
        ca: Certificates to trust when the variables switch TLS on.
        variables: More environment, as ``QDRANT__SERVICE__API_KEY="..."``.

    Attributes:
        arguments: Of the command, beside those that keep it to itself; a node of a cluster has some.
        url: Base URL of the REST interface, without a slash at the end.
        grpc_port: Port of the gRPC interface.
    """

    def __init__(self, binary: Path, folder: Path, ca: Path | None = None, **variables: str) -> None:
        self._binary = binary
        self._folder = folder
        self._ca, self._variables = ca, variables
        self.arguments: tuple[str, ...] = ()
        self.url = ""
        self.grpc_port = 0

    def __enter__(self) -> QdrantProcess:
        """The running server, ready for requests.

        Raises:
            RuntimeError: It ended, or was not ready in time; the message holds the end of its log.
        """
        # A free port can be taken between looking and binding: then the server ends at once and we look again.
        for attempt in range(1, ATTEMPTS + 1):
            self._start(*_free_ports(2))
            if self._ready():
                return self
            self._stop()
            if attempt == ATTEMPTS:
                log = (self._folder / "log").read_text(errors="replace")[-2000:]
                raise RuntimeError(f"Qdrant did not become ready ({ATTEMPTS} attempts). End of its log:\n{log}")
        raise AssertionError("unreachable")

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        self._stop()

    @property
    def address(self) -> QdrantAddress:
        """Where it listens."""
        return QdrantAddress(self.url, self.grpc_port)

    @property
    def pid(self) -> int:
        """Process id, to kill it by."""
        return self._process.pid

    @property
    def port(self) -> int:
        """Port of the REST interface."""
        return int(self.url.rpartition(":")[2])

    @property
    def storage(self) -> Path:
        """The folder with everything that it keeps."""
        return self._folder / "storage"

    def kill(self) -> None:
        """End it at once, as a power cut would."""
        self._process.kill()
        self._process.wait(STOP_S)

    def restart(self) -> None:
        """Start it again, after :meth:`kill`, on the same ports and storage. Raises RuntimeError when it does not."""
        self._start(self.port, self.grpc_port)
        if not self._ready():
            raise RuntimeError(
                "Qdrant did not start again:\n" + (self._folder / "log").read_text(errors="replace")[-2000:]
            )

    def pause(self) -> None:
        """Stop it in its tracks: connections are taken, and nothing is answered until :meth:`resume`."""
        self._process.send_signal(signal.SIGSTOP)
        deadline = time.monotonic() + STOP_S
        tasks = Path(f"/proc/{self._process.pid}/task")
        while any(" T " not in (t / "stat").read_text().rpartition(")")[2][:3] for t in tasks.iterdir()):
            if time.monotonic() > deadline:
                raise RuntimeError("Qdrant did not stop")
            time.sleep(POLL_S / 10)

    def resume(self) -> None:
        """Let it go on."""
        self._process.send_signal(signal.SIGCONT)

    def _start(self, http_port: int, grpc_port: int) -> None:
        self.grpc_port = grpc_port
        self.url = f"{'https' if self._ca else 'http'}://127.0.0.1:{http_port}"
        settings = {
            **self._variables,
            "QDRANT__SERVICE__HOST": "127.0.0.1",
            "QDRANT__SERVICE__HTTP_PORT": str(http_port),
            "QDRANT__SERVICE__GRPC_PORT": str(self.grpc_port),
            "QDRANT__STORAGE__STORAGE_PATH": str(self.storage),
            "QDRANT__STORAGE__SNAPSHOTS_PATH": str(self._folder / "snapshots"),
        }
        with (self._folder / "log").open("wb") as log:
            self._process = subprocess.Popen(
                [self._binary, "--disable-telemetry", *self.arguments],
                cwd=self._folder,
                env={**os.environ, **settings},
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=subprocess.STDOUT,
            )

    def _ready(self) -> bool:
        deadline = time.monotonic() + START_S
        trusted = ssl.create_default_context(cafile=self._ca) if self._ca else None
        while time.monotonic() < deadline:
            try:
                with urllib.request.urlopen(f"{self.url}/readyz", timeout=5, context=trusted) as answer:
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
        self.resume()
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
