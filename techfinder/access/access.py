"""Everything about access over one application database, for pages, the API and the command line."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING, Any

from techfinder.access import accounts, audit, tokens
from techfinder.access.audit import ACTIONS, Entry, Verdict
from techfinder.access.known import Known
from techfinder.access.over import NOWHERE, Asker, Over
from techfinder.access.own import Own
from techfinder.access.passwords import Passwords
from techfinder.access.people import People
from techfinder.access.permissions import ROLES
from techfinder.access.signing_in import SigningIn
from techfinder.access.single_sign_on import SingleSignOn
from techfinder.access.tokens import Token

if TYPE_CHECKING:
    from sqlalchemy import Connection

    from techfinder.access.accounts import User
    from techfinder.settings import Settings

__all__ = ["Access", "AuditLog", "Tokens"]

_READING, _GATEWAY = "Qdrant REST", "gateway"
"""What a token that reads Qdrant's REST API is called, and the scope that it has."""


class Tokens:
    """Tokens for programs; everything is in the audit log."""

    def __init__(self, over: Over) -> None:
        """Ask nothing yet."""
        self._over = over

    def of(self, name: str = "") -> list[Token]:
        """The tokens of a user, or everybody's, newest first. Raises AccessError."""
        with self._over.reading() as (connection, _):
            return tokens.listed(connection, accounts.by_name(connection, name).id if name else "")

    def make(
        self, name: str, label: str, scopes: Iterable[str], days: float, by: str, asker: Asker = NOWHERE
    ) -> tuple[Token, str]:
        """A token that stands for a user, and its text, which nobody can be shown again. Raises AccessError."""
        with self._over.changing() as (connection, now):
            return self._make(connection, now, accounts.by_name(connection, name), label, scopes, days, by, asker)

    def grant(self, name: str, days: float, by: str, asker: Asker = NOWHERE) -> tuple[Token, str]:
        """A token that reads Qdrant's REST API and encodes sentences, and nothing else; and its text.

        Who has no user of that name becomes an analyst. Raises AccessError.
        """
        with self._over.changing() as (connection, now):
            user = {u.name: u for u in accounts.everybody(connection)}.get(accounts.normal_name(name))
            if user is None:
                user = accounts.add(connection, name, "analyst", now)
                self._over.note(connection, now, "user.add", by, asker, subject=user.name, detail={"role": user.role})
            return self._make(connection, now, user, _READING, (_GATEWAY, "encode"), days, by, asker)

    def withdraw(self, name: str, by: str, asker: Asker = NOWHERE) -> int:
        """Let no token of a user's that reads Qdrant's REST API count any more; returns how many did.

        Raises AccessError.
        """
        with self._over.changing() as (connection, now):
            held = tokens.listed(connection, accounts.by_name(connection, name).id)
            good = [t for t in held if _GATEWAY in t.scopes and t.state(now) == "good"]
            for token in good:
                self._revoke(connection, now, token.id, by, asker)
            return len(good)

    def revoke(self, token_id: str, by: str, asker: Asker = NOWHERE, owner: str = "") -> Token:
        """Let a token count no longer; with the name of an `owner` only one of theirs. Raises AccessError."""
        with self._over.changing() as (connection, now):
            return self._revoke(connection, now, token_id, by, asker, owner)

    def _make(
        self,
        connection: Connection,
        now: float,
        user: User,
        label: str,
        scopes: Iterable[str],
        days: float,
        by: str,
        asker: Asker,
    ) -> tuple[Token, str]:
        accounts.require_enabled(user)
        made, text = tokens.make(connection, user, label, scopes, days, now)
        detail = {"for": user.name, "label": made.label, "scopes": list(made.scopes), "days": days}
        self._over.note(connection, now, "token.make", by, asker, subject=made.id, detail=detail)
        return made, text

    def _revoke(
        self, connection: Connection, now: float, token_id: str, by: str, asker: Asker, owner: str = ""
    ) -> Token:
        user = accounts.by_name(connection, owner).id if owner else ""
        token = tokens.revoke(connection, token_id, now, user)
        detail = {"for": token.user, "label": token.label}
        self._over.note(connection, now, "token.revoke", by, asker, subject=token.id, detail=detail)
        return token


class AuditLog:
    """What happened."""

    def __init__(self, over: Over) -> None:
        """Ask nothing yet."""
        self._over = over

    def note(
        self, action: str, by: str, asker: Asker = NOWHERE, subject: str = "", detail: Mapping[str, Any] | None = None
    ) -> None:
        """Add an entry. Raises DatabaseError: then what it tells of must not happen."""
        with self._over.changing() as (connection, now):
            self._over.note(connection, now, action, by, asker, subject=subject, detail=detail)

    def newest(self, before: int | None = None, limit: int = 50, **wanted: str) -> list[Entry]:
        """The newest entries, as :func:`techfinder.access.audit.newest`."""
        with self._over.reading() as (connection, _):
            return audit.newest(connection, before=before, limit=limit, **wanted)

    def verify(self, number: int | None = None, digest: str = "") -> Verdict:
        """Whether it is whole, as :func:`techfinder.access.audit.verify`."""
        return audit.verify(self._over.database, number, digest)


class Access:
    """Safe for many threads. The database is opened when it is first needed; close it at the end.

    Attributes:
        people: Users and their roles.
        signing_in: Begins and ends sessions.
        single_sign_on: Begins sessions for whom a provider names.
        own: One's own account.
        tokens: For programs.
        known: Who asks.
        log: The audit log.
        roles: From least to most.
        actions: What the audit log tells of, in words, by name.
    """

    roles, actions = ROLES, ACTIONS

    def __init__(self, settings: Settings) -> None:
        """Open nothing yet."""
        self._over, passwords = Over(settings), Passwords()
        self.people = People(self._over)
        self.signing_in = SigningIn(self._over, passwords)
        self.single_sign_on = SingleSignOn(self._over, self.signing_in, settings)
        self.own = Own(self._over, passwords)
        self.tokens = Tokens(self._over)
        self.known = Known(self._over)
        self.log = AuditLog(self._over)

    def clock(self) -> float:
        """The database's own time, in seconds since 1970."""
        with self._over.reading() as (_, now):
            return now

    def close(self) -> None:
        """Close the database."""
        self._over.close()
