"""Who asks, and what they may: what the core's gate knows of the request that is being answered."""

from __future__ import annotations

from typing import TYPE_CHECKING, cast

from flask import current_app

if TYPE_CHECKING:
    from techfinder.access.access import Access
    from techfinder.guarding import Guard

__all__ = ["access", "gate", "who"]


def gate() -> Guard:
    """The gate, which has let this request in."""
    return cast("Guard", current_app.extensions["techfinder.guard"])


def access() -> Access:
    """People, sessions, tokens, the audit log."""
    return cast("Access", current_app.extensions["techfinder.access"])


def who() -> str:
    """The name of whoever asks, for what is kept of who did what."""
    identity = gate().identity() if gate().asks else None
    return identity.label if identity is not None else "web page"
