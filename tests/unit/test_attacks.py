"""What somebody who means harm would try over the network, each role for itself; more is tried where a part is tested.

``docs/security.md`` tells which tests those are.
"""

from __future__ import annotations

import html
import re
import socket
from collections.abc import Callable, Iterator
from contextlib import closing
from typing import Any
from urllib.parse import quote

import pytest
from flask import Flask
from flask.testing import FlaskClient
from werkzeug.test import TestResponse

import homes
from access_homes import HERE, PASSWORD, with_password
from techfinder.access.access import Access
from techfinder.access.permissions import PERMISSIONS, ROLES, Identity
from techfinder.app import create_app
from techfinder.errors import SourceError
from techfinder.finder import Finder
from techfinder.guarding import needed
from techfinder.marks import PUBLIC
from techfinder.sources import open_source
from techfinder.testing.fakes import HashEncoder

OURS = {"Sec-Fetch-Site": "same-origin"}
SCRIPT = "<script>alert(1)</script>\"'><img src=x onerror=alert(1)>"
MATRIX_OF = {"GET", "POST"}


@pytest.fixture(scope="module")
def finder(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Finder]:
    finder = homes.open_home(tmp_path_factory.mktemp("attacked"), HashEncoder().entry(), sign_in="on")
    with closing(Access(finder.settings)) as access:
        for role in ROLES:
            with_password(access, role, role)
    homes.index(finder, "synthetic:n=30,seed=5")
    finder.load_encoder()
    yield finder
    finder.close()


@pytest.fixture(scope="module")
def app(finder: Finder) -> Iterator[Flask]:
    app = create_app(finder=finder)
    app.extensions["techfinder.gateway"].reader()
    yield app
    app.extensions["techfinder.access"].close()


@pytest.fixture(scope="module")
def access(app: Flask) -> Access:
    found: Access = app.extensions["techfinder.access"]
    return found


SignIn = Callable[[str], FlaskClient]


@pytest.fixture(scope="module")
def signed_in(app: Flask, access: Access) -> SignIn:
    """A browser of its own, signed in as somebody."""

    def sign_in(name: str) -> FlaskClient:
        client = app.test_client()
        client.set_cookie("techfinder", access.signing_in.by_password(name, PASSWORD, HERE).session)
        return client

    return sign_in


@pytest.fixture(scope="module")
def admin(signed_in: SignIn) -> FlaskClient:
    """A browser that several tests share."""
    return signed_in("admin")


@pytest.fixture(scope="module")
def analyst(signed_in: SignIn) -> FlaskClient:
    """A browser that several tests share."""
    return signed_in("analyst")


def ask(client: FlaskClient, method: str, path: str, **more: Any) -> TestResponse:
    headers = {**OURS, **more.pop("headers", {})}
    return client.open(path, method=method, headers=headers, buffered=True, **more)


def bearer(token: str) -> dict[str, str]:
    return {"Authorization": f"Bearer {token}"}


# --- more rights than one has ----------------------------------------------------------------------------------------


@pytest.mark.parametrize("role", ROLES)
def test_the_widest_token_of_a_role_opens_what_the_role_may_and_no_more(app: Flask, access: Access, role: Any) -> None:
    """Every route by every method, with a token for all that its owner can give."""
    owner = Identity(role, role)
    scopes = [name for name, _ in owner.scopes_to_give]
    _, token = access.tokens.make(role, "all of it", scopes, 1, "test")
    client, tried = app.test_client(), 0
    for rule in app.url_map.iter_rules():
        permission = needed(app, rule.endpoint)
        if permission == PUBLIC or rule.endpoint == "gateway.refused":  # which is 403 for all
            continue
        for method in sorted((rule.methods or set()) & MATRIX_OF):
            address = re.sub(r"<any\([^)]*\):kind>", "csv", re.sub(r"<any\([^)]*\):name>", "page.css", rule.rule))
            address = re.sub(r"<[^>]*>", "x", address).replace("/export/x", "/export/csv").replace("/live", "/live?x")
            allowed = permission is not None and owner.may(permission) and PERMISSIONS[permission].by_token
            with client.open(address, method=method, headers=bearer(token)) as answer:
                refused = answer.status_code == 403
            assert refused is not allowed, (method, rule.rule, answer.status_code)
            tried += 1
    assert tried > 60


def test_a_token_is_never_for_more_than_its_owner_may(signed_in: SignIn, access: Access) -> None:
    client = signed_in("viewer")
    for scopes in (["erase"], ["search", "export"], ["users"], ["account"], ["everything"], []):
        answer = ask(client, "POST", "/account/tokens", data={"label": "x", "days": "1", "scope": scopes})
        assert answer.status_code == 400, scopes
    assert [t for t in access.tokens.of("viewer") if t.label == "x"] == []
    form = {"label": "for another", "days": "1", "scope": "search", "name": "admin", "user": "admin", "owner": "admin"}
    assert ask(client, "POST", "/account/tokens", data=form).status_code == 303
    (made,) = [t for name in ROLES for t in access.tokens.of(name) if t.label == "for another"]
    assert made.user == "viewer"


def test_ids_of_others_open_nothing(signed_in: SignIn, access: Access) -> None:
    """Somebody else's token, session and account, by names and ids that one happens to know."""
    viewer, admin = signed_in("viewer"), signed_in("admin")
    token, text = access.tokens.make("admin", "theirs", ["search"], 1, "test")
    assert ask(viewer, "POST", "/account/tokens/revoke", data={"token": token.id}).status_code == 400
    assert ask(viewer, "GET", "/api/v1/schema", headers=bearer(text)).status_code == 200
    (theirs, *_) = re.findall(r'name="session" value="([^"]+)"', ask(signed_in("admin"), "GET", "/account/").text)
    assert ask(viewer, "POST", "/account/sessions", data={"session": theirs}).status_code == 400
    assert ask(admin, "GET", "/account/").status_code == 200
    form = {"old": PASSWORD, "password": "another four words", "again": "another four words", "name": "admin"}
    assert ask(viewer, "POST", "/account/password", data=form).status_code in (200, 303)
    assert access.signing_in.by_password("admin", PASSWORD, HERE).session
    assert access.signing_in.by_password("viewer", "another four words", HERE).session
    back = {"old": "another four words", "password": PASSWORD, "again": PASSWORD}
    assert ask(viewer, "POST", "/account/password", data=back).status_code in (200, 303)


@pytest.mark.parametrize("role", ["viewer", "analyst", "editor"])
def test_nobody_makes_themselves_an_admin(signed_in: SignIn, access: Access, role: str) -> None:
    client = signed_in(role)
    for path, form in (
        ("/admin/people/role", {"name": role, "role": "admin"}),
        ("/admin/people/add", {"name": "mallory", "role": "admin"}),
        ("/admin/people/link", {"name": "admin"}),
        ("/admin/people/grant", {"name": "mallory", "days": "30"}),
        ("/admin/people/withdraw", {"name": "analyst"}),
        ("/admin/people/drop-factor", {"name": "admin"}),
    ):
        assert ask(client, "POST", path, data=form).status_code == 403
        assert ask(client, "GET", path, query_string=form).status_code in (403, 404, 405)
    assert {u.name: u.role for u in access.people.all()} == {name: name for name in ROLES}


@pytest.mark.parametrize("method", ["HEAD", "OPTIONS", "PUT", "DELETE", "PATCH", "TRACE"])
def test_no_other_method_is_a_way_round(app: Flask, method: str) -> None:
    client = app.test_client()
    for path in ("/api/v1/profiles/TU0001", "/people/TU0001", "/export/csv", "/admin/people", "/api/v1/schema"):
        answer = ask(client, method, path)
        assert answer.status_code in (303, 401, 405), (method, path)
        tricked = ask(client, "GET", "/healthz", headers={"X-HTTP-Method-Override": method, "X-Original-URL": path})
        assert tricked.get_json() == {"status": "ok"}


# --- sessions --------------------------------------------------------------------------------------------------------


def test_a_session_that_was_put_into_the_browser_before_is_not_the_one_that_begins(app: Flask, access: Access) -> None:
    """Session fixation: with an id that was made up, and with one of the attacker's own."""
    for planted in ("A" * 43, access.signing_in.by_password("viewer", PASSWORD, HERE).session):
        client = app.test_client()
        client.set_cookie("techfinder", planted)
        form = {"name": "admin", "password": PASSWORD, "next": "/"}
        assert ask(client, "POST", "/sign-in", data=form).status_code == 303
        cookie = client.get_cookie("techfinder")
        assert cookie is not None
        assert cookie.value != planted
        assert (known := access.known.by_session(cookie.value)) is not None
        assert known.name == "admin"
        stolen = access.known.by_session(planted)
        assert stolen is None or stolen.name == "viewer"


def test_signing_out_ends_the_session_wherever_its_id_went(signed_in: SignIn, app: Flask) -> None:
    client = signed_in("viewer")
    copy, cookie = app.test_client(), client.get_cookie("techfinder")
    assert cookie is not None
    copy.set_cookie("techfinder", cookie.value)
    assert ask(copy, "GET", "/api/v1/schema").status_code == 200
    ask(client, "POST", "/sign-out")
    assert ask(copy, "GET", "/api/v1/schema").status_code == 401


# --- text that is code elsewhere -------------------------------------------------------------------------------------


def test_whatever_people_name_things_is_text_on_every_page_that_shows_it(
    app: Flask, signed_in: SignIn, access: Access
) -> None:
    """Names of tokens, browsers, of who failed to sign in, of who was looked at: in accounts and in the audit log."""
    stranger = app.test_client()
    browser = {"User-Agent": SCRIPT}
    ask(stranger, "POST", "/sign-in", data={"name": SCRIPT, "password": "x", "next": SCRIPT}, headers=browser)
    hostile = app.test_client()
    hostile.set_cookie("techfinder", access.signing_in.by_password("editor", PASSWORD, HERE).session)
    form = {"label": SCRIPT, "days": "1", "scope": "search"}
    pages = [ask(hostile, "POST", "/account/tokens", data=form, headers=browser, follow_redirects=True)]
    ask(hostile, "GET", f"/people/{quote(SCRIPT, safe='')}", headers=browser)
    admin = app.test_client()
    ask(admin, "POST", "/sign-in", data={"name": "admin", "password": PASSWORD, "next": "/"}, headers=browser)
    pages += [ask(admin, "GET", path) for path in ("/account/", "/admin/people", "/admin/audit", "/admin/")]
    pages.append(ask(admin, "GET", "/admin/audit", query_string={"actor": SCRIPT, "subject": SCRIPT}))
    pages.append(ask(admin, "POST", "/admin/people/add", data={"name": SCRIPT, "role": SCRIPT}))
    pages.append(ask(hostile, "GET", f"/admin/jobs/{quote(SCRIPT, safe='')}"))
    assert sum(html.escape(SCRIPT).replace("&#x27;", "&#39;").replace("&quot;", "&#34;") in p.text for p in pages) > 3
    for page in pages:
        assert "<script>alert" not in page.text
        assert "<img src=x" not in page.text
        assert "script-src 'self'" in page.headers["Content-Security-Policy"]


@pytest.mark.parametrize("text", ["%0d%0aSet-Cookie:%20x=y", "%0aX-Injected:%20y", "%E5%98%8A%E5%98%8DX-Injected:y"])
def test_line_ends_begin_no_header(analyst: FlaskClient, text: str) -> None:
    client = analyst
    htmx = {"HX-Request": "true", "HX-Request-Type": "partial", "HX-Current-URL": f"http://localhost/?q={text}"}
    for path, headers in ((f"/?q={text}", htmx), (f"/sign-in?next=/{text}", {}), (f"/people/{text}", {})):
        answer = ask(client, "GET", path, headers=headers)
        assert answer.status_code < 500
        assert "X-Injected" not in answer.headers
        assert "Set-Cookie" not in answer.headers


# --- more than there is room for -------------------------------------------------------------------------------------

NESTED = '{"conditions":' + "[" * 100_000
LONG: list[tuple[str, str, dict[str, Any]]] = [
    *(("POST", f"/api/v1/{path}", {"data": data, "content_type": "application/json"})
      for path in ("search", "facets", "explain", "audience", "similar", "lookalike", "compare")
      for data in (NESTED, "[" * 400_000, '{"limit":' + "9" * 900_000 + "}", '{"meaning":"\\ud800"}')),
    ("POST", "/api/v1/search", {"json": {"conditions": [{"field": "age", "op": "present"}] * 15_000}}),
    ("POST", "/api/v1/search", {"json": {"conditions": [{"conditions": [{"field": "age", "op": "present"}] * 9_000}]}}),
    ("POST", "/api/v1/search", {"json": {"meaning": "x " * 400_000}}),
    ("POST", "/api/v1/compare", {"json": {"ids": ["TU0001"] * 50_000}}),
    ("POST", "/qdrant/collections/people/points/query",
     {"data": '{"filter":' * 90_000, "content_type": "application/json"}),
    ("GET", f"/api/v1/search?q={'a' * 15_000}", {}),
    ("GET", f"/?age={'9' * 5_000}..", {}),
    ("GET", f"/api/v1/search?limit={'9' * 400}", {}),
    ("GET", f"/api/v1/search?{'&'.join(f'age={n}' for n in range(300))}", {}),
    ("GET", f"/people/{'x' * 7_000}", {}),
    ("POST", "/account/tokens", {"data": {"label": "x" * 900_000, "scope": "everything", "days": "1"}}),
    ("POST", "/sign-in", {"data": {"name": "x" * 900_000, "password": "y"}}),
    ("POST", "/sign-in", {"data": "&".join(f"a{n}=1" for n in range(60_000)),
                          "content_type": "application/x-www-form-urlencoded"}),
    ("POST", "/link/x", {"data": {"password": "x" * 40_000, "again": "x" * 40_000}}),
]  # fmt: skip


@pytest.mark.parametrize(("method", "path", "more"), LONG, ids=[f"{m} {p[:40]} {str(k)[:30]}" for m, p, k in LONG])
def test_what_is_far_too_much_is_refused_in_words(
    analyst: FlaskClient, method: str, path: str, more: dict[str, Any]
) -> None:
    answer = ask(analyst, method, path, **more)
    assert 400 <= answer.status_code < 500


def test_who_has_no_right_sends_no_more_than_a_form_takes(app: Flask) -> None:
    """Nobody needs to be signed in for these: their bodies are not even read whole."""
    client = app.test_client()
    for path in ("/sign-in", "/link/x", "/sign-in/code"):
        for size, refused in ((20_000, False), (40_000, True)):
            status = ask(client, "POST", path, data={"name": "x" * size, "password": "y"}).status_code
            assert (status == 413) is refused, (path, size, status)


# --- other machines --------------------------------------------------------------------------------------------------


def test_no_source_goes_to_the_network(finder: Finder) -> None:
    """Server-side request forgery: a source is a file of this machine, however it is written."""
    with socket.create_server(("127.0.0.1", 0)) as trap:
        trap.settimeout(0.2)
        at = f"127.0.0.1:{trap.getsockname()[1]}"
        for source in (
            *(f"http://{at}/people.csv", f"https://{at}/people.csv", f"ftp://{at}/people.parquet"),
            *(f"csv:http://{at}/x", f"parquet:http://{at}/x.parquet", f"parquet:s3://x/?endpoint_override={at}"),
            *(f"jsonl:file://{at}/x.jsonl", f"//{at}/people.csv", f"csv:\\\\{at}\\people.csv"),
        ):
            with pytest.raises(SourceError):
                open_source(source, finder.plugins.sources()).columns()
        with pytest.raises(TimeoutError):
            trap.accept()


@pytest.mark.parametrize("header", ["X-Forwarded-Host", "X-Forwarded-For", "X-Forwarded-Proto", "Forwarded", "X-Host"])
def test_headers_of_proxies_count_for_nothing_where_there_is_none(
    admin: FlaskClient, access: Access, header: str
) -> None:
    value = "for=10.9.8.7;host=evil.example;proto=https" if header == "Forwarded" else "evil.example"
    form = {"name": "viewer"}
    made = ask(admin, "POST", "/admin/people/link", data=form, headers={header: value}, follow_redirects=True)
    assert "http://localhost/link/" in made.text
    assert "evil.example" not in made.text
    assert access.log.newest(limit=1)[0].address == "127.0.0.1"
