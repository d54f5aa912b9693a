"""``backup`` and ``restore``."""

from __future__ import annotations

from dataclasses import asdict
from pathlib import Path

import click
from rich.markup import escape

from techfinder.access.console import note_on_console
from techfinder.backup.archive import SUFFIX
from techfinder.backup.making import Made, default_name, make_backup
from techfinder.backup.restoring import Restored, finish_restore
from techfinder.backup.restoring import restore as restore_backup
from techfinder.cli.common import echo_json, out, say
from techfinder.errors import StoreDamaged
from techfinder.settings import Settings, load_settings
from techfinder.store import open_store

__all__ = ["backup", "restore"]

_json = click.option("--json", "as_json", is_flag=True, help="Print the result as JSON.")


@click.command(epilog="Example: techfinder backup /srv/backups --verify")
@click.argument("where", default=Path(), type=click.Path(path_type=Path))
@click.option("--verify", is_flag=True, help="Restore it once into a temporary folder, and compare.")
@_json
def backup(where: Path, verify: bool, as_json: bool) -> None:
    """Write people, vectors, application database, settings and schema into one file.

    WHERE is a folder (by default this one), where the file is named after the collection and the time, or a file that
    ends in .tar.zst. The file appears once it is whole; nothing is ever replaced. Index runs and searches go on
    meanwhile.

    Secrets are not in it: keys and passwords of the settings must be set again after a restore, everybody signs in
    again. People are, and what lets users sign in (hashes of passwords, keys of second factors): only you may read the
    file, and where it leaves this machine it should be encrypted. Weights of encoders are not in it either.
    """
    settings = load_settings()
    target = (
        where if where.name.endswith(SUFFIX) and not where.is_dir() else where / default_name(settings)
    ).absolute()
    note_on_console(settings, "backup", str(target))
    made = make_backup(settings, target, verify, _say)
    if as_json:
        echo_json(_facts(made))
        return
    _print_made(made)


@click.command(epilog="Example: techfinder restore /srv/backups/techfinder-people-20261129T030000Z.tar.zst")
@click.argument("file", required=False, type=click.Path(path_type=Path))
@click.option("--replace", is_flag=True, help="Replace what is here; people stay kept as the generation before.")
@click.option("--finish", is_flag=True, help="End a restore that was broken off while it took effect.")
@_json
def restore(file: Path | None, replace: bool, finish: bool, as_json: bool) -> None:
    """Bring back what a backup holds, into an empty home or store.

    Everything is taken out and checked aside, every byte of it, before anything changes. People go live in one step. A
    settings file that is here already stays as it is, and says where people and database go. A backup of either store
    can be restored into either.

    Secrets are in no backup: set keys and passwords again before you restore to a server.
    """
    settings = load_settings()
    if finish or file is None:
        if not finish or file is not None:
            raise click.UsageError("Name a backup, or say --finish without one.")
        _finish(settings, as_json)
        return
    done = restore_backup(file.absolute(), settings, replace, _say)
    note_on_console(done.settings, "restore", file.name, {"made": done.about.created_at})
    _check(done)
    if as_json:
        echo_json({"about": done.about.model_dump(), "live": asdict(done.info) if done.info else None})
        return
    _print_restored(done)


def _say(text: str) -> None:
    say.print(escape(text), soft_wrap=True)


def _facts(made: Made) -> dict[str, object]:
    about = made.about.model_dump()
    return {"file": str(made.path), "bytes": made.size, "verified": made.verified, **about}


def _print_made(made: Made) -> None:
    people = made.about.people
    info = people.info() if people else None
    told = f"{info.points:,} people of generation {info.number}" if info else "no people"
    rows = sum(made.about.tables.values()) if made.about.tables else 0
    out.print(f"Backed up {told} and {rows:,} rows of the database: {made.size / 1e6:,.1f} MB in", soft_wrap=True)
    out.print(f"  {escape(str(made.path))}", soft_wrap=True)
    if made.verified:
        out.print("It was restored once: counts and digest are the same.")
    for text in made.about.left_out:
        out.print(f"Not in it: {escape(text)}.", soft_wrap=True)


def _finish(settings: Settings, as_json: bool) -> None:
    ended = finish_restore(settings)
    if as_json:
        echo_json({"finished": ended})
    elif ended is None:
        out.print("No restore was broken off.")
    elif ended:
        out.print("The restore is done: everything is in place.")
    else:
        out.print("Nothing of the restore had taken effect; what it had prepared is removed. Start it again.")


def _check(done: Restored) -> None:
    if done.info is None:
        return
    store = open_store(done.settings)
    try:
        problems = store.verify(done.about.collection)
    finally:
        store.close()
    if problems:
        raise StoreDamaged(f"What was restored is damaged: {'; '.join(problems)}. Restore it again.")


def _print_restored(done: Restored) -> None:
    info = done.info
    if info is not None:
        out.print(
            f"{info.points:,} people are live as generation {info.number} of {info.collection}; all were checked."
        )
    if done.about.tables is not None:
        out.print(f"The application database has {sum(done.about.tables.values()):,} rows; everybody signs in again.")
        if done.about.tables.get("users"):
            out.print(
                f"Users and tokens are those of {done.about.created_at[:16].replace('T', ' ')} UTC: "
                "disable and revoke again who and what was since.",
                soft_wrap=True,
            )
    for name in done.kept:
        out.print(f"Left as it is, though the backup holds another: {escape(name)}.", soft_wrap=True)
    if done.settings.collection != done.about.collection:
        out.print(
            f"These settings search {done.settings.collection!r}: set TECHFINDER_COLLECTION={done.about.collection}."
        )
    for text in done.about.left_out[3:]:
        out.print(f"To be set again: {escape(text)}.", soft_wrap=True)
