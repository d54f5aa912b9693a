"""How much of the exact answer the graph finds, by how few people a filter leaves."""

from __future__ import annotations

import statistics
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import islice
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from techfinder.interfaces import Collection, CollectionSpec, Encoder, Point, ScoredPoint, Store
from techfinder.models import Profile, Row
from techfinder.plan import Condition
from techfinder.plugins import Plugins
from techfinder.rows import RowReader
from techfinder.schema import Schema
from techfinder.settings import Settings
from techfinder.sources import open_source

__all__ = ["BANDS", "QUESTIONS", "Band", "encoded_people", "fill", "has_graph", "measure"]

BANDS = (1.0, 0.5, 0.05, 0.005, 0.0005)
"""Shares of all people that a filter leaves."""

LIMIT = 20
NEAR = 1e-6
BATCH = 1000
LOT = "lot"
"""An attribute that says nothing about a person: its range leaves exactly the share wanted."""

SECTORS = ("healthcare", "finance", "education", "retail", "engineering", "legal", "arts", "government")
WISHES = (
    "early adopters in {} with high technical proficiency",
    "laggards in {} on a small budget who do not use wearables",
    "innovators who work in {} and follow tech blogs",
    "people in {} who buy for price and read reviews",
    "young women in {} with an iPhone and a VR headset",
)
QUESTIONS = tuple(wish.format(sector) for wish in WISHES for sector in SECTORS)
"""Forty questions as people type them."""


@dataclass(frozen=True)
class Band:
    """What was measured with one filter.

    Attributes:
        share: Of all people, that the filter leaves.
        recall: Share of the exact best twenty that the graph finds; equals of the last one count.
        graph_ms, exact_ms: Median milliseconds of a search.
    """

    share: float
    recall: float
    graph_ms: float
    exact_ms: float


def encoded_people(
    schema: Schema, encoder: Encoder, size: int, tell: Callable[[int], None] = lambda _: None
) -> Iterator[Point]:
    """Made people with the vectors of their texts, one after the other. `tell` hears how many are done."""
    lots = np.random.default_rng(1).permutation(size).tolist()
    profiles = _profiles(schema, size)
    for start in range(0, size, BATCH):
        batch = list(islice(profiles, BATCH))
        vectors = encoder.encode_documents([schema.text(p) for p in batch])
        for n, (profile, vector) in enumerate(zip(batch, vectors, strict=True), start):
            tagged = Profile(profile.id, {**profile.values, LOT: lots[n]})
            yield Point(tagged, n, f"{n:032x}", f"{n:032x}", vector)
        tell(start + len(batch))


def fill(store: Store, name: str, schema: Schema, encoder: Encoder, points: Iterator[Point]) -> None:
    """Build the collection and make it live."""
    attributes: Mapping[str, str] = {k: a.storage for k, a in schema.attributes.items()} | {LOT: "integer"}
    spec = CollectionSpec(
        name, encoder.info.dim, "cosine", encoder.info.fingerprint, schema.template, schema.name, attributes
    )
    writer = store.write(spec, fresh=True)
    try:
        while batch := list(islice(points, BATCH)):
            writer.upsert(batch)
        writer.seal()
        writer.publish()
    finally:
        writer.discard()


def measure(people: Collection, queries: Sequence[NDArray[np.float32]], share: float) -> Band:
    """Each question through the graph and exactly."""
    size = people.info().points
    where = [] if share == 1 else [Condition(field=LOT, op="range", lt=max(1, round(size * share)))]
    found, times = [], []
    for query in queries:
        answers = [_timed(lambda q=query, e=exact: people.search(q, where, LIMIT, exact=e)) for exact in (False, True)]  # type: ignore[misc]
        found.append(_recall(*(hits for hits, _ in answers)))
        times.append([ms for _, ms in answers])
    graph_ms, exact_ms = (statistics.median(column) for column in zip(*times, strict=True))
    return Band(share, statistics.mean(found), graph_ms, exact_ms)


def has_graph(settings: Settings, name: str) -> bool:
    """Whether all vectors of the collection are in a graph, so that recall says something."""
    if settings.store == "edge":
        return any(settings.home.glob(f"store/{name}/generations/*/shard/**/graph.bin"))
    from qdrant_client import QdrantClient

    client = QdrantClient(url=settings.qdrant_url)
    try:
        info = client.get_collection(name)
        return bool(info.indexed_vectors_count) and info.indexed_vectors_count == info.points_count
    finally:
        client.close()


def _profiles(schema: Schema, size: int) -> Iterator[Profile]:
    plugins = Plugins.load(Settings(home=Path(__file__).parents[2] / ".cache" / "no-home"))
    source = open_source(f"synthetic:n={size},seed=11", plugins.sources())
    reader = RowReader(schema, source.columns())
    for row in source.rows():
        if isinstance(row, Row) and isinstance(profile := reader.read(row), Profile):
            yield profile


def _timed(search: Callable[[], list[ScoredPoint]]) -> tuple[list[ScoredPoint], float]:
    started = time.perf_counter()
    found = search()
    return found, (time.perf_counter() - started) * 1000


def _recall(graph: Sequence[ScoredPoint], exact: Sequence[ScoredPoint]) -> float:
    """Many people's texts are alike: whoever is as near as the last one of the exact answer is as good."""
    if not exact:
        return 1.0
    return sum(hit.score >= exact[-1].score - NEAR for hit in graph) / len(exact)
