"""What a promotion costs those who search meanwhile, on both stores.

A real server answers sentences over HTTP without a pause, first quietly, then while ``techfinder encoders promote``
encodes everyone anew and builds another generation, then after the switch; then ``encoders rollback`` goes back.
Counted are errors, answers whose encoder is not the one of their generation, the 95th percentile by the quiet one,
and the longest answer.

Run: python tests/benchmarks/promote.py [--people 2000] [--searches 300] [--from minilm-openvino] [--to minilm]
"""

from __future__ import annotations

import argparse
import json
import os
import subprocess
import sys
import tempfile
import threading
import time
import urllib.parse
import urllib.request
from dataclasses import dataclass, field
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "tools"))

from search_while_indexing import QUESTIONS, address, command, percentile, run, wait_until_ready

import get_qdrant
from qdrant_process import QdrantProcess

PEOPLE, SEARCHES = 150, 60


@dataclass(slots=True)
class Searching:
    """Asks one question after the other; each differs, so that no memory answers it."""

    base: str
    times: list[float] = field(default_factory=list)
    seen: set[tuple[int, str]] = field(default_factory=set)
    errors: int = 0
    _number: int = 0

    def ask(self) -> float:
        """One search; its milliseconds."""
        self._number += 1
        text = urllib.parse.quote(f"{QUESTIONS[self._number % len(QUESTIONS)]} {self._number}")
        started = time.perf_counter()
        try:
            with urllib.request.urlopen(
                f"{self.base}/api/v1/search?limit=20&facets=none&q={text}", timeout=60
            ) as found:
                answer = json.load(found)
            self.seen.add((answer["generation"], answer["encoder"].partition("@")[0]))
        except (OSError, ValueError, KeyError):
            self.errors += 1
        return (time.perf_counter() - started) * 1000

    def some(self, count: int) -> list[float]:
        """So many searches."""
        return [self.ask() for _ in range(count)]

    def until(self, done: threading.Event) -> list[float]:
        """Searches until then."""
        found = []
        while not done.is_set():
            found.append(self.ask())
        return found


def main() -> None:
    """Print a table for each store."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--people", type=int, default=PEOPLE)
    parser.add_argument("--searches", type=int, default=SEARCHES)
    parser.add_argument("--from", dest="before", default="minilm-openvino")
    parser.add_argument("--to", dest="after", default="minilm")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        measure("embedded store", Path(folder), {}, options)
    if not get_qdrant.available():
        print(f"No server store: {get_qdrant.HELP}")
        return
    with tempfile.TemporaryDirectory() as folder, QdrantProcess(get_qdrant.BINARY, Path(folder)) as server:
        place = {"STORE": "server", "QDRANT_URL": server.url, "QDRANT_GRPC_PORT": str(server.grpc_port)}
        with tempfile.TemporaryDirectory() as home:
            measure("server store", Path(home), place, options)


def measure(name: str, home: Path, place: dict[str, str], options: argparse.Namespace) -> None:
    """One store."""
    own = {"HOME": str(home), "PORT": "0", **place}
    environment = {**os.environ, **{f"TECHFINDER_{k}": v for k, v in own.items()}}
    run({**environment, "TECHFINDER_ENCODER": options.before}, "index", f"synthetic:n={options.people},seed=7")
    server = subprocess.Popen(command("serve"), env=environment, stderr=subprocess.PIPE, text=True)
    try:
        searching = Searching(address(server))
        wait_until_ready(searching.base)
        searching.some(5)
        quiet = searching.some(options.searches)
        done, took = threading.Event(), [0.0, 0.0]

        def promote() -> None:
            started = time.perf_counter()
            run(environment, "encoders", "promote", options.after, "--force")
            took[0] = time.perf_counter() - started
            done.set()

        thread = threading.Thread(target=promote)
        thread.start()
        during = searching.until(done)
        thread.join()
        after = searching.some(options.searches)
        started = time.perf_counter()
        run(environment, "encoders", "rollback")
        took[1] = time.perf_counter() - started
        back = searching.some(options.searches)
    finally:
        server.terminate()
        server.wait(30)
    report(name, options, {"quiet": quiet, "promoting": during, "promoted": after, "rolled back": back})
    mixed = searching.seen - {(1, options.before), (2, options.after)}
    print(
        f"errors {searching.errors}, mixed answers {len(mixed)}, promotion {took[0]:.1f} s, rollback {took[1]:.1f} s\n"
    )


def report(name: str, options: argparse.Namespace, phases: dict[str, list[float]]) -> None:
    """Percentiles in ms, and the ratio to the quiet ones."""
    print(f"{name}: {options.people:,} people, {options.before} to {options.after}")
    print(f"{'':<14}{'searches':>9}{'p50 ms':>9}{'p95 ms':>9}{'max ms':>9}{'p95 ratio':>11}")
    for phase, times in phases.items():
        ratio = percentile(times, 0.95) / percentile(phases["quiet"], 0.95)
        figures = f"{percentile(times, 0.5):>9.1f}{percentile(times, 0.95):>9.1f}{max(times):>9.1f}{ratio:>11.2f}"
        print(f"{phase:<14}{len(times):>9}{figures}")


if __name__ == "__main__":
    main()
