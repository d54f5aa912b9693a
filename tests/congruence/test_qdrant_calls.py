"""Searches as calls of Qdrant's REST API: through the gateway each returns whom the page shows, in the same order."""

from __future__ import annotations

import os
import shlex
from collections.abc import Iterator
from contextlib import ExitStack, redirect_stdout
from io import StringIO
from typing import Any
from unittest.mock import patch

import httpx
import pytest
import qdrant_client
from flask.testing import FlaskClient

import homes
from qdrant_process import QdrantAddress
from random_searches import random_search
from techfinder.app import create_app
from techfinder.finder import Finder
from techfinder.models import Profile
from techfinder.plan import Condition, QueryPlan, Sort
from techfinder.qdrant_calls import QdrantCall
from techfinder.store.points import point_id
from techfinder.testing.fakes import HashEncoder

NAME = "qdrant-calls"
URL = "http://127.0.0.1:8000/qdrant"
PEOPLE = "synthetic:n=150,seed=12"
SHORT, ALL = 40, 200


class Door:
    """One store: its finder, and its gateway."""

    def __init__(self, finder: Finder) -> None:
        self.finder = finder
        self.app = create_app(finder=finder)
        self.app.extensions["techfinder.gateway"].reader()
        self.client: FlaskClient = self.app.test_client()

    def found(self, call: QdrantCall) -> list[str]:
        """The point ids that a call returns."""
        answer = self.client.post(f"/qdrant/collections/{call.collection}/{call.operation}", json=call.body)
        assert answer.status_code == 200, (answer.text, call)
        result = answer.get_json()["result"]
        if call.operation == "points":
            return [p["id"] for p in result]
        return [p["id"] for part in (result if isinstance(result, list) else [result]) for p in part["points"]]


@pytest.fixture(scope="module")
def doors(tmp_path_factory: pytest.TempPathFactory, qdrant: QdrantAddress) -> Iterator[dict[str, Door]]:
    server = {"store": "server", "qdrant_url": qdrant.url, "qdrant_grpc_port": qdrant.grpc_port}
    with ExitStack() as opened:
        made = {}
        for name, settings in (("edge", {}), ("server", server)):
            finder = homes.open_home(
                tmp_path_factory.mktemp(name),
                HashEncoder().entry(),
                collection=NAME,
                sensitive_fields="allow",
                **settings,
            )
            opened.callback(finder.close)
            opened.callback(finder.store.drop, NAME)
            homes.index(finder, PEOPLE)
            finder.load_encoder()
            made[name] = Door(finder)
        yield made


@pytest.fixture(scope="module")
def profiles(doors: dict[str, Door]) -> list[Profile]:
    return homes.read_profiles(doors["edge"].finder, PEOPLE)


def shown(finder: Finder, plan: QueryPlan) -> list[str]:
    """The point ids of whom the page shows."""
    return [str(point_id(hit.profile.id)) for hit in finder.search(plan).hits]


def agree(doors: dict[str, Door], profiles: list[Profile], seeds: range) -> list[QdrantCall]:
    calls = []
    for seed in seeds:
        plan = random_search(doors["edge"].finder.schema, profiles, seed)
        for name, door in doors.items():
            call = door.finder.qdrant_call(plan)
            assert door.found(call) == shown(door.finder, plan), (seed, name, plan, call)
            calls.append(call)
    return calls


@pytest.mark.slow
def test_calls_return_whom_the_page_shows(doors: dict[str, Door], profiles: list[Profile]) -> None:
    calls = agree(doors, profiles, range(SHORT))
    assert {c.operation for c in calls} == {"points", "points/query", "points/query/batch"}
    searched = [c for c in calls if not c.note]
    assert len(searched) > 0.75 * len(calls)
    assert any(len(c.body["searches"]) > 3 for c in searched if c.operation.endswith("batch"))


@pytest.mark.slow
@pytest.mark.timeout(600)
def test_two_hundred_calls_return_whom_the_page_shows(doors: dict[str, Door], profiles: list[Profile]) -> None:
    agree(doors, profiles, range(ALL))


WISH = Condition(field="gender", op="any_of", values=("Female",), required=False)


@pytest.mark.parametrize(
    ("plan", "operation", "note"),
    [
        (QueryPlan(meaning="gaming"), "points/query", ""),
        (QueryPlan(), "points/query", ""),
        (QueryPlan(meaning="gaming", conditions=(WISH,), limit=140), "points/query/batch", ""),
        (QueryPlan(like=("TU0001",)), "points/query", ""),
        (QueryPlan(sort=(Sort(field="age", descending=True),)), "points/query", ""),
        (QueryPlan(sort=(Sort(field="gender"),)), "points", "not by text or by several fields"),
        (QueryPlan(sort=(Sort(field="age"), Sort(field="tech_interest"))), "points", "by several fields"),
        (QueryPlan(like=("TU0001",), conditions=(WISH,)), "points", "Likeness and wishes"),
        (QueryPlan(meaning="gaming", offset=20_000), "points", "scroll instead"),
    ],
)
def test_what_a_call_cannot_say_it_tells(doors: dict[str, Door], plan: QueryPlan, operation: str, note: str) -> None:
    for door in doors.values():
        call = door.finder.qdrant_call(plan)
        assert call.operation == operation
        assert note in call.note if note else not call.note
        assert door.found(call) == shown(door.finder, plan)


def test_fewer_than_the_page_shows_are_told(doors: dict[str, Door]) -> None:
    finder = doors["edge"].finder
    small = homes.open_home(finder.settings.home, HashEncoder().entry(), collection=NAME, analyst_max_rows=7)
    call = small.qdrant_call(QueryPlan(meaning="gaming", limit=20))
    small.close()
    assert "at most 7 people" in call.note
    assert doors["edge"].found(call) == shown(finder, QueryPlan(meaning="gaming", limit=7))


PLANS = [
    QueryPlan(meaning="it's gaming", conditions=(WISH, Condition(field="age", op="range", gte=30)), limit=60),
    QueryPlan(sort=(Sort(field="gender"),), limit=3),
]


@pytest.mark.parametrize("plan", PLANS, ids=["a batch", "ids"])
def test_the_curl_call_is_that_call(doors: dict[str, Door], plan: QueryPlan) -> None:
    call = doors["edge"].finder.qdrant_call(plan)
    words = shlex.split(call.curl(URL).replace("\\\n", " "))
    assert words[:3] == ["curl", "-s", f"{URL}/collections/{NAME}/{call.operation}"]
    assert words[3:5] == ["-H", "api-key: $TECHFINDER_TOKEN"]
    answer = doors["edge"].client.post(
        words[2].removeprefix("http://127.0.0.1:8000"), data=words[-1], content_type="application/json"
    )
    assert answer.status_code == 200
    assert words[-2] == "--json"


@pytest.mark.parametrize("plan", PLANS, ids=["a batch", "ids"])
def test_the_python_call_runs_with_the_official_client(doors: dict[str, Door], plan: QueryPlan) -> None:
    door = doors["server"]
    made: list[Any] = []

    def client(**given: Any) -> qdrant_client.QdrantClient:
        transport = httpx.WSGITransport(app=door.app)
        made.append(real(**given, transport=transport, check_compatibility=False))
        return made[-1]

    real, printed = qdrant_client.QdrantClient, StringIO()
    assert "TECHFINDER_TOKEN" not in os.environ
    with patch.object(qdrant_client, "QdrantClient", client), redirect_stdout(printed):
        exec(door.finder.qdrant_call(plan).python(URL), {})
    made[0].close()
    assert printed.getvalue() == f"{[hit.profile.id for hit in door.finder.search(plan).hits]}\n"
