"""The embedded store: collections as folders of generations, each read by a process of its own."""

from __future__ import annotations

import logging
import threading
from typing import TYPE_CHECKING

import numpy as np

from techfinder.errors import FingerprintMismatch, StoreError
from techfinder.interfaces import Ledger
from techfinder.store.channel import StoreProcess
from techfinder.store.columns import Columns
from techfinder.store.edge_collection import EdgeCollection
from techfinder.store.edge_writer import EdgeWriter, FreeSpace
from techfinder.store.generations import Generations, Sealed, WriteLock, free_bytes

if TYPE_CHECKING:
    from techfinder.interfaces import CollectionSpec
    from techfinder.models import GenerationInfo
    from techfinder.settings import Settings

__all__ = ["EdgeStore"]

_log = logging.getLogger(__name__)


class EdgeStore:
    """The ``Store`` contract on Qdrant Edge, below ``<home>/store``."""

    def __init__(self, settings: Settings, free_space: FreeSpace = free_bytes) -> None:
        """Open nothing yet.

        Args:
            settings: ``home``, ``store_timeout_s``, ``nice`` and ``keep_generations`` are used.
            free_space: How to measure the disk.
        """
        self._settings, self._free_space = settings, free_space
        self._root = settings.home / "store"
        self._lock = threading.Lock()
        self._readers: list[EdgeCollection] = []

    def collections(self) -> list[GenerationInfo]:
        """The live generation of every collection, by name. One that cannot be read is logged and left out."""
        found = []
        for folder in sorted(self._root.iterdir()) if self._root.is_dir() else []:
            try:
                live = None if folder.name.startswith(".") else Generations(self._root, folder.name).live()
            except StoreError as error:
                _log.error("Collection %r is left out: %s", folder.name, error)
                continue
            if live is not None:
                found.append(live.info)
        return found

    def generations(self, collection: str) -> list[GenerationInfo]:
        """All sealed generations kept, oldest first."""
        return [s.info for s in self._of(collection).kept()]

    def open(self, collection: str) -> EdgeCollection:
        """A reader. Raises CollectionNotFound when no generation is live."""
        reader = EdgeCollection(self._of(collection), self._settings.store_timeout_s)
        with self._lock:
            self._readers.append(reader)
        return reader

    def ledger(self, collection: str) -> Ledger:
        """What the live generation holds, without vectors and payload; empty when there is none."""
        live = self._of(collection).live()
        if live is None:
            return Ledger((), np.empty(0, dtype=np.int64), (), ())
        return Columns(live.folder / "columns").ledger()

    def write(self, spec: CollectionSpec, fresh: bool = False) -> EdgeWriter:
        """A writer on the live generation, or an empty one; see ``Store.write``."""
        generations = self._of(spec.name)
        self._root.mkdir(parents=True, exist_ok=True)
        lock = WriteLock(self._root, spec.name)
        try:
            base = None if fresh else generations.live()
            if base is not None:
                _refuse_other_kind(spec, base)
            settings = self._settings
            return EdgeWriter(
                generations, spec, base, lock, self._free_space, nice=settings.nice, keep=settings.keep_generations
            )
        except BaseException:
            lock.release()
            raise

    def activate(self, collection: str, number: int) -> GenerationInfo:
        """Make a kept generation live again.

        Raises StoreError naming those that are kept, or the process that is writing: what that
        one makes would not hold what was activated.
        """
        generations = self._of(collection)
        lock = WriteLock(self._root, collection)
        try:
            return generations.activate(number).info
        finally:
            lock.release()

    def drop(self, collection: str) -> None:
        """Remove a collection and all its generations; nothing happens when there is none.

        Raises StoreError while it is being written.
        """
        generations = self._of(collection)
        if not self._root.is_dir():
            return
        lock = WriteLock(self._root, collection)
        try:
            generations.remove()
        finally:
            lock.release()

    def verify(self, collection: str) -> list[str]:
        """What is wrong with the live generation, in words; empty when nothing is.

        Reads every point and every column file, and compares them with what was sealed.
        Raises CollectionNotFound.
        """
        sealed = self._of(collection).opened()
        try:
            process = StoreProcess(
                "inspect",
                folder=sealed.folder,
                dim=sealed.info.dim,
                attributes=dict(sealed.attributes),
                nice=self._settings.nice,
            )
        except StoreError as error:
            return [f"shard: cannot be opened: {error}"]
        try:
            return list(process.call("compare", columns_digest=sealed.columns))
        except StoreError as error:
            return [f"cannot be read: {error}"]
        finally:
            process.close()

    def close(self) -> None:
        """Close every reader that came from here."""
        with self._lock:
            readers, self._readers = self._readers, []
        for reader in readers:
            reader.close()

    def _of(self, collection: str) -> Generations:
        return Generations(self._root, collection)


def _refuse_other_kind(spec: CollectionSpec, base: Sealed) -> None:
    facts = ("dim", "similarity", "encoder", "template", "schema")
    differing = [
        f"{f}: {getattr(base.info, f)!r} there, {getattr(spec, f)!r} now"
        for f in facts
        if getattr(base.info, f) != getattr(spec, f)
    ]
    if dict(spec.attributes) != dict(base.attributes):
        changed = sorted(set(spec.attributes.items()) ^ set(base.attributes.items()))
        differing.append(f"attributes: {', '.join(dict.fromkeys(k for k, _ in changed[:10]))}")
    if differing:
        raise FingerprintMismatch(
            f"Collection {spec.name!r} was built differently ({'; '.join(differing)}). "
            "Index again with --rebuild, or use the settings that it was built with."
        )
