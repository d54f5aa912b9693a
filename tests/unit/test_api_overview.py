"""What there is, over the API: schema, filters, plugins, collections, index runs, the document itself."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from flask.testing import FlaskClient

import homes
from techfinder.app import create_app
from techfinder.finder import Finder
from techfinder.runs import RunRecord
from techfinder.testing.fakes import HashEncoder


@pytest.fixture(scope="module")
def finder(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Finder]:
    made = homes.open_home(tmp_path_factory.mktemp("overview"), HashEncoder().entry())
    homes.index(made, "synthetic:n=15,seed=5")
    homes.index(made, "synthetic:n=16,seed=5")
    yield made
    made.close()


@pytest.fixture
def client(finder: Finder) -> FlaskClient:
    return create_app(finder=finder).test_client()


def test_the_schema_tells_every_field_and_attribute(client: FlaskClient, finder: Finder) -> None:
    body = client.get("/api/v1/schema").get_json()
    assert (body["name"], body["subject"]) == ("tech-adoption", ["person", "people"])
    fields = {f["name"]: f for f in body["fields"]}
    assert list(fields) == [f.name for f in finder.schema.fields]
    assert {n for n, f in fields.items() if f["sensitive"]} == {f.name for f in finder.schema.fields if f.sensitive}
    assert [a["key"] for f in body["fields"] for a in f["attributes"]] == list(finder.schema.attributes)
    assert (fields["age"]["unit"], fields["age"]["max"]) == ("years", 120)
    (interest, level) = fields["tech_interest"]["attributes"]
    assert (interest["ordered"], interest["known_values"][-1], level["derived"]) == (True, "Very High", True)
    assert any(v["synonyms"] for v in fields["tech_interest"]["values"])


def test_every_filter_understands_its_examples(client: FlaskClient, finder: Finder) -> None:
    filters = client.get("/api/v1/schema").get_json()["filters"]
    assert [f["name"] for f in filters] == list(finder.filters)
    for told in filters:
        assert told["examples"], told["name"]
        for text in told["examples"]:
            query = {told["name"]: text, "limit": "1", "facets": "none"}
            answer = client.get("/api/v1/search", query_string=query)
            assert answer.status_code == 200, (told["name"], text)
    examples = {f["name"]: f["examples"] for f in filters}
    assert ">=Moderate" in examples["tech_interest"]
    assert "18..25" in examples["age"]
    assert "2024-03..2024-06" in examples["smartphone_adopted_on"]


def test_plugins(client: FlaskClient, finder: Finder) -> None:
    found = {p["name"]: p for p in client.get("/api/v1/plugins").get_json()["plugins"]}
    assert list(found) == [p.name for p in finder.plugins.describe()]
    assert "age" in found["builtin"]["entries"]["filters"]
    assert not any(p["failed"] or p["disabled"] for p in found.values())


def test_collections_with_their_generations(client: FlaskClient) -> None:
    (people,) = client.get("/api/v1/collections").get_json()["collections"]
    assert (people["name"], people["searched"], people["damaged"]) == ("people", True, False)
    assert [(g["number"], g["live"], g["points"]) for g in people["generations"]] == [(1, False, 15), (2, True, 16)]
    assert people["generations"][0]["schema"] == "tech-adoption"
    assert [g["exact"] for g in people["generations"]] == [False, False]


def test_progress_of_index_runs(client: FlaskClient, finder: Finder) -> None:
    with RunRecord.start(finder.settings.home, "people", "more.csv") as going:
        going.update(total=200, done=50, encoded=40)
        newest = client.get("/api/v1/runs").get_json()["runs"][0]
        assert newest == client.get(f"/api/v1/runs/{going.progress.run}").get_json()
        assert (newest["state"], newest["total"], newest["done"], newest["encoded"]) == ("running", 200, 50, 40)
        assert "pid" not in newest
    states = [(r["state"], r["generation"]) for r in client.get("/api/v1/runs").get_json()["runs"][1:]]
    assert states == [("done", 2), ("done", 1)]
    missing = client.get("/api/v1/runs/../../etc")
    assert missing.status_code == 404


def test_the_document_describes_every_route_and_filter(client: FlaskClient, finder: Finder) -> None:
    document = client.get("/api/openapi.json").get_json()
    app = create_app(finder=finder)
    routes = {
        (rule.rule.replace("<path:", "{").replace("<", "{").replace(">", "}"), method.lower())
        for rule in app.url_map.iter_rules()
        if rule.rule.startswith(("/api/v1/", "/api/problems/"))
        for method in (rule.methods or set()) - {"HEAD", "OPTIONS"}
    }
    described = {(path, method): op for path, item in document["paths"].items() for method, op in item.items()}
    assert set(described) == routes
    for operation in described.values():
        assert operation["summary"]
        assert operation["description"]
        assert "500" in operation["responses"]
    named = {p["name"] for p in described["/api/v1/search", "get"]["parameters"]}
    assert named == {"q", "limit", "offset", "sort", "facets", "near", *finder.filters}


def test_the_document_is_whole(client: FlaskClient) -> None:
    document = client.get("/api/openapi.json").get_json()
    known = {f"#/components/schemas/{name}" for name in document["components"]["schemas"]}
    referred = set()

    def walk(part: object) -> None:
        if isinstance(part, dict):
            if isinstance(part.get("$ref"), str):
                referred.add(part["$ref"])
            for inner in part.values():
                walk(inner)
        elif isinstance(part, list):
            for inner in part:
                walk(inner)

    walk(document)
    assert referred <= known
    assert document["openapi"] == "3.1.0"


@pytest.mark.parametrize("path", ["search", "facets", "similar", "compare", "lookalike", "audience"])
def test_the_examples_in_the_document_are_understood(client: FlaskClient, path: str) -> None:
    document = client.get("/api/openapi.json").get_json()
    body = document["paths"][f"/api/v1/{path}"]["post"]["requestBody"]["content"]["application/json"]["schema"]
    example = document["components"]["schemas"][body["$ref"].rpartition("/")[2]]["example"]
    answer = client.post(f"/api/v1/{path}", json={**example, "meaning": ""} if "meaning" in example else example)
    assert answer.status_code == 200, answer.get_json()
