"""Passwords: Argon2id, and what is asked of a new one."""

from __future__ import annotations

import secrets
import threading
import unicodedata
from functools import cached_property

from argon2 import PasswordHasher
from argon2.exceptions import InvalidHashError, VerificationError

from techfinder.errors import AccessError

__all__ = ["LEAST", "MEMORY_KIB", "MOST", "Passwords"]

LEAST, MOST = 12, 256
MEMORY_KIB = 19 * 1024
_ROUNDS = 2
_DIFFERENT = 5
_AT_ONCE = 2


class Passwords:
    """Hashes and compares. Safe for many threads; at most two at a time, whoever asks."""

    def __init__(self) -> None:
        """Hash nothing yet."""
        self._hasher = PasswordHasher(time_cost=_ROUNDS, memory_cost=MEMORY_KIB, parallelism=1)
        self._turn = threading.BoundedSemaphore(_AT_ONCE)

    def hash(self, password: str, name: str) -> str:
        """What is kept of a new password. Raises AccessError when it is too easy to guess."""
        _refuse_easy(password, name)
        with self._turn:
            return self._hasher.hash(_normal(password))

    def right(self, hashed: str, password: str) -> bool:
        """Whether it is the password; takes as long where nobody has one (`hashed` is empty)."""
        try:
            with self._turn:
                right = self._hasher.verify(hashed or self._nobodys, _normal(password[:MOST]))
        except (VerificationError, InvalidHashError):
            return False
        return right and bool(hashed)

    @cached_property
    def _nobodys(self) -> str:
        return self._hasher.hash(secrets.token_hex(16))


def _normal(password: str) -> bytes:
    """Keyboards write the same letter in different ways."""
    return unicodedata.normalize("NFKC", password).encode("utf-8", "surrogatepass")


def _refuse_easy(password: str, name: str) -> None:
    if not LEAST <= len(password) <= MOST:
        raise AccessError(
            f"A password has {LEAST} to {MOST} characters; this one has {len(password)}. Try a few words."
        )
    folded = password.casefold()
    if len(set(folded)) < _DIFFERENT:
        raise AccessError("The password repeats the same few characters. Try a few words.")
    if any(
        len(word) > 3 and len(folded.replace(word, "")) < LEAST / 2
        for word in (name.partition("@")[0], "techfinder", "password")
    ):
        raise AccessError("The password is little more than a word that everybody would try. Try a few words.")
