"""Which payload indexes there are: none of few people in the embedded store, later every one, in both stores.

Past ten thousand points they are dropped while writing; in the end every one is there again.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest
import qdrant_edge
from qdrant_client import QdrantClient

from qdrant_process import QdrantAddress
from techfinder.errors import StoreError
from techfinder.interfaces import Point, Store
from techfinder.plan import Condition
from techfinder.settings import Settings
from techfinder.store import graph, open_store
from techfinder.store.folders import copy_sparse
from techfinder.store.graph import GRAPH_FROM, INDEXED_FROM
from techfinder.testing.store_samples import ATTRIBUTES, Discarding, make_points, make_spec, vector_of

NAME = "large"
BATCH = 2000


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
@pytest.mark.timeout(120)
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


@pytest.mark.slow
def test_a_graph_that_misses_what_it_should_find_does_not_go_live(
    store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(graph, "LEAST_RECALL", 1.01)  # as if it missed some
    with pytest.raises(StoreError, match=r"find 100% of the nearest, expected at least 101%\. Nothing went live"):
        write(store, make_points(GRAPH_FROM))
    assert NAME not in [g.collection for g in store.collections()]
