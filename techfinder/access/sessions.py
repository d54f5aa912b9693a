"""Who is signed in. A cookie holds a random id; the table holds its digest, so that a stolen table opens nothing."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from sqlalchemy import ColumnElement, and_, delete, insert, or_, select, update

from techfinder.access.permissions import Identity, role_named
from techfinder.access.secrets import digest_of, new_secret
from techfinder.database.tables import devices, sessions, users

if TYPE_CHECKING:
    from sqlalchemy import Connection

__all__ = [
    "DEVICE_S",
    "PENDING_S",
    "Session",
    "begin",
    "end",
    "end_all",
    "find",
    "forget_devices",
    "identity_of",
    "know_device",
    "known_device",
    "of_user",
    "stale",
    "touch",
]

PENDING_S = 5 * 60.0
DEVICE_S = 90 * 24 * 3600.0
_SEEN_EVERY_S = 60.0
_SWEPT_AFTER_S = 2 * 24 * 3600.0
"""Ended sessions open nothing, and are kept for so long: the clock may be ahead by a day, and put right again."""

_MOST_DEVICES = 20


@dataclass(frozen=True, slots=True)
class Session:
    """A session as its owner sees it.

    Attributes:
        digest: Of its id.
        begun_at, seen_at: Seconds since 1970; `seen_at` to the minute.
        address, browser: Where it was begun.
    """

    digest: str
    begun_at: float
    seen_at: float
    address: str
    browser: str


def begin(
    connection: Connection, user: str, now: float, lasts_s: float, address: str, browser: str, *, pending: bool = False
) -> str:
    """The id of a new session; `pending` is one that still owes the second factor, and stands for nobody."""
    secret = new_secret()
    connection.execute(delete(sessions).where(sessions.c.until < now - _SWEPT_AFTER_S))
    connection.execute(
        insert(sessions).values(
            digest=digest_of(secret),
            user=user,
            pending=pending,
            created_at=now,
            seen_at=now,
            until=now + lasts_s,
            address=address[:45],
            browser=browser[:200],
        )
    )
    return secret


def find(connection: Connection, secret: str, now: float, idle_s: float, *, pending: bool = False) -> Any:
    """The session with that id, with its user's ``name`` and ``role``; None when it has ended."""
    wanted = (
        select(sessions, users.c.name, users.c.role, users.c.second_factor)
        .join(users, users.c.id == sessions.c.user)
        .where(sessions.c.digest == digest_of(secret), sessions.c.pending.is_(pending))
        .where(_lasts(now, idle_s), users.c.disabled.is_(False))
    )
    return connection.execute(wanted).one_or_none()


def identity_of(found: Any) -> Identity:
    """Who it is that a session stands for."""
    return Identity(found.name, role_named(found.role), user=found.user, session=found.digest)


def stale(found: Any, now: float) -> bool:
    """Whether it is time to note that the session is in use."""
    return bool(now - found.seen_at > _SEEN_EVERY_S)


def touch(connection: Connection, digest: str, now: float) -> None:
    """Note that a session is in use."""
    connection.execute(update(sessions).where(sessions.c.digest == digest).values(seen_at=now))


def end(connection: Connection, user: str, digest: str) -> bool:
    """End one session of a user; False when they have no such session."""
    ended = connection.execute(delete(sessions).where(sessions.c.digest == digest, sessions.c.user == user))
    return bool(ended.rowcount)


def end_all(connection: Connection, user: str, keep: str = "") -> int:
    """End all sessions of a user, without the one to `keep`. Answers how many."""
    ended = connection.execute(delete(sessions).where(sessions.c.user == user, sessions.c.digest != keep))
    return int(ended.rowcount)


def of_user(connection: Connection, user: str, now: float, idle_s: float) -> list[Session]:
    """The sessions of a user, the newest first."""
    wanted = select(sessions).where(sessions.c.user == user, sessions.c.pending.is_(False), _lasts(now, idle_s))
    rows = connection.execute(wanted.order_by(sessions.c.created_at.desc()))
    return [Session(r.digest, r.created_at, r.seen_at, r.address, r.browser) for r in rows]


def know_device(connection: Connection, user: str, now: float) -> str:
    """What a browser keeps, so that attempts made from elsewhere never lock its user out."""
    secret = new_secret()
    connection.execute(delete(devices).where(devices.c.until < now - _SWEPT_AFTER_S))
    kept = select(devices.c.digest).where(devices.c.user == user).order_by(devices.c.until.desc())
    old = [d for (d,) in connection.execute(kept.offset(_MOST_DEVICES - 1))]
    if old:
        connection.execute(delete(devices).where(devices.c.digest.in_(old)))
    connection.execute(insert(devices).values(digest=digest_of(secret), user=user, until=now + DEVICE_S))
    return secret


def known_device(connection: Connection, name: str, secret: str, now: float) -> bool:
    """Whether the user of that name has signed in from that browser before."""
    wanted = (
        select(devices.c.digest)
        .join(users, users.c.id == devices.c.user)
        .where(devices.c.digest == digest_of(secret), devices.c.until > now, users.c.name == name)
    )
    return connection.execute(wanted).scalar() is not None


def forget_devices(connection: Connection, user: str) -> None:
    """Know none of a user's browsers any more."""
    connection.execute(delete(devices).where(devices.c.user == user))


def _lasts(now: float, idle_s: float) -> ColumnElement[bool]:
    return and_(sessions.c.until > now, or_(sessions.c.pending, sessions.c.seen_at > now - idle_s))
