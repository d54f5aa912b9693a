"""Making a backup."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import closing
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from urllib.parse import urlsplit

from techfinder import __version__
from techfinder.backup import application, people
from techfinder.backup.about import ABOUT, FORMAT, About, People
from techfinder.backup.archive import SUFFIX, ArchiveWriter, drafting, require_room
from techfinder.backup.home_files import kept_files, schema_member, settings_without_secrets
from techfinder.backup.restoring import try_restore
from techfinder.database import FILE, database_exists
from techfinder.errors import BackupError
from techfinder.interfaces import Store
from techfinder.registry.tracking import Tracking
from techfinder.settings import FILE_NAME, Settings
from techfinder.store import open_store

__all__ = ["Made", "default_name", "make_backup"]

Say = Callable[[str], None]
_ALWAYS = (
    "secrets of the settings and of the folder of secrets",
    "sessions, known browsers and links of people who sign in",
    "weights of encoders, caches, rejected rows",
)


@dataclass(frozen=True, slots=True)
class Made:
    """A backup that was made.

    Attributes:
        path: Of the file.
        about: What it holds.
        size: Bytes of the file.
        verified: Whether it was restored once, and counts and digest were the same.
    """

    path: Path
    about: About
    size: int
    verified: bool


def default_name(settings: Settings) -> str:
    """The name of a backup that is made now."""
    return f"techfinder-{settings.collection}-{datetime.now(UTC):%Y%m%dT%H%M%SZ}{SUFFIX}"


def make_backup(settings: Settings, target: Path, verify: bool = False, say: Say = lambda text: None) -> Made:
    """Write everything that cannot be made anew into one file.

    Args:
        settings: Of what is backed up.
        target: The file; it appears once it is whole, and nothing is ever replaced.
        verify: Restore it into a temporary folder beside it before it gets its name.
        say: Told what is being done.

    Raises:
        BackupError: There is too little room, or something changed meanwhile, or the test restore found a difference.
        StoreError, DatabaseError: A part cannot be read.
    """
    with closing(open_store(settings)) as store:
        found = people.told_of(store, settings.collection)
        _require_something(settings, found)
        _require_room(settings, store, found, target, verify)
        with drafting(target) as draft:
            database = application.pack(settings, draft.scratch / "database")
            about = _describe(settings, found, database)
            say("Writing ...")
            with draft.writing() as archive:
                _write(settings, store, about, database, archive, draft.scratch)
            if verify:
                say("Restoring it once into a temporary folder ...")
                trial = draft.scratch / "trial"
                trial.mkdir()
                try_restore(draft.path, settings, about, trial)
            size = draft.path.stat().st_size
            draft.keep()
    return Made(target, about, size, verify)


def _require_something(settings: Settings, found: People | None) -> None:
    if found is None and not database_exists(settings) and settings_without_secrets(settings.home) is None:
        raise BackupError(f"There is nothing in {settings.home} to back up yet. Index something first.")


def _require_room(settings: Settings, store: Store, found: People | None, target: Path, verify: bool) -> None:
    """For the file, for two copies of the database on the way into it, and for all that is in it once more."""
    database = settings.home / FILE
    held = database.stat().st_size if database.is_file() else 0
    taken = held + (people.size_of(store, found) if found is not None else 0)
    require_room(target.parent, taken * (2 if verify else 1) + 2 * held, f"the backup {target}")


def _describe(settings: Settings, found: People | None, database: Path | None) -> About:
    """What will be in the backup, whose application database is at `database`."""
    own = settings_without_secrets(settings.home)
    left = (f"secrets in {FILE_NAME}: {', '.join(own[1])}",) if own and own[1] else ()
    return About(
        format=FORMAT,
        techfinder=__version__,
        created_at=datetime.now(UTC).isoformat(timespec="seconds"),
        collection=settings.collection,
        people=found,
        tables=application.rows(database.parent) if database else None,
        schema_file=schema_member(settings),
        registry=_plain(Tracking(settings.home).uri),
        left_out=(*_ALWAYS, *left),
    )


def _write(
    settings: Settings, store: Store, about: About, database: Path | None, archive: ArchiveWriter, scratch: Path
) -> None:
    archive.add_json(ABOUT, about)
    if found := settings_without_secrets(settings.home):
        archive.add_bytes(f"settings/{FILE_NAME}", found[0].encode())
    if settings.schema_file is not None:
        archive.add_file(f"schema/{about.schema_file}", settings.schema_file)
    if database is not None:
        archive.add_file(application.MEMBER, database)
    for name, path in kept_files(settings.home, scratch):
        archive.add_file(name, path)
    if about.people is not None:
        people.pack(store, about.people, archive)


def _plain(uri: str) -> str:
    """An address without a user and password."""
    parts = urlsplit(uri)
    return parts._replace(netloc=parts.netloc.rpartition("@")[2]).geturl() if "@" in parts.netloc else uri
