"""The program of the store's own processes: serve a generation, build one, or inspect one.

Started by :mod:`techfinder.store.edge.channel`. It imports neither web framework nor pandas nor
pydantic, so it is up in a fraction of a second.

The first message chooses the job, each further one calls a method of it. A process ends when
its caller closes the channel, and when its caller dies in whatever way.
"""

from __future__ import annotations

import contextlib
import fcntl
import os
import signal
import socket
import threading
from typing import TYPE_CHECKING, Any

from techfinder.errors import StoreError
from techfinder.store.edge.build import BuildJob
from techfinder.store.edge.channel import receive, send
from techfinder.store.edge.inspection import InspectJob
from techfinder.store.edge.serve import ServeJob
from techfinder.store.edge.shard import EnginePanic
from techfinder.store.failures import failure

if TYPE_CHECKING:
    from collections.abc import Callable

_JOBS: dict[str, Callable[..., Any]] = {"serve": ServeJob, "build": BuildJob, "inspect": InspectJob}


def main(arguments: list[str]) -> None:
    """Answer calls until the caller is gone.

    Args:
        arguments: File numbers of the socket and of the lifeline, and the caller's process id.
    """
    lifeline, parent = int(arguments[1]), int(arguments[2])
    for stop in (signal.SIGINT, signal.SIGTERM):
        signal.signal(stop, signal.SIG_IGN)  # Ctrl-C, or the stop of a service, reaches the caller too, who decides
    _die_with(lifeline)
    threading.Thread(target=_watch, args=(parent,), daemon=True).start()
    with socket.socket(fileno=int(arguments[0])) as channel, contextlib.suppress(EOFError, OSError):
        _answer_all(channel)
    os._exit(0)  # closing a shard rewrites files of a sealed generation; leaving does not


def _die_with(lifeline: int) -> None:
    """Have the kernel end this process when the caller is gone, even while the engine holds the lock.

    Nothing is ever written to the lifeline: the only event on it is its end.
    """
    fcntl.fcntl(lifeline, fcntl.F_SETOWN, os.getpid())
    fcntl.fcntl(lifeline, fcntl.F_SETFL, fcntl.fcntl(lifeline, fcntl.F_GETFL) | os.O_ASYNC)


def _watch(parent: int) -> None:
    """End with the caller where a fork of it holds the other end of the lifeline open."""
    forever = threading.Event()
    while os.getppid() == parent:
        forever.wait(0.5)
    os._exit(0)


def _answer_all(channel: socket.socket) -> None:
    job: Any = None
    while True:
        method, arguments = receive(channel)
        try:
            if job is None:
                job, result = _JOBS[method](**arguments), os.getpid()
            else:
                result = getattr(job, method)(**arguments)
        except EnginePanic as error:
            send(channel, ("error", error.kind.__name__, str(error)))
            return  # the engine may hold a lock for ever: the caller starts a new process
        except StoreError as error:
            send(channel, ("error", type(error).__name__, str(error)))
        except Exception as error:
            found = failure("The store process failed", error, StoreError)
            send(channel, ("error", type(found).__name__, str(found)))
        else:
            send(channel, ("ok", result))
