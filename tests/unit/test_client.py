"""The typed client, in-process against the real app: answers, paging, and typed errors."""

from __future__ import annotations

import os
import subprocess
import sys
import threading
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import httpx
import pytest

import homes
from techfinder.app import create_app
from techfinder.client import (
    ApiError,
    BadRequest,
    ChangedMeanwhile,
    Client,
    NotFound,
    NothingIndexed,
    OtherBuild,
    Unavailable,
)
from techfinder.cursors import following
from techfinder.errors import CollectionNotFound, CursorExpired, QueryError, StoreUnavailable
from techfinder.finder import Finder
from techfinder.plan import Condition, QueryPlan
from techfinder.runs import RunRecord
from techfinder.testing.fakes import HashEncoder

URL = "http://127.0.0.1:8000"


def client_of(finder: Finder) -> Client:
    return Client(URL, transport=httpx.WSGITransport(app=create_app(finder=finder)))


@pytest.fixture(scope="module")
def finder(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Finder]:
    made = homes.open_home(tmp_path_factory.mktemp("client"), HashEncoder().entry())
    homes.index(made, "synthetic:n=60,seed=5")
    made.load_encoder()
    yield made
    made.close()


@pytest.fixture
def client(finder: Finder) -> Iterator[Client]:
    with client_of(finder) as made:
        yield made


def test_a_sentence_and_filters_find_people(client: Client) -> None:
    answer = client.search("gaming", {"age": "20..60", "gender": ["Male", "Female"]}, limit=5, facets=["gender"])
    assert len(answer.hits) == 5
    assert all(20 <= h.profile["age"] <= 60 for h in answer.hits)
    assert [f.name for f in answer.facets] == ["gender"]
    assert client.search(limit=1).facets == ()
    assert len(client.search(limit=1, facets="all").facets) > 20


def test_hits_come_in_order_and_may_be_skipped_and_sorted(client: Client) -> None:
    oldest = client.search(sort=["-age"], limit=10)
    ages = [h.profile["age"] for h in oldest.hits]
    assert ages == sorted(ages, reverse=True)
    assert client.search(sort=["-age"], limit=4, offset=6).hits == oldest.hits[6:]


def test_everybody_comes_once(client: Client) -> None:
    plan = client.plan("gaming", {"age": "20..60"})
    assert plan.meaning == "gaming"
    pages = list(client.pages(plan, size=7, facets=["age"]))
    assert [p.facets[0].name for p in pages] == ["age"] * len(pages)
    everybody = [h for p in pages for h in p.hits]
    assert list(client.hits(plan)) == everybody
    assert len({h.id for h in everybody}) == len(everybody) == pages[0].total


def test_as_many_come_as_the_sentence_says(client: Client) -> None:
    for text, limit in (("top 7 people under 70", 7), ("under 70", 20)):
        plan = client.plan(text)
        assert plan.limit == limit
        found = client.search(text)
        assert found.plan == plan
        assert len(client.search_plan(plan).hits) == len(found.hits) == min(limit, found.total)
    assert len(client.search("top 7 people under 70", limit=3).hits) == 3


def test_a_plan_may_be_made_by_hand(client: Client) -> None:
    plan = QueryPlan(conditions=(Condition(field="age", op="range", lt=40),), limit=3)
    assert len(client.search_plan(plan).hits) == 3
    assert [f.name for f in client.facets(plan, ["gender", "age"]).facets] == ["age", "gender"]


def test_people_like_some_and_side_by_side(client: Client) -> None:
    young = Condition(field="age", op="range", lt=60)
    answer = client.similar(["TU0001"], ["TU0002"], filters={"age": ">=20"}, conditions=[young], limit=3)
    assert len(answer.hits) == 3
    assert {"TU0001", "TU0002"}.isdisjoint(h.id for h in answer.hits)
    compared = client.compare(["TU0001", answer.hits[0].id])
    assert compared.similarity[0][0] == 1.0
    assert client.profile("TU0001").facts[0].label == "Age"


def test_what_there_is(client: Client, finder: Finder) -> None:
    assert client.schema().name == "tech-adoption"
    assert client.plugins().plugins[0].name == "builtin"
    (generation,) = client.collections().collections[0].generations
    assert (generation.schema_name, generation.live) == ("tech-adoption", True)
    assert [r.state for r in client.runs().runs] == ["done"]
    assert client.run(client.runs().runs[0].run).generation == finder.generation().number


def test_waiting_for_a_run(client: Client, finder: Finder) -> None:
    with RunRecord.start(finder.settings.home, "people", "more.csv") as going:
        run = going.progress.run
        with pytest.raises(TimeoutError, match=r"still goes on after 0\.05 s"):
            client.wait_for_run(run, timeout_s=0.05, every_s=0.02)
        ends = threading.Timer(0.1, lambda: going.update(state="failed", message="no disk"))
        ends.start()
        over = client.wait_for_run(run, timeout_s=20, every_s=0.02)
        ends.join()
        assert (over.state, over.message) == ("failed", "no disk")


@pytest.mark.parametrize("odd", ["a/b?c=d <x>", "%41", "#"])
def test_odd_ids_are_asked_for_as_they_are(client: Client, odd: str) -> None:
    with pytest.raises(NotFound) as caught:
        client.profile(odd)
    assert repr(odd) in str(caught.value)


# --- errors ----------------------------------------------------------------------------------------


def test_bad_requests_tell_what_is_wrong_and_where(client: Client) -> None:
    with pytest.raises(BadRequest, match="Did you mean 'age'") as caught:
        client.search_plan(QueryPlan(conditions=(Condition(field="agee", op="present"),)))
    assert isinstance(caught.value, QueryError)
    assert caught.value.problem is not None
    assert caught.value.problem.errors[0].pointer == "#/conditions/0/field"
    with pytest.raises(BadRequest, match="No filter is named"):
        client.search(filters={"agee": "3"})
    with pytest.raises(BadRequest, match="no cursor of ours"):
        client.search_plan(QueryPlan(), cursor="x")
    with pytest.raises(NotFound, match="There is no profile 'nobody'"):
        client.similar(["nobody"])


def test_paging_stops_when_the_people_change(client: Client, finder: Finder) -> None:
    plan = QueryPlan(limit=8)
    page = finder.search(plan)
    before = replace(page.generation, revision=page.generation.revision + 1)
    cursor = following(plan, replace(page, generation=before))
    with pytest.raises(ChangedMeanwhile, match="have changed") as caught:
        client.search_plan(plan, cursor=cursor)
    assert isinstance(caught.value, CursorExpired)


def test_nothing_is_indexed_yet(tmp_path: Path) -> None:
    empty = homes.open_home(tmp_path, HashEncoder().entry())
    with client_of(empty) as client, pytest.raises(NothingIndexed) as caught:
        client.search()
    assert isinstance(caught.value, CollectionNotFound)
    empty.close()


def answering(status: int, body: str, **headers: str) -> Client:
    transport = httpx.MockTransport(lambda request: httpx.Response(status, text=body, headers=headers))
    return Client(URL, transport=transport)


@pytest.mark.parametrize(
    ("status", "kind", "expected"),
    [
        (503, "encoder-loading", Unavailable),
        (503, "store-unavailable", Unavailable),
        (409, "other-build", OtherBuild),
        (500, "store-damaged", ApiError),
        (418, "something-new", ApiError),
    ],
)
def test_errors_are_made_from_the_type(status: int, kind: str, expected: type[ApiError]) -> None:
    body = f'{{"type":"/api/problems/{kind}","title":"T","status":{status},"detail":"Why.","instance":"/"}}'
    with answering(status, body, **{"Retry-After": "2"}) as client, pytest.raises(expected, match=r"Why\.") as caught:
        client.schema()
    assert type(caught.value) is expected
    assert caught.value.retry_after_s == 2.0


def test_answers_of_something_else_are_told_apart() -> None:
    with answering(200, "<html>") as client, pytest.raises(ApiError, match="Is it techfinder"):
        client.schema()
    with answering(502, "<html>bad gateway") as client, pytest.raises(Unavailable, match="answered 502"):
        client.schema()


def test_nobody_answers() -> None:
    with Client("http://127.0.0.1:9", timeout_s=5) as client, pytest.raises(Unavailable) as caught:
        client.search("who is there")
    assert isinstance(caught.value, StoreUnavailable)
    assert "who" not in str(caught.value)


def test_the_token_is_sent() -> None:
    seen: list[httpx.Request] = []

    def answer(request: httpx.Request) -> httpx.Response:
        seen.append(request)
        return httpx.Response(200, json={"runs": []})

    with Client(URL, token="swordfish", transport=httpx.MockTransport(answer)) as client:
        assert client.runs().runs == ()
    assert seen[0].headers["Authorization"] == "Bearer swordfish"


def test_importing_the_client_loads_nothing_heavy() -> None:
    heavy = ("flask", "numpy", "pandas", "torch", "qdrant_client", "qdrant_edge", "pyarrow", "mlflow")
    code = f"import sys, techfinder.client; print([m for m in {heavy!r} if m in sys.modules])"
    done = subprocess.run(
        [sys.executable, "-c", code], env=dict(os.environ), capture_output=True, text=True, timeout=25, check=True
    )
    assert done.stdout.strip() == "[]"
