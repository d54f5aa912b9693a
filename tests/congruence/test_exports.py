"""An export is the same file from the embedded store and from a server."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

import homes
from qdrant_process import QdrantAddress
from techfinder.finder import Finder
from techfinder.plan import Condition, QueryPlan, Sort
from techfinder.testing.fakes import HashEncoder


@pytest.fixture(scope="module")
def finders(tmp_path_factory: pytest.TempPathFactory, qdrant: QdrantAddress) -> Iterator[tuple[Finder, Finder]]:
    server = {"store": "server", "qdrant_url": qdrant.url, "qdrant_grpc_port": qdrant.grpc_port}
    made = []
    for name, settings in (("edge", {}), ("server", server)):
        home: Path = tmp_path_factory.mktemp(name)
        finder = homes.open_home(home, HashEncoder().entry(), collection="exports", **settings)
        homes.index(finder, "synthetic:n=1200,seed=8")
        finder.load_encoder()
        made.append(finder)
    yield made[0], made[1]
    for finder in made:
        finder.store.drop("exports")
        finder.close()


@pytest.mark.parametrize("kind", ["csv", "jsonl", "ids"])
@pytest.mark.parametrize(
    "plan",
    [
        QueryPlan(),
        QueryPlan(sort=(Sort(field="age", descending=True),)),
        QueryPlan(conditions=(Condition(field="job_sector", op="any_of", values=("Finance",)),)),
    ],
)
def test_the_same_file_from_both_stores(finders: tuple[Finder, Finder], kind: str, plan: QueryPlan) -> None:
    edge, server = (b"".join(f.export(plan, kind).chunks()) for f in finders)
    assert server == edge
    assert edge.count(b"\n") > 50
