"""``schema``: check a file, show what it means."""

from __future__ import annotations

from pathlib import Path

import click
from rich.table import Table

from techfinder.cli.common import echo_json, out
from techfinder.schema import Schema, load_schema
from techfinder.settings import load_settings

__all__ = ["schema"]


@click.group()
def schema() -> None:
    """Look at the schema: what a person is, which fields there are."""


@schema.command(epilog="Example: techfinder schema check data/schemas/tech-adoption.toml")
@click.argument("file", type=click.Path(dir_okay=False, path_type=Path))
def check(file: Path) -> None:
    """Check a schema FILE and list everything that is wrong with it."""
    found = load_schema(file)
    out.print(f"{found.name}: {len(found.fields)} fields, {len(found.attributes)} attributes. Good.")


@schema.command(epilog="Example: techfinder schema show --json")
@click.argument("file", required=False, type=click.Path(dir_okay=False, path_type=Path))
@click.option("--json", "as_json", is_flag=True, help="Print JSON.")
def show(file: Path | None, as_json: bool) -> None:
    """Show the schema in use, or the one in FILE."""
    found = load_schema(file or load_settings().schema_file)
    if as_json:
        echo_json(found.model_dump(mode="json", by_alias=True))
    else:
        _print(found)


def _print(found: Schema) -> None:
    out.print(f"[bold]{found.name}[/]  {found.title}", f"Id column: {found.id}", sep="\n")
    table = Table(box=None, pad_edge=False, header_style="bold")
    for heading in ("Field", "Kind", "Filter by", "Values"):
        table.add_column(heading, overflow="fold")
    for field in found.fields:
        keys = [a.key for a in found.attributes.values() if a.field is field and not a.derived]
        values = " < ".join(v.name for v in field.values) if field.kind == "scale" else _range(field.min, field.max)
        names = ", ".join(v.name for v in field.values)
        table.add_row(
            field.name, field.kind, ", ".join(keys), (values or names) + (f" {field.unit}" if field.unit else "")
        )
    out.print(table)


def _range(low: float | None, high: float | None) -> str:
    return f"{low:,.0f} to {high:,.0f}" if low is not None and high is not None else ""
