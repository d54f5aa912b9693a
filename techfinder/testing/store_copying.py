"""What every store must do so that it can be copied, as tests; a part of ``StoreContract``."""

from __future__ import annotations

from contextlib import closing
from dataclasses import replace

import numpy as np
import pytest

from techfinder.errors import CollectionNotFound, StoreError
from techfinder.interfaces import Store
from techfinder.testing.store_samples import DIM, Discarding, build, ids, make_point, make_points, make_spec

__all__ = ["CopyingContract"]


class CopyingContract:
    """Tests of ``Store.scan``, of writers for copies, and of what a store tells of itself."""

    in_place = False

    def test_a_scan_gives_back_what_was_written(self, store: Store, name: str) -> None:
        points = make_points(1500)
        info = build(store, make_spec(name), points)
        scan = store.scan(name)
        assert (scan.info, scan.spec) == (info, make_spec(name))
        found = [p for batch in scan.points("") for p in batch]
        assert sorted(ids([p.profile for p in found])) == sorted(p.profile.id for p in points)
        by_id = {p.profile.id: p for p in points}
        for point in found:
            written = by_id[point.profile.id]
            assert replace(point, vector=None) == replace(written, vector=None)
            assert np.asarray(point.vector).tobytes() == np.asarray(written.vector).tobytes()
        last = found[700].profile.id
        assert [p.profile.id for batch in scan.points(last) for p in batch] == [p.profile.id for p in found[701:]]
        assert list(scan.points(found[-1].profile.id)) == []
        again = build(store, replace(scan.spec, name=f"{name}again"), found)
        assert (again.points, again.digest) == (info.points, info.digest)

    @pytest.mark.parametrize("change", ["changed", "dropped"])
    def test_a_scan_is_of_one_generation_as_a_whole_or_an_error(self, store: Store, name: str, change: str) -> None:
        points = make_points(1500)
        build(store, make_spec(name), points)
        batches = store.scan(name).points("")
        found = list(next(batches))
        if change == "changed":
            build(store, make_spec(name), [make_point(3, age=99), make_point(1400, age=99)])
        else:
            store.drop(name)
        if self.in_place:
            with pytest.raises(StoreError, match="Run the same command again"):
                list(batches)
        else:
            found += [p for batch in batches for p in batch]
            assert {p.profile.id: p.profile for p in found} == {p.profile.id: p.profile for p in points}

    def test_a_scan_needs_a_collection(self, store: Store, name: str) -> None:
        with pytest.raises(CollectionNotFound, match=name):
            store.scan(name)
        build(store, make_spec(name), [])
        assert list(store.scan(name).points("")) == []

    def test_a_copy_that_was_broken_off_is_gone_on_with(self, store: Store, name: str) -> None:
        points = make_points(2300)
        whole = build(store, make_spec(f"{name}whole"), points)
        points = [p for batch in store.scan(f"{name}whole").points("") for p in batch]
        writer = store.write(make_spec(name), copy_of="this")
        assert writer.resumed == 0
        writer.upsert(points[:1100])
        writer.suspend()
        writer.suspend()
        assert store.generations(name) == []
        with closing(Discarding(store.write(make_spec(name), copy_of="this"))) as writer:
            assert writer.resumed in (0, 1000)
            assert writer.base is None
            for start in range(0, 2300, 500):
                writer.upsert(points[start : start + 500])
            assert (writer.seal().points, writer.seal().digest) == (whole.points, whole.digest)
            writer.publish()
        assert store.verify(name) == []

    def test_no_one_else_goes_on_with_a_copy(self, store: Store, name: str) -> None:
        for other in ("that", ""):
            writer = store.write(make_spec(name), copy_of="this")
            writer.upsert(make_points(1000))
            writer.suspend()
            with closing(Discarding(store.write(make_spec(name), copy_of=other))) as writer:
                assert writer.resumed == 0
                assert writer.seal().points == 0

    def test_a_store_says_where_it_is_and_how_large(self, store: Store, name: str) -> None:
        info = build(store, make_spec(name), make_points(50))
        assert store.place()
        sizes = store.disk_bytes(name)
        assert set(sizes) == {info.number}
        assert sizes[info.number] > 50 * DIM * 4
        assert store.disk_bytes("nowhere") == {}
