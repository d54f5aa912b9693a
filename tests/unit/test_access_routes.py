"""Every route of the app with all plugins of this repository, and who may ask it: as ``access_matrix.txt`` says."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from flask import Blueprint, Flask
from flask.testing import FlaskClient
from hypothesis import given
from hypothesis import strategies as st
from werkzeug.test import TestResponse

from access_homes import HERE, PASSWORD, opened, settings_in, with_password
from techfinder import hookimpl, needs
from techfinder.access.access import Access
from techfinder.access.permissions import PERMISSIONS, ROLES, ROUTES, Identity, decide
from techfinder.app import create_app
from techfinder.errors import DatabaseError, SettingsError
from techfinder.finder import Finder
from techfinder.guarding import needed, safe_next
from techfinder.marks import PUBLIC
from techfinder.plugins import Plugins
from techfinder.settings import load_settings

MATRIX = Path(__file__).with_name("access_matrix.txt")
PAGE = {"Accept": "text/html"}
CHOSEN: list[dict[str, Any]] = [
    {"host": "0.0.0.0"},
    {"host": "192.0.2.1"},
    {"sign_in": "on"},
    {"proxies": 1},
    {"public_url": "https://people.example.org"},
    {"allowed_hosts": (".example.org",)},
]
"""Settings by which others can reach the page."""

OURS = {"Sec-Fetch-Site": "same-origin"}
ASKERS = (None, *ROLES)
NOT_ASKED = ("POST /sign-out", "GET /readyz", "ANY /qdrant", "ANY /qdrant/<anything:rest>")
"""The first would end sessions that others use, the second loads an encoder, the last the gateway itself refuses."""


def matrix() -> dict[str, str]:
    """The least role for each method and address."""
    lines = [line.split(None, 2) for line in MATRIX.read_text().splitlines() if line and not line.startswith("#")]
    return {f"{method} {address}": least for least, method, address in lines}


@pytest.fixture(scope="module")
def app(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Flask]:
    """With all installed plugins; people sign in, one of each role."""
    settings = settings_in(tmp_path_factory.mktemp("home"), sign_in="on", strict_plugins=True)
    with opened(settings) as access:
        for role in ROLES:
            with_password(access, role, role)
    finder = Finder(settings)
    app = create_app(finder=finder)
    yield app
    app.extensions["techfinder.access"].close()
    finder.close()


@pytest.fixture(scope="module")
def access(app: Flask) -> Access:
    found: Access = app.extensions["techfinder.access"]
    return found


@pytest.fixture(scope="module")
def clients(app: Flask, access: Access) -> dict[str | None, FlaskClient]:
    """A browser for each role, signed in, and one that is not."""
    made: dict[str | None, FlaskClient] = {None: app.test_client()}
    for role in ROLES:
        made[role] = app.test_client()
        made[role].set_cookie("techfinder", access.signing_in.by_password(role, PASSWORD, HERE).session)
    return made


def routes(app: Flask) -> dict[str, str]:
    """Endpoints by method and address."""
    found = {}
    for rule in app.url_map.iter_rules():
        for method in sorted((rule.methods or {"ANY"}) - {"HEAD", "OPTIONS"}):
            found[f"{method} {rule.rule}"] = rule.endpoint
    return found


def least(app: Flask, endpoint: str) -> str:
    """The least of `public` and the roles that is let in."""
    permission = needed(app, endpoint)
    if decide(None, permission) == "allowed":
        return PUBLIC
    return next((r for r in ROLES if decide(Identity("x", r), permission) == "allowed"), "nobody")


def test_every_route_has_a_rule_and_it_is_the_written_one(app: Flask) -> None:
    found = {route: least(app, endpoint) for route, endpoint in routes(app).items()}
    assert found == matrix(), "decide who may ask a new route, then write it into access_matrix.txt"


def test_the_table_of_the_core_names_nothing_else(app: Flask) -> None:
    assert set(ROUTES) <= set(app.view_functions)
    assert set(ROUTES.values()) <= {*PERMISSIONS, PUBLIC}


def asked(client: FlaskClient, route: str, **headers: str) -> TestResponse:
    method, address = route.replace("ANY", "PUT").split(" ", 1)
    address = re.sub(r"<any\([^)]*\):kind>", "csv", address)
    address = re.sub(r"<any\([^)]*\):name>", "page.css", address)
    address = re.sub(r"<[^>]*>", "x", address).replace("/api/v1/export/x", "/api/v1/export/csv")
    with client.open(address, method=method, headers={**OURS, **headers}) as answer:
        return answer


@pytest.mark.parametrize("route", [r for r in matrix() if r not in NOT_ASKED])
def test_each_role_gets_what_the_matrix_says(clients: dict[str | None, FlaskClient], route: str) -> None:
    order = (PUBLIC, *ROLES)
    for who in ASKERS:
        status = asked(clients[who], route).status_code
        allowed = order.index(matrix()[route]) <= order.index(who or PUBLIC)
        assert (status not in (401, 403)) is allowed, (who, status)
        if not allowed:
            assert status == (401 if who is None else 403)


@given(st.sampled_from(sorted(matrix())), st.sampled_from(ROLES), st.frozensets(st.sampled_from(sorted(PERMISSIONS))))
def test_the_decision_agrees_with_the_matrix(app: Flask, route: str, role: str, scopes: frozenset[str]) -> None:
    order = (PUBLIC, *ROLES)
    endpoint = routes(app)[route]
    allowed = order.index(matrix()[route]) <= order.index(role)
    who = Identity("x", role)  # type: ignore[arg-type]
    token = Identity("x", role, token="1", scopes=scopes)  # type: ignore[arg-type]
    permission = needed(app, endpoint)
    assert (decide(who, permission) == "allowed") is allowed
    carried = permission == PUBLIC or (permission in scopes and PERMISSIONS[str(permission)].by_token)
    assert (decide(token, permission) == "allowed") is (allowed and carried)


# --- what whoever is not let in gets ---------------------------------------------------------------


def test_a_browser_is_led_to_the_sign_in_page_and_back(clients: dict[str | None, FlaskClient]) -> None:
    answer = clients[None].get("/audience?q=nurses&x=a%20b", headers=PAGE)
    assert (answer.status_code, answer.location) == (303, "/sign-in?next=/audience%3Fq%3Dnurses%26x%3Da%2520b")
    assert clients[None].get("/", headers=PAGE).location == "/sign-in"
    assert clients[None].get("/api/docs", headers=PAGE).location == "/sign-in?next=/api/docs"


def test_a_program_is_told(clients: dict[str | None, FlaskClient]) -> None:
    answer = clients[None].get("/api/v1/schema", headers=PAGE)
    assert (answer.status_code, answer.mimetype) == (401, "application/problem+json")
    assert answer.headers["WWW-Authenticate"] == "Bearer"
    assert answer.get_json()["type"] == "/api/problems/not-signed-in"
    refused = clients["viewer"].get("/api/v1/plugins")
    assert (refused.status_code, refused.get_json()["type"]) == (403, "/api/problems/not-allowed")
    assert "no right to see jobs" in refused.get_json()["detail"]


def test_a_swap_into_a_page_leads_the_whole_page_to_the_sign_in(clients: dict[str | None, FlaskClient]) -> None:
    headers = {"HX-Request": "true", "HX-Request-Type": "partial", "HX-Current-URL": "http://localhost/?q=x"}
    answer = clients[None].get("/?q=xy", headers=headers)
    assert (answer.status_code, answer.headers["HX-Redirect"]) == (401, "/sign-in?next=/%3Fq%3Dx")


def test_a_page_that_is_no_address_leads_to_the_sign_in(clients: dict[str | None, FlaskClient]) -> None:
    answer = clients[None].get("/", headers={"HX-Request": "true", "HX-Current-URL": "http://["})
    assert (answer.status_code, answer.headers["HX-Redirect"]) == (401, "/sign-in")


@pytest.mark.parametrize("key", ["", "A", "1" * 32, "\u00e9", "<script>", "A" * 200])
def test_a_key_that_is_none_begins_the_second_factor_again(clients: dict[str | None, FlaskClient], key: str) -> None:
    headers = {"Sec-Fetch-Site": "same-origin"}
    answer = clients["viewer"].post("/account/factor/on", data={"key": key, "code": "123456"}, headers=headers)
    assert answer.status_code == 400
    assert "That is no key of an authenticator app" in answer.text
    assert "data:image/svg+xml" in answer.text


def test_pages_of_signed_in_people_are_never_kept(clients: dict[str | None, FlaskClient]) -> None:
    for address in ("/", "/schema", "/api/v1/schema", "/account/", "/admin/"):
        assert clients["admin"].get(address).headers["Cache-Control"] == "no-store", address


@pytest.mark.parametrize(
    "text",
    [
        *("//evil.example", "///evil.example", "/\\evil.example", "\\\\evil.example", "https://evil.example", ""),
        *("/\t/evil.example", "/\n/evil.example", "javascript:alert(1)", "evil.example", " //evil.example"),
        *("/sign-in?next=/", "/sign-out", "/link/x", "http:/evil.example", "/\x00", "//evil.example/%2f.."),
        *("//[", "/\\[", "//[::1", "//a]b", "//\uff03@x/", "//x\u2100y"),
    ],
)
def test_open_redirects_lead_to_the_start(text: str, clients: dict[str | None, FlaskClient]) -> None:
    assert safe_next(text) == "/"
    assert clients["viewer"].get("/sign-in", query_string={"next": text}).location == "/"


@pytest.mark.parametrize("text", ["/", "/?q=a//b", "/people/a%2Fb?x=http://y", "/compare?ids=1&ids=2", "/people/ö"])
def test_addresses_of_ours_are_kept(text: str) -> None:
    assert safe_next(text) == text


# --- tokens ----------------------------------------------------------------------------------------


def bearer(text: str) -> dict[str, str]:
    return {"Authorization": f"Bearer {text}"}


def test_a_token_is_let_in_where_its_scope_goes(clients: dict[str | None, FlaskClient], access: Access) -> None:
    made, text = access.tokens.make("analyst", "test", ["search"], 1, "test")
    client = clients[None]
    assert client.get("/api/v1/schema", headers=bearer(text)).status_code == 200
    assert client.get("/api/v1/schema", headers={"api-key": text}).status_code == 200
    assert client.get("/api/v1/profiles/x", headers=bearer(text)).status_code == 403
    assert client.get("/account/", headers=bearer(text)).status_code == 403
    access.tokens.revoke(made.id, "test")
    assert client.get("/api/v1/schema", headers=bearer(text)).status_code == 401


def test_a_wrong_token_is_not_mended_by_a_session(clients: dict[str | None, FlaskClient]) -> None:
    assert clients["admin"].get("/api/v1/schema", headers=bearer("tf_000000000000_x")).status_code == 401


def test_the_token_of_a_disabled_user_is_refused(clients: dict[str | None, FlaskClient], access: Access) -> None:
    with_password(access, "leaving", "analyst")
    text = access.tokens.make("leaving", "test", ["search"], 1, "test")[1]
    assert clients[None].get("/api/v1/schema", headers=bearer(text)).status_code == 200
    access.people.disable("leaving", "test")
    assert clients[None].get("/api/v1/schema", headers=bearer(text)).status_code == 401


def test_a_client_of_qdrant_is_told_in_its_own_form(clients: dict[str | None, FlaskClient], access: Access) -> None:
    answer = clients[None].get("/qdrant/collections")
    assert (answer.status_code, list(answer.get_json()["status"])) == (401, ["error"])
    text = access.tokens.make("analyst", "test", ["search"], 1, "test")[1]
    answer = clients[None].get("/qdrant/collections", headers={"api-key": text})
    assert (answer.status_code, list(answer.get_json()["status"])) == (403, ["error"])
    text = access.tokens.make("analyst", "test", ["gateway"], 1, "test")[1]
    assert clients[None].get("/qdrant/", headers={"api-key": text}).status_code == 200


# --- requests of other sites -------------------------------------------------------------------------


@pytest.mark.parametrize("route", [r for r in matrix() if r.startswith("POST")])
@pytest.mark.parametrize(
    "headers",
    [
        {"Sec-Fetch-Site": "cross-site"},
        {"Sec-Fetch-Site": "same-site"},
        {"Sec-Fetch-Site": "none"},
        {"Sec-Fetch-Site": "same-origin", "Origin": "http://evil.example"},
        {"Origin": "null"},
        {"Origin": "http://["},
        {"Origin": "http://localhost.evil.example"},
        {},
    ],
)
def test_a_request_of_another_site_changes_nothing(
    clients: dict[str | None, FlaskClient], access: Access, route: str, headers: dict[str, str]
) -> None:
    """CSRF: with the cookie of an admin."""
    before = access.log.newest(limit=1)
    address = re.sub(r"<[^>]*>", "x", route.split(" ", 1)[1])
    answer = clients["admin"].post(address, data={"name": "x", "role": "admin"}, headers=headers)
    assert answer.status_code == 403
    assert access.log.newest(limit=1) == before


def test_a_program_with_a_token_need_not_say_where_it_comes_from(
    clients: dict[str | None, FlaskClient], access: Access
) -> None:
    text = access.tokens.make("viewer", "test", ["search"], 1, "test")[1]
    assert clients[None].post("/api/v1/search", json={}, headers=bearer(text)).status_code == 404  # nothing indexed


# --- the audit log -----------------------------------------------------------------------------------


def test_whoever_looks_at_somebody_is_noted_first(clients: dict[str | None, FlaskClient], access: Access) -> None:
    clients["viewer"].get("/people/TU0042?x=1", headers={"User-Agent": "a browser"})
    entry = access.log.newest(limit=1)[0]
    assert (entry.actor, entry.action, entry.subject, entry.address) == (
        "viewer",
        "profile.view",
        "TU0042",
        "127.0.0.1",
    )
    assert entry.detail == {"page": "webui.profile", "asked": "x=1"}
    clients["analyst"].get("/export/csv?q=nurses")
    entry = access.log.newest(limit=1)[0]
    assert (entry.actor, entry.action, entry.subject) == ("analyst", "export", "csv")
    clients["analyst"].post("/api/v1/compare", json={"ids": ["A", "B"]}, headers=OURS)
    entry = access.log.newest(limit=1)[0]
    assert (entry.action, entry.detail["asked"]) == ("profile.view", '{"ids": ["A", "B"]}')


def test_without_the_note_no_answer(
    clients: dict[str | None, FlaskClient], access: Access, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(*args: object, **kwargs: object) -> None:
        raise DatabaseError("the disk is full")

    monkeypatch.setattr("techfinder.access.audit.add", fail)
    for address in ("/api/v1/profiles/x", "/api/v1/export/csv", "/people/x", "/export/csv"):
        answer = clients["analyst"].get(address)
        assert answer.status_code == 503, address
        assert "the disk is full" in answer.text
    assert clients["analyst"].get("/api/v1/schema").status_code == 200  # a search needs no note


def test_where_nobody_is_known_as_the_database_is_away_every_answer_says_so(
    clients: dict[str | None, FlaskClient], monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(*args: object, **kwargs: object) -> None:
        raise DatabaseError("the database is away")

    monkeypatch.setattr("techfinder.access.known.Known.by_session", fail)
    for address in ("/", "/?q=nurses", "/people/x", "/admin/", "/account/", "/api/v1/schema"):
        answer = clients["admin"].get(address, headers=PAGE)
        assert (answer.status_code, "the database is away" in answer.text) == (503, True), address
    answer = clients["admin"].post("/admin/promote", data={"encoder": "hash@1"}, headers=OURS | PAGE)
    assert (answer.status_code, "the database is away" in answer.text) == (503, True)


# --- starting ----------------------------------------------------------------------------------------


@pytest.mark.parametrize("chosen", CHOSEN)
def test_without_an_admin_it_does_not_start(tmp_path: Path, chosen: dict[str, Any]) -> None:
    settings = load_settings(home=tmp_path, **chosen)
    finder = Finder(settings, Plugins.load(settings, discover=False))
    with pytest.raises(SettingsError, match="techfinder user setup-link"):
        create_app(finder=finder)
    finder.close()


@pytest.mark.parametrize(
    "chosen",
    [
        {"host": "localhost"},
        {"host": "::1"},
        {"public_url": "http://127.0.0.1:8001"},
        {"allowed_hosts": ("x.localhost",)},
    ],
)
def test_what_only_this_machine_reaches_asks_nobody(tmp_path: Path, chosen: dict[str, Any]) -> None:
    assert not load_settings(home=tmp_path, **chosen).asks_to_sign_in


def test_a_tool_of_ones_own_asks_nobody(tmp_path: Path) -> None:
    settings = load_settings(home=tmp_path)
    finder = Finder(settings)
    client = create_app(finder=finder).test_client()
    assert client.get("/account/").status_code == client.get("/sign-in").status_code == 404
    for address in ("/", "/api/v1/schema", "/api/v1/plugins", "/admin/"):
        assert client.get(address).status_code == 200
    assert client.get("/api/v1/schema", headers=bearer("anything")).status_code == 200
    assert not (tmp_path / "techfinder.db").exists()
    finder.close()


class Stranger:
    """A plugin with one page."""

    def __init__(self, permission: str | None) -> None:
        self._permission = permission

    @hookimpl
    def register_blueprints(self) -> list[Blueprint]:
        blueprint = Blueprint("stranger", "stranger")
        blueprint.add_url_rule("/stranger", view_func=self._view())
        return [blueprint]

    def _view(self):  # type: ignore[no-untyped-def]
        def view() -> str:
            return "for all to see"

        return needs(self._permission)(view) if self._permission else view


@pytest.mark.parametrize(
    ("permission", "told"), [(None, "does not say who may ask it"), ("serach", "Did you mean 'search'")]
)
def test_a_page_of_a_plugin_without_a_rule_is_not_there(tmp_path: Path, permission: str | None, told: str) -> None:
    settings = load_settings(home=tmp_path)
    finder = Finder(settings, Plugins.load(settings, discover=False, extra=[("stranger", Stranger(permission))]))
    client = create_app(finder=finder).test_client()
    assert client.get("/stranger").status_code == 404
    (failure,) = finder.plugins.failures
    assert told in str(failure.error)
    finder.close()


def test_a_route_that_comes_later_without_a_rule_is_refused(tmp_path: Path) -> None:
    settings = load_settings(home=tmp_path)
    finder = Finder(settings, Plugins.load(settings, discover=False))
    app = create_app(finder=finder)
    app.add_url_rule("/late", view_func=lambda: "late")
    assert app.test_client().get("/late").status_code == 403
    finder.close()
