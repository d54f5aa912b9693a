"""A damaged store as its owner meets it: health checks and commands that say the same, and advice that works."""

from __future__ import annotations

import re
from contextlib import closing
from pathlib import Path

import pytest

import homes
from commands import run, run_json
from techfinder.app import create_app
from techfinder.store.folders import copy_sparse
from techfinder.testing.fakes import HashEncoder

COLUMN = "store/people/generations/{:04d}/columns/age.numbers.npy"


def _cut(path: Path) -> None:
    with path.open("r+b") as file:
        file.truncate(path.stat().st_size // 2)


def test_readiness_notices_a_cut_file_before_a_search_does(tmp_path: Path) -> None:
    with closing(homes.open_home(tmp_path, HashEncoder().entry())) as finder:
        homes.index(finder, "synthetic:n=40,seed=5")
        finder.load_encoder()
        client = create_app(finder=finder).test_client()
        assert client.get("/readyz").status_code == 200
        _cut(tmp_path / COLUMN.format(1))
        answer = client.get("/readyz")
        assert (answer.status_code, answer.get_json()["store"]) == (503, "store-damaged")
        assert "`techfinder index SOURCE --rebuild`" in answer.get_json()["store_detail"]
        assert client.get("/healthz").status_code == 200
        homes.index(finder, "synthetic:n=40,seed=5", rebuild=True)
        assert client.get("/readyz").status_code == 200


@pytest.fixture(scope="module")
def sound(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A home with two generations, of 30 and of 40 people."""
    home = tmp_path_factory.mktemp("sound")
    for count in (30, 40):
        run_json(home, "index", f"synthetic:n={count},seed=5")
    return home


@pytest.mark.parametrize(
    ("damaged", "advice", "left"),
    [
        pytest.param([2], "store switch 1", 30, id="go back", marks=pytest.mark.slow),
        pytest.param([1, 2], "index SOURCE --rebuild", 40, id="rebuild", marks=pytest.mark.slow),
    ],
)
def test_the_commands_that_are_printed_mend_it(
    sound: Path, tmp_path: Path, damaged: list[int], advice: str, left: int
) -> None:
    home = tmp_path / "home"
    copy_sparse(sound, home)
    for number in damaged:
        _cut(home / COLUMN.format(number))
    told = [run(home, *words).stderr for words in (["store", "info"], ["store", "check"], ["search", "--limit", "1"])]
    assert all(t.startswith("techfinder: Collection 'people' is damaged: ") for t in told)
    assert len(set(told)) == 1
    first = re.findall(r"`techfinder (.*?)`", told[0])[0]
    assert first == advice
    done = run(home, *first.replace("SOURCE", "synthetic:n=40,seed=5").split())
    assert done.returncode == 0, done.stderr
    assert run_json(home, "search", "--limit", "1")["total"] == left
