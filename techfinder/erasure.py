"""Erasing a person: out of the store, the application database and what is kept beside them, and never in again.

An index keeps what was deleted from it until it is built anew, and so do older generations. So a generation is built
from the points of all others, and every older one is dropped.
"""

from __future__ import annotations

import hashlib
import secrets
import shutil
from collections.abc import Iterator, Mapping, Sequence
from contextlib import closing, suppress
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any
from uuid import uuid4

from techfinder.access import audit
from techfinder.database import erased, open_database
from techfinder.database.database import Database
from techfinder.errors import CollectionNotFound, StoreError
from techfinder.interfaces import Scan, Store, Writer
from techfinder.models import GenerationInfo
from techfinder.runs import only_run
from techfinder.settings import Settings
from techfinder.spool import kept_folders
from techfinder.store import open_store

__all__ = ["Receipt", "allow_again", "erase"]

_CHUNK = 1 << 20
_SHORTEST = 4
"""Ids that are shorter stand in many files that have nothing to do with the person."""


@dataclass(frozen=True, slots=True)
class Receipt:
    """What an erasure has done, without a word of the person.

    Attributes:
        id: Of the receipt, and of its entry in the audit log.
        at: Seconds since 1970, by the database's clock.
        person: ``salt`` and ``sha256`` of salt and id: whoever knows the id can tell whom the receipt is about.
        found: Whether they were among the people that were live.
        before, after: Number, points and digest of the live generation; None where nothing is live.
        dropped: Numbers of the generations that are gone.
        rows: Rows deleted in the database, by table.
        files: What was removed beside that, below the home.
        mentions: Files of the home in which their id still stands, and why.
    """

    id: str
    at: float
    collection: str
    person: Mapping[str, str]
    reason: str
    found: bool
    before: Mapping[str, Any] | None
    after: Mapping[str, Any] | None
    dropped: tuple[int, ...]
    rows: Mapping[str, int]
    files: tuple[str, ...]
    mentions: tuple[str, ...]


def erase(settings: Settings, profile_ids: Sequence[str], by: str, reason: str = "") -> list[Receipt]:
    """Erase people from the collection of the settings; a receipt for each, in their order.

    However many they are, the others are built anew once. What was broken off is done again from the beginning.

    Raises:
        IndexingError: An index run, a copy or the like is going.
        DatabaseError, StoreError: A part could not be done; they are on the suppression list already, and the same
            call again does the rest.
    """
    # The generation before would hold them still: only the new one is kept.
    alone = settings.model_copy(update={"keep_generations": 1})
    people = tuple(dict.fromkeys(profile_ids))
    with only_run(settings.home, settings.collection), closing(open_database(settings)) as database:
        rows = _suppress(database, settings.collection, people)
        with closing(open_store(alone)) as store:
            done = _rebuild(store, settings.collection, frozenset(people))
        files = tuple(_sweep(settings))
        database.compact()
        with database.transaction() as connection:
            at = database.clock(connection)
            receipts = [_receipt(settings, p, at, reason, done, rows[p], files) for p in people]
            for receipt in receipts:
                detail = {k: v for k, v in asdict(receipt).items() if k not in ("id", "at")}
                audit.add(connection, receipt.at, "erase", by, subject=receipt.id, detail=detail)
    return receipts


def allow_again(settings: Settings, profile_id: str, by: str) -> bool:
    """Let imports bring somebody in again who was erased. Whether they had been. Raises DatabaseError."""
    with closing(open_database(settings)) as database, database.transaction() as connection:
        was = erased.allow(connection, settings.collection, profile_id)
        if was:
            audit.add(connection, database.clock(connection), "erase.allow", by, subject=settings.collection)
        return was


@dataclass(frozen=True, slots=True)
class _Rebuilt:
    """What building everybody else anew has done: who was found, what was live, what is, and what was dropped."""

    found: frozenset[str]
    before: GenerationInfo | None
    after: GenerationInfo | None
    dropped: tuple[int, ...]


def _receipt(
    settings: Settings,
    profile_id: str,
    at: float,
    reason: str,
    done: _Rebuilt,
    rows: Mapping[str, int],
    files: tuple[str, ...],
) -> Receipt:
    salt = secrets.token_hex(16)
    return Receipt(
        id=uuid4().hex,
        at=at,
        collection=settings.collection,
        person={"salt": salt, "sha256": hashlib.sha256(f"{salt}{profile_id}".encode()).hexdigest()},
        reason=reason,
        found=profile_id in done.found,
        before=_facts(done.before),
        after=_facts(done.after),
        dropped=done.dropped,
        rows=rows,
        files=files,
        mentions=tuple(_mentions(settings.home, profile_id)),
    )


def _suppress(database: Database, collection: str, people: Sequence[str]) -> dict[str, dict[str, int]]:
    """From here on no import brings them in. The rows that were deleted of each, by table."""
    with database.transaction() as connection:
        now = database.clock(connection)
        for profile_id in people:
            erased.suppress(connection, now, collection, profile_id)
        return {p: erased.delete_rows(connection, collection, p) for p in people}


def _rebuild(store: Store, collection: str, people: frozenset[str]) -> _Rebuilt:
    """Build everybody else anew, and drop all that there was. Raises StoreError."""
    kept = {g.number for g in store.generations(collection)}
    try:
        scan = store.scan(collection)
    except CollectionNotFound:
        return _Rebuilt(frozenset(), None, None, ())
    writer = store.write(scan.spec, fresh=True)
    try:
        found = _write_others(writer, scan, people)
        sealed = writer.seal()
        wanted = scan.info.points - len(found)
        if sealed.points != wanted or (not found and sealed.digest != scan.info.digest):
            raise StoreError(
                f"Collection {collection!r}: {sealed.points} people were built, {wanted} expected. Nothing went live. "
                "`techfinder store check` tells what is wrong."
            )
        live = writer.publish()
    finally:
        writer.discard()
    left = {g.number for g in store.generations(collection)}
    if stale := left - {live.number}:
        raise StoreError(f"Generations {sorted(stale)} could not be removed. Run the same command again.")
    return _Rebuilt(found, scan.info, live, tuple(sorted(kept - left)))


def _write_others(writer: Writer, scan: Scan, people: frozenset[str]) -> frozenset[str]:
    """Write everybody but these people. Those of them who were there."""
    found: set[str] = set()
    for batch in scan.points(""):
        found.update(p.profile.id for p in batch if p.profile.id in people)
        writer.upsert([p for p in batch if p.profile.id not in people])
    return frozenset(found)


def _sweep(settings: Settings) -> Iterator[str]:
    """Remove what may hold something of anybody and can be made anew: spools, rejected rows, unfinished restores."""
    home = settings.home
    for folder in (*kept_folders(home, settings.collection), home / "restoring"):
        if folder.is_dir():
            shutil.rmtree(folder)
            yield str(folder.relative_to(home))
    for path in sorted((home / "runs").glob("*/rejects.jsonl")):
        with suppress(FileNotFoundError):
            path.unlink()
            yield str(path.relative_to(home))


def _mentions(home: Path, profile_id: str) -> Iterator[str]:
    """Files of the home that hold the id."""
    wanted = profile_id.encode()
    if len(wanted) < _SHORTEST:
        return
    for path in sorted(home.rglob("*")):
        with suppress(OSError):
            if path.is_file() and not path.is_symlink() and _holds(path, wanted):
                yield str(path.relative_to(home))


def _holds(path: Path, wanted: bytes) -> bool:
    end = b""
    with path.open("rb") as file:
        while chunk := file.read(_CHUNK):
            if wanted in (piece := end + chunk):
                return True
            end = piece[-len(wanted) :]
    return False


def _facts(info: GenerationInfo | None) -> Mapping[str, Any] | None:
    return {"number": info.number, "points": info.points, "digest": info.digest} if info else None
