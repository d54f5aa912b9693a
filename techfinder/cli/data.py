"""``generate``, ``index`` and ``runs``."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import asdict, replace
from functools import partial
from pathlib import Path

import click
from rich.markup import escape
from rich.padding import Padding
from rich.progress import BarColumn, MofNCompleteColumn, Progress, SpinnerColumn, TextColumn, TimeRemainingColumn
from rich.text import Text

from techfinder.access.console import note_on_console
from techfinder.cli.common import NumberRange, echo_json, open_finder, out, say, step_back
from techfinder.cli.terminal import visible
from techfinder.database.erased import refused
from techfinder.encoding import CheckedEncoder
from techfinder.errors import SourceError
from techfinder.finder import Finder
from techfinder.indexing import IndexJob, IndexOptions
from techfinder.interfaces import Generator
from techfinder.runs import RunProgress, list_runs
from techfinder.settings import load_settings
from techfinder.sources import find_generator, open_source
from techfinder.tables import write_frames

__all__ = ["generate", "generate_people", "index", "index_source", "runs"]

_PHASES = {
    "reading": "Reading",
    "encoding": "Encoding",
    "building": "Building the index",
    "live": "Live",
    "checked": "Checked",
    "refused": "Checked",
}


@click.command(epilog="Example: techfinder generate -n 1000000 --seed 7 -o people.parquet")
@click.option("-n", "count", default=1000, show_default=True, type=click.IntRange(min=1), help="How many people.")
@click.option("--seed", default=7, show_default=True, type=click.IntRange(min=0), help="Same seed, same people.")
@click.option("-o", "output", required=True, type=click.Path(dir_okay=False, path_type=Path), help="File to write.")
@click.option("--generator", help="Source to use when several make people.")
def generate(count: int, seed: int, output: Path, generator: str | None) -> None:
    """Make people and write them to a file.

    They adopt technology the way people do: shares of categories, incomes, products and timing go together.

    The ending of the file says what is written: .csv, .tsv, .jsonl (each also .gz or .zst), .parquet.
    """
    with open_finder() as finder:
        written = generate_people(finder, count, seed, output, generator)
    say.print(f"Wrote {written:,} people to {escape(str(output))}.")


def generate_people(finder: Finder, count: int, seed: int, output: Path, generator: str | None = None) -> int:
    """Write `count` made people to `output`, with a progress bar. Returns how many were written."""
    entry = find_generator(finder.plugins.sources(), generator)
    source = entry.load(f"n={count},seed={seed}")
    if not isinstance(source, Generator):
        raise SourceError(f"Source {entry.name!r} says that it generates, but offers no frames().")
    with _bar() as bar:
        task = bar.add_task("Making people", total=count, note="")
        return write_frames(source.frames(), output, lambda rows: bar.update(task, completed=rows))


@click.command(epilog="Example: techfinder index people.csv --prune")
@click.argument("source")
@click.option("--prune/--keep", default=None, help="Remove people that the input no longer has, or keep them.")
@click.option("--rebuild", is_flag=True, help="Build from this input alone, not on what is live.")
@click.option("--dry-run", is_flag=True, help="Read and check only.")
@click.option("--max-rejects", type=NumberRange(0, 1), help="Share of rejected rows that is still accepted.")
@click.option("--json", "as_json", is_flag=True, help="Print the run's result as JSON.")
def index(
    source: str, prune: bool | None, rebuild: bool, dry_run: bool, max_rejects: float | None, as_json: bool
) -> None:
    """Read SOURCE and let what is new or changed go live.

    SOURCE is a file (.csv, .tsv, .jsonl, .parquet) or NAME:ARGUMENT of a source plugin. The same
    input twice changes nothing. Everything goes live in one step at the end. A run that is stopped
    goes on where it was when it is started again. The exit code is 1 when nothing could go live;
    of a dry run, when nothing could have.
    """
    with open_finder(max_rejects=max_rejects) as finder:
        confirm = _confirm_removal if sys.stdin.isatty() and sys.stderr.isatty() else None
        options = IndexOptions(prune, rebuild, dry_run, finder.settings.max_rejects, confirm)
        if not dry_run:
            note_on_console(finder.settings, "import", source, {"prune": prune, "rebuild": rebuild})
        try:
            progress, rejects = index_source(finder, source, options)
        except KeyboardInterrupt:
            say.print("Stopped. Nothing went live; run the same command again to go on.")
            sys.exit(130)
    if as_json:
        echo_json({**asdict(progress), "rejects_file": str(rejects) if rejects else None})
    else:
        _print_summary(progress, rejects)
    if progress.phase == "refused":
        sys.exit(1)


def index_source(finder: Finder, source: str, options: IndexOptions) -> tuple[RunProgress, Path | None]:
    """Run an index job with a progress bar. Returns and raises as :meth:`IndexJob.run`."""
    settings = finder.settings
    step_back(settings.nice)
    entry = finder.encoder_entry()
    opened = open_source(source, finder.plugins.sources())
    if not say.is_terminal:
        say.print(f"Indexing {escape(source)} ...")
    with _progress_display() as watch:
        if options.confirm is not None:
            options = replace(options, confirm=watch.aside(options.confirm))
        job = IndexJob(
            source=opened,
            label=source,
            schema=finder.schema,
            info=entry.info,
            load_encoder=lambda: CheckedEncoder(entry),
            store=finder.store,
            collection=settings.collection,
            home=settings.home,
            options=options,
            refused=partial(refused, settings),
            watch=watch,
        )
        return job.run()


@click.command(epilog="Example: techfinder runs --json")
@click.option("--json", "as_json", is_flag=True, help="Print JSON.")
def runs(as_json: bool) -> None:
    """List index runs, newest first.

    Each with its state, the phase it is in or ended in, how many rows it has done, and what there is to know.
    """
    found = list_runs(load_settings().home)
    if as_json:
        echo_json([asdict(r) for r in found])
        return
    for run in found:
        _print_run(run)
    if not found:
        out.print("No index run yet. Start one with `techfinder index SOURCE`.")


def _print_run(run: RunProgress) -> None:
    """A line that fits and can be searched for; what there is to say of it is indented below."""
    total = f" of {run.total:,}" if run.total and run.total != run.done else ""
    rows = f"{run.done:,}{total} {'row' if run.done == 1 and not total else 'rows'}"
    out.print(f"{run.run}  {run.state:<11}  {run.phase:<8}  {rows:<11}  {escape(run.source)}", soft_wrap=True)
    if run.message:
        out.print(Padding(Text(visible(run.message)), (0, 0, 0, 4), expand=False))


def _bar() -> Progress:
    return Progress(
        SpinnerColumn(),
        TextColumn("{task.description:<18}"),
        BarColumn(),
        MofNCompleteColumn(),
        TextColumn("{task.fields[note]}"),
        TimeRemainingColumn(),
        console=say,
        disable=not say.is_terminal,
    )


class _Watch:
    """Shows a run's progress on a bar."""

    def __init__(self, bar: Progress) -> None:
        self._bar = bar
        self._task = bar.add_task("Reading", total=None, note="")

    def __call__(self, progress: RunProgress) -> None:
        note = f"{progress.rate:,.0f} rows/s"
        if progress.rejected:
            note += f", [yellow]{progress.rejected:,} rejected[/]"
        phase = _PHASES.get(progress.phase, progress.phase)
        self._bar.update(self._task, description=phase, completed=progress.done, total=progress.total, note=note)

    def aside(self, ask: Callable[[int], bool]) -> Callable[[int], bool]:
        """`ask`, with the bar out of the way: it would wipe the question."""

        def asked(count: int) -> bool:
            self._bar.stop()
            try:
                return ask(count)
            finally:
                self._bar.start()

        return asked


@contextmanager
def _progress_display() -> Iterator[_Watch]:
    with _bar() as bar:
        yield _Watch(bar)


def _confirm_removal(count: int) -> bool:
    return click.confirm(f"{count:,} people are not in this input any more. Remove them?", default=False, err=True)


def _print_summary(progress: RunProgress, rejects: Path | None) -> None:
    if progress.phase in ("checked", "refused"):
        _print_check(progress)
    elif progress.generation is None:
        say.print(f"Nothing changed: all {progress.unchanged:,} people are as they were.")
    else:
        counts = {
            "encoded": progress.encoded,
            "taken over from an unfinished run": progress.reused,
            "unchanged": progress.unchanged,
            "removed": progress.removed,
        }
        done = ", ".join(f"{count:,} {what}" for what, count in counts.items() if count)
        say.print(f"Generation {progress.generation} is live: {done or 'details changed'}.")
    if progress.gone:
        say.print(f"{progress.gone:,} people are not in this input and were kept; --prune removes them.")
    if progress.message and progress.phase != "refused":
        say.print(f"[yellow]Note[/]: {escape(progress.message)}.")
    if rejects is not None and progress.phase != "refused":  # else the message names the file
        one = progress.rejected == 1
        say.print(f"[yellow]{progress.rejected:,} {'row was' if one else 'rows were'} rejected[/]; the reasons are in")
        say.print(f"  {escape(str(rejects))}", soft_wrap=True)  # in one piece, to be copied


def _print_check(progress: RunProgress) -> None:
    good = progress.done - progress.rejected
    say.print(f"Checked {progress.done:,} {'row' if progress.done == 1 else 'rows'}: {good:,} good.")
    if progress.phase == "refused":
        say.print(f"[yellow]A real run would end with[/]: {escape(progress.message)}")
