"""``stack``: what the services of deploy/README.md need before they can begin."""

from __future__ import annotations

import os
import time
from collections.abc import Callable
from contextlib import closing
from pathlib import Path
from typing import TYPE_CHECKING

import click
from rich.markup import escape

from techfinder.cli.common import NumberRange, open_finder, say
from techfinder.cli.jobs import database_of
from techfinder.cli.serving import prepare_people
from techfinder.errors import DatabaseError, StoreUnavailable

if TYPE_CHECKING:
    from techfinder.settings import Settings

__all__ = ["stack"]

_LOOK_S = 1.0
_SETTLE_S = 30.0
"""For so long copies of people who were just made may take to be ready."""


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
@click.option("--wait", default=120.0, show_default=True, type=NumberRange(min=0), help="For services, in seconds.")
@click.option("--replicas", default=1, show_default=True, type=click.IntRange(min=1), help="Copies to insist on.")
def init(demo: bool, people: int, wait: float, replicas: int) -> None:
    """Bring the application database to this version's form, once the services answer, and make sample people.

    Where nobody may sign in yet, an admin is made, and a link that sets their password is printed.

    With --replicas it fails unless as many nodes of a Qdrant cluster hold everybody.
    """
    with open_finder() as finder:

        def migrated() -> None:
            with database_of(finder) as database:
                say.print(f"Database: at {database.revision()}.")

        until = time.monotonic() + wait
        _once_it_answers(migrated, until)
        _make_admin(finder.settings)
        _once_it_answers(lambda: say.print(f"Store: {escape(finder.store.place())}."), until)
        _once_it_answers(lambda: _require_nodes(finder.settings, replicas), until)
        if demo:
            prepare_people(finder, people)
        _once_it_answers(lambda: _require_replicas(finder.settings, replicas), max(until, time.monotonic() + _SETTLE_S))


def _make_admin(settings: Settings) -> None:
    """The page, which others can reach, does not start before there is an admin."""
    from techfinder.access.access import Access
    from techfinder.access.console import on_console

    with closing(Access(settings)) as access:
        if access.people.has_admin():
            return
        user, secret = access.people.set_up_admin("admin", on_console())
    say.print(f"Open this within 15 minutes to set the password of {user.name}; it works once:")
    say.print(f"{settings.address}/link/{secret}", soft_wrap=True)
    say.print("Another one: docker compose exec web techfinder user setup-link")


def _require_nodes(settings: Settings, replicas: int) -> None:
    if replicas == 1:
        return
    from techfinder.store.server.store import ServerStore

    with closing(ServerStore(settings)) as store:
        nodes = store.nodes()
    if nodes < replicas:
        raise StoreUnavailable(
            f"{nodes} node(s) of Qdrant at {settings.qdrant_url}, {replicas} copies are asked for. Start the others as "
            "one cluster, or ask for fewer."
        )
    say.print(f"Cluster: {nodes} nodes.")


def _require_replicas(settings: Settings, replicas: int) -> None:
    if replicas == 1:
        return
    from techfinder.store.server.store import ServerStore

    with closing(ServerStore(settings)) as store:
        found = store.replicas()
    few = {name: count for name, count in found.items() if count < replicas}
    if few:
        told = ", ".join(f"{name} {count}" for name, count in few.items())
        raise StoreUnavailable(
            f"Copies that are ready: {told}; {replicas} are asked for. Start the nodes that are missing. What was made "
            "before there were several has one copy: index everyone again with `techfinder index SOURCE --rebuild`."
        )
    say.print(f"Copies: {replicas} of each of {len(found)} collections.")


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
