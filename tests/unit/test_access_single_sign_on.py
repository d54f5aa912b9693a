"""Single sign-on with a provider of our own: whom it lets in, and that nothing forged does."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest
from flask import Flask, jsonify, request
from flask.testing import FlaskClient
from joserfc import jwt
from joserfc.jwk import KeySet, OctKey, RSAKey
from werkzeug.serving import make_server
from werkzeug.test import TestResponse

from access_homes import opened, settings_in, with_password
from techfinder.access.access import Access
from techfinder.app import create_app
from techfinder.finder import Finder

NOW_ENOUGH = 4_000_000_000
PAGE = {"Accept": "text/html"}


class Provider:
    """Answers as OpenID Connect says; a test changes what it says."""

    def __init__(self) -> None:
        self.key = RSAKey.generate_key(2048, {"kid": "one", "use": "sig"})
        self.claims: dict[str, Any] = {}
        self.signed_with: RSAKey | OctKey = self.key
        self.algorithm = "RS256"
        self.asked: dict[str, str] = {}
        app = Flask("provider")
        app.add_url_rule("/.well-known/openid-configuration", view_func=self._about)
        app.add_url_rule("/keys", view_func=lambda: jsonify(KeySet([self.key]).as_dict(private=False)))
        app.add_url_rule("/token", view_func=self._token, methods=["POST"])
        self._server = make_server("127.0.0.1", 0, app, threaded=True)
        self.issuer = f"http://127.0.0.1:{self._server.server_port}"
        self._thread = threading.Thread(target=self._server.serve_forever, daemon=True)

    def __enter__(self) -> Provider:
        self._thread.start()
        return self

    def __exit__(self, *error: object) -> None:
        self._server.shutdown()
        self._thread.join()
        self._server.server_close()

    def _about(self) -> Any:
        names = {"authorization_endpoint": "/authorize", "token_endpoint": "/token", "jwks_uri": "/keys"}
        return jsonify({"issuer": self.issuer} | {name: self.issuer + path for name, path in names.items()})

    def _token(self) -> Any:
        self.asked = request.form.to_dict()
        signed = jwt.encode(
            {"alg": self.algorithm, "kid": "one"}, self.claims, self.signed_with, algorithms=[self.algorithm]
        )
        return jsonify({"access_token": "x", "token_type": "Bearer", "id_token": signed})


@pytest.fixture(scope="module")
def running() -> Iterator[Provider]:
    with Provider() as provider:
        yield provider


@pytest.fixture
def provider(running: Provider) -> Provider:
    running.signed_with, running.algorithm, running.claims = running.key, "RS256", {}
    return running


@pytest.fixture(scope="module")
def app(running: Provider, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Flask]:
    chosen = {"oidc_issuer": running.issuer, "oidc_client_id": "techfinder", "oidc_client_secret": "s3cret"}
    settings = settings_in(tmp_path_factory.mktemp("home"), sign_in="on", **chosen)
    with opened(settings) as access:
        with_password(access, "root", "admin")
        for name in ("anna@example.org", "gone@example.org", "other@example.org"):
            access.people.add(name, "analyst", "test")
        access.people.disable("gone@example.org", "test")
    finder = Finder(settings)
    app = create_app(finder=finder)
    yield app
    app.extensions["techfinder.access"].close()
    finder.close()


@pytest.fixture
def client(app: Flask) -> FlaskClient:
    return app.test_client()


@pytest.fixture
def access(app: Flask) -> Access:
    found: Access = app.extensions["techfinder.access"]
    return found


def leave(client: FlaskClient, next: str = "") -> dict[str, str]:
    """What the browser is sent to the provider with."""
    answer = client.get("/sign-in/sso", query_string={"next": next}, headers=PAGE)
    assert answer.status_code == 303
    return {name: values[0] for name, values in parse_qs(urlsplit(answer.location).query).items()}


def come_back(client: FlaskClient, provider: Provider, next: str = "", **changed: Any) -> TestResponse:
    """Leave for the provider, which says who it is, and come back."""
    sent = leave(client, next)
    told = {"iss": provider.issuer, "aud": "techfinder", "sub": "42", "exp": NOW_ENOUGH, "nonce": sent["nonce"]}
    told |= {"email": "Anna@example.org", "email_verified": True}
    provider.claims = {name: value for name, value in (told | changed).items() if value is not None}
    return client.get("/sign-in/sso/back", query_string={"code": "c0de", "state": sent["state"]}, headers=PAGE)


def refused(answer: TestResponse, client: FlaskClient, told: str) -> None:
    assert answer.status_code == 400
    assert told in answer.text
    assert client.get("/account/", headers=PAGE).status_code == 303


def test_the_page_offers_it(client: FlaskClient) -> None:
    assert "Sign in with single sign-on" in client.get("/sign-in?next=/schema").text


def test_whoever_was_added_comes_in_and_where_they_wanted(
    client: FlaskClient, provider: Provider, access: Access
) -> None:
    answer = come_back(client, provider, "/people/a.b?x=1")
    assert (answer.status_code, answer.location) == (303, "/people/a.b?x=1")
    assert provider.asked["code"] == "c0de"
    assert len(provider.asked["code_verifier"]) >= 43
    assert "Role: analyst" in client.get("/account/").text
    entry = access.log.newest(action="sign-in", actor="anna@example.org", limit=1)[0]
    assert entry.detail == {"by": "single sign-on"}
    # From now on it is the provider's own name that counts, whatever becomes of the address.
    again = client.application.test_client()
    assert come_back(again, provider, email="new@example.org").status_code == 303
    assert "anna@example.org" in again.get("/account/").text


def test_pkce_and_nonce_go_along(client: FlaskClient) -> None:
    first, second = leave(client), leave(client)
    assert first["code_challenge_method"] == "S256"
    assert first["redirect_uri"] == "http://localhost/sign-in/sso/back"
    for name in ("state", "nonce", "code_challenge"):
        assert first[name] != second[name]


@pytest.mark.parametrize(
    ("changed", "told"),
    [
        ({"nonce": "replayed"}, "did not answer as it should"),
        ({"nonce": None}, "did not answer as it should"),
        ({"aud": "somebody-else"}, "did not answer as it should"),
        ({"aud": ["techfinder", "x"], "azp": "x"}, "another application"),
        ({"iss": "https://evil.example"}, "did not answer as it should"),
        ({"exp": 1}, "did not answer as it should"),
        ({"exp": None}, "did not answer as it should"),
        ({"sub": None}, "did not answer as it should"),
        ({"sub": "9", "email": "nobody@example.org"}, "Nobody here is known as"),
        ({"sub": "9", "email": "other@example.org", "email_verified": False}, "Nobody here is known as"),
        ({"sub": "9", "email": "other@example.org", "email_verified": "true"}, "Nobody here is known as"),
        ({"sub": "9", "email": None}, "Nobody here is known as"),
        ({"sub": "9", "email": "gone@example.org"}, "Nobody here is known as"),
        ({"sub": "other than before"}, "Nobody here is known as"),
    ],
)
def test_what_does_not_fit_lets_nobody_in(
    client: FlaskClient, provider: Provider, access: Access, changed: dict[str, Any], told: str
) -> None:
    assert come_back(client.application.test_client(), provider).status_code == 303  # anna is known by "42"
    refused(come_back(client, provider, **changed), client, told)
    assert "other@example.org" not in [u.name for u in access.people.all() if u.subject]


def test_a_token_that_somebody_else_signed_lets_nobody_in(client: FlaskClient, provider: Provider) -> None:
    provider.signed_with = RSAKey.generate_key(2048, {"kid": "one"})
    refused(come_back(client, provider), client, "did not answer as it should")
    provider.signed_with, provider.algorithm = OctKey.import_key("s3cret-s3cret-s3cret-s3cret-s3cret"), "HS256"
    refused(come_back(client, provider), client, "did not answer as it should")


@pytest.mark.parametrize("kept", ["", "x", "a.b.c", "..", "."])
def test_what_was_begun_elsewhere_is_refused(client: FlaskClient, provider: Provider, kept: str) -> None:
    """Signing somebody in as somebody else: the browser comes back with a state that it did not leave with."""
    sent = leave(client)
    client.set_cookie("techfinder-leaving", kept)
    answer = client.get("/sign-in/sso/back", query_string={"code": "c0de", "state": sent["state"]}, headers=PAGE)
    refused(answer, client, "begun in another browser")


def test_a_refusal_of_the_provider_is_told(client: FlaskClient) -> None:
    sent = leave(client)
    answer = client.get("/sign-in/sso/back", query_string={"error": "access_denied", "state": sent["state"]})
    refused(answer, client, "access_denied")


def test_without_a_provider_there_is_no_such_page(tmp_path_factory: pytest.TempPathFactory) -> None:
    settings = settings_in(tmp_path_factory.mktemp("home"), sign_in="on")
    with opened(settings) as access:
        access.people.set_up_admin("root", "test")
    finder = Finder(settings)
    app = create_app(finder=finder)
    assert app.test_client().get("/sign-in/sso").status_code == 404
    assert app.test_client().get("/sign-in/sso/back").status_code == 404
    app.extensions["techfinder.access"].close()
    finder.close()


def test_a_provider_that_is_away_is_told(tmp_path_factory: pytest.TempPathFactory) -> None:
    chosen = {"oidc_issuer": "http://127.0.0.1:9", "oidc_client_id": "x", "oidc_role": "viewer"}
    settings = settings_in(tmp_path_factory.mktemp("home"), sign_in="on", **chosen)
    with opened(settings) as access:
        access.people.set_up_admin("root", "test")
    finder = Finder(settings)
    app = create_app(finder=finder)
    answer = app.test_client().get("/sign-in/sso", headers=PAGE)
    assert (answer.status_code, "did not answer as it should" in answer.text) == (400, True)
    app.extensions["techfinder.access"].close()
    finder.close()
