"""Making people and reading them back: people per second, rows per second, and memory.

Each measurement runs in a process of its own, so that its peak memory is its own. The baseline
for reading is a loop over `csv.DictReader` on the same file in the same run.

Run: python tests/benchmarks/generate.py [--full]
"""

from __future__ import annotations

import argparse
import json
import subprocess
import sys
import tempfile
from pathlib import Path

MEASURE = """
import csv, json, resource, sys, time
from pathlib import Path

what, path, n = sys.argv[1], Path(sys.argv[2]), int(sys.argv[3])

def generator():
    from techfinder_source_synthetic import register_sources
    return register_sources()[0].load(f"n={n},seed=7")

def make():
    return sum(len(frame) for frame in generator().frames())

def write():
    from techfinder.tables import write_frames
    return write_frames(generator().frames(), path)

def read():
    from techfinder.settings import Settings
    from techfinder_source_table import register_sources
    entry = next(e for e in register_sources(Settings()) if path.name.endswith(e.suffixes))
    return sum(1 for row in entry.load(str(path)).rows() if row.values)

def dictreader():
    with path.open(newline="", encoding="utf-8") as file:
        return sum(1 for row in csv.DictReader(file) if row)

work = {"make": make, "write": write, "read": read, "dictreader": dictreader}[what]
start = time.perf_counter()
count = work()
seconds = time.perf_counter() - start
assert count == n, count
print(json.dumps({"rate": count / seconds, "mb": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024}))
"""


def measure(what: str, path: Path, n: int) -> tuple[float, float]:
    """Items per second, imports included, and the process's peak memory in MB."""
    command = [sys.executable, "-c", MEASURE, what, str(path), str(n)]
    answer = json.loads(subprocess.run(command, check=True, capture_output=True, text=True).stdout)
    return answer["rate"], answer["mb"]


def main() -> None:
    """Print the table."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--full", action="store_true", help="100,000 and 1,000,000 people instead of 10,000 and 50,000")
    small, large = (100_000, 1_000_000) if parser.parse_args().full else (10_000, 50_000)
    steps = [("make frames", "make", "none")]
    for kind in ("csv", "csv.gz", "csv.zst", "jsonl", "parquet"):
        steps += [(f"make and write {kind}", "write", f"people.{kind}"), (f"read {kind}", "read", f"people.{kind}")]
    steps.append(("csv.DictReader on csv", "dictreader", "people.csv"))
    print(f"{'':26}{'per second':>12}{f'MB, {small:,}':>16}{f'MB, {large:,}':>16}{'growth':>9}")
    with tempfile.TemporaryDirectory() as folder:
        for label, what, name in steps:
            _, before = measure(what, Path(folder) / f"small-{name}", small)
            rate, after = measure(what, Path(folder) / f"large-{name}", large)
            print(f"{label:26}{rate:>12,.0f}{before:>16,.0f}{after:>16,.0f}{after - before:>+9,.0f}", flush=True)


if __name__ == "__main__":
    main()
