"""Codes from an authenticator app (RFC 6238), each of which counts once, and codes to recover with."""

from __future__ import annotations

import hmac
import re
import secrets
from typing import TYPE_CHECKING

import pyotp
from sqlalchemy import delete, insert, select, update

from techfinder.access.secrets import digest_of
from techfinder.database.tables import recovery_codes, users

if TYPE_CHECKING:
    from sqlalchemy import Connection

__all__ = [
    "RECOVERY_CODES",
    "address_of",
    "drop",
    "is_key",
    "matching_step",
    "new_key",
    "new_recovery_codes",
    "recover",
    "recovery_left",
    "take_step",
]

RECOVERY_CODES = 10
_STEP_S = 30
_EARLY_OR_LATE = 1
_LETTERS = "abcdefghjkmnpqrstuvwxyz23456789"  # nothing that looks like something else


def new_key() -> str:
    """160 random bits in base 32, as apps take them."""
    return pyotp.random_base32()


def is_key(text: str) -> bool:
    """Whether it could be a key of :func:`new_key`."""
    return re.fullmatch(r"[A-Z2-7]{32}", text) is not None


def address_of(key: str, name: str) -> str:
    """What a QR code tells an app."""
    return pyotp.TOTP(key).provisioning_uri(name=name, issuer_name="techfinder")


def matching_step(key: str, code: str, now: float) -> int | None:
    """The step of thirty seconds that a code is of, now or one before or after; None for a wrong code."""
    code = "".join(code.split())
    if not (len(code) == 6 and code.isascii() and code.isdigit()):
        return None
    totp, here, found = pyotp.TOTP(key), int(now // _STEP_S), None
    for step in range(here - _EARLY_OR_LATE, here + _EARLY_OR_LATE + 1):
        if hmac.compare_digest(totp.generate_otp(step), code):
            found = step
    return found


def take_step(connection: Connection, user: str, step: int) -> bool:
    """Let a step count for a user; False when it, or a later one, has counted already."""
    unused = update(users).where(users.c.id == user, users.c.second_step < step)
    return bool(connection.execute(unused.values(second_step=step)).rowcount)


def new_recovery_codes(connection: Connection, user: str) -> tuple[str, ...]:
    """New codes to be kept on paper; earlier ones end."""
    codes = tuple("-".join(_part() for _ in range(4)) for _ in range(RECOVERY_CODES))
    connection.execute(delete(recovery_codes).where(recovery_codes.c.user == user))
    lines = [{"user": user, "digest": _digest(user, code)} for code in codes]
    connection.execute(insert(recovery_codes), lines)
    return codes


def drop(connection: Connection, user: str) -> None:
    """Ask a user for no codes any more."""
    connection.execute(update(users).where(users.c.id == user).values(second_factor=""))
    connection.execute(delete(recovery_codes).where(recovery_codes.c.user == user))


def recover(connection: Connection, user: str, code: str) -> bool:
    """Whether it is one of the user's codes; it counts once."""
    wanted = delete(recovery_codes).where(recovery_codes.c.user == user, recovery_codes.c.digest == _digest(user, code))
    return bool(connection.execute(wanted).rowcount)


def recovery_left(connection: Connection, user: str) -> int:
    """How many codes are left."""
    return len(connection.execute(select(recovery_codes.c.digest).where(recovery_codes.c.user == user)).all())


def _part() -> str:
    return "".join(secrets.choice(_LETTERS) for _ in range(4))


def _digest(user: str, code: str) -> str:
    """79 random bits each, so that a plain digest does."""
    return digest_of(f"{user} {'-'.join(code.lower().replace('-', ' ').split())}")
