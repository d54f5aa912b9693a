"""The encoder, loaded in the background while people already look around."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from typing import Literal

from techfinder.encoding import CheckedEncoder
from techfinder.errors import EncoderError, TechfinderError
from techfinder.interfaces import EncoderEntry

__all__ = ["EncoderState", "Warmup"]

_LONGEST_WAIT_S = 3600.0

EncoderState = Literal["cold", "loading", "ready", "failed"]


class Warmup:
    """Loads one encoder, once. Safe for many threads."""

    def __init__(self, entry: Callable[[], EncoderEntry], name: str, waiters: int) -> None:
        """Prepare; `entry` is called when loading begins.

        Args:
            entry: The encoder to load.
            name: Of it, for messages.
            waiters: How many calls of :meth:`ready` may wait at a time.
        """
        self._entry, self._name = entry, name
        self._lock = threading.Lock()
        self._encoder: CheckedEncoder | None = None
        self._error: EncoderError | None = None
        self._thread: threading.Thread | None = None
        self._began = 0.0
        self._waiters = threading.BoundedSemaphore(max(1, waiters))

    @property
    def state(self) -> EncoderState:
        """Whether it is ready; ``failed`` keeps its error for the next search."""
        if self._encoder is not None:
            return "ready"
        if self._error is not None:
            return "failed"
        return "loading" if self._thread is not None else "cold"

    @property
    def error(self) -> EncoderError | None:
        """Why it failed to load; None when it did not fail."""
        return self._error

    @property
    def loading_s(self) -> float:
        """For how many seconds it has been loading; 0.0 when it is not."""
        return time.monotonic() - self._began if self.state == "loading" else 0.0

    def start(self) -> None:
        """Begin loading in the background, unless it has begun already."""
        with self._lock:
            if self._thread is None:
                self._began = time.monotonic()
                self._thread = threading.Thread(target=self._load, name="encoder", daemon=True)
                self._thread.start()

    def load(self) -> CheckedEncoder:
        """The encoder, loaded now if need be. Raises EncoderError."""
        self.start()
        if self._thread is not None:
            self._thread.join()
        if self._encoder is None:
            raise self._error or EncoderError("The encoder did not load.")
        return self._encoder

    def ready(self, wait_s: float) -> CheckedEncoder | None:
        """The encoder once it is loaded, after up to `wait_s` seconds (at most an hour); else None.

        Raises:
            EncoderError: It failed to load.
        """
        self.start()
        if wait_s > 0 and self.state == "loading":
            self._wait(min(wait_s, _LONGEST_WAIT_S))
        if self._error is not None:
            raise self._error
        return self._encoder

    def _wait(self, limit_s: float) -> None:
        """Wait, unless enough others do already: they answer what needs no encoder."""
        if self._thread is None or not self._waiters.acquire(blocking=False):
            return
        try:
            self._thread.join(limit_s)
        finally:
            self._waiters.release()

    def _load(self) -> None:
        try:
            encoder = CheckedEncoder(self._entry())
            encoder.encode_query("warm up")
            self._encoder = encoder
        except TechfinderError as error:
            self._error = error if isinstance(error, EncoderError) else EncoderError(str(error))
        except BaseException as error:  # the thread's last chance to say what happened
            self._error = EncoderError(f"Encoder {self._name!r} failed: {error!r}")
