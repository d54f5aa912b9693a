"""Eight kills of an index run, two of them in `make test` (`tests/faults/kill_index.py` does fifty)."""

import random
from pathlib import Path

import kill_index
import pytest


@pytest.fixture(scope="module")
def stage(tmp_path_factory: pytest.TempPathFactory) -> kill_index.Stage:
    return kill_index.prepare(tmp_path_factory.mktemp("kill"), 300)


@pytest.mark.parametrize("seed", [1, 3, *(pytest.param(s, marks=pytest.mark.slow) for s in (0, 2, 4, 5, 6, 7))])
def test_a_killed_run_loses_nothing(stage: kill_index.Stage, tmp_path: Path, seed: int) -> None:
    outcome = kill_index.kill_round(stage, tmp_path / "home", random.Random(seed))
    assert "state live" in outcome
