"""The suppression list: who was erased and must not come back, as keyed hashes of their ids.

The key is in the database too, so that every process with that database refuses the same people. Whoever has the whole
database can try whether an id that they know is on the list, and can learn nothing else from it.
"""

from __future__ import annotations

import hmac
import secrets
from collections.abc import Callable
from contextlib import closing
from typing import TYPE_CHECKING

from sqlalchemy import Connection, MetaData, delete, insert, select

from techfinder.database import database_exists, open_database
from techfinder.database.tables import erased, erasure_keys, metadata

if TYPE_CHECKING:
    from techfinder.database.database import Database
    from techfinder.settings import Settings

__all__ = ["Refused", "allow", "delete_rows", "is_erased", "merge", "refused", "refused_by", "suppress"]

Refused = Callable[[str], bool]
"""Whether the person with an id was erased."""

_KEY_BYTES = 32


def suppress(connection: Connection, now: float, collection: str, profile_id: str) -> None:
    """Put somebody on the list; nothing happens when they are on it."""
    if is_erased(connection, collection, profile_id):
        return
    key = connection.execute(select(erasure_keys).order_by(erasure_keys.c.made_at).limit(1)).first()
    if key is None:
        made = {"id": secrets.token_hex(16), "key": secrets.token_hex(_KEY_BYTES), "made_at": now}
        connection.execute(insert(erasure_keys).values(made))
        key = connection.execute(select(erasure_keys)).one()
    digest = _digest(key.key, collection, profile_id)
    connection.execute(insert(erased).values(key=key.id, digest=digest, at=now))


def allow(connection: Connection, collection: str, profile_id: str) -> bool:
    """Take somebody off the list. Whether they were on it."""
    digests = _digests(connection, collection, profile_id)
    return connection.execute(delete(erased).where(erased.c.digest.in_(digests))).rowcount > 0


def is_erased(connection: Connection, collection: str, profile_id: str) -> bool:
    """Whether somebody is on the list."""
    digests = _digests(connection, collection, profile_id)
    return connection.execute(select(erased.c.digest).where(erased.c.digest.in_(digests)).limit(1)).first() is not None


def refused(settings: Settings, collection: str = "") -> Refused | None:
    """Tells who was erased from a collection, by default that of the settings; None where nobody was.

    Raises DatabaseError: whoever cannot ask must not bring people in.
    """
    if not database_exists(settings):
        return None
    with closing(open_database(settings)) as database:
        return refused_by(database, collection or settings.collection)


def refused_by(database: Database, collection: str) -> Refused | None:
    """The same of one database."""
    with database.reading() as connection:
        digests = frozenset(connection.execute(select(erased.c.digest)).scalars())
        keys = [row.key for row in connection.execute(select(erasure_keys))]
    if not digests:
        return None
    return lambda profile_id: any(_digest(key, collection, profile_id) in digests for key in keys)


def merge(source: Database, target: Database) -> None:
    """Add to the list of `target` whoever is on that of `source`."""
    with source.reading() as reading, target.transaction() as connection:
        for table in (erasure_keys, erased):
            there = {tuple(row) for row in connection.execute(select(*table.primary_key))}
            names = [column.name for column in table.primary_key]
            rows = [dict(row._mapping) for row in reading.execute(select(table))]
            if new := [row for row in rows if tuple(row[n] for n in names) not in there]:
                connection.execute(insert(table), new)


def delete_rows(
    connection: Connection, collection: str, profile_id: str, tables: MetaData = metadata
) -> dict[str, int]:
    """Delete what the database holds of somebody: rows of tables with a column that is marked as a person's id."""
    found: dict[str, int] = {}
    for table in reversed(tables.sorted_tables):
        for column in table.columns:
            if column.info.get("person"):
                where = [column == profile_id]
                if "collection" in table.columns:
                    where.append(table.c.collection == collection)
                if count := connection.execute(delete(table).where(*where)).rowcount:
                    found[table.name] = found.get(table.name, 0) + count
    return found


def _digests(connection: Connection, collection: str, profile_id: str) -> list[str]:
    return [_digest(row.key, collection, profile_id) for row in connection.execute(select(erasure_keys))]


def _digest(key: str, collection: str, profile_id: str) -> str:
    return hmac.digest(bytes.fromhex(key), f"{collection}\0{profile_id}".encode(), "sha256").hex()
