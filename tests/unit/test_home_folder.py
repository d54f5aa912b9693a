"""The home folder holds people: where techfinder makes it, no other user of the machine can enter."""

from __future__ import annotations

import stat
from collections.abc import Callable
from pathlib import Path

import pytest

from techfinder.database.database import Database
from techfinder.runs import RunRecord, only_run
from techfinder.setting_files import make_home


def locked_run(home: Path) -> None:
    with only_run(home, "people"):
        pass


def noted_run(home: Path) -> None:
    with RunRecord.start(home, "people", "people.csv"):
        pass


def opened_database(home: Path) -> None:
    Database.at(home).close()


@pytest.mark.parametrize("maker", [make_home, locked_run, noted_run, opened_database])
def test_a_home_that_is_made_is_closed_to_others(tmp_path: Path, maker: Callable[[Path], None]) -> None:
    home = tmp_path / "above" / "home"
    maker(home)
    assert stat.S_IMODE(home.stat().st_mode) == 0o700


def test_a_home_that_is_there_stays_as_it_is(tmp_path: Path) -> None:
    home = tmp_path / "home"
    home.mkdir()
    home.chmod(0o750)
    make_home(home)
    assert stat.S_IMODE(home.stat().st_mode) == 0o750
