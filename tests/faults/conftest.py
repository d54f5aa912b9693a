"""An embedded store of its own for each test, with payload indexes, and with or without a collection that is read."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest
from edge_people import SIZE, SPEC

from techfinder.settings import Settings
from techfinder.store.edge.collection import EdgeCollection
from techfinder.store.edge.store import EdgeStore
from techfinder.testing.store_samples import build, make_points


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    return Settings(home=tmp_path, nice=0)


@pytest.fixture
def store(settings: Settings) -> Iterator[EdgeStore]:
    with closing(EdgeStore(settings, indexed_from=0)) as store:
        yield store


@pytest.fixture
def people(store: EdgeStore) -> Iterator[EdgeCollection]:
    """A reader of one generation of SIZE people."""
    build(store, SPEC, make_points(SIZE))
    with closing(store.open("people")) as people:
        yield people
