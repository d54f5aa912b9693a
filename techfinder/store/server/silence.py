"""Notices that a server answers nothing at all, so that few wait for it.

A server that hangs takes connections and lets each call wait until its time is up; soon all threads of a process that
serves others would do nothing else. So whoever has waited for a while without a word from it asks the server for its
name, which a busy one tells at once. Where that is not answered either, all who wait give up, and until it is answered
one of those who come asks for the name first, and the others are told at once.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable

import httpx

__all__ = ["ServerSilent", "Silence"]

_TURN_S = 0.25
"""How long somebody waits while another one asks for the name: a server that is back tells it sooner."""
_AGAIN_S = 1.0
"""How long a server that has not told its name is not asked for it again."""


class ServerSilent(httpx.ReadTimeout):
    """The server answers nothing, whoever asks."""

    def __init__(self) -> None:
        """What happened is always the same."""
        super().__init__("no answer, not even its name")


class Silence:
    """What is known of one address. Safe to use from many threads.

    Attributes:
        patience_s: Seconds without a word after which it is asked for its name, and that it has to tell it.
    """

    def __init__(self, answers: Callable[[float], bool], patience_s: float) -> None:
        """`answers` asks for the name and tells whether an answer came within so many seconds."""
        self.patience_s = patience_s
        self._answers = answers
        self._asking = threading.Lock()
        self._heard = time.monotonic()
        self._silent = False
        self._unanswered = 0.0

    @property
    def silent(self) -> bool:
        """Whether it answered nothing when it was asked last."""
        return self._silent

    def heard(self) -> None:
        """Note that something came from it."""
        self._heard = time.monotonic()
        self._silent = False

    def doubt(self) -> None:
        """Ask for the name unless something was heard of late. Raises ServerSilent when nothing comes."""
        with self._asking:
            if not self._silent and time.monotonic() - self._heard > self.patience_s:
                self._silent = not self._asked(self.patience_s)
            if self._silent:
                raise ServerSilent

    def require(self, left_s: float) -> None:
        """Return when it is not known as silent, or tells its name within `left_s`. Raises ServerSilent."""
        if not self._silent:
            return
        if not self._asking.acquire(timeout=min(_TURN_S, left_s)):
            raise ServerSilent
        try:
            lately = time.monotonic() - self._unanswered < _AGAIN_S
            if self._silent and (lately or not self._asked(min(self.patience_s, left_s))):
                raise ServerSilent
        finally:
            self._asking.release()

    def _asked(self, within_s: float) -> bool:
        answered = self._answers(within_s)
        if answered:
            self.heard()
        else:
            self._unanswered = time.monotonic()
        return answered
