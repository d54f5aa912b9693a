"""Standing and coverage over the API, against plain counting over the same people."""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import replace
from typing import Any, cast

import httpx
import pytest
from flask.testing import FlaskClient

import homes
from plain_counts import coverage_differs, rank, standing_differs
from techfinder.app import create_app
from techfinder.client import Client, NotFound
from techfinder.errors import StoreUnavailable
from techfinder.finder import Finder
from techfinder.histograms import Spans
from techfinder.models import Profile
from techfinder.standing import standing
from techfinder.testing.fakes import HashEncoder, ListSource, sample_rows

SOURCE = "synthetic:n=150,seed=8"


@pytest.fixture(scope="module")
def finder(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Finder]:
    made = homes.open_home(tmp_path_factory.mktemp("overviews"), HashEncoder().entry())
    homes.index(made, SOURCE)
    yield made
    made.close()


@pytest.fixture(scope="module")
def people(finder: Finder) -> list[Profile]:
    return finder.collection().browse([], [], 1000)


@pytest.fixture
def client(finder: Finder) -> FlaskClient:
    return create_app(finder=finder).test_client()


def get(client: FlaskClient, path: str) -> Any:
    answer = client.get(f"/api/v1/{path}")
    assert answer.status_code == 200, answer.text
    return answer.get_json()


def test_standing_is_what_plain_counting_says(finder: Finder, people: list[Profile]) -> None:
    for profile in people[::10]:
        assert standing_differs(finder.schema, people, finder.standing(profile.id)) == []


def test_standing_over_the_api(client: FlaskClient, finder: Finder, people: list[Profile]) -> None:
    profile = people[3]
    body = get(client, f"standing/{profile.id}")
    assert (body["id"], body["people"], body["generation"]) == (profile.id, 150, 1)
    words = {f.key: f.text for f in finder.facts(profile)}
    for field in body["fields"]:
        attribute = finder.schema.attribute(field["key"])
        values = [rank(attribute, p.values[attribute.key]) for p in people if attribute.key in p.values]
        own = rank(attribute, profile.values[attribute.key])
        assert field["below"] == sum(v < own for v in values)
        assert field["below"] + field["same"] + field["above"] == field["known"] == len(values)
        assert field["percentile"] == pytest.approx((field["below"] + field["same"] / 2) / field["known"])
        assert sum(b["count"] for b in field["bars"]) == field["known"]
        assert sum(b["mine"] for b in field["bars"]) == 1
        assert (field["text"], field["sensitive"]) == (words[field["key"]], attribute.field.sensitive)
    levels = [b["low"] for f in body["fields"] if f["key"] == "tech_interest" for b in f["bars"]]
    assert levels == list(finder.schema.attribute("tech_interest").known_values)


class Changing:
    """A collection in which people are written anew: for so many questions a profile is new, and the counts are old."""

    def __init__(self, collection: Any, questions: float) -> None:
        self._collection, self._left = collection, questions

    def retrieve(self, ids: list[str]) -> list[Profile]:
        found = self._collection.retrieve(ids)
        self._left -= 1
        return [replace(p, values={**p.values, "age": 999}) for p in found] if self._left >= 0 else list(found)

    def __getattr__(self, name: str) -> Any:
        return getattr(self._collection, name)


def test_a_change_that_is_under_way_is_waited_for(finder: Finder, people: list[Profile]) -> None:
    found = standing(people[3].id, finder.schema, cast(Any, Changing(finder.collection(), 2)), Spans())
    assert found.profile == people[3]
    assert standing_differs(finder.schema, people, found) == []


def test_a_change_that_never_ends_is_not_waited_for(
    finder: Finder, people: list[Profile], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("techfinder.standing._PATIENCE_S", 0.2)
    with pytest.raises(StoreUnavailable, match=r"is being changed\. Try again"):
        standing(people[3].id, finder.schema, cast(Any, Changing(finder.collection(), math.inf)), Spans())


def test_who_does_not_exist_stands_nowhere(client: FlaskClient) -> None:
    answer = client.get("/api/v1/standing/no/one")
    assert (answer.status_code, answer.get_json()["type"]) == (404, "/api/problems/no-such-profile")


def test_coverage_is_what_plain_counting_says(client: FlaskClient, finder: Finder, people: list[Profile]) -> None:
    found = finder.coverage()
    assert coverage_differs(finder.schema, people, found) == []
    assert (found.source, found.generation) == (SOURCE, finder.generation())
    body = get(client, "coverage")
    assert (body["people"], body["source"], body["created_at"]) == (150, SOURCE, found.generation.created_at)
    assert [f["key"] for f in body["fields"]] == [f.key for f in found.fields]
    assert {f["key"]: f["known"] for f in body["fields"]} == {f.key: f.known for f in found.fields}


def test_coverage_follows_what_is_live(tmp_path_factory: pytest.TempPathFactory) -> None:
    finder = homes.open_home(tmp_path_factory.mktemp("follows"), HashEncoder().entry())
    homes.index(finder, ListSource(sample_rows()))
    first = {f.key: (f.known, f.distinct) for f in finder.coverage().fields}
    assert (first["age"], first["gender"], first["smartphone_months"]) == ((4, 4), (5, 3), (0, 0))
    homes.index(finder, ListSource([*sample_rows(), {"user_id": "S6", "age": "27"}]))
    second = {f.key: (f.known, f.distinct) for f in finder.coverage().fields}
    assert second["age"] == (5, 4)
    assert finder.standing("S6").fields[0].same == 2
    finder.close()


def test_the_client_asks_for_both(finder: Finder) -> None:
    with Client("http://127.0.0.1", transport=httpx.WSGITransport(app=create_app(finder=finder))) as client:
        assert client.standing("TU0003").fields[0].key == "age"
        assert client.coverage().people == 150
        with pytest.raises(NotFound):
            client.standing("nobody")
