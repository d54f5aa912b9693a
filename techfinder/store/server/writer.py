"""Writing to a collection on a server: small changes in place, large ones as a new generation.

Changes of a live generation are gathered here until it is known how many there are. A few are
then made in place, within ``publish``; more than that, and a new collection is started with a
copy of the live one. Nothing of either is visible before ``publish``.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from techfinder.errors import StoreError
from techfinder.models import GenerationInfo
from techfinder.store.graph import GRAPH_FROM
from techfinder.store.points import StoredPoint, check_points, digest_of, point_id, vector_digest
from techfinder.store.server.build import Build, no_vector
from techfinder.store.server.control import Change
from techfinder.store.server.generations import Stored
from techfinder.store.server.points import ServerPoints
from techfinder.store.tally import Digests, Tally

if TYPE_CHECKING:
    from techfinder.interfaces import CollectionSpec, Point
    from techfinder.store.server.columns_cache import ColumnsCache
    from techfinder.store.server.connection import Server
    from techfinder.store.server.control import Control, Lease
    from techfinder.store.server.generations import ServerGenerations

__all__ = ["ServerWriter", "WriterOptions", "finish_change"]

_log = logging.getLogger(__name__)
_BATCH = 1000
IN_PLACE = 20_000
"""Changed profiles up to which a live generation is changed in place ..."""
IN_PLACE_SHARE = 0.1
"""... unless they are more than this share of it, and more than a thousand."""


@dataclass(frozen=True, slots=True)
class WriterOptions:
    """How a writer goes about it.

    Attributes:
        keep: Generations that are kept, the live one included.
        int8: Keep small vectors beside the whole ones in what is built from nothing.
        published: Called once something is live.
        copy_of: Of a copy, what it is a copy of: what is left of an unfinished one is gone on with.
    """

    keep: int
    int8: bool
    published: Callable[[], None]
    copy_of: str = ""


class ServerWriter:
    """The ``Writer`` contract on a Qdrant server. For one thread at a time.

    Attributes:
        base: The generation that this one starts from.
        resumed: Points of an unfinished copy that need not be sent again.
    """

    def __init__(
        self,
        server: Server,
        control: Control,
        generations: ServerGenerations,
        spec: CollectionSpec,
        base: Stored | None,
        lease: Lease,
        cache: ColumnsCache,
        options: WriterOptions,
    ) -> None:
        """Begin; `lease` is held from here on."""
        self.base = base.info if base else None
        self._server, self._control, self._generations, self._spec = server, control, generations, spec
        self._base, self._lease, self._cache, self._options = base, lease, cache, options
        self._build: Build | None = None
        self._staged: dict[str, StoredPoint | None] = {}
        self._sealed: Stored | None = None
        self._change: Change | None = None
        self._state = ""
        if base is None:
            self._build = Build(server, generations, spec, options.int8, options.copy_of)
        self.resumed = self._build.resumed if self._build else 0

    def upsert(self, points: Sequence[Point]) -> None:
        """Write points.

        Raises:
            DimensionMismatch, StoreError: A point does not fit the collection, or has no vector
                and none is stored; nothing of the call is written then.
        """
        spec = self._spec
        stored = check_points(points, spec.dim, spec.similarity, spec.attributes)
        with self._open():
            if self._build is None:
                self._stage(stored)
            else:
                self._build.upsert(stored)

    def delete(self, ids: Iterable[str]) -> None:
        """Remove profiles; unknown ids are ignored."""
        with self._open():
            if self._build is None:
                self._staged.update(dict.fromkeys(ids))
                self._outgrow()
            else:
                self._build.delete(list(ids))

    def seal(self) -> GenerationInfo:
        """Build the graph and compare everything with what was written; or count what a change in place makes.

        Raises:
            StoreError: What is stored is not what was written, or two points have one ordinal.
        """
        if self._sealed is None:
            with self._open():
                self._sealed = self._seal_change() if self._build is None else self._seal_build(self._build)
        return self._sealed.info

    def publish(self) -> GenerationInfo:
        """Make it the live generation; readers see it within a second.

        Raises StoreError when it is not sealed yet, or when ``base`` is live no more.
        """
        if self._sealed is None:
            raise StoreError(f"Collection {self._spec.name!r}: nothing is sealed. Call seal() before publish().")
        if self._state != "it is published":
            self._lease.confirm()
            if self._build is None:
                self._make_change(self._sealed)
            else:
                dropped = self._generations.publish(self._sealed, self._options.keep, self._base)
                self._cache.remove(dropped)
            self._build = None
            self._state = "it is published"
            self._options.published()
            self.discard()
        return self._sealed.info

    def suspend(self) -> None:
        """Leave what was built of a copy for the next one, and give the lease back."""
        if self._options.copy_of:
            self._build = None
        self.discard()

    def discard(self) -> None:
        """Drop what was built, unless it is live, and give the lease back. Harmless after ``publish`` or again."""
        self._state = self._state or "it was discarded"
        build, self._build = self._build, None
        self._staged.clear()
        with self._server.within():
            try:
                # An answer to ``publish`` may be lost on its way: what the alias says is what happened.
                if build is not None and self._server.aliases().get(self._spec.name) != build.place:
                    self._server.delete(build.place)
            except StoreError as error:
                _log.warning("%s The next index run removes what is left of %r.", error, self._spec.name)
            finally:
                self._lease.release()

    # --- a new generation -----------------------------------------------------------------------

    def _seal_build(self, build: Build) -> Stored:
        stored = Stored(build.finish(self._cache), dict(self._spec.attributes), build.id, build.place)
        self._generations.seal(stored)
        return stored

    def _outgrow(self) -> None:
        """Go over to a new generation once there is too much to change in place."""
        assert self._base is not None
        if len(self._staged) > min(IN_PLACE, max(1000, IN_PLACE_SHARE * self._base.info.points)):
            self._go_over(self._base)

    def _go_over(self, base: Stored) -> Build:
        """A new generation with everything that is live, and the changes."""
        build = self._build = Build(self._server, self._generations, self._spec, self._options.int8)
        live = ServerPoints(self._server, base.place, self._spec.dim)
        for batch in live.scan():
            self._lease.require()
            build.copy(batch)
        build.require(base.info)
        self._flush(build)
        return build

    def _flush(self, build: Build) -> None:
        build.delete([i for i, p in self._staged.items() if p is None])
        points = [p for p in self._staged.values() if p is not None]
        for start in range(0, len(points), _BATCH):
            build.upsert(points[start : start + _BATCH])
        self._staged.clear()

    # --- a change in place ------------------------------------------------------------------------

    def _stage(self, points: Sequence[StoredPoint]) -> None:
        without = [p for p in points if p.vector is None]
        before = {p.id: self._staged.get(p.id) for p in without}
        unknown = [p.id for p in without if p.id not in self._staged]
        held = self._live_points().payloads([point_id(i) for i in unknown])
        for point in without:
            if before[point.id] is None and (point.id in self._staged or point_id(point.id).bytes not in held):
                raise no_vector(point.id)
        for point in points:
            kept = before.get(point.id)
            fresh = replace(point, vector=kept.vector) if point.vector is None and kept is not None else point
            self._staged[point.id] = fresh
        self._outgrow()

    def _seal_change(self) -> Stored:
        """What the live generation will be."""
        base = self._base
        assert base is not None
        rest = Tally(base.info.points, base.info.digest)
        old = self._digests_of(list(self._staged))
        for digests in old.values():
            rest.note(digests, None)
        self._refuse_twins()
        after = Tally(rest.points, rest.digest)
        for profile_id, point in self._staged.items():
            if point is not None:
                vector = old[profile_id][1] if point.vector is None else vector_digest(point.vector)
                after.note(None, (digest_of(point.payload, vector), vector))
        if base.info.points < GRAPH_FROM <= after.points:  # what a new graph finds is measured before it is searched
            return self._seal_build(self._go_over(base))
        removed = tuple(i for i, p in self._staged.items() if p is None and i in old)
        written = tuple(i for i, p in self._staged.items() if p is not None)
        revision = base.info.revision + 1 if written or removed else base.info.revision
        self._change = Change(base.build, revision, written, removed, rest.points, rest.digest)
        info = replace(base.info, points=after.points, digest=after.digest, revision=revision)
        return replace(base, info=info)

    def _make_change(self, sealed: Stored) -> None:
        change, base, points = self._change, self._base, self._live_points()
        assert change is not None
        assert base is not None
        if not change.touched:
            return
        live = self._generations.opened()
        if (live.build, live.info.revision) != (base.build, base.info.revision):
            raise StoreError(
                f"Collection {self._spec.name!r}: the change was made for generation {base.info.number}, but "
                f"generation {live.info.number} is live now. Nothing was changed. Run the same command again."
            )
        self._control.begin(change)
        staged = [(point_id(i), p) for i, p in self._staged.items() if p is not None]
        for start in range(0, len(staged), _BATCH):
            points.upsert(staged[start : start + _BATCH])
        points.delete([point_id(i) for i in change.removed])
        found = finish_change(self._server, self._generations, self._control, live, change)
        if found != sealed.info:
            raise StoreError(
                f"Collection {self._spec.name!r}: after a change of {len(change.touched)} profiles {found.points} "
                f"points with digest {found.digest} are stored, {sealed.info.points} with {sealed.info.digest} were "
                "expected. Run the same index command again, it writes what is missing."
            )

    def _digests_of(self, ids: Sequence[str]) -> dict[str, Digests]:
        return dict(_digests(self._live_points(), ids))

    def _refuse_twins(self) -> None:
        """Raise StoreError when a staged point has the ordinal of another point."""
        owners: dict[int, str] = {}
        for point in self._staged.values():
            if point is not None and (twin := owners.setdefault(point.payload["_ordinal"], point.id)) != point.id:
                raise _twins(twin, point.id, point.payload["_ordinal"])
        found = self._live_points().with_ordinals(sorted(owners))
        for payload in found:
            if payload["_id"] not in self._staged:
                raise _twins(payload["_id"], owners[payload["_ordinal"]], payload["_ordinal"])

    def _live_points(self) -> ServerPoints:
        assert self._base is not None
        return ServerPoints(self._server, self._base.place, self._spec.dim)

    @contextmanager
    def _open(self) -> Iterator[None]:
        state = self._state or ("it is sealed" if self._sealed else "")
        if state:
            raise StoreError(f"Collection {self._spec.name!r}: this build takes no more: {state}. Start a new one.")
        self._lease.require()
        yield


def finish_change(
    server: Server, generations: ServerGenerations, control: Control, live: Stored, change: Change
) -> GenerationInfo:
    """Note what a change in place, done or broken off, has made of the generation. What it is now.

    Everything that the change does not touch is as it was, so only the touched points are read.
    """
    tally = Tally(change.rest_points, change.rest_digest)
    for _, digests in _digests(ServerPoints(server, live.place, live.info.dim), change.touched):
        tally.note(None, digests)
    info = replace(live.info, points=tally.points, digest=tally.digest, revision=change.revision)
    generations.seal(replace(live, info=info))
    control.finish(change)
    return info


def _digests(points: ServerPoints, ids: Sequence[str]) -> Iterator[tuple[str, Digests]]:
    for batch in points.stored([point_id(i) for i in ids]):
        yield from ((payload["_id"], digests) for _, payload, digests in batch.digested())


def _twins(one: str, other: str, ordinal: int) -> StoreError:
    return StoreError(f"Profiles {one!r} and {other!r} have the same ordinal {ordinal}.")
