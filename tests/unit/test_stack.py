"""The compose stack's services as processes with its settings: each is used, killed, and comes back."""

from __future__ import annotations

import csv
import urllib.error
import urllib.request
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

import get_mlflow
import get_postgres
import get_qdrant
from missing import missing
from mlflow_process import MlflowProcess
from stack_processes import PEOPLE, StackProcesses, running_stack, until
from techfinder.database.database import Database
from techfinder.jobs.queue import JobQueue

pytestmark = pytest.mark.keeps_children

RANKED = "/api/v1/search?q=cheerful+phones&limit=5&facets=none"


@pytest.fixture(scope="module")
def stack(tmp_path_factory: pytest.TempPathFactory) -> Iterator[StackProcesses]:
    binaries = get_postgres.find()
    if binaries is None or not get_qdrant.available():
        missing("Qdrant and PostgreSQL", "Run `make install-test`.")
    with running_stack(tmp_path_factory.mktemp("stack"), binaries) as running:
        yield running


def total(stack: StackProcesses) -> int:
    found: int = stack.get("/api/v1/search?limit=1&facets=none")["total"]
    return found


def ranked(stack: StackProcesses) -> list[str]:
    return ids(stack.get(RANKED))


def ids(found: Any) -> list[str]:
    return [hit["id"] for hit in found["hits"]]


def somebody(stack: StackProcesses, name: str) -> Path:
    """A file with one more person."""
    sample = next(stack.home.glob("sample-*.csv"))
    with sample.open(newline="", encoding="utf-8") as file:
        row = next(csv.DictReader(file))
    made = stack.home / f"{name}.csv"
    with made.open("w", newline="", encoding="utf-8") as file:
        writer = csv.DictWriter(file, list(row))
        writer.writeheader()
        writer.writerow({**row, next(iter(row)): name})
    return made


def test_a_second_start_changes_nothing(stack: StackProcesses) -> None:
    assert f"Generation 1 with {PEOPLE} people is there already." in stack.run("stack", "init", "--demo", "1")


def test_qdrant_asks_for_its_key(stack: StackProcesses) -> None:
    with pytest.raises(urllib.error.HTTPError) as refused:
        urllib.request.urlopen(f"{stack.qdrant.url}/collections", timeout=5)
    assert refused.value.code == 401
    refused.value.close()


def test_nobody_gets_in_without_signing_in(stack: StackProcesses) -> None:
    with pytest.raises(urllib.error.HTTPError) as refused:
        stack.get("/api/v1/search?limit=1", anybody=True)
    assert refused.value.code == 401
    refused.value.close()
    assert stack.get("/healthz", anybody=True) == {"status": "ok"}


def test_the_start_made_an_admin(stack: StackProcesses) -> None:
    assert "admin" in stack.run("user", "list")


@pytest.mark.slow
def test_an_import_by_hand_and_one_by_the_worker(stack: StackProcesses) -> None:
    before = total(stack)
    stack.run("index", "--keep", str(somebody(stack, "HAND1")))
    until(lambda: total(stack) == before + 1, stack.log)

    with_worker = Database.open(stack.home, _database_url(stack))
    queue = JobQueue(with_worker)
    job = queue.add("index", "people", {"source": str(somebody(stack, "JOB1")), "prune": False})
    until(lambda: queue.job(job.id).state == "done", stack.log)
    with_worker.close()
    until(lambda: total(stack) == before + 2, stack.log)


def test_qdrant_is_killed(stack: StackProcesses) -> None:
    before = ranked(stack)
    stack.qdrant.kill()
    stack.qdrant.restart()
    until(lambda: _answers(stack, before), stack.log)


@pytest.mark.slow
def test_the_database_is_stopped(stack: StackProcesses) -> None:
    with stack.one_process() as get:  # each process remembers whom it has served itself
        before = ids(get(RANKED))
        stack.postgres.stop()
        assert ids(get(RANKED)) == before  # searching goes on without it
    stack.postgres.start()
    with_worker = Database.open(stack.home, _database_url(stack))
    queue = JobQueue(with_worker)
    job = queue.add("index", "people", {"source": str(somebody(stack, "JOB2")), "prune": False})
    until(lambda: queue.job(job.id).state == "done", stack.log)
    with_worker.close()


@pytest.mark.slow
def test_the_worker_is_killed(stack: StackProcesses) -> None:
    stack.kill("worker")
    with_worker = Database.open(stack.home, _database_url(stack))
    queue = JobQueue(with_worker)
    job = queue.add("index", "people", {"source": str(somebody(stack, "JOB3")), "prune": False})
    stack.start("worker")
    until(lambda: queue.job(job.id).state == "done", stack.log)
    with_worker.close()


@pytest.mark.slow
def test_the_page_is_killed(stack: StackProcesses) -> None:
    before = ranked(stack)
    stack.kill("serve")
    until(lambda: not stack.is_ready())  # its processes see that their parent is gone
    stack.start("serve")
    until(stack.is_ready, stack.log)
    assert ranked(stack) == before


@pytest.mark.slow
def test_mlflow_keeps_what_it_knows_in_postgresql(
    stack: StackProcesses, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    if not get_mlflow.available():
        missing("an MLflow server", get_mlflow.HELP)
    address = stack.postgres.database().replace("postgresql:", "postgresql+psycopg:")
    with MlflowProcess(get_mlflow.COMMAND, tmp_path, address) as server:
        monkeypatch.setitem(stack.environment, "MLFLOW_TRACKING_URI", server.url)
        stack.run("encoders", "register", "hash")
        server.kill()
        assert stack.get("/api/v1/search?limit=1&facets=none")["hits"]
        server.start()
        assert "hash@1" in stack.run("encoders", "list")
    assert not (tmp_path / "mlflow.db").exists()


def _answers(stack: StackProcesses, wanted: list[str]) -> bool:
    try:
        return ranked(stack) == wanted
    except urllib.error.HTTPError as error:
        error.close()
        return False


def _database_url(stack: StackProcesses) -> str:
    return (stack.home / "secrets" / "techfinder_database_url").read_text()
