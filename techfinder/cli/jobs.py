"""``jobs`` and ``worker``."""

from __future__ import annotations

import signal
from contextlib import contextmanager, suppress
from dataclasses import asdict
from datetime import UTC, datetime
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

import click
from rich.markup import escape
from rich.padding import Padding
from rich.text import Text

from techfinder.cli.common import echo_json, open_finder, out, step_back
from techfinder.cli.terminal import log_as, notice, visible

if TYPE_CHECKING:
    from collections.abc import Iterator
    from types import FrameType

    from techfinder.database.database import Database
    from techfinder.finder import Finder
    from techfinder.jobs.models import Job
    from techfinder.jobs.worker import Worker

__all__ = ["database_of", "jobs", "print_job", "worker"]

_json = click.option("--json", "as_json", is_flag=True, help="Print JSON.")


@contextmanager
def database_of(finder: Finder) -> Iterator[Database]:
    """The application database, closed at the end."""
    from techfinder.database import open_database

    database = open_database(finder.settings)
    try:
        yield database
    finally:
        database.close()


@click.group()
def jobs() -> None:
    """Look after work that is done in the background."""


@jobs.command("list", epilog="Example: techfinder jobs list --json")
@_json
def list_(as_json: bool) -> None:
    """List jobs, newest first."""
    from techfinder.jobs.queue import JobQueue

    with open_finder() as finder, database_of(finder) as database:
        found = JobQueue(database).jobs()
    if as_json:
        echo_json([asdict(job) for job in found])
        return
    for job in found:
        print_job(job)
    if not found:
        out.print("No jobs yet.")


@jobs.command(epilog="Example: techfinder jobs show 3f0c")
@click.argument("job")
@_json
def show(job: str, as_json: bool) -> None:
    """Tell what is known of JOB, its log included; the beginning of its id is enough."""
    from techfinder.jobs.queue import JobQueue

    with open_finder() as finder, database_of(finder) as database:
        queue = JobQueue(database)
        found = queue.job(job)
        lines = queue.lines(found.id)
    if as_json:
        echo_json({**asdict(found), "lines": [asdict(line) for line in lines]})
        return
    print_job(found)
    for line in lines:
        out.print(Padding(Text(f"{_time(line.at)}  {visible(line.text)}"), (0, 0, 0, 4), expand=False))


@jobs.command(epilog="Example: techfinder jobs cancel 3f0c")
@click.argument("job")
def cancel(job: str) -> None:
    """Ask JOB to stop; what is live stays as it is."""
    from techfinder.jobs.queue import JobQueue

    with open_finder() as finder, database_of(finder) as database:
        found = JobQueue(database).cancel(job)
    out.print("It is cancelled." if found.state == "cancelled" else "It stops at its next step.")


@jobs.command(epilog="Example: techfinder jobs retry 3f0c")
@click.argument("job")
def retry(job: str) -> None:
    """Let JOB, which failed or was cancelled, wait for a worker again."""
    from techfinder.jobs.queue import JobQueue

    with open_finder() as finder, database_of(finder) as database:
        JobQueue(database).retry(job)
    out.print("It waits for a worker: techfinder worker")


@click.command(epilog="Example: techfinder worker")
@click.option("--once", is_flag=True, help="Do what waits, then end.")
@click.option("--pulse", type=click.Path(dir_okay=False, path_type=Path), help="File to touch as a sign of life.")
def worker(once: bool, pulse: Path | None) -> None:
    """Do jobs that wait, until interrupted.

    Several workers may run, on several machines with one database; each job is done by one of them.
    """
    from techfinder.jobs.queue import JobQueue
    from techfinder.jobs.worker import Worker
    from techfinder.work import handlers

    with open_finder() as finder, database_of(finder) as database:
        form = finder.settings.log_format
        log_as(form, finder.settings.log_level)
        step_back(finder.settings.nice)
        beat = pulse.touch if pulse else lambda: None
        working = Worker(JobQueue(database), handlers(finder, database), beat=beat)
        if once:
            while (job := working.run_one()) is not None:
                print_job(job)
            return
        for number in (signal.SIGINT, signal.SIGTERM):
            signal.signal(number, partial(_told_to_end, working))
        notice(form, "Waiting for jobs (Ctrl-C stops it).")
        with suppress(KeyboardInterrupt):
            working.run()
        notice(form, "Stopped.")


def _told_to_end(working: Worker, number: int, frame: FrameType | None) -> None:
    working.end()
    raise KeyboardInterrupt


def print_job(job: Job) -> None:
    """A line on a job, and what there is to say of it below."""
    done = f"{job.done:,} of {job.total:,}" if job.total else f"{job.done:,}"
    told = " ".join(str(v) for k, v in job.arguments.items() if k in ("encoder", "source"))
    line = f"{job.id[:8]}  {_time(job.created_at)}  {job.state:<9}  {job.phase:<8}  {done:<15}  {job.kind} {told}"
    out.print(escape(line), soft_wrap=True)
    if job.message:
        out.print(Padding(Text(visible(job.message)), (0, 0, 0, 4), expand=False))


def _time(seconds: float) -> str:
    return f"{datetime.fromtimestamp(seconds, UTC):%Y-%m-%d %H:%M} UTC"
