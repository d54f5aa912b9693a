"""Whether a home is whole: a restore that has begun to take effect, and is not done, keeps everybody else out."""

from __future__ import annotations

from pathlib import Path

from techfinder.errors import BackupError

__all__ = ["journal_in", "require_restored", "work_in"]


def work_in(home: Path) -> Path:
    """The folder that a restore works in."""
    return home / "restoring"


def journal_in(home: Path) -> Path:
    """The file that is there from the moment on in which a restore takes effect, until it is done."""
    return work_in(home) / "journal.json"


def require_restored(home: Path) -> None:
    """Raise BackupError while a restore of this home takes effect."""
    if journal_in(home).exists():
        raise BackupError(
            f"A restore of {home} is taking effect, or was broken off while it did. If none is going, end it with "
            "`techfinder restore --finish`."
        )
