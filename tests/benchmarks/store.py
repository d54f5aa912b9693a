"""A store through the product against its bare engine or client, in one run on one machine.

Both hold the same people with payload indexes on every attribute of the built-in schema, and write
batches of the same size in turn, all but the first counted. The product's figures include its process boundary, checks,
digests and columns. Of the embedded store, searches and facets are measured too.
The written points count as written when they can be read (server) or are all with the engine (embedded).

Run: python tests/benchmarks/store.py [--people 20000] [--dim 384] [--searches 300] [--stores edge,server]
"""

from __future__ import annotations

import argparse
import random
import sys
import tempfile
import time
from collections.abc import Callable, Sequence
from contextlib import ExitStack, closing
from pathlib import Path
from typing import Any
from uuid import UUID

import numpy as np
import qdrant_edge
from qdrant_client import QdrantClient, models
from rich.console import Console
from rich.table import Table

sys.path.insert(0, str(Path(__file__).resolve().parent.parent / "tools"))

import get_qdrant
from qdrant_process import QdrantAddress, QdrantProcess
from random_clauses import random_profiles
from techfinder.interfaces import CollectionSpec, FacetRequest, Point
from techfinder.plan import Condition
from techfinder.schema import load_schema
from techfinder.settings import Settings
from techfinder.store import open_store
from techfinder.store.conditions import to_filter
from techfinder.store.edge import shard as engine
from techfinder.store.edge.shard import Shard
from techfinder.store.graph import GRAPH_FROM
from techfinder.store.points import StoredPoint, check_points, point_id
from techfinder.store.server.connection import Server, ServerOptions
from techfinder.store.server.points import ServerPoints

BATCH = 1000
TURN = 10_000
"""Points that one writes before it is the other's turn."""

LIMIT = 20
FACETED = 20
"""Filters over which facets are counted: each another one, since the product remembers whom a filter finds."""


def main() -> None:
    """Measure and print a table for each store."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--people", type=int, default=20_000)
    parser.add_argument("--dim", type=int, default=384)
    parser.add_argument("--searches", type=int, default=300, help="0 measures only how fast points are written")
    parser.add_argument("--stores", default="edge,server")
    wanted = parser.parse_args()
    for name in wanted.stores.split(","):
        with tempfile.TemporaryDirectory(prefix="techfinder-bench-") as folder, ExitStack() as opened:
            Bench(name, Path(folder), wanted, opened).run()


class BareShard:
    """The engine of the embedded store, in this process."""

    def __init__(self, folder: Path, spec: CollectionSpec) -> None:
        self._attributes = spec.attributes
        self._shard = Shard.create(folder, spec.dim, int8=False)
        self._shard.index(spec.attributes)

    def upsert(self, points: Sequence[tuple[UUID, StoredPoint]]) -> None:
        whole = [qdrant_edge.Point(i, p.vector.tolist(), p.payload) for i, p in points if p.vector is not None]
        self._shard._shard.update(qdrant_edge.UpdateOperation.upsert_points(whole))

    def drop_indexes(self) -> None:
        self._shard.drop_indexes(self._attributes)

    def finish(self, indexed: bool) -> None:
        self._shard.finish(None if indexed else self._attributes)


class BareClient:
    """qdrant-client over gRPC, waiting for each batch as the product does; a collection made the same way."""

    def __init__(self, address: QdrantAddress, server: Server, spec: CollectionSpec) -> None:
        self._attributes = spec.attributes
        self._points = ServerPoints.create(server, "bare", spec.dim, spec.attributes, {"build": "bare"})
        self._client = QdrantClient(address.url, grpc_port=address.grpc_port, prefer_grpc=True, timeout=60)

    def upsert(self, points: Sequence[tuple[UUID, StoredPoint]]) -> None:
        whole = [
            models.PointStruct(id=str(i), vector=p.vector.tolist(), payload=p.payload)
            for i, p in points
            if p.vector is not None
        ]
        self._client.upsert("bare", whole, wait=True)

    def drop_indexes(self) -> None:
        self._points.drop_indexes()

    def finish(self, indexed: bool) -> None:
        self._points.build_graph()
        self._points.index(self._attributes)
        self._client.close()


class Bench:
    """The same points and questions for both."""

    def __init__(self, name: str, folder: Path, wanted: argparse.Namespace, opened: ExitStack) -> None:
        schema, rng, people, dim = load_schema(), np.random.default_rng(7), wanted.people, wanted.dim
        self.name, self.folder = name, folder
        self.attributes = {k: a.storage for k, a in schema.attributes.items()}
        self.spec = CollectionSpec("people", dim, "cosine", "none", "none", schema.name, self.attributes)
        centres = rng.normal(size=(200, dim))
        vectors = centres[rng.integers(0, 200, people)] + 0.7 * rng.normal(size=(people, dim))
        profiles = random_profiles(schema, people, random.Random(7))
        self.points = [
            Point(p, n, f"{n:032x}", f"{n:032x}", v.astype(np.float32))
            for n, (p, v) in enumerate(zip(profiles, vectors, strict=True))
        ]
        self.queries = [
            (centres[n % 200] + 0.7 * rng.normal(size=dim)).astype(np.float32) for n in range(wanted.searches)
        ]
        category = Condition(field="adopter_category", op="any_of", values=("Innovator", "Early Adopter"))
        ages = (Condition(field="age", op="range", gte=26 + n % 5, lt=60 + n // 5) for n in range(FACETED))
        self.filters = [schema.resolve([category, age]) for age in ages]
        settings = Settings(home=folder / "home", nice=0)
        self.bare: Any = None
        if name == "server":
            (folder / "qdrant").mkdir()
            address = opened.enter_context(QdrantProcess(get_qdrant.BINARY, folder / "qdrant")).address
            settings = address.settings(folder / "home", store_timeout_s=60)
            server = opened.enter_context(closing(Server(ServerOptions.of(settings))))
            self.bare = BareClient(address, server, self.spec)
        else:
            self.bare = BareShard(folder / "bare", self.spec)
        self.store = opened.enter_context(closing(open_store(settings)))
        self.table = Table(
            "measured", "bare", "techfinder", "ratio", title=f"{name}, {people:,} people, {dim} dimensions"
        )

    def run(self) -> None:
        """Build both, ask both, print."""
        writer = self.store.write(self.spec)
        self._write(writer)
        if self.queries:
            self._finish(writer)
        if self.queries and self.name == "edge":
            shard = Shard.load(self.folder / "bare", self.spec.dim)
            with closing(self.store.open("people")) as people:
                self._search(shard, people)
                self._facets(shard, people)
        writer.discard()
        Console().print(self.table)

    def _write(self, writer: Any) -> None:
        bare, product, written = 0.0, 0.0, 0
        first = self.points[:BATCH]  # with these the payload indexes are made: not counted
        self._write_bare([self._stored(first)], 0)
        _write(writer, [first])
        for start in range(BATCH, len(self.points), TURN):
            batches = [self.points[n : n + BATCH] for n in range(start, min(start + TURN, len(self.points)), BATCH)]
            bare += _seconds(self._write_bare, [self._stored(b) for b in batches], BATCH + written)
            product += _seconds(_write, writer, batches)
            written += sum(map(len, batches))
        self._row("upsert, points/s", written / bare, written / product)

    def _stored(self, batch: Sequence[Point]) -> list[tuple[UUID, StoredPoint]]:
        checked = check_points(batch, self.spec.dim, "cosine", self.attributes)
        return [(point_id(p.id), p) for p in checked]

    def _finish(self, writer: Any) -> None:
        indexed = len(self.points) <= GRAPH_FROM
        finishing, sealing = _seconds(self.bare.finish, indexed), _seconds(writer.seal)
        writer.publish()
        self._row("graph and indexes; product also columns and check, s", finishing, sealing)
        second = self.store.write(self.spec)
        changing = _seconds(second.upsert, self.points[:BATCH])
        self._row(f"change {BATCH:,} and seal, s", None, changing + _seconds(second.seal))
        second.discard()

    def _write_bare(self, batches: Sequence[Sequence[tuple[UUID, StoredPoint]]], written: int) -> None:
        for batch in batches:
            if written <= GRAPH_FROM < written + len(batch):  # the product does the same
                self.bare.drop_indexes()
            self.bare.upsert(batch)
            written += len(batch)

    def _search(self, shard: Shard, people: Any) -> None:
        def bare(query: Any, where: dict[str, Any], exact: bool) -> list[Any]:
            found = shard.nearest(query / np.linalg.norm(query), where, LIMIT, exact)
            return list(shard.payloads([UUID(bytes=i) for i, _ in found]))

        for name, clauses in (("no filter", ()), ("two conditions", self.filters[0])):
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
        requests = [[FacetRequest(f, where, f) for f in fields] for where in self.filters]
        bare = [to_filter(where, self.attributes) for where in self.filters]
        ours = _times([lambda r=r: people.facets(r) for r in requests])
        theirs = _times([lambda w=w: [_engine_facet(shard, f, w) for f in fields] for w in bare])
        self._row("filter and 11 facets, p50 ms", float(np.median(theirs)), float(np.median(ours)))

    def _row(self, name: str, theirs: float | None, ours: float) -> None:
        ratio = "" if theirs is None else f"{ours / theirs:.2f}"
        self.table.add_row(name, "" if theirs is None else f"{theirs:,.2f}", f"{ours:,.3f}", ratio)


def _write(writer: Any, batches: Sequence[Sequence[Point]]) -> None:
    for batch in batches:
        writer.upsert(batch)
    writer.delete([])  # returns when all that came before is written


def _engine_facet(shard: Shard, field: str, where: dict[str, Any]) -> int:
    """The engine's own facet, which the product does not use."""
    request = qdrant_edge.FacetRequest(field, limit=1000, exact=True, filter=engine._filter(where))
    return len(shard._shard.facet(request))


def _seconds(job: Callable[..., object], *arguments: object) -> float:
    start = time.perf_counter()
    job(*arguments)
    return time.perf_counter() - start


def _times(jobs: list[Callable[[], object]]) -> list[float]:
    """Milliseconds of each job."""
    return [_seconds(job) * 1000 for job in jobs]


if __name__ == "__main__":
    main()
