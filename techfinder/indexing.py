"""Source to encoder to store: one run that reads, checks, encodes, writes and goes live.

A thread reads and compares with what is live; the calling thread encodes; a second thread
hands points to the writer. Nothing is visible before the last step. Vectors are spooled as
they are made, so that a run after a crash does not pay for them again.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import closing
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from techfinder.digests import row_digest, text_digest
from techfinder.encoding import CheckedEncoder
from techfinder.errors import IndexingError, cut
from techfinder.interfaces import EncoderInfo, Ledger, Point, Source, Store, Writer
from techfinder.models import GenerationInfo, Profile, Row, RowProblem
from techfinder.readahead import read_ahead
from techfinder.rows import RowReader
from techfinder.runs import RunProgress, recorded
from techfinder.schema import Schema
from techfinder.specs import collection_spec, require_same_build
from techfinder.spool import VectorSpool, spool_folder
from techfinder.store.failures import NO_ROOM, NO_WRITING, failure

__all__ = ["IndexJob", "IndexOptions"]

WINDOW = 2048
"""Rows that are put in order by the length of their text: texts of like length go together, which saves padding."""

STEP = 256
"""Rows that are encoded, spooled and written together: what a crash costs at most."""


@dataclass(frozen=True, slots=True)
class IndexOptions:
    """How a run decides.

    Attributes:
        prune: True removes profiles that the input no longer has, False keeps them, None asks
            `confirm` (and keeps them without one).
        rebuild: Start from nothing instead of from the live generation.
        dry_run: Read and check only.
        max_rejects: Share of rejected rows above which nothing goes live, 0 to 1.
        confirm: Called with the number of profiles that are gone; True removes them.
    """

    prune: bool | None = None
    rebuild: bool = False
    dry_run: bool = False
    max_rejects: float = 0.05
    confirm: Callable[[int], bool] | None = None


@dataclass(frozen=True, slots=True)
class _Work:
    """One profile to write; `text` is None when the stored vector still fits."""

    profile: Profile
    ordinal: int
    row: str
    digest: str
    text: str | None


@dataclass(slots=True)
class _Reading:
    """What the reading thread has seen so far. Written by it, read by the progress display.

    `refused` of the rejected rows are about people who were erased; `unread` rows have no id that
    can be read, so whom they are about is unknown; `kept` are the ids of rows that were rejected,
    whose people must not count as gone; `ended_at` is the row at which an input broke off.
    """

    rows: int = 0
    unchanged: int = 0
    rejected: int = 0
    refused: int = 0
    unread: int = 0
    ended_at: int | None = None
    seen: set[str] = field(default_factory=set)
    kept: set[str] = field(default_factory=set)


class IndexJob:
    """One index run. Make it, call :meth:`run` once."""

    def __init__(
        self,
        *,
        source: Source,
        label: str,
        schema: Schema,
        info: EncoderInfo,
        load_encoder: Callable[[], CheckedEncoder],
        store: Store,
        collection: str,
        home: Path,
        options: IndexOptions,
        refused: Callable[[], Callable[[str], bool] | None] = lambda: None,
        watch: Callable[[RunProgress], None] | None = None,
    ) -> None:
        """Prepare a run.

        Args:
            source: What to read; `label` names it in messages and the progress record.
            info: Of the encoder; `load_encoder` is called only when a text must be encoded.
            refused: Called when the run begins; answers whether the person with an id was erased, and is left
                out; or None where nobody was.
            watch: Called with the progress, from the thread that called :meth:`run`.
        """
        self._source, self._label, self._schema, self._info = source, label, schema, info
        self._load_encoder, self._store, self._home = load_encoder, store, home
        self._options, self._load_refused, self._watch = options, refused, watch
        self._refused: Callable[[str], bool] | None = None
        self._spec = collection_spec(collection, schema, info)
        self._reading = _Reading()
        self._stop = threading.Event()
        self._encoder: CheckedEncoder | None = None
        self._writer: Writer | None = None
        self._base: GenerationInfo | None = None
        self._sealed: GenerationInfo | None = None
        self._handled = self._encoded = self._reused = 0

    def run(self) -> tuple[RunProgress, Path | None]:
        """Do it all.

        Returns:
            The final progress, and the rejects file when there are rejects.

        Raises:
            SourceError: The input cannot be read at all.
            IndexingError: Another run is going, the home folder cannot be written, or nothing went
                live (no good rows, too many rejects, an encoder or template other than the live
                generation's).
            EncoderError, StoreError: A part failed; what was live stays live.
        """
        try:
            with recorded(self._home, self._spec.name, self._label, self._options.dry_run) as record:
                self._record = record
                try:
                    self._run()
                except KeyboardInterrupt:
                    if self._sealed is None or self._live() != self._sealed:
                        raise
                    self._finish()  # too late to stop: it is live
                finally:
                    self._stop.set()
                    if self._writer is not None:
                        self._writer.discard()
            return record.progress, record.rejects_path if self._reading.rejected else None
        except OSError as error:
            if error.errno not in NO_ROOM | NO_WRITING:
                raise
            what = f"{self._label} cannot be indexed; {error.filename or self._home} cannot be written"
            raise IndexingError(str(failure(what, error))) from error

    def _run(self) -> None:
        self._refused = self._load_refused()
        reader = RowReader(self._schema, self._source.columns())
        self._report(total=self._source.count(), message=_note_unknown(reader.unknown_columns))
        ledger = _empty_ledger() if self._options.dry_run else self._base_ledger()
        known = {profile_id: i for i, profile_id in enumerate(ledger.ids)}
        works = self._read(reader, ledger, known)
        if self._options.dry_run:
            self._check(works)
            return
        folder = spool_folder(self._home, self._spec.name, self._info.fingerprint)
        with closing(VectorSpool(folder, self._info.dim)) as self._spool:  # ours until it is removed
            self._encode_and_write(works)
            self._judge_rejects()
            self._remove_gone(known)
            self._go_live()

    def _check(self, works: Iterator[_Work]) -> None:
        """Only read; what a real run would stop for is told, and is no failure of this one."""
        for _ in works:
            self._report(force=False)
        try:
            self._judge_rejects()
        except IndexingError as error:
            self._report(state="done", phase="refused", message=str(error))
        else:
            self._report(state="done", phase="checked")

    def _base_ledger(self) -> Ledger:
        if self._options.rebuild:
            return _empty_ledger()
        self._base = self._live()
        if self._base is not None:
            require_same_build(self._base, self._spec)
        return self._store.ledger(self._spec.name)

    def _live(self) -> GenerationInfo | None:
        return next((g for g in self._store.collections() if g.collection == self._spec.name), None)

    # --- reading (in its own thread) ------------------------------------------------------

    def _read(self, reader: RowReader, ledger: Ledger, known: dict[str, int]) -> Iterator[_Work]:
        next_ordinal = int(ledger.ordinals.max()) + 1 if len(ledger.ids) else 0
        state = self._reading
        for item in self._source.rows():
            if self._stop.is_set():
                return
            state.rows += 1
            profile = self._accept(reader, item)
            if profile is None:
                continue
            at = known.get(profile.id)
            row = row_digest(profile.values)
            if at is not None and ledger.rows[at] == row:
                state.unchanged += 1
                continue
            text = self._schema.text(profile)
            digest = text_digest(self._info.fingerprint, text)
            if at is None:
                yield _Work(profile, next_ordinal, row, digest, text)
                next_ordinal += 1
            else:
                same_text = ledger.texts[at] == digest
                yield _Work(profile, int(ledger.ordinals[at]), row, digest, None if same_text else text)

    def _accept(self, reader: RowReader, item: Row | RowProblem) -> Profile | None:
        state = self._reading
        if isinstance(item, RowProblem):
            state.unread += 1
            state.ended_at = item.number if item.fatal else state.ended_at
            self._reject([item])
            return None
        if self._is_refused(item):
            return None
        answer = reader.read(item)
        if not isinstance(answer, Profile):
            if any(p.column == self._schema.id for p in answer):
                state.unread += 1
            else:
                state.kept.add(str(item.values[self._schema.id]).strip())
            self._reject(answer)
            return None
        if answer.id in state.seen:
            self._reject([RowProblem(item.number, self._schema.id, answer.id, "an id that no earlier row has")])
            return None
        state.seen.add(answer.id)
        return answer

    def _is_refused(self, row: Row) -> bool:
        """Whether a row is about somebody who was erased; nothing of it is kept, but that there was one."""
        if self._refused is None or not self._refused(str(row.values.get(self._schema.id, "")).strip()):
            return False
        self._reading.refused += 1
        self._reject([RowProblem(row.number, self._schema.id, "", "somebody who was not erased on request")])
        return True

    def _reject(self, problems: list[RowProblem]) -> None:
        self._reading.rejected += 1
        for problem in problems:
            self._record.reject(problem)

    # --- encoding and writing -------------------------------------------------------------

    def _encode_and_write(self, works: Iterator[_Work]) -> None:
        with ThreadPoolExecutor(1, thread_name_prefix="techfinder-write") as pool:
            writing: Future[object] | None = None
            for step in _steps(read_ahead(works, WINDOW, self._stop, first=STEP)):
                # The writer gets ready, and later writes, while this thread loads the encoder and encodes.
                writing = writing or pool.submit(self._open_writer)
                self._report(force=False, phase="encoding")
                points = self._with_vectors(step)
                writing.result()
                writing = pool.submit(self._open_writer().upsert, points)
                self._report(force=False)
            if writing is not None:
                writing.result()
        self._spool.forget()

    def _with_vectors(self, step: list[_Work]) -> list[Point]:
        texts = {w.digest: w.text for w in step if w.text is not None}
        kept = {digest for digest in texts if digest in self._spool}
        fresh = self._encode({d: text for d, text in texts.items() if d not in kept})
        self._reused += len(kept)
        self._encoded += len(fresh)
        self._handled += len(step)
        return [self._point(w, fresh) for w in step]

    def _encode(self, texts: Mapping[str, str]) -> dict[str, NDArray[np.float32]]:
        """Vectors by digest, spooled."""
        if not texts:
            return {}
        vectors = self._loaded_encoder().encode_documents(list(texts.values()))
        self._spool.append(list(texts), vectors)
        return dict(zip(texts, vectors, strict=True))

    def _point(self, work: _Work, fresh: dict[str, NDArray[np.float32]]) -> Point:
        vector = None
        if work.text is not None:
            vector = fresh[work.digest] if work.digest in fresh else self._spool.get(work.digest)
        return Point(work.profile, work.ordinal, work.row, work.digest, vector)

    def _loaded_encoder(self) -> CheckedEncoder:
        if self._encoder is None:
            self._encoder = self._load_encoder()
        return self._encoder

    def _open_writer(self) -> Writer:
        if self._writer is None:
            writer = self._store.write(self._spec, fresh=self._options.rebuild)
            if writer.base != self._base:
                writer.discard()
                raise IndexingError(
                    f"Another generation of {self._spec.name!r} went live while {self._label} was read: nothing was "
                    f"written. Run the same command again."
                )
            self._writer = writer
        return self._writer

    # --- deciding and going live ----------------------------------------------------------

    def _judge_rejects(self) -> None:
        state = self._reading
        if not state.seen:
            raise IndexingError(
                f"{self._label} has no row that can be used ({state.rejected} rejected).{self._where()}"
            )
        if state.ended_at is not None:
            self._report(message=f"{self._label} breaks off at row {state.ended_at}; what comes after is unknown")
            if self._options.rebuild and self._live() is not None:
                raise IndexingError(
                    f"{self._label} breaks off at row {state.ended_at}; with --rebuild everyone after it would be "
                    f"lost: nothing went live.{self._where()} Get the whole file, or run without --rebuild."
                )
        bad = state.rejected - state.refused  # those that were erased are no fault of the input
        share = bad / max(state.rows, 1)
        if share > self._options.max_rejects:
            raise IndexingError(
                f"{bad} of {state.rows} rows ({share:.1%}) of {self._label} were rejected, more than "
                f"the {self._options.max_rejects:.1%} allowed: nothing went live.{self._where()} Mend them, or "
                f"allow more with --max-rejects."
            )

    def _where(self) -> str:
        return f" The reasons are in {self._record.rejects_path}." if self._reading.rejected else ""

    def _remove_gone(self, known: dict[str, int]) -> None:
        state = self._reading
        gone = [i for i in known if i not in state.seen and i not in state.kept]
        if not gone:
            return
        prune = self._options.prune
        if prune is None:
            prune = not state.unread and self._options.confirm is not None and self._options.confirm(len(gone))
        elif prune and state.unread:
            raise IndexingError(
                f"--prune needs an input that was read whole, but {state.unread} rows of {self._label} could not "
                f"be read: nothing went live.{self._where()} Mend them, or run without --prune."
            )
        if prune:
            self._open_writer().delete(gone)
            self._report(removed=len(gone))
        else:
            self._report(gone=len(gone))

    def _go_live(self) -> None:
        if self._writer is not None:
            self._report(phase="building")
            self._sealed = self._writer.seal()
            self._writer.publish()
        self._finish()

    def _finish(self) -> None:
        if self._sealed is not None:
            self._report(generation=self._sealed.number)
        self._spool.remove()
        self._report(state="done", phase="live")

    def _report(self, force: bool = True, **changes: object) -> None:
        state = self._reading
        done = state.rows if self._options.dry_run else state.unchanged + state.rejected + self._handled
        counts = {"done": done, "unchanged": state.unchanged, "rejected": state.rejected}
        self._record.update(force=force, encoded=self._encoded, reused=self._reused, **counts, **changes)
        if self._watch is not None:
            self._watch(self._record.progress)


def _steps(windows: Iterator[list[_Work]]) -> Iterator[list[_Work]]:
    """The rows of each window, longest text first, :data:`STEP` at a time."""
    for window in windows:
        window.sort(key=lambda work: len(work.text or ""), reverse=True)
        yield from (window[start : start + STEP] for start in range(0, len(window), STEP))


def _note_unknown(columns: Sequence[str]) -> str:
    """What to say of columns that the schema does not know: the first few by name."""
    if not columns:
        return ""
    shown = ", ".join(cut(c, 40) for c in columns[:5])
    more = f" and {len(columns) - 5:,} more" if len(columns) > 5 else ""
    return f"not in the schema and left out: {'column' if len(columns) == 1 else 'columns'} {shown}{more}"


def _empty_ledger() -> Ledger:
    return Ledger((), np.empty(0, dtype=np.int64), (), ())
