"""A copy that kills somebody at a chosen moment, to be run as a process of its own.

``run_doomed`` starts it. The moments: ``"0"``, ``"1000"``, ... once so many people are written,
``"sealed"`` once the copy is whole and checked, ``"published"`` once it is live. The victims:
``"copy"`` the process itself, ``"qdrant"`` the server, ``"helpers"`` the processes of the embedded
store that the copy has started.
"""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from contextlib import ExitStack, closing
from pathlib import Path
from typing import Any

import psutil

from qdrant_process import QdrantAddress
from techfinder.errors import TechfinderError
from techfinder.interfaces import CollectionSpec, Store
from techfinder.settings import Settings
from techfinder.store.copying import Copied, CopyJob
from techfinder.store.edge.store import EdgeStore
from techfinder.store.server.store import ServerStore
from techfinder.testing.store_samples import make_spec

__all__ = ["NAME", "PEOPLE", "SPEC", "copy", "run_doomed"]

NAME = "people"
PEOPLE = 3000
SPEC: CollectionSpec = make_spec(NAME)


def copy(home: Path, address: QdrantAddress, to_server: bool, moment: str = "", victim: int = 0) -> Copied:
    """Copy between the embedded store in `home` and a server; at the `moment`, kill process `victim` (-1: helpers)."""
    doom = _Doom(moment, victim)
    with ExitStack() as opened:
        edge: Store = opened.enter_context(closing(EdgeStore(Settings(home=home, nice=0))))
        server: Store = opened.enter_context(closing(ServerStore(address.settings(home / "scratch"))))
        source, target = (edge, server) if to_server else (server, edge)
        spool = None if to_server else home / "spool" / "copy"
        doomed: Any = _Target(target, doom)
        return CopyJob(source, doomed, NAME, spool, lambda live: None, lambda done, total: doom.at(str(done))).run()


def run_doomed(home: Path, address: QdrantAddress, to_server: bool, moment: str, victim: int) -> tuple[int, str]:
    """Run such a copy in a process of its own. Its exit code, and what it said."""
    arguments = [str(home), address.url, str(address.grpc_port), str(int(to_server)), moment, str(victim)]
    program = "import sys; sys.path[:0] = sys.argv[1].split(':'); import copy_people; copy_people.main(sys.argv[2:])"
    here = Path(__file__).resolve().parent
    done = subprocess.run(
        [sys.executable, "-c", program, f"{here}:{here.parent / 'tools'}", *arguments],
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        check=False,
        timeout=25,
    )
    return done.returncode, done.stderr


def main(arguments: list[str]) -> None:
    """The program of that process; exit code 0 when the copy was made, 3 for an error in words."""
    home, url, port, to_server, moment, victim = arguments
    address = QdrantAddress(url, int(port))
    try:
        copy(Path(home), address, to_server == "1", moment, int(victim) or os.getpid())
    except TechfinderError as error:
        print(error, file=sys.stderr)
        sys.exit(3)


class _Doom:
    """Kills the victim once, when its moment has come."""

    def __init__(self, moment: str, victim: int) -> None:
        self._moment, self._victim = moment, victim

    def at(self, moment: str) -> None:
        if moment != self._moment:
            return
        self._moment = ""
        victims = _store_processes() if self._victim == -1 else [psutil.Process(self._victim)]
        assert victims, "there is nobody to kill"
        for process in victims:
            process.send_signal(signal.SIGKILL)


def _store_processes() -> list[psutil.Process]:
    """Those of this process's children that build or read a store; servers of other tests are children too."""
    return [c for c in psutil.Process().children() if any("edge.process" in part for part in c.cmdline())]


class _Target:
    """A store whose writers tell how far they are."""

    def __init__(self, store: Any, doom: _Doom) -> None:
        self._store, self._doom = store, doom

    def __getattr__(self, name: str) -> Any:
        return getattr(self._store, name)

    def write(self, *arguments: Any, **named: Any) -> Any:
        return _Writer(self._store.write(*arguments, **named), self._doom)


class _Writer:
    def __init__(self, writer: Any, doom: _Doom) -> None:
        self._writer, self._doom = writer, doom

    def __getattr__(self, name: str) -> Any:
        return getattr(self._writer, name)

    def seal(self) -> Any:
        sealed = self._writer.seal()
        self._doom.at("sealed")
        return sealed

    def publish(self) -> Any:
        live = self._writer.publish()
        self._doom.at("published")
        return live
