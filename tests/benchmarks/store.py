"""The embedded store through the product against the bare engine, in one run on one machine.

Both hold the same people with payload indexes on every attribute of the built-in schema. The
product's figures include its process boundary, checks, digests and columns.

Run: python tests/benchmarks/store.py [--people 20000] [--dim 384] [--searches 300]
"""

from __future__ import annotations

import argparse
import random
import sys
import tempfile
import time
from collections.abc import Callable
from contextlib import closing
from pathlib import Path
from typing import Any
from uuid import UUID

import numpy as np
import qdrant_edge
from rich.console import Console
from rich.table import Table

sys.path.insert(0, str(Path(__file__).resolve().parent.parent / "tools"))

from random_clauses import random_profiles
from techfinder.interfaces import CollectionSpec, FacetRequest, Point
from techfinder.plan import Condition
from techfinder.schema import load_schema
from techfinder.settings import Settings
from techfinder.store import open_store
from techfinder.store.conditions import to_filter
from techfinder.store.edge import shard as engine
from techfinder.store.edge.shard import Shard
from techfinder.store.points import check_points, point_id

BATCH = 1000
LIMIT = 20


def main() -> None:
    """Measure and print the table."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--people", type=int, default=20_000)
    parser.add_argument("--dim", type=int, default=384)
    parser.add_argument("--searches", type=int, default=300)
    wanted = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="techfinder-bench-") as folder:
        Bench(Path(folder), wanted.people, wanted.dim, wanted.searches).run()


class Bench:
    """The same points and questions for both."""

    def __init__(self, folder: Path, people: int, dim: int, searches: int) -> None:
        schema, rng = load_schema(), np.random.default_rng(7)
        self.folder, self.searches = folder, searches
        self.attributes = {k: a.storage for k, a in schema.attributes.items()}
        self.spec = CollectionSpec("people", dim, "cosine", "none", "none", schema.name, self.attributes)
        centres = rng.normal(size=(200, dim))
        vectors = centres[rng.integers(0, 200, people)] + 0.7 * rng.normal(size=(people, dim))
        profiles = random_profiles(schema, people, random.Random(7))
        self.points = [
            Point(p, n, f"{n:032x}", f"{n:032x}", v.astype(np.float32))
            for n, (p, v) in enumerate(zip(profiles, vectors, strict=True))
        ]
        self.queries = [(centres[n % 200] + 0.7 * rng.normal(size=dim)).astype(np.float32) for n in range(searches)]
        self.where = schema.resolve(
            [
                Condition(field="adopter_category", op="any_of", values=("Innovator", "Early Adopter")),
                Condition(field="age", op="range", gte=30, lt=60),
            ]
        )
        self.table = Table(
            "measured", "bare engine", "techfinder", "ratio", title=f"{people:,} people, {dim} dimensions"
        )

    def run(self) -> None:
        """Build both, ask both, print."""
        raw = self._build_raw()
        with closing(open_store(Settings(home=self.folder / "home", nice=0))) as store:
            self._build(store, raw)
            shard = Shard.load(self.folder / "raw", self.spec.dim)
            with closing(store.open("people")) as people:
                self._search(shard, people)
                self._facets(shard, people)
        Console().print(self.table)

    def _build_raw(self) -> tuple[float, float]:
        stored = check_points(self.points, self.spec.dim, "cosine", self.attributes)
        shard = Shard.create(self.folder / "raw", self.spec.dim, self.attributes)
        named = [(point_id(p.id), p) for p in stored]
        writing = _seconds(lambda: [shard.upsert(named[n : n + BATCH]) for n in range(0, len(named), BATCH)])
        return writing, _seconds(shard.finish)

    def _build(self, store: Any, raw: tuple[float, float]) -> None:
        writer = store.write(self.spec)
        writing = _seconds(
            lambda: [writer.upsert(self.points[n : n + BATCH]) for n in range(0, len(self.points), BATCH)]
        )
        sealing = _seconds(writer.seal)
        writer.publish()
        self._row("upsert, points/s", len(self.points) / raw[0], len(self.points) / writing)
        self._row("graph; product also columns and check, s", raw[1], sealing)
        second = store.write(self.spec)
        changing = _seconds(lambda: second.upsert(self.points[:BATCH]))
        self._row(f"change {BATCH:,} and seal, s", None, changing + _seconds(second.seal))
        second.discard()

    def _search(self, shard: Shard, people: Any) -> None:
        def bare(query: Any, where: dict[str, Any], exact: bool) -> list[Any]:
            found = shard.nearest(query / np.linalg.norm(query), where, LIMIT, exact)
            return list(shard.payloads([UUID(bytes=i) for i, _ in found]))

        for name, clauses in (("no filter", ()), ("two conditions", self.where)):
            where = to_filter(clauses, self.attributes)
            for exact in (False, True):
                label = f"search, {name}, {'exact' if exact else 'graph'}"
                ours = _times(
                    [lambda q=q, e=exact, c=clauses: people.search(q, c, LIMIT, exact=e) for q in self.queries]
                )
                theirs = _times([lambda q=q, e=exact, w=where: bare(q, w, e) for q in self.queries])
                for percent in (50, 99):
                    self._row(f"{label}, p{percent} ms", *(float(np.percentile(t, percent)) for t in (theirs, ours)))
            pairs = [
                (people.search(q, clauses, LIMIT), people.search(q, clauses, LIMIT, exact=True)) for q in self.queries
            ]
            hits = [len({h.profile.id for h in a} & {h.profile.id for h in b}) / max(1, len(b)) for a, b in pairs]
            self._row(f"recall@{LIMIT} of the graph, {name}", None, float(np.mean(hits)))

    def _facets(self, shard: Shard, people: Any) -> None:
        fields = [k for k, s in self.attributes.items() if s.startswith("keyword")][:11]
        requests = [FacetRequest(f, self.where, f) for f in fields]
        where = to_filter(self.where, self.attributes)
        ours = _times([lambda: people.facets(requests)] * 50)
        theirs = _times([lambda: [_engine_facet(shard, f, where) for f in fields]] * 10)
        self._row("filter and 11 facets, p50 ms", float(np.median(theirs)), float(np.median(ours)))

    def _row(self, name: str, theirs: float | None, ours: float) -> None:
        ratio = "" if theirs is None else f"{ours / theirs:.2f}"
        self.table.add_row(name, "" if theirs is None else f"{theirs:,.2f}", f"{ours:,.3f}", ratio)


def _engine_facet(shard: Shard, field: str, where: dict[str, Any]) -> int:
    """The engine's own facet, which the product does not use."""
    request = qdrant_edge.FacetRequest(field, limit=1000, exact=True, filter=engine._filter(where))
    return len(shard._shard.facet(request))


def _seconds(job: Callable[[], object]) -> float:
    start = time.perf_counter()
    job()
    return time.perf_counter() - start


def _times(jobs: list[Callable[[], object]]) -> list[float]:
    """Milliseconds of each job."""
    return [_seconds(job) * 1000 for job in jobs]


if __name__ == "__main__":
    main()
