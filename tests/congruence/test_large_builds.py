"""Which payload indexes there are: none of few people in the embedded store, later every one, in both stores.

Past ten thousand points they are dropped while writing; in the end every one is there again. And there
is a graph from then on, which searches go through only where it finds nearly everybody.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import closing
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import qdrant_edge
from qdrant_client import QdrantClient

from qdrant_process import QdrantAddress
from techfinder.interfaces import Point, Store
from techfinder.plan import Condition
from techfinder.settings import Settings
from techfinder.store import open_store
from techfinder.store.folders import copy_sparse
from techfinder.store.graph import GRAPH_FROM, INDEXED_FROM
from techfinder.testing.store_samples import ATTRIBUTES, DIM, Discarding, make_points, make_spec, vector_of

NAME = "large"
BATCH = 2000
ALIKE = vector_of(1) + 0.02 * np.random.default_rng(5).normal(size=(GRAPH_FROM + 500, DIM)).astype(np.float32)


@pytest.fixture(params=["edge", "server"])
def settings(request: pytest.FixtureRequest, tmp_path: Path, qdrant: QdrantAddress) -> Settings:
    home = tmp_path / "home"
    return Settings(home=home, nice=0) if request.param == "edge" else qdrant.settings(home)


@pytest.fixture
def store(settings: Settings) -> Iterator[Store]:
    with closing(open_store(settings)) as opened:
        yield opened
        opened.drop(NAME)


def write(store: Store, points: list[Point]) -> None:
    writer = store.write(make_spec(NAME))
    try:
        for start in range(0, len(points), BATCH):
            writer.upsert(points[start : start + BATCH])
        writer.seal()
        writer.publish()
    finally:
        writer.discard()


def indexed(settings: Settings, scratch: Path) -> dict[str, int]:
    """Points by attribute that the engine has an index for, in the live generation."""
    if settings.store == "server":
        with closing(QdrantClient(url=settings.qdrant_url)) as client:
            schema = client.get_collection(NAME).payload_schema
            return {key: found.points for key, found in schema.items() if key in ATTRIBUTES}
    newest = max((settings.home / "store" / NAME / "generations").iterdir())
    copy_sparse(newest / "shard", scratch)
    shard = qdrant_edge.EdgeShard.load(str(scratch))
    try:
        return {key: found.points for key, found in shard.info().payload_schema.items()}
    finally:
        shard.close()


def having(points: list[Point]) -> dict[str, int]:
    return {key: sum(key in p.profile.values for p in points) for key in ATTRIBUTES}


@pytest.mark.parametrize("settings", ["edge"], indirect=True)
def test_indexes_come_with_the_five_hundredth_point_and_stay(store: Store, settings: Settings, tmp_path: Path) -> None:
    points = make_points(INDEXED_FROM)
    where = [Condition(field="sector", op="any_of", values=("Arts", "Legal"))]
    write(store, points[:-1])
    assert indexed(settings, tmp_path / "few") == {}
    assert store.verify(NAME) == []
    with closing(store.open(NAME)) as people:
        few = people.search(vector_of(3), where, INDEXED_FROM)
    write(store, points)
    assert indexed(settings, tmp_path / "more") == having(points)
    assert store.verify(NAME) == []
    with closing(store.open(NAME)) as people:
        more = people.search(vector_of(3), where, INDEXED_FROM)
    last = points[-1].profile.id
    assert [(h.profile.id, h.score) for h in few] == [(h.profile.id, h.score) for h in more if h.profile.id != last]
    with closing(Discarding(store.write(make_spec(NAME)))) as writer:
        writer.delete([p.profile.id for p in points[10:]])
        writer.seal()
        writer.publish()
    assert indexed(settings, tmp_path / "fewer") == having(points[:10])


@pytest.mark.slow
def test_a_large_build_has_every_index_in_the_end(store: Store, settings: Settings, tmp_path: Path) -> None:
    points = make_points(GRAPH_FROM + 500)
    write(store, points)
    assert indexed(settings, tmp_path / "first") == having(points)

    moved = [Point(p.profile, p.ordinal + len(points), p.row + "x", p.text, p.vector) for p in points]
    write(store, moved)  # everyone is changed: the indexes of the copy are dropped and made again
    assert indexed(settings, tmp_path / "second") == having(points)
    assert store.verify(NAME) == []


@pytest.mark.slow
def test_a_few_changes_of_a_large_generation_are_indexed_with_it(
    store: Store, settings: Settings, tmp_path: Path
) -> None:
    points = make_points(GRAPH_FROM + 1000)
    write(store, points[:-500])
    write(store, points[-500:])
    assert indexed(settings, tmp_path / "shard") == having(points)
    with closing(store.open(NAME)) as people:
        where = [Condition(field="age", op="range", gte=18, lt=30)]
        expected = sum(18 <= int(p.profile.values.get("age", 0)) < 30 for p in points)  # type: ignore[arg-type]
        assert people.count(where) == expected
        found = people.search(points[-1].vector, where, 20000, exact=True)  # type: ignore[arg-type]
        assert len(found) == expected


@pytest.fixture
def coarse(settings: Settings) -> Iterator[Store]:
    """A store of small vectors, too coarse for the ones much alike that a graph is made of there."""
    with closing(open_store(settings.model_copy(update={"quantization": "int8"}))) as opened:
        write(opened, [replace(p, vector=v) for p, v in zip(make_points(len(ALIKE)), ALIKE, strict=True)])
        yield opened
        opened.drop(NAME)


@pytest.mark.slow
def test_where_the_graph_misses_people_everyone_is_compared(coarse: Store) -> None:
    with closing(coarse.open(NAME)) as people:
        assert people.info().exact
        for vector in ALIKE[:20]:
            found, best = ([h.score for h in people.search(vector, (), 10, exact=e)] for e in (False, True))
            assert found == best
    assert coarse.verify(NAME) == []
    with closing(Discarding(coarse.write(make_spec(NAME)))) as writer:  # fewer than a graph is made for, which stays
        writer.delete([f"p{n}" for n in range(600)])
        assert writer.seal().exact
        writer.publish()
    write(coarse, make_points(len(ALIKE)))  # each of its own kind: the small vectors do
    with closing(coarse.open(NAME)) as people:
        assert not people.info().exact


@pytest.mark.slow
@pytest.mark.parametrize("settings", ["edge"], indirect=True)
def test_a_look_finds_a_graph_that_misses_people(coarse: Store, settings: Settings) -> None:
    (path,) = settings.home.glob(f"store/{NAME}/generations/*/info.json")
    path.write_text(path.read_text(encoding="utf-8").replace('"exact": true', '"exact": false'), encoding="utf-8")
    (problem,) = coarse.verify(NAME)
    assert problem.startswith("graph: finds ")


@pytest.mark.slow
@pytest.mark.parametrize("settings", ["server"], indirect=True)
def test_a_graph_that_comes_with_a_few_more_people_is_measured(coarse: Store) -> None:
    points = [replace(p, vector=v) for p, v in zip(make_points(len(ALIKE)), ALIKE, strict=True)]
    coarse.drop(NAME)
    write(coarse, points[: GRAPH_FROM - 100])
    with closing(coarse.open(NAME)) as people:
        first = people.info()
        assert not first.exact
    write(coarse, points[GRAPH_FROM - 100 :])
    with closing(coarse.open(NAME)) as people:
        assert people.info().exact
        assert people.info().number > first.number
    assert coarse.verify(NAME) == []


@pytest.mark.slow
def test_groups_of_people_with_the_very_same_vector_are_found(store: Store) -> None:
    vectors = [vector_of(n) for n in range(155)]
    chosen = np.random.default_rng(6).integers(len(vectors), size=31_000)
    write(store, [replace(p, vector=vectors[n]) for p, n in zip(make_points(31_000), chosen, strict=True)])
    with closing(store.open(NAME)) as people:
        for vector in vectors:
            assert people.search(vector, (), 20)[-1].score == pytest.approx(1.0, abs=1e-4)
