"""The embedded store: collections as folders of generations, each read by a process of its own."""

from __future__ import annotations

import logging
import threading
from typing import TYPE_CHECKING

import numpy as np

from techfinder.errors import StoreDamaged, StoreError, StoreUnavailable
from techfinder.interfaces import Ledger, Point, Scan
from techfinder.setting_files import make_home
from techfinder.store.columns import Columns
from techfinder.store.edge.adopting import Adopted
from techfinder.store.edge.channel import ProcessDied, StoreProcess
from techfinder.store.edge.collection import EdgeCollection
from techfinder.store.edge.generations import INFO, Generations, Sealed, WriteLock, free_bytes
from techfinder.store.edge.writer import EdgeWriter, FreeSpace
from techfinder.store.fingerprints import refuse_other_kind, spec_of
from techfinder.store.folders import allocated_bytes
from techfinder.store.graph import INDEXED_FROM
from techfinder.store.points import StoredBatch, point_id, to_points

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence
    from uuid import UUID

    from techfinder.interfaces import CollectionSpec
    from techfinder.models import GenerationInfo
    from techfinder.settings import Settings

__all__ = ["EdgeStore"]

_log = logging.getLogger(__name__)
_PAGE = 1000


class EdgeStore:
    """The ``Store`` contract on Qdrant Edge, below ``<home>/store``."""

    def __init__(
        self, settings: Settings, free_space: FreeSpace = free_bytes, indexed_from: int = INDEXED_FROM
    ) -> None:
        """Open nothing yet.

        Args:
            settings: ``home``, ``store_timeout_s``, ``nice`` and ``keep_generations`` are used.
            free_space: How to measure the disk.
            indexed_from: Points from which there are payload indexes.
        """
        self._settings, self._free_space, self._indexed_from = settings, free_space, indexed_from
        self._root = settings.home / "store"
        self._lock = threading.Lock()
        self._readers: list[EdgeCollection] = []

    def collections(self) -> list[GenerationInfo]:
        """The live generation of every collection, by name; :meth:`damaged` names those left out."""
        found = []
        for generations in self._all():
            try:
                live = generations.live()
            except StoreError as error:
                _log.info("Collection %r is left out: %s", generations.collection, error)
                continue
            if live is not None:
                found.append(live.info)
        return found

    def damaged(self) -> dict[str, str]:
        """What a cheap look finds wrong with a live generation, and the way out: a message by collection."""
        found = {}
        for generations in self._all():
            try:
                with generations.advising():
                    generations.read_live(Sealed.check)
            except StoreError as error:
                found[generations.collection] = str(error)
        return found

    def way_out(self, collection: str) -> str:
        """What to do when the live generation is damaged, as sentences that name the commands."""
        return self._of(collection).way_out()

    def generations(self, collection: str) -> list[GenerationInfo]:
        """All sealed generations kept, oldest first."""
        return [s.info for s in self._of(collection).kept()]

    def open(self, collection: str, ready: Callable[[GenerationInfo], None] | None = None) -> EdgeCollection:
        """A reader; see ``Store.open``. Raises CollectionNotFound when no generation is live, and StoreDamaged."""
        reader = EdgeCollection(self._of(collection), self._settings.store_timeout_s, ready)
        with self._lock:
            self._readers.append(reader)
        return reader

    def ledger(self, collection: str) -> Ledger:
        """What the live generation holds, without vectors and payload; empty when there is none.

        Raises StoreDamaged.
        """
        generations = self._of(collection)
        with generations.advising():
            return generations.read_live(_read_ledger) or Ledger((), np.empty(0, dtype=np.int64), (), ())

    def scan(self, collection: str) -> Scan:
        """The live generation, to be read as a whole. Raises CollectionNotFound, StoreDamaged."""
        generations = self._of(collection)
        with generations.advising():
            sealed = generations.opened()
        return Scan(sealed.info, spec_of(sealed.info, sealed.attributes), lambda after: self._scan(sealed, after))

    def _scan(self, sealed: Sealed, after: str) -> Iterator[Sequence[Point]]:
        """Pages of a generation. What is open outlives its name, so it is whole even if it is dropped meanwhile."""
        last = point_id(after) if after else None
        try:
            process = self._inspector(sealed)
        except StoreError as error:
            if (sealed.folder / INFO).is_file():
                raise
            raise StoreError(
                f"Generation {sealed.info.number} of collection {sealed.info.collection!r} was removed before it could "
                "be read: newer ones went live. Run the same command again."
            ) from error
        try:
            start: UUID | None = last
            while True:
                batch, start = process.call("page", start=start, size=_PAGE)
                if points := to_points(_without(batch, last)):
                    yield points
                if start is None:
                    return
        finally:
            process.close()

    def sealed(self, collection: str) -> Sealed:
        """The live generation's files. Raises CollectionNotFound, StoreDamaged."""
        generations = self._of(collection)
        with generations.advising():
            sealed = generations.opened()
            sealed.check()
            return sealed

    def adopt(self, sealed: Sealed) -> Adopted:
        """Take over a generation that was sealed elsewhere on the same disk: its folder moves. Raises StoreError."""
        self._make_root()
        lock = WriteLock(self._root, sealed.info.collection)
        try:
            return Adopted(self._of(sealed.info.collection), sealed, lock, self._settings.keep_generations)
        except BaseException:
            lock.release()
            raise

    def write(self, spec: CollectionSpec, fresh: bool = False, copy_of: str = "") -> EdgeWriter:
        """A writer on the live generation, or an empty one; see ``Store.write``. A copy starts anew each time."""
        generations = self._of(spec.name)
        self._make_root()
        lock = WriteLock(self._root, spec.name)
        try:
            settings = self._settings
            with generations.advising():
                base = None if fresh or copy_of else generations.live()
                if base is not None:
                    refuse_other_kind(spec, base.info, base.attributes)
                    base.check()
                return EdgeWriter(
                    generations,
                    spec,
                    base,
                    lock,
                    self._free_space,
                    nice=settings.nice,
                    keep=settings.keep_generations,
                    int8=settings.quantization == "int8",
                    indexed_from=self._indexed_from,
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
        Raises CollectionNotFound, and StoreError where the system does not let it read.
        """
        generations = self._of(collection)
        try:
            if generations.read_live(self._compare) is None:
                raise generations.missing()
        except _Differing as error:
            return error.problems
        except StoreDamaged as error:
            return [str(error).rstrip(".")]
        return []

    def _compare(self, sealed: Sealed) -> bool:
        """True; raises StoreDamaged where the generation is not what was sealed."""
        sealed.check()
        try:
            problems = self._inspect(sealed)
        except StoreError as error:
            if isinstance(error, StoreUnavailable) and not isinstance(error, ProcessDied):
                raise
            raise StoreDamaged(f"{sealed.folder} cannot be read: {error}") from error
        if problems:
            raise _Differing(problems)
        return True

    def _inspect(self, sealed: Sealed) -> list[str]:
        process = self._inspector(sealed)
        try:
            return list(process.call("compare", columns_digest=sealed.columns, exact=sealed.info.exact))
        finally:
            process.close()

    def _inspector(self, sealed: Sealed) -> StoreProcess:
        return StoreProcess(
            "inspect",
            folder=sealed.folder,
            dim=sealed.info.dim,
            attributes=dict(sealed.attributes),
            nice=self._settings.nice,
        )

    def place(self) -> str:
        """The folder of the store."""
        return str(self._root)

    def disk_bytes(self, collection: str) -> dict[int, int]:
        """Disk space by number of the generations kept, holes not counted."""
        return {s.info.number: allocated_bytes(s.folder) for s in self._of(collection).kept()}

    def close(self) -> None:
        """Close every reader that came from here."""
        with self._lock:
            readers, self._readers = self._readers, []
        for reader in readers:
            reader.close()

    def _make_root(self) -> None:
        make_home(self._root.parent)
        self._root.mkdir(exist_ok=True)

    def _of(self, collection: str) -> Generations:
        return Generations(self._root, collection)

    def _all(self) -> list[Generations]:
        if self._root.exists() and not self._root.is_dir():
            raise StoreError(f"{self._root} is a file, where the folder of the store should be. Move it away.")
        folders = sorted(self._root.iterdir()) if self._root.is_dir() else []
        return [self._of(f.name) for f in folders if f.is_dir() and not f.name.startswith(".")]


class _Differing(StoreDamaged):
    """What a comparison found."""

    def __init__(self, problems: list[str]) -> None:
        super().__init__("; ".join(problems))
        self.problems = problems


def _without(batch: StoredBatch, last: UUID | None) -> StoredBatch:
    """The batch without the point that the page before it ended with."""
    if not batch.ids or batch.ids[0] != last:
        return batch
    return StoredBatch(batch.ids[1:], batch.payloads[1:], batch.vectors[1:])


def _read_ledger(sealed: Sealed) -> Ledger:
    return Columns(sealed.folder / "columns").ledger()
