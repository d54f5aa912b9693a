"""The server store fulfils the contract, against a real Qdrant."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import closing

import pytest

from qdrant_process import QdrantAddress
from techfinder.interfaces import Store
from techfinder.store import open_store
from techfinder.testing.store_contract import StoreContract
from techfinder.testing.store_samples import build, make_points, make_spec


class TestServerStore(StoreContract):
    in_place = True

    @pytest.fixture(scope="class")
    @classmethod
    def store(cls, qdrant: QdrantAddress, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Store]:
        with closing(open_store(qdrant.settings(tmp_path_factory.mktemp("home")))) as store:
            yield store
            for info in store.collections():
                store.drop(info.collection)

    @pytest.mark.parametrize(("changed", "number", "revision"), [(1000, 1, 1), (1001, 2, 0)])
    def test_more_than_a_thousand_changes_make_a_generation(
        self, store: Store, name: str, changed: int, number: int, revision: int
    ) -> None:
        build(store, make_spec(name), make_points(3))
        live = build(store, make_spec(name), make_points(3 + changed)[3:])
        assert (live.number, live.revision, live.points) == (number, revision, 3 + changed)
