"""Both stores and the brute-force judge give the same answers to random plans, in every state a store can be in."""

from __future__ import annotations

import random
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, closing
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

from plain_counts import coverage_differs, standing_differs
from qdrant_process import QdrantAddress
from random_clauses import random_profiles
from random_plans import GRIDS, ask, differences, expected, grid_vector, random_question
from techfinder.coverage import coverage
from techfinder.histograms import Spans
from techfinder.interfaces import Collection, CollectionSpec, Point, Store
from techfinder.interfaces.points import FacetQuery, OrderedQuery, ScrollQuery
from techfinder.judge import Judge
from techfinder.models import Profile
from techfinder.plan import Condition
from techfinder.schema import Schema, load_schema
from techfinder.settings import Settings
from techfinder.standing import standing
from techfinder.store import open_store
from techfinder.store.points import point_id
from techfinder.testing.store_samples import build, eventually, vector_of, words

SIZE, DIM, GUESTS = 600, 8, 100
SHORT, BATCHES, LONG = 20, 5, 200
SCHEMAS = {"every-kind": Path(__file__).parent / "every_kind.toml", "tech-adoption": None}
READERS = ("edge", "edge-changed", "server", "server-changed", "server-scanned", "server-rest")
ROUNDS = {"edge": 1, "server": 4}
"""Changes after the first build; each costs the embedded store a second."""


@dataclass(frozen=True)
class Stage:
    """The same people before the judge and in every store."""

    judge: Judge
    readers: dict[str, Collection]

    @property
    def schema(self) -> Schema:
        return self.judge.schema


@pytest.fixture(scope="module")
def stage(tmp_path_factory: pytest.TempPathFactory, qdrant: QdrantAddress) -> Iterator[Stage]:
    with ExitStack() as opened:
        yield _set_up(opened, "every-kind", tmp_path_factory.mktemp, qdrant)


@pytest.fixture(scope="module")
def shipped(tmp_path_factory: pytest.TempPathFactory, qdrant: QdrantAddress) -> Iterator[Stage]:
    with ExitStack() as opened:
        yield _set_up(opened, "tech-adoption", tmp_path_factory.mktemp, qdrant)


def _set_up(opened: ExitStack, name: str, folder: Callable[[str], Path], qdrant: QdrantAddress) -> Stage:
    schema, rng = load_schema(SCHEMAS[name]), random.Random(20)
    points = _points(random_profiles(schema, SIZE, rng), rng)
    attributes = {k: a.storage for k, a in schema.attributes.items()}
    fresh = CollectionSpec(f"{name}-fresh", DIM, "cosine", "hash", "t", schema.name, attributes)
    changed = replace(fresh, name=f"{name}-changed")

    def store(kind: str, **settings: Any) -> Store:
        chosen = {"edge": Settings(home=folder(kind), nice=0)}.get(kind) or qdrant.settings(folder(kind), **settings)
        return opened.enter_context(closing(open_store(chosen)))

    def filled(kind: str) -> dict[str, Collection]:
        target = store(kind)
        build(target, fresh, random.Random(1).sample(points, SIZE))
        return {kind: target.open(fresh.name), f"{kind}-changed": _changed(target, changed, points, ROUNDS[kind])}

    with ThreadPoolExecutor() as threads:
        readers = {name: reader for part in threads.map(filled, ROUNDS) for name, reader in part.items()}
    other = store("other")
    opened.callback(lambda: [other.drop(s.name) for s in (fresh, changed)])
    readers["server-scanned"] = other.open(changed.name)
    readers["server-rest"] = store("rest", qdrant_grpc_port=0).open(fresh.name)
    return Stage(Judge(schema, [p.profile for p in points], _unit_vectors(points)), readers)


def _unit_vectors(points: list[Point]) -> NDArray[np.float32]:
    vectors = np.stack([p.vector for p in points if p.vector is not None])
    return vectors / np.linalg.norm(vectors, axis=1)[:, None]


def _points(profiles: list[Profile], rng: random.Random) -> list[Point]:
    """Stored order is not the order of ids; many vectors are equal, some not of norm 1."""
    grids = [grid_vector(rng, DIM, rng.choice(GRIDS)) for _ in range(SIZE // 2)]
    rng.shuffle(profiles)
    return [
        Point(p, 3 * n - SIZE, f"r{n}", f"t{n}", rng.choice(grids) * np.float32(rng.choice((1, 1, 2, 0.25))))
        for n, p in enumerate(profiles)
    ]


def _changed(store: Store, spec: CollectionSpec, points: list[Point], rounds: int) -> Collection:
    """A reader from before the last changes, on a collection that came to hold the points by and by."""
    rng = random.Random(5)
    values = [p.profile.values for p in rng.sample(points, SIZE)]
    first = [
        replace(p, profile=replace(p.profile, values=v))
        for p, v in zip(points[:-GUESTS], values[:-GUESTS], strict=True)
    ]
    guests = [replace(p, profile=Profile(f"guest {n}", p.profile.values)) for n, p in enumerate(points[-GUESTS:])]
    build(store, spec, [*first, *guests])
    reader = store.open(spec.name)
    for turn in range(rounds):
        writer = store.write(spec)
        writer.delete(p.profile.id for p in guests[turn::rounds])
        for point in points[turn:-GUESTS:rounds]:
            writer.upsert([replace(point, vector=None) if rng.random() < 0.5 else point])
        writer.upsert(points[SIZE - GUESTS + turn :: rounds])
        info = writer.seal()
        writer.publish()
    assert eventually(lambda: reader.info() == info)
    return reader


def _agree(stage: Stage, seeds: range) -> None:
    totals = []
    for seed in seeds:
        question = random_question(stage.schema, stage.judge.profiles, DIM, seed)
        wanted = expected(stage.judge, question)
        replies = {kind: ask(reader, stage.schema, question) for kind, reader in stage.readers.items()}
        found = {kind: differences(stage.judge, question, wanted, reply) for kind, reply in replies.items()}
        assert not any(found.values()), (seed, found, question)
        totals.append(wanted.total)
    assert any(0 < total < SIZE // 2 for total in totals)


@pytest.mark.parametrize("batch", range(BATCHES))
def test_everyone_agrees(stage: Stage, batch: int) -> None:
    _agree(stage, range(batch * SHORT, (batch + 1) * SHORT))


@pytest.mark.slow
@pytest.mark.parametrize("batch", range(5))
def test_everyone_agrees_on_a_thousand_plans(stage: Stage, batch: int) -> None:
    _agree(stage, range(10_000 + batch * LONG, 10_000 + (batch + 1) * LONG))


@pytest.mark.slow
@pytest.mark.parametrize("batch", range(5))
def test_everyone_agrees_on_a_thousand_plans_of_the_shipped_schema(shipped: Stage, batch: int) -> None:
    _agree(shipped, range(20_000 + batch * LONG, 20_000 + (batch + 1) * LONG))


def test_digests_are_the_same_everywhere(stage: Stage) -> None:
    infos = {kind: reader.info() for kind, reader in stage.readers.items()}

    assert {(i.points, i.digest) for i in infos.values()} == {(SIZE, infos["edge"].digest)}
    assert infos["server-changed"].revision == ROUNDS["server"]


@pytest.mark.parametrize(
    "clause",
    [
        Condition(field="balance", op="range", gt=2**53),
        Condition(field="balance", op="range", gte=2**53, lt=2**53 + 2),
        Condition(field="balance", op="range", lt=-(2**39) - 0.5),
        Condition(field="balance", op="any_of", values=(str(2**53 + 1), "-3.0")),
        Condition(field="balance", op="none_of", values=(str(2**53 + 3), "nan")),
        Condition(field="drift", op="any_of", values=("nan", "inf", "1e300")),
        Condition(field="drift", op="none_of", values=("nan",)),
        Condition(field="drift", op="any_of", values=("-0",)),
        Condition(field="drift", op="range", gt=0, lt=1e-300),
        Condition(field="nickname", op="any_of", values=("", "e\u0301te\u0301", "z\0")),
    ],
    ids=words,
)
def test_odd_values_are_told_apart_by_everyone(stage: Stage, clause: Condition) -> None:
    matches = sorted(p.id for p in stage.judge.matches([clause]))
    for kind, people in stage.readers.items():
        assert people.count([clause]) == len(matches), kind
        assert sorted(p.id for p in people.browse([clause], [], SIZE)) == matches, kind
        found = people.search(vector_of(1), [clause], SIZE)
        assert sorted(h.profile.id for h in found) == matches, kind
    assert 0 < len(matches) < SIZE or "nan" in clause.values


@pytest.mark.parametrize("kind", READERS)
def test_standing_and_coverage_are_what_plain_counting_says(stage: Stage, kind: str) -> None:
    people, everybody = stage.readers[kind], stage.judge.profiles
    spans = Spans()
    told = set()
    for profile in everybody[::40]:
        found = standing(profile.id, stage.schema, people, spans)
        assert standing_differs(stage.schema, everybody, found) == []
        assert found.profile == profile
        told |= {f.key for f in found.fields}
    assert {"balance", "drift", "stage"} < told
    assert coverage_differs(stage.schema, everybody, coverage(stage.schema, people, spans)) == []


def test_points_as_they_are_come_alike_from_everyone(stage: Stage) -> None:
    some = {"must_not": [{"is_empty": {"key": "balance"}}]}
    profiles = sorted((p for p in stage.judge.profiles if "balance" in p.values), key=lambda p: point_id(p.id).bytes)
    middle = str(point_id(profiles[100].id))
    asked = [
        ScrollQuery(some, middle, 50),
        ScrollQuery(some, "", 50, offset=17),
        OrderedQuery(some, "balance", True, 40, 5),
    ]
    asked += [OrderedQuery(some, "_ordinal", d, 30, 300) for d in (False, True)]
    counted = [FacetQuery(some, k) for k, a in stage.schema.attributes.items() if a.storage != "float"]
    scroll, skipped, *ordered = ([p.payload["_id"] for p in a.points] for a in stage.readers["edge"].points(asked))
    assert scroll == [p.id for p in profiles[100:150]]
    assert skipped == [p.id for p in profiles[17:67]]
    assert all(ordered)
    counts = stage.readers["edge"].points(counted)
    for kind, people in stage.readers.items():
        found = [[p.payload["_id"] for p in a.points] for a in people.points(asked)]
        assert found == [scroll, skipped, *ordered], kind
        assert people.points(counted) == counts, kind


@pytest.mark.parametrize("kind", READERS)
def test_pages_put_together_are_the_whole(stage: Stage, kind: str) -> None:
    people, judge = stage.readers[kind], stage.judge
    query = grid_vector(random.Random(3), DIM, 8)  # hundreds have the same score
    hits = [h for offset in range(0, SIZE + 50, 50) for h in people.search(query, [], 50, offset)]
    assert [h.profile for h in hits] == [p for p, _ in judge.search(query, [], SIZE)]
    pages = [p for offset in range(0, SIZE + 50, 50) for p in people.browse([], [], 50, offset)]
    assert pages == judge.profiles
