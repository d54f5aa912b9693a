"""Tokens for programs: ``tf_ID_SECRET``, of which the id and the secret's digest are kept."""

from __future__ import annotations

import hmac
import re
import secrets
from collections.abc import Iterable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from sqlalchemy import insert, select, update

from techfinder.access.accounts import User
from techfinder.access.permissions import PERMISSIONS, Identity, role_named, scopes_named
from techfinder.access.secrets import digest_of, new_secret
from techfinder.database.tables import tokens, users
from techfinder.errors import AccessError, cut, known_names

if TYPE_CHECKING:
    from sqlalchemy import Connection

__all__ = [
    "MOST_DAYS",
    "Token",
    "find",
    "identity_of",
    "listed",
    "looks_like_ours",
    "make",
    "note_first_use",
    "note_use",
    "revoke",
    "stale",
]

MOST_DAYS = 366
_SHAPE = re.compile(r"tf_([0-9a-f]{12})_([A-Za-z0-9_-]{43})")
_USED_EVERY_S = 60.0


@dataclass(frozen=True, slots=True)
class Token:
    """A token, without its secret.

    Attributes:
        id: 12 hexadecimal digits, also in the token itself.
        user: Name of whom it stands for.
        label: What it is for, as its owner wrote.
        scopes: The permissions that it is limited to.
        created_at, until, used_at, revoked_at: Seconds since 1970; `used_at` to the minute.
    """

    id: str
    user: str
    label: str
    scopes: tuple[str, ...]
    created_at: float
    until: float
    used_at: float | None
    revoked_at: float | None

    def state(self, now: float) -> str:
        """``good``, ``revoked`` or ``ended``."""
        return "revoked" if self.revoked_at is not None else "good" if now < self.until else "ended"


def looks_like_ours(text: str) -> bool:
    """Whether a bearer token is one of these, right or wrong."""
    return text.startswith("tf_")


def make(
    connection: Connection, user: User, label: str, scopes: Iterable[str], days: float, now: float
) -> tuple[Token, str]:
    """A new token, and the text that is shown once. Raises AccessError."""
    if not 0 < days <= MOST_DAYS:
        raise AccessError(f"A token lasts for up to {MOST_DAYS} days, not {days:g}.")
    label = " ".join(label.split())[:100]
    if not label:
        raise AccessError("Say what the token is for.")
    owner = Identity(user.name, user.role)
    wanted = scopes_named(scopes)
    for scope in wanted:
        if not owner.may(scope):
            least = PERMISSIONS[scope].least
            raise AccessError(
                f"{user.name} is {user.role} and has no right to {scope} to give to a token: that takes {least} "
                f"or more. An admin gives it: techfinder user role {user.name} {least}"
            )
    token_id, secret = secrets.token_hex(6), new_secret()
    values = {"id": token_id, "digest": digest_of(secret), "user": user.id, "label": label, "scopes": list(wanted)}
    connection.execute(insert(tokens).values(**values, created_at=now, until=now + days * 86_400))
    made = Token(token_id, user.name, label, wanted, now, now + days * 86_400, None, None)
    return made, f"tf_{token_id}_{secret}"


def find(connection: Connection, text: str, now: float) -> Any:
    """The row of a token that counts, with its user's ``name`` and ``role``; None for any other."""
    shape = _SHAPE.fullmatch(text)
    if shape is None:
        return None
    wanted = (
        select(tokens, users.c.name, users.c.role)
        .join(users, users.c.id == tokens.c.user)
        .where(tokens.c.id == shape[1], tokens.c.until > now, tokens.c.revoked_at.is_(None))
        .where(users.c.disabled.is_(False))
    )
    row = connection.execute(wanted).one_or_none()
    return row if row is not None and hmac.compare_digest(row.digest, digest_of(shape[2])) else None


def identity_of(found: Any) -> Identity:
    """Who it is that a token stands for."""
    return Identity(found.name, role_named(found.role), user=found.user, token=found.id, scopes=frozenset(found.scopes))


def stale(found: Any, now: float) -> bool:
    """Whether it is time to note that the token is in use."""
    return bool(now - found.used_at > _USED_EVERY_S)


def note_first_use(connection: Connection, token_id: str, now: float) -> bool:
    """Note that a token is in use; False when that was noted before."""
    unused = update(tokens).where(tokens.c.id == token_id, tokens.c.used_at.is_(None))
    return bool(connection.execute(unused.values(used_at=now)).rowcount)


def note_use(connection: Connection, token_id: str, now: float) -> None:
    """Note that a token is in use."""
    connection.execute(update(tokens).where(tokens.c.id == token_id).values(used_at=now))


def listed(connection: Connection, user: str = "") -> list[Token]:
    """All tokens, or those of the user with that id; the newest first."""
    wanted = select(tokens, users.c.name).join(users, users.c.id == tokens.c.user)
    if user:
        wanted = wanted.where(tokens.c.user == user)
    return [_token(row) for row in connection.execute(wanted.order_by(tokens.c.created_at.desc(), tokens.c.id))]


def revoke(connection: Connection, token_id: str, now: float, user: str = "") -> Token:
    """Let a token count no longer; `user` is the id of whom it must belong to. Raises AccessError."""
    known = listed(connection, user)
    found = next((t for t in known if t.id == token_id), None)
    if found is None:
        raise AccessError(f"There is no token {cut(token_id)}. {known_names(token_id, (t.id for t in known))}")
    unless = tokens.c.revoked_at.is_(None)
    connection.execute(update(tokens).where(tokens.c.id == token_id, unless).values(revoked_at=now))
    return next(t for t in listed(connection, user) if t.id == token_id)


def _token(row: Any) -> Token:
    return Token(row.id, row.name, row.label, tuple(row.scopes), row.created_at, row.until, row.used_at, row.revoked_at)
