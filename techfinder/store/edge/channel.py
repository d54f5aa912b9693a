"""Calling a process of the store: start it, ask it, give it a deadline, end it.

Caller and process talk over a socket pair that no one else can reach, in frames of a length
and a pickle. Nothing that is read from a file is ever unpickled.
"""

from __future__ import annotations

import contextlib
import io
import os
import pickle
import socket
import struct
import subprocess
import sys
import tempfile
import threading
import time
import weakref
from dataclasses import dataclass, field
from pathlib import Path
from typing import IO, TYPE_CHECKING, Any

from techfinder.errors import DimensionMismatch, StoreDamaged, StoreError, StoreUnavailable

if TYPE_CHECKING:
    from collections.abc import Iterator

__all__ = ["PreparedCall", "ProcessDied", "StoreProcess", "receive", "send"]

START_S = 120.0
"""Longest wait for a process to start and load its generation."""

_LENGTH = struct.Struct("!Q")
_ERRORS = {kind.__name__: kind for kind in (StoreError, StoreDamaged, StoreUnavailable, DimensionMismatch)}
_PACKAGE = str(Path(__file__).resolve().parents[2])
_PROGRAM = """
import sys, types
package = types.ModuleType("techfinder")
package.__path__ = [sys.argv[1]]
sys.modules["techfinder"] = package
from techfinder.store.edge.process import main
main(sys.argv[2:])
"""
"""Runs :mod:`techfinder.store.edge.process` without what ``import techfinder`` brings along: half the time to start."""

_ENVIRONMENT = {"OPENBLAS_NUM_THREADS": "1"}
"""NumPy would start a thread for each processor. Nothing here multiplies matrices."""


class ProcessDied(StoreUnavailable):
    """The process ended before it answered; a new one may be started."""


@dataclass(frozen=True, slots=True)
class PreparedCall:
    """A call of the method of a job, in the form in which it travels."""

    method: str
    frame: memoryview = field(repr=False)

    @classmethod
    def of(cls, method: str, **arguments: Any) -> PreparedCall:
        """The call with these arguments."""
        return cls(method, _framed((method, arguments)))


def send(channel: socket.socket, message: object) -> None:
    """Send one message, whole."""
    channel.sendall(_framed(message))


def _framed(message: object) -> memoryview:
    """The message behind its length."""
    frame = io.BytesIO()
    frame.write(bytes(_LENGTH.size))
    pickle.dump(message, frame, protocol=5)
    view = frame.getbuffer()  # one piece: between two, a sender may have to wait for other threads of its process
    _LENGTH.pack_into(view, 0, len(view) - _LENGTH.size)
    return view


def receive(channel: socket.socket, deadline: float | None = None) -> Any:
    """The next message. Raises EOFError at the end, TimeoutError past `deadline` (monotonic)."""
    (length,) = _LENGTH.unpack(_exactly(channel, _LENGTH.size, deadline))
    return pickle.loads(_exactly(channel, length, deadline))  # noqa: S301 (from our own process)


def _exactly(channel: socket.socket, length: int, deadline: float | None) -> bytearray:
    data = bytearray(length)
    view, done = memoryview(data), 0
    while done < length:
        if deadline is not None:
            channel.settimeout(max(1e-3, deadline - time.monotonic()))
        got = channel.recv_into(view[done:])
        if not got:
            raise EOFError("the other side is gone")
        done += got
    return data


def _scratch_file() -> IO[bytes]:
    """A file that is gone with its last user; in memory where the system can, so that it works on a full disk."""
    if hasattr(os, "memfd_create"):
        return os.fdopen(os.memfd_create("techfinder-store"), "w+b")
    return tempfile.TemporaryFile()


def _launch(remote: int, lifeline: int, stderr: IO[bytes]) -> subprocess.Popen[bytes]:
    """The process, started, with its ends of the socket pair and of the pipe."""
    return subprocess.Popen(  # noqa: S603 (our own program)
        [sys.executable, "-P", "-c", _PROGRAM, _PACKAGE, str(remote), str(lifeline), str(os.getpid())],
        env=os.environ | _ENVIRONMENT,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.DEVNULL,
        stderr=stderr,
        pass_fds=(remote, lifeline),
    )


class StoreProcess:
    """A process that answers calls, one at a time.

    :meth:`call` is safe from many threads. A process of which :meth:`begin` is asked belongs to one thread at a time,
    which asks for each :meth:`result` before anything else; :meth:`kill` is for any thread, at any time.

    Attributes:
        pid: Its process id.
    """

    def __init__(self, job: str, timeout_s: float = START_S, **arguments: Any) -> None:
        """Start it with `job` and its arguments (see :mod:`techfinder.store.edge.process`).

        Raises:
            StoreError: The job cannot be started, with the process's own message.
            StoreUnavailable: The system has no process, file or memory left for it, or it was
                not ready in time.
        """
        self._lock = threading.Lock()
        try:
            self._start()
        except OSError as error:
            raise StoreUnavailable(
                f"A store process cannot be started: {error}. Too many open files or processes, or too little "
                "memory, is the usual cause. Free some, then try again."
            ) from error
        self._ended, self._begun = False, ""
        self.pid = self._process.pid
        _running.add(self)
        try:
            self.call(job, timeout_s, **arguments)
        except BaseException:
            self.close()
            raise

    def _start(self) -> None:
        """Start the process. When that fails, nothing stays open."""
        with contextlib.ExitStack() as kept, contextlib.ExitStack() as given:
            self._stderr = kept.enter_context(_scratch_file())
            self._channel, remote = socket.socketpair()
            kept.enter_context(self._channel)
            given.enter_context(remote)
            inherited, self._lifeline = os.pipe()
            kept.callback(os.close, self._lifeline)
            given.callback(os.close, inherited)
            self._process = _launch(remote.fileno(), inherited, self._stderr)
            kept.pop_all()  # closed by _end

    @property
    def alive(self) -> bool:
        """False once it has ended or was given up."""
        return not self._ended and self._process.poll() is None

    def call(self, method: str, timeout_s: float | None = None, **arguments: Any) -> Any:
        """What the method of the job returns.

        Args:
            method: Name of the method.
            timeout_s: Longest wait, for a turn and for the answer; None waits as long as the
                process lives.
            **arguments: Of the method.

        Raises:
            StoreUnavailable: No answer in time; the process is killed if it was its turn.
            ProcessDied: It ended before it answered.
            StoreError: As the job raised it.
            RuntimeError: Another call was begun, and nobody has its result.
        """
        deadline = None if timeout_s is None else time.monotonic() + timeout_s
        if not self._lock.acquire(timeout=-1 if timeout_s is None else timeout_s):
            raise StoreUnavailable(f"The store was busy for {timeout_s:g} s. Try again, or raise store_timeout_s.")
        try:
            self._check(begun=False)
            with self._talking(method):
                self._channel.settimeout(None if deadline is None else max(1e-3, deadline - time.monotonic()))
                send(self._channel, (method, arguments))
                message = receive(self._channel, deadline)
        finally:
            self._lock.release()
        return _result(message)

    @property
    def begun(self) -> bool:
        """Whether a call was begun whose result nobody has."""
        return bool(self._begun)

    def begin(self, call: PreparedCall) -> None:
        """Send a call and return while it is worked on.

        Raises:
            ProcessDied: The process has ended.
            RuntimeError: Another call was begun, and nobody has its result.
        """
        with self._lock:
            self._check(begun=False)
            with self._talking(call.method):
                self._channel.settimeout(None)
                self._begun = call.method
                self._channel.sendall(call.frame)

    def result(self) -> Any:
        """What the call that was begun returns, as soon as it does.

        Raises:
            ProcessDied: The process ended before it answered.
            StoreError: As the job raised it.
            RuntimeError: No call was begun.
        """
        with self._lock:
            self._check(begun=True)
            with self._talking(self._begun):
                message = receive(self._channel)
                self._begun = ""
        return _result(message)

    def close(self) -> None:
        """Let it end, and wait for that. Harmless when it has ended."""
        with self._lock:
            self._end(gently=True)

    def kill(self) -> None:
        """End it at once, whatever it is doing."""
        with contextlib.suppress(ProcessLookupError):
            self._process.kill()
        with self._lock:
            self._end()

    def _check(self, begun: bool) -> None:
        """Refuse to talk to nobody, and what would read the answer to another call."""
        if self._ended:
            raise ProcessDied("The store process has ended. Try again.")
        if self.begun != begun:
            raise RuntimeError(
                f"{self._begun!r} was begun: ask for its result first." if self._begun else "No call was begun."
            )

    @contextlib.contextmanager
    def _talking(self, method: str) -> Iterator[None]:
        """Where talking goes wrong, give the process up and say how it ended."""
        try:
            yield
        except TimeoutError as error:
            self._end()
            raise StoreUnavailable(
                f"The store did not answer {method!r} in time and was restarted. Try again, or raise store_timeout_s."
            ) from error
        except (OSError, EOFError) as error:
            raise ProcessDied(f"The store process ended while it should {method!r}{self._end()}.") from error
        except BaseException:  # an interrupt: what comes next over the channel would be the wrong answer
            self._end()
            raise

    def _end(self, gently: bool = False) -> str:
        """End the process and free everything. Returns how it ended, in words."""
        if self._ended:
            return ""
        self._ended = True
        self._channel.close()
        if gently:
            with contextlib.suppress(subprocess.TimeoutExpired):
                self._process.wait(2.0)
        else:
            with contextlib.suppress(subprocess.TimeoutExpired):
                self._process.wait(0.05)  # one that died by itself tells why
        if self._process.poll() is None:
            self._process.kill()
        code = self._process.wait()
        os.close(self._lifeline)
        self._stderr.seek(max(0, self._stderr.seek(0, os.SEEK_END) - 400))
        last = self._stderr.read().decode(errors="replace").strip()
        self._stderr.close()
        how = f" by signal {-code}" if code < 0 else f" with code {code}"
        return f"{how}: {last}" if last else how

    def _forget(self) -> None:
        """In a fork: leave the process to the one who started it."""
        self._lock = threading.Lock()
        self._process.returncode = 0
        if not self._ended:
            self._ended = True
            self._channel.close()
            os.close(self._lifeline)
            self._stderr.close()


def _result(message: Any) -> Any:
    status, *answer = message
    if status == "ok":
        return answer[0]
    raise _ERRORS.get(answer[0], StoreError)(answer[1])


_running: weakref.WeakSet[StoreProcess] = weakref.WeakSet()


def _forget_all() -> None:
    for process in list(_running):
        process._forget()


os.register_at_fork(after_in_child=_forget_all)
