"""One's own account: password, sessions, second factor."""

from __future__ import annotations

from sqlalchemy import select

from techfinder.access import accounts, second_factor, sessions
from techfinder.access.over import Asker, Over
from techfinder.access.passwords import Passwords
from techfinder.access.permissions import Identity
from techfinder.access.sessions import Session
from techfinder.database.tables import users
from techfinder.errors import AccessError

__all__ = ["Own"]


class Own:
    """What somebody who is signed in does with their own account; nothing here takes anybody else's name."""

    def __init__(self, over: Over, passwords: Passwords) -> None:
        """Ask nothing yet."""
        self._over, self._passwords = over, passwords

    def change_password(self, identity: Identity, old: str, new: str, asker: Asker) -> None:
        """Set another password; all other sessions end. Raises AccessError, TooManyAttempts."""
        self._confirm(identity, old, asker)
        hashed = self._passwords.hash(new, identity.name)
        with self._over.changing() as (connection, now):
            accounts.change(connection, accounts.by_name(connection, identity.name), password=hashed)
            sessions.end_all(connection, identity.user, identity.session)
            sessions.forget_devices(connection, identity.user)
            self._over.note(connection, now, "password.set", identity.label, asker, subject=identity.name)

    def sessions(self, identity: Identity) -> list[Session]:
        """Where somebody is signed in, the newest first."""
        with self._over.reading() as (connection, now):
            return sessions.of_user(connection, identity.user, now, self._over.idle_s)

    def end_session(self, identity: Identity, digest: str, asker: Asker) -> None:
        """End one of one's own sessions. Raises AccessError."""
        with self._over.changing() as (connection, now):
            if not sessions.end(connection, identity.user, digest):
                raise AccessError("There is no such session of yours; it may have ended.")
            self._over.note(connection, now, "session.end", identity.label, asker, subject=identity.name)

    def has_factor(self, identity: Identity) -> bool:
        """Whether codes are asked for."""
        with self._over.reading() as (connection, _):
            return accounts.by_name(connection, identity.name).has_second_factor

    def new_factor(self) -> str:
        """The key of a new second factor; it is asked for once :meth:`factor_on` has had a code of it."""
        return second_factor.new_key()

    def factor_address(self, identity: Identity, key: str) -> str:
        """What a QR code tells an app. Raises AccessError when it is no key of ours."""
        if not second_factor.is_key(key):
            raise AccessError("That is no key of an authenticator app. Begin again.")
        return second_factor.address_of(key, identity.name)

    def factor_on(self, identity: Identity, key: str, code: str, asker: Asker) -> tuple[str, ...]:
        """Ask for codes of the app with that key from now on; answers the codes to recover with.

        Raises AccessError when the code is not the app's.
        """
        with self._over.changing() as (connection, now):
            user = accounts.by_name(connection, identity.name)
            step = second_factor.matching_step(key, code, now) if second_factor.is_key(key) else None
            if user.has_second_factor:
                raise AccessError("There is a second factor already. Switch it off first.")
            if step is None:
                raise AccessError("The code is not the one that the app shows now. Try the next one.")
            accounts.change(connection, user, second_factor=key, second_step=step)
            sessions.end_all(connection, user.id, identity.session)
            sessions.forget_devices(connection, user.id)
            self._over.note(connection, now, "factor.on", identity.label, asker, subject=user.name)
            return second_factor.new_recovery_codes(connection, user.id)

    def factor_off(self, identity: Identity, password: str, asker: Asker) -> None:
        """Ask for a password alone again. Raises AccessError, TooManyAttempts."""
        self._confirm(identity, password, asker)
        with self._over.changing() as (connection, now):
            second_factor.drop(connection, identity.user)
            self._over.note(connection, now, "factor.off", identity.label, asker, subject=identity.name)

    def recovery_left(self, identity: Identity) -> int:
        """How many codes to recover with are left."""
        with self._over.reading() as (connection, _):
            return second_factor.recovery_left(connection, identity.user)

    def _confirm(self, identity: Identity, password: str, asker: Asker) -> None:
        """Raise AccessError unless it is the password of who is signed in; guesses are counted."""
        taken = self._over.attempt(identity.name, asker, "password")
        with self._over.reading() as (connection, _):
            hashed = connection.execute(select(users.c.password).where(users.c.id == identity.user)).scalar()
        if not self._passwords.right(hashed or "", password):
            raise AccessError("That is not your password.")
        self._over.throttle.give_back(taken)
