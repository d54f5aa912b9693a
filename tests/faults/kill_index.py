"""Kill -9 at random moments of an index run: nothing lost, nothing doubled, old data searchable.

Each round copies a home with a first generation, starts indexing a changed file, kills the run
(its main process or its build process) at a random moment, and then looks: the home must show
the first state or the second, whole; the same command again must end in the second state.

Run: python tests/faults/kill_index.py [--kills 50] [--seed 1]
"""

from __future__ import annotations

import argparse
import csv
import json
import random
import shutil
import subprocess
import sys
import tempfile
import time
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path

import psutil

sys.path.insert(0, str(Path(__file__).resolve().parent.parent / "tools"))

from commands import command, environment, run, run_json
from techfinder.settings import Settings
from techfinder.store.edge.store import EdgeStore
from techfinder.store.folders import copy_sparse

PEOPLE = 900
CHANGED_SHARE, GONE_SHARE = 0.55, 0.1


@dataclass(frozen=True)
class Stage:
    """A home with a first generation, the file that changes it, and both states by id."""

    home: Path
    first: dict[str, object]
    second_file: Path
    second: dict[str, object]
    changed: int
    run_s: float


def prepare(folder: Path, count: int = PEOPLE) -> Stage:
    """Make the first generation, of `count` people, and measure one whole run to the second."""
    home, first_file, second_file = folder / "home", folder / "first.csv", folder / "second.csv"
    run(home, "generate", "-n", str(count), "-o", str(first_file))
    changed = _change(first_file, second_file)
    run_json(home, "index", str(first_file))
    trial = folder / "trial"
    copy_sparse(home, trial)
    started = time.perf_counter()
    run_json(trial, "index", str(second_file), "--prune")
    run_s = time.perf_counter() - started
    stage = Stage(home, people(home), second_file, people(trial), changed, run_s)
    assert len(stage.first) == count > len(stage.second)
    assert sum(stage.first[i] != values for i, values in stage.second.items()) == changed
    return stage


def _change(source: Path, target: Path) -> int:
    """The file with the first people's age and sector changed and the last ones gone. Returns how many changed."""
    with source.open(newline="") as file:
        rows = list(csv.DictReader(file))
    changed, gone = int(CHANGED_SHARE * len(rows)), int(GONE_SHARE * len(rows))
    for row in rows[:changed]:
        row["age"] = str(int(row["age"] or 40) % 60 + 18)
        row["job_sector"] = "Retail" if row["job_sector"] != "Retail" else "Legal"
    with target.open("w", newline="") as file:
        writer = csv.DictWriter(file, rows[0])
        writer.writeheader()
        writer.writerows(rows[:-gone])
    return changed


def people(home: Path) -> dict[str, object]:
    """Every profile that is live, by id. Fails when one comes twice, or when the store is not sound."""
    with closing(EdgeStore(Settings(home=home, nice=0))) as store, closing(store.open("people")) as live:
        listed = live.browse([], (), 1000)
        assert live.info().points == live.count([]) == len(listed)
        assert store.verify("people") == []
    found = {profile.id: profile.values for profile in listed}
    assert len(found) == len(listed), "a profile was found twice"
    return found


def kill_round(stage: Stage, home: Path, rng: random.Random) -> str:
    """One round on a copy of the stage's home. Returns what happened, in words."""
    copy_sparse(stage.home, home)
    after_s = rng.uniform(0.1, stage.run_s * 1.05)
    victim = rng.choice(["run", "build"])
    job = subprocess.Popen(
        command("index", str(stage.second_file), "--prune"),
        env=environment(home),
        stdin=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    time.sleep(after_s)
    killed = _kill(job, victim)
    job.wait(60)
    state = people(home)
    which = "first" if state == stage.first else "second" if state == stage.second else "neither"
    assert which != "neither", f"killed {killed} after {after_s:.2f} s: {len(state)} people, neither state"
    spooled = _spooled(home)
    again = run_json(home, "index", str(stage.second_file), "--prune")
    assert again["state"] == "done", again
    if which == "first":
        assert again["reused"] >= spooled, f"{spooled} vectors were spooled, {again['reused']} used again"
        assert again["encoded"] + again["reused"] == stage.changed, again
    assert people(home) == stage.second, "the repeated run did not end in the second state"
    shutil.rmtree(home)
    return f"killed {killed:<6} after {after_s:5.2f} s of {stage.run_s:.2f}: {which} state live, {spooled:>4} reused"


def _kill(job: subprocess.Popen[bytes], victim: str) -> str:
    """Kill -9 the run or its build process, whichever is there. Returns what was killed."""
    if job.poll() is not None:
        return "none"
    children = psutil.Process(job.pid).children(recursive=True)
    if victim == "build" and children:
        children[-1].kill()
        return "build"
    job.kill()
    return "run"


def _spooled(home: Path) -> int:
    """How many vectors an unfinished run has left behind."""
    files = list((home / "spool").glob("*/*/digests.bin")) if (home / "spool").exists() else []
    return sum(f.stat().st_size // 16 for f in files)


def main() -> None:
    """Run the rounds and print one line each; the first wrong state ends it."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--kills", type=int, default=50)
    parser.add_argument("--seed", type=int, default=1)
    options = parser.parse_args()
    rng = random.Random(options.seed)
    with tempfile.TemporaryDirectory() as folder:
        stage = prepare(Path(folder))
        for number in range(1, options.kills + 1):
            print(f"{number:>3}  {kill_round(stage, Path(folder) / 'round', rng)}", flush=True)
    print(json.dumps({"kills": options.kills, "seed": options.seed, "lost": 0, "doubled": 0}))


if __name__ == "__main__":
    main()
