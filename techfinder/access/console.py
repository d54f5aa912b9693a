"""Whoever works on the machine itself: the command line asks nobody to sign in."""

from __future__ import annotations

import getpass

__all__ = ["actor", "on_console"]


def actor() -> str:
    """The account of the operating system."""
    try:
        return getpass.getuser()
    except (OSError, KeyError):
        return "unknown"


def on_console() -> str:
    """The same for the audit log, where it is never taken for somebody who signs in."""
    return f"console {actor()}"
