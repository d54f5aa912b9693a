"""`make` is the first thing a newcomer touches: its commands exist, and it says what is missing."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
COMMANDS = ("install", "demo", "test", "lint", "nightly", "bench", "clean", "help")


@pytest.fixture
def clone(tmp_path: Path) -> Path:
    """A folder like a fresh clone as far as make can see: no environment, no caches."""
    shutil.copy(ROOT / "Makefile", tmp_path)
    for pattern in ("constraints.txt", "pyproject.toml", "webui/pyproject.toml", "plugins/*/pyproject.toml"):
        for file in ROOT.glob(pattern):
            target = tmp_path / file.relative_to(ROOT)
            target.parent.mkdir(parents=True, exist_ok=True)
            shutil.copy(file, target)
    return tmp_path


def make(folder: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    # A make that runs this test hands its own flags down; the inner one must not see them.
    environment = {n: v for n, v in os.environ.items() if n not in ("MAKEFLAGS", "MAKELEVEL", "MFLAGS", "PORT")}
    command = ["make", "--no-print-directory", *arguments]
    return subprocess.run(command, cwd=folder, env=environment, capture_output=True, text=True, check=False)


def test_help_lists_every_command(clone: Path) -> None:
    listed = re.findall(r"^  make (\S+)", make(clone).stdout, re.MULTILINE)

    assert set(COMMANDS) <= set(listed)


@pytest.mark.parametrize("command", COMMANDS)
def test_a_command_can_be_planned_in_a_fresh_clone(clone: Path, command: str) -> None:
    assert make(clone, "-n", command).returncode == 0


def test_install_takes_every_plugin_but_not_the_template(clone: Path) -> None:
    planned = make(clone, "-n", "install").stdout

    shipped = [p.name for p in ROOT.glob("plugins/techfinder-*")]
    assert [name for name in shipped if f"-e plugins/{name}" not in planned] == []
    assert "-e webui" in planned
    assert "_template" not in planned


def test_the_port_reaches_the_demo(clone: Path) -> None:
    assert "TECHFINDER_PORT=8123" in make(clone, "-n", "demo", "PORT=8123").stdout
    assert "TECHFINDER_PORT" not in make(clone, "-n", "demo").stdout


def test_tests_run_after_the_four_checks(clone: Path) -> None:
    planned = make(clone, "-n", "test").stdout

    found = [planned.index(stage) for stage in ("ruff format", "ruff check", "/mypy", "/lint-imports", "/pytest")]
    assert found == sorted(found)


def test_a_python_that_is_missing_is_named(clone: Path) -> None:
    result = make(clone, "install", "PYTHON=/nowhere/python3")

    assert result.returncode != 0
    assert "/nowhere/python3" in result.stderr
    assert "3.11" in result.stderr
    assert not (clone / ".venv").exists()


def test_the_stage_that_fails_is_named(clone: Path) -> None:
    for stamp in (".made", ".installed", ".installed-test"):
        (clone / ".venv").mkdir(exist_ok=True)
        (clone / ".venv" / stamp).touch()
    tools = clone / ".venv" / "bin"
    tools.mkdir()
    for tool, status in (("python", 0), ("ruff", 0), ("mypy", 1), ("lint-imports", 0), ("pytest", 0)):
        (tools / tool).write_text(f"#!/bin/sh\nexit {status}\n")
        (tools / tool).chmod(0o755)

    result = make(clone, "test")

    assert result.returncode != 0
    assert 'stage "types" failed' in result.stderr
    assert "--- tests" not in result.stdout
