"""``store`` and ``plugins``."""

from __future__ import annotations

from dataclasses import asdict

import click
from rich.markup import escape

from techfinder.cli.common import echo_json, open_finder, out
from techfinder.errors import StoreDamaged
from techfinder.models import GenerationInfo

__all__ = ["plugins", "store"]


@click.group()
def store() -> None:
    """Look after what is stored."""


@store.command(epilog="Example: techfinder store info --json")
@click.option("--json", "as_json", is_flag=True, help="Print JSON.")
def info(as_json: bool) -> None:
    """List collections and the generations kept; the live one is marked, and what is damaged is named."""
    with open_finder() as finder:
        live = {g.collection: g.number for g in finder.store.collections()}
        damaged = finder.store.damaged()
        kept = [g for name in sorted({*live, *damaged}) for g in finder.store.generations(name)]
    if as_json:
        echo_json([{**asdict(g), "live": live.get(g.collection) == g.number} for g in kept])
    else:
        for generation in kept:
            out.print(_line(generation, live.get(generation.collection) == generation.number), soft_wrap=True)
    if damaged:
        raise StoreDamaged(" ".join(damaged.values()))
    if not kept and not as_json:
        out.print("Nothing is stored yet. Start with `techfinder index SOURCE`.")


@store.command(epilog="Example: techfinder store check")
def check() -> None:
    """Read every point of the live generation and compare with what was written."""
    with open_finder() as finder:
        name = finder.settings.collection
        problems = finder.store.verify(name)
        if problems:
            found = "; ".join(problems)
            raise StoreDamaged(f"Collection {name!r} is damaged: {found}. {finder.store.way_out(name)}")
    out.print("Good: counts and digest are those that were written.")


@store.command(epilog="Example: techfinder store activate 3")
@click.argument("number", type=click.IntRange(min=1))
def activate(number: int) -> None:
    """Make the kept generation NUMBER live again."""
    with open_finder() as finder:
        generation = finder.store.activate(finder.settings.collection, number)
    out.print(_line(generation, True), soft_wrap=True)


@store.command(epilog="Example: techfinder store drop --yes")
@click.option("--yes", is_flag=True, help="Do not ask.")
def drop(yes: bool) -> None:
    """Remove the collection and all its generations."""
    with open_finder() as finder:
        name = finder.settings.collection
        if not yes:
            click.confirm(f"Remove collection {name!r} and everything in it?", abort=True, err=True)
        finder.store.drop(name)
    out.print(f"Collection {name!r} is gone.")


@click.command(epilog="Example: techfinder plugins --json")
@click.option("--json", "as_json", is_flag=True, help="Print JSON.")
def plugins(as_json: bool) -> None:
    """List plugins: what each offers, and why one was left out."""
    with open_finder() as finder:
        finder.plugins.filters(finder.schema)
        finder.plugins.gauges(finder.schema)
        found = finder.plugins.describe()
    if as_json:
        echo_json([asdict(p) for p in found])
        return
    for plugin in found:
        out.print(f"[bold]{escape(plugin.name)}[/]  {escape(plugin.distribution)} {escape(plugin.version)}")
        for kind, names in plugin.entries.items():
            if names:
                out.print(f"  {kind}: {escape(', '.join(names))}", soft_wrap=True)
        if plugin.disabled:
            out.print("  [yellow]disabled[/] by the setting disabled_plugins")
        for line in plugin.failure.splitlines():
            out.print(f"  [red]failed[/] {escape(line)}", soft_wrap=True)


def _line(generation: GenerationInfo, live: bool) -> str:
    mark = "[green]live[/]" if live else "kept"
    return (
        f"{generation.collection}  generation {generation.number}  {mark}  {generation.points:,} points  "
        f"{escape(generation.encoder)}  {generation.created_at}"
    )
