"""What the gateway answers, by the official client of Qdrant; its limits, its masks, its errors."""

from __future__ import annotations

import time
import uuid
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from flask.testing import FlaskClient
from qdrant_client import QdrantClient, models

import homes
from gateways import official_client
from techfinder.app import create_app
from techfinder.finder import Finder
from techfinder.models import Profile
from techfinder.plan import QueryPlan
from techfinder.store.points import point_id
from techfinder.testing.fakes import HashEncoder

NAME = "people"
ENCODER = HashEncoder()
Filter, Field, Match = models.Filter, models.FieldCondition, models.MatchValue


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("gateway")
    made = homes.open_home(folder, ENCODER.entry())
    homes.index(made, "synthetic:n=80,seed=5")
    made.close()
    return folder


@pytest.fixture(scope="module")
def finder(home: Path) -> Iterator[Finder]:
    made = homes.open_home(home, ENCODER.entry())
    made.load_encoder()
    made.generation()
    yield made
    made.close()


@pytest.fixture(scope="module")
def official(finder: Finder) -> Iterator[QdrantClient]:
    app = create_app(finder=finder)
    app.extensions["techfinder.gateway"].reader()
    with official_client(app) as client:
        yield client


@pytest.fixture(scope="module")
def plain(finder: Finder) -> FlaskClient:
    app = create_app(finder=finder)
    app.extensions["techfinder.gateway"].reader()
    return app.test_client()


@pytest.fixture(scope="module")
def people(finder: Finder) -> dict[str, Profile]:
    return {p.id: p for p in homes.read_profiles(finder, "synthetic:n=80,seed=5")}


def told(client: FlaskClient, path: str, body: Any, status: int) -> str:
    """What is said of a request that is refused with `status`."""
    answer = client.post(f"/qdrant/collections/{NAME}/{path}", json=body)
    assert answer.status_code == status, answer.text
    return str(answer.get_json()["status"]["error"])


def test_collections_and_their_names(official: QdrantClient, people: dict[str, Profile]) -> None:
    (own,) = [c.name for c in official.get_collections().collections]
    assert own == "people.tech-adoption.hash.0001"
    (alias,) = official.get_aliases().aliases
    assert (alias.alias_name, alias.collection_name) == (NAME, own)
    assert official.get_collection_aliases(NAME) == official.get_aliases()
    assert official.collection_exists(NAME)
    assert official.collection_exists(own)
    assert official.count(own) == official.count(NAME)
    told_of = official.get_collection(NAME)
    assert told_of.points_count == len(people)
    assert told_of.config.params.vectors == models.VectorParams(size=64, distance=models.Distance.COSINE)
    known = told_of.payload_schema["age"]
    assert (known.data_type, known.points) == (
        models.PayloadSchemaType.INTEGER,
        sum("age" in p.values for p in people.values()),
    )


def test_a_vector_finds_whom_the_page_finds(official: QdrantClient, finder: Finder) -> None:
    found = official.query_points(NAME, query=ENCODER.encode_query("gaming and music").tolist(), limit=15).points
    hits = finder.search(QueryPlan(meaning="gaming and music", limit=15)).hits
    assert [p.id for p in found] == [str(point_id(h.profile.id)) for h in hits]
    assert all(p.payload for p in found)


def test_a_sentence_is_encoded_here_where_qdrants_own_form_for_it_is_used(plain: FlaskClient) -> None:
    path, body = f"/qdrant/collections/{NAME}/points/query", {"limit": 5}
    by_text = plain.post(path, json={**body, "query": {"text": "gaming", "model": "hash"}}).get_json()["result"]
    by_vector = plain.post(path, json={**body, "query": ENCODER.encode_query("gaming").tolist()}).get_json()["result"]
    assert by_text == by_vector
    assert "'hash' does" in told(plain, "points/query", {"query": {"text": "gaming", "model": "other"}}, 400)


def test_a_stored_point_finds_others(official: QdrantClient) -> None:
    one = str(point_id("TU0001"))
    found = official.query_points(NAME, query=one, limit=80).points
    assert len(found) == 79
    assert one not in [p.id for p in found]
    assert [p.score for p in found] == sorted((p.score for p in found), reverse=True)


def test_scrolling_reads_everybody_once(official: QdrantClient, people: dict[str, Profile]) -> None:
    seen: list[Any] = []
    start: Any = None
    while True:
        page, start = official.scroll(NAME, limit=33, offset=start)
        seen += page
        if start is None:
            break
    assert [p.id for p in seen] == sorted(p.id for p in seen)
    assert {p.payload["_id"] for p in seen} == people.keys()
    for point in seen:
        values = {k: tuple(v) if isinstance(v, list) else v for k, v in point.payload.items() if not k.startswith("_")}
        assert values == people[point.payload["_id"]].values
        assert {k for k in point.payload if k.startswith("_")} == {"_id", "_ordinal"}
        assert point.vector is None


def test_an_order_counts_missing_people_out(official: QdrantClient, people: dict[str, Profile]) -> None:
    ages = sorted((p.values["age"] for p in people.values() if "age" in p.values), reverse=True)
    by = models.OrderBy(key="age", direction=models.Direction.DESC, start_from=60)
    page, following = official.scroll(NAME, limit=10, order_by=by, with_payload=["age"])
    assert [p.payload["age"] for p in page] == [a for a in ages if a <= 60][:10]
    assert [p.order_value for p in page] == [p.payload["age"] for p in page]
    assert following is None
    ranked = official.query_points(NAME, query=models.OrderByQuery(order_by="age"), limit=80).points
    assert [p.order_value for p in ranked] == sorted(ages)


def test_counts_and_facets(official: QdrantClient, people: dict[str, Profile]) -> None:
    young = Filter(must=[Field(key="age", range=models.Range(lt=40))])
    chosen = [p for p in people.values() if p.values.get("age", 99) < 40]
    assert official.count(NAME, count_filter=young).count == len(chosen)
    sectors = [p.values["job_sector"] for p in chosen if "job_sector" in p.values]
    hits = official.facet(NAME, "job_sector", facet_filter=young, limit=50).hits
    assert {h.value: h.count for h in hits} == {s: sectors.count(s) for s in sectors}
    assert [h.count for h in hits] == sorted((h.count for h in hits), reverse=True)
    assert official.facet(NAME, "age", limit=3).hits == official.facet(NAME, "age", limit=50, exact=True).hits[:3]


def test_points_by_id(official: QdrantClient, plain: FlaskClient) -> None:
    wanted = [str(point_id(i)) for i in ("TU0009", "TU0002")]
    found = official.retrieve(NAME, [*wanted, 7, str(uuid.uuid4())], with_payload=["_id", "age"])
    assert [p.payload["_id"] for p in found] == ["TU0009", "TU0002"]
    one = plain.get(f"/qdrant/collections/{NAME}/points/{wanted[0]}").get_json()["result"]
    assert (one["id"], one["payload"]["_id"], "vector" in one) == (wanted[0], "TU0009", False)
    for missing in (str(uuid.uuid4()), "7"):
        assert plain.get(f"/qdrant/collections/{NAME}/points/{missing}").status_code == 404
    assert plain.get(f"/qdrant/collections/{NAME}/points/TU0009").status_code == 400


def test_a_batch_is_answered_in_its_order(official: QdrantClient) -> None:
    words = ("gaming", "music", "health")
    asked = [models.QueryRequest(query=ENCODER.encode_query(w).tolist(), limit=4, with_payload=False) for w in words]
    together = official.query_batch_points(NAME, asked)
    alone = [official.query_points(NAME, query=r.query, limit=4, with_payload=False).points for r in asked]
    assert [r.points for r in together] == alone


@pytest.mark.parametrize("selector", [["age", "_id"], models.PayloadSelectorInclude(include=["age", "_id"])])
def test_a_part_of_the_payload(official: QdrantClient, selector: Any) -> None:
    page, _ = official.scroll(NAME, with_payload=selector)
    assert {k for p in page for k in p.payload} == {"age", "_id"}
    rest, _ = official.scroll(NAME, with_payload=models.PayloadSelectorExclude(exclude=["age"]))
    assert {"_id", "gender"} <= {k for p in rest for k in p.payload} - {"age"} == {k for p in rest for k in p.payload}


@pytest.mark.parametrize(
    ("path", "body", "status", "words"),
    [
        ("points/query", {"query": [1.0] * 3}, 400, "Vector dimension error: expected dim: 64, got 3"),
        ("points/query", {"query": [1.0] * 63 + [1e39]}, 400, "number out of range"),
        ("points/query", {"query": [1.0] * 63 + [True]}, 400, "expected a number"),
        ("points/query", {"query": {"nearest": [[1.0]]}}, 400, "expected a number"),
        ("points/query", {"query": "nobody"}, 400, "not a valid point ID"),
        ("points/query", {"query": 17}, 404, "No point with id 17 found"),
        ("points/query", {"query": [1.0] * 64, "using": "other"}, 400, "Not existing vector name"),
        ("points/query", {"query": {"order_by": "gender"}}, 400, "No range index"),
        ("points/query", {"query": {"fusion": "rrf"}}, 400, "not supported"),
        ("points/query", {"query": {"recommend": {"positive": [1]}}}, 400, "not supported"),
        ("points/query", {"query": {"formula": {"sum": []}}}, 400, "not supported"),
        ("points/query", {"prefetch": [{"query": [1.0] * 64}]}, 400, "send the searches as a batch"),
        ("points/query", {"query": 1, "lookup_from": {"collection": "x"}}, 400, "other collections are not read"),
        ("points/query", {"query": [1.0] * 64, "params": {"exact": True}}, 403, "analyst_exact"),
        ("points/query", {"query": [1.0] * 64, "params": {"hnsw_ef": 5000}}, 400, "at most 768"),
        ("points/query", {"query": [1.0] * 64, "with_vector": True}, 403, "analyst_vectors"),
        ("points/scroll", {"with_vector": [""]}, 403, "analyst_vectors"),
        ("points", {"ids": [1], "with_vector": True}, 403, "analyst_vectors"),
        ("points/query", {"limit": 0}, 422, "must be 1 or larger"),
        ("points/query", {"limit": 1001}, 400, "at most 1000"),
        ("points/query", {"limit": 2**70}, 400, "whole number"),
        ("points/query", {"limit": 2.0}, 400, "whole number"),
        ("points/query", {"offset": 10_001}, 400, "at most 10000"),
        ("points/scroll", {"limit": 10**9}, 400, "at most 1000"),
        ("points", {"ids": list(range(1001))}, 400, "at most 1000"),
        ("facet", {"key": "age", "limit": 5000}, 400, "at most 1000"),
        ("facet", {"key": "nothing"}, 400, "no field 'nothing'"),
        ("facet", {"key": "annual_income"}, 400, "No appropriate index for faceting"),
        ("points/query/batch", {"searches": [{}] * 65}, 400, "at most 64"),
        ("points/query/batch", {"searches": [{"limit": 600}, {"limit": 600}]}, 400, "1200 points"),
        ("points/search", {}, 400, "expected a list of numbers"),
        ("points/search", {"vector": {"name": "x", "vector": [1.0] * 64}}, 400, "Not existing vector name"),
        ("points/scroll", {"order_by": "age", "offset": str(uuid.UUID(int=1))}, 400, "Cannot use an `offset`"),
        ("points/scroll", {"with_payload": ["_row"]}, 400, "no field '_row'"),
        ("points/count", {"shard_key": "a"}, 400, "one shard"),
        ("points/count", {"surprise": 1}, 400, "unknown field `surprise`"),
    ],
)
def test_what_is_not_answered_is_refused_with_the_reason(
    plain: FlaskClient, path: str, body: Any, status: int, words: str
) -> None:
    assert words in told(plain, path, body, status)


@pytest.mark.parametrize("body", [b'{"query": [NaN]}', b'{"query": [1, Infinity]}', b'{"query": [1e400]}'])
def test_numbers_that_are_none_are_refused(plain: FlaskClient, body: bytes) -> None:
    answer = plain.post(f"/qdrant/collections/{NAME}/points/query", data=body, content_type="application/json")
    assert answer.status_code == 400
    assert "Format error in JSON body" in answer.get_json()["status"]["error"]


@pytest.mark.parametrize("address", ["timeout=0", "timeout=x", "consistency=all", "wait=true", "timeout=1&x=1"])
def test_parameters_of_an_address_are_not_ignored(plain: FlaskClient, address: str) -> None:
    assert plain.post(f"/qdrant/collections/{NAME}/points/count?{address}", json={}).status_code == 400
    assert plain.post(f"/qdrant/collections/{NAME}/points/count?timeout=3", json={}).status_code == 200


def test_analysts_have_a_quarter_of_the_threads_and_wait_in_none(home: Path) -> None:
    small = homes.open_home(home, ENCODER.entry(), threads=8)
    app = create_app(finder=small)
    place = app.extensions["techfinder.gateway"].place
    with place():
        assert app.test_client().put("/qdrant/collections").status_code == 403
        with place():
            # Were each to wait for a second, this would take longer than a test may.
            answers = [app.test_client().get("/qdrant/collections") for _ in range(400)]
    assert {(a.status_code, a.headers["Retry-After"]) for a in answers} == {(429, "1")}
    small.close()


def test_the_values_of_a_field_are_counted_once_a_request(
    plain: FlaskClient, finder: Finder, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked = []
    reader = plain.application.extensions["techfinder.gateway"].reader()
    points = reader.points
    monkeypatch.setattr(reader, "points", lambda queries, *rest: asked.append(queries) or points(queries, *rest))
    condition = {"key": "job_sector", "match": {"text": "e"}}
    body = {"filter": {"should": [condition] * 50}}
    assert plain.post(f"/qdrant/collections/{NAME}/points/count", json=body).status_code == 200
    assert len(asked) == 2


def test_all_that_a_request_asks_of_the_store_has_one_time(plain: FlaskClient, monkeypatch: pytest.MonkeyPatch) -> None:
    reader = plain.application.extensions["techfinder.gateway"].reader()
    points = reader.points

    def slow(queries: Any, timeout_s: float) -> Any:
        time.sleep(0.7)
        return points(queries, timeout_s)

    monkeypatch.setattr(reader, "points", slow)
    keys = [{"key": k, "match": {"text": "e"}} for k in ("job_sector", "gender", "education")]
    answer = plain.post(f"/qdrant/collections/{NAME}/points/count?timeout=1", json={"filter": {"should": keys}})
    assert answer.status_code == 503
    assert "the time of this request is over" in answer.text


def test_settings_give_vectors_and_exact_search(home: Path) -> None:
    open_handed = homes.open_home(home, ENCODER.entry(), analyst_vectors=True, analyst_exact=True, analyst_max_rows=5)
    with official_client(create_app(finder=open_handed)) as official:
        (one,) = official.retrieve(NAME, [str(point_id("TU0001"))], with_vectors=True)
        exact = models.SearchParams(exact=True)
        found = official.query_points(NAME, query=one.vector, limit=5, search_params=exact, with_vectors=True).points
    assert found[0].id == one.id
    assert found[0].vector == pytest.approx(one.vector)
    assert found[0].score == pytest.approx(1.0, abs=1e-5)
    answer = create_app(finder=open_handed).test_client().post(f"/qdrant/collections/{NAME}/points/scroll", json={})
    assert len(answer.get_json()["result"]["points"]) == 5  # ten is Qdrant's own default
    open_handed.close()


class TestMasks:
    """Where sensitive fields are blocked, they are as if they were not stored."""

    @pytest.fixture(scope="class")
    @classmethod
    def blocked(cls, home: Path) -> Iterator[FlaskClient]:
        strict = homes.open_home(home, ENCODER.entry(), sensitive_fields="block")
        app = create_app(finder=strict)
        app.extensions["techfinder.gateway"].reader()
        yield app.test_client()
        strict.close()

    @pytest.mark.parametrize("key", ["age", "age_bucket", "gender"])
    def test_no_operation_tells_of_them(self, blocked: FlaskClient, key: str) -> None:
        number = key != "gender"
        condition = {"key": key, "range": {"gt": 1}} if number else {"key": key, "match": {"value": "Female"}}
        words = [told(blocked, "points/count", {"filter": {"must": condition}}, 400)]
        words.append(told(blocked, "points/query", {"filter": {"must_not": [{"is_empty": {"key": key}}]}}, 400))
        words.append(told(blocked, "points/scroll", {"filter": {"should": [{"must": condition}]}}, 400))
        words.append(told(blocked, "facet", {"key": key}, 400))
        words.append(told(blocked, "points/scroll", {"with_payload": [key]}, 400))
        words.append(told(blocked, "points/scroll", {"with_payload": {"exclude": [key]}}, 400))
        words.append(told(blocked, "points/scroll", {"order_by": key}, 400))
        assert all(f"no field '{key}'" in w for w in words)
        assert not any(f"mean '{key}'" in w for w in words)

    def test_nothing_that_comes_back_holds_them(self, blocked: FlaskClient) -> None:
        where = f"/qdrant/collections/{NAME}"
        bodies = [blocked.get(where).get_json()["result"]["payload_schema"]]
        bodies += [p["payload"] for p in blocked.post(f"{where}/points/scroll", json={}).get_json()["result"]["points"]]
        body = {"with_payload": {"exclude": []}}
        found = blocked.post(f"{where}/points/query", json=body).get_json()["result"]["points"]
        bodies += [p["payload"] for p in found]
        one = blocked.get(f"{where}/points/{found[0]['id']}").get_json()["result"]
        asked = blocked.post(f"{where}/points", json={"ids": [found[1]["id"]], "with_payload": True}).get_json()[
            "result"
        ]
        bodies += [one["payload"], asked[0]["payload"]]
        assert all("job_sector" in b or "_id" in b for b in bodies)
        assert not any({"age", "age_bucket", "gender"} & b.keys() for b in bodies)
