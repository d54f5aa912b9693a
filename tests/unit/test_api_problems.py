"""Errors of the API: problem details everywhere, each with a stable type that tells about itself."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from flask.testing import FlaskClient

import homes
from techfinder import needs
from techfinder.app import create_app
from techfinder.finder import Finder
from techfinder.testing.fakes import HashEncoder
from techfinder.wire.problems import KINDS, Problem


@pytest.fixture(scope="module")
def finder(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Finder]:
    made = homes.open_home(tmp_path_factory.mktemp("problems"), HashEncoder().entry())
    homes.index(made, "synthetic:n=20,seed=5")
    yield made
    made.close()


@pytest.fixture
def client(finder: Finder) -> FlaskClient:
    return create_app(finder=finder).test_client()


def test_every_kind_of_problem_is_in_the_documentation() -> None:
    page = (Path(__file__).parents[2] / "docs" / "api.md").read_text()
    told = re.findall(r"^\| `/api/problems/([a-z-]+)` \| (\d+) \| (.+) \|$", page, re.MULTILINE)
    assert told == [(kind.name, str(kind.status), kind.meaning) for kind in KINDS.values()]


def read(answer: Any) -> Problem:
    assert answer.mimetype == "application/problem+json"
    found = Problem.model_validate_json(answer.data)
    assert found.status == answer.status_code
    assert answer.headers["Cache-Control"] == "no-store"
    return found


@pytest.mark.parametrize(
    ("body", "kind", "detail"),
    [
        (b"{", "bad-json", "EOF"),
        (b"", "bad-json", "EOF"),
        (b"\xff", "bad-json", "expected value"),
        (b"[" * 100_000, "bad-json", "recursion"),
        (b"1" * 5000, "bad-json", "number out of range"),
        (b'{"text":"\\ud800"}', "bad-json", "hex escape"),
        (b'"{}"', "invalid-request", "#: expected an object, got '{}'"),
        (b"[]", "invalid-request", "#: expected an object, got []"),
        (b"null", "invalid-request", "#: expected an object, got None"),
    ],
    ids=lambda p: p[:12] if isinstance(p, bytes) else p,
)
def test_bodies_that_are_no_object(client: FlaskClient, body: bytes, kind: str, detail: str) -> None:
    found = read(client.post("/api/v1/search", data=body, content_type="application/json"))
    assert found.type == f"/api/problems/{kind}"
    assert detail in found.detail


@pytest.mark.parametrize(
    ("body", "pointer", "detail"),
    [
        ({"limit": "5"}, "#/limit", "expected a whole number, got '5'"),
        ({"limit": 0}, "#/limit", "expected at least 1, got 0"),
        ({"limit": 5.5}, "#/limit", "expected a whole number, got 5.5"),
        ({"colour": "red"}, "#/colour", "there is no such key"),
        ({"a/b~c": 1}, "#/a~1b~0c", "there is no such key"),
        ({"meaning": "x" * 2001}, "#/meaning", "at most 2000"),
        ({"notices": [1]}, "#/notices/0", "expected an object, got 1"),
        ({"conditions": [{"op": "any_of", "values": ["a"]}]}, "#/conditions/0/field", "is missing"),
        ({"conditions": [{"field": "age", "op": "above"}]}, "#/conditions/0/op", "expected 'any_of'"),
        ({"conditions": [{"field": "age", "op": "range"}]}, "#/conditions/0", "a range has bounds"),
        ({"conditions": [{"conditions": []}]}, "#/conditions/0/conditions", "at least 1"),
        ({"conditions": [{"kind": "wish"}]}, "#/conditions/0", "'wish'"),
        ({"conditions": [{"field": "age", "op": "missing"}] * 201}, "#/conditions", "at most 200"),
        ({"conditions": [{"field": "age", "op": "any_of", "values": ["1"] * 5001}]}, "#", "at most 5000"),
        ({"conditions": [{"conditions": [{"field": "age", "op": "missing"}] * 501}]}, "#", "at most 500"),
        ({"cursor": ""}, "#/cursor", "at least 1 character"),
    ],
    ids=lambda p: str(p)[:40],
)
def test_faults_in_a_body_are_pointed_to(client: FlaskClient, body: Any, pointer: str, detail: str) -> None:
    found = read(client.post("/api/v1/search", json=body))
    assert (found.type, found.status) == ("/api/problems/invalid-request", 422)
    assert found.errors[0].pointer == pointer
    assert detail in found.errors[0].detail


@pytest.mark.parametrize(
    ("body", "key"),
    [
        ('{"conditions": [{"field": "age", "op": "present"}], "conditions": []}', "conditions"),
        ('{"limit": 1, "limit": 1, "offset": 0}', "limit"),
        ('{"conditions": [{"field": "age", "op": "present", "field": "gender"}]}', "field"),
    ],
)
def test_a_key_is_given_once(client: FlaskClient, body: str, key: str) -> None:
    found = read(client.post("/api/v1/search", data=body, content_type="application/json"))
    assert (found.type, found.status) == ("/api/problems/invalid-request", 422)
    assert found.detail == f"#: an object gives its key '{key}' twice. Give it once"


def test_all_faults_of_a_body_are_told_up_to_fifty(client: FlaskClient) -> None:
    found = read(client.post("/api/v1/search", json={"limit": 0, "offset": -1, **{f"k{i}": 1 for i in range(60)}}))
    assert len(found.errors) == 50
    assert "And 61 more." in found.detail


@pytest.mark.parametrize(
    ("method", "path", "options", "status"),
    [
        ("GET", "/api/v1/nothing", {}, 404),
        ("GET", "/api/nothing", {}, 404),
        ("GET", "/api/v1/similar", {}, 405),
        ("DELETE", "/api/v1/search", {}, 405),
        ("POST", "/api/v1/search", {"data": b"{}"}, 415),
        ("POST", "/api/v1/search", {"data": b"{}", "content_type": "text/plain"}, 415),
        ("POST", "/api/v1/compare", {"data": {"ids": "TU0001"}}, 415),
        ("POST", "/api/v1/search", {"data": b" " * 1_000_001, "content_type": "application/json"}, 413),
        ("GET", "/api/v1/search", {"query_string": "x" * 16_001}, 414),
        ("GET", "/api/v1/search", {"headers": {"Host": "evil.example"}}, 400),
    ],
)
def test_what_http_itself_refuses(
    client: FlaskClient, method: str, path: str, options: dict[str, Any], status: int
) -> None:
    found = read(client.open(path, method=method, **options))
    assert (found.status, found.type, found.instance) == (status, "about:blank", path)


def test_how_long_a_body_may_be_is_told(client: FlaskClient) -> None:
    found = read(client.post("/api/v1/search", data=b" " * 1_000_001, content_type="application/json"))
    assert found.detail == "The body has more than 1,000,000 bytes. Ask for less."


def test_long_keys_do_not_come_back_whole(client: FlaskClient) -> None:
    for body in ({"~" * 900_000: 1}, {"conditions": [{"field": "age", "op": "present", "/" * 900_000: 1}]}):
        answer = client.post("/api/v1/search", json=body)
        assert read(answer).errors[0].pointer.endswith(("~0" * 79 + "…", "~1" * 79 + "…"))
        assert len(answer.data) < 2000


def test_a_wrong_method_is_told_the_right_ones(client: FlaskClient) -> None:
    assert set(client.get("/api/v1/similar").headers["Allow"].split(", ")) == {"OPTIONS", "POST"}
    assert client.options("/api/v1/search").status_code == 200
    assert {"GET", "HEAD", "POST"} <= set(client.options("/api/v1/search").headers["Allow"].split(", "))


def test_head_answers_as_get_does_without_a_body(client: FlaskClient) -> None:
    for path in ("/api/v1/schema", "/api/v1/nothing"):
        asked, headed = client.get(path), client.head(path)
        assert (headed.status_code, headed.mimetype, headed.data) == (asked.status_code, asked.mimetype, b"")


def test_odd_addresses_come_back_as_uri_references(client: FlaskClient) -> None:
    found = read(client.get("/api/v1/profiles/a%20b%22%C3%BC?x=1"))
    assert found.instance == "/api/v1/profiles/a%20b%22%C3%BC"
    assert found.type == "/api/problems/no-such-profile"


def test_a_bug_tells_nothing_of_the_inside(finder: Finder, caplog: pytest.LogCaptureFixture) -> None:
    app = create_app(finder=finder)

    @app.get("/api/v1/broken")
    @needs("public")
    def broken() -> str:
        raise RuntimeError("the password is swordfish")

    found = read(app.test_client().get("/api/v1/broken"))
    assert (found.status, found.type, found.title) == (500, "about:blank", "Internal Server Error")
    assert "swordfish" not in json.dumps(found.model_dump())
    assert "swordfish" in caplog.text


def test_answers_may_not_be_kept_on_the_way(client: FlaskClient) -> None:
    answer = client.get("/api/v1/search?limit=1")
    assert answer.headers["Cache-Control"] == "no-store"
    assert answer.headers["X-Content-Type-Options"] == "nosniff"


@pytest.mark.parametrize("name", KINDS)
def test_every_kind_of_problem_tells_about_itself(client: FlaskClient, name: str) -> None:
    answer = client.get(f"/api/problems/{name}").get_json()
    kind = KINDS[name]
    assert answer == {
        "type": f"/api/problems/{name}",
        "title": kind.title,
        "status": kind.status,
        "meaning": kind.meaning,
    }


def test_an_unknown_kind_of_problem(client: FlaskClient) -> None:
    found = read(client.get("/api/problems/bad-plans"))
    assert (found.type, found.status) == ("/api/problems/no-such-kind", 404)
    assert "'bad-plan'" in found.detail


def test_another_encoder_and_a_closed_store(tmp_path: Path) -> None:
    first = homes.open_home(tmp_path, HashEncoder().entry())
    homes.index(first, "synthetic:n=3,seed=5")
    first.close()
    other = homes.open_home(tmp_path, HashEncoder(revision="other").entry())
    client = create_app(finder=other).test_client()
    other.load_encoder()
    mixed = read(client.get("/api/v1/search?q=gaming"))
    assert (mixed.status, mixed.type) == (409, "/api/problems/other-build")
    other.close()
    answer = client.post("/api/v1/search", json={})
    assert (read(answer).status, read(answer).type) == (503, "/api/problems/store-unavailable")
    assert int(answer.headers["Retry-After"]) > 0
