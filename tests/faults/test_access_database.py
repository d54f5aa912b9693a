"""The application database is away, or somebody else writes to it: reading goes on, what must be noted waits."""

from __future__ import annotations

import sqlite3
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from flask.testing import FlaskClient

import get_postgres
from access_homes import HERE, PASSWORD, aged, opened, settings_in, with_password
from missing import missing
from postgres_process import PostgresProcess
from techfinder.app import create_app
from techfinder.database import FILE, database
from techfinder.database.patience import PatientConnection
from techfinder.database.tables import sessions
from techfinder.finder import Finder
from techfinder.plugins import Plugins
from techfinder.settings import Settings

BROWSER = {"Sec-Fetch-Site": "same-origin"}


@contextmanager
def signed_in(settings: Settings) -> Iterator[FlaskClient]:
    """A client of an app, signed in as an analyst."""
    with opened(settings) as access:
        with_password(access, "root", "admin")
        with_password(access, "anna", "analyst")
        session = access.signing_in.by_password("anna", PASSWORD, HERE).session
    finder = Finder(settings, Plugins.load(settings, discover=False))
    app = create_app(finder=finder)
    client = app.test_client()
    client.set_cookie("techfinder", session)
    yield client
    app.extensions["techfinder.access"].close()
    finder.close()


def timed(client: FlaskClient, path: str) -> tuple[int, float]:
    started = time.perf_counter()
    return client.get(path).status_code, time.perf_counter() - started


@pytest.fixture
def own_postgres() -> Iterator[PostgresProcess]:
    """A server that a test may stop."""
    folder = get_postgres.find()
    if folder is None:
        missing("a PostgreSQL server", get_postgres.HELP)
    with PostgresProcess(folder) as server:
        yield server


def test_postgresql_is_stopped_and_comes_back(own_postgres: PostgresProcess, tmp_path: Path) -> None:
    settings = settings_in(tmp_path, own_postgres.database(), sign_in="on")
    with signed_in(settings) as client:
        assert client.get("/api/v1/schema").status_code == 200
        assert client.get("/api/v1/profiles/x").status_code == 404  # noted, and nobody is indexed
        own_postgres.stop()
        for _ in range(3):
            status, took_s = timed(client, "/api/v1/schema")
            assert (status, took_s < 2) == (200, True)
            status, took_s = timed(client, "/api/v1/profiles/x")
            assert (status, took_s < 2) == (503, True)
        answer = client.get("/api/v1/profiles/x")
        assert answer.get_json()["type"] == "/api/problems/database-unavailable"
        assert answer.headers["Retry-After"]
        stranger = client.application.test_client()
        stranger.set_cookie("techfinder", "x" * 43)
        assert stranger.get("/api/v1/schema").status_code == 503  # whether they are somebody cannot be told
        own_postgres.start()
        deadline = time.monotonic() + 5
        while client.get("/api/v1/profiles/x").status_code != 404:
            assert time.monotonic() < deadline
        assert client.get("/api/v1/schema").status_code == 200


@pytest.mark.slow
def test_postgresql_freezes_and_thaws(
    own_postgres: PostgresProcess, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It refuses nothing, as one would beyond a network that drops packets: connections that are open say nothing."""
    monkeypatch.setattr(PatientConnection, "ANSWER_S", 1.0)
    monkeypatch.setattr(database, "_CONNECT_S", 2)
    settings = settings_in(tmp_path, own_postgres.database(), sign_in="on")
    with signed_in(settings) as client:
        assert client.get("/api/v1/schema").status_code == 200
        with own_postgres.frozen():
            status, took_s = timed(client, "/api/v1/schema")
            assert (status, took_s < 6) == (200, True), "it is found out that nothing comes"
            status, took_s = timed(client, "/api/v1/schema")
            assert (status, took_s < 0.5) == (200, True), "and nobody else waits for it"
            status, took_s = timed(client, "/api/v1/profiles/x")
            assert (status, took_s < 8) == (503, True), "what must be noted is refused"
        deadline = time.monotonic() + 10
        while client.get("/api/v1/profiles/x").status_code != 404:
            assert time.monotonic() < deadline
        assert client.get("/api/v1/schema").status_code == 200


def test_somebody_else_writes_to_sqlite(tmp_path: Path) -> None:
    settings = settings_in(tmp_path, sign_in="on")
    with signed_in(settings) as client:
        with opened(settings) as access:
            aged(settings, sessions, seen_at=access.clock() - 120)  # it is time to note that the session is in use
        other = sqlite3.connect(tmp_path / FILE, isolation_level=None)
        other.execute("BEGIN IMMEDIATE")
        for _ in range(3):
            status, took_s = timed(client, "/api/v1/schema")
            assert (status, took_s < 1) == (200, True)
        other.execute("ROLLBACK")
        other.close()
        assert client.get("/api/v1/profiles/x").status_code == 404
