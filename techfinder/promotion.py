"""Letting another encoder answer: build beside what is live, then move questions and people over in one step.

1. *gate*: both encoders are measured on the same people and questions.
2. *encoding*: texts of everyone are encoded to a spool. Nobody is kept from writing meanwhile; whatever is killed
   goes on from the spool.
3. *writing*: with the right to write, what is live now (changes since included) becomes a new generation.
4. *building*: graph and indexes; count and digest of all points are compared with what was written.
5. *live*: the new generation goes live, in one step. Questions follow it: what is live says which encoder made it.

Until the last step nothing that is seen has changed, and afterwards nothing is left to do but to note it: so whoever
is killed at any moment leaves a whole state, and the same command can be given again.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Protocol

from techfinder.digests import text_digest
from techfinder.encoding import CheckedEncoder
from techfinder.errors import (
    CollectionNotFound,
    EncoderError,
    FingerprintMismatch,
    IndexingError,
    RegistryError,
    RegistryUnavailable,
    StoreError,
)
from techfinder.gate import Verdict, judge_challenger
from techfinder.interfaces import EncoderEntry, Point, Writer
from techfinder.models import GenerationInfo
from techfinder.quality import Trial, sample_people
from techfinder.registry import EncoderVersion, Registry
from techfinder.registry.versions import parse_reference
from techfinder.runs import RunRecord, only_run
from techfinder.specs import collection_spec
from techfinder.spool import VectorSpool, spool_folder

if TYPE_CHECKING:
    from techfinder.evaluation import Question
    from techfinder.finder import Finder

__all__ = ["Outcome", "Progress", "Promotion", "note_champion", "resolve"]

STEP = 256
"""Texts that are encoded and spooled together: what a crash costs at most."""

_LOOKS = 5


class Progress(Protocol):
    """Where a promotion reports to; each method may raise to stop it."""

    def report(self, phase: str, done: int = 0, total: int | None = None) -> None:
        """Where it stands."""
        ...

    def say(self, text: str) -> None:
        """Something to know."""
        ...

    def confirm(self, before: GenerationInfo) -> None:
        """Called right before the step that counts, with what is live until then."""
        ...


@dataclass(frozen=True, slots=True)
class Outcome:
    """What came of a promotion.

    Attributes:
        before, now: What was live, and what is.
        verdict: Of the gate; None when the encoder was live already.
        forced: Whether the gate was overruled.
        encoded: Texts that were encoded, `reused` ones that an earlier attempt had.
    """

    before: GenerationInfo
    now: GenerationInfo
    verdict: Verdict | None
    forced: bool = False
    encoded: int = 0
    reused: int = 0


def resolve(finder: Finder, registry: Registry, reference: str) -> tuple[EncoderEntry, EncoderVersion | None]:
    """The encoder that ``NAME`` or ``NAME@VERSION`` names, and its registered version if there is one.

    A version that is named must be registered, and this machine's plugin must make its vectors; without one, MLflow
    may be away.

    Raises:
        SettingsError: No plugin offers it.
        RegistryError: There is no such version, or its plugin makes other vectors here.
    """
    name, wanted = parse_reference(reference)
    entry = finder.encoder_named(name)
    if wanted is not None:
        version = registry.find(reference)
        return registry.load_entry(version, entry), version
    try:
        known = registry.versions(name)
    except RegistryUnavailable:
        return entry, None
    same = [v for v in known if (v.fingerprint, v.template) == (entry.info.fingerprint, finder.schema.template)]
    return entry, same[-1] if same else None


@dataclass(slots=True)
class Promotion:
    """One promotion of one encoder. Make it, call :meth:`run` once."""

    finder: Finder
    entry: EncoderEntry
    questions: Sequence[Question]
    progress: Progress
    force: bool = False
    encoder: CheckedEncoder = field(init=False)
    _total: int = 0
    _encoded: int = 0
    _reused: int = 0

    def run(self) -> Outcome:
        """Do it all.

        Raises:
            IndexingError: Nothing is live, the gate refuses, or somebody else writes.
            EncoderError, StoreError: A part failed; what was live stays live.
        """
        before = self._live()
        self._total = before.points
        if before.encoder == self.entry.info.fingerprint:
            return Outcome(before, before, None)
        self.encoder = CheckedEncoder(self.entry)
        verdict = self._gate(before)
        record = RunRecord.start(self.finder.settings.home, before.collection, f"encoder {self.entry.info.name}")
        with ExitStack() as closing:
            closing.enter_context(record)
            info = self.entry.info
            spool = VectorSpool(spool_folder(self.finder.settings.home, before.collection, info.fingerprint), info.dim)
            closing.callback(spool.close)
            self._encode_all(spool, record)
            closing.enter_context(only_run(self.finder.settings.home, before.collection))
            before, now = self._write(spool, record)
            spool.remove()
            record.update(state="done", phase="live", generation=now.number)
        return Outcome(before, now, verdict, not verdict.passed, self._encoded, self._reused)

    def _gate(self, live: GenerationInfo) -> Verdict:
        """Measure both encoders. Raises IndexingError when the new one is worse and nobody insists."""
        self.progress.report("gate")
        trial = Trial(self.finder, sample_people(self.finder), self.questions)
        challenger = trial.measure(self.encoder)
        try:
            verdict = judge_challenger(trial.measure(self.finder.encoder_of(live)), challenger)
        except (EncoderError, FingerprintMismatch) as error:
            verdict = Verdict((f"There is nothing to compare with: {error}",), None, challenger)
        for reason in verdict.reasons:
            self.progress.say(reason)
        if not verdict.passed and not self.force:
            raise IndexingError(
                f"Encoder {self.entry.info.name!r} was not promoted: {' '.join(verdict.reasons)} Nothing was changed. "
                "`techfinder encoders promote --force` does it all the same."
            )
        return verdict

    def _encode_all(self, spool: VectorSpool, record: RunRecord) -> None:
        """Encode the texts of everyone who is live; again from the beginning where they change while they are read."""
        for look in range(_LOOKS):
            try:
                for points in self._scanned():
                    self._vectors(points, spool)
                    self._report(record, "encoding", self._encoded + self._reused)
                return
            except StoreError:
                if look == _LOOKS - 1:
                    raise
                self.progress.say("People changed while they were read; reading them again.")

    def _write(self, spool: VectorSpool, record: RunRecord) -> tuple[GenerationInfo, GenerationInfo]:
        """What was live and what is, once everyone is written as they are now: nobody else may write meanwhile."""
        store = self.finder.store
        spec = collection_spec(self._live().collection, self.finder.schema, self.entry.info)
        writer: Writer = store.write(spec, fresh=True)
        try:
            live, written = self._live(), 0
            for points in self._scanned():
                writer.upsert(self._with_vectors(points, spool))
                written += len(points)
                self._report(record, "writing", written)
            self._report(record, "building", written)
            sealed = writer.seal()
            if sealed.points != live.points:
                raise IndexingError(
                    f"{sealed.points:,} people were written, {live.points:,} are live: nothing went live."
                )
            self._report(record, "live", written)
            self.progress.confirm(live)
            return live, writer.publish()
        finally:
            writer.discard()

    def _scanned(self) -> Iterator[Sequence[Point]]:
        return self.finder.store.scan(self.finder.settings.collection).points("")

    def _with_vectors(self, points: Sequence[Point], spool: VectorSpool) -> list[Point]:
        """The points as the new generation holds them."""
        found = self._vectors(points, spool, "writing")
        return [replace(p, text=digest, vector=spool.get(digest)) for p, digest in zip(points, found, strict=True)]

    def _vectors(self, points: Sequence[Point], spool: VectorSpool, phase: str = "encoding") -> list[str]:
        """The digests of the points' texts, all of which are in the spool once this returns."""
        fingerprint, schema = self.entry.info.fingerprint, self.finder.schema
        texts = [schema.text(p.profile) for p in points]
        digests = [text_digest(fingerprint, text) for text in texts]
        missing = {d: t for d, t in zip(digests, texts, strict=True) if d not in spool}
        self._reused += len(points) - len(missing) if phase == "encoding" else 0
        order = sorted(missing, key=lambda d: len(missing[d]), reverse=True)
        for start in range(0, len(order), STEP):
            step = order[start : start + STEP]
            spool.append(step, self.encoder.encode_documents([missing[d] for d in step]))
            self._encoded += len(step)
            self.progress.report(phase, self._encoded + self._reused, self._total)
        return digests

    def _report(self, record: RunRecord, phase: str, done: int) -> None:
        self.progress.report(phase, done, self._total)
        counts = {"done": done, "total": self._total, "encoded": self._encoded, "reused": self._reused}
        record.update(force=phase == "building", phase=phase, **counts)

    def _live(self) -> GenerationInfo:
        """What is live, as the store has it: a reader may lag behind."""
        name = self.finder.settings.collection
        live = next((g for g in self.finder.store.collections() if g.collection == name), None)
        if live is None:
            raise CollectionNotFound(f"Nothing is live in collection {name!r}. Index first: techfinder index SOURCE.")
        return live


def note_champion(registry: Registry, version: EncoderVersion | None, say: Callable[[str], None]) -> None:
    """Let ``champion`` point to the version that is live now, and no other encoder have that alias.

    MLflow may be away: then that is told, and nothing else is wrong.
    """
    try:
        for other in registry.versions():
            if "champion" in other.aliases and (version is None or other.name != version.name):
                registry.point(other.name, "champion", None)
        if version is not None:
            registry.point(version.name, "champion", version.number)
            if "challenger" in version.aliases:
                registry.point(version.name, "challenger", None)
    except RegistryError as error:
        say(f"MLflow's aliases were not moved: {error}")
