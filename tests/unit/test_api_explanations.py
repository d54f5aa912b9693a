"""Near misses, weak answers and "why not" over the API and the client."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import httpx
import pytest
from flask.testing import FlaskClient

import homes
from techfinder.app import create_app
from techfinder.client import Client, NotFound
from techfinder.finder import Finder
from techfinder.interfaces import EncoderEntry
from techfinder.plan import Condition
from techfinder.testing.fakes import HashEncoder

QUESTION = "innovators in Boston over 90, not on TikTok"


@pytest.fixture(scope="module")
def finder(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Finder]:
    made = homes.open_home(tmp_path_factory.mktemp("explained"), HashEncoder().entry())
    homes.index(made, "synthetic:n=120,seed=5")
    made.load_encoder()
    yield made
    made.close()


@pytest.fixture
def client(finder: Finder) -> FlaskClient:
    return create_app(finder=finder).test_client()


def get(client: FlaskClient, path: str, **parameters: Any) -> Any:
    answer = client.get(f"/api/v1/{path}", query_string=parameters)
    assert answer.status_code == 200, answer.get_json()
    return answer.get_json()


def test_near_misses_make_up_for_hits_where_they_are_asked_for(client: FlaskClient) -> None:
    found = get(client, "search", q=QUESTION, near=6, facets="none")
    assert (found["total"], len(found["near_misses"])) == (0, 6)
    for miss in found["near_misses"]:
        assert set(miss["fails"]) <= {"innovators", "Boston", "over 90"}
        assert miss["fails"]
        assert miss["score"] == pytest.approx(sum(s["value"] for s in miss["shares"]), abs=1e-6)
    posted = client.post("/api/v1/search", json={**found["plan"], "near": 6, "facets": "none"}).get_json()
    assert posted["near_misses"] == found["near_misses"]
    assert get(client, "search", q=QUESTION, facets="none")["near_misses"] == []
    assert get(client, "search", q="gaming", near=6, facets="none")["near_misses"] == []


def test_how_many_near_misses_may_be_asked_for(client: FlaskClient) -> None:
    answer = client.get("/api/v1/search?near=101")
    assert (answer.status_code, answer.get_json()["detail"]) == (400, "near must be 0 to 100, not 101.")
    for body, pointer in (({"near": 101}, "#/near"), ({"near": 1, "cursor": "*"}, "#")):
        answer = client.post("/api/v1/search", json=body)
        assert (answer.status_code, answer.get_json()["errors"][0]["pointer"]) == (422, pointer)


def test_everybody_is_explained_as_the_search_would(client: FlaskClient, finder: Finder) -> None:
    question = {"q": "women over 30, ideally early adopters", "tech_interest": "High"}
    found = get(client, "search", limit=200, facets="none", **question)
    hits = {h["id"]: h for h in found["hits"]}
    assert 0 < len(hits) < 120
    everybody = finder.collection().browse([], [], 200)
    judge = homes.judge(finder, everybody)
    holding = [judge.matches([Condition.model_validate(c)]) for c in found["plan"]["conditions"]]
    assert len(holding) == 4
    for profile in everybody:
        told = get(client, f"explain/{profile.id}", **question)
        assert told["found"] is (profile.id in hits)
        assert bool(told["fails"]) is not told["found"]
        assert [c["holds"] for c in told["conditions"]] == [profile in those for those in holding]
        if told["found"]:
            assert told["score"] == pytest.approx(hits[profile.id]["score"], abs=1e-5)
    asked = {**found["plan"], "id": everybody[0].id}
    assert client.post("/api/v1/explain", json=asked).get_json() == get(
        client, f"explain/{everybody[0].id}", **question
    ) | {"plan": {**found["plan"]}}


def test_nobody_of_that_id(client: FlaskClient, finder: Finder) -> None:
    assert client.get("/api/v1/explain/nobody").status_code == 404
    assert client.post("/api/v1/explain", json={"id": "nobody"}).get_json()["type"] == "/api/problems/no-such-profile"
    with Client("http://127.0.0.1:8000", transport=httpx.WSGITransport(app=create_app(finder=finder))) as typed:
        plan = typed.plan("women over 30")
        first = typed.search_plan(plan, near=5).hits[0]
        assert typed.explain(first.id, plan).found
        with pytest.raises(NotFound, match="nobody"):
            typed.explain("nobody", plan)


def calibrated(home: Path, nothing: float, everything: float) -> Finder:
    made = homes.open_home(home, HashEncoder().entry())
    homes.index(made, "synthetic:n=60,seed=5")
    made.close()
    encoder = HashEncoder()
    encoder.info = replace(encoder.info, calibration=(nothing, everything))
    return homes.open_home(home, EncoderEntry(encoder.info, "", lambda: encoder))


def test_an_answer_is_weak_where_meaning_alone_ranks_and_finds_nothing_near(tmp_path: Path) -> None:
    finder = calibrated(tmp_path, 0.35, 0.7)
    client = create_app(finder=finder).test_client()
    finder.load_encoder()
    nonsense = get(client, "search", q="qwertz bnmvc", facets="none")
    assert (nonsense["weak"], nonsense["hits"][0]["score"]) == (True, 0.0)
    text = " ".join(str(v) for v in finder.collection().browse([], [], 1)[0].values.values())
    plan = {"meaning": text, "facets": "none"}
    assert client.post("/api/v1/search", json=plan).get_json()["weak"] is False
    assert get(client, "search", q="qwertz women", facets="none")["weak"] is False
    assert get(client, "search", q="", facets="none")["weak"] is False
    finder.close()


def test_scores_count_from_the_similarity_that_means_nothing(tmp_path: Path) -> None:
    finder = calibrated(tmp_path, 0.1, 0.3)
    finder.load_encoder()
    plan = finder.plan("gaming consoles and laptops for men", limit=60).model_copy(update={"conditions": ()})
    scores = [h.score for h in finder.search(plan).hits]
    query = HashEncoder().encode_query(plan.meaning).astype(float)
    ids = [p.id for p in finder.collection().browse([], [], 60)]
    similarities = sorted((float(v @ query) for v in finder.collection().vectors(ids).values()), reverse=True)
    assert scores == pytest.approx([min(max((s - 0.1) / 0.2, 0), 1) for s in similarities], abs=1e-5)
    assert 0.0 in scores
    finder.close()


def test_while_the_encoder_loads_nobody_is_explained(tmp_path: Path) -> None:
    eager = homes.open_home(tmp_path, HashEncoder().entry())
    homes.index(eager, "synthetic:n=5")
    eager.close()
    go = threading.Event()

    def load() -> HashEncoder:
        assert go.wait(20)
        return HashEncoder()

    slow = homes.open_home(tmp_path, EncoderEntry(HashEncoder().info, "", load), encoder_wait_s=0)
    answer = create_app(finder=slow).test_client().get("/api/v1/explain/TU0001?q=gaming")
    assert (answer.status_code, answer.get_json()["type"]) == (503, "/api/problems/encoder-loading")
    go.set()
    slow.load_encoder()
    slow.close()
