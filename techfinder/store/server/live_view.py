"""What answers for a collection on a server: a view that follows what is live.

Twice a second a call looks whether another generation went live or the live one was changed.
A change is read at once; another generation is made ready beside the old one, which answers
until then.
"""

from __future__ import annotations

import logging
import math
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import suppress
from dataclasses import replace
from typing import TYPE_CHECKING, Any, TypeVar

from techfinder.errors import CollectionNotFound, StoreDamaged, StoreError, StoreUnavailable
from techfinder.store.points import point_id
from techfinder.store.server.generations import builds_on
from techfinder.store.server.points import ServerPoints
from techfinder.store.server.views import Behind, View

if TYPE_CHECKING:
    from techfinder.models import GenerationInfo
    from techfinder.store.points import StoredBatch
    from techfinder.store.server.columns_cache import ColumnsCache
    from techfinder.store.server.connection import Server
    from techfinder.store.server.control import Control
    from techfinder.store.server.generations import ServerGenerations, Stored

__all__ = ["LiveView"]

_log = logging.getLogger(__name__)
_T = TypeVar("_T")

_LOOK_S = 0.5
"""How long an answer may lag behind what is live."""

_LOOK_WAIT_S = 2.0
"""How long a call waits for what is live; then what was read before answers."""

_BROKEN_S = 2.0
"""How long a change in place may go on before what there is of it is shown."""

_RETRY_SWITCH_S = 10.0
_TRIES = 4
_LAYER = 3000
"""Changed profiles that are kept beside the columns before these are written anew."""

_PAGE = 1000


class LiveView:
    """The view of a collection as it is, kept up with what its writers do. Any number of threads may ask."""

    def __init__(
        self,
        server: Server,
        control: Control,
        generations: ServerGenerations,
        cache: ColumnsCache,
        ready: Callable[[GenerationInfo], None] | None = None,
    ) -> None:
        """Read the live generation's columns, from the home folder or, the first time, from the server.

        `ready` is as for ``Store.open``.

        Raises:
            CollectionNotFound: None is live.
            StoreError: It does not hold what it was sealed with.
        """
        self._server, self._control, self._generations, self._cache = server, control, generations, cache
        self._ready = ready
        self._lock = threading.Lock()
        self._looking = threading.Lock()
        self._closed = False
        self._begun = (0, 0.0)  # revision of a change under way, and when to lose patience with it
        self._switch: threading.Thread | None = None
        self._switch_not_before = 0.0
        self._view = self._load(generations.opened())
        self._gone = False  # nothing is live, so that what was read before must not answer
        self._look_at = time.monotonic() + _LOOK_S

    def ask(self, question: Callable[[View], _T]) -> _T:
        """The answer of the view that is live.

        Args:
            question: Called within the time that one question may take; up to four times, each with a newer view,
                where points are gone from the one before or its Qdrant collection was dropped. Several threads
                may be in it at once: what they share of a view is under its lock.

        Raises:
            CollectionNotFound: Nothing is live any more.
            StoreUnavailable: The server gives no answer, or changes faster than it can be read, or this is closed.
            StoreDamaged: Points are missing that nobody of ours removed.
            StoreError: Columns that had to be made anew cannot be written or read.
        """
        for _ in range(_TRIES):
            view = self.current()
            try:
                with self._server.within():
                    return question(view)
            except Behind:
                self._view = self._freshest(view)
            except CollectionNotFound:  # its Qdrant collection was dropped; another one may be live
                self._view = self._load(self._generations.opened())
        if not self._generations.unchanged(view.stored):
            raise self._too_fast()
        raise StoreDamaged(
            f"Collection {self._generations.collection!r}: points are gone from {view.stored.place!r} on "
            f"{self._server.url}; something else removed or altered them. `techfinder store check` tells more; "
            "`techfinder index SOURCE --rebuild` makes them anew."
        )

    def current(self) -> View:
        """The view that answers now, after a look what is live where the last one is half a second old.

        A look waits two seconds at most; without an answer by then, the view is what was read before.

        Raises:
            CollectionNotFound: Nothing is live any more.
            StoreUnavailable: This is closed.
        """
        if self._closed:
            raise StoreUnavailable(f"Collection {self._generations.collection!r} is closed. Open it again.")
        if time.monotonic() >= self._look_at and self._looking.acquire(blocking=False):
            began = time.monotonic()
            try:
                self._look()
            finally:
                # A server that lets us wait is asked less often.
                self._look_at = time.monotonic() + max(_LOOK_S, 2 * (time.monotonic() - began))
                self._looking.release()
        if self._gone:
            raise CollectionNotFound(
                f"Collection {self._generations.collection!r} was dropped. "
                "Index something first: techfinder index SOURCE."
            )
        return self._view

    def close(self) -> None:
        """Stop looking; later calls raise StoreUnavailable."""
        with self._lock:
            self._closed = True
            switch = self._switch
        if switch is not None:
            switch.join()

    def look_now(self) -> None:
        """Let the next call look what is live."""
        self._look_at = 0.0

    def _too_fast(self) -> StoreUnavailable:
        return StoreUnavailable(
            f"Collection {self._generations.collection!r} changes faster than it can be read. Try again."
        )

    def _look(self) -> None:
        try:
            with self._server.within(_LOOK_WAIT_S):
                live = self._generations.live()
            if live is None:
                self._gone = True
                return
            if self._gone:
                self._view, self._gone = self._load(live), False
            self._follow(live)
            self._take_in_broken(live)
        except (StoreUnavailable, StoreDamaged) as error:
            _log.warning("%s Answering from what was read before.", error)

    def _follow(self, live: Stored) -> None:
        view = self._view
        other = anew = live.build != view.stored.build
        if not other and live.info.revision != view.stored.info.revision:
            caught_up = self._caught_up(live, view)
            self._view, anew = caught_up or view, caught_up is None
        if anew or len(self._view.changed) > _LAYER:
            self._start_switch(live, anew=not other)

    def _take_in_broken(self, live: Stored) -> None:
        """Read anew, once, whom a change is about that was begun and goes on for too long: its writer may be gone."""
        change, view, now = self._control.unfinished(live.build), self._view, time.monotonic()
        if change is None or live.build != view.stored.build:
            self._begun = (0, 0.0)
        elif change.revision != self._begun[0]:
            self._begun = (change.revision, now + _BROKEN_S)
        elif now >= self._begun[1]:
            self._begun = (change.revision, math.inf)
            self._view = self._freshest(view)
            _log.warning(
                "Collection %r: a change is not finished; showing what there is of it. If its writer is gone, the "
                "next index run finishes it.",
                live.info.collection,
            )

    def _freshest(self, view: View) -> View:
        """The view as of what is stored this moment, changes that are under way (or were broken off) included."""
        live = self._generations.opened()
        if live.build == view.stored.build:
            fresh = self._caught_up(live, view, begun=True)
            if fresh is not None:
                return fresh
        return self._load(live, anew=live.build == view.stored.build)

    def _start_switch(self, live: Stored, anew: bool) -> None:
        if self._switch is None and time.monotonic() >= self._switch_not_before:
            switch = threading.Thread(target=self._switch_over, args=(live, anew), daemon=True)
            with self._lock:
                try:
                    switch.start()
                except RuntimeError as error:  # the system gives no more threads
                    self._switch_later(error)
                else:
                    self._switch = switch

    def _switch_over(self, live: Stored, anew: bool) -> None:
        try:
            fresh = self._load(live, anew)
            if self._ready is not None:
                self._ready(fresh.stored.info)
            with self._looking:  # what a look has seen meanwhile must not be forgotten again
                now = self._generations.opened()
                caught_up = self._caught_up(now, fresh) if now.build == fresh.stored.build else None
                self._view = caught_up or fresh
            self._forget_dropped()
        except Exception as error:  # whatever it is, the old generation answers and a later try may work
            if not self._closed:  # closing breaks the reading off
                self._switch_later(error)
        with self._lock:
            self._switch = None

    def _forget_dropped(self) -> None:
        """Remove the columns of generations that are gone from the server: their writer may have another home."""
        cached = set(self._cache.builds())  # before the server is asked: what is written from now on stays
        with suppress(StoreError):
            self._cache.remove(cached - builds_on(self._server))

    def _switch_later(self, error: Exception) -> None:
        _log.error(
            "The new generation cannot be read, the old one goes on answering; next try in %g s: %s",
            _RETRY_SWITCH_S,
            error,
            exc_info=not isinstance(error, StoreError),
        )
        self._switch_not_before = time.monotonic() + _RETRY_SWITCH_S

    def _load(self, stored: Stored, anew: bool = False) -> View:
        """The view of a generation, its columns read from the cache or (asked for, or for want of them) made.

        Raises StoreDamaged when it does not hold as many as it should, and no change of ours explains it.
        """
        for _ in range(_TRIES):
            view = self._read(stored, anew)
            if view is not None and view.columns.points == stored.info.points:
                return view
            quiet = self._generations.unchanged(stored)
            if view is not None and quiet and anew:
                raise StoreDamaged(
                    f"Collection {stored.info.collection!r} holds {view.columns.points} points on the server, "
                    f"generation {stored.info.number} has {stored.info.points}. Something else wrote to "
                    f"{stored.place!r}. `techfinder store check` tells more; `techfinder index SOURCE --rebuild` "
                    "makes it anew."
                )
            # Columns that were changed while they were made can be caught up with; others are made anew.
            stored, anew = self._generations.opened(), quiet or view is None
        if view is None:
            raise self._too_fast()
        return view  # it changes all the time: what was read so far, and the next look goes on from there

    def _read(self, stored: Stored, anew: bool) -> View | None:
        """The view from columns; None when these are too old to be caught up with what is live."""
        points = ServerPoints(self._server, stored.place, stored.info.dim)
        kept = None if anew else self._cache.newest(stored.build, stored.info.revision)
        if kept is None:
            batches = self._while_open(points.scan(vectors=False))
            self._cache.write(stored.build, stored.info.revision, stored.attributes, batches)
            kept = self._cache.newest(stored.build, stored.info.revision)
        if kept is None:
            raise StoreError(f"The columns of {stored.place!r} were written and cannot be read. Check the disk.")
        revision, columns = kept
        read = replace(stored, info=replace(stored.info, revision=revision))
        return self._caught_up(stored, View(read, points, columns, {}), begun=True)

    def _while_open(self, batches: Iterator[StoredBatch]) -> Iterator[StoredBatch]:
        for batch in batches:
            if self._closed:
                raise StoreUnavailable(f"Collection {self._generations.collection!r} is closed.")
            yield batch

    def _caught_up(self, live: Stored, view: View, begun: bool = False) -> View | None:
        """A view of the same generation as of what is live.

        `begun` takes in what a change that is not done yet may have altered. None when the notes
        of some changes are missing: then nobody knows what to read anew.
        """
        now_at = live.info.revision
        since = min(view.stored.info.revision, now_at)
        changes = self._control.changes(live.build, since) if begun or now_at > since else []
        if not {c.revision for c in changes}.issuperset(range(since + 1, now_at + 1)):
            return None
        touched = list(dict.fromkeys(i for c in changes if begun or c.revision <= now_at for i in c.touched))
        now: dict[bytes, dict[str, Any]] = {}
        for start in range(0, len(touched), _PAGE):
            now |= view.points.payloads([point_id(i) for i in touched[start : start + _PAGE]])
        changed = view.changed | {i: now.get(point_id(i).bytes) for i in touched}
        return View(live, view.points, view.base, changed)
