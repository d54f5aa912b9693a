"""The gateway answers as Qdrant itself does: from the embedded store, from a server, and that server asked directly."""

from __future__ import annotations

import random
from collections.abc import Iterator, Mapping, Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from typing import Any

import httpx
import pytest

import homes
from qdrant_process import QdrantAddress
from techfinder.app import create_app
from techfinder.finder import Finder
from techfinder.models import Profile
from techfinder.schema import Attribute
from techfinder.store.points import point_id
from techfinder.testing.fakes import HashEncoder

NAME = "gateway-beside-qdrant"
ENCODER = HashEncoder(dim=16)
SHORT, LONG = 40, 600
SYSTEM = {"_row", "_text"}


@dataclass(frozen=True)
class Stage:
    """The same people behind three doors; each takes a path below a collection, and a body."""

    doors: Mapping[str, httpx.Client]
    profiles: Sequence[Profile]
    attributes: Sequence[Attribute]

    def ask(self, path: str, body: Mapping[str, Any]) -> dict[str, Any]:
        """The result at each door."""
        answers = {name: door.post(f"collections/{NAME}/{path}", json=body) for name, door in self.doors.items()}
        assert {a.status_code for a in answers.values()} == {200}, {n: a.text for n, a in answers.items()}
        return {name: a.json()["result"] for name, a in answers.items()}


@pytest.fixture(scope="module")
def stage(tmp_path_factory: pytest.TempPathFactory, qdrant: QdrantAddress) -> Iterator[Stage]:
    server = {"store": "server", "qdrant_url": qdrant.url, "qdrant_grpc_port": qdrant.grpc_port}
    with ExitStack() as opened:
        doors = {"qdrant": opened.enter_context(httpx.Client(base_url=qdrant.url))}
        for name, settings in (("edge", {}), ("server", server)):
            finder = homes.open_home(tmp_path_factory.mktemp(name), ENCODER.entry(), collection=NAME, **settings)
            opened.callback(finder.close)
            opened.callback(finder.store.drop, NAME)
            homes.index(finder, "synthetic:n=150,seed=11")
            doors[name] = opened.enter_context(_door(finder))
        yield Stage(
            doors, homes.read_profiles(finder, "synthetic:n=150,seed=11"), list(finder.schema.attributes.values())
        )


def _door(finder: Finder) -> httpx.Client:
    app = create_app(finder=finder)
    app.extensions["techfinder.gateway"].reader()
    return httpx.Client(base_url="http://127.0.0.1/qdrant/", transport=httpx.WSGITransport(app=app))


# --- filters as analysts write them -----------------------------------------------------------------


def random_filter(stage: Stage, rng: random.Random, depth: int = 0) -> dict[str, Any]:
    made: dict[str, Any] = {}
    for clause in rng.sample(("must", "must_not", "should"), rng.choice((1, 1, 2))):
        conditions = [random_condition(stage, rng, depth) for _ in range(rng.choice((1, 1, 2, 3)))]
        made[clause] = conditions[0] if len(conditions) == 1 and rng.random() < 0.5 else conditions
    if rng.random() < 0.2:
        conditions = [random_condition(stage, rng, depth) for _ in range(3)]
        made["min_should"] = {"conditions": conditions, "min_count": rng.choice((1, 2))}
    return made


def random_condition(stage: Stage, rng: random.Random, depth: int) -> dict[str, Any]:
    if depth < 2 and rng.random() < 0.15:
        return random_filter(stage, rng, depth + 1)
    if rng.random() < 0.1:
        return {"has_id": [str(point_id(p.id)) for p in rng.sample(list(stage.profiles), 60)]}
    attribute = rng.choice(stage.attributes)
    kind = rng.random()
    if kind < 0.1:
        return {"is_empty": {"key": attribute.key}}
    if kind < 0.13:
        return {"is_null": {"key": attribute.key}}
    if kind < 0.16:
        return {"key": attribute.key, "is_empty": rng.random() < 0.5}
    values = [_value(stage, attribute, rng) for _ in range(rng.choice((1, 2, 3)))]
    if attribute.storage == "float" or (attribute.numeric and rng.random() < 0.5):
        low, high = sorted((values[0], _value(stage, attribute, rng)))
        return {"key": attribute.key, "range": {rng.choice(("gt", "gte")): low, rng.choice(("lt", "lte")): high}}
    match rng.choice(("value", "any", "any", "except", "text")):
        case "value":
            return {"key": attribute.key, "match": {"value": values[0]}}
        case "except":
            return {"key": attribute.key, "match": {"except": values}}
        case "text" if not attribute.numeric:
            start = rng.randint(0, max(0, len(values[0]) - 3))
            return {"key": attribute.key, "match": {"text": values[0][start : start + 3]}}
    return {"key": attribute.key, "match": {"any": values}}


def _value(stage: Stage, attribute: Attribute, rng: random.Random) -> Any:
    known = [v for p in stage.profiles if (v := p.values.get(attribute.key)) is not None]
    if not known:
        return 1 if attribute.numeric else "nothing"
    value = rng.choice(known)
    return rng.choice(value) if isinstance(value, tuple) else value


def plain(points: Sequence[Mapping[str, Any]]) -> list[dict[str, Any]]:
    """Points without what the gateway does not show."""
    return [
        {**p, "payload": {k: v for k, v in p.get("payload", {}).items() if k not in SYSTEM}, "version": 0}
        for p in points
    ]


def agree(stage: Stage, seed: int) -> int:
    rng = random.Random(seed)
    where = random_filter(stage, rng)
    counts = stage.ask("points/count", {"filter": where, "exact": True})
    assert len({c["count"] for c in counts.values()}) == 1, (seed, counts, where)
    body = {"filter": where, "limit": rng.choice((3, 40, 200)), "with_payload": rng.choice((True, ["_id", "age"]))}
    pages = stage.ask("points/scroll", body)
    for name, page in pages.items():
        assert plain(page["points"]) == plain(pages["qdrant"]["points"]), (seed, name, where)
        assert page["next_page_offset"] == pages["qdrant"]["next_page_offset"], (seed, name, where)
    key = rng.choice([a.key for a in stage.attributes if a.storage != "float"])
    facets = stage.ask("facet", {"key": key, "filter": where, "limit": 1000, "exact": True})
    for name, found in facets.items():
        assert found == facets["qdrant"], (seed, name, key, where)
    vector = ENCODER.encode_query(rng.choice(("gaming music", "health budget", "cheerful"))).tolist()
    query = {"query": vector, "filter": where, "limit": 200, "params": {"hnsw_ef": 500}}
    nearest = {name: found["points"] for name, found in stage.ask("points/query", query).items()}
    for name, points in nearest.items():
        assert {p["id"] for p in points} == {p["id"] for p in nearest["qdrant"]}, (seed, name, where)
        scores = [p["score"] for p in nearest["qdrant"]]
        assert [p["score"] for p in points] == pytest.approx(scores, abs=1e-6), (seed, name)
    assert [p["id"] for p in nearest["edge"]] == [p["id"] for p in nearest["server"]], seed
    return int(counts["qdrant"]["count"])


def test_random_filters_mean_the_same_at_every_door(stage: Stage) -> None:
    totals = [agree(stage, seed) for seed in range(SHORT)]
    assert sum(0 < t < 150 for t in totals) > SHORT // 4


@pytest.mark.slow
@pytest.mark.timeout(600)
def test_many_random_filters_mean_the_same_at_every_door(stage: Stage) -> None:
    for seed in range(1000, 1000 + LONG):
        agree(stage, seed)


@pytest.mark.parametrize("key", ["age", "annual_income"])
@pytest.mark.parametrize("direction", ["asc", "desc"])
def test_orders_mean_the_same(stage: Stage, key: str, direction: str) -> None:
    by = {"key": key, "direction": direction, "start_from": 40 if key == "age" else 60_000}
    for order in (by, {"key": key, "direction": direction}):
        for path, body in (("points/scroll", {"order_by": order}), ("points/query", {"query": {"order_by": order}})):
            found = stage.ask(path, {**body, "limit": 150, "with_payload": [key]})
            points = {name: f["points"] for name, f in found.items()}
            values = [p["order_value"] for p in points["qdrant"]]
            for name, mine in points.items():
                assert [p["order_value"] for p in mine] == values, name
                assert {str(p) for p in mine} == {str(p) for p in points["qdrant"]}, name
            assert len(values) > 5


def test_points_by_id_come_the_same(stage: Stage) -> None:
    ids = [str(point_id(p.id)) for p in stage.profiles[5:9]] + [7, str(point_id("nobody"))]
    found = stage.ask("points", {"ids": ids, "with_payload": True})
    for points in found.values():
        assert plain(points) == plain(found["qdrant"])
    bare = stage.ask("points", {"ids": ids})
    assert bare["edge"] == bare["server"] == bare["qdrant"]
    likes = stage.ask("points/query", {"query": ids[0], "limit": 20})
    scores = [p["score"] for p in likes["qdrant"]["points"]]
    for name in ("edge", "server"):
        assert [p["score"] for p in likes[name]["points"]] == pytest.approx(scores, abs=1e-6)
        assert ids[0] not in [p["id"] for p in likes[name]["points"]]


def test_what_a_threshold_and_an_offset_leave(stage: Stage) -> None:
    vector = ENCODER.encode_query("gaming").tolist()
    whole = stage.ask("points/search", {"vector": vector, "limit": 60})["qdrant"]
    body = {"vector": vector, "limit": 60, "offset": 10, "score_threshold": whole[30]["score"] - 1e-6}
    found = stage.ask("points/search", body)
    assert len({len(f) for f in found.values()}) == 1
    batch = stage.ask("points/query/batch", {"searches": [{"query": vector, "limit": n} for n in (1, 5)]})
    for answers in batch.values():
        assert [len(a["points"]) for a in answers] == [1, 5]


@pytest.mark.parametrize(
    ("path", "body", "status"),
    [
        ("points/query", {"query": [1.0]}, 400),
        ("points/search", {"vector": [1.0], "limit": 1}, 400),
        ("points/query", {"query": "nobody"}, 400),
        ("points/query", {"query": "00000000-0000-0000-0000-000000000001"}, 404),
        ("points/query", {"query": [1.0] * 16, "using": "x"}, 400),
        ("points/query", {"query": [1.0] * 16, "limit": 0}, 422),
        ("points/query", {"query": [1.0] * 16, "limit": -1}, None),
        ("points/query", {"query": {"order_by": "gender"}}, 400),
        ("points/count", {"filter": {"mustt": []}}, 400),
        ("points/count", {"filter": {"must": [{"key": "age"}]}}, 422),
        ("points/count", {"filter": {"must": [{"surprise": 1}]}}, 400),
        ("points", {"ids": ["x"]}, 400),
        ("points/scroll", {"order_by": "age", "offset": "00000000-0000-0000-0000-000000000001"}, 400),
    ],
)
def test_refusals_have_qdrants_status_and_form(stage: Stage, path: str, body: Any, status: int | None) -> None:
    for name, door in stage.doors.items():
        answer = door.post(f"collections/{NAME}/{path}", json=body)
        assert answer.status_code == status if status else answer.status_code in (400, 422), (name, answer.text)
        assert isinstance(answer.json()["status"]["error"], str)
        assert isinstance(answer.json()["time"], float)


def test_numbers_that_are_no_json_are_refused_alike(stage: Stage) -> None:
    for door in stage.doors.values():
        for body in (b'{"query":[NaN]}', b'{"query":[1e400]}', b'{"query":', b""):
            answer = door.post(
                f"collections/{NAME}/points/query", content=body, headers={"content-type": "application/json"}
            )
            assert answer.status_code == 400
            assert answer.json()["status"]["error"].startswith("Format error in JSON body: ")


def test_answers_have_the_same_keys(stage: Stage) -> None:
    for path in ("", f"collections/{NAME}", f"collections/{NAME}/exists", f"collections/{NAME}/aliases", "aliases"):
        found = {name: door.get(path).json() for name, door in stage.doors.items()}
        shapes = {name: _shape(f.get("result", f)) for name, f in found.items() if path or name != "qdrant"}
        assert shapes["edge"] == shapes["server"]
        if path:
            assert shapes["qdrant"] <= shapes["edge"] | {"config.strict_mode_config", "config.wal_config"}, path
    with_scores = stage.ask("points/query", {"query": [1.0] * 16, "limit": 1, "with_payload": True})
    assert {_keys(f["points"][0]) for f in with_scores.values()} == {frozenset({"id", "version", "score", "payload"})}


def _keys(part: Mapping[str, Any]) -> frozenset[str]:
    return frozenset(part)


def _shape(part: Mapping[str, Any], deep: str = "") -> set[str]:
    """The keys down to the second level, those that name our own fields left out."""
    names = {f"{deep}{k}" for k in part}
    config = part.get("config")
    return names | (_shape(config, "config.") if isinstance(config, dict) and not deep else set())
