"""Jobs on SQLite and PostgreSQL: one owner each, fenced, taken over when a worker is gone, done once."""

import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import suppress
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import Connection, update

from techfinder.database.database import Database
from techfinder.database.switches import SwitchLog
from techfinder.database.tables import jobs, switches
from techfinder.errors import JobCancelled, JobError, SourceError, StoreUnavailable
from techfinder.jobs.models import Job
from techfinder.jobs.queue import JobQueue, LeaseLost
from techfinder.jobs.worker import JobRun, Worker
from techfinder.models import GenerationInfo

pytestmark = pytest.mark.keeps_children  # the PostgreSQL server belongs to the whole run

KINDS = ("count",)
PATIENCE_S = 15.0


@pytest.fixture
def database(tmp_path: Path, database_url: str) -> Iterator[Database]:
    made = Database.open(tmp_path, database_url)
    yield made
    made.close()


@pytest.fixture
def queue(database: Database) -> JobQueue:
    return JobQueue(database)


def expire(database: Database, job: Job) -> None:
    """As if the lease had ended: nobody waits for clocks in a test."""
    with database.transaction() as connection:
        connection.execute(update(jobs).where(jobs.c.id == job.id).values(lease_until=database.now() - 1))


def wait_for(condition: Callable[[], bool]) -> None:
    deadline = time.monotonic() + PATIENCE_S
    while not condition():
        assert time.monotonic() < deadline, "it did not happen"
        time.sleep(0.01)


def done(run: JobRun) -> Mapping[str, Any]:
    return {"counted": run.job.arguments["n"]}


def test_a_job_is_done_once_and_keeps_what_came_of_it(queue: JobQueue) -> None:
    job = queue.add("count", "people", {"n": 3})
    worker = Worker(queue, {"count": done})
    assert worker.run_one() == queue.job(job.id)
    assert worker.run_one() is None
    found = queue.job(job.id[:8])
    assert (found.state, found.result, found.attempts) == ("done", {"counted": 3}, 1)
    assert found.finished_at is not None
    assert found.created_at <= found.finished_at


def test_the_same_job_is_not_queued_twice(queue: JobQueue) -> None:
    first = queue.add("count", "people", {"n": 3})
    assert queue.add("count", "people", {"n": 3}).id == first.id
    assert queue.add("count", "people", {"n": 4}).id != first.id
    Worker(queue, {"count": done}).run_one()
    assert queue.add("count", "people", {"n": 3}).id != first.id


def test_the_same_job_is_not_queued_twice_at_once(queue: JobQueue, monkeypatch: pytest.MonkeyPatch) -> None:
    """Both have looked, and neither sees what the other adds, unless one waits for the other."""
    both, sweep, found = threading.Barrier(2), queue._sweep, []

    def wait_and_sweep(connection: Connection) -> None:
        with suppress(threading.BrokenBarrierError):
            both.wait(1)
        sweep(connection)

    monkeypatch.setattr(queue, "_sweep", wait_and_sweep)
    threads = [threading.Thread(target=lambda: found.append(queue.add("count", "people", {"n": 1}).id)) for _ in "ab"]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(found) == 2
    assert len(set(found)) == len(queue.jobs()) == 1


def test_one_job_of_a_collection_runs_at_a_time(queue: JobQueue) -> None:
    first, second = (queue.add("count", "people", {"n": n}) for n in range(2))
    other = queue.add("count", "companies", {"n": 0})
    claimed = [queue.claim(str(n), KINDS, 30) for n in range(3)]
    running = {lease.job.id for lease in claimed if lease}
    assert claimed[2] is None
    assert other.id in running
    assert len(running & {first.id, second.id}) == 1


def test_workers_that_race_get_different_jobs(queue: JobQueue) -> None:
    for n in range(6):
        queue.add("count", f"c{n}", {"n": n})
    found: list[str] = []
    barrier = threading.Barrier(4)

    def race(number: int) -> None:
        barrier.wait()
        while (lease := queue.claim(str(number), KINDS, 30)) is not None:
            found.append(lease.job.id)

    threads = [threading.Thread(target=race, args=(n,)) for n in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    wait_for(lambda: queue.claim("last", KINDS, 30) is None)
    assert len(found) == len(set(found))
    assert len([j for j in queue.jobs() if j.state == "running"]) == 6


def test_a_clock_that_was_a_day_ahead_starves_no_job(queue: JobQueue, database: Database) -> None:
    """What was noted meanwhile lies in the future: a job that waits, and the lease of a worker that is gone."""
    waits, held = queue.add("count", "people", {"n": 1}), queue.add("count", "companies", {"n": 2})
    assert queue.claim("gone", KINDS, 30, held.id) is not None
    tomorrow = {"run_after": database.now() + 86_400, "lease_until": database.now() + 86_400}
    with database.transaction() as connection:
        connection.execute(update(jobs).values(tomorrow))
    assert queue.due()
    found = queue.claim("here", KINDS, 30)
    assert found is not None
    assert found.job.id == waits.id
    left = queue.job(held.id).lease_until
    with database.reading() as connection:
        assert left is not None
        assert 0 < left - database.clock(connection) < 60, "time enough to renew it, and no more"
    expire(database, held)
    assert queue.claim("here", KINDS, 30, held.id) is not None


def test_who_was_frozen_and_wakes_up_may_write_nothing(queue: JobQueue, database: Database) -> None:
    queue.add("count", "people", {"n": 1})
    frozen = queue.claim("frozen", KINDS, 30)
    assert frozen is not None
    expire(database, frozen.job)
    second = queue.claim("second", KINDS, 30)
    assert second is not None
    assert (second.job.id, second.job.attempts) == (frozen.job.id, 2)
    for write in (
        lambda: queue.renew(frozen, 30),
        lambda: queue.report(frozen, done=99),
        lambda: queue.say(frozen, "still here"),
        lambda: queue.finish(frozen, {}),
        lambda: queue.fail(frozen, "no"),
        lambda: queue.stop(frozen),
    ):
        with pytest.raises(LeaseLost):
            write()
    queue.finish(second, {"counted": 1})
    found = queue.job(second.job.id)
    assert (found.state, found.owner, found.done) == ("done", "second", 0)
    assert queue.lines(found.id) == []


def test_a_job_whose_worker_dies_each_time_is_given_up(queue: JobQueue, database: Database) -> None:
    job = queue.add("count", "people", {"n": 1}, most_attempts=2)
    for _ in range(2):
        lease = queue.claim("dies", KINDS, 30)
        assert lease is not None
        expire(database, job)
    assert queue.claim("third", KINDS, 30) is None
    found = queue.job(job.id)
    assert found.state == "failed"
    assert "stopped answering" in found.message


@pytest.mark.parametrize("error", [StoreUnavailable("no answer"), JobCancelled("stopped"), ValueError("a bug")])
def test_a_worker_whose_job_another_has_goes_on(queue: JobQueue, database: Database, error: Exception) -> None:
    def frozen(run: JobRun) -> Mapping[str, Any]:
        expire(database, run.job)
        assert queue.claim("second", KINDS, 30) is not None
        raise error

    queue.add("count", "people", {"n": 1})
    found = Worker(queue, {"count": frozen}).run_one()
    assert found is not None
    assert (found.state, found.owner, found.attempts) == ("running", "second", 2)


def test_a_worker_that_is_stopped_costs_its_job_no_attempt(queue: JobQueue) -> None:
    def stopped(run: JobRun) -> Mapping[str, Any]:
        raise KeyboardInterrupt

    job = queue.add("count", "people", {"n": 1})
    for _ in range(5):
        with pytest.raises(KeyboardInterrupt):
            Worker(queue, {"count": stopped}).run_one()
        found = queue.job(job.id)
        assert (found.state, found.attempts, found.message) == ("waiting", 0, "Its worker was stopped.")
    assert Worker(queue, {"count": done}).run_one() == queue.job(job.id)
    assert queue.job(job.id).state == "done"


def test_a_worker_that_was_told_to_end_does_though_the_signal_got_lost(queue: JobQueue) -> None:
    """What a handler of a signal raises is only printed where it meets a callback, of a weak reference say."""
    first = queue.add("count", "people", {"n": 1})
    second = queue.add("count", "others", {"n": 2})

    def told(run: JobRun) -> Mapping[str, Any]:
        worker.end()
        return {}

    worker = Worker(queue, {"count": told})
    worker.run(poll_s=0.01)
    assert sorted(queue.job(j.id).state for j in (first, second)) == ["done", "waiting"]


def test_a_failure_that_may_pass_is_tried_again_later_and_others_are_not(queue: JobQueue) -> None:
    def away(run: JobRun) -> Mapping[str, Any]:
        raise StoreUnavailable("The store is away.") if run.job.arguments["n"] else SourceError("There is no file.")

    passing, final = queue.add("count", "a", {"n": 1}), queue.add("count", "b", {"n": 0})
    worker = Worker(queue, {"count": away})
    worker.run_one()
    worker.run_one()
    found = queue.job(passing.id)
    assert (found.state, found.message) == ("waiting", "The store is away.")
    assert found.run_after > found.updated_at
    assert worker.run_one() is None
    assert (queue.job(final.id).state, queue.job(final.id).message) == ("failed", "There is no file.")
    assert queue.retry(final.id).state == "waiting"


def test_a_bug_fails_its_job_and_no_other(queue: JobQueue, caplog: pytest.LogCaptureFixture) -> None:
    def bug(run: JobRun) -> Mapping[str, Any]:
        raise ZeroDivisionError("by zero") if run.job.arguments["n"] else None  # type: ignore[misc]

    job = queue.add("count", "people", {"n": 1})
    Worker(queue, {"count": bug}).run_one()
    assert queue.job(job.id).message == "ZeroDivisionError: by zero"
    assert "ZeroDivisionError" in caplog.text
    with pytest.raises(JobError, match="cannot be cancelled: it is failed already"):
        queue.cancel(job.id)


def test_one_that_waits_is_cancelled_at_once_and_one_that_runs_at_its_next_step(queue: JobQueue) -> None:
    waiting = queue.add("count", "people", {"n": 0})
    assert queue.cancel(waiting.id).state == "cancelled"
    job = queue.add("count", "people", {"n": 1})
    begun, steps = threading.Event(), []

    def slowly(run: JobRun) -> Mapping[str, Any]:
        for step in range(100_000):
            steps.append(step)
            run.report("counting", step, 100_000)
            begun.set()
            time.sleep(0.01)
        return {}

    thread = threading.Thread(target=Worker(queue, {"count": slowly}, lease_s=1.0).run_one)
    thread.start()
    begun.wait(PATIENCE_S)
    assert queue.cancel(job.id).cancel_asked
    thread.join(PATIENCE_S)
    found = queue.job(job.id)
    assert (found.state, found.phase, found.total) == ("cancelled", "counting", 100_000)
    assert len(steps) < 10_000


def test_a_lease_is_renewed_while_a_step_takes_long(queue: JobQueue) -> None:
    job = queue.add("count", "people", {"n": 1})
    release = threading.Event()

    def silent(run: JobRun) -> Mapping[str, Any]:
        release.wait(PATIENCE_S)
        run.confirm()
        return {}

    thread = threading.Thread(target=Worker(queue, {"count": silent}, lease_s=0.6).run_one)
    thread.start()
    wait_for(lambda: queue.job(job.id).state == "running")
    first = queue.job(job.id).lease_until or 0.0
    wait_for(lambda: (queue.job(job.id).lease_until or 0.0) > first + 0.6)
    assert queue.take_back() == 0
    release.set()
    thread.join(PATIENCE_S)
    assert queue.job(job.id).state == "done"


def test_lines_are_kept_in_order_and_bounded(queue: JobQueue) -> None:
    def talks(run: JobRun) -> Mapping[str, Any]:
        for n in range(3):
            run.say(f"line {n} " + "x" * 5000)
        return {}

    job = queue.add("count", "people", {"n": 1})
    Worker(queue, {"count": talks}).run_one()
    lines = queue.lines(job.id)
    assert [(line.number, line.text[:6], len(line.text)) for line in lines] == [
        (1, "line 0", 2000),
        (2, "line 1", 2000),
        (3, "line 2", 2000),
    ]
    assert [line.number for line in queue.lines(job.id, after=2)] == [3]


def test_unknown_and_ambiguous_ids_are_told(queue: JobQueue) -> None:
    with pytest.raises(JobError, match="There is no job 'ffff'"):
        queue.job("ffff")
    queue.add("count", "people", {"n": 1})
    queue.add("count", "people", {"n": 2})
    with pytest.raises(JobError):
        queue.job("")


DIES = """
import os, sys, time
from pathlib import Path
from techfinder.database.database import Database
from techfinder.jobs.queue import JobQueue
from techfinder.jobs.worker import Worker
def works(run):
    print("begun", flush=True)
    time.sleep(60)
Worker(JobQueue(Database.open(Path(sys.argv[1]), sys.argv[2])), {"count": works}, lease_s=1.0).run_one()
"""


def test_the_job_of_a_killed_worker_is_taken_over(queue: JobQueue, tmp_path: Path, database_url: str) -> None:
    job = queue.add("count", "people", {"n": 7})
    process = subprocess.Popen(
        [sys.executable, "-c", DIES, str(tmp_path), database_url], stdout=subprocess.PIPE, text=True
    )
    assert process.stdout is not None
    assert process.stdout.readline() == "begun\n"
    os.kill(process.pid, signal.SIGKILL)
    process.wait()
    process.stdout.close()
    worker = Worker(queue, {"count": done})
    wait_for(lambda: worker.run_one() is not None)
    found = queue.job(job.id)
    assert (found.state, found.attempts, found.result) == ("done", 2, {"counted": 7})


def test_a_worker_gives_signs_of_life_with_and_without_a_job(queue: JobQueue) -> None:
    beats: list[float] = []

    def count(run: JobRun) -> Mapping[str, Any]:
        before = len(beats)
        wait_for(lambda: len(beats) >= before + 2)
        worker.end()
        return {}

    job = queue.add("count", "people", {})
    worker = Worker(queue, {"count": count}, lease_s=0.3, beat=lambda: beats.append(time.monotonic()))
    worker.run()
    assert queue.job(job.id).state == "done"


def test_the_last_switch_stays_the_last_when_the_clock_is_put_back(database: Database) -> None:
    log = SwitchLog(database)
    log.note("promote", _generation(1), _generation(2), "anna", {})
    with database.transaction() as connection:
        connection.execute(update(switches).values(at=database.now() + 86_400))
    log.note("rollback", _generation(2), _generation(1), "anna", {})
    log.note("promote", _generation(1), _generation(3), "anna", {})
    assert [s.to_generation for s in log.newest("people")] == [3, 1, 2]


def _generation(number: int) -> GenerationInfo:
    made = {"collection": "people", "number": number, "points": 10, "dim": 64, "similarity": "cosine"}
    told = {"encoder": f"hash@{number}", "template": "", "schema": "people", "created_at": "2026-01-01T00:00:00Z"}
    return GenerationInfo(**made, **told, digest=f"{number:032x}")  # type: ignore[arg-type]
