"""The services of docker-compose.yml as plain processes, with the same settings and addresses of their own."""

from __future__ import annotations

import http.client
import json
import re
import socket
import subprocess
import time
import urllib.error
import urllib.request
from collections.abc import Callable, Iterator, Mapping
from contextlib import ExitStack, closing, contextmanager
from pathlib import Path
from typing import Any

import psutil
import yaml

import commands
import get_qdrant
from postgres_process import PostgresProcess
from qdrant_process import QdrantProcess
from techfinder.settings import Settings, load_settings

__all__ = ["KEY", "StackProcesses", "running_stack", "service_environment", "until"]

COMPOSE = Path(__file__).resolve().parents[2] / "docker-compose.yml"
KEY = "a-key-for-the-tests-only"
PATIENCE_S = 20.0
START_S = 60.0
PEOPLE = 60


def service_environment(service: str) -> dict[str, str]:
    """What docker-compose.yml sets for a service where .env is empty."""
    given: dict[str, str | None] = yaml.safe_load(COMPOSE.read_text())["services"][service]["environment"]
    resolved = {k: re.sub(r"\$\{\w+:?-([^}]*)\}", r"\1", str(v)) for k, v in given.items() if v is not None}
    return {k: v for k, v in resolved.items() if "/var/lib" not in v}


class StackProcesses:
    """Web (two processes), worker, Qdrant and PostgreSQL on one home; MLflow is away until a test starts it.

    Attributes:
        qdrant, postgres: To be killed and started again.
        environment: For any techfinder command.
        base: Where the page is.
        mlflow_port: Where web and worker look for MLflow.
    """

    def __init__(
        self, home: Path, qdrant: QdrantProcess, postgres: PostgresProcess, variables: Mapping[str, str]
    ) -> None:
        self.qdrant, self.postgres, self.home = qdrant, postgres, home
        secrets = home / "secrets"
        secrets.mkdir()
        (secrets / "techfinder_qdrant_api_key").write_text(KEY)
        self._database = postgres.database()
        (secrets / "techfinder_database_url").write_text(self._database)
        with socket.create_server(("127.0.0.1", 0)) as free, socket.create_server(("127.0.0.1", 0)) as free_too:
            self._port, self.mlflow_port = free.getsockname()[1], free_too.getsockname()[1]
        self.base = f"http://127.0.0.1:{self._port}"
        ours = {
            "TECHFINDER_QDRANT_URL": qdrant.url,
            "TECHFINDER_QDRANT_GRPC_PORT": str(qdrant.grpc_port),
            "TECHFINDER_SECRETS_DIR": str(secrets),
            "TECHFINDER_PORT": str(self._port),
            "TECHFINDER_PUBLIC_URL": self.base,
            "MLFLOW_TRACKING_URI": f"http://127.0.0.1:{self.mlflow_port}",
        }
        # On the loopback nobody would have to sign in; in its container the page listens on every address.
        web = service_environment("web") | {"TECHFINDER_HOST": "127.0.0.1", "TECHFINDER_SIGN_IN": "on"}
        self.environment = commands.environment(home) | web | ours | dict(variables)
        self._token = ""
        self._running: dict[str, subprocess.Popen[bytes]] = {}

    def run(self, *arguments: str) -> str:
        """A command that must succeed; what it said."""
        done = subprocess.run(
            commands.command(*arguments), env=self.environment, capture_output=True, text=True, check=False, timeout=240
        )
        assert done.returncode == 0, done.stderr
        return done.stdout + done.stderr

    def start(self, service: str) -> None:
        """Start ``serve`` or ``worker``, again after :meth:`kill`."""
        with self.home.with_name(f"{service}.log").open("ab") as log:
            self._running[service] = subprocess.Popen(commands.command(service), env=self.environment, stderr=log)

    def kill(self, service: str) -> None:
        """End it at once; what it has started ends by itself."""
        self._running[service].kill()
        self._running.pop(service).wait()

    def processes(self, service: str) -> list[psutil.Process]:
        """All processes of ``serve`` or ``worker``."""
        first = psutil.Process(self._running[service].pid)
        return [first, *first.children(recursive=True)]

    def settings(self) -> Settings:
        """Settings of the database that all of them use."""
        return load_settings(home=self.home, database_url=self._database)

    def stop(self) -> None:
        """End both as a supervisor does."""
        for process in self._running.values():
            process.terminate()
        for process in self._running.values():
            process.wait(PATIENCE_S)

    def sign_in(self) -> None:
        """Let :meth:`get` ask in the name of the admin that the start has made."""
        scopes = ("--scope", "search", "--scope", "view")
        said = self.run("token", "create", "admin", "--for", "tests", *scopes, "--json")
        self._token = json.loads(said[said.index("{") :])["token"]

    def get(self, path: str, anybody: bool = False) -> Any:
        """The JSON answer to a GET that must succeed; of `anybody`, who has not signed in."""
        request = urllib.request.Request(f"{self.base}{path}")
        if self._token and not anybody:
            request.add_header("Authorization", f"Bearer {self._token}")
        with urllib.request.urlopen(request, timeout=60) as answer:
            return json.load(answer)

    @contextmanager
    def one_process(self) -> Iterator[Callable[[str], Any]]:
        """As :meth:`get`, over one connection, which one process of the page answers."""
        with closing(http.client.HTTPConnection("127.0.0.1", self._port, timeout=60)) as line:
            line.connect()
            line.auto_open = 0

            def get(path: str) -> Any:
                line.request("GET", path, headers={"Authorization": f"Bearer {self._token}"})
                answer = line.getresponse()
                text = answer.read()
                assert answer.status == 200, text
                return json.loads(text)

            yield get

    def is_ready(self) -> bool:
        """Whether sentences are ranked."""
        try:
            return bool(self.get("/readyz")["status"] == "ready")
        except (urllib.error.URLError, OSError):
            return False

    def log(self) -> str:
        """The end of what both said."""
        return "\n".join(p.read_text(errors="replace")[-2000:] for p in self.home.parent.glob("*.log"))


@contextmanager
def running_stack(
    folder: Path, postgres_binaries: Path, people: int = PEOPLE, more: Mapping[str, str] | None = None
) -> Iterator[StackProcesses]:
    """All of it but MLflow, with so many sample people, ready; `more` variables are set for every techfinder."""
    variables = {k: v for k, v in service_environment("qdrant").items() if k.startswith("QDRANT__")}
    home, storage = folder / "home", folder / "qdrant"
    home.mkdir(exist_ok=True)
    storage.mkdir(exist_ok=True)
    with ExitStack() as held:
        qdrant = held.enter_context(
            QdrantProcess(get_qdrant.BINARY, storage, **variables, QDRANT__SERVICE__API_KEY=KEY)
        )
        postgres = held.enter_context(PostgresProcess(postgres_binaries))
        stack = StackProcesses(home, qdrant, postgres, more or {})
        stack.run("stack", "init", "--demo", "1", "--people", str(people))
        held.callback(stack.stop)
        stack.start("serve")
        stack.start("worker")
        stack.sign_in()
        until(stack.is_ready, stack.log, START_S)
        yield stack


def until(true: Callable[[], bool], otherwise: Callable[[], str] = lambda: "", patience_s: float = PATIENCE_S) -> None:
    """Wait until something is true."""
    deadline = time.monotonic() + patience_s
    while not true():
        assert time.monotonic() < deadline, otherwise()
        time.sleep(0.05)
