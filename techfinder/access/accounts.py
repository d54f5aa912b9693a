"""People and their roles."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from sqlalchemy import func, insert, select, update

from techfinder.access.permissions import Role, role_named
from techfinder.access.secrets import new_id
from techfinder.database.tables import users
from techfinder.errors import AccessError, cut, known_names

if TYPE_CHECKING:
    from sqlalchemy import Connection

__all__ = [
    "User",
    "add",
    "by_name",
    "change",
    "could_be",
    "everybody",
    "has_admin",
    "keep_an_admin",
    "normal_name",
    "require_enabled",
    "user_of",
]

_NAME = re.compile(r"[a-z0-9](?:[a-z0-9._+@-]{0,98}[a-z0-9])?")


@dataclass(frozen=True, slots=True)
class User:
    """Somebody who may sign in.

    Attributes:
        id: 32 hexadecimal digits.
        name: What they sign in with, in lower case.
        disabled: True once they may no longer.
        has_password, has_second_factor: Whether they have set one.
        subject: Who they are to single sign-on; empty where they do not use it.
        created_at: Seconds since 1970.
    """

    id: str
    name: str
    role: Role
    disabled: bool
    has_password: bool
    has_second_factor: bool
    subject: str
    created_at: float


def normal_name(name: str) -> str:
    """A name as it is kept. Raises AccessError."""
    folded = name.strip().casefold()
    if not _NAME.fullmatch(folded):
        raise AccessError(
            f"{cut(name)} cannot be a name to sign in with. Expected 1 to 100 letters (a-z), digits, and . _ + @ - "
            "between them, as anna or anna@example.org."
        )
    return folded


def could_be(name: str) -> bool:
    """Whether somebody could have that name."""
    return _NAME.fullmatch(name) is not None


def add(connection: Connection, name: str, role: str, now: float) -> User:
    """A new user without a password. Raises AccessError when the name is taken or cannot be one."""
    name, role = normal_name(name), role_named(role)
    if _row(connection, name) is not None:
        raise AccessError(f"There is a user {cut(name)} already.")
    connection.execute(insert(users).values(id=new_id(), name=name, role=role, created_at=now))
    return by_name(connection, name)


def by_name(connection: Connection, name: str) -> User:
    """The user of that name, in whatever case. Raises AccessError."""
    row = _row(connection, name.strip().casefold())
    if row is None:
        names = [str(n) for (n,) in connection.execute(select(users.c.name).limit(100))]
        raise AccessError(f"There is no user {cut(name)}. {known_names(name, names)}")
    return user_of(row)


def everybody(connection: Connection) -> list[User]:
    """All users, by name."""
    return [user_of(row) for row in connection.execute(select(users).order_by(users.c.name))]


def has_admin(connection: Connection) -> bool:
    """Whether somebody may sign in, or may set a password to, as an admin."""
    wanted = select(users.c.id).where(users.c.role == "admin", users.c.disabled.is_(False)).limit(1)
    return connection.execute(wanted).scalar() is not None


def change(connection: Connection, user: User, **values: Any) -> User:
    """The user with other values."""
    connection.execute(update(users).where(users.c.id == user.id).values(**values))
    return by_name(connection, user.name)


def keep_an_admin(connection: Connection) -> None:
    """Raise AccessError when nobody is left who may change roles; the transaction is then undone."""
    wanted = select(func.count()).where(users.c.role == "admin", users.c.disabled.is_(False))
    if not connection.execute(wanted).scalar():
        raise AccessError("This is the last admin. Make somebody else an admin first.")


def require_enabled(user: User) -> None:
    """Raise AccessError for a user who was disabled."""
    if user.disabled:
        raise AccessError(
            f"{user.name} is disabled. Let them in again first: techfinder user disable {user.name} --undo"
        )


def user_of(row: Any) -> User:
    """A user from a row of the table."""
    return User(
        id=row.id,
        name=row.name,
        role=role_named(row.role),
        disabled=bool(row.disabled),
        has_password=bool(row.password),
        has_second_factor=bool(row.second_factor),
        subject=row.subject or "",
        created_at=row.created_at,
    )


def _row(connection: Connection, name: str) -> Any:
    if not could_be(name):  # nobody has it, and a database may not be able to take it
        return None
    return connection.execute(select(users).where(users.c.name == name)).one_or_none()
