"""Each service of the stack is killed, or away for long, while people search: what fails is counted, and printed.

The services of docker-compose.yml run as plain processes (two web processes, worker, Qdrant, PostgreSQL).
"""

from __future__ import annotations

import csv
import json
import random
import sqlite3
import subprocess
import time
import urllib.parse
import urllib.request
from collections.abc import Callable, Iterator
from contextlib import ExitStack, closing, contextmanager
from pathlib import Path

import pytest

import access_homes
import commands
import get_mlflow
import get_postgres
import get_qdrant
from access_homes import HERE
from missing import missing
from mlflow_process import MlflowProcess
from small_disks import SmallDisk, mounted
from stack_processes import PEOPLE, StackProcesses, running_stack, until
from steady_searches import PER_SECOND, THREADS, Searches, kind_of, searching
from techfinder.access import audit
from techfinder.database import open_database
from techfinder.jobs.models import FINISHED
from techfinder.jobs.queue import JobQueue
from two_encoders import write_questions

pytestmark = [pytest.mark.slow, pytest.mark.keeps_children, pytest.mark.timeout(600)]

BEFORE_S, AFTER_S = 2.0, 2.0
AWAY_S = 30.0
DISKS = ("home", "qdrant")
ALSO = {"TECHFINDER_TEST_HASH_ALSO": "hash-two"}
MANY = 1000
LONG = 5 * MANY
READY_S, JOB_S = 30.0, 180.0
"""In which whatever was killed must be there again, and a job be done, on a machine that others use too."""


@pytest.fixture(scope="module")
def stack(tmp_path_factory: pytest.TempPathFactory) -> Iterator[StackProcesses]:
    binaries = get_postgres.find()
    if binaries is None or not get_qdrant.available():
        missing("Qdrant and PostgreSQL", "Run `make install-test`.")
    folder = tmp_path_factory.mktemp("stack")
    with ExitStack() as held:
        for place in DISKS:
            held.enter_context(mounted(folder / place))
        yield held.enter_context(running_stack(folder, binaries, more=ALSO))


# --- asking -----------------------------------------------------------------------------------------------------------


def search(stack: StackProcesses) -> Callable[[int], str]:
    """Asks for something that nobody has asked before, so that it is not answered from memory."""

    def ask(number: int) -> str:
        word = "".join(random.Random(number + random.randrange(10**9)).choices("bcdfghjklmnpqrstvwxz", k=9))
        found = stack.get(f"/api/v1/search?q=cheerful+{word}&limit=5&facets=none")
        return "" if len(found["hits"]) == 5 and found["total"] >= PEOPLE else f"{found['total']} people"

    return ask


@contextmanager
def searches(stack: StackProcesses, per_second: float = PER_SECOND) -> Iterator[Searches]:
    """So many searches a second, from a while before what is done in the block until a while after."""
    with searching(search(stack), per_second) as found:
        time.sleep(BEFORE_S)
        yield found
        time.sleep(AFTER_S)


def total(stack: StackProcesses) -> int:
    return int(stack.get("/api/v1/search?limit=1&facets=none")["total"])


def timed(true: Callable[[], bool], otherwise: Callable[[], str]) -> float:
    """Seconds until something is true."""
    began = time.monotonic()
    until(true, otherwise, READY_S)
    return time.monotonic() - began


def more_people(stack: StackProcesses, name: str, number: int) -> Path:
    """A file with so many more people."""
    with next(stack.home.glob("sample-*.csv")).open(newline="", encoding="utf-8") as file:
        rows = list(csv.DictReader(file))
    made = stack.home / f"{name}.csv"
    with made.open("w", newline="", encoding="utf-8") as file:
        writer = csv.DictWriter(file, list(rows[0]))
        writer.writeheader()
        writer.writerows({**rows[n % len(rows)], next(iter(rows[0])): f"{name}-{n}"} for n in range(number))
    return made


def disk_of(stack: StackProcesses, folder: Path) -> SmallDisk:
    """What a folder of the stack lies on."""
    if not folder.is_mount():
        pytest.skip("this test fills a disk of its own. Run it as root, who may mount one.")
    return SmallDisk(folder)


def failed(stack: StackProcesses, queue: JobQueue, job: str) -> str:
    """Why a job failed, once it has no attempt left."""
    until(lambda: queue.job(job).state == "failed", lambda: f"{queue.job(job)} {stack.log()}", JOB_S)
    return queue.job(job).message


def retried(stack: StackProcesses, queue: JobQueue, job: str, people: int) -> float:
    """Seconds until a job that failed is done after all, and so many people are found."""
    began = time.monotonic()
    queue.retry(job)
    until(lambda: queue.job(job).state == "done", lambda: f"{queue.job(job)} {stack.log()}", JOB_S)
    took_s = time.monotonic() - began
    until(lambda: total(stack) == people, stack.log)
    return took_s


@contextmanager
def queue_of(stack: StackProcesses) -> Iterator[JobQueue]:
    with closing(open_database(stack.settings())) as database:
        yield JobQueue(database)


# --- killed -----------------------------------------------------------------------------------------------------------


def test_a_web_process_is_killed(stack: StackProcesses) -> None:
    with searches(stack) as found:
        first, second = stack.processes("serve")[1:3]
        first.kill()
        took_s = timed(lambda: len({p.pid for p in stack.processes("serve")} - {first.pid}) == 3, stack.log)
    print(found.told(f"a web process killed, another one after {took_s:.1f} s"))
    assert set(found.failed()) <= {"cut off"}, "the other process answers"
    assert found.failed().total() < THREADS / 2, "no more than what it was answering"
    assert second.is_running()


def test_web_is_killed(stack: StackProcesses) -> None:
    before = total(stack)
    with searches(stack) as found:
        stack.kill("serve")
        until(lambda: not stack.is_ready())  # its processes see that their parent is gone
        stack.start("serve")
        took_s = timed(stack.is_ready, stack.log)
    print(found.told(f"web killed, ready {took_s:.1f} s after its start"))
    assert set(found.failed()) <= {"cut off", "refused"}, "nobody gets a wrong answer, or one that it failed"
    assert total(stack) == before


def test_the_worker_is_killed_at_work(stack: StackProcesses) -> None:
    before = total(stack)
    with searches(stack) as found, queue_of(stack) as queue:
        arguments = {"source": str(more_people(stack, "WORK", MANY)), "prune": False}
        job = queue.add("index", "people", arguments)
        until(lambda: queue.job(job.id).done > 0, stack.log, JOB_S)
        stack.kill("worker")
        assert queue.job(job.id).state == "running"
        stack.start("worker")
        began = time.monotonic()
        until(lambda: queue.job(job.id).state == "done", stack.log, JOB_S)
        took_s = time.monotonic() - began
        attempts = queue.job(job.id).attempts
        until(lambda: total(stack) == before + MANY, stack.log)
    print(found.told(f"the worker killed at work, its job done {took_s:.1f} s later in attempt {attempts}"))
    assert found.failed() == {}
    assert attempts == 2
    assert total(stack) == before + MANY, "each once"
    assert "Good" in stack.run("store", "check")


def test_qdrant_is_killed_while_it_is_written_to(stack: StackProcesses) -> None:
    before = total(stack)
    with searches(stack) as found, queue_of(stack) as queue:
        job = queue.add("index", "people", {"source": str(more_people(stack, "KILL", MANY)), "prune": False})
        until(lambda: queue.job(job.id).done > 0, stack.log, JOB_S)
        stack.qdrant.kill()
        time.sleep(1)
        began = time.monotonic()
        stack.qdrant.restart()
        until(lambda: _searched(found), lambda: found.told("Qdrant is back"), READY_S)
        took_s = time.monotonic() - began
        until(lambda: queue.job(job.id).state == "done", lambda: f"{queue.job(job.id)} {stack.log()}", JOB_S)
        until(lambda: total(stack) == before + MANY, stack.log)
    print(found.told(f"Qdrant killed, searched again {took_s:.1f} s after its start"))
    assert set(found.failed()) <= {"503 store-unavailable"}, "it is told what is away"
    assert total(stack) == before + MANY
    assert "Good" in stack.run("store", "check")


def test_postgresql_is_killed_while_it_is_written_to(stack: StackProcesses) -> None:
    people = [hit["id"] for hit in stack.get("/api/v1/search?limit=20&facets=none")["hits"]]

    def view(number: int) -> str:
        stack.get(f"/api/v1/profiles/{people[number % len(people)]}")
        return ""

    noted_before = _noted(stack, "profile.view")
    with searches(stack) as found, searching(view) as views:
        time.sleep(1)
        stack.postgres.kill()
        time.sleep(1)
        began = time.monotonic()
        stack.postgres.start()
        until(lambda: _looked_at(stack, people[0]), stack.log, READY_S)
        took_s = time.monotonic() - began
        asked_here = 1
    noted = _noted(stack, "profile.view") - noted_before - asked_here
    answered = len(views.asked) - views.failed().total()
    print(found.told(f"PostgreSQL killed, people shown again {took_s:.1f} s after its start"))
    print(views.told(f"single people meanwhile, {noted} noted of {answered} shown"))
    assert found.failed() == {}, "searches need no database"
    assert views.failed().total() > 0
    assert set(views.failed()) == {"503 database-unavailable"}
    assert answered <= noted <= answered + THREADS, "who was shown was noted, and stays noted"
    assert "good" in stack.run("audit", "verify").lower()


# --- away for long ----------------------------------------------------------------------------------------------------


def test_postgresql_is_away_for_half_a_minute(stack: StackProcesses) -> None:
    with access_homes.opened(stack.settings()) as access:
        session = access_homes.with_password(access, "anna", "admin")
        token = access.tokens.make("anna", "tests", ["search", "export"], 1, "tests", HERE)[1]
    somebody = stack.get("/api/v1/search?limit=1&facets=none")["hits"][0]["id"]
    by_session = {"Cookie": f"techfinder={session}", "Sec-Fetch-Site": "same-origin"}
    by_token = {"Authorization": f"Bearer {token}"}
    writes = {
        "a person": ("GET", f"/api/v1/profiles/{somebody}", by_session),
        "an export": ("GET", "/api/v1/export/ids?q=phones", by_token),
        "a job": ("POST", "/admin/promote?encoder=hash@1", by_session),
    }
    assert _answer(stack, *writes["a person"]) == ""
    assert _answer(stack, *writes["an export"]) == ""

    def with_session(number: int) -> str:
        return _answer(stack, "GET", f"/api/v1/search?limit=1&facets=none&offset={number % PEOPLE}", by_session)

    refused: dict[str, set[str]] = {name: set() for name in writes}
    longest_s = 0.0
    with searches(stack, PER_SECOND / 2) as found, searching(with_session, PER_SECOND / 2) as found_too:
        time.sleep(BEFORE_S)
        stack.postgres.stop()
        gone = time.monotonic()
        while time.monotonic() - gone < AWAY_S:
            for name, asked in writes.items():
                began = time.monotonic()
                refused[name].add(_answer(stack, *asked))
                longest_s = max(longest_s, time.monotonic() - began)
            time.sleep(1)
        stack.postgres.start()
        began = time.monotonic()
        until(lambda: not any(_answer(stack, *writes[n]) for n in ("a person", "an export")), stack.log, READY_S)
        took_s = time.monotonic() - began
    print(found.told(f"PostgreSQL away for {AWAY_S:.0f} s, by token"))
    print(found_too.told("meanwhile, by session"))
    print(f"writes meanwhile: {refused}, after {longest_s:.1f} s at most; they work {took_s:.1f} s after it is back")
    assert found.failed() == {}
    assert found_too.failed() == {}
    assert refused == {
        "a person": {"503 database-unavailable"},
        "an export": {"503 database-unavailable"},
        "a job": {"503"},
    }
    with queue_of(stack) as queue:
        job = queue.add("index", "people", {"source": str(more_people(stack, "AWAY", 3)), "prune": False})
        until(lambda: queue.job(job.id).state == "done", stack.log, JOB_S)


# --- no room ----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("left", "phase"),
    [
        pytest.param(0, "", id="before it begins"),
        pytest.param(8 << 10, "encoding", id="while vectors are kept"),
    ],
)
def test_the_disk_of_the_home_is_full_during_an_import(stack: StackProcesses, left: int, phase: str) -> None:
    """It is the one of the web processes too."""
    disk, before = disk_of(stack, stack.home), total(stack)
    with searches(stack) as found, queue_of(stack) as queue:
        source = more_people(stack, f"HOME{left}", MANY)
        disk.fill(left)
        job = queue.add("index", "people", {"source": str(source), "prune": False})
        said = failed(stack, queue, job.id)
        reached = queue.job(job.id).phase
        meanwhile = total(stack)
        disk.empty()
        took_s = retried(stack, queue, job.id, before + MANY)
    print(found.told(f"no room in the home for an import, which is done {took_s:.1f} s after there is room"))
    assert reached == phase
    assert str(stack.home) in said
    assert "No space left on device. Make room there, then try again. What was live is live still." in said
    assert found.failed() == {}
    assert meanwhile == before
    assert "Good" in stack.run("store", "check")


def test_the_disk_of_qdrant_is_full_during_an_import(stack: StackProcesses) -> None:
    """With less than twice the size of its log left it takes no writes."""
    disk, before = disk_of(stack, stack.qdrant.storage.parent), total(stack)
    with searches(stack) as found, queue_of(stack) as queue:
        job = queue.add("index", "people", {"source": str(more_people(stack, "FULL", LONG)), "prune": False})
        until(lambda: queue.job(job.id).done > 0, stack.log, JOB_S)
        disk.fill(40 << 20)
        said = failed(stack, queue, job.id)
        meanwhile = total(stack)
        disk.empty()
        took_s = retried(stack, queue, job.id, before + LONG)
    print(found.told(f"the disk of Qdrant full during an import, which is done {took_s:.1f} s after there is room"))
    assert "its disk is full" in said
    assert "Make room on the disk of Qdrant, then try again. What was live is live still." in said
    assert found.failed() == {}
    assert meanwhile == before
    assert "Good" in stack.run("store", "check")


# --- MLflow -----------------------------------------------------------------------------------------------------------


@pytest.fixture
def mlflow(stack: StackProcesses, tmp_path: Path) -> Iterator[MlflowProcess]:
    """The MLflow that the stack looks for."""
    if not get_mlflow.available():
        missing("an MLflow server", get_mlflow.HELP)
    with MlflowProcess(get_mlflow.COMMAND, tmp_path, port=stack.mlflow_port) as server:
        yield server


def test_mlflow_is_killed_while_an_encoder_is_promoted(
    stack: StackProcesses, mlflow: MlflowProcess, tmp_path: Path
) -> None:
    before, questions = total(stack), write_questions(tmp_path / "questions.jsonl")
    registering = ("encoders", "register", "hash-two", "--questions", questions)
    arguments = {"encoder": "hash-two@1", "questions": [questions], "force": True, "actor": "tests"}
    with searches(stack) as found, queue_of(stack) as queue:
        first = subprocess.Popen(commands.command(*registering), env=stack.environment, stderr=subprocess.PIPE)
        until(lambda: _logged_runs(tmp_path) > 0, stack.log, JOB_S)
        mlflow.kill()
        said_first = first.communicate(timeout=JOB_S)[1].decode()
        job = queue.add("promote", "people", arguments)
        said = failed(stack, queue, job.id)
        mlflow.start()
        stack.run(*registering)
        queue.retry(job.id)
        until(lambda: queue.job(job.id).phase != "", lambda: str(queue.job(job.id)), JOB_S)
        mlflow.kill()
        until(lambda: queue.job(job.id).state in FINISHED, lambda: f"{queue.job(job.id)} {stack.log()}", JOB_S)
        ended, lines = queue.job(job.id), [line.text for line in queue.lines(job.id)]
        until(lambda: _encoder(stack) == "hash-two", stack.log, READY_S)
        mlflow.start()
        again = queue.add("promote", "people", arguments)
        until(lambda: queue.job(again.id).state == "done", lambda: f"{queue.job(again.id)} {stack.log()}", JOB_S)
        told = stack.run("encoders", "list", "--json")
        stack.run("encoders", "rollback")
    print(found.told("MLflow killed while an encoder was registered, and while it was promoted"))
    print(f"registering said: {said_first}; the job said: {said}; its second time: {lines}")
    assert found.failed() == {}
    assert first.returncode == 1
    for refusal in (said_first, said):
        assert f"MLflow at http://127.0.0.1:{stack.mlflow_port} does not answer" in refusal
        assert "Start it" in refusal
    assert ended.state == "done", ended.message
    assert any("MLflow's aliases were not moved" in line for line in lines)
    registered = json.loads(told[told.index("{") :])["registered"]
    assert [(v["name"], v["number"], v["aliases"]) for v in registered] == [("hash-two", 1, ["champion"])]
    assert _logged_runs(tmp_path) == 1, "what the first time left is gone"
    assert total(stack) == before
    assert "Good" in stack.run("store", "check")


# --- what was seen ----------------------------------------------------------------------------------------------------


def _answer(stack: StackProcesses, method: str, path: str, headers: dict[str, str]) -> str:
    """Empty for a good answer, else of what kind the refusal is."""
    address, _, form = path.partition("?") if method == "POST" else (path, "", "")
    request = urllib.request.Request(f"{stack.base}{address}", form.encode() or None, headers, method=method)
    try:
        with urllib.request.urlopen(request, timeout=60) as answer:
            answer.read()
            return ""
    except OSError as error:
        return kind_of(error)


def _searched(found: Searches) -> bool:
    """Whether the newest answer was a good one."""
    return bool(found.asked) and not found.asked[-1].failed


def _looked_at(stack: StackProcesses, person: str) -> bool:
    try:
        return bool(stack.get(f"/api/v1/profiles/{person}"))
    except OSError as error:
        kind_of(error)
        return False


def _encoder(stack: StackProcesses) -> str:
    """The name of the encoder that answers."""
    return str(stack.get("/api/v1/search?q=cheerful&limit=1&facets=none")["encoder"]).partition("@")[0]


def _logged_runs(folder: Path) -> int:
    """How many runs an MLflow has that nobody has removed; asked of its database, as it may be away."""
    with closing(sqlite3.connect(f"file:{folder / 'mlflow.db'}?mode=ro", uri=True)) as database:
        return int(database.execute("SELECT count(*) FROM runs WHERE lifecycle_stage = 'active'").fetchone()[0])


def _noted(stack: StackProcesses, action: str) -> int:
    """How many entries of a kind the audit log has."""
    with closing(open_database(stack.settings())) as database, database.reading() as connection:
        return len(audit.newest(connection, limit=100_000, action=action))
