"""``export``: everybody whom a question finds, as a file."""

from __future__ import annotations

import os
import sys
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path

import click
from rich.markup import escape

from techfinder.access.console import note_on_console
from techfinder.cli.common import open_finder, parse_filters, say
from techfinder.errors import CursorExpired, QueryError
from techfinder.exporting import FORMATS, Export, Manifest
from techfinder.finder import Finder
from techfinder.plan import QueryPlan, parse_sort
from techfinder.tables import plain_file

__all__ = ["export"]

_TRIES = 3


@click.command(epilog='Example: techfinder export "innovators in Texas" -o texas.csv')
@click.argument("words", nargs=-1, metavar="[SENTENCE]")
@click.option("--filter", "filters", multiple=True, metavar="NAME=VALUE", help="Filter by name; may be repeated.")
@click.option("--sort", multiple=True, metavar="FIELD", help="Order by a field instead; -FIELD from high to low.")
@click.option("--limit", type=click.IntRange(1), show_default="everybody", help="How many people, at most.")
@click.option(
    "--format",
    "kind",
    type=click.Choice(list(FORMATS)),
    show_default="what the file's name ends in, else csv",
    help="What to write.",
)
@click.option(
    "-o",
    "output",
    type=click.Path(dir_okay=False, path_type=Path),
    help="File to write, with its manifest beside it; without it standard output.",
)
def export(
    words: tuple[str, ...],
    filters: tuple[str, ...],
    sort: tuple[str, ...],
    limit: int | None,
    kind: str | None,
    output: Path | None,
) -> None:
    """Write everybody whom a question finds to a file, to be used elsewhere or indexed again.

    A .csv, .jsonl or .txt file (ids only) gets a manifest beside it, FILE.manifest.json: the plan, where the people
    come from, how many they are, and the file's SHA-256. No cell of a CSV file is a formula to a spreadsheet.
    """
    chosen = kind or _by_ending(output)
    with open_finder() as finder:
        plan = finder.plan(" ".join(words), parse_filters(filters), sort=parse_sort(list(sort)))
        for notice in plan.notices:
            say.print(f"[yellow]Note[/]: {escape(notice.text)}")

        def begin() -> Export:
            return finder.export(plan, chosen, most=limit, wait_s=float("inf"))

        _load_encoder(finder, plan)
        note_on_console(
            finder.settings, "export", chosen, {"plan": plan.model_dump(mode="json", exclude_defaults=True)}
        )
        if output is None:
            for chunk in begin().chunks():
                sys.stdout.buffer.write(chunk)
            sys.stdout.buffer.flush()
            return
        written = plain_file(output)
        written.parent.mkdir(parents=True, exist_ok=True)
        manifest = _steadily(begin, written)
    say.print(f"Wrote {manifest.count:,} people to {escape(str(written))}, and {escape(_beside(written).name)}.")


def _load_encoder(finder: Finder, plan: QueryPlan) -> None:
    if plan.meaning and not plan.sort and not plan.like:
        with say.status("Loading the encoder (a server has it ready: techfinder serve)"):
            finder.load_encoder()


def _by_ending(output: Path | None) -> str:
    if output is None:
        return "csv"
    found = next((k.name for k in FORMATS.values() if output.name.casefold().endswith(f".{k.ending}")), None)
    if found is None:
        endings = ", ".join(f".{k.ending}" for k in FORMATS.values())
        raise QueryError(f"{output.name!r} does not say what to write. Use an ending of {endings}, or --format.")
    return found


def _steadily(begin: Callable[[], Export], output: Path) -> Manifest:
    """Write both files; from the beginning again where the people changed meanwhile."""
    for left in reversed(range(_TRIES)):
        try:
            return _write(begin(), output)
        except CursorExpired:
            if not left:
                raise
            say.print("The people changed meanwhile; beginning again.")
    raise AssertionError("not reached")


def _write(made: Export, output: Path) -> Manifest:
    """Write both files, or neither. They appear under their names when they are whole."""
    unfinished = [path.with_name(f".{path.name}.{os.getpid()}.part") for path in (output, _beside(output))]
    try:
        with unfinished[0].open("wb") as file:
            for chunk in made.chunks():
                file.write(chunk)
            file.flush()
            os.fsync(file.fileno())
        assert made.manifest is not None
        unfinished[1].write_text(made.manifest.named(output.name).json(), encoding="utf-8")
        _beside(output).unlink(missing_ok=True)  # never the old one beside the new file
        unfinished[0].replace(output)
        unfinished[1].replace(_beside(output))
        return made.manifest
    finally:
        for path in unfinished:
            with suppress(OSError):
                path.unlink(missing_ok=True)


def _beside(output: Path) -> Path:
    return output.with_name(f"{output.name}.manifest.json")
