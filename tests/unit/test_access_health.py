"""What `/readyz` tells where people sign in: everything to them, the states alone to strangers, and cheaply."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from importlib import import_module
from pathlib import Path

import pytest
from flask.testing import FlaskClient

import homes
from access_homes import with_password
from techfinder.access.access import Access
from techfinder.app import create_app
from techfinder.errors import DatabaseError
from techfinder.testing.fakes import HashEncoder


@pytest.fixture
def client(tmp_path: Path) -> Iterator[FlaskClient]:
    """Of an app where people sign in, with people and a loaded encoder."""
    finder = homes.open_home(tmp_path, HashEncoder().entry(), sign_in="on")
    access = Access(finder.settings)
    with_password(access, "root", "admin")
    access.close()
    homes.index(finder, "synthetic:n=5")
    finder.load_encoder()
    app = create_app(finder=finder)
    yield app.test_client()
    app.extensions["techfinder.access"].close()
    finder.close()


@pytest.fixture
def token(client: FlaskClient) -> dict[str, str]:
    """The header of somebody who is known."""
    access: Access = client.application.extensions["techfinder.access"]
    return {"Authorization": f"Bearer {access.tokens.make('root', 'health', ['search'], 1, 'test')[1]}"}


def _damage(client: FlaskClient) -> None:
    home = client.application.extensions["techfinder"].settings.home
    for column in home.glob("store/people/generations/*/columns/age.numbers.npy"):
        column.write_bytes(b"")


def test_strangers_are_told_the_states_alone(client: FlaskClient, token: dict[str, str]) -> None:
    assert client.get("/readyz").get_json() == {"status": "ready", "store": "ready", "encoder": "ready"}
    assert client.get("/readyz", headers=token).get_json()["generation"] == 1


def test_what_is_wrong_is_told_to_whoever_signs_in(client: FlaskClient, token: dict[str, str]) -> None:
    _damage(client)
    stranger, known = client.get("/readyz"), client.get("/readyz", headers=token)
    assert (stranger.status_code, known.status_code) == (503, 503)
    assert stranger.get_json() == {"status": "not ready", "store": "store-damaged", "encoder": "ready"}
    assert "index SOURCE --rebuild" in known.get_json()["store_detail"]


def test_a_database_that_is_away_makes_everybody_a_stranger(
    client: FlaskClient, token: dict[str, str], monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(*args: object, **kwargs: object) -> None:
        raise DatabaseError("the database is away")

    monkeypatch.setattr("techfinder.access.known.Known.by_token", fail)
    answer = client.get("/readyz", headers=token)
    assert (answer.status_code, answer.get_json()["store"]) == (200, "ready")
    assert "generation" not in answer.get_json()


def test_a_store_that_hangs_holds_one_thread_and_no_more(client: FlaskClient, monkeypatch: pytest.MonkeyPatch) -> None:
    assert client.get("/readyz").status_code == 200
    monkeypatch.setattr(import_module("techfinder.api.health"), "_FRESH_S", 0.0)
    collection = client.application.extensions["techfinder"].collection()
    hangs, goes_on, check = threading.Event(), threading.Event(), collection.check

    def hang() -> object:
        hangs.set()
        assert goes_on.wait(60)
        return check()

    monkeypatch.setattr(collection, "check", hang)
    with ThreadPoolExecutor(1) as pool:
        first = pool.submit(client.application.test_client().get, "/readyz")
        assert hangs.wait(60)
        assert [client.get("/readyz").status_code for _ in range(20)] == [200] * 20
        monkeypatch.setattr(import_module("techfinder.api.health"), "_PATIENCE_S", 0.0)
        answer = client.get("/readyz")
        assert (answer.status_code, answer.get_json()["store"]) == (503, "unanswered")
        goes_on.set()
        assert first.result(60).status_code == 200


def test_a_store_that_hangs_from_the_start_holds_one_thread_too(
    client: FlaskClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    hangs, goes_on = threading.Event(), threading.Event()

    def hang(*args: object) -> dict[str, object]:
        hangs.set()
        assert goes_on.wait(60)
        return {"store": "ready"}

    monkeypatch.setattr(import_module("techfinder.api.health"), "_store_state", hang)
    with ThreadPoolExecutor(1) as pool:
        first = pool.submit(client.application.test_client().get, "/readyz")
        assert hangs.wait(60)
        answers = [client.get("/readyz") for _ in range(20)]
        assert {(a.status_code, a.get_json()["store"]) for a in answers} == {(503, "unanswered")}
        goes_on.set()
        assert first.result(60).status_code == 200
