"""Jobs in the application database.

A worker *claims* a waiting job: it gets a lease that ends unless it is renewed, and a fence, a number that goes up
with each claim. Everything that it notes counts only while the job still has that fence. A job whose lease has ended
is waiting again, without anybody's help. A time that lies far ahead was noted by a clock that was wrong: nobody waits
for it.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from typing import TYPE_CHECKING, Any
from uuid import uuid4

from sqlalchemy import ColumnElement, Connection, delete, func, insert, or_, select, update
from sqlalchemy.exc import IntegrityError

from techfinder.database.tables import job_lines, jobs
from techfinder.errors import JobError, cut, known_names
from techfinder.jobs.models import FINISHED, STATES, Job, JobLine, Lease

if TYPE_CHECKING:
    from techfinder.database.database import Database

__all__ = ["JobQueue", "LeaseLost"]

_FAR_S = 3600.0
"""No job is put off, or leased, for longer at a time."""

_GRACE_S = 30.0
"""For whoever holds a lease of a wrong clock, to renew it by the right one."""

_KEEP = 200
_MOST_LINES = 500
_RUNNING = jobs.c.state == "running"


class LeaseLost(JobError):
    """Another worker has the job by now, or it was ended: nothing more may be done for it."""


class JobQueue:
    """The jobs of one application database. Safe to use from many threads and processes."""

    def __init__(self, database: Database) -> None:
        """Ask nothing yet."""
        self._database = database

    def add(self, kind: str, collection: str, arguments: Mapping[str, Any], most_attempts: int = 3) -> Job:
        """Queue a job; the same that waits or runs already is answered instead of a second one."""
        now = self._database.now()
        with self._database.transaction() as connection:
            self._database.alone(connection, f"add {kind} {collection}")
            pending = select(jobs).where(
                jobs.c.kind == kind, jobs.c.collection == collection, jobs.c.state.in_(["waiting", "running"])
            )
            for row in connection.execute(pending):
                if row.arguments == dict(arguments):
                    return _job(row)
            job_id = uuid4().hex
            connection.execute(
                insert(jobs).values(
                    id=job_id,
                    kind=kind,
                    collection=collection,
                    arguments=dict(arguments),
                    state="waiting",
                    created_at=now,
                    run_after=now,
                    updated_at=now,
                    most_attempts=most_attempts,
                )
            )
            self._sweep(connection)
            return self._get(connection, job_id)

    def claim(self, owner: str, kinds: Collection[str], lease_s: float, job_id: str = "") -> Lease | None:
        """The oldest job that may begin, now leased to `owner`; None when there is none.

        Args:
            owner: Who asks, for people.
            kinds: What the owner can do.
            lease_s: How long the lease lasts without being renewed.
            job_id: Take this one or none.
        """
        self.take_back()
        now = self._database.now()
        busy = select(jobs.c.collection).where(_RUNNING)
        ready = (
            select(jobs.c.id)
            .where(
                jobs.c.state == "waiting",
                self._may_begin(),
                jobs.c.kind.in_(list(kinds)),
                jobs.c.collection.not_in(busy),
            )
            .order_by(jobs.c.run_after, jobs.c.id)
            .limit(1)
            .with_for_update(skip_locked=True)
        )
        if job_id:
            ready = ready.where(jobs.c.id == job_id)
        try:
            with self._database.transaction() as connection:
                found = connection.execute(ready).scalar()
                if found is None:
                    return None
                changes = {"owner": owner, "lease_until": now + lease_s, "fence": jobs.c.fence + 1}
                changes |= {"state": "running", "attempts": jobs.c.attempts + 1, "updated_at": now}
                changes |= {"phase": "", "message": ""}
                connection.execute(update(jobs).where(jobs.c.id == found).values(changes))
                job = self._get(connection, found)
                return Lease(job, job.fence)
        except Exception as error:
            if isinstance(error.__cause__, IntegrityError):  # another worker was quicker for this collection
                return None
            raise

    def renew(self, lease: Lease, lease_s: float) -> Job:
        """Keep a job for another while. Answers it as it stands; raises LeaseLost."""
        return self._write(lease, lease_until=self._database.now() + lease_s)

    def report(self, lease: Lease, **changes: Any) -> Job:
        """Note phase, done, total or message. Answers the job as it stands; raises LeaseLost."""
        return self._write(lease, updated_at=self._database.now(), **changes)

    def say(self, lease: Lease, text: str) -> None:
        """Append a line to the job's log, of which the first five hundred are kept. Raises LeaseLost."""
        with self._database.transaction() as connection:
            self._require(connection, lease)
            count = connection.execute(select(func.count()).where(job_lines.c.job == lease.job.id)).scalar() or 0
            if count < _MOST_LINES:
                line = {"job": lease.job.id, "number": count + 1, "at": self._database.now(), "text": text[:2000]}
                connection.execute(insert(job_lines).values(line))

    def finish(self, lease: Lease, result: Mapping[str, Any]) -> Job:
        """Note that it is done. Raises LeaseLost."""
        return self._end(lease, state="done", result=dict(result))

    def fail(self, lease: Lease, message: str, retry_in_s: float | None = None) -> Job:
        """Note why it failed; with `retry_in_s` it waits for another attempt, if it has one left. Raises LeaseLost."""
        if retry_in_s is None or lease.job.attempts >= lease.job.most_attempts:
            return self._end(lease, state="failed", message=message[:2000])
        later = self._database.now() + retry_in_s
        return self._write(lease, state="waiting", run_after=later, lease_until=None, message=message[:2000])

    def put_back(self, lease: Lease, message: str) -> Job:
        """Let it wait for another worker at once; this attempt does not count. Raises LeaseLost."""
        now = self._database.now()
        changes = {"state": "waiting", "run_after": now, "updated_at": now, "attempts": jobs.c.attempts - 1}
        return self._write(lease, **changes, lease_until=None, message=message)

    def stop(self, lease: Lease) -> Job:
        """Note that it stopped because it was asked to. Raises LeaseLost."""
        return self._end(lease, state="cancelled", message="It was cancelled.")

    def cancel(self, job_id: str) -> Job:
        """Ask a job to stop: one that waits is cancelled at once, one that runs at its next step. Raises JobError."""
        now = self._database.now()
        with self._database.transaction() as connection:
            job = self._get(connection, job_id)
            if job.state in FINISHED:
                raise JobError(f"Job {job.id[:8]} cannot be cancelled: it is {job.state} already.")
            waiting = {"state": "cancelled", "finished_at": now, "message": "It was cancelled.", "updated_at": now}
            changes = waiting if job.state == "waiting" else {"cancel_asked": True}
            connection.execute(update(jobs).where(jobs.c.id == job.id).values(changes))
            return self._get(connection, job.id)

    def retry(self, job_id: str) -> Job:
        """Let a job that failed or was cancelled wait for its turn again. Raises JobError."""
        with self._database.transaction() as connection:
            job = self._get(connection, job_id)
            if job.state not in ("failed", "cancelled"):
                raise JobError(f"Job {job.id[:8]} cannot be tried again: it is {job.state}.")
            now = self._database.now()
            again = {"state": "waiting", "run_after": now, "attempts": 0, "cancel_asked": False, "finished_at": None}
            connection.execute(update(jobs).where(jobs.c.id == job.id).values(**again, updated_at=now, message=""))
            return self._get(connection, job.id)

    def take_back(self) -> int:
        """Let jobs wait again whose lease has ended; one that has no attempt left has failed. Answers how many."""
        now = self._database.now()
        ended = (_RUNNING, jobs.c.lease_until < now)
        lost = "Its worker stopped answering"
        with self._database.transaction() as connection:
            too_long = update(jobs).where(_RUNNING, jobs.c.lease_until > now + _FAR_S)
            connection.execute(too_long.values(lease_until=now + _GRACE_S))
            given_up = update(jobs).where(*ended, jobs.c.attempts >= jobs.c.most_attempts)
            message = f"{lost}, in each of its attempts. Look at the log, then try again."
            failed = connection.execute(given_up.values(state="failed", finished_at=now, message=message))
            asked = update(jobs).where(*ended, jobs.c.cancel_asked)
            stopped = connection.execute(asked.values(state="cancelled", finished_at=now, message="It was cancelled."))
            again = update(jobs).where(*ended)
            waiting = connection.execute(again.values(state="waiting", run_after=now, message=f"{lost}."))
            return int(failed.rowcount + stopped.rowcount + waiting.rowcount)

    def due(self) -> bool:
        """Whether a job may begin now."""
        self.take_back()
        wanted = select(jobs.c.id).where(jobs.c.state == "waiting", self._may_begin()).limit(1)
        with self._database.transaction() as connection:
            return connection.execute(wanted).scalar() is not None

    def jobs(self, limit: int = 50) -> list[Job]:
        """The newest jobs, newest first."""
        with self._database.transaction() as connection:
            rows = connection.execute(select(jobs).order_by(jobs.c.created_at.desc(), jobs.c.id).limit(limit))
            return [_job(row) for row in rows]

    def counts(self) -> dict[str, int]:
        """How many of the jobs that are kept are in each state."""
        found: dict[str, int] = dict.fromkeys(STATES, 0)
        with self._database.reading() as connection:
            for row in connection.execute(select(jobs.c.state, func.count().label("jobs")).group_by(jobs.c.state)):
                found[row.state] = int(row.jobs)
        return found

    def job(self, job_id: str) -> Job:
        """One job, by its id or the beginning of it. Raises JobError."""
        with self._database.transaction() as connection:
            return self._get(connection, job_id)

    def lines(self, job_id: str, after: int = 0) -> list[JobLine]:
        """The lines of a job's log after that number."""
        wanted = select(job_lines).where(job_lines.c.job == job_id, job_lines.c.number > after)
        with self._database.transaction() as connection:
            rows = connection.execute(wanted.order_by(job_lines.c.number))
            return [JobLine(row.number, row.at, row.text) for row in rows]

    def _may_begin(self) -> ColumnElement[bool]:
        now = self._database.now()
        return or_(jobs.c.run_after <= now, jobs.c.run_after > now + _FAR_S)

    def _end(self, lease: Lease, **changes: Any) -> Job:
        now = self._database.now()
        return self._write(lease, finished_at=now, updated_at=now, lease_until=None, **changes)

    def _write(self, lease: Lease, **changes: Any) -> Job:
        with self._database.transaction() as connection:
            self._require(connection, lease)
            connection.execute(update(jobs).where(jobs.c.id == lease.job.id).values(**changes))
            return self._get(connection, lease.job.id)

    def _require(self, connection: Connection, lease: Lease) -> None:
        """Raise LeaseLost unless the lease is the job's last one; nobody can claim it before the transaction ends."""
        held = select(jobs.c.id).where(jobs.c.id == lease.job.id, jobs.c.fence == lease.fence, _RUNNING)
        if connection.execute(held.with_for_update()).scalar() is None:
            raise LeaseLost(f"Job {lease.job.id[:8]} is somebody else's by now: what this worker did is not noted.")

    def _get(self, connection: Connection, job_id: str) -> Job:
        rows = connection.execute(select(jobs).where(jobs.c.id.startswith(job_id, autoescape=True)).limit(2)).all()
        if len(rows) != 1 or not job_id:
            if rows:
                raise JobError(f"Several jobs begin with {cut(job_id)}. Write more of the id.")
            known = known_names(job_id, [str(i)[:8] for (i,) in connection.execute(select(jobs.c.id).limit(20))])
            raise JobError(f"There is no job {cut(job_id)}. {known}")
        return _job(rows[0])

    def _sweep(self, connection: Connection) -> None:
        """Remove the oldest finished jobs beyond what is kept."""
        ended = select(jobs.c.id).where(jobs.c.state.in_(list(FINISHED))).order_by(jobs.c.created_at.desc())
        old = [row.id for row in connection.execute(ended.offset(_KEEP))]
        if old:
            connection.execute(delete(jobs).where(jobs.c.id.in_(old)))


def _job(row: Any) -> Job:
    return Job(**{name: getattr(row, name) for name in Job.__dataclass_fields__})
