"""``stack``: what the services of deploy/README.md need before they can begin."""

from __future__ import annotations

import os
import time
from collections.abc import Callable
from pathlib import Path

import click
from rich.markup import escape

from techfinder.cli.common import open_finder, say
from techfinder.cli.jobs import database_of
from techfinder.cli.serving import prepare_people
from techfinder.errors import DatabaseError, StoreUnavailable

__all__ = ["stack"]

_LOOK_S = 1.0


@click.group()
def stack() -> None:
    """Prepare a stack of services (docker compose); see deploy/README.md."""


@stack.command("secrets", epilog="Example: techfinder stack secrets /run/secrets")
@click.argument("folder", type=click.Path(file_okay=False, path_type=Path))
def secrets_(folder: Path) -> None:
    """Make the secrets that are missing in FOLDER.

    One that stands in the environment is taken instead: QDRANT_API_KEY, POSTGRES_PASSWORD, DATABASE_PASSWORD,
    MLFLOW_DATABASE_PASSWORD.
    """
    from techfinder.secret_files import make_secrets

    written = make_secrets(folder, os.environ)
    say.print(f"Written: {', '.join(written)}." if written else "All secrets are there.")


@stack.command(epilog="Example: techfinder stack init --demo yes")
@click.option("--demo", type=click.BOOL, default=False, help="Make and index sample people where nobody is live.")
@click.option("--people", default=1000, show_default=True, type=click.IntRange(min=1), help="How many of them.")
@click.option(
    "--wait", default=120.0, show_default=True, type=click.FloatRange(min=0), help="For services, in seconds."
)
def init(demo: bool, people: int, wait: float) -> None:
    """Bring the application database to this version's form, once the services answer, and make sample people."""
    with open_finder() as finder:

        def migrated() -> None:
            with database_of(finder) as database:
                say.print(f"Database: at {database.revision()}.")

        until = time.monotonic() + wait
        _once_it_answers(migrated, until)
        _once_it_answers(lambda: say.print(f"Store: {escape(finder.store.place())}."), until)
        if demo:
            prepare_people(finder, people)


def _once_it_answers(ask: Callable[[], None], until: float) -> None:
    """Ask until it works or the time is over; then the last error goes out."""
    while True:
        try:
            return ask()
        except (DatabaseError, StoreUnavailable) as error:
            if time.monotonic() >= until:
                raise
            say.print(f"Waiting: {escape(str(error))}", soft_wrap=True)
            time.sleep(_LOOK_S)
