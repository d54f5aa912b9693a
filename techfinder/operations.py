"""What an administrator sees and does, for pages: jobs, encoders side by side, switching, plugins.

Nothing that searches needs it. MLflow is asked in a thread of its own: it may be away, and a page must not wait for it.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from techfinder.database import database_exists, open_database
from techfinder.errors import CollectionNotFound, RegistryError, StoreError
from techfinder.jobs.models import STATES
from techfinder.registry import Registry

if TYPE_CHECKING:
    from techfinder.database.database import Database
    from techfinder.database.switches import Switch
    from techfinder.finder import Finder
    from techfinder.jobs import Job, JobLine
    from techfinder.models import GenerationInfo
    from techfinder.registry import EncoderVersion

__all__ = ["Offered", "Operations", "Registered"]

_FRESH_S = 5.0
_WAIT_S = 1.5


@dataclass(frozen=True, slots=True)
class Registered:
    """What MLflow holds, as far as it has answered.

    Attributes:
        versions: Registered versions with their figures.
        problem: Why it did not answer; empty when it did.
        looking: True while it has not answered yet, or not again.
    """

    versions: tuple[EncoderVersion, ...] = ()
    problem: str = ""
    looking: bool = False


@dataclass(frozen=True, slots=True)
class Offered:
    """An installed encoder.

    Attributes:
        name, fingerprint, summary: As the plugin says.
        live: True for the one that answers now.
    """

    name: str
    fingerprint: str
    summary: str
    live: bool


class Operations:
    """Of one app; found again as ``app.extensions["techfinder.operations"]``. Safe for many threads."""

    def __init__(self, finder: Finder) -> None:
        """Ask nothing yet."""
        self._finder = finder
        self._registry = Registry(finder.settings.home)
        self._lock = threading.Lock()
        self._asking: threading.Thread | None = None
        self._found, self._found_at = Registered(looking=True), -_FRESH_S

    # --- what there is --------------------------------------------------------------------

    def live(self) -> GenerationInfo | None:
        """What answers now; None when nothing is indexed."""
        try:
            return self._finder.generation()
        except CollectionNotFound:
            return None

    def installed(self) -> list[Offered]:
        """The installed encoders by name."""
        live = self.live()
        return [
            Offered(name, e.info.fingerprint, e.summary, live is not None and live.encoder == e.info.fingerprint)
            for name, e in sorted(self._finder.plugins.encoders().items())
        ]

    def registered(self, wait_s: float = _WAIT_S) -> Registered:
        """What MLflow holds, at most five seconds old unless it takes longer than `wait_s` to answer."""
        with self._lock:
            if self._asking is None and time.monotonic() - self._found_at > _FRESH_S:
                self._asking = threading.Thread(target=self._ask, name="Mlflow-versions", daemon=True)
                self._asking.start()
            asking = self._asking
        if asking is not None:
            asking.join(wait_s)
        with self._lock:
            found = self._found
            return Registered(found.versions, found.problem, self._asking is not None)

    def jobs(self, limit: int = 20) -> list[Job]:
        """The newest jobs. Raises DatabaseError."""
        from techfinder.jobs.queue import JobQueue

        if not database_exists(self._finder.settings):
            return []
        with self._database() as database:
            return JobQueue(database).jobs(limit)

    def job_counts(self) -> dict[str, int]:
        """How many jobs there are in each state. Raises DatabaseError."""
        from techfinder.jobs.queue import JobQueue

        if not database_exists(self._finder.settings):
            return dict.fromkeys(STATES, 0)
        with self._database() as database:
            return JobQueue(database).counts()

    def lines(self, job_id: str) -> list[JobLine]:
        """The log of a job. Raises JobError, DatabaseError."""
        from techfinder.jobs.queue import JobQueue

        with self._database() as database:
            queue = JobQueue(database)
            return queue.lines(queue.job(job_id).id)

    def switches(self, limit: int = 10) -> list[Switch]:
        """The last switches from one encoder to another. Raises DatabaseError."""
        from techfinder.database.switches import SwitchLog

        if not database_exists(self._finder.settings):
            return []
        with self._database() as database:
            return SwitchLog(database).newest(self._finder.settings.collection, limit)

    def way_back(self) -> GenerationInfo | None:
        """The generation that :meth:`roll_back` would make live; None when there is none."""
        from techfinder.work import generation_before

        if not database_exists(self._finder.settings):
            return None
        with self._database() as database:
            try:
                number = generation_before(self._finder, database)[1]
            except StoreError:
                return None
        kept = self._finder.store.generations(self._finder.settings.collection)
        return next((g for g in kept if g.number == number), None)

    # --- what can be done -------------------------------------------------------------------

    def promote(self, reference: str, force: bool, who: str) -> Job:
        """Queue a promotion of ``NAME`` or ``NAME@VERSION``; a worker does it.

        Raises:
            SettingsError: No plugin offers that encoder.
            RegistryError: The reference cannot be read.
            DatabaseError: The job cannot be kept.
        """
        from techfinder.jobs.queue import JobQueue
        from techfinder.registry.versions import parse_reference

        self._finder.encoder_named(parse_reference(reference)[0])
        arguments = {"encoder": reference, "force": force, "actor": who, "questions": []}
        with self._database() as database:
            return JobQueue(database).add("promote", self._finder.settings.collection, arguments)

    def roll_back(self, who: str) -> GenerationInfo:
        """Go back to what was live before the last switch, now. Raises StoreError, DatabaseError."""
        from techfinder.promotion import note_champion
        from techfinder.work import roll_back

        with self._database() as database:
            _, now = roll_back(self._finder, database, who)

        def note() -> None:
            same = [v for v in self._versions() if (v.fingerprint, v.template) == (now.encoder, now.template)]
            note_champion(self._registry, same[-1] if same else None, lambda text: None)

        self._later(note)
        return now

    def cancel(self, job_id: str) -> Job:
        """Ask a job to stop. Raises JobError, DatabaseError."""
        from techfinder.jobs.queue import JobQueue

        with self._database() as database:
            return JobQueue(database).cancel(job_id)

    def retry(self, job_id: str) -> Job:
        """Let a job wait for a worker again. Raises JobError, DatabaseError."""
        from techfinder.jobs.queue import JobQueue

        with self._database() as database:
            return JobQueue(database).retry(job_id)

    # --- MLflow, apart ------------------------------------------------------------------------

    def _ask(self) -> None:
        try:
            found = Registered(tuple(self._registry.measured()))
        except RegistryError as error:
            found = Registered(problem=str(error))
        with self._lock:
            self._found, self._found_at, self._asking = found, time.monotonic(), None

    def _versions(self) -> Sequence[EncoderVersion]:
        try:
            return self._registry.versions()
        except RegistryError:
            return ()

    def _later(self, note: Any) -> None:
        """Do something with MLflow once nobody else asks it; the page does not wait."""

        def then() -> None:
            if (asking := self._asking) is not None:
                asking.join()
            note()
            with self._lock:
                self._found_at = -_FRESH_S

        threading.Thread(target=then, name="Mlflow-aliases", daemon=True).start()

    @contextmanager
    def _database(self) -> Iterator[Database]:
        database = open_database(self._finder.settings)
        try:
            yield database
        finally:
            database.close()
