"""``store`` and ``plugins``."""

from __future__ import annotations

import re
from dataclasses import asdict, dataclass

import click
from rich.markup import escape
from rich.table import Table
from rich.text import Text

from techfinder.access.console import note_on_console
from techfinder.cli.common import NumberRange, echo_json, open_finder, out
from techfinder.cli.copying import copy
from techfinder.cli.terminal import visible
from techfinder.errors import StoreDamaged
from techfinder.finder import Finder
from techfinder.models import GenerationInfo
from techfinder.spool import kept_folders
from techfinder.store.folders import remove_folder
from techfinder.store.sizing import free_bytes, plan_sizing

__all__ = ["plugins", "store"]


@click.group()
def store() -> None:
    """Look after what is stored."""


@store.command(epilog="Example: techfinder store info --json")
@click.option("--json", "as_json", is_flag=True, help="Print JSON.")
def info(as_json: bool) -> None:
    """List collections and the generations kept; the live one is marked, and what is damaged is named."""
    with open_finder() as finder:
        place = finder.store.place()
        live = {g.collection: g.number for g in finder.store.collections()}
        damaged = finder.store.damaged()
        names = sorted({*live, *damaged})
        kept = [g for name in names for g in finder.store.generations(name)]
        sizes = {(name, number): n for name in names for number, n in finder.store.disk_bytes(name).items()}
    told = [
        _Told(g, live.get(g.collection) == g.number, sizes.get((g.collection, g.number)), place, finder.settings.store)
        for g in kept
    ]
    if as_json:
        echo_json([t.facts() for t in told])
    elif told:
        out.print(f"Store: {finder.settings.store}, {escape(place)}", soft_wrap=True)
        for one in told:
            one.print()
    if damaged:
        raise StoreDamaged(" ".join(damaged.values()))
    if not kept and not as_json:
        out.print(f"Nothing is stored yet in {escape(place)}.", soft_wrap=True)
        out.print("Start with `techfinder index SOURCE`.")


@store.command(epilog="Example: techfinder store check")
@click.option("--json", "as_json", is_flag=True, help="Print JSON.")
def check(as_json: bool) -> None:
    """Read every point of the live generation and compare with what was written."""
    with open_finder() as finder:
        name = finder.settings.collection
        problems = finder.store.verify(name)
        if as_json:
            echo_json({"collection": name, "good": not problems, "problems": problems})
        if problems:
            found = "; ".join(problems)
            raise StoreDamaged(f"Collection {name!r} is damaged: {found}. {finder.store.way_out(name)}")
    if not as_json:
        out.print("Good: counts and digest are those that were written.")


@store.command(epilog="Example: techfinder store switch 3")
@click.argument("number", type=click.IntRange(min=1))
@click.option("--json", "as_json", is_flag=True, help="Print JSON.")
def switch(number: int, as_json: bool) -> None:
    """Make the kept generation NUMBER live.

    `techfinder store info` lists those that are kept.
    """
    with open_finder() as finder:
        note_on_console(finder.settings, "switch", f"{finder.settings.collection} {number}")
        generation = finder.store.activate(finder.settings.collection, number)
    if as_json:
        echo_json(asdict(generation))
        return
    out.print(
        f"Generation {generation.number} of {generation.collection} with {generation.points:,} people is live now."
    )


@store.command(epilog="Example: techfinder store drop --yes")
@click.option("--yes", is_flag=True, help="Do not ask.")
def drop(yes: bool) -> None:
    """Remove the collection and all its generations, and what index runs and copies that were broken off have left."""
    with open_finder() as finder:
        name, there = finder.settings.collection, finder.store
        if not there.generations(name) and name not in there.damaged():
            _drop(finder, name)  # what a build that was broken off has left
            out.print(f"There is no collection {name!r} in {escape(there.place())}.", soft_wrap=True)
            return
        if not yes:
            click.confirm(
                f"Remove collection {name!r} and everything in it from {there.place()}?", abort=True, err=True
            )
        _drop(finder, name)
    out.print(f"Collection {name!r} is gone.")


def _drop(finder: Finder, name: str) -> None:
    finder.store.drop(name)
    for folder in kept_folders(finder.settings.home, name):
        remove_folder(folder)


@store.command(epilog="Example: techfinder store plan --people 1000000")
@click.option("--people", required=True, type=click.IntRange(1, 1_000_000_000), help="How many there will be.")
@click.option("--texts-per-s", default=100.0, show_default=True, type=NumberRange(min=0.01), help="Encoder's speed.")
@click.option("--json", "as_json", is_flag=True, help="Print JSON.")
def plan(people: int, texts_per_s: float, as_json: bool) -> None:
    """Tell how much disk, memory and time so many people take, with the settings as they are.

    The figures come from measurements (docs/sizing.md); people with longer values than the built-in schema's take more.
    """
    with open_finder() as finder:
        settings, dim = finder.settings, finder.encoder_entry().info.dim
        found = plan_sizing(
            people,
            dim,
            len(finder.schema.attributes),
            store=settings.store,
            int8=settings.quantization == "int8",
            keep=settings.keep_generations,
            texts_per_s=texts_per_s,
        )
        free = free_bytes(settings.home)
    if as_json:
        echo_json({"people": people, "dim": dim, "free_bytes": free, **asdict(found)})
        return
    server = settings.store == "server"
    where = "of the server" if server else f"{_size(free)} free here"
    table = Table(box=None, pad_edge=False, show_header=False)
    for name, value in (
        ("disk, one generation", _size(found.generation_bytes)),
        (
            f"disk at most, {settings.keep_generations} kept and one in the making",
            f"{_size(found.disk_bytes)} ({where})",
        ),
        ("memory of an index run", _size(found.building_bytes)),
        ("memory while people search", _size(found.serving_bytes)),
        ("memory of the server", _size(found.server_bytes) if server else ""),
        ("memory for files, which makes searches quick", _size(found.cached_bytes)),
        ("time: reading, checking, writing", _duration(found.import_s)),
        (f"time: encoding, at {texts_per_s:g} texts a second", _duration(found.encoding_s)),
        ("time: graph and indexes", _duration(found.build_s)),
    ):
        if value:
            table.add_row(name, value)
    out.print(f"[bold]{people:,}[/] {finder.schema.subject[1]}, {dim} dimensions, store {settings.store}")
    out.print(table)
    if not server and free < found.disk_bytes:
        out.print(
            "[yellow]That is more than is free here.[/] Make room, or choose another TECHFINDER_HOME.", soft_wrap=True
        )


store.add_command(copy)


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
                _print_hanging(f"  {kind}: ", ", ".join(names))
        if plugin.disabled:
            out.print("  [yellow]disabled[/] by the setting disabled_plugins")
        for line in plugin.failure.splitlines():
            out.print(f"  [red]failed[/] {escape(line)}", soft_wrap=True)


@dataclass(frozen=True)
class _Told:
    """What ``info`` tells of a generation."""

    generation: GenerationInfo
    live: bool
    disk_bytes: int | None
    place: str
    store: str

    def facts(self) -> dict[str, object]:
        """For programs."""
        more = {"live": self.live, "disk_bytes": self.disk_bytes, "store": self.store, "place": self.place}
        return {**asdict(self.generation), **more}

    def print(self) -> None:
        """For people: a line on what it holds, one on how it came about."""
        info = self.generation
        mark = "[green]live[/]" if self.live else "kept"
        size = "" if self.disk_bytes is None else f"  {_size(self.disk_bytes)}"
        out.print(f"{info.collection}  generation {info.number}  {mark}  {info.points:,} people{size}", soft_wrap=True)
        changes = (
            f", changed {info.revision:,} {'time' if info.revision == 1 else 'times'} since" if info.revision else ""
        )
        built = f"{info.created_at[:16].replace('T', ' ')} UTC"
        out.print(f"  built {built}{changes}; encoder {escape(_short(info.encoder))}", soft_wrap=True)
        if info.exact:
            out.print(
                "  its graph misses people: searches compare everyone (docs/sizing.md says what helps)",
                soft_wrap=True,
            )


def _duration(seconds: float) -> str:
    if seconds < 90:
        return f"{seconds:.0f} s"
    return f"{seconds / 60:.0f} min" if seconds < 5400 else f"{seconds / 3600:.1f} h"


def _size(size: float) -> str:
    unit, name = (1e9, "GB") if size >= 1e9 else (1e6, "MB")
    return f"{size / unit:,.1f} {name}"


def _short(encoder: str) -> str:
    """An encoder's fingerprint with no more of the weights' hash than tells it from others."""
    return re.sub(r"\b([0-9a-f]{12})[0-9a-f]{20,}\b", r"\1…", encoder)


def _print_hanging(start: str, text: str) -> None:
    """Print `text` after `start`, its further lines below its first one."""
    table = Table.grid()
    table.add_row(Text(start), Text(visible(text)))
    out.print(table)
