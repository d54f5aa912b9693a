"""Links that let somebody set a password, once."""

from __future__ import annotations

from typing import TYPE_CHECKING

from sqlalchemy import delete, insert, select

from techfinder.access.accounts import User, user_of
from techfinder.access.secrets import digest_of, new_secret
from techfinder.database.tables import access_links, users

if TYPE_CHECKING:
    from sqlalchemy import Connection

__all__ = ["INVITE_S", "SETUP_S", "drop", "link_for", "use", "whose"]

SETUP_S = 15 * 60.0
INVITE_S = 3 * 24 * 3600.0


def link_for(connection: Connection, user: User, until: float) -> str:
    """The secret of a new link; earlier ones of the same user end."""
    secret = new_secret()
    drop(connection, user)
    connection.execute(insert(access_links).values(digest=digest_of(secret), user=user.id, until=until))
    return secret


def drop(connection: Connection, user: User) -> None:
    """Let none of a user's links count any more."""
    connection.execute(delete(access_links).where(access_links.c.user == user.id))


def whose(connection: Connection, secret: str, now: float) -> User | None:
    """The user whose link it is; None when it was used, is too old, or never was."""
    wanted = (
        select(users)
        .join(access_links, access_links.c.user == users.c.id)
        .where(access_links.c.digest == digest_of(secret), access_links.c.until > now, users.c.disabled.is_(False))
    )
    row = connection.execute(wanted).one_or_none()
    return None if row is None else user_of(row)


def use(connection: Connection, secret: str, now: float) -> User | None:
    """The user whose link it was: it counts once, whoever else tries it at the same moment."""
    user = whose(connection, secret, now)
    if user is None:
        return None
    gone = connection.execute(delete(access_links).where(access_links.c.digest == digest_of(secret)))
    return user if gone.rowcount else None
