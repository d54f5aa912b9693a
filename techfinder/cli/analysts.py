"""``analyst``: who reads Qdrant's REST API."""

from __future__ import annotations

from dataclasses import asdict

import click
from rich.markup import escape

from techfinder.access.console import on_console
from techfinder.cli.common import echo_json, out, say
from techfinder.cli.terminal import echo
from techfinder.cli.tokens import day_of
from techfinder.cli.users import open_access

__all__ = ["analyst"]

_name = click.argument("name")
_json = click.option("--json", "as_json", is_flag=True, help="Print JSON.")


@click.group()
def analyst() -> None:
    """Let people read Qdrant's REST API at /qdrant, and stop them.

    docs/analysts.md says what they read there, and how.
    """


@analyst.command(epilog="Example: techfinder analyst grant anna@example.org --days 30")
@_name
@click.option("--days", default=30.0, show_default=True, help="How long the token lasts.")
@_json
def grant(name: str, days: float, as_json: bool) -> None:
    """Make a token for NAME, who becomes an analyst where nobody has that name yet, and print it.

    It reads the gateway and encodes sentences, nothing else, and nobody can be shown it again.
    """
    with open_access() as access:
        made, text = access.tokens.grant(name, days, on_console())
    if as_json:
        echo_json({**asdict(made), "token": text})
        return
    say.print(f"The token of {escape(made.user)} lasts until {day_of(made.until)}. It is shown this once:")
    echo(text)


@analyst.command(epilog="Example: techfinder analyst revoke anna@example.org")
@_name
def revoke(name: str) -> None:
    """Let no token of NAME's that reads the gateway count any more, from the next request on."""
    with open_access() as access:
        count = access.tokens.withdraw(name, on_console())
    if not count:
        out.print(f"{escape(name)} has no token that reads the gateway.")
        return
    tokens, count_on = ("token", "counts") if count == 1 else ("tokens", "count")
    out.print(f"{count} {tokens} of {escape(name)} {count_on} no longer.")
