"""``user``: who may sign in, and as what."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

import click
from rich.markup import escape

from techfinder.access.console import on_console
from techfinder.access.permissions import ROLES
from techfinder.cli.common import echo_json, out, say
from techfinder.cli.terminal import echo
from techfinder.settings import load_settings

if TYPE_CHECKING:
    from techfinder.access.access import Access
    from techfinder.access.accounts import User

__all__ = ["open_access", "user"]

_name = click.argument("name")
_role = click.Choice(ROLES)
_json = click.option("--json", "as_json", is_flag=True, help="Print JSON.")


@contextmanager
def open_access() -> Iterator[Access]:
    """Access by the settings, closed at the end."""
    from techfinder.access.access import Access

    access = Access(load_settings())
    try:
        yield access
    finally:
        access.close()


@click.group()
def user() -> None:
    """Say who may sign in, and as what.

    A viewer searches and looks at people; an analyst also takes them away as files and reads the gateway; an editor
    also brings people in; an admin does everything.
    """


@user.command("setup-link", epilog="Example: techfinder user setup-link")
@click.argument("name", default="admin")
def setup_link(name: str) -> None:
    """Make the admin NAME, if need be, and print a link that sets their password.

    The link counts once, for a quarter of an hour.
    """
    with open_access() as access:
        found, secret = access.people.set_up_admin(name, on_console())
    out.print(f"Open this within 15 minutes to set the password of {escape(found.name)}; it works once:")
    _print_link(secret)


@user.command(epilog="Example: techfinder user add anna@example.org --role analyst")
@_name
@click.option("--role", type=_role, default="viewer", show_default=True, help="What they may do.")
def add(name: str, role: str) -> None:
    """Add a user and print a link with which they set their password."""
    with open_access() as access:
        made, secret = access.people.add(name, role, on_console())
    out.print(f"{escape(made.name)} is {made.role}. Send them this link; it works once, within 3 days:")
    _print_link(secret)


@user.command(epilog="Example: techfinder user link anna@example.org")
@_name
def link(name: str) -> None:
    """Print a new link with which NAME sets a password, as when it was forgotten."""
    with open_access() as access:
        secret = access.people.new_link(name, on_console())
    _print_link(secret)


@user.command("list", epilog="Example: techfinder user list --json")
@_json
def list_(as_json: bool) -> None:
    """List everybody who may sign in."""
    with open_access() as access:
        found = access.people.all()
    if as_json:
        echo_json([asdict(u) for u in found])
        return
    for one in found:
        out.print(escape(f"{one.role:<8} {one.name}{_remarks(one)}"), soft_wrap=True)
    if not found:
        out.print("Nobody yet. The first admin: techfinder user setup-link")


@user.command(epilog="Example: techfinder user role anna@example.org editor")
@_name
@click.argument("role", type=_role)
def role(name: str, role: str) -> None:
    """Give NAME another role, from their next request on."""
    with open_access() as access:
        changed = access.people.set_role(name, role, on_console())
    out.print(f"{escape(changed.name)} is {changed.role}.")


@user.command(epilog="Example: techfinder user disable anna@example.org")
@_name
@click.option("--undo", is_flag=True, help="Let them in again.")
def disable(name: str, undo: bool) -> None:
    """Let NAME in no longer: sessions, links and tokens count no more."""
    with open_access() as access:
        change = access.people.enable if undo else access.people.disable
        found = change(name, on_console())
    out.print(f"{escape(found.name)} is {'disabled' if found.disabled else 'let in again'}.")


@user.command("sign-out", epilog="Example: techfinder user sign-out anna@example.org")
@_name
def sign_out(name: str) -> None:
    """End all sessions of NAME, wherever they are signed in."""
    with open_access() as access:
        ended = access.people.end_sessions(name, on_console())
    out.print(f"{ended} session{'' if ended == 1 else 's'} ended.")


@user.command("drop-factor", epilog="Example: techfinder user drop-factor anna@example.org")
@_name
def drop_factor(name: str) -> None:
    """Let NAME in with a password alone, as when the second factor was lost."""
    with open_access() as access:
        access.people.drop_factor(name, on_console())
    out.print("No code is asked for any more.")


def _print_link(secret: str) -> None:
    settings = load_settings()
    echo(f"{settings.address}/link/{secret}")
    if not settings.public_url and urlsplit(settings.address).hostname != settings.host.lower():
        say.print(
            "Elsewhere put the name of this machine in its place; TECHFINDER_PUBLIC_URL sets what links begin with."
        )


def _remarks(one: User) -> str:
    told = ["disabled"] if one.disabled else []
    told += [] if one.has_password or one.subject else ["no password yet"]
    told += ["second factor"] if one.has_second_factor else []
    return f"  ({', '.join(told)})" if told else ""
