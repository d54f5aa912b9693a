"""How often somebody may guess: counted in the database, so over all processes, and before the guess is looked at."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

from sqlalchemy import delete, func, insert, or_, select

from techfinder.access.secrets import digest_of, new_id
from techfinder.database.tables import attempts
from techfinder.errors import TooManyAttempts

if TYPE_CHECKING:
    from techfinder.database.database import Database

__all__ = ["MOST_PER_ACCOUNT", "MOST_PER_ADDRESS", "WINDOW_S", "Throttle"]

WINDOW_S = 15 * 60.0
MOST_PER_ACCOUNT = 10
MOST_PER_ADDRESS = 60
"""Many people may share an address."""


class Throttle:
    """Counts attempts by key. Who is over a limit is refused without a look at what they guessed."""

    def __init__(self, database: Database) -> None:
        """Ask nothing yet."""
        self._database = database

    def take(self, most: Mapping[str, int]) -> str:
        """Count an attempt for each key, before it is made; `most` is how many each key has in a quarter of an hour.

        Returns:
            What :meth:`give_back` takes.

        Raises:
            TooManyAttempts: One of the keys has had them; nothing is counted.
        """
        taken = new_id()
        with self._database.transaction() as connection:
            now = self._database.clock(connection)
            of_a_wrong_clock = attempts.c.at > now + WINDOW_S  # else they would count until that time has come
            connection.execute(delete(attempts).where(or_(attempts.c.at < now - WINDOW_S, of_a_wrong_clock)))
            for key, limit in sorted((digest_of(k), n) for k, n in most.items()):
                self._database.alone(connection, key)
                found = select(func.count(), func.min(attempts.c.at)).where(attempts.c.key == key)
                count, first = connection.execute(found).one()
                if count >= limit:
                    raise TooManyAttempts(max(1.0, first + WINDOW_S - now))
                connection.execute(insert(attempts).values(id=taken, key=key, at=now))
        return taken

    def give_back(self, taken: str) -> None:
        """Count it no longer: it was right."""
        with self._database.transaction() as connection:
            connection.execute(delete(attempts).where(attempts.c.id == taken))
