"""``encoders promote``, ``rollback``, ``retire`` and ``history``: which encoder answers."""

from __future__ import annotations

import time
from dataclasses import asdict
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING

import click
from rich.markup import escape

from techfinder.access.console import actor, note_on_console
from techfinder.cli.common import echo_json, open_finder, out, say, step_back
from techfinder.cli.encoders import as_json_option, encoders, live_fingerprint, questions_option
from techfinder.cli.jobs import database_of
from techfinder.errors import JobError, RegistryError
from techfinder.jobs.models import FINISHED
from techfinder.registry import Registry

if TYPE_CHECKING:
    from techfinder.jobs.models import Job
    from techfinder.jobs.queue import JobQueue
    from techfinder.jobs.worker import Worker

__all__ = ["encoders"]

_POLL_S = 1.0


@encoders.command(epilog="Example: techfinder encoders promote minilm-openvino")
@click.argument("encoder")
@questions_option
@click.option("--force", is_flag=True, help="Even if it answers worse than the one it replaces.")
@click.option("--detach", is_flag=True, help="Only queue it: a worker does it (techfinder worker).")
@as_json_option
def promote(encoder: str, questions: tuple[Path, ...], force: bool, detach: bool, as_json: bool) -> None:
    """Let ENCODER (NAME or NAME@VERSION) answer instead of the one that answers now.

    Everyone is encoded anew beside what is live, which goes on answering. Then questions and people go over
    together, in one step; a running server follows without a gap. It is refused when answers get worse. What
    was live before is kept for `rollback`. After a crash, give the same command again.
    """
    from techfinder.jobs.queue import JobQueue
    from techfinder.jobs.worker import Worker
    from techfinder.work import handlers

    with open_finder() as finder, database_of(finder) as database:
        note_on_console(finder.settings, "promote", encoder, {"forced": force})
        queue = JobQueue(database)
        arguments = {"encoder": encoder, "force": force, "actor": actor()}
        arguments["questions"] = [str(p.absolute()) for p in questions]
        job = queue.add("promote", finder.settings.collection, arguments)
        if not detach:
            step_back(finder.settings.nice)
            job = _follow(Worker(queue, handlers(finder, database)), queue, job, quiet=as_json)
        lines = queue.lines(job.id)
        pinned = finder.settings.encoder
    if as_json:
        echo_json({**asdict(job), "lines": [line.text for line in lines]})
    elif detach:
        out.print(f"Job {job.id[:8]} waits for a worker: techfinder worker")
    elif job.state == "done":
        _print_promoted(job)
        if pinned and pinned != encoder.partition("@")[0]:
            say.print(
                f"[yellow]Note[/]: the setting encoder names {escape(pinned)}; index runs would build with that one, "
                "and be refused. Change it, or remove it."
            )
    for line in lines if not as_json and job.state == "done" else ():
        say.print(f"[yellow]Note[/]: {escape(line.text)}")
    if job.state in ("failed", "cancelled"):
        raise JobError(job.message)


@encoders.command(epilog="Example: techfinder encoders rollback")
@as_json_option
def rollback(as_json: bool) -> None:
    """Go back to the encoder and the people that were live before the last switch."""
    from techfinder.promotion import note_champion
    from techfinder.work import roll_back

    with open_finder() as finder, database_of(finder) as database:
        note_on_console(finder.settings, "rollback")
        before, now = roll_back(finder, database, actor())
        registry = Registry(finder.settings.home)
        try:
            same = [v for v in registry.versions() if (v.fingerprint, v.template) == (now.encoder, now.template)]
        except RegistryError:
            same = []
        note_champion(registry, same[-1] if same else None, lambda text: say.print(escape(text)))
    if as_json:
        echo_json({"before": asdict(before), "now": asdict(now)})
        return
    out.print(f"Generation {now.number} is live again: {now.points:,} people, encoder {escape(now.encoder)}.")


@encoders.command(epilog="Example: techfinder encoders retire minilm@1 --yes")
@click.argument("version")
@click.option("--yes", is_flag=True, help="Do not ask.")
def retire(version: str, yes: bool) -> None:
    """Remove VERSION from MLflow, its weights included, and what was fetched of it.

    The champion and the encoder that answers now cannot be retired.
    """
    with open_finder() as finder:
        registry = Registry(finder.settings.home)
        found = registry.find(version)
        if "champion" in found.aliases or found.fingerprint == live_fingerprint(finder):
            raise RegistryError(f"{found.reference} answers now: promote another encoder first.")
        if not yes:
            click.confirm(f"Remove {found.reference} and its weights from MLflow?", abort=True, err=True)
        registry.remove(found)
    out.print(f"{escape(found.reference)} is gone.")


@encoders.command(epilog="Example: techfinder encoders history")
@as_json_option
def history(as_json: bool) -> None:
    """List switches from one encoder to another, newest first: when, by whom, what was measured."""
    from techfinder.database.switches import SwitchLog

    with open_finder() as finder, database_of(finder) as database:
        found = SwitchLog(database).newest(finder.settings.collection)
    if as_json:
        echo_json([asdict(s) for s in found])
        return
    for switch in found:
        when = datetime.fromtimestamp(switch.at, UTC)
        forced = ", forced" if switch.facts.get("forced") else ""
        before = f"generation {switch.from_generation} ({switch.from_encoder})"
        what = f"{before} to {switch.to_generation} ({switch.to_encoder})"
        out.print(
            escape(f"{when:%Y-%m-%d %H:%M} UTC  {switch.action}{forced}  {what}  by {switch.actor}"), soft_wrap=True
        )
    if not found:
        out.print("No switch yet.")


def _follow(working: Worker, queue: JobQueue, job: Job, quiet: bool) -> Job:
    """Do the job here, or wait for whoever does it; answers it as it ended."""
    if not quiet:
        say.print(f"Job {job.id[:8]}: measuring, then encoding everyone beside what is live ...")
    while job.state not in FINISHED:
        done = working.run_one(job.id)
        job = done if done is not None else queue.job(job.id)
        if job.state not in FINISHED:
            time.sleep(_POLL_S)
    return job


def _print_promoted(job: Job) -> None:
    result = job.result or {}
    before = result["before"]
    if before["generation"] == result["generation"]:
        out.print(f"{escape(result['encoder'])} answers already; nothing was changed.")
        return
    out.print(f"Generation {result['generation']} is live, encoder {escape(result['encoder'])}.")
    reused = f", {result['reused']:,} taken over from an earlier attempt" if result["reused"] else ""
    out.print(
        f"  {result['encoded']:,} texts encoded{reused}; before: generation {before['generation']}, "
        f"{escape(before['encoder'])}"
    )
    out.print("  `techfinder encoders rollback` goes back.")
