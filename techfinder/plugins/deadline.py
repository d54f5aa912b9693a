"""Calls of other people's code that must not take for ever."""

from __future__ import annotations

import contextvars
import threading
from collections.abc import Callable
from typing import Generic, TypeVar

__all__ = ["Interrupting", "Overdue", "call_within"]

T = TypeVar("T")


class Overdue(TimeoutError):
    """A call did not come back in time; its thread is left to itself.

    Attributes:
        thread: Where the call still runs. A daemon: it does not keep the process alive.
    """

    def __init__(self, seconds: float, thread: threading.Thread) -> None:
        super().__init__(f"no answer after {seconds:g} s")
        self.thread = thread


class Interrupting(Exception):
    """A call raised KeyboardInterrupt. It was not the user: Ctrl-C arrives in the main thread."""


class _Call(Generic[T]):
    """One call and how it ended."""

    def __init__(self, work: Callable[[], T]) -> None:
        self._work = work
        self.answers: list[T] = []
        self.error: BaseException | None = None

    def run(self) -> None:
        try:
            self.answers.append(self._work())
        except BaseException as error:
            # Everything, sys.exit() too: the caller decides what it means, not this thread.
            self.error = error


def call_within(seconds: float, work: Callable[[], T], name: str) -> T:
    """What ``work()`` returns, called in a thread of its own that sees the caller's context variables.

    Python cannot stop a thread. One that is late is left behind, and what it returns is dropped.
    Code that holds the interpreter lock the whole time cannot be left behind: it holds up everyone.

    Args:
        seconds: Longest wait.
        work: Called once.
        name: Of the thread, for stack dumps.

    Raises:
        Overdue: `work` did not come back in time.
        Interrupting: `work` raised KeyboardInterrupt.
        KeyboardInterrupt: The user does not want to wait for `work` any more.
        BaseException: Whatever else `work` raised, SystemExit included.
    """
    call = _Call(work)
    context = contextvars.copy_context()
    thread = threading.Thread(target=context.run, args=(call.run,), name=name, daemon=True)
    thread.start()
    thread.join(seconds)
    if thread.is_alive():
        raise Overdue(seconds, thread)
    if isinstance(call.error, KeyboardInterrupt):
        raise Interrupting(str(call.error)) from call.error
    if call.error is not None:
        raise call.error
    return call.answers[0]
