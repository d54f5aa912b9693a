"""The server store fulfils the contract, against a real Qdrant."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import closing

import pytest

from qdrant_process import QdrantAddress
from techfinder.interfaces import Store
from techfinder.store import open_store
from techfinder.testing.store_contract import StoreContract


class TestServerStore(StoreContract):
    in_place = True

    @pytest.fixture(scope="class")
    @classmethod
    def store(cls, qdrant: QdrantAddress, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Store]:
        with closing(open_store(qdrant.settings(tmp_path_factory.mktemp("home")))) as store:
            yield store
            for info in store.collections():
                store.drop(info.collection)
