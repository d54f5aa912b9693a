"""The audience and lookalikes over HTTP: by address, by plan, through the client, and what is refused."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from dataclasses import replace
from typing import Any, cast

import httpx
import pytest
from flask.testing import FlaskClient

import homes
from techfinder.app import create_app
from techfinder.audience import look_at
from techfinder.client import Client
from techfinder.distributions import base_counts
from techfinder.finder import Finder
from techfinder.histograms import Spans
from techfinder.models import GenerationInfo
from techfinder.plan import Condition, QueryPlan
from techfinder.testing.fakes import HashEncoder


@pytest.fixture(scope="module")
def finder(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Finder]:
    made = homes.open_home(tmp_path_factory.mktemp("analysing"), HashEncoder().entry())
    homes.index(made, "synthetic:n=200,seed=4")
    yield made
    made.close()


@pytest.fixture
def client(finder: Finder) -> FlaskClient:
    return create_app(finder=finder).test_client()


def test_an_audience_is_the_same_by_address_by_plan_and_by_client(client: FlaskClient, finder: Finder) -> None:
    by_address = client.get("/api/v1/audience?adopter_category=Laggard&age=..50").get_json()
    plan = by_address["plan"]
    by_plan = client.post("/api/v1/audience", json=plan).get_json()
    assert by_plan == by_address
    typed = Client("http://127.0.0.1", transport=httpx.WSGITransport(app=create_app(finder=finder)))
    told = typed.audience(QueryPlan.model_validate(plan))
    assert told.model_dump(mode="json") == by_address
    found = finder.audience(QueryPlan.model_validate(plan))
    assert (told.total, told.points) == (found.total, 200)
    [laggards] = [v for f in told.fields if f.name == "adopter_category" for v in f.values if v.count]
    assert (laggards.label, laggards.count, laggards.share) == ("Laggard", told.total, 1.0)
    assert told.method.startswith("Wilson")
    assert [m.name for m in told.maps] == ["location_state"]


def test_an_audience_is_without_those_named_as_hits_and_counts_are(client: FlaskClient) -> None:
    for question in ("like TU0003 but not like TU0009", "like TU0003, over 30"):
        asked = {"q": question, "facets": "gender,age"}
        found = client.get("/api/v1/search", query_string=asked | {"limit": 1000}).get_json()
        assert found["total"] == len(found["hits"]) > 50
        told = client.get("/api/v1/audience", query_string={"q": question}).get_json()
        assert told["total"] == found["total"]
        for field in told["fields"]:
            if field["name"] in ("gender", "interests"):
                have = Counter(v for h in found["hits"] for v in as_list(h["profile"].get(field["name"])))
                assert {v["label"]: v["count"] for v in field["values"] if v["count"]} == have
        assert client.post("/api/v1/audience", json=told["plan"]).get_json() == told


def as_list(value: Any) -> list[str]:
    return value if isinstance(value, list) else [] if value is None else [value]


@pytest.mark.parametrize("path", ["search", "facets", "audience"])
@pytest.mark.parametrize("facets", ["none", ["gender"]])
def test_nobody_is_like_somebody_who_does_not_exist(client: FlaskClient, path: str, facets: str | list[str]) -> None:
    body = {"like": ["TU0001", "nobody"], "not_like": ["TU0002", "no one"], "facets": facets}
    answer = client.post(f"/api/v1/{path}", json=body)
    found = answer.get_json()
    assert (answer.status_code, found["type"]) == (404, "/api/problems/no-such-profile")
    assert [e["pointer"] for e in found["errors"]] == ["#/like/1", "#/not_like/1"]
    examples = client.get("/api/openapi.json").get_json()["paths"][f"/api/v1/{path}"]["post"]["responses"]["404"]
    assert "no-such-profile" in examples["content"]["application/problem+json"]["examples"]


class Growing:
    """A collection that somebody is added to right after it was counted."""

    def __init__(self, collection: Any) -> None:
        self._collection, self._grown = collection, False

    def info(self) -> GenerationInfo:
        return replace(self._collection.info(), revision=int(self._grown))

    def count(self, where: Any) -> int:
        before, self._grown = self._grown, True
        return int(self._collection.count(where)) - (not before)

    def __getattr__(self, name: str) -> Any:
        return getattr(self._collection, name)


@pytest.mark.parametrize("where", [[], [Condition(field="adopter_category", op="any_of", values=("Laggard",))]])
def test_an_audience_that_grows_while_it_is_counted_is_counted_again(finder: Finder, where: list[Condition]) -> None:
    live, plan = finder.collection(), QueryPlan(conditions=tuple(where))
    told = []
    for growing in (True, False):
        people = cast(Any, Growing(live) if growing else live)
        base = base_counts(finder.filters.values(), finder.schema, live if where else people, Spans())
        told.append(replace(look_at(plan, finder.schema, base, people), generation=live.info()))
    assert told[0] == told[1]


def test_lookalikes_through_the_client(client: FlaskClient, finder: Finder) -> None:
    typed = Client("http://127.0.0.1", transport=httpx.WSGITransport(app=create_app(finder=finder)))
    told = typed.lookalike(["TU0001", "TU0002"], ["TU0003"], text="under 60", off=["location_city"], limit=7)
    plan = QueryPlan(
        like=("TU0001", "TU0002"),
        not_like=("TU0003",),
        limit=7,
        conditions=(Condition(field="age", op="range", lt=60),),
    )
    found = finder.lookalikes(plan, off=["location_city"])
    assert [h.id for h in told.hits] == [h.profile.id for h in found.hits]
    assert [h.score for h in told.hits] == [h.score for h in found.hits]
    assert {a.name: a.on for a in told.attributes}["location_city"] is False
    assert {a.on for a in told.attributes if a.sensitive} == {False}
    assert told.plan.like == ("TU0001", "TU0002")
    more = typed.lookalike(["TU0001", "TU0002"], ["TU0003"], text="under 60", off=["location_city"], limit=3, offset=4)
    assert [h.id for h in more.hits] == [h.id for h in told.hits[4:]]


@pytest.mark.parametrize(
    ("path", "body", "status", "said"),
    [
        ("lookalike", {"like": []}, 422, "#/like"),
        ("lookalike", {"like": ["TU0001"], "off": ["nonsense"]}, 422, "No attribute 'nonsense'"),
        ("lookalike", {"like": ["TU9999"]}, 404, "TU9999"),
        ("lookalike", {"like": ["TU0001"], "not_like": ["TU0001"]}, 422, "both"),
        ("audience", {"conditions": [{"field": "agee", "op": "present"}]}, 422, "agee"),
    ],
)
def test_what_is_refused(client: FlaskClient, path: str, body: dict[str, object], status: int, said: str) -> None:
    answer = client.post(f"/api/v1/{path}", json=body)
    assert answer.status_code == status
    assert said in answer.text
