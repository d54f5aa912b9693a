"""What a graph finds of the exact best twenty, on both stores, at 20,000 people."""

from __future__ import annotations

import os
from contextlib import closing
from pathlib import Path

import pytest

from qdrant_process import QdrantAddress
from recall_bands import BANDS, QUESTIONS, encoded_people, fill, has_graph, measure
from techfinder.schema import load_schema
from techfinder.settings import Settings
from techfinder.store import open_store
from techfinder.testing.fakes import HashEncoder

PEOPLE = int(os.environ.get("TECHFINDER_TEST_PEOPLE", "20000"))
NAME = "recall"


@pytest.mark.slow
@pytest.mark.timeout(3600)
@pytest.mark.parametrize("kind", ["edge", "server"])
def test_the_graph_finds_nearly_all(kind: str, tmp_path: Path, qdrant: QdrantAddress) -> None:
    settings = Settings(home=tmp_path, nice=0) if kind == "edge" else qdrant.settings(tmp_path)
    schema, encoder = load_schema(), HashEncoder(dim=384)
    with closing(open_store(settings)) as store:
        fill(store, NAME, schema, encoder, encoded_people(schema, encoder, PEOPLE))
        assert has_graph(settings, NAME)
        with closing(store.open(NAME)) as people:
            assert people.info().points == PEOPLE
            assert not people.info().exact
            found = {share: measure(people, [encoder.encode_query(q) for q in QUESTIONS], share) for share in BANDS}
        store.drop(NAME)
    assert all(band.recall >= 0.99 for band in found.values()), found
