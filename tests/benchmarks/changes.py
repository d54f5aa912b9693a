"""Changes that reach a live collection while searches run: how soon they are seen, what searches cost.

A writer makes --rate changes a second for --seconds seconds (half of them new values, a quarter
new people, a quarter removed), committing as often as the store allows, twice a second at most.
Beside it one thread searches and counts facets without pause. Baseline: the same searches before.

Run: python tests/benchmarks/changes.py [--people 20000] [--seconds 60] [--rate 100] [--stores edge,server]
"""

from __future__ import annotations

import argparse
import random
import sys
import tempfile
import threading
import time
from collections.abc import Iterator
from contextlib import ExitStack, closing
from pathlib import Path
from typing import Any

import numpy as np
from rich.console import Console
from rich.table import Table

sys.path.insert(0, str(Path(__file__).resolve().parent.parent / "tools"))

import get_qdrant
from qdrant_process import QdrantProcess
from random_clauses import random_profiles
from techfinder.interfaces import CollectionSpec, FacetRequest, Point
from techfinder.models import Profile
from techfinder.plan import Condition
from techfinder.schema import load_schema
from techfinder.settings import Settings
from techfinder.store import open_store

DIM = 64
COMMIT_S = 0.5
SEEN_WITHIN_S = 30.0


def main() -> None:
    """Measure each store and print the table."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--people", type=int, default=20_000)
    parser.add_argument("--seconds", type=float, default=60)
    parser.add_argument("--rate", type=int, default=100)
    parser.add_argument("--stores", default="edge,server")
    options = parser.parse_args()
    table = Table("measured", title=f"{options.people:,} people, {options.rate} changes/s for {options.seconds:g} s")
    rows: dict[str, list[str]] = {}
    for name in options.stores.split(","):
        table.add_column(name, justify="right")
        with tempfile.TemporaryDirectory(prefix="techfinder-changes-") as folder, ExitStack() as stack:
            for label, value in Changes(name, Path(folder), options, stack).run():
                rows.setdefault(label, []).append(value)
    for label, values in rows.items():
        table.add_row(label, *values)
    Console(width=100).print(table)


class Changes:
    """One store's figures."""

    def __init__(self, name: str, folder: Path, options: argparse.Namespace, stack: ExitStack) -> None:
        self.schema, self.rng, self.options = load_schema(), random.Random(7), options
        home: dict[str, Any] = {"home": folder / "home", "nice": 0}
        if name == "server":
            (folder / "qdrant").mkdir()
            server = stack.enter_context(QdrantProcess(get_qdrant.BINARY, folder / "qdrant"))
            home |= {"store": "server", "qdrant_url": server.url, "qdrant_grpc_port": server.grpc_port}
        self.store = stack.enter_context(closing(open_store(Settings(**home))))
        self.reading = stack.enter_context(closing(open_store(Settings(**home))))  # knows nothing of the writer
        self.spare = random_profiles(self.schema, options.people + int(options.rate * options.seconds), self.rng)
        self.live = {p.id: n for n, p in enumerate(self.spare[: options.people])}
        attributes = {k: a.storage for k, a in self.schema.attributes.items()}
        self.spec = CollectionSpec("people", DIM, "cosine", "none", "none", self.schema.name, attributes)
        self.where = self.schema.resolve([Condition(field="age", op="range", gte=30, lt=60)])
        self.took: list[float] = []
        self.commits: list[float] = []

    def run(self) -> Iterator[tuple[str, str]]:
        """Build, then change while searching."""
        writer = self.store.write(self.spec)
        points = [self._point(p, n) for n, p in enumerate(self.spare[: self.options.people])]
        for start in range(0, len(points), 1000):
            writer.upsert(points[start : start + 1000])
        writer.seal()
        writer.publish()
        with closing(self.reading.open("people")) as people:
            self._search_until(people, time.monotonic() + 5)
            quiet, self.took = np.array(self.took), []
            stop = threading.Event()
            searching = threading.Thread(target=self._search_until, args=(people, None, stop))
            searching.start()
            lags, made = self._change(people)
            stop.set()
            searching.join()
        busy = np.array(self.took)
        yield "changes made", f"{made:,}"
        yield "commits", f"{len(self.commits):,}"
        yield "writing and committing: median / longest s", f"{np.median(self.commits):.2f} / {max(self.commits):.2f}"
        yield "seen after a commit: median / longest s", f"{np.median(lags):.2f} / {max(lags):.2f}"
        for name, percent in (("median", 50), ("99th percentile", 99), ("longest", 100)):
            before, during = np.percentile(quiet, percent), np.percentile(busy, percent)
            yield f"search and ten facets, {name}: before / during ms", f"{before:.1f} / {during:.1f}"
        problems = self.store.verify("people")
        yield "check afterwards", "; ".join(problems) or "good"

    def _change(self, people: Any) -> tuple[list[float], int]:
        """Seconds until each commit was seen, and how many changes were made."""
        started, made, lags = time.monotonic(), 0, []
        while (now := time.monotonic() - started) < self.options.seconds:
            due = int(now * self.options.rate) - made
            if due <= 0:
                time.sleep(0.01)
                continue
            next_commit = time.monotonic() + COMMIT_S
            began = time.monotonic()
            info = self._commit(due)
            self.commits.append(time.monotonic() - began)
            made += due
            lags.append(seen_after(people, info))
            time.sleep(max(0.0, next_commit - time.monotonic()))
        return lags, made

    def _commit(self, due: int) -> Any:
        writer = self.store.write(self.spec)
        for _ in range(due):
            kind, (profile_id, ordinal) = self.rng.random(), self.rng.choice(list(self.live.items()))
            if kind < 0.25:
                fresh = self.spare[(top := max(self.live.values()) + 1) % len(self.spare)]
                self.live[f"n{top}"] = top
                writer.upsert([self._point(Profile(f"n{top}", fresh.values), top)])
            elif kind < 0.5:
                del self.live[profile_id]
                writer.delete([profile_id])
            else:
                writer.upsert([self._point(Profile(profile_id, self.rng.choice(self.spare).values), ordinal)])
        writer.seal()
        return writer.publish()

    def _search_until(self, people: Any, deadline: float | None, stop: threading.Event | None = None) -> None:
        keys = [k for k, s in self.spec.attributes.items() if s.startswith("keyword")][:10]
        rng = np.random.default_rng(3)
        while not (stop.is_set() if stop else time.monotonic() > (deadline or 0)):
            started = time.perf_counter()
            people.search(rng.normal(size=DIM).astype(np.float32), self.where, 20)
            people.facets([FacetRequest(k, tuple(self.where), k) for k in keys])
            self.took.append((time.perf_counter() - started) * 1000)

    def _point(self, profile: Profile, ordinal: int) -> Point:
        vector = np.random.default_rng(ordinal).normal(size=DIM).astype(np.float32)
        return Point(profile, ordinal, f"{self.rng.random()}", f"{ordinal}", vector)


def seen_after(people: Any, info: Any) -> float:
    """Seconds until a reader answers with `info` or something newer."""
    started = time.monotonic()
    while time.monotonic() - started < SEEN_WITHIN_S:
        now = people.info()
        if (now.number, now.revision) >= (info.number, info.revision):
            return time.monotonic() - started
        time.sleep(0.01)
    raise SystemExit(f"{info} was not seen within {SEEN_WITHIN_S:g} s")


if __name__ == "__main__":
    main()
