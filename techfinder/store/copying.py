"""Copying a collection from one store to another, point by point, to be repeated where it broke off.

The copy is a new generation of the target, built beside what is live there. It goes live in one
step, once everything was read back and its digest is the source's. So it does not matter what a
killed copy has left: it saves time if it is right, and is found out if it is not.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Generator, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from dataclasses import asdict, dataclass
from hashlib import blake2b
from pathlib import Path
from typing import TYPE_CHECKING

from techfinder.errors import CollectionNotFound, StoreDamaged, StoreError, StoreUnavailable
from techfinder.store.copy_spool import CopySpool

if TYPE_CHECKING:
    from techfinder.interfaces import Point, Scan, Store, Writer
    from techfinder.models import GenerationInfo

__all__ = ["Copied", "CopyJob"]

_log = logging.getLogger(__name__)
_SPOOLED = 2000
"""Points by file of the spool: what a kill costs at most."""


@dataclass(frozen=True, slots=True)
class Copied:
    """What has come of a copy.

    Attributes:
        info: The generation that is live in the target now.
        points: Points that were copied; 0 when the same were there already.
        resumed: How many of them an earlier copy had brought over.
    """

    info: GenerationInfo
    points: int
    resumed: int


@dataclass(frozen=True, slots=True)
class CopyJob:
    """A copy to be made.

    Attributes:
        source, target: The stores.
        collection: Its name, in both.
        spool: Folder for points that were read; None keeps none. For targets that begin anew each time.
        confirm: Called with what is live in the target and would be replaced; may raise.
        watch: Called with the points done and those that there are.
    """

    source: Store
    target: Store
    collection: str
    spool: Path | None
    confirm: Callable[[GenerationInfo], None]
    watch: Callable[[int, int], None]

    def run(self) -> Copied:
        """Make the copy live in the target; when it holds the same already, do nothing.

        Raises:
            CollectionNotFound: The source has no such collection.
            StoreUnavailable: One side gave no answer; the next run goes on where this one ended.
            StoreError: The source changed meanwhile, or is damaged, or the target cannot be written.
        """
        scan = self.source.scan(self.collection)
        spool = CopySpool(self.spool / self.collection / _content(scan)) if self.spool else None
        live = self._live()
        if live is not None and _content(live) == _content(scan):
            if spool:
                spool.remove()
            return Copied(live.info, 0, 0)
        if live is not None:
            self.confirm(live.info)
        try:
            return self._attempt(scan, spool)
        except _WrongStart as error:
            _log.warning("What an earlier copy had left was of no use, starting over. %s", error)
            return self._attempt(scan, spool)

    def _live(self) -> Scan | None:
        try:
            return self.target.scan(self.collection)
        except (CollectionNotFound, StoreDamaged):  # what is damaged is kept aside like any older generation
            return None

    def _attempt(self, scan: Scan, spool: CopySpool | None) -> Copied:
        try:
            info, resumed = self._written(scan, spool)
        except StoreUnavailable as error:
            raise StoreUnavailable(
                f"{error} Nothing went live; the same command goes on where this one ended."
            ) from error
        if spool:
            spool.remove()
        return Copied(info, info.points, resumed)

    def _written(self, scan: Scan, spool: CopySpool | None) -> tuple[GenerationInfo, int]:
        """What is live in the target now, and how many of its points an earlier copy had brought over."""
        writer = self.target.write(scan.spec, copy_of=_content(scan))
        sealed, resumed = False, 0
        try:
            read = self._fill(writer, scan, spool)
            resumed = max(writer.resumed, read)
            self._seal(writer, scan, spool, resumed)
            sealed = True
            return writer.publish(), resumed
        except KeyboardInterrupt:
            live = self._live() if sealed else None
            if live is None or _content(live) != _content(scan):
                raise
            return live.info, resumed  # too late to stop: it is live
        finally:
            writer.suspend()

    def _fill(self, writer: Writer, scan: Scan, spool: CopySpool | None) -> int:
        """Write all points. Returns how many of them came from the spool."""
        reading = _Reading(scan, spool)
        done, total = 0, scan.info.points
        self.watch(done, total)
        with closing(_ahead(reading.batches())) as ahead:
            for batch in ahead:
                writer.upsert(batch)
                done += len(batch)
                self.watch(done, total)
        return reading.kept

    def _seal(self, writer: Writer, scan: Scan, spool: CopySpool | None, resumed: int) -> None:
        """Raise StoreError unless the target holds what the source says that it does; _WrongStart to begin anew."""
        try:
            found = writer.seal()
            if (found.points, found.digest) != (scan.info.points, scan.info.digest):
                raise StoreError(
                    f"Collection {self.collection!r}: {found.points} points with digest {found.digest} came over, the "
                    f"source was sealed with {scan.info.points} and {scan.info.digest}. Nothing went live. "
                    "`techfinder store check` on the source tells what is wrong with it."
                )
        except StoreUnavailable:
            raise
        except StoreError as error:
            if isinstance(error.__cause__, StoreUnavailable):  # nothing was compared
                raise
            writer.discard()
            if spool:
                spool.remove()
            if resumed:
                raise _WrongStart(str(error)) from error
            raise


class _WrongStart(StoreError):
    """What an earlier copy had left does not belong to this one."""


class _Reading:
    """The points of a source; those of the spool first.

    Attributes:
        kept: How many came from the spool.
    """

    def __init__(self, scan: Scan, spool: CopySpool | None) -> None:
        self._scan, self._spool = scan, spool
        self.kept = 0

    def batches(self) -> Generator[Sequence[Point], None, None]:
        """All points, by point id."""
        last = ""
        for batch in self._spool.kept() if self._spool else ():
            self.kept += len(batch)
            last = batch[-1].profile.id
            yield batch
        batches = self._scan.points(last)
        yield from batches if self._spool is None else _spooled(batches, self._spool)


def _spooled(batches: Iterator[Sequence[Point]], spool: CopySpool) -> Iterator[Sequence[Point]]:
    pending: list[Point] = []
    for batch in batches:
        pending += batch
        yield batch
        if len(pending) >= _SPOOLED:
            spool.append(pending)
            pending = []


def _ahead(batches: Generator[Sequence[Point], None, None]) -> Generator[Sequence[Point], None, None]:
    """The batches, each read while the one before it is worked on. Closes them."""
    with ThreadPoolExecutor(1, "techfinder-copy") as reader:
        try:
            coming = reader.submit(next, batches, None)
            while (batch := coming.result()) is not None:
                coming = reader.submit(next, batches, None)
                yield batch
        finally:
            reader.submit(batches.close)  # there, as it may still be reading when an interrupt ends the wait for it


def _content(scan: Scan) -> str:
    """A text that is the same for the same points, built the same way."""
    facts = asdict(scan.spec)
    attributes = sorted(facts.pop("attributes").items())
    return blake2b(repr((scan.info.points, scan.info.digest, facts, attributes)).encode(), digest_size=16).hexdigest()
