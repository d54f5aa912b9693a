"""The encoders that questions go through: always the one that made the vectors that are searched.

What is live says which encoder that is. A process that serves keeps the last few loaded, so that going over to
another generation, or back, waits for nothing.
"""

from __future__ import annotations

import threading
from collections import OrderedDict
from collections.abc import Callable
from typing import TypeVar

from techfinder.encoding import CheckedEncoder
from techfinder.errors import (
    DimensionMismatch,
    EncoderError,
    FingerprintMismatch,
    StoreUnavailable,
    TechfinderError,
)
from techfinder.interfaces import Collection, EncoderEntry
from techfinder.models import GenerationInfo
from techfinder.warmup import Warmup

__all__ = ["QueryEncoders"]

_T = TypeVar("_T")

_TRIES = 5
_KEPT = 2
"""Encoders that stay loaded: the one that answers, and the one to go back to."""


class QueryEncoders:
    """Warmups by fingerprint. Safe for many threads."""

    def __init__(self, find: Callable[[str], EncoderEntry | None], waiters: int) -> None:
        """Load nothing yet.

        Args:
            find: The entry of a fingerprint; None when nobody offers it.
            waiters: As for :class:`techfinder.warmup.Warmup`.
        """
        self._find, self._waiters = find, waiters
        self._lock = threading.Lock()
        self._warmups: OrderedDict[str, Warmup] = OrderedDict()

    def of(self, entry: EncoderEntry) -> Warmup:
        """The warmup of an encoder, begun or not."""
        with self._lock:
            fingerprint = entry.info.fingerprint
            if fingerprint not in self._warmups:
                self._warmups[fingerprint] = Warmup(lambda: entry, entry.info.name, self._waiters)
            self._warmups.move_to_end(fingerprint)
            while len(self._warmups) > _KEPT:
                self._warmups.popitem(last=False)
            return self._warmups[fingerprint]

    def selected(self, entry: Callable[[], EncoderEntry], name: str) -> Warmup:
        """The warmup of the encoder that settings name `name`; it fails with the reason where nobody offers it."""
        try:
            return self.of(entry())
        except TechfinderError:
            return Warmup(entry, name, self._waiters)

    def made(self, live: GenerationInfo) -> EncoderEntry | None:
        """The entry of the encoder that made a generation; None when nobody offers it."""
        return self._find(live.encoder)

    def ready(self, live: GenerationInfo, wait_s: float) -> CheckedEncoder | None:
        """The encoder of a generation once it is loaded, after up to `wait_s` seconds; else None.

        Raises:
            FingerprintMismatch: No plugin here offers it.
            EncoderError: It failed to load.
        """
        return self.of(self._required(live)).ready(wait_s)

    def loaded(self, live: GenerationInfo) -> CheckedEncoder:
        """The encoder of a generation, loaded now if need be. Raises FingerprintMismatch, EncoderError."""
        return self.of(self._required(live)).load()

    def answer(
        self,
        readable: Callable[[], Collection],
        wanted: bool,
        wait_s: float,
        ask: Callable[[Collection, CheckedEncoder | None], tuple[_T, GenerationInfo]],
    ) -> _T:
        """What `ask` answers with a question encoded by what encoded the generation that answered.

        Asked again where another generation went live in between.

        Args:
            readable: The collection to ask.
            wanted: Whether there is something to encode.
            wait_s: How long to wait for the encoder; None is handed on when it is not ready then.
            ask: Answers, and tells the one generation that its answer is from.

        Raises:
            FingerprintMismatch, EncoderError: As :meth:`ready`.
            StoreUnavailable: Generations of several encoders change faster than they can be asked.
        """
        for _ in range(_TRIES):
            live = readable()
            before = live.info()
            encoder = self.ready(before, wait_s) if wanted else None
            try:
                found, generation = ask(live, encoder)
            except DimensionMismatch:
                if live.info().encoder == before.encoder:
                    raise
                continue
            if encoder is None or generation.encoder == encoder.info.fingerprint:
                return found
        raise StoreUnavailable("What is live goes from one encoder to another faster than it can be asked. Try again.")

    def prepare(self, coming: GenerationInfo) -> None:
        """Return once questions of a generation that is to answer next can be encoded.

        A process that has encoded nothing yet waits for nothing: it loads the encoder when it is asked.

        Raises:
            FingerprintMismatch, EncoderError: They could not be.
        """
        with self._lock:
            in_use = any(w.state != "cold" for w in self._warmups.values())
        if not in_use:
            return
        entry = self._required(coming)
        try:
            self.of(entry).load()
        except EncoderError:
            with self._lock:
                self._warmups.pop(entry.info.fingerprint, None)  # the next try begins anew
            raise

    def _required(self, live: GenerationInfo) -> EncoderEntry:
        entry = self._find(live.encoder)
        if entry is None:
            raise FingerprintMismatch(
                f"Collection {live.collection!r} was encoded by {live.encoder}, which no plugin offers here: questions "
                "would be encoded by another one. Install or set up that encoder, or index "
                "again with --rebuild."
            )
        return entry
