"""The application database in a backup: a file of SQLite, whatever database it came from or goes to.

What lets a browser in is left out: nobody is signed in after a restore, and no link that was sent counts.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Mapping
from contextlib import closing
from pathlib import Path
from typing import TYPE_CHECKING

from sqlalchemy import Connection, Table, delete, func, insert, select

from techfinder.access.audit import verify
from techfinder.database import FILE, database_exists, open_database
from techfinder.database.database import Database
from techfinder.database.erased import Refused, merge, refused, refused_by
from techfinder.database.tables import access_links, attempts, audit_head, devices, metadata, sessions
from techfinder.errors import BackupError, DatabaseError

if TYPE_CHECKING:
    from techfinder.settings import Settings

__all__ = ["MEMBER", "is_empty", "pack", "put_in_place", "rows", "stage", "still_erased"]

MEMBER = f"database/{FILE}"
_LEFT_OUT = (access_links, attempts, devices, sessions)
_PAGE = 1000


def pack(settings: Settings, scratch: Path) -> Path | None:
    """The application database as one file below `scratch`, at one moment; None when there is none.

    Raises:
        BackupError: It cannot be copied.
        DatabaseError: It does not answer.
    """
    if not database_exists(settings):
        return None
    scratch.mkdir(parents=True, exist_ok=True)
    draft, packed = scratch / "draft" / FILE, scratch / FILE
    with closing(open_database(settings)) as database:
        try:
            with closing(Database.open(draft.parent)) as copy:
                _copy(database, copy)
            with closing(sqlite3.connect(draft)) as source:
                source.execute("VACUUM INTO ?", (str(packed),))  # one file, without what was deleted
        except (DatabaseError, sqlite3.Error) as error:
            raise BackupError(f"The application database cannot be copied to {scratch}: {error}") from error
    return packed


def stage(packed: Path, folder: Path, tables: Mapping[str, int]) -> None:
    """Make a database of this version's form of a packed one, in `folder`, and check its audit log.

    Raises:
        BackupError: It is not there, has other rows than `tables` says, or its log was altered.
        DatabaseError: It belongs to a newer version.
    """
    folder.mkdir(parents=True, exist_ok=True)
    if not packed.is_file():
        raise BackupError("This backup tells of an application database and holds none. Nothing was changed.")
    packed.rename(folder / FILE)
    with closing(Database.open(folder)) as database:
        if problem := verify(database).problem:
            raise BackupError(f"The audit log in this backup was altered. {problem} Nothing was changed.")
    found = rows(folder)
    if wrong := [name for name, count in tables.items() if found.get(name) != count]:
        raise BackupError(f"The database in this backup has other rows of {', '.join(wrong)} than it should.")
    _settle(folder / FILE)


def still_erased(settings: Settings, folder: Path | None, collection: str) -> Refused | None:
    """Tells who must not come back: who was erased here, or is on the list of the staged database in `folder`.

    The staged database's list is made to hold both.
    """
    if folder is None:
        return refused(settings, collection)
    with closing(Database.open(folder)) as staged:
        if database_exists(settings):
            with closing(open_database(settings)) as here:
                merge(here, staged)
        return refused_by(staged, collection)


def rows(folder: Path) -> dict[str, int]:
    """Rows by table of the database in a folder."""
    with closing(Database.open(folder)) as database, database.reading() as connection:
        return {t.name: _count(connection, t) for t in metadata.sorted_tables}


def is_empty(settings: Settings) -> bool:
    """Whether there is no application database, or nothing in it."""
    if not database_exists(settings):
        return True
    with closing(open_database(settings)) as database, database.reading() as connection:
        return not any(_count(connection, t) for t in metadata.sorted_tables if t is not audit_head)


def put_in_place(settings: Settings, folder: Path) -> None:
    """Let the staged database be the one that the settings name, in one step. Raises DatabaseError."""
    url = settings.database_url.get_secret_value()
    with closing(Database.open(settings.home, url)) as database:
        if not database.sqlite:
            with closing(Database.at(folder)) as staged:
                database.fill_anew(lambda connection: _fill(staged, connection))
            return
    place = Path(database.engine.url.database or "")
    with closing(sqlite3.connect(folder / FILE)) as source, closing(sqlite3.connect(place)) as target:
        source.backup(target)
    place.chmod(0o600)


def _copy(source: Database, target: Database) -> None:
    with target.transaction() as connection:
        _fill(source, connection)


def _fill(source: Database, connection: Connection) -> None:
    """Write all rows of `source`, as they are at one moment, into a database that is new."""
    connection.execute(delete(audit_head))
    with source.snapshot() as reading:
        for table in metadata.sorted_tables:
            if table not in _LEFT_OUT:
                for page in reading.execute(select(table).order_by(*table.primary_key)).partitions(_PAGE):
                    connection.execute(insert(table), [dict(row._mapping) for row in page])


def _settle(file: Path) -> None:
    """Bring all of a SQLite file into the file itself."""
    with closing(sqlite3.connect(file)) as connection:
        connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")


def _count(connection: Connection, table: Table) -> int:
    return int(connection.execute(select(func.count()).select_from(table)).scalar_one())
