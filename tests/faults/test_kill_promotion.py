"""Kill -9 of the web process and of MLflow at every stage of a promotion: searches come back, and it ends well.

That of the worker itself stands in ``tests/unit/test_promotion.py``.
"""

from __future__ import annotations

import json
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

from commands import Server, environment, run, run_json
from mlflow_process import MlflowProcess
from qdrant_process import QdrantAddress
from two_encoders import write_questions

pytestmark = [pytest.mark.slow, pytest.mark.timeout(600), pytest.mark.keeps_children]

PEOPLE = 60
STAGES = ("start", "gate", "encoding", "writing", "building", "live", "published")
WAIT_S = 240.0
ALSO = {"test_hash_also": "hash-two"}

WORKER = """
import sys, time
from pathlib import Path
from techfinder import work
from techfinder.database import open_database
from techfinder.database.switches import SwitchLog
from techfinder.finder import Finder
from techfinder.jobs.queue import JobQueue
from techfinder.jobs.worker import JobRun, Worker
from techfinder.settings import load_settings

folder, seen = Path(sys.argv[2]), set()

def pause(stage):
    if stage not in seen:
        seen.add(stage)
        (folder / f"{stage}.reached").touch()
        while not (folder / f"{stage}.go").exists():
            time.sleep(0.05)

def pausing(method, stage):
    def paused(self, *given, **named):
        if stage is None:
            done = method(self, *given, **named)
            pause(given[0])
            return done
        pause(stage)
        return method(self, *given, **named)
    return paused

JobRun.report = pausing(JobRun.report, None)
SwitchLog.note = pausing(SwitchLog.note, "published")
resolve = work.resolve
def resolving(*given):
    pause("start")
    return resolve(*given)
work.resolve = resolving
settings = load_settings()
finder = Finder(settings)
database = open_database(settings)
job = Worker(JobQueue(database), work.handlers(finder, database)).run_one(sys.argv[1])
print(job.state, job.message)
finder.close()
"""


@pytest.fixture(params=["edge", "server"])
def store(request: pytest.FixtureRequest) -> dict[str, str]:
    """Settings of the store."""
    if request.param == "edge":
        return {}
    address: QdrantAddress = request.getfixturevalue("qdrant")
    return {
        "store": "server",
        "qdrant_url": address.url,
        "qdrant_grpc_port": str(address.grpc_port),
        "collection": f"killed-{time.monotonic_ns()}",
    }


@pytest.fixture
def home(tmp_path: Path, store: dict[str, str]) -> Path:
    """Sixty people of the encoder ``hash``."""
    home = tmp_path / "home"
    done = run(home, "index", f"synthetic:n={PEOPLE},seed=3", **store)
    assert done.returncode == 0, done.stderr
    return home


class Promotion:
    """A promotion in a worker that stops at each stage until it is told to go on."""

    def __init__(self, home: Path, folder: Path, settings: dict[str, str]) -> None:
        self.home, self.folder, self.settings = home, folder, settings
        questions = write_questions(folder / "questions.jsonl")
        asked = ("encoders", "promote", "hash-two", "--detach", "--questions", questions)
        self.job = run_json(home, *asked, **settings)["id"]
        self.process = subprocess.Popen(
            [sys.executable, "-c", WORKER, self.job, str(folder)],
            env=environment(home, **settings),
            stdout=subprocess.PIPE,
            text=True,
        )

    def wait_for(self, stage: str) -> None:
        """Until it stands at a stage."""
        deadline = time.monotonic() + WAIT_S
        while not (self.folder / f"{stage}.reached").exists():
            assert self.process.poll() is None, "the worker ended"
            assert time.monotonic() < deadline, f"{stage} was not reached"
            time.sleep(0.05)

    def go_on(self, stage: str) -> None:
        """Let it leave a stage."""
        (self.folder / f"{stage}.go").touch()

    def ended(self) -> str:
        """How it ended, once it has."""
        told, _ = self.process.communicate(timeout=WAIT_S)
        return told.strip()


@contextmanager
def promotion(home: Path, folder: Path, settings: dict[str, str]) -> Iterator[Promotion]:
    made = Promotion(home, folder, settings)
    try:
        yield made
    finally:
        made.process.kill()
        made.process.wait(10)


def asked(server: Server) -> tuple[int, str, int]:
    """Generation, encoder and number of people of an answer, whose hits are ranked by meaning."""
    found: dict[str, Any] = server.get("/api/v1/search?q=cheerful&limit=3")
    assert len(found["hits"]) == 3
    assert found["ranked_by"] == "meaning"
    return found["generation"], found["encoder"].partition("@")[0], found["total"]


def eventually(server: Server, expected: tuple[int, str, int]) -> None:
    deadline = time.monotonic() + WAIT_S
    while asked(server) != expected:
        assert time.monotonic() < deadline, asked(server)
        time.sleep(0.2)


def test_the_web_process_is_killed_at_every_stage(home: Path, store: dict[str, str], tmp_path: Path) -> None:
    settings = store | ALSO
    with promotion(home, tmp_path, settings) as promoted:
        for stage in STAGES:
            promoted.wait_for(stage)
            with Server(home, **settings) as server:
                before = (2, "hash-two", PEOPLE) if stage == "published" else (1, "hash", PEOPLE)
                eventually(server, before)
                server.process.kill()
                server.process.wait(10)
            with Server(home, **settings) as server:  # nothing needs to be mended first
                eventually(server, before)
                promoted.go_on(stage)
                if stage == "published":
                    assert promoted.ended() == "done"
                    eventually(server, (2, "hash-two", PEOPLE))
    assert run(home, "store", "check", **settings).returncode == 0
    assert [s["action"] for s in run_json(home, "encoders", "history", **settings)] == ["promote"]


def test_mlflow_is_killed_at_every_stage(
    home: Path, store: dict[str, str], tmp_path: Path, mlflow_server: MlflowProcess, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("MLFLOW_TRACKING_URI", mlflow_server.url)
    settings = store | ALSO
    questions = ("--questions", write_questions(tmp_path / "asked.jsonl"))
    assert run(home, "encoders", "register", "hash-two", *questions, **settings).returncode == 0
    try:
        with promotion(home, tmp_path, settings) as promoted, Server(home, **settings) as server:
            for stage in STAGES:
                promoted.wait_for(stage)
                mlflow_server.kill()
                eventually(server, (2, "hash-two", PEOPLE) if stage == "published" else (1, "hash", PEOPLE))
                promoted.go_on(stage)
                if stage not in ("start", "published"):  # there it is asked, so it stays away
                    mlflow_server.start()
                elif stage == "start":
                    promoted.wait_for("gate")
                    mlflow_server.start()
            assert promoted.ended() == "done"
            eventually(server, (2, "hash-two", PEOPLE))
    finally:
        mlflow_server.kill()
        mlflow_server.start()
    assert run(home, "store", "check", **settings).returncode == 0
    told = run_json(home, "jobs", "show", promoted.job, **settings)
    assert told["state"] == "done"
    again = run(home, "encoders", "promote", "hash-two", *questions, "--json", **settings)  # the same command once more
    assert again.returncode == 0, again.stderr
    assert json.loads(again.stdout)["result"]["generation"] == 2
    listed = run_json(home, "encoders", "list", **settings)["registered"]
    assert [v["aliases"] for v in listed if v["name"] == "hash-two"] == [["champion"]]
