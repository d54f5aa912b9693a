"""The live generation in a backup, and becoming live again.

Of the embedded store the files of the generation are kept as they are: the same graph, the same answers, quick to
restore. Of a server its points are kept, and built anew. Either can go into either store.
"""

from __future__ import annotations

import io
import json
from collections.abc import Callable, Iterator, Sequence
from contextlib import closing
from pathlib import Path
from typing import TYPE_CHECKING, Literal, Protocol

from techfinder.backup.about import People
from techfinder.errors import BackupError, CollectionNotFound, StoreError
from techfinder.store import open_store
from techfinder.store.copy_spool import POINTS_DAMAGE, read_points, write_points
from techfinder.store.edge.store import EdgeStore
from techfinder.store.folders import allocated_bytes

if TYPE_CHECKING:
    from techfinder.backup.archive import ArchiveWriter
    from techfinder.interfaces import Point, Store
    from techfinder.models import GenerationInfo
    from techfinder.settings import Settings

__all__ = ["Pending", "pack", "prepare", "size_of", "told_of"]

_GENERATION, _POINTS = "people/generation", "people/points"
_BATCH = 2000
_VALUE_BYTES = 64

Gone = Callable[[str], bool]
"""Whether the person with an id must not come back."""


class Pending(Protocol):
    """A generation that is built and checked, and not live yet."""

    def publish(self) -> GenerationInfo:
        """Make it live, in one step."""
        ...

    def discard(self) -> None:
        """Drop it, unless it is live."""
        ...


def told_of(store: Store, collection: str) -> People | None:
    """What a backup says of the people that are live; None where none are. Raises StoreDamaged."""
    try:
        scan = store.scan(collection)
    except CollectionNotFound:
        return None
    kind: Literal["generation", "points"] = "generation" if isinstance(store, EdgeStore) else "points"
    return People(kind=kind, generation=scan.info, attributes=dict(scan.spec.attributes))


def size_of(store: Store, people: People) -> int:
    """About how many bytes they take in a backup, at most."""
    info = people.info()
    if isinstance(store, EdgeStore):
        return allocated_bytes(store.sealed(info.collection).folder)
    return info.points * (4 * info.dim + (len(people.attributes) + 8) * _VALUE_BYTES)


def pack(store: Store, people: People, archive: ArchiveWriter) -> None:
    """Add the people to a backup.

    Raises:
        StoreError: They changed meanwhile, or are damaged.
    """
    if isinstance(store, EdgeStore):
        _pack_files(store, people, archive)
        return
    scan = store.scan(people.info().collection)
    _require_same(scan.info, people)
    number = 0
    pending: list[Point] = []
    for batch in scan.points(""):
        pending += batch
        if len(pending) >= _BATCH:
            number += 1
            _pack_points(archive, number, pending)
            pending = []
    if pending:
        _pack_points(archive, number + 1, pending)


def _pack_files(store: EdgeStore, people: People, archive: ArchiveWriter) -> None:
    sealed = store.sealed(people.info().collection)
    _require_same(sealed.info, people)
    try:
        for name in [*sealed.sizes, "info.json"]:
            archive.add_file(f"{_GENERATION}/{name}", sealed.folder / name)
    except FileNotFoundError as error:
        raise StoreError(
            f"Generation {sealed.info.number} was removed before it could be read: newer ones went live. Start the "
            "backup again."
        ) from error


def _pack_points(archive: ArchiveWriter, number: int, points: Sequence[Point]) -> None:
    file = io.BytesIO()
    write_points(file, points)
    archive.add_bytes(f"{_POINTS}/{number:08d}.npz", file.getvalue())


def _require_same(found: GenerationInfo, people: People) -> None:
    if found != people.info():
        raise StoreError("Other people went live while the backup began. Start it again.")


# --- becoming live again -------------------------------------------------------------------------


def prepare(settings: Settings, people: People, unpacked: Path, gone: Gone | None) -> tuple[Pending, GenerationInfo]:
    """Build what was unpacked in the store of the settings and check it whole; nothing of it is live yet.

    Args:
        settings: Of the target.
        people: What the backup says of them.
        unpacked: Where its members are; files of a generation are moved out of there.
        gone: Who is left out; None leaves out nobody.

    Returns:
        What can be published, and what will be live then.

    Raises:
        BackupError: They are not what the backup says.
        StoreError: They cannot be built.
    """
    with closing(_Unpacked.of(settings, people, unpacked)) as source:
        if source.staged is not None and settings.store == "edge" and not source.any_of(gone):
            target = EdgeStore(settings)
            adopted = target.adopt(source.staged.sealed(people.info().collection))
            return adopted, adopted.info
        return _build(open_store(settings, restoring=True), people, source.points(), gone)


class _Unpacked:
    """People of a backup, as they were unpacked.

    Attributes:
        staged: A store that holds nothing but the generation, checked whole; None for points.
    """

    def __init__(self, people: People, unpacked: Path, staged: EdgeStore | None) -> None:
        self._people, self._unpacked, self.staged = people, unpacked, staged

    @classmethod
    def of(cls, settings: Settings, people: People, unpacked: Path) -> _Unpacked:
        """Raises BackupError unless all of it can be read and is what the backup says."""
        if people.kind == "points":
            return cls(people, unpacked, None)
        store = _staged(settings, people, unpacked)
        name = people.info().collection
        try:
            problems = store.verify(name) or _differing(store.sealed(name).info, people)
        except StoreError as error:
            problems = [str(error).rstrip(".")]
        if problems:
            store.close()
            raise BackupError(f"The people in this backup are damaged: {'; '.join(problems)}. Nothing was changed.")
        return cls(people, unpacked, store)

    def any_of(self, gone: Gone | None) -> bool:
        """Whether anybody is among them who must not come back."""
        if gone is None or self.staged is None:
            return False
        return any(gone(i) for i in self.staged.ledger(self._people.info().collection).ids)

    def points(self) -> Iterator[Sequence[Point]]:
        """All of them. Raises BackupError, StoreError."""
        if self.staged is not None:
            yield from self.staged.scan(self._people.info().collection).points("")
            return
        for path in sorted((self._unpacked / _POINTS).glob("*.npz")):
            try:
                yield read_points(path)
            except POINTS_DAMAGE as error:
                raise BackupError(
                    f"{path.name} of this backup cannot be read: {error}. Nothing was changed."
                ) from error

    def close(self) -> None:
        """Release the files."""
        if self.staged is not None:
            self.staged.close()


def _staged(settings: Settings, people: People, unpacked: Path) -> EdgeStore:
    """A store around the unpacked files of a generation."""
    info, home = people.info(), unpacked / "staged"
    folder = home / "store" / info.collection / "generations" / f"{info.number:04d}"
    folder.parent.mkdir(parents=True)
    try:
        (unpacked / _GENERATION).rename(folder)
    except FileNotFoundError as error:
        raise BackupError("This backup tells of people and holds none. Nothing was changed.") from error
    live = folder.parent.parent / "live.json"
    live.write_text(json.dumps({"generation": info.number}), encoding="utf-8")
    return EdgeStore(settings.model_copy(update={"store": "edge", "home": home}))


def _differing(found: GenerationInfo, people: People) -> list[str]:
    wanted = people.info()
    same = (found.points, found.digest, found.encoder) == (wanted.points, wanted.digest, wanted.encoder)
    return [] if same else [f"generation {found.number} is not the one that was packed"]


def _build(
    target: Store, people: People, batches: Iterator[Sequence[Point]], gone: Gone | None
) -> tuple[Pending, GenerationInfo]:
    left = 0
    writer = target.write(people.spec(), fresh=True)
    try:
        for batch in batches:
            kept = [p for p in batch if gone is None or not gone(p.profile.id)]
            left += len(batch) - len(kept)
            writer.upsert(kept)
        found = writer.seal()
        wanted = people.info()
        same = found.points + left == wanted.points and (left or found.digest == wanted.digest)
        if not same:
            raise BackupError(
                f"The people in this backup are damaged: {found.points} with digest {found.digest} were read, "
                f"{wanted.points} with {wanted.digest} were packed. Nothing was changed."
            )
    except BaseException:
        writer.discard()
        target.close()
        raise
    return _Closing(writer, target), found


class _Closing:
    """A writer whose store is closed with it."""

    def __init__(self, writer: Pending, store: Store) -> None:
        self._writer, self._store = writer, store

    def publish(self) -> GenerationInfo:
        live = self._writer.publish()
        self._store.close()
        return live

    def discard(self) -> None:
        self._writer.discard()
        self._store.close()
