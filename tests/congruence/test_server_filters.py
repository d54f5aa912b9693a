"""The filters that adapters share mean the same to a real Qdrant server and to the embedded store."""

from __future__ import annotations

import json
import random
import urllib.request
from collections.abc import Iterator
from contextlib import closing
from dataclasses import dataclass
from typing import Any

import pytest

from random_clauses import random_clauses, random_profiles
from techfinder.interfaces import Collection, CollectionSpec, Point
from techfinder.models import Profile
from techfinder.schema import Schema, load_schema
from techfinder.settings import Settings
from techfinder.store import open_store
from techfinder.store.conditions import to_filter
from techfinder.store.points import check_points, point_id
from techfinder.testing.store_samples import DIM, build, vector_of

SIZE = 300
NAME = "congruence-filters"


@dataclass(frozen=True)
class Stage:
    """The same people in both."""

    schema: Schema
    profiles: list[Profile]
    spec: CollectionSpec
    people: Collection
    url: str


@pytest.fixture(scope="module")
def stage(tmp_path_factory: pytest.TempPathFactory, qdrant_url: str) -> Iterator[Stage]:
    schema = load_schema()
    profiles = random_profiles(schema, SIZE, random.Random(7))
    attributes = {k: a.storage for k, a in schema.attributes.items()}
    spec = CollectionSpec("people", DIM, "cosine", "hash", "t", schema.name, attributes)
    points = [Point(p, n, f"r{n}", f"t{n}", vector_of(n)) for n, p in enumerate(profiles)]
    url = f"{qdrant_url}/collections/{NAME}"
    with closing(open_store(Settings(home=tmp_path_factory.mktemp("home"), nice=0))) as store:
        build(store, spec, points)
        _upload(url, spec, points)
        with closing(store.open("people")) as people:
            yield Stage(schema, profiles, spec, people, url)
    _ask(url, "DELETE")


def _upload(url: str, spec: CollectionSpec, points: list[Point]) -> None:
    _ask(url, "PUT", {"vectors": {"size": DIM, "distance": "Cosine"}})
    for key, storage in spec.attributes.items():
        kind = "keyword" if storage == "keywords" else storage
        _ask(f"{url}/index?wait=true", "PUT", {"field_name": key, "field_schema": kind})
    stored = check_points(points, DIM, spec.similarity, spec.attributes)
    body = [
        {"id": str(point_id(p.id)), "vector": vector_of(n).tolist(), "payload": p.payload} for n, p in enumerate(stored)
    ]
    _ask(f"{url}/points?wait=true", "PUT", {"points": body})


def _ask(url: str, method: str, body: object = None) -> Any:
    data = None if body is None else json.dumps(body).encode()
    request = urllib.request.Request(url, data, {"Content-Type": "application/json"}, method=method)
    with urllib.request.urlopen(request, timeout=20) as answer:
        return json.load(answer)["result"]


def _on_server(stage: Stage, query: dict[str, Any]) -> list[str]:
    body = {"filter": query, "limit": SIZE, "with_payload": ["_id"]}
    return sorted(p["payload"]["_id"] for p in _ask(f"{stage.url}/points/scroll", "POST", body)["points"])


@pytest.mark.parametrize("batch", range(5))
def test_server_and_edge_match_the_same_people(stage: Stage, batch: int) -> None:
    rng, sizes = random.Random(batch), []
    for _ in range(60):
        where = stage.schema.resolve(random_clauses(stage.schema, stage.profiles, rng))
        found = sorted(h.profile.id for h in stage.people.search(vector_of(1), where, SIZE))
        assert _on_server(stage, to_filter(where, stage.spec.attributes)) == found, where
        sizes.append(len(found))
    assert any(0 < size < SIZE // 2 for size in sizes)


def test_the_server_keeps_values_to_the_bit(stage: Stage) -> None:
    ids = [str(point_id(p.id)) for p in stage.profiles]
    found = _ask(f"{stage.url}/points", "POST", {"ids": ids, "with_payload": True})
    stored = {p["payload"]["_id"]: p["payload"] for p in found}
    for profile in stage.people.browse([], [], SIZE):
        values = {k: tuple(v) if isinstance(v, list) else v for k, v in stored[profile.id].items() if k[0] != "_"}
        assert values == profile.values
