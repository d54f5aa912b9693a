"""Each service of the stack is killed, or away for long, while people search: what fails is counted, and printed.

The services of docker-compose.yml run as plain processes (two web processes, worker, Qdrant, PostgreSQL).
"""

from __future__ import annotations

import csv
import random
import time
import urllib.parse
import urllib.request
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from pathlib import Path

import pytest

import access_homes
import get_postgres
import get_qdrant
from access_homes import HERE
from missing import missing
from stack_processes import PEOPLE, StackProcesses, running_stack, until
from steady_searches import PER_SECOND, THREADS, Searches, kind_of, searching
from techfinder.access import audit
from techfinder.database import open_database
from techfinder.jobs.queue import JobQueue

pytestmark = [pytest.mark.slow, pytest.mark.keeps_children, pytest.mark.timeout(600)]

BEFORE_S, AFTER_S = 2.0, 2.0
AWAY_S = 30.0
MANY = 1000
READY_S, JOB_S = 30.0, 180.0
"""In which whatever was killed must be there again, and a job be done, on a machine that others use too."""


@pytest.fixture(scope="module")
def stack(tmp_path_factory: pytest.TempPathFactory) -> Iterator[StackProcesses]:
    binaries = get_postgres.find()
    if binaries is None or not get_qdrant.available():
        missing("Qdrant and PostgreSQL", "Run `make install-test`.")
    with running_stack(tmp_path_factory.mktemp("stack"), binaries) as running:
        yield running


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
        until(lambda: queue.job(job.id).done > 0, stack.log)
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
        until(lambda: queue.job(job.id).done > 0, stack.log)
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


def _noted(stack: StackProcesses, action: str) -> int:
    """How many entries of a kind the audit log has."""
    with closing(open_database(stack.settings())) as database, database.reading() as connection:
        return len(audit.newest(connection, limit=100_000, action=action))
