"""What changes under an open page, as a stream of server-sent events.

A stream tells how an index run goes on (HTML that the page swaps in) and, as event ``generation``, that other people
went live; the page then asks for its answer again. Each such event has the new generation as its id, so a page whose
connection was gone asks with what it saw last (``Last-Event-ID``) and misses nothing.

Each open stream takes one of the server's threads. Half of them at most are given away; beyond that a stream ends at
once and tells the page to come back in some seconds, which is polling by the same address.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from typing import TYPE_CHECKING

from techfinder_webui.contexts import LivePart
from techfinder_webui.pages import live_token

if TYPE_CHECKING:
    from techfinder import LiveState
    from techfinder.finder import Finder
    from techfinder.runs import RunProgress

__all__ = ["LiveEvents", "live_part"]

_LOOK_S = 0.5
_BEAT_S = 10.0
_LONGEST_S = 300.0
_SOON_MS = 1000
_POLL_MS = 5000
_TOLD_S = 60.0
"""For so long the end of a run is told to pages that are opened after it."""

Render = Callable[[LivePart], str]


class LiveEvents:
    """Makes streams for open pages. Safe for many threads."""

    def __init__(self, finder: Finder) -> None:
        """Prepare; nothing is looked at yet."""
        self._finder = finder
        self._slots = threading.BoundedSemaphore(max(1, finder.settings.threads // 2))
        self._lock = threading.Lock()
        self._looked = -_LOOK_S
        self._state: LiveState | None = None

    def stream(self, seen: str, render: Render) -> Iterator[str]:
        """Events for one page, until the server stops or some minutes are over; the page then comes again.

        Args:
            seen: The generation that the page shows (:func:`techfinder_webui.pages.live_token`).
            render: The HTML of a part.
        """
        if not self._slots.acquire(blocking=False):
            yield f"retry: {_POLL_MS}\n\n"
            yield from _Watched(self._now, seen, render, told=None).changes()
            return
        try:
            yield f"retry: {_SOON_MS}\n\n"
            yield from self._watched(_Watched(self._now, seen, render, told=""))
        finally:
            self._slots.release()

    def _watched(self, watched: _Watched) -> Iterator[str]:
        quiet_since = time.monotonic()
        end = quiet_since + _LONGEST_S
        while time.monotonic() < end:
            events = watched.changes()
            if not events and time.monotonic() - quiet_since > _BEAT_S:
                events = [": still there\n\n"]  # finds out whether somebody still listens
            if events:
                quiet_since = time.monotonic()
                yield from events
            if self._finder.stopping.wait(_LOOK_S):
                return

    def _now(self) -> LiveState:
        """The state, looked at no more than twice a second for however many streams."""
        with self._lock:
            if self._state is None or time.monotonic() - self._looked > _LOOK_S / 2:
                self._state, self._looked = self._finder.live_state(), time.monotonic()
            return self._state


class _Watched:
    """What one page has seen and been told. `told` None tells it in any case, to clear what a page may show."""

    def __init__(self, look: Callable[[], LiveState], seen: str, render: Render, told: str | None) -> None:
        self._look, self._seen, self._render, self._told = look, seen, render, told
        self._was_there = False

    def changes(self) -> list[str]:
        """The events since the last call."""
        state = self._look()
        token = live_token(state.generation)
        events = []
        if state.generation is not None and token != self._seen:
            events.append(_event(token, id=token, event="generation"))
            self._seen, self._was_there = token, True
        # The end of a run is news only to a page that was open before it.
        self._was_there |= state.run is not None and state.run.state == "running"
        html = self._render(live_part(state) if self._was_there else LivePart("")).strip()
        if html != self._told:
            events.append(_event(html))
            self._told = html
        return events


def live_part(state: LiveState) -> LivePart:
    """What is to be said of indexing; an empty text when there is nothing."""
    run = state.run
    if run is None:
        return LivePart("")
    match run.state:
        case "running":
            return LivePart(_progress_words(run), share=_share(run))
        case "done" if state.generation is not None and run.generation == state.generation.number and _is_recent(run):
            number, points = state.generation.number, state.generation.points
            return LivePart(f"New data: generation {number} with {points:,} people is live.", "done")
        case "failed" | "interrupted" if _is_recent(run):
            return LivePart(f"Indexing {run.source} stopped: {run.message}", "error")
    return LivePart("")


def _progress_words(run: RunProgress) -> str:
    doing = {"reading": "Reading", "encoding": "Indexing", "building": "Building the index of"}.get(
        run.phase, "Indexing"
    )
    of = f" of {run.total:,}" if run.total else ""
    return f"{doing} {run.source}: {run.done:,}{of} rows"


def _share(run: RunProgress) -> float | None:
    return min(100.0, round(100 * run.done / run.total, 1)) if run.total else None


def _is_recent(run: RunProgress) -> bool:
    try:
        age = datetime.now(UTC) - datetime.fromisoformat(run.updated_at)
    except ValueError:
        return False
    return age.total_seconds() < _TOLD_S


def _event(data: str, **fields: str) -> str:
    lines = [f"{name}: {value}" for name, value in fields.items()]
    return "\n".join([*lines, *(f"data: {line}" for line in data.splitlines() or [""])]) + "\n\n"
