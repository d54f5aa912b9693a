"""A disk that is full in the middle of an index run: told clearly, nothing lost, and the next run goes on.

The system refuses to let a file grow past a limit, as a full disk would: each limit is met at
another moment of the run.
"""

from __future__ import annotations

from contextlib import closing
from pathlib import Path

import pytest
from limited import run_with_small_files

from commands import run, run_json
from techfinder.settings import Settings
from techfinder.store.edge.store import EdgeStore
from techfinder.store.folders import copy_sparse

FIRST, ALL = 60, 900


@pytest.fixture(scope="module")
def stage(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with a home that holds the first people, and a file with all of them."""
    stage = tmp_path_factory.mktemp("full")
    people = stage / "people.csv"
    assert run(stage / "home", "generate", "-n", str(ALL), "-o", str(people)).returncode == 0
    first = stage / "first.csv"
    lines = people.read_text(encoding="utf-8").splitlines(keepends=True)
    first.write_text("".join(lines[: FIRST + 1]), encoding="utf-8")
    run_json(stage / "home", "index", str(first))
    return stage


def found(home: Path) -> int:
    """How many people a search finds; every one of them is as it was written."""
    with closing(EdgeStore(Settings(home=home, nice=0))) as store, closing(store.open("people")) as people:
        assert store.verify("people") == []
        return people.count([])


@pytest.mark.parametrize(
    ("most", "moment"),
    [
        pytest.param(100_000, "spool", marks=pytest.mark.slow),
        pytest.param(20_000_000, "copy", marks=pytest.mark.slow),
        pytest.param(100, "progress", marks=pytest.mark.slow),
        pytest.param(500_000, "copy", marks=pytest.mark.slow),
    ],
)
def test_a_full_disk_is_told_and_costs_nothing(stage: Path, tmp_path: Path, most: int, moment: str) -> None:
    home, people = tmp_path / "home", str(stage / "people.csv")
    copy_sparse(stage / "home", home)
    full = run_with_small_files(home, most, "index", people)
    line = full.stderr.splitlines()[-1]
    assert full.returncode == 1
    assert line.startswith("techfinder: ")
    assert "File too large. Make room there, then try again. What was live is live still." in line
    assert str(home) in line
    assert found(home) == FIRST
    assert list((home / "store" / "people" / "building").glob("*")) == []
    again = run_json(home, "index", people)
    assert (again["state"], again["generation"]) == ("done", 2)
    assert again["encoded"] + again["reused"] == ALL - FIRST
    assert again["reused"] > 0 or moment in ("progress", "spool")
    assert found(home) == ALL


def test_a_first_run_on_a_full_disk_can_be_repeated(stage: Path, tmp_path: Path) -> None:
    people = str(stage / "first.csv")
    full = run_with_small_files(tmp_path, 500_000, "index", people)
    assert full.returncode == 1
    assert "Make room" in full.stderr
    assert "Traceback" not in full.stderr
    with closing(EdgeStore(Settings(home=tmp_path))) as store:
        assert (store.collections(), store.damaged()) == ([], {})
    assert run_json(tmp_path, "index", people)["generation"] == 1
    assert found(tmp_path) == FIRST
