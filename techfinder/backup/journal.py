"""What a restore that takes effect has to do, so that another process can end what one that was killed began.

Until the journal is written nothing has changed. The people go live right after it, in one step; what follows is done
again, or for the first time, by whoever ends it. Where the people are not live, nothing else has happened: what
was prepared is dropped.
"""

from __future__ import annotations

import json
import os
from collections.abc import Callable
from pathlib import Path

from pydantic import BaseModel, ConfigDict, ValidationError

from techfinder.errors import BackupError
from techfinder.restored import journal_in, work_in
from techfinder.store.folders import remove_folder, sync_folder, sync_path

__all__ = ["Journal", "clear", "read_journal"]


class Journal(BaseModel):
    """What is to take effect.

    Attributes:
        collection: Whose people.
        points, digest: Of the people that go live; None where the backup has none.
        database: Whether the staged database replaces the one that there is.
        files: Files to put in place: where they are below the work folder, and where to below the home.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")
    collection: str
    points: int | None
    digest: str | None
    database: bool
    files: tuple[tuple[str, str], ...]

    def write(self, home: Path) -> None:
        """From here on the restore takes effect. Everything staged is on the disk before."""
        sync_folder(work_in(home))
        path = journal_in(home)
        draft = path.with_suffix(".new")
        with draft.open("w", encoding="utf-8") as file:
            file.write(self.model_dump_json(indent=1))
            file.flush()
            os.fsync(file.fileno())
        draft.replace(path)
        sync_path(path.parent)

    def put_files(self, home: Path) -> None:
        """Put every file in place that is not there yet; each appears whole."""
        for source, target in self.files:
            path = work_in(home) / source
            if path.exists():
                (home / target).parent.mkdir(parents=True, exist_ok=True)
                path.replace(home / target)

    def end(self, home: Path, put_database: Callable[[], None]) -> None:
        """Do what is left to do once the people are live."""
        if self.database:
            put_database()
        self.put_files(home)
        clear(home)


def read_journal(home: Path) -> Journal | None:
    """What was begun and not ended; None when nothing was. Raises BackupError."""
    try:
        return Journal.model_validate(json.loads(journal_in(home).read_text(encoding="utf-8")))
    except FileNotFoundError:
        return None
    except (OSError, ValueError, ValidationError) as error:
        raise BackupError(f"{journal_in(home)} cannot be read: {error}.") from error


def clear(home: Path) -> None:
    """Remove what a restore worked with, the journal last but for its folder: then it is done."""
    work = work_in(home)
    for path in work.iterdir() if work.is_dir() else ():
        if path != journal_in(home):
            remove_folder(path) if path.is_dir() else path.unlink(missing_ok=True)
    journal_in(home).unlink(missing_ok=True)
    remove_folder(work)
