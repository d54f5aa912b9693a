"""What everything here stands on: the application database, opened when it is first needed, and the audit log."""

from __future__ import annotations

import threading
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from techfinder.access import audit
from techfinder.access.accounts import could_be
from techfinder.access.sessions import known_device
from techfinder.access.throttle import MOST_PER_ACCOUNT, MOST_PER_ADDRESS, Throttle
from techfinder.database import open_database

if TYPE_CHECKING:
    from sqlalchemy import Connection

    from techfinder.database.database import Database
    from techfinder.settings import Settings

__all__ = ["NOWHERE", "Asker", "Over"]


@dataclass(frozen=True, slots=True)
class Asker:
    """Where a request comes from.

    Attributes:
        address: Of the network.
        browser: What it says of itself.
        device: What the browser keeps since it last signed in; empty for others.
    """

    address: str = ""
    browser: str = ""
    device: str = ""


NOWHERE = Asker()
"""Where the command line is."""


class Over:
    """Transactions, with their time by the database's clock. Safe for many threads."""

    def __init__(self, settings: Settings) -> None:
        """Open nothing yet."""
        self.idle_s, self.most_s = settings.session_idle_minutes * 60.0, settings.session_hours * 3600.0
        self._settings = settings
        self._lock = threading.Lock()
        self._opened: Database | None = None

    def close(self) -> None:
        """Close the database."""
        with self._lock:
            if self._opened is not None:
                self._opened.close()
                self._opened = None

    @property
    def database(self) -> Database:
        """The database. Raises DatabaseError."""
        with self._lock:
            if self._opened is None:
                self._opened = open_database(self._settings)
            return self._opened

    @contextmanager
    def reading(self) -> Iterator[tuple[Connection, float]]:
        """A connection that waits for nobody, and the time."""
        with self.database.reading() as connection:
            yield connection, self.database.clock(connection)

    @contextmanager
    def changing(self) -> Iterator[tuple[Connection, float]]:
        """A transaction, and the time."""
        with self.database.transaction() as connection:
            yield connection, self.database.clock(connection)

    def note(
        self,
        connection: Connection,
        now: float,
        action: str,
        by: str,
        asker: Asker = NOWHERE,
        *,
        subject: str = "",
        detail: Mapping[str, Any] | None = None,
    ) -> None:
        """Add an entry to the audit log, in the transaction of what it tells of."""
        audit.add(connection, now, action, by, subject=subject, address=asker.address, detail=detail)

    @property
    def throttle(self) -> Throttle:
        """Counts attempts."""
        return Throttle(self.database)

    def attempt(self, name: str, asker: Asker, what: str) -> str:
        """Count an attempt at somebody's password or code; answers what takes it back. Raises TooManyAttempts.

        A browser that its user signed in with before has a count of its own: who guesses elsewhere locks nobody out.
        """
        with self.reading() as (connection, now):
            known = bool(asker.device) and could_be(name) and known_device(connection, name, asker.device, now)
        if known:
            return self.throttle.take({f"{what} {name} {asker.device}": MOST_PER_ACCOUNT})
        most = {f"{what} {name}": MOST_PER_ACCOUNT, f"address {asker.address}": MOST_PER_ADDRESS}
        return self.throttle.take(most)
