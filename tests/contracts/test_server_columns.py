"""The columns of a server's generations do not pile up in the home folder."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from pathlib import Path

import numpy as np

from qdrant_process import QdrantAddress
from techfinder.store import open_store
from techfinder.store.columns import Columns
from techfinder.store.points import StoredBatch, point_id
from techfinder.store.server.columns_cache import ColumnsCache
from techfinder.testing.store_samples import build, eventually, make_points, make_spec


def test_columns_go_with_their_generation(qdrant: QdrantAddress, tmp_path: Path) -> None:
    name, cache = "columns-go", tmp_path / "cache" / "columns"
    with closing(open_store(qdrant.settings(tmp_path, keep_generations=1))) as store:
        for size in (3, 4, 5):
            build(store, make_spec(name), make_points(size), fresh=True)
            with closing(store.open(name)) as people:
                assert people.count([]) == size
            assert len(list(cache.iterdir())) == 1
        store.drop(name)
    assert list(cache.iterdir()) == []


def test_columns_of_a_reader_elsewhere_go_too(qdrant: QdrantAddress, tmp_path: Path) -> None:
    """Its home is not the writer's, who removes what is in the own one."""
    name, cache = "columns-elsewhere", tmp_path / "b" / "cache" / "columns"
    with (
        closing(open_store(qdrant.settings(tmp_path / "a", keep_generations=1))) as writing,
        closing(open_store(qdrant.settings(tmp_path / "b"))) as reading,
    ):
        build(writing, make_spec(name), make_points(3))
        with closing(reading.open(name)) as people:
            build(writing, make_spec(name), make_points(4), fresh=True)
            assert eventually(lambda: people.count([]) == 4)
            assert eventually(lambda: len(list(cache.iterdir())) == 1)
        assert len(list(cache.rglob("index.json"))) == 1


def test_a_note_on_a_server_leads_to_no_other_folder(tmp_path: Path) -> None:
    kept = tmp_path / "cache" / "kept"
    kept.mkdir(parents=True)
    ColumnsCache(tmp_path).remove(["..", "../kept", "", str(kept)])
    assert kept.is_dir()


def test_newer_columns_take_the_place_of_older_ones(tmp_path: Path) -> None:
    cache = ColumnsCache(tmp_path)
    for revision in (0, 2, 11):
        cache.write("b", revision, {"age": "integer"}, [])
    assert [p.name[:8] for p in (tmp_path / "cache" / "columns" / "b").iterdir()] == ["00000011"]
    found = cache.newest("b", 12)
    assert found is not None
    assert found[0] == 11
    assert isinstance(found[1], Columns)
    assert cache.newest("b", 10) is None


def test_columns_that_two_write_at_once_are_always_there_and_whole(tmp_path: Path) -> None:
    """Several processes with one home see the same change, and write the same columns in the same moment."""
    cache, attributes = ColumnsCache(tmp_path), {"age": "integer", "sector": "keyword", "tags": "keywords"}
    cache.write("b", 0, attributes, [])

    def write_and_read(size: int) -> list[int]:
        found = []
        for _ in range(60):
            cache.write("b", 0, attributes, [_batch(size)])
            kept = cache.newest("b", 0)
            found.append(-1 if kept is None else len({kept[1].points, len(kept[1].array("age.numbers"))}))
        return found

    with ThreadPoolExecutor(2) as pool:
        assert [set(found) for found in pool.map(write_and_read, (3, 4))] == [{1}, {1}]


def _batch(size: int) -> StoredBatch:
    payloads = [{"_id": f"p{n}", "_ordinal": n, "_row": "", "_text": "", "age": n} for n in range(size)]
    return StoredBatch([point_id(p["_id"]) for p in payloads], payloads, np.empty((size, 0), dtype=np.float32))
