"""``erase``."""

from __future__ import annotations

from dataclasses import asdict

import click
from rich.markup import escape

from techfinder.access.console import on_console
from techfinder.cli.common import echo_json, out
from techfinder.erasure import Receipt, allow_again
from techfinder.erasure import erase as erase_people
from techfinder.settings import Settings, load_settings

__all__ = ["erase"]


@click.command(epilog="Example: techfinder erase TU0042 --reason 'request of 29 November'")
@click.argument("ids", metavar="ID...", nargs=-1, required=True)
@click.option("--reason", default="", help="Why; it stands in the receipt, so name nobody in it.")
@click.option("--allow", is_flag=True, help="Instead, let imports bring in again people who were erased.")
@click.option("--yes", is_flag=True, help="Do not ask.")
@click.option("--json", "as_json", is_flag=True, help="Print the receipts as JSON.")
def erase(ids: tuple[str, ...], reason: str, allow: bool, yes: bool, as_json: bool) -> None:
    """Erase the people with these IDs for good, and print a receipt for each.

    The collection is built anew from everybody else, once, and all older generations are dropped: there is no way back
    to them afterwards. What the database holds of these people goes too, and what lies beside it: spools, rejected
    rows. Later imports and restores leave them out. The receipts are also in the audit log, with a hash instead of the
    id.

    Backups, exported files and models packaged with data are not touched: they are yours to end. The log of who looked
    at whom is never changed, and still names the id.
    """
    settings = load_settings()
    if allow:
        _allow(settings, ids, as_json)
        return
    if not yes:
        whom = repr(ids[0]) if len(ids) == 1 else f"{len(ids):,} people"
        question = f"Erase {whom} from collection {settings.collection!r}, and drop all older generations?"
        click.confirm(question, abort=True, err=True)
    receipts = erase_people(settings, ids, on_console(), reason)
    if as_json:
        echo_json([asdict(r) for r in receipts])
        return
    for receipt in receipts:
        _print(receipt)


def _allow(settings: Settings, ids: tuple[str, ...], as_json: bool) -> None:
    were = {i: allow_again(settings, i, on_console()) for i in ids}
    if as_json:
        echo_json(were)
        return
    for name, was in were.items():
        told = "may be brought in again by imports" if was else "was not erased"
        out.print(f"{escape(name)} {told}.", soft_wrap=True)


def _print(receipt: Receipt) -> None:
    told = "was found and erased" if receipt.found else "was not among the people that were live"
    out.print(f"Receipt {receipt.id}: this person {told}; imports leave them out from now on.", soft_wrap=True)
    out.print(f"  person      sha256 {receipt.person['sha256']}", soft_wrap=True)
    out.print(f"  with salt   {receipt.person['salt']}", soft_wrap=True)
    for name, facts in (("before", receipt.before), ("after", receipt.after)):
        if facts:
            out.print(
                f"  {name:<10}  generation {facts['number']}, {facts['points']:,} people, digest {facts['digest']}",
                soft_wrap=True,
            )
    if receipt.dropped:
        out.print(f"  dropped     generations {', '.join(map(str, receipt.dropped))}")
    for table, count in receipt.rows.items():
        out.print(f"  deleted     {count:,} rows of {table}")
    for name in receipt.files:
        out.print(f"  removed     {escape(name)}", soft_wrap=True)
    for name in receipt.mentions:
        out.print(f"  [yellow]still names the id[/]  {escape(name)}", soft_wrap=True)
