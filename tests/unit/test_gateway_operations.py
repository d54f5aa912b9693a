"""The gateway answers a list of read operations, and refuses whatever else Qdrant's API has, and tricks."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

import pytest
from flask.testing import FlaskClient

import homes
from qdrant_operations import operations
from techfinder.app import create_app
from techfinder.finder import Finder
from techfinder.gateway.routes import OPERATIONS
from techfinder.testing.fakes import HashEncoder

ALLOWED = {
    ("GET", "/"),
    ("GET", "/aliases"),
    ("GET", "/collections"),
    ("GET", "/collections/{collection_name}"),
    ("GET", "/collections/{collection_name}/aliases"),
    ("GET", "/collections/{collection_name}/exists"),
    ("GET", "/collections/{collection_name}/points/{id}"),
    ("POST", "/collections/{collection_name}/facet"),
    ("POST", "/collections/{collection_name}/points"),
    ("POST", "/collections/{collection_name}/points/count"),
    ("POST", "/collections/{collection_name}/points/query"),
    ("POST", "/collections/{collection_name}/points/query/batch"),
    ("POST", "/collections/{collection_name}/points/scroll"),
    ("POST", "/collections/{collection_name}/points/search"),
}
EVERYTHING = operations("people")


@pytest.fixture(scope="module")
def finder(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Finder]:
    made = homes.open_home(tmp_path_factory.mktemp("gateway"), HashEncoder().entry())
    homes.index(made, "synthetic:n=40,seed=5")
    yield made
    made.close()


@pytest.fixture(scope="module")
def client(finder: Finder) -> FlaskClient:
    app = create_app(finder=finder)
    app.extensions["techfinder.gateway"].reader()
    return app.test_client()


def refused(client: FlaskClient, method: str, path: str, **options: Any) -> int:
    """The status of what must come in Qdrant's form of an error."""
    answer = client.open(f"/qdrant{path}", method=method, **options)
    if method != "HEAD":
        body = answer.get_json()
        assert set(body) == {"status", "time"}, (method, path, answer.text)
        assert isinstance(body["status"]["error"], str)
    return answer.status_code


def test_the_list_is_the_one_that_is_written_here() -> None:
    listed = {(method, re.sub("<.*?>", "{}", rule)) for method, rule, _ in OPERATIONS}
    assert listed == {(method, re.sub("{.*?}", "{}", path)) for method, path in ALLOWED}
    assert len(EVERYTHING) > 70
    assert {(method, template) for method, template, _ in EVERYTHING} >= ALLOWED


@pytest.mark.parametrize(
    "body", [None, {}, {"points": [{"id": 1, "vector": [1.0]}]}], ids=["no body", "empty", "points"]
)
def test_every_other_operation_of_qdrant_is_forbidden(client: FlaskClient, finder: Finder, body: Any) -> None:
    before = finder.generation()
    for method, template, path in EVERYTHING:
        if (method, template) not in ALLOWED:
            options = {} if body is None else {"json": body}
            assert refused(client, method, path, **options) == 403, (method, path)
            assert refused(client, method, f"{path}/", **options) == 403, (method, path)
    assert finder.generation() == before


@pytest.mark.parametrize("method", ["PUT", "PATCH", "DELETE", "OPTIONS", "TRACE", "CONNECT", "PROPFIND"])
def test_no_other_method_does_anything_at_paths_that_are_allowed(client: FlaskClient, method: str) -> None:
    for path in {p for m, t, p in EVERYTHING if (m, t) in ALLOWED}:
        assert refused(client, method, path, json={}) == 403, (method, path)


@pytest.mark.parametrize(
    "path",
    [
        "//collections",
        "/collections//people",
        "/collections/people/",
        "/collections/people//points/count",
        "/collections/people%2Fsnapshots",
        "/collections/people%2f..%2f..%2fsnapshots",
        "/collections/../snapshots",
        "/collections/people/../../telemetry",
        "/collections/people/points/%2e%2e/%2e%2e/snapshots",
        "/collections/people/points/1/vectors",
        "/./telemetry",
        "/collections/people;/snapshots",
        "/collections/people%00/snapshots",
        "/COLLECTIONS",
        "/collections/people/snapshots?x=/points/count",
        "/" + "a/" * 2000,
    ],
)
def test_tricks_with_paths_lead_nowhere(client: FlaskClient, path: str) -> None:
    for method in ("GET", "POST"):
        assert refused(client, method, path) == 403


@pytest.mark.parametrize(
    "name",
    [
        "techfinder.control",
        "people.tech-adoption.hash.0002",
        "People",
        "people.",
        "..",
        "*",
        "people,x",
        "x" * 5000,
        "%00",
    ],
)
def test_other_collections_do_not_exist_whatever_is_asked(client: FlaskClient, name: str) -> None:
    for method, template, path in operations(name):
        if (method, template) in ALLOWED and "collection_name" in template and not template.endswith("exists"):
            body = {"json": {}} if method == "POST" else {}
            assert refused(client, method, path, **body) == 404, (method, path)
    exists = client.get(f"/qdrant/collections/{name}/exists").get_json()
    assert exists["result"] == {"exists": False}


@pytest.mark.parametrize(
    "body",
    [
        {"ids": [], "points": [{"id": 1, "vector": [1.0]}]},
        {"batch": {"ids": [1], "vectors": [[1.0]], "payloads": [{}]}},
        {"ids": [], "update_filter": {}},
        {"delete": {"points": [1]}},
        {"operations": [{"delete": {"points": [1]}}]},
    ],
)
def test_a_write_in_the_body_of_a_reading_operation_is_refused(client: FlaskClient, body: dict[str, Any]) -> None:
    for path in ("", "/query", "/query/batch", "/scroll", "/count", "/search"):
        assert refused(client, "POST", f"/collections/people/points{path}", json=body) == 400, path


def test_bodies_that_are_too_large_or_no_json_are_refused(client: FlaskClient) -> None:
    path = "/collections/people/points/query"
    kind = "application/json"
    assert refused(client, "POST", path, data=b'{"query": [' + b"1," * 600_000 + b"1]}", content_type=kind) == 413
    assert refused(client, "POST", path, data=b'{"query": ' + b"[" * 5000, content_type=kind) == 400
    assert refused(client, "POST", path, data=b"{}", content_type="text/plain") == 415
    assert refused(client, "POST", path, data=b"", content_type=kind) == 400
    assert refused(client, "POST", path, data=b"[]", content_type=kind) == 400
    assert refused(client, "POST", path, data=b'{"query": "\xff"}', content_type=kind) == 400
    assert refused(client, "POST", f"{path}?x={'y' * 20_000}", json={}) == 414


def test_answers_are_not_kept_on_the_way(client: FlaskClient) -> None:
    for path in ("/qdrant/collections", "/qdrant/telemetry"):
        headers = client.get(path).headers
        assert (headers["Cache-Control"], headers["X-Content-Type-Options"]) == ("no-store", "nosniff")


def test_the_gateway_can_be_switched_off(tmp_path: Any) -> None:
    off = homes.open_home(tmp_path, HashEncoder().entry(), gateway="off")
    assert create_app(finder=off).test_client().get("/qdrant/collections").status_code == 404
    off.close()


def test_before_anything_is_indexed_that_is_told(tmp_path: Any) -> None:
    empty = homes.open_home(tmp_path, HashEncoder().entry())
    client = create_app(finder=empty).test_client()
    assert client.get("/qdrant/").get_json()["version"]
    assert refused(client, "GET", "/collections") == 404
    empty.close()
