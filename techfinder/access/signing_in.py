"""Signing in: a name and a password, then a code where somebody has a second factor; or a one-use link."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from sqlalchemy import select

from techfinder.access import accounts, links, second_factor, sessions
from techfinder.access.accounts import User
from techfinder.access.over import Asker, Over
from techfinder.access.passwords import LEAST, Passwords
from techfinder.access.permissions import Identity
from techfinder.database.tables import users
from techfinder.errors import AccessError

if TYPE_CHECKING:
    from sqlalchemy import Connection

__all__ = ["SignedIn", "SigningIn"]

_WRONG = "Name or password is wrong."
_WRONG_CODE = "The code is wrong, or was used already. Wait for the next one."
_LATE = "That took too long. Sign in again."


@dataclass(frozen=True, slots=True)
class SignedIn:
    """What became of a right password, code or link.

    Attributes:
        session: Id of the new session, for the cookie.
        owes_code: True when the second factor is still to come, and the session stands for nobody yet.
        device: For the browser to keep.
    """

    session: str
    owes_code: bool = False
    device: str = ""


class SigningIn:
    """Begins and ends sessions. Each one has an id of its own, made when it begins.

    Attributes:
        least: Characters of a password.
    """

    least = LEAST

    def __init__(self, over: Over, passwords: Passwords) -> None:
        """Ask nothing yet."""
        self._over, self._passwords = over, passwords

    def by_password(self, name: str, password: str, asker: Asker) -> SignedIn:
        """Begin a session for a name and a password.

        Raises:
            TooManyAttempts: The password was not looked at.
            AccessError: One of them is wrong; which one is not said.
        """
        name = name.strip().casefold()[:200]
        taken = self._over.attempt(name, asker, "password")
        row = self._row(name)
        if not self._passwords.right(row.password if row is not None else "", password) or row is None:
            self.refuse(name, asker, "password")
            raise AccessError(_WRONG)
        with self._over.changing() as (connection, now):
            # It may have been changed, or its user disabled, while it was compared.
            unchanged = select(users.c.id).where(users.c.id == row.id, users.c.password == row.password)
            if connection.execute(unchanged.where(users.c.disabled.is_(False))).scalar() is None:
                raise AccessError(_WRONG)
            signed_in = self._begin(connection, now, row, asker)
        self._over.throttle.give_back(taken)
        return signed_in

    def by_code(self, session: str, code: str, asker: Asker) -> SignedIn:
        """Begin a session for one that owes the second factor, and a code from the app or to recover with.

        Raises:
            TooManyAttempts: The code was not looked at.
            AccessError: It is wrong, or took too long.
        """
        owed = self.owing(session)
        if owed is None:
            raise AccessError(_LATE)
        taken = self._over.attempt(owed.name, asker, "code")
        signed_in = None
        with self._over.changing() as (connection, now):
            found = sessions.find(connection, session, now, self._over.idle_s, pending=True)
            if found is not None and self._code_counts(connection, now, found, code, asker):
                sessions.end(connection, found.user, found.digest)
                signed_in = self.begin_whole(connection, now, found.user, found.name, asker)
        if signed_in is None:
            self.refuse(owed.name, asker, "code")
            raise AccessError(_WRONG_CODE)
        self._over.throttle.give_back(taken)
        return signed_in

    def owing(self, session: str) -> Identity | None:
        """Who has given a password and owes the second factor still."""
        with self._over.reading() as (connection, now):
            found = sessions.find(connection, session, now, self._over.idle_s, pending=True)
            return None if found is None else sessions.identity_of(found)

    def whose_link(self, secret: str) -> User | None:
        """The user whose one-use link it is; None when it does not count (any more)."""
        with self._over.reading() as (connection, now):
            return links.whose(connection, secret, now)

    def by_link(self, secret: str, password: str, asker: Asker) -> SignedIn:
        """Set the password of the user whose link it is, end what was open, and begin a session. Raises AccessError."""
        found = self.whose_link(secret)
        hashed = self._passwords.hash(password, found.name) if found is not None else ""
        with self._over.changing() as (connection, now):
            user = links.use(connection, secret, now)
            if user is None or not hashed:
                raise AccessError("This link was used already, or is too old. Ask for another one.")
            accounts.change(connection, user, password=hashed)
            sessions.end_all(connection, user.id)
            sessions.forget_devices(connection, user.id)
            self._over.note(connection, now, "link.use", user.name, asker, subject=user.name)
            self._over.note(connection, now, "password.set", user.name, asker, subject=user.name)
            row = connection.execute(select(users).where(users.c.id == user.id)).one()
            return self._begin(connection, now, row, asker)

    def out(self, identity: Identity, asker: Asker) -> None:
        """End the session."""
        with self._over.changing() as (connection, now):
            sessions.end(connection, identity.user, identity.session)
            self._over.note(connection, now, "sign-out", identity.label, asker, subject=identity.name)

    def _row(self, name: str) -> Any:
        wanted = select(users).where(users.c.name == name, users.c.disabled.is_(False))
        with self._over.reading() as (connection, _):
            return connection.execute(wanted).one_or_none() if accounts.could_be(name) else None

    def _begin(self, connection: Connection, now: float, row: Any, asker: Asker) -> SignedIn:
        """A session for somebody whose password is right, or was just set: half a one where a code is owed."""
        if not row.second_factor:
            return self.begin_whole(connection, now, row.id, row.name, asker)
        lasts_s = sessions.PENDING_S
        half = sessions.begin(connection, row.id, now, lasts_s, asker.address, asker.browser, pending=True)
        return SignedIn(half, owes_code=True)

    def begin_whole(
        self, connection: Connection, now: float, user: str, name: str, asker: Asker, by: str = "password"
    ) -> SignedIn:
        """A session for somebody who has shown who they are; `by` says how."""
        session = sessions.begin(connection, user, now, self._over.most_s, asker.address, asker.browser)
        known = bool(asker.device) and sessions.known_device(connection, name, asker.device, now)
        device = asker.device if known else sessions.know_device(connection, user, now)
        self._over.note(connection, now, "sign-in", name, asker, subject=name, detail={"by": by})
        return SignedIn(session, device=device)

    def refuse(self, name: str, asker: Asker, wrong: str) -> None:
        """Note that somebody was not let in."""
        with self._over.changing() as (connection, now):
            detail = {"wrong": wrong}
            self._over.note(connection, now, "sign-in.refused", name or "?", asker, subject=name, detail=detail)

    def _code_counts(self, connection: Connection, now: float, found: Any, code: str, asker: Asker) -> bool:
        step = second_factor.matching_step(found.second_factor, code, now)
        if step is not None:
            return second_factor.take_step(connection, found.user, step)
        if not second_factor.recover(connection, found.user, code):
            return False
        self._over.note(connection, now, "factor.recover", found.name, asker, subject=found.name)
        return True
