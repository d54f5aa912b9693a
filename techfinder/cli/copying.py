"""``store copy``."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator
from contextlib import ExitStack, closing, contextmanager, suppress
from dataclasses import asdict, dataclass
from hashlib import blake2b
from pathlib import Path
from typing import TYPE_CHECKING

import click
from rich.markup import escape
from rich.progress import (
    BarColumn,
    MofNCompleteColumn,
    Progress,
    ProgressColumn,
    SpinnerColumn,
    Task,
    TextColumn,
    TimeRemainingColumn,
)
from rich.text import Text

from techfinder.cli.common import echo_json, say
from techfinder.errors import SettingsError, cut
from techfinder.models import GenerationInfo
from techfinder.settings import Settings, load_settings
from techfinder.spool import copy_folder
from techfinder.store import open_store
from techfinder.store.copying import Copied, CopyJob
from techfinder.store.folders import remove_folder

if TYPE_CHECKING:
    from techfinder.interfaces import Store

__all__ = ["copy"]

_EDGE = "edge"


@click.command(epilog="Example: techfinder store copy --to http://localhost:6333")
@click.option("--to", "to", metavar="WHERE", help="Store to copy to.  [default: that of the settings]")
@click.option("--from", "from_", metavar="WHERE", help="Store to copy from.  [default: that of the settings]")
@click.option("--yes", is_flag=True, help="Do not ask before something else that is live is replaced.")
@click.option("--json", "as_json", is_flag=True, help="Print the result as JSON.")
def copy(to: str | None, from_: str | None, yes: bool, as_json: bool) -> None:
    """Copy the collection from one store to another, vectors and all.

    WHERE is `edge` or the address of a Qdrant server. The copy becomes a new generation there, which goes live in one
    step, once all of it was read back and its digest is that of the original. A copy that was broken off goes on
    where it was when it is started again. Key, gRPC port and certificates of servers come from the settings.
    """
    settings = load_settings()
    source, target = _Side.of(from_, settings), _Side.of(to, settings)
    _require_two(source, target, from_, to)
    with ExitStack() as opened:
        read, written = (opened.enter_context(closing(side.open())) for side in (source, target))
        with _watching() as watch:
            job = CopyJob(
                source=read,
                target=written,
                collection=settings.collection,
                spool=copy_folder(settings.home) if target.url is None else None,
                confirm=watch.aside(_confirm(target, yes)),
                watch=watch,
            )
            done = _run(job)
        source.clean()
        target.clean()
    _print(done, source, target, as_json)


@dataclass(frozen=True)
class _Side:
    """One side of a copy.

    Attributes:
        settings: To open the store with.
        url: Of a server; None is the embedded store.
        scratch: Folder for what is only needed to check a server that the settings do not select.
    """

    settings: Settings
    url: str | None
    scratch: Path | None = None

    @classmethod
    def of(cls, where: str | None, settings: Settings) -> _Side:
        """The side that `where` names; None is the store of the settings. Raises SettingsError."""
        if where is None:
            return cls(settings, None if settings.store == _EDGE else _normal(settings.qdrant_url))
        if where == _EDGE:
            return cls(settings.model_copy(update={"store": _EDGE}), None)
        if not where.lower().startswith(("http://", "https://")):
            raise SettingsError(
                f"{cut(where)} is no store. Give `edge`, or the address of a Qdrant server, as http://localhost:6333."
            )
        url = _normal(where)
        if settings.store == "server" and url == _normal(settings.qdrant_url):
            return cls(settings, url)
        scratch = copy_folder(settings.home) / blake2b(url.encode(), digest_size=8).hexdigest()
        changes = {"store": "server", "qdrant_url": url, "home": scratch}
        return cls(settings.model_copy(update=changes), url, scratch)

    def open(self) -> Store:
        """The store."""
        return open_store(self.settings)

    def clean(self) -> None:
        """Remove what was only needed while copying."""
        if self.scratch is not None:
            remove_folder(self.scratch)
            with suppress(OSError):  # another copy may be using it
                self.scratch.parent.rmdir()

    def __str__(self) -> str:
        if self.url is None:
            return "the embedded store"
        from techfinder.store.server.errors import shown  # a second of imports

        return ",".join(map(shown, self.url.split(",")))


def _normal(urls: str) -> str:
    return ",".join(u.strip().rstrip("/") for u in urls.split(",") if u.strip())


def _require_two(source: _Side, target: _Side, from_: str | None, to: str | None) -> None:
    if from_ is None and to is None:
        raise click.UsageError("Say where to: --to WHERE, or where from: --from WHERE.")
    if source.url == target.url:
        raise SettingsError(f"Nothing can be copied onto itself, and both sides are {source}. Name another one.")


def _confirm(target: _Side, yes: bool) -> Callable[[GenerationInfo], None]:
    def confirm(live: GenerationInfo) -> None:
        if not yes:
            click.confirm(
                f"Collection {live.collection!r} with {live.points:,} other people is live in {target}. "
                "Let the copy take its place?",
                abort=True,
                err=True,
            )

    return confirm


def _run(job: CopyJob) -> Copied:
    try:
        return job.run()
    except KeyboardInterrupt:
        say.print("Stopped. Nothing went live; run the same command again to go on.")
        sys.exit(130)


def _print(done: Copied, source: _Side, target: _Side, as_json: bool) -> None:
    if as_json:
        echo_json({**asdict(done.info), "copied": done.points, "resumed": done.resumed, "target": str(target)})
        return
    what = f"Generation {done.info.number} of {escape(done.info.collection)}"
    if not done.points and done.info.points:
        say.print(f"Nothing to copy: {escape(str(target))} holds the same {done.info.points:,} people already.")
        return
    earlier = f", {done.resumed:,} of them by an earlier run" if done.resumed else ""
    say.print(f"Copied {done.points:,} people from {escape(str(source))} to {escape(str(target))}{earlier}.")
    say.print(f"{what} is live there; count and digest are the same.")


class _Watch:
    """Shows a copy's progress on a bar."""

    def __init__(self, bar: Progress) -> None:
        self._bar = bar
        self._task = bar.add_task("Copying", total=None)

    def __call__(self, done: int, total: int) -> None:
        phase = "Building the index" if done == total else "Copying"
        self._bar.update(self._task, description=phase, completed=done, total=total)

    def aside(self, ask: Callable[[GenerationInfo], None]) -> Callable[[GenerationInfo], None]:
        """`ask`, with the bar out of the way: it would wipe the question."""

        def asked(live: GenerationInfo) -> None:
            self._bar.stop()
            try:
                ask(live)
            finally:
                self._bar.start()

        return asked


class _Rate(ProgressColumn):
    """People a second."""

    def render(self, task: Task) -> Text:
        speed = task.speed or task.finished_speed
        return Text(f"{speed:,.0f} people/s" if speed else "")


@contextmanager
def _watching() -> Iterator[_Watch]:
    columns = (SpinnerColumn(), TextColumn("{task.description:<18}"), BarColumn(), MofNCompleteColumn())
    with Progress(*columns, _Rate(), TimeRemainingColumn(), console=say, disable=not say.is_terminal) as bar:
        yield _Watch(bar)
