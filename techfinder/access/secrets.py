"""Random texts that stand for somebody, and what is kept of them."""

from __future__ import annotations

import hashlib
import secrets

__all__ = ["digest_of", "new_id", "new_secret"]


def new_secret() -> str:
    """256 random bits, as text that may stand in an address."""
    return secrets.token_urlsafe(32)


def new_id() -> str:
    """32 random hexadecimal digits."""
    return secrets.token_hex(16)


def digest_of(secret: str) -> str:
    """What is kept of a secret. It has no less entropy than the digest, so that nothing slower is needed."""
    return hashlib.sha256(secret.encode("utf-8", "surrogatepass")).hexdigest()
