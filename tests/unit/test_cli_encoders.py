"""The ``encoders``, ``jobs`` and ``worker`` commands, as somebody uses them one after the other."""

import json
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner, Result

import commands
from techfinder.cli import cli
from techfinder.errors import TechfinderError
from two_encoders import write_questions

Invoke = Callable[..., Result]


@pytest.fixture
def invoke(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Invoke:
    """Runs a command within this process, on a home with sixty people of the encoder ``hash``."""
    monkeypatch.syspath_prepend(commands.HASH_PLUGIN)
    variables = commands.environment(tmp_path / "home")
    variables |= {"TECHFINDER_TEST_HASH_ALSO": "hash-two"}
    runner = CliRunner(env=variables)

    def run(*arguments: str) -> Result:
        return runner.invoke(cli, list(arguments))

    made = run("index", "synthetic:n=60,seed=3")
    assert made.exit_code == 0, made.output
    monkeypatch.delitem(variables, "TECHFINDER_ENCODER")  # what is live says which encoder it is
    runner.env = variables
    return run


def good(done: Result) -> str:
    assert done.exit_code == 0, (done.exception, done.output)
    return " ".join(done.output.split())


def refused(done: Result) -> str:
    assert isinstance(done.exception, TechfinderError), done.output
    return str(done.exception)


def told(done: Result) -> Any:
    good(done)
    return json.loads(done.stdout)


@pytest.mark.slow
def test_an_encoder_is_registered_promoted_and_taken_back(invoke: Invoke, tmp_path: Path) -> None:
    questions = ("--questions", write_questions(tmp_path / "questions.jsonl"))
    assert "Registered hash@1" in good(invoke("encoders", "register", "hash", *questions))
    assert "registered already" in good(invoke("encoders", "register", "hash", *questions))
    good(invoke("encoders", "register", "hash-two", *questions))
    compared = good(invoke("encoders", "compare", "hash", "hash-two"))
    assert "nDCG@10 answers" in compared
    assert "stages" not in compared
    assert "nDCG@10 answers, stages" in good(invoke("encoders", "compare", "hash", "--groups"))
    assert "hash@1+crc32/64" in good(invoke("encoders", "show", "hash@1"))

    promoted = good(invoke("encoders", "promote", "hash-two@1", *questions))
    assert "Generation 2 is live, encoder hash-two@1+crc32/64." in promoted
    assert "60 texts encoded" in promoted
    assert "answers already" in good(invoke("encoders", "promote", "hash-two", *questions))
    listed = told(invoke("encoders", "list", "--json"))
    assert [e["name"] for e in listed["installed"] if e["live"]] == ["hash-two"]
    assert {v["name"]: v["aliases"] for v in listed["registered"]} == {"hash": ["challenger"], "hash-two": ["champion"]}
    assert "answers now" in refused(invoke("encoders", "retire", "hash-two@1", "--yes"))
    assert "answers now" not in good(invoke("search", "Innovator"))

    assert "Generation 1 is live again: 60 people" in good(invoke("encoders", "rollback"))
    history = told(invoke("encoders", "history", "--json"))
    assert [(s["action"], s["to_generation"]) for s in history] == [("rollback", 1), ("promote", 2)]
    assert "rollback generation 2" in good(invoke("encoders", "history"))
    assert "is gone" in good(invoke("encoders", "retire", "hash-two@1", "--yes"))
    assert [v["name"] for v in told(invoke("encoders", "list", "--json"))["registered"]] == ["hash"]


@pytest.mark.slow
def test_a_queued_promotion_is_done_by_a_worker(invoke: Invoke, tmp_path: Path) -> None:
    questions = ("--questions", write_questions(tmp_path / "questions.jsonl"))
    assert "No jobs yet" in good(invoke("jobs", "list"))
    queued = told(invoke("encoders", "promote", "hash-two", "--detach", "--json", *questions))
    assert queued["state"] == "waiting"
    assert "stops at its next step" not in good(invoke("jobs", "cancel", queued["id"][:8]))
    assert "waits for a worker" in good(invoke("jobs", "retry", queued["id"][:8]))
    assert "promote hash-two" in good(invoke("worker", "--once"))
    assert told(invoke("jobs", "show", queued["id"], "--json"))["result"]["generation"] == 2
    assert "done" in good(invoke("jobs", "show", queued["id"][:8]))


def test_what_cannot_be_promoted_says_why(invoke: Invoke) -> None:
    assert "'nope'" in refused(invoke("encoders", "promote", "nope"))
    assert "No version of encoder 'hash-two' is registered" in refused(invoke("encoders", "promote", "hash-two@1"))
    assert "never switched" in refused(invoke("encoders", "rollback"))
    assert "There is no job 'abc'" in refused(invoke("jobs", "show", "abc"))
    assert "No switch yet" in good(invoke("encoders", "history"))


@pytest.mark.slow
def test_a_server_that_runs_does_what_waits_and_follows(tmp_path: Path) -> None:
    home, also = tmp_path / "home", {"test_hash_also": "hash-two"}
    assert commands.run(home, "index", "synthetic:n=60,seed=3").returncode == 0
    with commands.Server(home, **also) as server:
        asked = "/api/v1/search?q=Innovator&limit=3"
        assert server.get(asked)["encoder"].startswith("hash@")
        questions = write_questions(tmp_path / "questions.jsonl")
        done = commands.run(home, "encoders", "promote", "hash-two", "--detach", "--questions", questions, **also)
        assert done.returncode == 0, done.stderr
        deadline = time.monotonic() + 120
        while (found := server.get(asked))["encoder"].startswith("hash@"):
            assert time.monotonic() < deadline, commands.run(home, "jobs", "list").stdout
            time.sleep(0.2)
        assert found["encoder"].startswith("hash-two@")
        assert found["hits"]


@pytest.mark.slow
def test_a_server_that_is_stopped_puts_back_what_its_worker_did(tmp_path: Path) -> None:
    home, also = tmp_path / "home", {"test_hash_also": "hash-two"}
    assert commands.run(home, "index", "synthetic:n=60,seed=3").returncode == 0
    questions = write_questions(tmp_path / "questions.jsonl")
    commands.run(home, "encoders", "promote", "hash-two", "--detach", "--questions", questions, **also)
    with commands.Server(home, **also):
        deadline = time.monotonic() + 60
        while commands.run_json(home, "jobs", "list")[0]["state"] == "waiting":
            assert time.monotonic() < deadline
    [job] = commands.run_json(home, "jobs", "list")
    assert job["state"] in ("waiting", "done")
    assert commands.run(home, "worker", "--once", **also).returncode == 0
    [job] = commands.run_json(home, "jobs", "list")
    assert (job["state"], job["result"]["generation"]) == ("done", 2)
