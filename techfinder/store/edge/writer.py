"""Building the next generation of a collection of the embedded store."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

from techfinder.errors import StoreError
from techfinder.models import GenerationInfo
from techfinder.store.edge.channel import PreparedCall, ProcessDied, StoreProcess
from techfinder.store.edge.generations import Sealed
from techfinder.store.edge.packing import PackedPoints
from techfinder.store.fingerprints import info_of
from techfinder.store.folders import allocated_bytes, remove_folder
from techfinder.store.graph import GRAPH_FROM, INDEXED_FROM, unsound
from techfinder.store.points import check_points

if TYPE_CHECKING:
    from techfinder.interfaces import CollectionSpec, Point
    from techfinder.store.edge.generations import Generations, WriteLock

__all__ = ["EdgeWriter", "FreeSpace"]

FreeSpace = Callable[[Path], tuple[int, int]]
"""Free and total bytes of the disk that a folder is on."""

_BATCH = 1000
_VALUE_BYTES = 64
_KEPT_FREE_SHARE, _KEPT_FREE_BYTES = 0.05, 200 << 20


class EdgeWriter:
    """The ``Writer`` contract on Qdrant Edge. For one thread at a time.

    The work is done by a process of its own, at low priority, while the caller goes on; if it dies or
    cannot write, this call or the next one raises StoreError, and the live generation is as it was.

    Attributes:
        base: The generation that this one starts from.
        pid: Process id of the builder.
        resumed: 0; a build that was broken off is begun anew.
    """

    resumed = 0

    def __init__(
        self,
        generations: Generations,
        spec: CollectionSpec,
        base: Sealed | None,
        lock: WriteLock,
        free_space: FreeSpace,
        nice: int,
        keep: int,
        int8: bool = False,
        indexed_from: int = INDEXED_FROM,
    ) -> None:
        """Sweep leftovers, copy the base, start the builder. `lock` is held from here on.

        Raises:
            StoreError: No space for a copy of the base, or the builder died.
            StoreDamaged: The base cannot be opened.
        """
        self.base = base.info if base else None
        self._generations, self._spec, self._lock = generations, spec, lock
        self._free_space, self._nice, self._keep = free_space, nice, keep
        self._indexed_from = indexed_from
        self._sealed: Sealed | None = None
        self._published = False
        self._failed = ""
        self._number, self._folder = generations.begin()
        try:
            with self._building():
                self._process = self._start(base, int8)
        except BaseException:
            remove_folder(self._folder)
            raise
        self.pid = self._process.pid

    def _start(self, base: Sealed | None, int8: bool) -> StoreProcess:
        self._check_space(allocated_bytes(base.folder) if base else 0, "copying the last generation")
        return StoreProcess(
            "build",
            timeout_s=3600.0,
            folder=self._folder,
            base=base.folder if base else None,
            dim=self._spec.dim,
            attributes=dict(self._spec.attributes),
            int8=int8,
            nice=self._nice,
            indexed_from=self._indexed_from,
        )

    def upsert(self, points: Sequence[Point]) -> None:
        """Write points; those without a vector keep the stored one. Returns while the last of them are written.

        Raises:
            DimensionMismatch: A vector is not of the collection's length.
            StoreError: A value or vector cannot be stored, a point without vector is not stored
                yet, the disk is nearly full, or the builder died.
        """
        spec = self._spec
        stored = check_points(points, spec.dim, spec.similarity, spec.attributes)
        for start in range(0, len(stored), _BATCH):
            batch = stored[start : start + _BATCH]
            self._check_space(self._estimate(len(batch)), f"writing {len(batch)} points")
            self._write(PackedPoints.of(batch))

    def _write(self, points: PackedPoints) -> None:
        call = PreparedCall.of("upsert", points=points)
        with self._building():
            self._settle()
            self._process.begin(call)
            if not points.whole:  # their vectors may not be stored: that must be told at once, and ends no build
                self._process.result()

    def _settle(self) -> None:
        """Return once all that was sent is written. Raises StoreError when it was not: this build is lost then."""
        if not self._process.begun:
            return
        try:
            self._process.result()
        except ProcessDied:
            raise
        except BaseException as error:  # whatever comes between an answer and who waits for it
            self._failed = f"points could not be written ({str(error) or type(error).__name__})"
            raise

    def delete(self, ids: Iterable[str]) -> None:
        """Remove profiles; unknown ids are ignored."""
        wanted = list(ids)
        with self._building():
            self._settle()
            for start in range(0, len(wanted), _BATCH):
                self._process.call("delete", ids=wanted[start : start + _BATCH])

    def seal(self) -> GenerationInfo:
        """Build the graph, reopen everything in a new process, and compare with what was written.

        Raises:
            StoreError: What is stored is not what was written, the disk is nearly full, or a
                process died.
        """
        if self._sealed is not None:
            return self._sealed.info
        self._check_space(allocated_bytes(self._folder), "building the graph")
        with self._building():
            self._settle()
            points, digest = self._process.call("finish")
            self._process.close()
            found, found_digest, columns, exact = self._inspect()
        if (points, digest) != (found, found_digest):
            self._failed = f"{found} points with digest {found_digest} are stored, {points} with {digest} were written"
            raise StoreError(
                f"Collection {self._spec.name!r}: {self._failed}. Nothing went live. `techfinder store check` tells "
                "whether what is live is sound; if it is, start again."
            )
        self._sealed = Sealed.write(
            info_of(self._spec, self._number, points, digest, exact), self._spec.attributes, columns, self._folder
        )
        return self._sealed.info

    def publish(self) -> GenerationInfo:
        """Make the sealed generation live.

        Raises StoreError when it is not sealed yet, or when ``base`` is live no more.
        """
        if self._sealed is None:
            raise StoreError(f"Collection {self._spec.name!r}: nothing is sealed. Call seal() before publish().")
        if not self._published:
            self._generations.publish(self._sealed, self._keep, self.base.number if self.base else None)
            self._published = True
            self.discard()
        return self._sealed.info

    def discard(self) -> None:
        """Drop what was built and free the lock. Harmless after ``publish`` or a second time."""
        self._process.kill()
        remove_folder(self._folder)
        self._lock.release()
        self._failed = self._failed or ("it is published" if self._published else "it was discarded")

    def suspend(self) -> None:
        """The same as :meth:`discard`."""
        self.discard()

    def _inspect(self) -> tuple[int, str, str, bool]:
        """Count, digest and digest of the columns of what is stored, and whether it must be searched exactly."""
        spec = self._spec
        process = StoreProcess(
            "inspect", folder=self._folder, dim=spec.dim, attributes=dict(spec.attributes), nice=self._nice
        )
        try:
            points, digest, columns = process.call("write_columns")
            graph = points >= GRAPH_FROM or (self.base is not None and self.base.exact)  # one is kept by fewer points
            exact = graph and unsound(process.call("recall"), spec.name)
        finally:
            process.close()
        return points, digest, columns, exact

    @contextmanager
    def _building(self) -> Iterator[None]:
        if self._failed or self._sealed:
            state = self._failed or "it is sealed"
            raise StoreError(f"Collection {self._spec.name!r}: this build takes no more: {state}. Start a new one.")
        try:
            yield
        except ProcessDied as error:
            self._failed = f"its process died ({error})"
            raise StoreError(
                f"Building collection {self._spec.name!r} failed: {error} The live generation is untouched. "
                "A full disk or too little memory is the usual cause: make room, then start again."
            ) from error

    def _estimate(self, points: int) -> int:
        return points * (self._spec.dim * 4 + (len(self._spec.attributes) + 8) * _VALUE_BYTES)

    def _check_space(self, needed: int, doing: str) -> None:
        free, total = self._free_space(self._folder)
        reserve = min(int(total * _KEPT_FREE_SHARE), _KEPT_FREE_BYTES)
        if free < max(2 * needed, reserve):
            raise StoreError(
                f"Collection {self._spec.name!r}: too little disk space for {doing}: {free >> 20} MB free, "
                f"{max(2 * needed, reserve) >> 20} MB wanted on the disk of {self._generations.root}. Make room there, "
                "or take another home (TECHFINDER_HOME), then try again. What was live is live still."
            )
