"""Kill -9 and full disks at moments of a backup, a restore or an erasure: no half file, and never a mix of two."""

from __future__ import annotations

import os
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path

import pytest
from doomed_backup import MOMENTS, run_doomed
from limited import run_with_small_files

import access_homes
import homes
from commands import run
from techfinder.backup.making import make_backup
from techfinder.backup.restoring import finish_restore, restore
from techfinder.database.erased import refused
from techfinder.erasure import erase
from techfinder.errors import BackupError
from techfinder.settings import load_settings
from techfinder.store import open_store
from techfinder.store.folders import copy_sparse
from techfinder.testing.fakes import HashEncoder

KILLED = -9
OLD, NEW = 20, 40


@dataclass(frozen=True)
class Stage:
    """A home to restore into, and a backup of another one."""

    home: Path
    backup: Path


def fill(home: Path, people: int, user: str) -> None:
    """A home with people and a user."""
    with closing(homes.open_home(home, HashEncoder().entry())) as finder:
        homes.index(finder, f"synthetic:n={people},seed={people}")
        with access_homes.opened(finder.settings) as access:
            access_homes.with_password(access, user, "admin")


@pytest.fixture(scope="module")
def stage(tmp_path_factory: pytest.TempPathFactory) -> Stage:
    folder = tmp_path_factory.mktemp("stage")
    fill(folder / "old", OLD, "old")
    fill(folder / "new", NEW, "new")
    (folder / "new" / "techfinder.toml").write_text("batch_size = 17\n")
    make_backup(load_settings(home=folder / "new"), folder / "new.tar.zst")
    return Stage(folder / "old", folder / "new.tar.zst")


@pytest.fixture
def home(stage: Stage, tmp_path: Path) -> Path:
    copy_sparse(stage.home, tmp_path / "home")
    return tmp_path / "home"


def state(home: Path) -> tuple[int, list[str], bool]:
    """How many people are live, who the users are, and whether there is a settings file."""
    settings = load_settings(home=home, nice=0)
    with closing(open_store(settings)) as store:
        assert store.verify("people") == []
        points = store.scan("people").info.points
    with access_homes.opened(settings) as access:
        assert access.log.verify().problem == ""
        return points, [u.name for u in access.people.all()], (home / "techfinder.toml").exists()


BEFORE, AFTER = (OLD, ["old"], False), (NEW, ["new"], True)


@pytest.mark.parametrize(
    "moment", [m if m in ("prepared", "live") else pytest.param(m, marks=pytest.mark.slow) for m in MOMENTS]
)
def test_a_restore_that_is_killed_leaves_the_old_or_is_ended(stage: Stage, home: Path, moment: str) -> None:
    assert run_doomed(home, "restore", stage.backup, moment) == KILLED
    settings = load_settings(home=home, nice=0)
    if moment == "prepared":
        assert state(home) == BEFORE
        restore(stage.backup, settings, replace=True)
        assert state(home) == AFTER
        return
    for opening in (lambda: open_store(settings), lambda: restore(stage.backup, settings, replace=True)):
        with pytest.raises(BackupError, match="restore --finish"):
            opening()
    went_live = moment != "journal"
    assert finish_restore(settings) is went_live
    assert state(home) == (AFTER if went_live else BEFORE)
    assert not (home / "restoring").exists()
    assert finish_restore(settings) is None
    restore(stage.backup, load_settings(home=home, nice=0), replace=True)
    assert state(home) == AFTER


@pytest.mark.slow
def test_other_commands_say_what_to_do_after_such_a_kill(stage: Stage, home: Path) -> None:
    assert run_doomed(home, "restore", stage.backup, "live") == KILLED
    told = run(home, "store", "info")
    assert told.returncode == 1
    assert "end it with `techfinder restore --finish`" in told.stderr
    assert "The restore is done" in run(home, "restore", "--finish").stdout
    assert state(home) == AFTER


@pytest.mark.parametrize("members", [1, 3, 20])
def test_a_backup_that_is_killed_leaves_no_file_of_that_name(stage: Stage, tmp_path: Path, members: int) -> None:
    target = tmp_path / "backups" / "one.tar.zst"
    assert run_doomed(stage.home, "backup", target, str(members)) == KILLED
    assert {p.name for p in target.parent.iterdir()} == {".one.tar.zst.part", ".one.tar.zst.scratch"}
    make_backup(load_settings(home=stage.home), target, verify=True)
    assert [p.name for p in target.parent.iterdir()] == ["one.tar.zst"]


@pytest.mark.parametrize("moment", ["live", pytest.param("built", marks=pytest.mark.slow)])
def test_an_erasure_that_is_killed_keeps_the_person_out_and_is_done_again(home: Path, moment: str) -> None:
    settings = load_settings(home=home, nice=0)
    with closing(open_store(settings)) as store:
        who = store.ledger("people").ids[0]
    assert run_doomed(home, "erase", who, moment) == KILLED
    with closing(open_store(settings)) as store:
        assert store.verify("people") == []
        assert (who in store.ledger("people").ids) is (moment == "built")
    is_refused = refused(settings)
    assert is_refused is not None
    assert is_refused(who)
    (receipt,) = erase(settings, [who], "test")
    assert receipt.found is (moment == "built")
    assert state(home) == (OLD - 1, ["old"], False)
    with closing(open_store(settings)) as store:
        assert len(store.generations("people")) == 1


def test_a_full_disk_leaves_no_file(home: Path, tmp_path: Path) -> None:
    (home / "runs" / "large").mkdir()
    (home / "runs" / "large" / "progress.json").write_bytes(os.urandom(3_000_000))
    full = run_with_small_files(home, 1_000_000, "backup", str(tmp_path / "backups"))
    assert full.returncode == 1
    assert "Traceback" not in full.stderr
    assert "cannot be written: File too large. Nothing was kept under that name." in full.stderr
    assert list((tmp_path / "backups").iterdir()) == []
    assert state(home) == BEFORE


def test_a_disk_without_room_for_the_database_is_told(home: Path, tmp_path: Path) -> None:
    full = run_with_small_files(home, 40_000, "backup", str(tmp_path / "backups"))
    assert full.returncode == 1
    assert "Traceback" not in full.stderr
    assert "The application database cannot be copied to" in full.stderr
    assert list((tmp_path / "backups").iterdir()) == []
    assert state(home) == BEFORE


@pytest.mark.parametrize("most", [100, 30_000])
def test_a_disk_that_is_full_for_a_restore_changes_nothing(stage: Stage, home: Path, most: int) -> None:
    full = run_with_small_files(home, most, "restore", "--replace", str(stage.backup))
    assert full.returncode == 1
    assert "Traceback" not in full.stderr
    assert "File too large" in full.stderr
    assert not (home / "restoring").exists()
    assert state(home) == BEFORE
