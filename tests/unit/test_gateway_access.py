"""The gateway where people sign in: tokens in both headers, roles and scopes, revocation, and the note of each call."""

from __future__ import annotations

import json
import re
import time
from collections.abc import Callable, Iterator

import pytest
from click.testing import CliRunner, Result
from flask.testing import FlaskClient
from werkzeug.test import TestResponse

import homes
from access_homes import aged, with_password
from techfinder.access.access import Access
from techfinder.app import create_app
from techfinder.cli import cli
from techfinder.database.tables import tokens
from techfinder.finder import Finder
from techfinder.testing.fakes import HashEncoder

WHERE = "/qdrant/collections/people/points/count"
Run = Callable[..., Result]


@pytest.fixture(scope="module")
def finder(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Finder]:
    home = tmp_path_factory.mktemp("gateway")
    made = homes.open_home(home, HashEncoder().entry(), sign_in="on")
    access = Access(made.settings)
    with_password(access, "root", "admin")
    with_password(access, "vera", "viewer")
    access.close()
    homes.index(made, "synthetic:n=30,seed=5")
    yield made
    made.close()


@pytest.fixture(scope="module")
def client(finder: Finder) -> Iterator[FlaskClient]:
    app = create_app(finder=finder)
    app.extensions["techfinder.gateway"].reader()
    yield app.test_client()
    app.extensions["techfinder.access"].close()


@pytest.fixture
def access(client: FlaskClient) -> Access:
    found: Access = client.application.extensions["techfinder.access"]
    return found


@pytest.fixture
def run(finder: Finder, monkeypatch: pytest.MonkeyPatch) -> Run:
    monkeypatch.setenv("TECHFINDER_HOME", str(finder.settings.home))
    monkeypatch.setenv("COLUMNS", "200")

    def run(*arguments: str, fails: bool = False) -> Result:
        done = CliRunner().invoke(cli, arguments)
        assert bool(done.exception) == fails, done.output
        return done

    return run


def granted(run: Run, name: str) -> str:
    return str(json.loads(run("analyst", "grant", name, "--days", "30", "--json").output)["token"])


def ask(client: FlaskClient, token: str = "", header: str = "api-key") -> TestResponse:
    value = f"Bearer {token}" if header == "Authorization" else token
    return client.post(WHERE, json={}, headers={header: value} if token else {})


def refused(answer: TestResponse) -> int:
    """The status; the form must be Qdrant's."""
    assert isinstance(answer.get_json()["status"]["error"], str)
    return answer.status_code


@pytest.mark.parametrize("header", ["api-key", "Authorization"])
def test_a_granted_token_reads_and_does_nothing_else(client: FlaskClient, run: Run, header: str) -> None:
    token = granted(run, "anna@example.org")
    answer = ask(client, token, header)
    assert answer.get_json()["result"] == {"count": 30}
    given = {header: f"Bearer {token}" if header == "Authorization" else token}
    assert refused(client.put("/qdrant/collections/people", json={}, headers=given)) == 403
    assert refused(client.post("/qdrant/snapshots", headers=given)) == 403
    assert client.post("/api/v1/export/ids", json={}, headers=given).status_code == 403
    assert client.get("/api/v1/search", headers=given).status_code == 403
    assert client.post("/api/v1/encode", json={"text": "gaming"}, headers=given).status_code != 403


def test_nobody_else_reads(client: FlaskClient, access: Access, run: Run) -> None:
    good = granted(run, "bert")
    assert refused(ask(client)) == 401
    for wrong in ("x", good[:-1], good.replace("tf_", "tg_"), f"{good}x", f"tf_{'0' * 12}_{'A' * 43}", "ey.ey.ey"):
        assert refused(ask(client, wrong)) == 401, wrong
    _, other = access.tokens.make("bert", "files", ["export"], 1, "test")
    assert refused(ask(client, other)) == 403
    access.people.set_role("bert", "viewer", "test")
    assert refused(ask(client, good)) == 403
    access.people.set_role("bert", "analyst", "test")
    access.people.disable("bert", "test")
    assert refused(ask(client, good)) == 401
    assert "is viewer" in str(run("analyst", "grant", "vera", fails=True).exception)


def test_a_token_ends(client: FlaskClient, finder: Finder, run: Run) -> None:
    token = granted(run, "cleo")
    assert ask(client, token).status_code == 200
    aged(finder.settings, tokens, until=1.0)
    assert refused(ask(client, token)) == 401


def test_what_is_revoked_reads_no_more_within_a_second(client: FlaskClient, run: Run) -> None:
    both = [granted(run, "dora"), granted(run, "dora")]
    assert [ask(client, t).status_code for t in both] == [200, 200]
    began = time.monotonic()
    assert run("analyst", "revoke", "dora").output == "2 tokens of dora count no longer.\n"
    assert [ask(client, t).status_code for t in both] == [401, 401]
    assert time.monotonic() - began < 5  # the command itself included
    assert run("analyst", "revoke", "dora").output == "dora has no token that reads the gateway.\n"


def test_an_admin_grants_and_revokes_on_a_page(client: FlaskClient, access: Access) -> None:
    browser = client.application.test_client()
    session = with_password(access, "grace", "admin")
    browser.set_cookie("techfinder", session)

    def press(what: str, **form: str) -> TestResponse:
        headers = {"Origin": "http://localhost", "Sec-Fetch-Site": "same-origin"}
        return browser.post(f"/admin/people/{what}", data=form, headers=headers, follow_redirects=True)

    page = press("grant", name="hugo", days="30").text
    (token,) = re.findall(r"tf_[0-9a-f]{12}_[\w-]{43}", page)
    assert "Give hugo this token" in page
    assert ask(client, token).status_code == 200
    assert access.people.named("hugo").role == "analyst"
    assert token not in browser.get("/admin/people").text
    assert "1 token of hugo for /qdrant revoked." in press("withdraw", name="hugo").text
    assert refused(ask(client, token)) == 401
    assert access.log.newest(action="token.make")[0].actor == "grace"
    for days in ("", "x", "nan", "0", "999"):
        assert press("grant", name="ivan", days=days).status_code == 400, days
    assert "ivan" not in {u.name for u in access.people.all()}


def test_each_call_is_in_the_audit_log(client: FlaskClient, access: Access, run: Run) -> None:
    token = granted(run, "emil")
    body = {"filter": {"must": [{"key": "age", "range": {"gte": 30}}]}}
    client.post(WHERE, json=body, headers={"api-key": token})
    client.get("/qdrant/telemetry", headers={"api-key": token})
    last, first = access.log.newest(limit=2)
    assert (first.action, first.subject) == ("gateway", f"POST {WHERE}")
    assert first.actor.startswith("emil (token ")
    assert json.loads(first.detail["asked"]) == body
    assert last.subject == "GET /qdrant/telemetry"
    assert not access.log.verify().problem
