"""``audit``: what happened."""

from __future__ import annotations

import json
import re
from dataclasses import asdict
from datetime import UTC, datetime

import click
from rich.markup import escape

from techfinder.cli.common import echo_json, out
from techfinder.cli.terminal import visible
from techfinder.cli.users import open_access
from techfinder.errors import AccessError

__all__ = ["audit"]

_json = click.option("--json", "as_json", is_flag=True, help="Print JSON.")
_KEPT = re.compile(r"(\d+):([0-9a-f]{64})")


@click.group()
def audit() -> None:
    """Read the audit log: who signed in, looked at whom, took what away, changed what."""


@audit.command(epilog="Example: techfinder audit show --action profile.view --limit 20")
@click.option("--limit", default=50, show_default=True, type=click.IntRange(1, 100_000), help="How many entries.")
@click.option("--before", type=int, help="Only entries with a smaller number.")
@click.option("--by", "actor", default="", help="Only what this one did.")
@click.option("--action", default="", help="Only this, as sign-in or export.")
@click.option("--subject", default="", help="Only what was done to this one.")
@_json
def show(limit: int, before: int | None, actor: str, action: str, subject: str, as_json: bool) -> None:
    """Show what happened, the newest first."""
    with open_access() as access:
        found = access.log.newest(before, limit, actor=actor, action=action, subject=subject)
    if as_json:
        echo_json([asdict(e) for e in found])
        return
    for entry in found:
        when = f"{datetime.fromtimestamp(entry.at, UTC):%Y-%m-%d %H:%M:%S}"
        told = json.dumps(entry.detail, ensure_ascii=False) if entry.detail else ""
        line = f"{entry.number:>7}  {when}  {entry.actor}  {entry.action}  {entry.subject}  {entry.address}  {told}"
        out.print(escape(visible(line.rstrip())), soft_wrap=True)
    if not found:
        out.print("No entries.")


@audit.command(epilog="Example: techfinder audit verify --expect 1200:9f86d081...")
@click.option("--expect", default="", metavar="NUMBER:DIGEST", help="What an earlier check printed, kept elsewhere.")
@_json
def verify(expect: str, as_json: bool) -> None:
    """Check that no entry was changed, removed or slipped in.

    Keep what it prints on another machine: whoever may write to the database could make the whole log anew, but not so
    that it fits to what you kept.
    """
    kept = _KEPT.fullmatch(expect)
    if expect and kept is None:
        raise click.BadParameter("expected NUMBER:DIGEST, as this command prints it", param_hint="--expect")
    with open_access() as access:
        found = access.log.verify(int(kept[1]), kept[2]) if kept else access.log.verify()
    if as_json:
        echo_json(asdict(found))
    elif not found.problem:
        out.print(f"Good: {found.entries:,} entries follow each other. The last one:")
        out.print(f"{found.entries}:{found.digest}", soft_wrap=True)
    if found.problem:
        raise AccessError(
            f"The audit log was tampered with, or an older backup was restored since. {found.problem}"
            if expect
            else f"The audit log was tampered with. {found.problem}"
        )
