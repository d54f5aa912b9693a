"""Restoring a backup: everything is taken out and checked aside, then it takes effect."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass
from pathlib import Path

from filelock import FileLock, Timeout

from techfinder.backup import application, people
from techfinder.backup.about import About
from techfinder.backup.archive import unpack
from techfinder.backup.home_files import with_schema_file
from techfinder.backup.journal import Journal, clear, read_journal
from techfinder.errors import BackupError, CollectionNotFound
from techfinder.models import GenerationInfo
from techfinder.restored import require_restored, work_in
from techfinder.setting_files import make_home
from techfinder.settings import FILE_NAME, Settings, load_settings
from techfinder.store import open_store

__all__ = ["Restored", "finish_restore", "restore", "try_restore"]

Say = Callable[[str], None]
_UNPACKED, _DATABASE = "unpacked", "database"


@dataclass(frozen=True, slots=True)
class Restored:
    """What a restore has brought back.

    Attributes:
        about: What the backup held.
        info: The generation that is live now; None where the backup has no people.
        settings: What the home is used with from now on.
        kept: Files of the home that were left as they are, though the backup holds others.
    """

    about: About
    info: GenerationInfo | None
    settings: Settings
    kept: tuple[str, ...]


def restore(path: Path, settings: Settings, replace: bool = False, say: Say = lambda text: None) -> Restored:
    """Bring back what a backup holds: people, application database, settings, schema.

    Args:
        path: The backup.
        settings: Of the home to restore into. Where it has no settings file, that of the backup counts.
        replace: Whether what is there may be replaced; people stay kept as the generation before.
        say: Told what is being done.

    Raises:
        BackupError: The backup is damaged, or there is something here already, or a restore is going.
        StoreError, DatabaseError: A part cannot be written; nothing has changed unless the message says so.
    """
    home = settings.home
    if not path.is_file():
        raise BackupError(f"There is no backup {path}. Name a file that `techfinder backup` has made.")
    with _alone(home):
        require_restored(home)
        clear(home)
        work = work_in(home)
        (work / _UNPACKED).mkdir(parents=True, mode=0o700)
        chosen = settings
        try:
            say("Checking ...")
            about = unpack(path, work / _UNPACKED)
            chosen = _with_settings_of(settings, work / _UNPACKED / "settings")
            if not replace:
                _require_empty(chosen, about.collection)
            if about.tables is not None:
                application.stage(work / _UNPACKED / application.MEMBER, work / _DATABASE, about.tables)
            return _take_effect(chosen, about, work, say)
        except BaseException:
            if _nothing_changed(chosen, read_journal(home)):
                clear(home)
            raise


def finish_restore(settings: Settings) -> bool | None:
    """End a restore that was broken off while it took effect.

    Returns:
        True when all of it is in place now; False when nothing of it was, and it was dropped; None when there
        was none.

    Raises:
        BackupError: It is going still.
    """
    home = settings.home
    with _alone(home):
        journal = read_journal(home)
        if journal is None:
            return None
        chosen = _with_settings_of(settings, work_in(home) / _UNPACKED / "settings")
        if _nothing_changed(chosen, journal):
            clear(home)
            return False
        journal.end(home, lambda: application.put_in_place(chosen, work_in(home) / _DATABASE))
        return True


def try_restore(path: Path, settings: Settings, about: About, folder: Path) -> None:
    """Restore a backup into an empty folder, and compare with what was packed. Raises BackupError."""
    from pydantic import SecretStr

    changes = {"home": folder, "store": "edge", "database_url": SecretStr(""), "collection": about.collection}
    trial = settings.model_copy(update=changes)
    unpacked = folder / _UNPACKED
    unpacked.mkdir()
    found = unpack(path, unpacked)
    if found != about:
        raise BackupError("The test restore found another backup than the one that was made.")
    if about.people is not None:
        pending, info = people.prepare(trial, about.people, unpacked, None)
        pending.discard()
        wanted = about.people.info()
        if (info.points, info.digest) != (wanted.points, wanted.digest):
            raise BackupError("The test restore gave other people than were packed. The backup was not kept.")
    if about.tables is not None:
        application.stage(unpacked / application.MEMBER, folder / _DATABASE, about.tables)


def _take_effect(settings: Settings, about: About, work: Path, say: Say) -> Restored:
    home, pending, info = settings.home, None, None
    if about.people is not None:
        say("Preparing the people ...")
        staged = work / _DATABASE if about.tables is not None else None
        gone = application.still_erased(settings, staged, about.collection)
        pending, info = people.prepare(settings, about.people, work / _UNPACKED, gone)
    try:
        files, kept = _files(settings, about, work)
        journal = Journal(
            collection=about.collection,
            points=info.points if info else None,
            digest=info.digest if info else None,
            database=about.tables is not None,
            files=files,
        )
        journal.write(home)
        live = pending.publish() if pending else None
    except BaseException:
        if pending is not None:
            pending.discard()
        raise
    journal.end(home, lambda: application.put_in_place(settings, work / _DATABASE))
    return Restored(about, live, settings, kept)


@contextmanager
def _alone(home: Path) -> Iterator[None]:
    """Keep a second restore out."""
    make_home(home)
    try:
        with FileLock(home / ".restoring.lock", timeout=0):
            yield
    except Timeout as error:
        raise BackupError(f"Another restore into {home} is going. Wait until it is done.") from error


def _require_empty(settings: Settings, collection: str) -> None:
    """Raise BackupError when there is anything here that a restore would replace."""
    found = []
    with closing(open_store(settings)) as store:
        try:
            live = store.scan(collection).info
            found.append(f"{live.points:,} people of collection {collection!r}")
        except CollectionNotFound:
            pass
    if not application.is_empty(settings):
        found.append("an application database that is in use")
    if found:
        raise BackupError(
            f"There is something here already: {' and '.join(found)}. Restore into an empty home (TECHFINDER_HOME), or "
            "back this one up and say --replace. Nothing was changed."
        )


def _with_settings_of(settings: Settings, folder: Path) -> Settings:
    """The settings of a home once it has the settings file in `folder`, where it has none and there is one."""
    if (settings.home / FILE_NAME).exists() or not (folder / FILE_NAME).exists():
        return settings
    given = {name: getattr(settings, name) for name in settings.model_fields_set - {"home"}}
    return load_settings(home=folder, **given).model_copy(update={"home": settings.home})


def _nothing_changed(settings: Settings, journal: Journal | None) -> bool:
    """Whether a restore has not begun to take effect: its people are not live."""
    if journal is None:
        return True
    if journal.digest is None:
        return False
    with closing(open_store(settings, restoring=True)) as store:
        try:
            live = store.scan(journal.collection).info
        except CollectionNotFound:
            return True
        return (live.points, live.digest) != (journal.points, journal.digest)


def _files(settings: Settings, about: About, work: Path) -> tuple[tuple[tuple[str, str], ...], tuple[str, ...]]:
    """The files to put in place, and those of the home that stay although the backup holds others."""
    home, unpacked = settings.home, work / _UNPACKED
    files, kept = _schema(settings, about, unpacked)
    packed = unpacked / "settings" / FILE_NAME
    if packed.exists():
        if not (home / FILE_NAME).exists():
            files.append((f"{_UNPACKED}/settings/{FILE_NAME}", FILE_NAME))
        elif (home / FILE_NAME).read_bytes() != packed.read_bytes():
            kept.append(FILE_NAME)
    mlflow = unpacked / "mlflow"
    if mlflow.is_dir() and (home / "mlflow" / "mlflow.db").exists():
        kept.append("mlflow")
        mlflow = unpacked / "nothing"
    for path in [*sorted(mlflow.rglob("*")), *sorted((unpacked / "runs").glob("*/progress.json"))]:
        name = path.relative_to(unpacked).as_posix()
        if path.is_file() and not (home / name).exists():
            files.append((f"{_UNPACKED}/{name}", name))
    return tuple(files), tuple(kept)


def _schema(settings: Settings, about: About, unpacked: Path) -> tuple[list[tuple[str, str]], list[str]]:
    """The schema file, where the settings do not lead to one; then the restored settings name it."""
    packed = unpacked / "schema" / about.schema_file
    if not about.schema_file or not packed.is_file():
        return [], []
    there = settings.schema_file
    if there is not None and there.exists():
        return [], [] if there.read_bytes() == packed.read_bytes() else [str(there)]
    files = [(f"{_UNPACKED}/schema/{about.schema_file}", f"schema/{about.schema_file}")]
    if (settings.home / FILE_NAME).exists():
        return files, [f"{FILE_NAME} (set schema_file to {settings.home / 'schema' / about.schema_file})"]
    written = unpacked / "settings" / FILE_NAME
    written.parent.mkdir(exist_ok=True)
    text = written.read_text(encoding="utf-8") if written.exists() else ""
    written.write_text(with_schema_file(text, settings.home / "schema" / about.schema_file), encoding="utf-8")
    return files, []
