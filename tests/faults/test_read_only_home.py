"""A home that cannot be written: what only reads works, what writes says why not."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path

import pytest
from limited import contents, read_only, run_obeying_modes

from commands import run, run_json


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    home = tmp_path_factory.mktemp("read-only") / "home"
    people = home.parent / "people.csv"
    assert run(home, "generate", "-n", "60", "-o", str(people)).returncode == 0
    run_json(home, "index", str(people))
    (home.parent / "bad.csv").write_text(people.read_text() + ",,,\n", encoding="utf-8")
    with read_only(home):
        yield home


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["store", "info"], "60 people"),
        (["store", "check"], "Good: counts and digest"),
        (["search", "people", "--limit", "2"], "Showing 2 of 60 people"),
        (["runs"], "done"),
    ],
    ids=" ".join,
)
def test_reading_works_and_leaves_nothing_behind(home: Path, tmp_path: Path, arguments: list[str], said: str) -> None:
    before = contents(home)
    done = run_obeying_modes(home, *arguments, TMPDIR=str(tmp_path))
    assert (done.returncode, done.stderr) == (0, "")
    assert said in done.stdout
    assert contents(home) == before
    assert list(tmp_path.iterdir()) == []


def test_a_dry_run_works_and_keeps_only_its_rejects(home: Path, tmp_path: Path) -> None:
    done = run_obeying_modes(home, "index", "--dry-run", str(home.parent / "people.csv"), TMPDIR=str(tmp_path))
    assert (done.returncode, done.stderr.splitlines()[-1]) == (0, "Checked 60 rows: 60 good.")
    assert list(tmp_path.iterdir()) == []
    done = run_obeying_modes(home, "index", "--dry-run", str(home.parent / "bad.csv"), TMPDIR=str(tmp_path))
    (rejects,) = tmp_path.rglob("rejects.jsonl")
    assert done.returncode == 0
    assert str(rejects) in done.stderr


@pytest.mark.parametrize(
    ("arguments", "named"),
    [
        (["index", "people.csv"], "runs/people.lock"),
        (["store", "switch", "1"], "store/.locks"),
        (["store", "drop", "--yes"], "store/.locks"),
    ],
    ids=lambda v: v if isinstance(v, str) else " ".join(v),
)
def test_writing_names_the_place_the_reason_and_what_to_do(home: Path, arguments: list[str], named: str) -> None:
    words = [str(home.parent / "people.csv") if a == "people.csv" else a for a in arguments]
    before = contents(home)
    done = run_obeying_modes(home, *words)
    line = done.stderr.splitlines()[-1]
    assert done.returncode == 1
    assert line.startswith("techfinder: ")
    assert f"{home / named} cannot be written: Permission denied. Allow this user to read and write there" in line
    assert "TECHFINDER_HOME" in line
    assert contents(home) == before


def test_without_a_place_for_the_copy_the_error_says_how_to_give_one(home: Path, tmp_path: Path) -> None:
    no_place = f"import tempfile; tempfile.tempdir = {str(tmp_path / 'nowhere')!r}"
    (tmp_path / "sitecustomize.py").write_text(no_place, encoding="utf-8")
    done = run_obeying_modes(home, "search", "--limit", "1", PYTHONPATH=str(tmp_path))
    assert done.returncode == 1
    assert "is read-only and must be copied" in done.stderr
    assert "set TMPDIR to a folder with room" in done.stderr
    assert "damaged" not in done.stderr


def test_copies_that_killed_processes_left_are_swept(home: Path, tmp_path: Path) -> None:
    old, young = (tmp_path / f"techfinder-{os.getuid()}-copy-{age}" for age in ("old", "young"))
    for folder in (old, young):
        folder.mkdir()
        (folder / "page_0.dat").touch()
    os.utime(old, (0, 0))
    run_obeying_modes(home, "search", "--limit", "1", TMPDIR=str(tmp_path))
    assert list(tmp_path.iterdir()) == [young]
