"""Progress records of index runs: one small file a run that any process can read.

``<home>/runs/<run>/progress.json`` is replaced as a whole at each step, so a reader never sees
half of one. The folder also holds ``rejects.jsonl``, one line a problem, and ``going``, which is locked for as
long as the run's process lives: a process in another container sees that, and not the other's number.
"""

from __future__ import annotations

import fcntl
import json
import os
import secrets
import shutil
import tempfile
import time
from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager, suppress
from dataclasses import asdict, dataclass, field, replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from types import TracebackType
from typing import Self, TextIO

import psutil
from filelock import FileLock, Timeout

from techfinder.errors import IndexingError, cut
from techfinder.models import RowProblem
from techfinder.places import here
from techfinder.setting_files import make_home

__all__ = ["MOST_PROBLEMS", "RunProgress", "RunRecord", "latest_run", "list_runs", "only_run", "recorded"]

MOST_PROBLEMS = 100_000
"""Lines of a rejects file: a few bytes of a packed file can hold any number of bad rows."""

_KEEP = 20
_WRITE_EVERY_S = 0.25
_GOING = "going"
_MOMENT, _TICK = "%Y%m%dT%H%M%S.%f", timedelta(microseconds=1)
_STOPPED = "It was stopped. The same command goes on where it was."


@dataclass(frozen=True, slots=True)
class RunProgress:
    """Where an index run stands.

    Attributes:
        run: Its id; later runs sort higher.
        state: ``running``, ``done``, ``failed``, or ``interrupted`` (stopped, or its process is gone).
        phase: ``reading``, ``encoding``, ``building``, ``live``; of a dry run at its end ``checked``, or
            ``refused`` when a real run would not have gone live.
        total: Rows in the input where that is known, else None.
        done: Rows handled so far, of which `unchanged` needed nothing and `rejected` were left out.
        encoded, reused: Texts that got a vector, and that had one: of an earlier, unfinished run, or of
            somebody before whose text is the same.
        removed: Profiles removed because the input no longer has them.
        gone: Profiles the input no longer has, kept because removal was not asked for.
        rate: Rows per second since the start.
        generation: Number of the generation that went live, else None.
        message: Why it failed, would fail, or what to know.
        started_at, updated_at: UTC, ISO 8601.
        started: Creation time of the process, to tell a reused pid from the run's own.
        place: Where its pid means something (:func:`techfinder.places.here`).
    """

    run: str
    collection: str
    source: str
    pid: int
    started: float
    started_at: str
    updated_at: str
    state: str = "running"
    phase: str = "reading"
    total: int | None = None
    done: int = 0
    unchanged: int = 0
    encoded: int = 0
    reused: int = 0
    rejected: int = 0
    removed: int = 0
    gone: int = 0
    rate: float = 0.0
    generation: int | None = None
    message: str = ""
    place: str = ""


@dataclass(slots=True)
class RunRecord:
    """Writes a run's progress and rejects. Use as a context manager.

    Attributes:
        folder: ``<home>/runs/<run>``.
        progress: The latest state.
    """

    folder: Path
    progress: RunProgress
    _clock: float = field(default_factory=time.monotonic)
    _written: float = -1.0
    _rejects: TextIO | None = None
    _problems: int = 0
    _going: TextIO | None = None

    @classmethod
    def start(cls, home: Path, collection: str, source: str) -> Self:
        """A new record under `home`; the oldest beyond 20 are removed. Raises OSError."""
        now = datetime.now(UTC)
        run = f"{_moment(home, now).strftime(_MOMENT)}-{secrets.token_hex(3)}"
        folder = home / "runs" / run
        make_home(home)
        folder.mkdir(parents=True)
        stamp = now.isoformat(timespec="seconds")
        started = psutil.Process().create_time()
        progress = RunProgress(run, collection, source, os.getpid(), started, stamp, stamp, place=here())
        record = cls(folder, progress, _going=_locked(folder / _GOING))
        record._write()
        _sweep(home)
        return record

    def update(self, force: bool = True, **changes: object) -> None:
        """Note `changes` (by RunProgress name); without `force` the file waits up to 0.25 s."""
        elapsed = time.monotonic() - self._clock
        progress: RunProgress = replace(self.progress, **changes)  # type: ignore[arg-type]
        rate = progress.done / elapsed if elapsed > 0.01 else 0.0
        stamp = datetime.now(UTC).isoformat(timespec="seconds")
        self.progress = replace(progress, rate=round(rate, 1), updated_at=stamp)
        if force or elapsed - self._written >= _WRITE_EVERY_S:
            with suppress(OSError):  # a full disk must not hide what a run says of it
                self._write()
            self._written = elapsed

    def reject(self, problem: RowProblem) -> None:
        """Append one problem to the rejects file, to be read by people: a file of nothing but those has an end."""
        self._problems += 1
        if self._problems > MOST_PROBLEMS:
            return
        if self._problems == MOST_PROBLEMS:
            problem = RowProblem(problem.number, "", "", "fewer problems; those from here on are only counted")
        if self._rejects is None:
            self._rejects = (self.folder / "rejects.jsonl").open("w", encoding="utf-8")
        line = {
            "file": self.progress.source,
            "row": problem.number,
            "column": problem.column,
            "value": problem.value,
            "expected": problem.expected,
        }
        self._rejects.write(json.dumps(line, ensure_ascii=False) + "\n")

    @property
    def rejects_path(self) -> Path:
        """Where rejects are written; exists only when there are some."""
        return self.folder / "rejects.jsonl"

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if error is None:
            self._close_files()
            return
        with suppress(OSError):
            self._close_files()
        stopped = isinstance(error, KeyboardInterrupt)
        message = _STOPPED if stopped else str(error) or type(error).__name__
        self.update(state="interrupted" if stopped else "failed", message=cut(message, 500).strip("'\""))

    def _close_files(self) -> None:
        for file in (self._going, self._rejects):
            if file is not None:
                file.close()

    def _write(self) -> None:
        path = self.folder / "progress.json"
        draft = path.with_suffix(".tmp")
        draft.write_text(json.dumps(asdict(self.progress), indent=1), encoding="utf-8")
        draft.replace(path)


def only_run(home: Path, collection: str) -> AbstractContextManager[object]:
    """The right to index a collection, held until the end of a ``with`` block."""
    make_home(home)
    (home / "runs").mkdir(exist_ok=True)
    try:
        return FileLock(home / "runs" / f"{collection}.lock").acquire(blocking=False)
    except Timeout as error:
        raise IndexingError(f"Another index run of {collection!r} is going. Wait until it is done.") from error


@contextmanager
def recorded(home: Path, collection: str, source: str, dry: bool) -> Iterator[RunRecord]:
    """The record of a run and, unless it is `dry`, the right to index the collection.

    A dry run can be recorded in a temporary folder where the home cannot be written; its rejects stay there.

    Raises IndexingError when another run is going, and OSError when the home cannot be written.
    """
    if dry:
        with _recorded_anywhere(home, collection, source) as record:
            yield record
    else:
        with only_run(home, collection), RunRecord.start(home, collection, source) as record:
            yield record


@contextmanager
def _recorded_anywhere(home: Path, collection: str, source: str) -> Iterator[RunRecord]:
    place = home
    try:
        made = RunRecord.start(home, collection, source)
    except OSError:
        place = Path(tempfile.mkdtemp(prefix="techfinder-run-"))
        made = RunRecord.start(place, collection, source)
    try:
        with made as record:
            yield record
    finally:
        if place != home and not made.rejects_path.exists():
            shutil.rmtree(place, ignore_errors=True)


def list_runs(home: Path) -> list[RunProgress]:
    """The progress of all runs kept under `home`, newest first."""
    found = [_read(p) for p in sorted((home / "runs").glob("*/progress.json"), reverse=True)]
    return [p for p in found if p is not None]


def latest_run(home: Path, collection: str) -> RunProgress | None:
    """The newest run of a collection, going on or not; None when none is kept. Dry runs count as well."""
    paths = sorted((home / "runs").glob("*/progress.json"), reverse=True)
    return next((p for path in paths if (p := _read(path)) is not None and p.collection == collection), None)


def _moment(home: Path, now: datetime) -> datetime:
    """What a new run is called after: later runs sort higher, also when the clock was put back between them."""
    return max([now, *(m + _TICK for p in (home / "runs").glob("*-*") if (m := _moment_of(p.name)) is not None)])


def _moment_of(run: str) -> datetime | None:
    try:
        return datetime.strptime(run.partition("-")[0], _MOMENT).replace(tzinfo=UTC)
    except ValueError:
        return None


def _read(path: Path) -> RunProgress | None:
    try:
        progress = RunProgress(**json.loads(path.read_text(encoding="utf-8")))
    except (OSError, ValueError, TypeError):
        return None
    if progress.state == "running" and not _alive(progress, path.with_name(_GOING)):
        return replace(progress, state="interrupted", message="The process ended before the run did.")
    return progress


def _locked(path: Path) -> TextIO:
    """A file that is locked until it is closed, or its process ends."""
    file = path.open("w", encoding="utf-8")
    with suppress(OSError):  # a file system without locks: then only the process's number tells
        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
    return file


def _alive(progress: RunProgress, going: Path) -> bool:
    """Whether the run's process lives, in this container or in another one that has the same home."""
    if progress.place not in ("", here()):
        return _is_locked(going)
    try:
        same = abs(psutil.Process(progress.pid).create_time() - progress.started) < 1.0
        return same or _is_locked(going)  # a clock that was set changes when a process seems to have started
    except psutil.Error:
        return False


def _is_locked(path: Path) -> bool:
    try:
        with path.open(encoding="utf-8") as file:
            fcntl.flock(file, fcntl.LOCK_SH | fcntl.LOCK_NB)
    except BlockingIOError:
        return True
    except OSError:
        pass
    return False


def _sweep(home: Path) -> None:
    folders = sorted(p for p in (home / "runs").iterdir() if p.is_dir())
    for folder in folders[:-_KEEP]:  # another run may be removing the same
        shutil.rmtree(folder, ignore_errors=True)
