"""Who asks: by the session of a cookie, or by a token."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from contextlib import suppress
from typing import TYPE_CHECKING, TypeVar

from techfinder.access import sessions, tokens
from techfinder.access.over import NOWHERE, Asker, Over
from techfinder.access.permissions import Identity
from techfinder.access.secrets import digest_of
from techfinder.errors import DatabaseError

if TYPE_CHECKING:
    from sqlalchemy import Connection

__all__ = ["Known"]

_REMEMBERED_S = 300.0
_MOST_REMEMBERED = 10_000
_TOUCH_WAIT_S = 0.2
_AWAY_S, _ASKING_S = 1.0, 60.0

_Found = TypeVar("_Found")


class Known:
    """Asks the database at every request, so that what ends counts at the next one.

    While the database is away, whoever was known in the last five minutes is known still: searches need no database.
    Each process knows whom it has asked for itself.
    """

    def __init__(self, over: Over) -> None:
        """Know nobody yet."""
        self._over = over
        self._lock = threading.Lock()
        self._remembered: dict[str, tuple[Identity, float]] = {}
        self._away: DatabaseError | None = None
        self._ask_again_at = 0.0

    def by_session(self, session: str) -> Identity | None:
        """Who has the session with that id; None when it has ended. Raises DatabaseError."""
        try:
            found, now = self._ask(lambda connection, now: sessions.find(connection, session, now, self._over.idle_s))
        except DatabaseError as error:
            return self._lately(session, error)
        if found is not None and sessions.stale(found, now):
            # Whoever else writes must not keep people from reading: it is noted next time.
            with suppress(DatabaseError), self._over.database.transaction(_TOUCH_WAIT_S) as connection:
                sessions.touch(connection, found.digest, now)
        return self._remember(session, None if found is None else sessions.identity_of(found))

    def by_token(self, text: str, asker: Asker = NOWHERE) -> Identity | None:
        """Whose token it is; None when it does not count. Its first use is noted. Raises DatabaseError."""
        try:
            found, now = self._ask(lambda connection, now: tokens.find(connection, text, now))
        except DatabaseError as error:
            return self._lately(text, error)
        identity = None if found is None else tokens.identity_of(found)
        if identity is not None and found.used_at is None:
            with self._over.changing() as (connection, now):
                if tokens.note_first_use(connection, identity.token, now):
                    self._over.note(connection, now, "token.use", identity.label, asker, subject=identity.token)
        elif identity is not None and tokens.stale(found, now):
            with suppress(DatabaseError), self._over.database.transaction(_TOUCH_WAIT_S) as connection:
                tokens.note_use(connection, identity.token, now)
        return self._remember(text, identity)

    def _ask(self, find: Callable[[Connection, float], _Found]) -> tuple[_Found, float]:
        """What the database has, and its time. Raises DatabaseError.

        Where it is away, one at a time finds out whether it is back: one that has frozen would hold everybody up.
        """
        with self._lock:
            if self._away is not None:
                if time.monotonic() < self._ask_again_at:
                    raise DatabaseError(str(self._away))
                self._ask_again_at = time.monotonic() + _ASKING_S
        try:
            with self._over.reading() as (connection, now):
                found = find(connection, now)
        except DatabaseError as error:
            with self._lock:
                self._away, self._ask_again_at = error, time.monotonic() + _AWAY_S
            raise
        with self._lock:
            self._away = None
        return found, now

    def _remember(self, secret: str, identity: Identity | None) -> Identity | None:
        key = digest_of(secret)
        with self._lock:
            if identity is None:
                self._remembered.pop(key, None)
                return None
            if len(self._remembered) >= _MOST_REMEMBERED:
                self._remembered.clear()
            self._remembered[key] = (identity, time.monotonic())
            return identity

    def _lately(self, secret: str, error: DatabaseError) -> Identity:
        """Who it was a short while ago; raises the error where nobody is remembered."""
        with self._lock:
            identity, at = self._remembered.get(digest_of(secret), (None, 0.0))
        if identity is None or time.monotonic() - at > _REMEMBERED_S:
            raise error
        return identity
