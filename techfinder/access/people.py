"""What an admin does with people."""

from __future__ import annotations

from typing import TYPE_CHECKING

from techfinder.access import accounts, links, second_factor, sessions
from techfinder.access.accounts import User
from techfinder.access.over import NOWHERE, Asker, Over
from techfinder.access.permissions import role_named
from techfinder.errors import AccessError

if TYPE_CHECKING:
    from sqlalchemy import Connection

__all__ = ["People"]

_ADMINS = "change who is an admin"


class People:
    """Users and their roles. `by` is always who does it; everything is in the audit log."""

    def __init__(self, over: Over) -> None:
        """Ask nothing yet."""
        self._over = over

    def all(self) -> list[User]:
        """Everybody, by name."""
        with self._over.reading() as (connection, _):
            return accounts.everybody(connection)

    def named(self, name: str) -> User:
        """The user of that name. Raises AccessError."""
        with self._over.reading() as (connection, _):
            return accounts.by_name(connection, name)

    def has_admin(self) -> bool:
        """Whether there is an admin who is not disabled."""
        with self._over.reading() as (connection, _):
            return accounts.has_admin(connection)

    def add(self, name: str, role: str, by: str, asker: Asker = NOWHERE) -> tuple[User, str]:
        """A new user, and the secret of a link with which they set a password. Raises AccessError."""
        with self._over.changing() as (connection, now):
            user = accounts.add(connection, name, role, now)
            self._over.note(connection, now, "user.add", by, asker, subject=user.name, detail={"role": user.role})
            return user, self._link(connection, now, user, links.INVITE_S, by, asker)

    def set_up_admin(self, name: str, by: str) -> tuple[User, str]:
        """The admin of that name, made if need be, and the secret of a link that lasts a quarter of an hour.

        Raises AccessError when somebody of that name is no admin.
        """
        with self._over.changing() as (connection, now):
            known = {u.name: u for u in accounts.everybody(connection)}
            user = known.get(accounts.normal_name(name))
            if user is None:
                user = accounts.add(connection, name, "admin", now)
                self._over.note(connection, now, "user.add", by, subject=user.name, detail={"role": user.role})
            elif user.role != "admin" or user.disabled:
                state = "is disabled" if user.disabled else f"is {user.role}"
                raise AccessError(f"{user.name} {state}. Give another name, or change that first.")
            return user, self._link(connection, now, user, links.SETUP_S, by)

    def new_link(self, name: str, by: str, asker: Asker = NOWHERE) -> str:
        """The secret of a link with which a user sets a new password. Raises AccessError."""
        with self._over.changing() as (connection, now):
            user = accounts.by_name(connection, name)
            accounts.require_enabled(user)
            return self._link(connection, now, user, links.INVITE_S, by, asker)

    def set_role(self, name: str, role: str, by: str, asker: Asker = NOWHERE) -> User:
        """Give a user another role; it counts at their next request. Raises AccessError."""
        with self._over.changing() as (connection, now):
            self._over.database.alone(connection, _ADMINS)
            user = accounts.by_name(connection, name)
            changed = accounts.change(connection, user, role=role_named(role))
            accounts.keep_an_admin(connection)
            detail = {"before": user.role, "role": changed.role}
            self._over.note(connection, now, "user.role", by, asker, subject=user.name, detail=detail)
            return changed

    def disable(self, name: str, by: str, asker: Asker = NOWHERE) -> User:
        """Let a user in no longer: their sessions, links and tokens count no more. Raises AccessError."""
        with self._over.changing() as (connection, now):
            self._over.database.alone(connection, _ADMINS)
            user = accounts.change(connection, accounts.by_name(connection, name), disabled=True)
            accounts.keep_an_admin(connection)
            sessions.end_all(connection, user.id)
            sessions.forget_devices(connection, user.id)
            links.drop(connection, user)
            self._over.note(connection, now, "user.disable", by, asker, subject=user.name)
            return user

    def enable(self, name: str, by: str, asker: Asker = NOWHERE) -> User:
        """Let a user in again. Raises AccessError."""
        with self._over.changing() as (connection, now):
            user = accounts.change(connection, accounts.by_name(connection, name), disabled=False)
            self._over.note(connection, now, "user.enable", by, asker, subject=user.name)
            return user

    def end_sessions(self, name: str, by: str, asker: Asker = NOWHERE, keep: str = "") -> int:
        """End all sessions of a user, without the one with the digest `keep`. Answers how many. Raises AccessError."""
        with self._over.changing() as (connection, now):
            user = accounts.by_name(connection, name)
            ended = sessions.end_all(connection, user.id, keep)
            sessions.forget_devices(connection, user.id)
            self._over.note(connection, now, "session.end", by, asker, subject=user.name, detail={"ended": ended})
            return ended

    def drop_factor(self, name: str, by: str, asker: Asker = NOWHERE) -> None:
        """Let a user who has lost app and codes in with a password alone. Raises AccessError."""
        with self._over.changing() as (connection, now):
            user = accounts.by_name(connection, name)
            second_factor.drop(connection, user.id)
            self._over.note(connection, now, "factor.off", by, asker, subject=user.name)

    def _link(
        self, connection: Connection, now: float, user: User, lasts_s: float, by: str, asker: Asker = NOWHERE
    ) -> str:
        self._over.note(connection, now, "link.make", by, asker, subject=user.name)
        return links.link_for(connection, user, now + lasts_s)
