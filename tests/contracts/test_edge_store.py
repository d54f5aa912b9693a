"""The embedded store fulfils the contract, and reads the same with payload indexes, which few people do without."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import closing

import pytest

from techfinder.interfaces import Store
from techfinder.settings import Settings
from techfinder.store import open_store
from techfinder.store.edge.store import EdgeStore
from techfinder.testing.store_contract import StoreContract
from techfinder.testing.store_reading import ReadingContract


class TestEdgeStore(StoreContract):
    @pytest.fixture(scope="class")
    @classmethod
    def store(cls, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Store]:
        with closing(open_store(Settings(home=tmp_path_factory.mktemp("home"), nice=0))) as store:
            yield store


class TestReadingWithIndexes(ReadingContract):
    @pytest.fixture(scope="class")
    @classmethod
    def store(cls, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Store]:
        settings = Settings(home=tmp_path_factory.mktemp("indexed"), nice=0)
        with closing(EdgeStore(settings, indexed_from=0)) as store:
            yield store
