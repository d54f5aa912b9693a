"""Similar people and comparisons over the API."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np
import pytest
from flask.testing import FlaskClient

import homes
from techfinder.app import create_app
from techfinder.errors import EncoderError
from techfinder.finder import Finder
from techfinder.interfaces import EncoderEntry
from techfinder.likeness import NOT_LIKED_WEIGHT
from techfinder.testing.fakes import HashEncoder


@pytest.fixture(scope="module")
def finder(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Finder]:
    """People, and no encoder that could be loaded."""
    home = tmp_path_factory.mktemp("people")
    eager = homes.open_home(home, HashEncoder().entry())
    homes.index(eager, "synthetic:n=90,seed=5")
    eager.close()

    def load() -> HashEncoder:
        raise EncoderError("nobody is to load it")

    made = homes.open_home(home, EncoderEntry(HashEncoder().info, "", load))
    made.generation()
    yield made
    assert made.encoder_state() == "cold"
    made.close()


@pytest.fixture
def client(finder: Finder) -> FlaskClient:
    return create_app(finder=finder).test_client()


def post(client: FlaskClient, path: str, **body: Any) -> tuple[int, Any]:
    answer = client.post(f"/api/v1/{path}", json=body)
    return answer.status_code, answer.get_json()


def ranked(finder: Finder, like: list[str], not_like: list[str]) -> list[tuple[str, float]]:
    """Everybody else with their similarity to the target, computed here from the stored vectors."""
    everybody = [p.id for p in finder.collection().browse([], [], 1000)]
    vectors = {i: v.astype(float) for i, v in finder.collection().vectors(everybody).items()}
    wanted = np.mean([vectors[i] for i in like], axis=0)
    if not_like:
        wanted = wanted - NOT_LIKED_WEIGHT * np.mean([vectors[i] for i in not_like], axis=0)
    wanted /= np.linalg.norm(wanted)
    scores = [(i, round(float(v @ wanted), 6)) for i, v in vectors.items() if i not in {*like, *not_like}]
    return sorted(scores, key=lambda pair: (-pair[1], pair[0]))


@pytest.mark.parametrize(
    ("like", "not_like"), [(["TU0003"], []), (["TU0003", "TU0009"], []), (["TU0003", "TU0009"], ["TU0001", "TU0002"])]
)
def test_the_nearest_come_first_and_those_named_never(
    client: FlaskClient, finder: Finder, like: list[str], not_like: list[str]
) -> None:
    expected = ranked(finder, like, not_like)
    status, body = post(client, "similar", like=like, not_like=not_like, limit=1000)
    assert status == 200
    assert body["total"] == len(body["hits"]) == len(expected)
    assert [h["score"] for h in body["hits"]] == pytest.approx([max(s, 0.0) for _, s in expected], abs=2e-6)
    assert {h["id"] for h in body["hits"]} == {i for i, _ in expected}
    assert body["ranked_by"] == "likeness"
    for hit in body["hits"]:
        (share,) = hit["shares"]
        assert (share["name"], share["value"]) == ("likeness", hit["score"])


def test_not_like_moves_people_down(client: FlaskClient) -> None:
    _, plain = post(client, "similar", like=["TU0003"], limit=1000)
    disliked = plain["hits"][0]["id"]
    neighbour = next(
        h["id"] for h in post(client, "similar", like=[disliked], limit=2)[1]["hits"] if h["id"] != "TU0003"
    )
    _, moved = post(client, "similar", like=["TU0003"], not_like=[disliked], limit=1000)
    place = [[h["id"] for h in answer["hits"] if h["id"] != disliked].index(neighbour) for answer in (plain, moved)]
    assert place[1] > place[0]


def test_filters_and_conditions_hold_and_explain_the_score(client: FlaskClient) -> None:
    condition = {"field": "gender", "op": "any_of", "values": ["Female"]}
    status, body = post(
        client, "similar", like=["TU0003", "TU0004"], filters={"age": ["20..60"]}, conditions=[condition], limit=1000
    )
    assert status == 200
    _, everybody = post(client, "search", conditions=body["plan"]["conditions"], limit=1000, facets="none")
    others = {h["id"] for h in everybody["hits"]} - {"TU0003", "TU0004"}
    assert {h["id"] for h in body["hits"]} == others
    assert body["total"] == len(others) > 10
    for hit in body["hits"]:
        assert [s["name"] for s in hit["shares"]] == ["age", "gender", "likeness"]
        assert sum(s["value"] for s in hit["shares"]) == pytest.approx(hit["score"])


def test_a_short_page_is_as_full_as_asked(client: FlaskClient) -> None:
    _, body = post(client, "similar", like=["TU0003"], not_like=[f"TU{i:04}" for i in range(10, 60)], limit=5)
    assert len(body["hits"]) == 5


@pytest.mark.parametrize(
    ("body", "status", "kind", "pointers"),
    [
        ({"like": ["TU0001", "nobody"], "not_like": ["no one"]}, 404, "no-such-profile", ["#/like/1", "#/not_like/0"]),
        ({"like": []}, 422, "invalid-request", ["#/like"]),
        ({}, 422, "invalid-request", ["#/like"]),
        ({"like": ["TU0001"], "not_like": ["TU0001"]}, 422, "invalid-request", ["#"]),
        ({"like": ["TU0001"] * 101}, 422, "invalid-request", ["#/like"]),
        (
            {"like": ["TU0001"], "conditions": [{"field": "x", "op": "missing"}]},
            422,
            "bad-plan",
            ["#/conditions/0/field"],
        ),
        ({"like": ["TU0001"], "filters": {"agee": ["3"]}}, 422, "bad-plan", []),
        ({"like": ["TU0001"], "filters": {"age": ["old"]}}, 422, "bad-plan", []),
    ],
)
def test_what_similar_refuses(
    client: FlaskClient, body: dict[str, Any], status: int, kind: str, pointers: list[str]
) -> None:
    got, problem = post(client, "similar", **body)
    assert (got, problem["type"]) == (status, f"/api/problems/{kind}")
    assert [e["pointer"] for e in problem.get("errors", [])] == pointers


def test_people_side_by_side(client: FlaskClient, finder: Finder) -> None:
    ids = ["TU0003", "TU0001", "TU0007"]
    status, body = post(client, "compare", ids=ids)
    assert (status, body["ids"], body["generation"]) == (200, ids, 1)
    profiles = {i: finder.profile(i) for i in ids}
    fields = {f["key"]: f for f in body["fields"]}
    for key, field in fields.items():
        facts = [{f.key: f.text for f in finder.facts(profiles[i])}.get(key) for i in ids]  # type: ignore[arg-type]
        assert field["texts"] == facts
    assert fields["gender"]["sensitive"]
    assert not fields["job_sector"]["sensitive"]
    vectors = finder.collection().vectors(ids)
    expected = [[float(vectors[a] @ vectors[b]) for b in ids] for a in ids]
    assert np.array(body["similarity"]) == pytest.approx(np.array(expected), abs=2e-6)


@pytest.mark.parametrize(
    ("ids", "status", "kind"),
    [
        (["TU0001"], 422, "invalid-request"),
        ([f"TU{i:04}" for i in range(1, 12)], 422, "invalid-request"),
        (["TU0001", "TU0001"], 422, "invalid-request"),
        (["TU0001", "nobody"], 404, "no-such-profile"),
    ],
)
def test_what_compare_refuses(client: FlaskClient, ids: list[str], status: int, kind: str) -> None:
    got, problem = post(client, "compare", ids=ids)
    assert (got, problem["type"]) == (status, f"/api/problems/{kind}")
