"""Access over a database of its own, on SQLite or PostgreSQL."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from sqlalchemy import update

from techfinder.access.access import Access
from techfinder.access.over import Asker
from techfinder.database import open_database
from techfinder.settings import Settings, load_settings

__all__ = ["HERE", "PASSWORD", "aged", "opened", "settings_in", "with_password"]

PASSWORD = "four plain words here"
HERE = Asker("192.0.2.7", "a browser")


def settings_in(home: Path, url: str = "", **more: Any) -> Settings:
    """Settings of a home, and of a PostgreSQL server where one is given."""
    return load_settings(home=home, **({"database_url": url} if url else {}), **more)


@contextmanager
def opened(settings: Settings) -> Iterator[Access]:
    """Access, closed at the end."""
    access = Access(settings)
    try:
        yield access
    finally:
        access.close()


def with_password(access: Access, name: str, role: str = "viewer", password: str = PASSWORD) -> str:
    """Add somebody who has a password; answers the id of the session that setting it began."""
    return access.signing_in.by_link(access.people.add(name, role, "test")[1], password, HERE).session


def aged(settings: Settings, table: Any, **columns: Any) -> None:
    """Set columns of all rows of a table, such as times, to what they would be later."""
    database = open_database(settings)
    with database.transaction() as connection:
        connection.execute(update(table).values(columns))
    database.close()
