"""What so many people take: the formula against what was measured, and the command that tells it."""

from __future__ import annotations

from dataclasses import asdict
from pathlib import Path
from typing import Literal

import pytest

import commands
from techfinder.schema import load_schema
from techfinder.store.sizing import free_bytes, plan_sizing

ATTRIBUTES = len(load_schema().attributes)
MEASURED_DISK = {10_000: 59e6, 100_000: 549e6, 1_000_000: 5479e6}
# Megabytes by store and people, as docs/benchmarks.md has them.
BUILDING = {("edge", 10_000): 248, ("edge", 100_000): 253, ("edge", 1_000_000): 1399}
BUILDING |= {("server", 10_000): 285, ("server", 100_000): 395, ("server", 1_000_000): 1451}
SERVING = {("edge", 10_000): 47, ("edge", 100_000): 58, ("edge", 1_000_000): 121}
SERVING |= {("server", 10_000): 101, ("server", 100_000): 121, ("server", 1_000_000): 140}


@pytest.mark.parametrize("people", MEASURED_DISK)
def test_disk_is_what_was_measured(people: int) -> None:
    assert plan_sizing(people, 384, ATTRIBUTES).generation_bytes == pytest.approx(MEASURED_DISK[people], rel=0.1)


@pytest.mark.parametrize(("store", "people"), BUILDING)
def test_memory_is_what_was_measured(store: Literal["edge", "server"], people: int) -> None:
    plan = plan_sizing(people, 384, ATTRIBUTES, store=store)
    assert plan.building_bytes == pytest.approx(1e6 * BUILDING[store, people], rel=0.1)
    assert plan.serving_bytes == pytest.approx(1e6 * SERVING[store, people], rel=0.1)


@pytest.mark.parametrize(("people", "measured"), [(10_000, 144e6), (1_000_000, 1714e6)])
def test_memory_of_a_server_is_what_was_measured(people: int, measured: float) -> None:
    assert plan_sizing(people, 384, ATTRIBUTES, store="server").server_bytes == pytest.approx(measured, rel=0.1)


def test_more_of_anything_never_takes_less() -> None:
    one = asdict(plan_sizing(50_000, 384, 30))
    for more in (
        plan_sizing(60_000, 384, 30),
        plan_sizing(50_000, 768, 30),
        plan_sizing(50_000, 384, 40),
        plan_sizing(50_000, 384, 30, int8=True),
        plan_sizing(50_000, 384, 30, store="server"),
        plan_sizing(50_000, 384, 30, keep=3),
    ):
        assert all(value >= one[name] for name, value in asdict(more).items())


def test_free_space_is_that_of_the_disk_where_the_folder_will_be(tmp_path: Path) -> None:
    assert free_bytes(tmp_path / "not" / "yet") == pytest.approx(free_bytes(tmp_path), rel=0.05)


def test_the_command_tells_it_by_the_settings(tmp_path: Path) -> None:
    told = commands.run(tmp_path, "store", "plan", "--people", "1000000", test_hash_dim="384").stdout
    assert "disk, one generation" in told
    assert "5.5 GB" in told
    assert "memory of the server" not in told
    facts = commands.run_json(tmp_path, "store", "plan", "--people", "1000", keep_generations="5")
    assert facts["disk_bytes"] == 6 * facts["generation_bytes"]
    huge = commands.run(tmp_path, "store", "plan", "--people", "1000000000")
    assert "more than is free here" in huge.stdout
    assert commands.run(tmp_path, "store", "plan", "--people", "0").returncode == 2
