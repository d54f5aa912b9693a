"""A real PostgreSQL server as a child process, for as long as a ``with`` block lasts."""

from __future__ import annotations

import os
import pwd
import shutil
import signal
import socket
import subprocess
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from itertools import count
from pathlib import Path
from types import TracebackType
from typing import Any

import psutil
import psycopg

__all__ = ["PostgresProcess"]

START_S = 30.0
STOP_S = 20.0
POLL_S = 0.05
_numbers = count()


class PostgresProcess:
    """Starts the server of `folder` on a free port of the loopback, with data of its own; ends it by its own id.

    It never runs as root: then as the user ``postgres``, which Debian's packages make, or as ``nobody``.
    """

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._data = Path(tempfile.mkdtemp(prefix="techfinder-postgres-"))
        self._user: dict[str, Any] = {}
        if os.geteuid() == 0:
            owner = next(u for name in ("postgres", "nobody") for u in pwd.getpwall() if u.pw_name == name)
            os.chown(self._data, owner.pw_uid, owner.pw_gid)
            self._user = {"user": owner.pw_uid, "group": owner.pw_gid, "extra_groups": []}

    def __enter__(self) -> PostgresProcess:
        """The running server. Raises RuntimeError with the end of its log."""
        made = [str(self._folder / "initdb"), "-D", str(self._data / "db"), "-U", "tests", "-A", "trust", "-N"]
        subprocess.run(made, check=True, stdout=subprocess.DEVNULL, cwd=self._data, **self._user)
        with socket.create_server(("127.0.0.1", 0)) as free:
            self._port = free.getsockname()[1]
        self.start()
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        self.stop()
        shutil.rmtree(self._data, ignore_errors=True)

    def start(self) -> None:
        """Start it, again after :meth:`stop` or :meth:`kill` on the same port and data."""
        options = ["-h", "127.0.0.1", "-p", str(self._port), "-k", str(self._data), "-F"]
        with (self._data / "log").open("ab") as log:
            self._process = subprocess.Popen(
                [str(self._folder / "postgres"), "-D", str(self._data / "db"), *options],
                cwd=self._data,
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=subprocess.STDOUT,
                **self._user,
            )
        deadline = time.monotonic() + START_S
        while not self._answers():
            if self._process.poll() is not None or time.monotonic() > deadline:
                raise RuntimeError(f"PostgreSQL did not start:\n{(self._data / 'log').read_text()[-2000:]}")
            time.sleep(POLL_S)

    def stop(self) -> None:
        """End it at once, as `pg_ctl stop -m fast` does."""
        self._process.send_signal(signal.SIGINT)
        try:
            self._process.wait(STOP_S)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()

    def kill(self) -> None:
        """End it at once, as a power cut would; its own processes see that it is gone, and end."""
        children = psutil.Process(self._process.pid).children(recursive=True)
        self._process.kill()
        self._process.wait(STOP_S)
        psutil.wait_procs(children, STOP_S)

    @contextmanager
    def frozen(self) -> Iterator[None]:
        """It and its own processes stand still: connections stay open, and nothing is answered."""
        server = psutil.Process(self._process.pid)
        processes = [server, *server.children(recursive=True)]
        for process in processes:
            process.suspend()
        try:
            yield
        finally:
            for process in reversed(processes):
                process.resume()

    def database(self) -> str:
        """The address of a new, empty database."""
        name = f"test_{next(_numbers)}"
        with psycopg.connect(self._address("postgres"), autocommit=True) as connection:
            connection.execute(f"CREATE DATABASE {name}")  # type: ignore[arg-type]
        return self._address(name)

    def _address(self, name: str) -> str:
        return f"postgresql://tests@127.0.0.1:{self._port}/{name}"

    def _answers(self) -> bool:
        try:
            psycopg.connect(self._address("postgres"), connect_timeout=2).close()
        except psycopg.OperationalError:
            return False
        return True
