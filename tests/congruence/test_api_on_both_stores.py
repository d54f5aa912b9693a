"""The API answers the same from the embedded store and from a server: pages, likeness, comparisons."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest
from pydantic import BaseModel

import homes
from qdrant_process import QdrantAddress
from techfinder.app import create_app
from techfinder.client import Client
from techfinder.plan import Condition, QueryPlan
from techfinder.testing.fakes import HashEncoder

NEAR = 2e-6


@pytest.fixture(scope="module")
def clients(tmp_path_factory: pytest.TempPathFactory, qdrant: QdrantAddress) -> Iterator[tuple[Client, Client]]:
    server = {"store": "server", "qdrant_url": qdrant.url, "qdrant_grpc_port": qdrant.grpc_port}
    finders = []
    for name, settings in (("edge", {}), ("server", server)):
        home: Path = tmp_path_factory.mktemp(name)
        finder = homes.open_home(home, HashEncoder().entry(), collection="api-on-both", **settings)
        homes.index(finder, "synthetic:n=60,seed=4")
        finder.load_encoder()
        finders.append(finder)
    edge, other = (Client("http://127.0.0.1", transport=httpx.WSGITransport(app=create_app(finder=f))) for f in finders)
    yield edge, other
    for finder in finders:
        finder.store.drop("api-on-both")
        finder.close()


def plain(answer: BaseModel) -> dict[str, Any]:
    """An answer without what is each store's own: how quickly, and the state that a cursor belongs to."""
    return answer.model_dump(mode="json", exclude={"took_ms", "next"})


def near(part: Any) -> Any:
    """The same, its numbers to a millionth or two."""
    if isinstance(part, dict):
        return {k: near(v) for k, v in part.items()}
    if isinstance(part, float):
        return pytest.approx(part, abs=NEAR)
    return [near(p) for p in part] if isinstance(part, list) else part


@pytest.mark.parametrize("meaning", ["gaming and music", ""])
def test_pages(clients: tuple[Client, Client], meaning: str) -> None:
    plan = QueryPlan(meaning=meaning, conditions=(Condition(field="age", op="range", lt=60),))
    edge, server = ([plain(p) for p in c.pages(plan, size=7, facets=["gender"])] for c in clients)
    assert server == near(edge)
    assert len(edge) > 5


def test_likeness_and_comparison(clients: tuple[Client, Client]) -> None:
    similar = [c.similar(["TU0001", "TU0002"], ["TU0003"], filters={"age": "20..60"}) for c in clients]
    compared = [c.compare(["TU0001", "TU0002", "TU0003"]) for c in clients]
    for edge, server in (similar, compared):
        assert plain(server) == near(plain(edge))


def test_standing_and_coverage(clients: tuple[Client, Client]) -> None:
    edge, server = (plain(c.standing("TU0002")) for c in clients)
    assert server == edge
    assert len(edge["fields"]) > 10
    edge, server = (c.coverage().model_dump(mode="json", exclude={"created_at"}) for c in clients)
    assert server == edge
