"""``schema``: check a file, show what it means."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from pathlib import Path

import click
from rich.markup import escape
from rich.table import Table

from techfinder.cli.common import echo_json, open_finder, out
from techfinder.cli.terminal import echo
from techfinder.errors import SchemaError, SourceError
from techfinder.inferring import draft_schema, look_at
from techfinder.interfaces import Source
from techfinder.models import Row, RowProblem
from techfinder.schema import Schema, SchemaField, load_schema
from techfinder.settings import load_settings
from techfinder.sources import open_source

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


@schema.command(epilog="Example: techfinder schema infer companies.csv -o companies.toml")
@click.argument("table")
@click.option("-o", "--output", type=click.Path(dir_okay=False, path_type=Path), help="File to write; must not exist.")
def infer(table: str, output: Path | None) -> None:
    """Draft a schema from a TABLE: a path, or SOURCE:ARGUMENT as for `index`.

    Every guess is marked. Look through them, then check the file and index with TECHFINDER_SCHEMA_FILE.
    """
    with open_finder() as finder:
        source = open_source(table, finder.plugins.sources())
        problems: list[RowProblem] = []
        looked = look_at(source.columns(), _readable(source, problems))
        if problems and not looked[0].rows:
            raise SourceError(f"No row could be read; {_told(problems[0])}")
        text = draft_schema(Path(table).name.split(".")[0].rpartition(":")[2], looked)
    if problems:
        of = looked[0].rows + len(problems)
        echo(f"Left out {len(problems):,} of {of:,} rows; {_told(problems[0])}", err=True)
    if output is None:
        echo(text.rstrip())
        return
    try:
        with output.open("x", encoding="utf-8") as file:
            file.write(text)
    except FileExistsError as error:
        raise SchemaError(f"{output} exists already. Name another file, or remove it.") from error
    found = load_schema(output)
    out.print(f"Wrote {output}: {len(found.fields)} fields. Look at what is marked as a guess.", soft_wrap=True)


def _readable(source: Source, problems: list[RowProblem]) -> Iterator[Mapping[str, object]]:
    """The rows that can be read; what is wrong with the other ones goes to `problems`."""
    for row in source.rows():
        if isinstance(row, Row):
            yield row.values
        else:
            problems.append(row)


def _told(problem: RowProblem) -> str:
    column = f", column {problem.column!r}" if problem.column else ""
    return f"the first one is row {problem.number}{column}: {problem.value}, expected {problem.expected}."


def _print(found: Schema) -> None:
    out.print(f"[bold]{found.name}[/]  {found.title}", f"Id column: {found.id}", sep="\n")
    table = Table(box=None, pad_edge=False, header_style="bold")
    for heading in ("Filter by", "Kind"):
        table.add_column(heading, no_wrap=True)
    table.add_column("Values")
    for field in found.fields:
        keys = [a.key for a in found.attributes.values() if a.field is field and not a.derived]
        table.add_row("\n".join(keys), field.kind, escape(_values(field)))
    out.print(table)


_ANY = {
    "integer": "any whole number",
    "number": "any number",
    "date": "a date, as 2026-01-31",
    "boolean": "yes, no",
}


def _values(field: SchemaField) -> str:
    """The values known, or between which numbers; the values of an open field are only some of them."""
    names = [v.name for v in field.values]
    if field.kind == "scale":
        return " < ".join(names)
    text = ", ".join([*names, "..."]) if names and field.open else ", ".join(names)
    text = text or _range(field.min, field.max) or _ANY.get(field.kind, "any text")
    return f"{text} {field.unit}".rstrip()


def _range(low: float | None, high: float | None) -> str:
    return f"{low:,.0f} to {high:,.0f}" if low is not None and high is not None else ""
