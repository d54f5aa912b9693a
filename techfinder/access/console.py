"""Whoever works on the machine itself: nobody signs in there, and the audit log says so."""

from __future__ import annotations

import getpass
from collections.abc import Mapping
from contextlib import closing
from typing import TYPE_CHECKING, Any

from techfinder.database import database_exists

if TYPE_CHECKING:
    from techfinder.settings import Settings

__all__ = ["actor", "note_on_console", "on_console"]


def actor() -> str:
    """The account of the operating system."""
    try:
        return getpass.getuser()
    except (OSError, KeyError):
        return "unknown"


def on_console() -> str:
    """The same for the audit log, where it is never taken for somebody who signs in."""
    return f"console {actor()}"


def note_on_console(
    settings: Settings, action: str, subject: str = "", detail: Mapping[str, Any] | None = None
) -> None:
    """Add what is about to be done here to the audit log, where there is one: where people sign in.

    Raises:
        DatabaseError: It could not be noted, and must not be done.
    """
    if not database_exists(settings):
        return
    from techfinder.access.access import Access

    with closing(Access(settings)) as access:
        if access.people.has_admin():
            access.log.note(action, on_console(), subject=subject, detail=detail)
