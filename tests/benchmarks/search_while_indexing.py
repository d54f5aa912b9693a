"""How much an index run in the background slows searches down.

A real server answers sentences over HTTP, one after the other, first alone, then while
`techfinder index --rebuild` (niced, as always) encodes and builds another generation.

Run: python tests/benchmarks/search_while_indexing.py [--people 2000] [--searches 300]
"""

from __future__ import annotations

import argparse
import os
import statistics
import subprocess
import sys
import tempfile
import time
import urllib.parse
import urllib.request
from itertools import count
from pathlib import Path

QUESTIONS = (
    "early adopters with high technical proficiency",
    "healthcare workers who follow tech blogs",
    "people who buy the newest phone at once",
    "laggards on a small budget",
    "students with a VR headset",
)
WARM_UP = 5
"""Searches before the first that counts, for what is done once."""


def main() -> None:
    """Print the table."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--people", type=int, default=2000)
    parser.add_argument("--searches", type=int, default=300)
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        environment = {**os.environ, "TECHFINDER_HOME": folder, "TECHFINDER_PORT": "0"}
        people = str(Path(folder) / "people.csv")
        run(environment, "generate", "-n", str(options.people), "-o", people)
        run(environment, "index", people)
        server = subprocess.Popen(command("serve"), env=environment, stderr=subprocess.PIPE, text=True)
        try:
            base = address(server)
            wait_until_ready(base)
            numbers = count()
            for _ in range(WARM_UP):
                search(base, next(numbers))
            quiet = [search(base, next(numbers)) for _ in range(options.searches)]
            job = subprocess.Popen(command("index", "--rebuild", people), env=environment, stderr=subprocess.DEVNULL)
            busy = []
            while job.poll() is None:
                busy.append(search(base, next(numbers)))
            if job.returncode:
                raise SystemExit("the index run failed")
            after = [search(base, next(numbers)) for _ in range(50)]
        finally:
            server.terminate()
            server.wait(20)
    report(options.people, quiet, busy, after)


def report(people: int, quiet: list[float], busy: list[float], after: list[float]) -> None:
    """Percentiles in ms, and the ratio to the quiet ones."""
    print(f"HTTP searches by sentence over {people:,} people, one at a time")
    print(f"{'':<26}{'searches':>9}{'p50 ms':>9}{'p99 ms':>9}{'max ms':>9}{'p99 ratio':>11}")
    for name, times in (("quiet", quiet), ("while an index run goes", busy), ("on the new generation", after)):
        ratio = percentile(times, 0.99) / percentile(quiet, 0.99)
        figures = f"{percentile(times, 0.5):>9.1f}{percentile(times, 0.99):>9.1f}{max(times):>9.1f}{ratio:>11.2f}"
        print(f"{name:<26}{len(times):>9}{figures}")


def search(base: str, number: int) -> float:
    """Milliseconds of one search; a failed one ends the benchmark. Another number makes a question new to memory."""
    text = f"{QUESTIONS[number % len(QUESTIONS)]} {number}"
    started = time.perf_counter()
    with urllib.request.urlopen(f"{base}/api/v1/search?limit=20&q={urllib.parse.quote(text)}", timeout=30) as answer:
        answer.read()
    return (time.perf_counter() - started) * 1000


def percentile(times: list[float], share: float) -> float:
    """The value below which `share` of the times lie."""
    return statistics.quantiles(times, n=1000, method="inclusive")[min(round(share * 1000) - 1, 998)]


def address(server: subprocess.Popen[str]) -> str:
    """The address that the server prints when it listens."""
    assert server.stderr is not None
    for line in server.stderr:
        if "http://" in line:
            return "http://" + line.split("http://")[1].split()[0]
    raise SystemExit("the server did not start")


def wait_until_ready(base: str) -> None:
    """Return once people and encoder are there; gives up after a minute."""
    for _ in range(300):
        try:
            with urllib.request.urlopen(f"{base}/readyz", timeout=5):
                return
        except OSError:
            time.sleep(0.2)
    raise SystemExit("the server did not get ready")


def command(*arguments: str) -> list[str]:
    """A techfinder command of this Python."""
    return [sys.executable, "-m", "techfinder", *arguments]


def run(environment: dict[str, str], *arguments: str) -> None:
    """Run a command of ours to its end."""
    subprocess.run(command(*arguments), env=environment, check=True, stderr=subprocess.DEVNULL)


if __name__ == "__main__":
    main()
