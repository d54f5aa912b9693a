"""Kill -9 at random moments of a copy between an embedded store and a Qdrant server, in both directions.

Each round kills the copy, the server or the processes of the embedded store while a copy of
changed people is on its way. Then the source must be what it was, the target must show the old
people or the new ones, whole, and the same command again must end with the new ones.

Run: python tests/faults/kill_copy.py [--kills 20] [--people 6000] [--seed 1]
"""

from __future__ import annotations

import argparse
import json
import random
import subprocess
import sys
import tempfile
import time
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import psutil

sys.path.insert(0, str(Path(__file__).resolve().parent.parent / "tools"))

import get_qdrant
from commands import command, environment, run, run_json
from qdrant_process import QdrantProcess


@dataclass
class Side:
    """One place where people are, and the settings that select it."""

    home: Path
    settings: dict[str, str]

    def state(self) -> tuple[int, str]:
        """Count and digest of what is live, after every point was compared."""
        assert run_json(self.home, "store", "check", **self.settings)["good"]
        (live,) = (g for g in run_json(self.home, "store", "info", **self.settings) if g["live"])
        return live["points"], live["digest"]


@dataclass
class Stage:
    """Both sides, the server between them, and how long a whole copy takes by direction."""

    server: QdrantProcess
    embedded: Side
    on_server: Side
    files: tuple[Path, Path]
    took_s: dict[str, float]

    def side(self, direction: str) -> tuple[Side, Side]:
        """Source and target."""
        pair = self.embedded, self.on_server
        return pair if direction == "--to" else pair[::-1]

    def copy(self, direction: str) -> list[str]:
        """The command of a copy, in the home of the embedded side."""
        return ["store", "copy", direction, self.server.url, "--yes"]


def prepare(folder: Path, server: QdrantProcess, people: int) -> Stage:
    """Make two files of people and measure a whole copy of the first in both directions."""
    ports = {"qdrant_grpc_port": str(server.grpc_port), "store_timeout_s": "10"}
    embedded = Side(folder / "home", ports)
    on_server = Side(folder / "client", {**ports, "store": "server", "qdrant_url": server.url})
    files = folder / "one.parquet", folder / "two.parquet"
    for seed, file in enumerate(files):
        run(embedded.home, "generate", "-n", str(people), "--seed", str(seed), "-o", str(file))
    stage = Stage(server, embedded, on_server, files, {})
    for direction in ("--to", "--from"):
        _index(stage.side(direction)[0], files[0 if direction == "--to" else 1])
        started = time.perf_counter()
        run_json(embedded.home, *stage.copy(direction), **ports)
        stage.took_s[direction] = time.perf_counter() - started
    return stage


def _index(side: Side, file: Path) -> None:
    assert run_json(side.home, "index", str(file), "--rebuild", **side.settings)["state"] == "done"


def kill_round(stage: Stage, number: int, rng: random.Random) -> str:
    """One round. Returns what happened, in words."""
    direction = ("--to", "--from")[number % 2]
    source, target = stage.side(direction)
    old = target.state()
    for file in stage.files:
        _index(source, file)
        if (new := source.state()) != old:
            break
    after_s = rng.uniform(0.3, stage.took_s[direction] * 1.05)
    victim = rng.choice(["copy", "server", "helpers"])
    job = subprocess.Popen(
        command(*stage.copy(direction)),
        env=environment(stage.embedded.home, **stage.embedded.settings),
        stdin=subprocess.DEVNULL,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    time.sleep(after_s)
    _kill(stage, job, victim)
    code = job.wait(120)
    if victim == "server":
        stage.server.restart()
    state = target.state()
    assert state in (old, new), f"{victim} killed after {after_s:.2f} s: the target holds {state}"
    assert source.state() == new, f"{victim} killed after {after_s:.2f} s: the source has changed"
    again = run_json(stage.embedded.home, *stage.copy(direction), **stage.embedded.settings)
    assert target.state() == new, "the repeated copy is not the source"
    left = stage.embedded.home / "spool" / "copy"
    assert not left.exists(), f"{left} is left"
    which = "new" if state == new else "old"
    return (
        f"{direction:<6} killed {victim:<7} after {after_s:5.2f} s of {stage.took_s[direction]:.2f} (code {code}): "
        f"{which} people live, {again['resumed']} used again"
    )


def _kill(stage: Stage, job: subprocess.Popen[bytes], victim: str) -> None:
    if victim == "server":
        stage.server.kill()
        return
    if job.poll() is None:
        for process in psutil.Process(job.pid).children() if victim == "helpers" else [psutil.Process(job.pid)]:
            process.kill()


def main() -> None:
    """Run the rounds and print one line each; the first wrong state ends it."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--kills", type=int, default=20)
    parser.add_argument("--people", type=int, default=6000)
    parser.add_argument("--seed", type=int, default=1)
    options = parser.parse_args()
    if not get_qdrant.available():
        sys.exit(f"This script starts a Qdrant server. {get_qdrant.HELP}")
    rng = random.Random(options.seed)
    done: dict[str, Any] = {"kills": options.kills, "people": options.people, "seed": options.seed, "inconsistent": 0}
    with tempfile.TemporaryDirectory() as folder, QdrantProcess(get_qdrant.BINARY, Path(folder)) as server:
        stage = prepare(Path(folder), server, options.people)
        for number in range(options.kills):
            print(f"{number + 1:>3}  {kill_round(stage, number, rng)}", flush=True)
    print(json.dumps(done))


if __name__ == "__main__":
    main()
