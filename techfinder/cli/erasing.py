"""``erase``."""

from __future__ import annotations

from dataclasses import asdict

import click
from rich.markup import escape

from techfinder.access.console import on_console
from techfinder.cli.common import echo_json, out
from techfinder.erasure import Receipt, allow_again
from techfinder.erasure import erase as erase_person
from techfinder.settings import load_settings

__all__ = ["erase"]


@click.command(epilog="Example: techfinder erase TU0042 --reason 'request of 29 November'")
@click.argument("id")
@click.option("--reason", default="", help="Why; it stands in the receipt, so name nobody in it.")
@click.option("--allow", is_flag=True, help="Instead, let imports bring in again somebody who was erased.")
@click.option("--yes", is_flag=True, help="Do not ask.")
@click.option("--json", "as_json", is_flag=True, help="Print the receipt as JSON.")
def erase(id: str, reason: str, allow: bool, yes: bool, as_json: bool) -> None:
    """Erase the person with this ID for good, and print a receipt.

    The collection is built anew from everybody else, and all older generations are dropped: there is no way back to
    them afterwards. So is what the database holds of the person, and what lies beside it: spools, rejected rows. Later
    imports and restores leave the person out. The receipt is also in the audit log, with a hash instead of the id.

    Backups, exported files and models packaged with data are not touched: they are yours to end. The log of who looked
    at whom is never changed, and still names the id.
    """
    settings = load_settings()
    if allow:
        was = allow_again(settings, id, on_console())
        if as_json:
            echo_json({"was_erased": was})
        else:
            out.print("Imports may bring this person in again." if was else "This id was not erased.")
        return
    if not yes:
        click.confirm(
            f"Erase {id!r} from collection {settings.collection!r}, and drop all older generations?",
            abort=True,
            err=True,
        )
    receipt = erase_person(settings, id, on_console(), reason)
    if as_json:
        echo_json(asdict(receipt))
        return
    _print(receipt)


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
