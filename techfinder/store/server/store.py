"""The server store: collections on a Qdrant server, shared by all who know its address."""

from __future__ import annotations

import logging
import threading
import time
from typing import TYPE_CHECKING

import numpy as np

from techfinder.errors import CollectionNotFound, StoreDamaged, StoreError
from techfinder.interfaces import Ledger, Point, Scan
from techfinder.store.fingerprints import refuse_other_kind, spec_of
from techfinder.store.graph import sampled_recall
from techfinder.store.points import SYSTEM_KEYS, point_id, to_points
from techfinder.store.server.collection import ServerCollection
from techfinder.store.server.columns_cache import ColumnsCache
from techfinder.store.server.connection import Server, ServerOptions
from techfinder.store.server.control import CONTROL, LEASE_S, Control
from techfinder.store.server.generations import ServerGenerations, Stored, live_everywhere
from techfinder.store.server.live_view import LiveView
from techfinder.store.server.points import ServerPoints
from techfinder.store.server.writer import ServerWriter, WriterOptions, finish_change
from techfinder.store.tally import Tally

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

    from techfinder.interfaces import CollectionSpec
    from techfinder.models import GenerationInfo
    from techfinder.settings import Settings
    from techfinder.store.points import StoredBatch

__all__ = ["ServerStore"]

_log = logging.getLogger(__name__)

_TRIES = 4
_POLL_S = 0.1
_BROKEN_S = 2.0
"""How long a change in place may go on before it counts as broken off."""


class ServerStore:
    """The ``Store`` contract on a Qdrant server. Columns are kept in the home folder."""

    def __init__(self, settings: Settings, url: str = "", lease_s: float = LEASE_S) -> None:
        """Connect to nothing yet.

        Args:
            settings: ``home``, ``keep_generations``, ``store_timeout_s`` and those of the server.
            url: Address to use instead of the setting.
            lease_s: How long a writer that was cut off keeps others out.

        Raises:
            StoreError: An address is no URL.
        """
        self._settings = settings
        self._server = Server(ServerOptions.of(settings, url))
        self._control = Control(self._server, lease_s)
        self._cache = ColumnsCache(settings.home)
        self._lock = threading.Lock()
        self._readers: list[ServerCollection] = []

    def collections(self) -> list[GenerationInfo]:
        """The live generation of every collection, by name."""
        return [s.info for s in live_everywhere(self._server, self._control)[0]]

    def generations(self, collection: str) -> list[GenerationInfo]:
        """All sealed generations kept, oldest first."""
        return [s.info for s in self._of(collection).kept()]

    def open(self, collection: str, ready: Callable[[GenerationInfo], None] | None = None) -> ServerCollection:
        """A reader; see ``Store.open``. Raises CollectionNotFound when no generation is live."""
        live = LiveView(self._server, self._control, self._of(collection), self._cache, ready)
        reader = ServerCollection(self._server, live)
        with self._lock:
            self._readers.append(reader)
        return reader

    def ledger(self, collection: str) -> Ledger:
        """What the live generation holds, without vectors and payload; empty when there is none."""
        live = self._of(collection).live()
        if live is None:
            return Ledger((), np.empty(0, dtype=np.int64), (), ())
        batches = self._points(live).scan(vectors=False, keys=SYSTEM_KEYS)
        rows = sorted((p["_ordinal"], p["_id"], p["_row"], p["_text"]) for b in batches for p in b.payloads)
        ordinals = np.array([r[0] for r in rows], dtype=np.int64)
        return Ledger(tuple(r[1] for r in rows), ordinals, tuple(r[2] for r in rows), tuple(r[3] for r in rows))

    def scan(self, collection: str) -> Scan:
        """The live generation, to be read as a whole. Raises CollectionNotFound, StoreDamaged."""
        live = self._of(collection).opened()
        return Scan(live.info, spec_of(live.info, live.attributes), lambda after: self._scan(live, after))

    def _scan(self, live: Stored, after: str) -> Iterator[Sequence[Point]]:
        last = point_id(after) if after else None
        for batch in self._unchanging(live, self._points(live).scan(start=last)):
            points = to_points(batch)
            if points and points[0].profile.id == after:
                del points[0]
            if points:
                yield points

    def _unchanging(self, live: Stored, batches: Iterator[StoredBatch]) -> Iterator[StoredBatch]:
        """The batches of a generation; raises StoreError when it was changed or removed before the last one."""
        name, number = live.info.collection, live.info.number
        try:
            yield from batches
            # In this order: a change that ends between the two has another revision by then.
            broken = self._control.unfinished(live.build) is not None
            now = self._of(name).at(live.place)
        except (CollectionNotFound, StoreDamaged) as error:
            raise StoreError(
                f"Collection {name!r}: generation {number} could not be read to its end ({error}) Run the same "
                "command again."
            ) from error
        if broken or now.info != live.info:
            raise StoreError(
                f"Collection {name!r}: generation {number} is being changed, or was while it was read, so that what "
                "came of it does not fit together. Run the same command again; `techfinder store check` tells whether "
                "a change was broken off."
            )

    def write(self, spec: CollectionSpec, fresh: bool = False, copy_of: str = "") -> ServerWriter:
        """A writer on the live generation, or an empty one; see ``Store.write``."""
        generations = self._of(spec.name)
        fresh = fresh or bool(copy_of)
        _base(generations, fresh)  # a collection that is not ours is refused before anything is claimed
        lease = self._control.lease(spec.name)
        try:
            generations.sweep(copy_of)
            base = _base(generations, fresh)
            if base is not None:
                refuse_other_kind(spec, base.info, base.attributes)
                base = self._recovered(generations, base)
            keep = self._settings.keep_generations
            options = WriterOptions(keep, self._settings.quantization == "int8", self._look_now, copy_of)
            return ServerWriter(self._server, self._control, generations, spec, base, lease, self._cache, options)
        except BaseException:
            lease.release()
            raise

    def activate(self, collection: str, number: int) -> GenerationInfo:
        """Make a kept generation live again.

        Raises StoreError naming those that are kept, or the process that is writing.
        """
        generations = self._of(collection)
        with self._control.leased(collection):
            info = generations.activate(number).info
        self._look_now()
        return info

    def drop(self, collection: str) -> None:
        """Remove a collection and all its generations; nothing happens when there is none.

        Raises StoreError while it is being written, or when something else has its name.
        """
        generations = self._of(collection)
        with self._control.leased(collection):
            self._cache.remove(generations.remove())
        self._look_now()

    def verify(self, collection: str) -> list[str]:
        """What is wrong with the live generation, in words; empty when nothing is.

        Reads every point, vectors included; again when it was changed meanwhile.

        Raises:
            CollectionNotFound: None is live.
            StoreError: It was changed each time.
        """
        generations = self._of(collection)
        for _ in range(_TRIES):
            if self._broken_off(generations.opened().build):
                return ["a change was broken off: the next index run finishes it"]
            live = generations.opened()
            found = self._compared(live)
            if not found or generations.unchanged(live):
                return found
        raise StoreError(
            f"Collection {collection!r} was changed each time that it was compared. Check it again when no index run "
            "is going."
        )

    def _broken_off(self, build: str) -> bool:
        """Whether a change of a generation has begun and does not end within some seconds."""
        change, patience = self._control.unfinished(build), time.monotonic() + _BROKEN_S
        while change is not None and time.monotonic() < patience:
            time.sleep(_POLL_S)
            now = self._control.unfinished(build)
            change = now if now is not None and now.revision == change.revision else None
        return change is not None

    def _compared(self, live: Stored) -> list[str]:
        """In what the points differ from what was written, in words."""
        points, tally = self._points(live), Tally()
        for batch in points.scan():
            for _, _, digests in batch.digested():
                tally.note(None, digests)
        others = points.count() - tally.points
        if others > 0:
            return [f"points: {others} that techfinder did not write are stored beside {tally.points} of its own"]
        if tally.points != live.info.points:
            return [f"points: {tally.points} are stored, {live.info.points} were written"]
        if tally.digest != live.info.digest:
            return [f"points: digest {tally.digest} is stored, {live.info.digest} was written"]
        return [] if live.info.exact else sampled_recall(points).problems

    def damaged(self) -> dict[str, str]:
        """What a cheap look finds wrong with a live generation: a message by collection."""
        whole, found = live_everywhere(self._server, self._control)
        for live in whole:
            points, name = self._points(live).count(), live.info.collection
            if points != live.info.points and self._of(name).unchanged(live):
                found[name] = (
                    f"Collection {name!r} holds {points} points on the server, {live.info.points} were written. "
                    f"{self.way_out(name)}"
                )
        return found

    def way_out(self, collection: str) -> str:
        """What to do when the live generation is damaged, in words."""
        generations = self._of(collection)
        live = self._server.aliases().get(collection)
        others = [s.info.number for s in generations.kept() if s.place != live]
        again = "index everyone again with `techfinder index SOURCE --rebuild`"
        if not others:
            return f"Please {again}."
        return f"Make generation {others[-1]} live with `techfinder store switch {others[-1]}`, or {again}."

    def nodes(self) -> int:
        """How many nodes the cluster has; 1 for a server that is none."""
        return self._server.nodes()

    def replicas(self) -> dict[str, int]:
        """How many nodes hold each of our collections whole and ready, what is noted beside the people included."""
        return {name: self._server.replicas(name) for name in self._own_places()}

    def strict(self) -> dict[str, bool]:
        """Whether strict mode is on, by collection: of ours, what is noted beside the people included."""
        return {name: self._server.strict(name) for name in self._own_places()}

    @property
    def url(self) -> str:
        """The address that is asked first, without a password."""
        return self._server.url

    def place(self) -> str:
        """The address of the server, and its version."""
        return f"{self._server.url} (Qdrant {self._server.version()})"

    def disk_bytes(self, collection: str) -> dict[int, int]:
        """About how much the vectors and payloads of each generation take, where the server tells."""
        sizes = self._server.sizes()
        return {s.info.number: sizes[s.place] for s in self._of(collection).kept() if s.place in sizes}

    def close(self) -> None:
        """Close every reader that came from here, and the connection."""
        with self._lock:
            readers, self._readers = self._readers, []
        for reader in readers:
            reader.close()
        self._server.close()

    def _own_places(self) -> list[str]:
        """The Qdrant collections that are live, and the one for what is noted beside them."""
        live = [s.place for s in live_everywhere(self._server, self._control)[0]]
        return live + ([CONTROL] if CONTROL in self._server.names() else [])

    def _of(self, collection: str) -> ServerGenerations:
        return ServerGenerations(self._server, self._control, collection)

    def _points(self, stored: Stored) -> ServerPoints:
        return ServerPoints(self._server, stored.place, stored.info.dim)

    def _recovered(self, generations: ServerGenerations, live: Stored) -> Stored:
        """The live generation, after a change that a killed writer began has been taken into account."""
        change = self._control.unfinished(live.build)
        if change is None:
            return live
        _log.warning("Collection %r: finishing a change that was broken off.", live.info.collection)
        finish_change(self._server, generations, self._control, live, change)
        return generations.opened()

    def _look_now(self) -> None:
        with self._lock:
            for reader in self._readers:
                reader.look_now()


def _base(generations: ServerGenerations, fresh: bool) -> Stored | None:
    """What to start from; damage stops only those who need what is there."""
    try:
        live = generations.live()
    except StoreDamaged:
        if fresh:
            return None
        raise
    return None if fresh else live
