"""``token``: what lets programs in."""

from __future__ import annotations

from dataclasses import asdict
from datetime import UTC, datetime

import click
from rich.markup import escape

from techfinder.access.console import on_console
from techfinder.access.permissions import PERMISSIONS
from techfinder.cli.common import echo_json, out, say
from techfinder.cli.terminal import echo
from techfinder.cli.users import open_access

__all__ = ["day_of", "token"]

_SCOPES = click.Choice([name for name, p in PERMISSIONS.items() if p.by_token])
_json = click.option("--json", "as_json", is_flag=True, help="Print JSON.")


@click.group()
def token() -> None:
    """Make and revoke tokens, which let programs use the API.

    A token stands for a user, never has more rights than they, and ends.
    """


@token.command(epilog="Example: techfinder token create anna@example.org --for report --scope search --days 30")
@click.argument("user")
@click.option("--for", "label", required=True, help="What it is for, to know it again.")
@click.option(
    "--scope", "scopes", multiple=True, type=_SCOPES, required=True, help="What it may do; several may be given."
)
@click.option("--days", default=30.0, show_default=True, help="How long it lasts.")
@_json
def create(user: str, label: str, scopes: tuple[str, ...], days: float, as_json: bool) -> None:
    """Make a token that stands for USER and print it: nobody can be shown it again."""
    with open_access() as access:
        made, text = access.tokens.make(user, label, scopes, days, on_console())
    if as_json:
        echo_json({**asdict(made), "token": text})
        return
    say.print(f"{made.id} lasts until {day_of(made.until)}. It is shown this once:")
    echo(text)


@token.command("list", epilog="Example: techfinder token list anna@example.org")
@click.argument("user", default="")
@_json
def list_(user: str, as_json: bool) -> None:
    """List the tokens of USER, or everybody's, the newest first."""
    with open_access() as access:
        found, now = access.tokens.of(user), access.clock()
    if as_json:
        echo_json([{**asdict(t), "state": t.state(now)} for t in found])
        return
    for one in found:
        used = f"last used {day_of(one.used_at)}" if one.used_at else "never used"
        line = f"{one.id}  {one.state(now):<7}  until {day_of(one.until)}  {used}  {one.user}  {', '.join(one.scopes)}"
        out.print(escape(f"{line}  {one.label}"), soft_wrap=True)
    if not found:
        out.print("No tokens yet.")


@token.command(epilog="Example: techfinder token revoke 3f0c12ab9d4e")
@click.argument("token")
def revoke(token: str) -> None:
    """Let TOKEN (its id, as `token list` shows it) count no longer, from the next request on."""
    with open_access() as access:
        found = access.tokens.revoke(token, on_console())
    out.print(f"{found.id} of {escape(found.user)} counts no longer.")


def day_of(seconds: float) -> str:
    """A moment in words."""
    return f"{datetime.fromtimestamp(seconds, UTC):%Y-%m-%d %H:%M} UTC"
