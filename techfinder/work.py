"""What jobs do: each kind of job, and how it is asked for."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

from techfinder.access.console import note_on_console
from techfinder.database.erased import refused
from techfinder.database.switches import SwitchLog
from techfinder.encoding import CheckedEncoder
from techfinder.errors import StoreError
from techfinder.evaluation import load_questions
from techfinder.indexing import IndexJob, IndexOptions
from techfinder.jobs.worker import Handler, JobRun
from techfinder.models import GenerationInfo
from techfinder.promotion import Outcome, Promotion, note_champion, resolve
from techfinder.quality import default_questions
from techfinder.registry import Registry
from techfinder.runs import RunProgress
from techfinder.sources import open_source

if TYPE_CHECKING:
    from techfinder.database.database import Database
    from techfinder.finder import Finder

__all__ = ["generation_before", "handlers", "roll_back"]


def handlers(finder: Finder, database: Database) -> dict[str, Handler]:
    """What a worker on this machine can do, by kind of job.

    ``promote``  arguments ``encoder``, ``questions`` (paths), ``force``, ``actor``
    ``index``    arguments ``source``, ``prune``, ``rebuild``
    """
    return {"promote": partial(_promote, finder, database), "index": partial(_index, finder)}


def roll_back(finder: Finder, database: Database, who: str) -> tuple[GenerationInfo, GenerationInfo]:
    """Make the generation live again that was live before the last switch; what was live, and what is.

    Raises:
        StoreError: There was no switch, people were changed since, or the generation is not kept any more.
    """
    live, number = generation_before(finder, database)
    now = finder.store.activate(live.collection, number)
    SwitchLog(database).note("rollback", live, now, who, {})
    return live, now


def generation_before(finder: Finder, database: Database) -> tuple[GenerationInfo, int]:
    """What is live, and the number of the generation to go back to.

    Raises:
        StoreError: There was no switch, or people were changed since.
    """
    name = finder.settings.collection
    live = next((g for g in finder.store.collections() if g.collection == name), None)
    last = SwitchLog(database).last(name)
    if live is None or last is None or last.from_generation is None:
        raise StoreError(f"Collection {name!r} was never switched to another encoder: there is nothing to go back to.")
    if (last.to_generation, last.to_digest) != (live.number, live.digest):
        raise StoreError(
            f"People of collection {name!r} were changed since the switch to {last.to_encoder}: generation "
            f"{last.from_generation} does not have these changes. Build it with them: techfinder encoders promote "
            f"{last.from_encoder.partition('@')[0]}"
        )
    return live, last.from_generation


@dataclass(slots=True)
class _Reporting:
    """A promotion's progress, told to its job."""

    run: JobRun
    log: SwitchLog
    encoder: str
    who: str

    def report(self, phase: str, done: int = 0, total: int | None = None) -> None:
        """Note it with the job."""
        self.run.report(phase, done, total)

    def say(self, text: str) -> None:
        """Add it to the job's log."""
        self.run.say(text)

    def confirm(self, before: GenerationInfo) -> None:
        """Note what is intended; go no further if the job is somebody else's by now."""
        self.log.intend(before, self.encoder, self.who)
        self.run.confirm()


def _promote(finder: Finder, database: Database, run: JobRun) -> Mapping[str, Any]:
    wanted, log, registry = run.job.arguments, SwitchLog(database), Registry(finder.settings.home)
    entry, version = resolve(finder, registry, wanted["encoder"])
    paths = [Path(p) for p in wanted.get("questions", ())]
    questions = [q for p in paths for q in load_questions(p)] if paths else default_questions(finder)
    who = str(wanted.get("actor", ""))
    telling = _Reporting(run, log, entry.info.fingerprint, who)
    outcome = Promotion(finder, entry, questions, telling, force=bool(wanted.get("force"))).run()
    _note(log, outcome, who)
    note_champion(registry, version, run.say)
    return {
        "generation": outcome.now.number,
        "encoder": outcome.now.encoder,
        "before": {"generation": outcome.before.number, "encoder": outcome.before.encoder},
        "encoded": outcome.encoded,
        "reused": outcome.reused,
        "forced": outcome.forced,
    }


def _note(log: SwitchLog, outcome: Outcome, who: str) -> None:
    """Add the switch to the audit, also one that an earlier attempt made without living to note it."""
    now, facts = outcome.now, outcome.verdict.facts() if outcome.verdict else {}
    if outcome.verdict is not None:
        log.note("promote", outcome.before, now, who, {"forced": outcome.forced, "gate": facts})
        return
    intended, last = log.intended(now.collection), log.last(now.collection)
    noted = last is not None and (last.to_generation, last.to_digest) == (now.number, now.digest)
    if intended and not noted and intended["to"] == now.encoder and intended["number"] != now.number:
        before = GenerationInfo(**{**asdict(now), "number": intended["number"], "encoder": intended["encoder"]})
        log.note("promote", before, now, who, {"noted": "after its worker was gone"})


def _index(finder: Finder, run: JobRun) -> Mapping[str, Any]:
    wanted, entry = run.job.arguments, finder.encoder_entry()
    note_on_console(finder.settings, "import", wanted["source"], {"job": run.job.id})

    def watch(progress: RunProgress) -> None:
        run.report(progress.phase, progress.done, progress.total)

    progress, rejects = IndexJob(
        source=open_source(wanted["source"], finder.plugins.sources()),
        label=wanted["source"],
        schema=finder.schema,
        info=entry.info,
        load_encoder=lambda: CheckedEncoder(entry),
        store=finder.store,
        collection=finder.settings.collection,
        home=finder.settings.home,
        options=IndexOptions(wanted.get("prune"), bool(wanted.get("rebuild")), max_rejects=finder.settings.max_rejects),
        refused=partial(refused, finder.settings),
        watch=watch,
    ).run()
    return {"generation": progress.generation, "run": progress.run, "rejects": str(rejects) if rejects else None}
