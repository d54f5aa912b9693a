"""What is known of a job."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Literal

__all__ = ["FINISHED", "STATES", "Job", "JobLine", "JobState", "Lease"]

JobState = Literal["waiting", "running", "done", "failed", "cancelled"]

STATES: tuple[JobState, ...] = ("waiting", "running", "done", "failed", "cancelled")

FINISHED = frozenset({"done", "failed", "cancelled"})


@dataclass(frozen=True, slots=True)
class Job:
    """A job as it stands.

    Attributes:
        id: 32 hex digits.
        kind: What is to be done, as ``promote``.
        collection: What it writes to; one job for each collection runs at a time.
        arguments: For whoever does it.
        state: ``waiting``, ``running``, ``done``, ``failed`` or ``cancelled``.
        created_at, run_after, updated_at, finished_at: Seconds since 1970 by the database's clock; it does not begin
            before `run_after`.
        attempts: How often it was begun, of `most_attempts`.
        owner: Who does it, or did.
        lease_until: When another worker may take it, unless it is renewed.
        cancel_asked: True once somebody asked it to stop.
        phase, done, total, message: Where it stands.
        result: What came of it.
    """

    id: str
    kind: str
    collection: str
    arguments: Mapping[str, Any]
    state: JobState
    created_at: float
    run_after: float
    updated_at: float
    finished_at: float | None
    attempts: int
    most_attempts: int
    owner: str
    lease_until: float | None
    fence: int
    cancel_asked: bool
    phase: str
    done: int
    total: int | None
    message: str
    result: Mapping[str, Any] | None


@dataclass(frozen=True, slots=True)
class JobLine:
    """One line of a job's log."""

    number: int
    at: float
    text: str


@dataclass(frozen=True, slots=True)
class Lease:
    """The right to do a job, for a while. Who has an older fence than the job's may write nothing."""

    job: Job
    fence: int
