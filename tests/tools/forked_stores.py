"""Forks the embedded store's processes from one that has loaded what they load.

Tests start thousands of them, and each would spend most of its time on loading NumPy. They run the same program over
the same channel. Tests of how they start, fail and die with their callers start them as everybody does.
"""

from __future__ import annotations

import os
import subprocess
from multiprocessing import connection, reduction
from multiprocessing.context import ForkServerProcess
from multiprocessing.process import _children  # type: ignore[attr-defined]
from typing import IO, Any

import forking

__all__ = ["ForkedStoreProcess", "launch", "running"]

_started: list[ForkedStoreProcess] = []


class ForkedStoreProcess:
    """What the store asks of ``subprocess.Popen``, of a process that is forked elsewhere."""

    def __init__(self, process: ForkServerProcess) -> None:
        self._process = process
        self.pid = process.pid
        self.returncode: int | None = None

    def poll(self) -> int | None:
        if self.returncode is None:
            self.returncode = self._process.exitcode
        return self.returncode

    def wait(self, timeout: float | None = None) -> int:
        if self.returncode is None:
            connection.wait([self._process.sentinel], timeout)
        code = self.poll()
        if code is None:
            raise subprocess.TimeoutExpired("a store process", timeout or 0)
        return code

    def kill(self) -> None:
        if self.poll() is None:
            self._process.kill()


class _Passed:
    """The number of an open file; in the process that is started, that of its copy."""

    def __init__(self, number: int) -> None:
        self._number = number

    def __reduce__(self) -> tuple[Any, ...]:
        return _number, (reduction.DupFd(self._number),)


def _number(copy: Any) -> int:
    found: int = copy.detach()
    return found


def launch(remote: int, lifeline: int, stderr: IO[bytes]) -> ForkedStoreProcess:
    """Stands for ``techfinder.store.edge.channel._launch``."""
    given = [_Passed(number) for number in (remote, lifeline, stderr.fileno())]
    process = forking.context().Process(target=_become, args=(*given, dict(os.environ)))
    process.start()
    _children.discard(process)  # the interpreter would wait for it when it ends, and it ends with the interpreter
    made = ForkedStoreProcess(process)
    _started.append(made)
    return made


def running() -> set[int]:
    """Ids of those that have not ended."""
    for ended in [p for p in _started if p.poll() is not None]:
        _started.remove(ended)
    return {p.pid for p in _started if p.pid is not None}


def _become(remote: int, lifeline: int, stderr: int, env: dict[str, str]) -> None:
    from techfinder.store.edge.process import main

    for number, file in ((0, os.open(os.devnull, os.O_RDONLY)), (1, os.open(os.devnull, os.O_WRONLY)), (2, stderr)):
        os.dup2(file, number)
    os.environ.clear()
    os.environ.update(env)
    main([str(remote), str(lifeline), str(os.getppid())])
