"""What Prometheus reads: it counts what happened, tells how things stand, and names nobody."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from flask import Flask
from flask.testing import FlaskClient
from prometheus_client.parser import text_string_to_metric_families

from access_homes import opened, with_password
from homes import index, open_home
from techfinder.access.permissions import ROLES
from techfinder.app import create_app
from techfinder.database import open_database
from techfinder.finder import Finder
from techfinder.interfaces import EncoderEntry
from techfinder.jobs.queue import JobQueue
from techfinder.settings import load_settings
from techfinder.testing.fakes import HashEncoder

HASH = EncoderEntry(HashEncoder().info, "For tests.", HashEncoder)
RARE = "zyzzyvaquux"


@pytest.fixture(scope="module")
def finder(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Finder]:
    finder = open_home(tmp_path_factory.mktemp("metrics"), HASH)
    index(finder, "synthetic:n=40,seed=3")
    finder.load_encoder()
    yield finder
    finder.close()


@pytest.fixture
def client(finder: Finder) -> FlaskClient:
    """Of an app that has counted nothing."""
    return create_app(finder=finder).test_client()


def read(client: FlaskClient, **headers: str) -> dict[tuple[str, ...], float]:
    """Values by name and labels."""
    answer = client.get("/metrics", headers=headers)
    assert answer.status_code == 200
    families = text_string_to_metric_families(answer.text)
    return {(s.name, *s.labels.values()): s.value for f in families for s in f.samples}


def test_requests_are_counted_by_route_and_status_and_timed(client: FlaskClient, finder: Finder) -> None:
    someone = finder.search(finder.plan("", limit=1)).hits[0].profile.id
    client.get(f"/api/v1/profiles/{someone}")
    client.get(f"/api/v1/profiles/{someone}")
    client.get("/api/v1/profiles/nobody-at-all")
    client.get("/no/such/address")
    client.open("/healthz", method="BREW")
    found = read(client)
    counted = {key[1:]: value for key, value in found.items() if key[0] == "techfinder_requests_total"}
    (route,) = {key[1] for key in counted if key[1].startswith("/api/v1/profiles/")}
    assert "<" in route
    assert counted[("GET", route, "200")] == 2
    assert counted[("GET", route, "404")] == 1
    assert counted[("GET", "none", "404")] == 1
    assert counted[("other", "none", "405")] == 1
    assert found[("techfinder_request_seconds_count", route)] == 3
    assert 0 < found[("techfinder_request_seconds_sum", route)] < 30


def test_searches_are_timed_by_part_and_nobody_is_named(client: FlaskClient, finder: Finder) -> None:
    someone = finder.search(finder.plan("", limit=1)).hits[0].profile.id
    answers: list[Any] = [
        client.get(f"/api/v1/search?q={RARE}+phones").json,
        client.post("/api/v1/search", json={"text": f"{RARE} in a body"}).json,
    ]
    encoded = [a["took_ms"]["encode"] for a in answers if a["took_ms"]["encode"]]
    assert encoded
    client.get(f"/api/v1/{RARE}")
    client.get(f"/api/v1/profiles/{someone}")
    found = read(client)
    assert found[("techfinder_search_seconds_count", "encode")] == len(encoded)
    assert found[("techfinder_search_seconds_sum", "encode")] == pytest.approx(sum(encoded) / 1000, abs=1e-4)
    assert found[("techfinder_search_seconds_count", "store")] == 3  # with the one of this test
    text = client.get("/metrics").text
    assert RARE not in text
    assert someone not in text
    assert not re.search(r"127\.0\.0\.1", text)


def test_how_things_stand_is_told(client: FlaskClient, finder: Finder) -> None:
    live = finder.generation()
    database = open_database(finder.settings)
    queue = JobQueue(database)
    queue.add("promote", "people", {"encoder": "hash"})
    found = read(client)
    assert found[("techfinder_generation",)] == live.number
    assert found[("techfinder_generation_points",)] == 40
    assert 0 <= found[("techfinder_generation_age_seconds",)] < 600
    assert found[("techfinder_jobs", "waiting")] == 1
    assert found[("techfinder_jobs", "failed")] == 0
    assert found[("techfinder_encoder_loaded",)] == 1
    assert found[("techfinder_plugin_failures", "test_encoder")] == 0
    finder.plugins.report("test_encoder", "register_gauges", ValueError("broken"))
    assert read(client)[("techfinder_plugin_failures", "test_encoder")] == 1
    queue.cancel(queue.jobs()[0].id)
    database.close()
    assert read(client)[("techfinder_jobs", "cancelled")] == 1


def test_what_is_away_costs_the_rest_nothing(tmp_path: Path) -> None:
    finder = open_home(tmp_path, HASH)
    (tmp_path / "techfinder.db").write_bytes(b"no database" * 1000)
    found = read(create_app(finder=finder).test_client())
    finder.close()
    assert found[("techfinder_store_up",)] == 0
    assert found[("techfinder_database_up",)] == 0
    assert ("techfinder_generation_points",) not in found
    assert found[("techfinder_encoder_loaded",)] == 0


def test_where_people_sign_in_it_takes_an_admin_or_a_token_for_it(tmp_path: Path) -> None:
    settings = load_settings(home=tmp_path, sign_in="on")
    with opened(settings) as access:
        for role in ROLES:
            with_password(access, role, role)
        tokens = {s: access.tokens.make("admin", "for Prometheus", [s], 30, "test")[1] for s in ("metrics", "search")}
    finder = Finder(settings)
    app: Flask = create_app(finder=finder)
    client = app.test_client()

    def status(token: str = "") -> Any:
        return client.get("/metrics", headers={"Authorization": f"Bearer {token}"} if token else {}).status_code

    assert status() == 401
    assert status(tokens["search"]) == 403
    assert status(tokens["metrics"]) == 200
    client.get("/api/v1/plugins", headers={"Authorization": f"Bearer {tokens['metrics']}"})
    assert (
        'route="/api/v1/plugins",status="403"'
        in client.get("/metrics", headers={"Authorization": f"Bearer {tokens['metrics']}"}).text
    )
    app.extensions["techfinder.access"].close()
    finder.close()
