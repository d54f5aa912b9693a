"""Another encoder takes over, and gives back: on both stores, while people search, and whatever is killed meanwhile."""

import json
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import update

from homes import index
from qdrant_process import QdrantAddress
from techfinder.database import open_database
from techfinder.database.database import Database
from techfinder.database.switches import SwitchLog
from techfinder.database.tables import jobs
from techfinder.errors import StoreError
from techfinder.finder import Finder
from techfinder.jobs.models import Job
from techfinder.jobs.queue import JobQueue
from techfinder.jobs.worker import Worker
from techfinder.models import SearchResult
from techfinder.runs import list_runs
from techfinder.work import handlers, roll_back
from two_encoders import ASKED, open_both, write_questions

pytestmark = pytest.mark.keeps_children  # each builds several generations

PEOPLE = "synthetic:n=60,seed=3"
BOTH_AT_NIGHT = pytest.mark.parametrize(
    "places", ["edge", pytest.param("server", marks=pytest.mark.slow)], indirect=True
)


@pytest.fixture(params=["edge", "server"])
def places(request: pytest.FixtureRequest, tmp_path: Path) -> dict[str, Any]:
    """Settings of a store with people of encoder one."""
    settings: dict[str, Any] = {"home": tmp_path / "home"}
    if request.param == "server":
        address: QdrantAddress = request.getfixturevalue("qdrant")
        settings |= {"store": "server", "qdrant_url": address.url, "qdrant_grpc_port": address.grpc_port}
        settings["collection"] = f"promoted-{time.monotonic_ns()}"
    first = open_both(**settings, encoder="one")
    index(first, PEOPLE)
    first.close()
    return settings


@pytest.fixture
def finder(places: dict[str, Any]) -> Iterator[Finder]:
    made = open_both(**places)
    yield made
    made.close()


@pytest.fixture
def database(finder: Finder) -> Iterator[Database]:
    made = open_database(finder.settings)
    yield made
    made.close()


def arguments(tmp_path: Path, encoder: str, **more: Any) -> dict[str, Any]:
    return {"encoder": encoder, "questions": [write_questions(tmp_path / "questions.jsonl")], "actor": "tests", **more}


def promote(finder: Finder, database: Database, tmp_path: Path, encoder: str, **more: Any) -> Job:
    queue = JobQueue(database)
    queue.add("promote", finder.settings.collection, arguments(tmp_path, encoder, **more))
    job = Worker(queue, handlers(finder, database)).run_one()
    assert job is not None
    return job


def ask(finder: Finder) -> SearchResult:
    return finder.search(ASKED, wait_s=60)


def similarity(result: SearchResult) -> float:
    return round(next(s.value for s in result.hits[0].shares if s.name == "meaning"), 4)


def wait_for_generation(finder: Finder, number: int) -> SearchResult:
    deadline = time.monotonic() + 60
    while (found := ask(finder)).generation.number != number:
        assert time.monotonic() < deadline
        time.sleep(0.02)
    return found


@BOTH_AT_NIGHT
def test_people_and_questions_go_over_together_while_people_search(
    finder: Finder, database: Database, tmp_path: Path, places: dict[str, Any]
) -> None:
    serving = open_both(**places)
    before = ask(serving)
    seen: list[SearchResult] = []
    failures: list[Exception] = []
    stop = threading.Event()

    def searching() -> None:
        while not stop.is_set():
            try:
                seen.append(ask(serving))
            except Exception as error:  # the test is about there being none
                failures.append(error)

    thread = threading.Thread(target=searching)
    thread.start()
    try:
        job = promote(finder, database, tmp_path, "two")
        assert job.state == "done", job.message
        wait_for_generation(serving, 2)
        roll_back(finder, database, "tests")
        wait_for_generation(serving, 1)
    finally:
        stop.set()
        thread.join()
        serving.close()
    assert failures == []
    assert {(r.generation.number, r.generation.encoder[:4]) for r in seen} == {(1, "one@"), (2, "two@")}
    assert {r.ranked_by for r in seen} == {"meaning"}
    # The two encoders agree on similarities; a question of one among people of the other would have none.
    assert {similarity(r) for r in seen} == {similarity(before)}
    assert similarity(before) > 0
    assert [(s.action, s.to_generation, s.actor) for s in SwitchLog(database).newest(finder.settings.collection)] == [
        ("rollback", 1, "tests"),
        ("promote", 2, "tests"),
    ]


@BOTH_AT_NIGHT
def test_a_broken_encoder_is_refused_unless_somebody_insists(
    finder: Finder, database: Database, tmp_path: Path
) -> None:
    job = promote(finder, database, tmp_path, "broken")
    assert job.state == "failed"
    assert "similarity alone falls from" in job.message
    assert "stages" in job.message
    assert ask(finder).generation.encoder.startswith("one@")
    assert promote(finder, database, tmp_path, "broken", force=True).state == "done"
    last = SwitchLog(database).last(finder.settings.collection)
    assert last is not None
    assert last.facts["forced"]


@pytest.mark.slow
def test_changes_made_meanwhile_are_in_the_new_generation(
    finder: Finder, database: Database, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from techfinder.promotion import Promotion

    encode_all = Promotion._encode_all

    def then_change(self: Promotion, *given: Any) -> None:
        encode_all(self, *given)
        index(finder, "synthetic:n=50,seed=3", prune=True)  # ten people are removed between two steps

    monkeypatch.setattr(Promotion, "_encode_all", then_change)
    job = promote(finder, database, tmp_path, "two")
    assert job.state == "done", job.message
    assert job.result is not None
    found = wait_for_generation(finder, job.result["generation"])
    assert found.generation.points == 50
    assert finder.store.verify(finder.settings.collection) == []
    assert job.result["before"]["encoder"].startswith("one@")


@BOTH_AT_NIGHT
def test_going_back_is_refused_where_it_would_undo_changes(finder: Finder, database: Database, tmp_path: Path) -> None:
    with pytest.raises(StoreError, match="never switched"):
        roll_back(finder, database, "tests")
    promote(finder, database, tmp_path, "two")
    wait_for_generation(finder, 2)
    index(finder, "synthetic:n=50,seed=3", prune=True)
    with pytest.raises(StoreError, match=r"were changed since.*techfinder encoders promote one"):
        roll_back(finder, database, "tests")


@BOTH_AT_NIGHT
def test_what_answers_already_is_left_alone(finder: Finder, database: Database, tmp_path: Path) -> None:
    job = promote(finder, database, tmp_path, "one")
    assert (job.state, job.result and job.result["generation"]) == ("done", 1)
    assert SwitchLog(database).last(finder.settings.collection) is None


@BOTH_AT_NIGHT
def test_a_promotion_can_be_followed_and_cancelled(
    finder: Finder, database: Database, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from techfinder.promotion import Promotion

    encode_all, queue = Promotion._encode_all, JobQueue(database)

    def then_cancel(self: Promotion, *given: Any) -> None:
        encode_all(self, *given)
        [run] = [r for r in list_runs(finder.settings.home) if r.source == "encoder two"]
        assert (run.phase, run.done, run.state) == ("encoding", 60, "running")
        queue.cancel(queue.jobs()[0].id)

    monkeypatch.setattr(Promotion, "_encode_all", then_cancel)
    job = promote(finder, database, tmp_path, "two")
    assert job.state == "cancelled"
    assert ask(finder).generation.number == 1
    assert len(finder.store.generations(finder.settings.collection)) == 1


DYING = """
import json, os, signal, sys
from pathlib import Path
from techfinder.database import open_database
from techfinder.database.switches import SwitchLog
from techfinder.jobs.queue import JobQueue
from techfinder.jobs.worker import JobRun, Worker
from techfinder.work import handlers
from two_encoders import open_both

moment, places = sys.argv[1], json.loads(sys.argv[2])
places["home"] = Path(places["home"])

def die():
    os.kill(os.getpid(), signal.SIGKILL)

report = JobRun.report
def dying(self, phase, done=0, total=None):
    report(self, phase, done, total)
    if phase == moment:
        die()
JobRun.report = dying
if moment == "published":
    SwitchLog.note = lambda *arguments: die()
finder = open_both(**places)
database = open_database(finder.settings)
Worker(JobQueue(database), handlers(finder, database)).run_one()
"""

MOMENTS = ["gate", "encoding", "writing", "building", "live", "published"]


@pytest.mark.slow
@pytest.mark.parametrize("moment", MOMENTS)
def test_a_worker_that_is_killed_leaves_a_whole_state_and_the_job_is_done_by_another(
    moment: str, finder: Finder, database: Database, tmp_path: Path, places: dict[str, Any]
) -> None:
    queue, name = JobQueue(database), finder.settings.collection
    job = queue.add("promote", name, arguments(tmp_path, "two"))
    given = json.dumps({key: str(value) if key == "home" else value for key, value in places.items()})
    tools = str(Path(__file__).parents[1] / "tools")
    died = subprocess.run([sys.executable, "-c", DYING, moment, given], env={"PYTHONPATH": tools}, check=False)
    assert died.returncode == -signal.SIGKILL

    expected = 2 if moment == "published" else 1
    assert wait_for_generation(finder, expected).generation.points == 60
    assert finder.store.verify(name) == []
    with database.transaction() as connection:  # as if the lease had ended; nobody waits for that in a test
        connection.execute(update(jobs).where(jobs.c.id == job.id).values(lease_until=database.now() - 1))
    deadline, done = time.monotonic() + 90, None
    while done is None or done.state == "waiting":  # a server keeps a killed writer's lease for some seconds
        with database.transaction() as connection:
            connection.execute(update(jobs).where(jobs.c.id == job.id, jobs.c.state == "waiting").values(run_after=0))
        done = Worker(queue, handlers(finder, database)).run_one()
        if done is not None and done.state == "failed" and "writ" in done.message:
            queue.retry(done.id)
            done = None
            time.sleep(1)
        assert time.monotonic() < deadline
    assert done.state == "done", done.message
    wait_for_generation(finder, finder.store.generations(name)[-1].number)
    assert finder.store.verify(name) == []
    switches = SwitchLog(database).newest(name)
    assert [(s.action, s.from_generation, s.to_encoder[:4]) for s in switches] == [("promote", 1, "two@")]
    roll_back(finder, database, "tests")
    assert wait_for_generation(finder, 1).generation.encoder.startswith("one@")
