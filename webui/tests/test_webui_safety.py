"""Values and questions may hold anything: nothing of it becomes code, and nothing is fetched from elsewhere."""

from __future__ import annotations

import re
from collections.abc import Iterator
from html.parser import HTMLParser
from urllib.parse import quote

from flask.testing import FlaskClient
from werkzeug.test import TestResponse

PARTIAL = {"HX-Request": "true", "HX-Request-Type": "partial", "HX-Current-URL": "http://localhost/"}


def everything(client: FlaskClient, attack: str) -> Iterator[TestResponse]:
    yield client.get("/?limit=60")
    yield client.get("/", query_string={"q": attack})
    yield client.get("/", query_string={"q": attack}, headers=PARTIAL)
    yield client.get("/", query_string={"job_sector": attack, attack: attack})
    yield client.get("/", query_string={"gender": attack})
    yield client.get("/people/" + quote(attack, safe=""))
    yield client.get("/compare", query_string={"ids": ["P0001", attack]})
    yield client.get("/compare", query_string={"ids": ["unknown" + attack, "P0001"]})
    yield client.get("/", query_string={"compare.id": attack})
    yield client.get("/people/" + quote("unknown" + attack, safe=""))


class Elements(HTMLParser):
    """Every element of a page with its attributes, as a browser reads it."""

    def __init__(self, page: str) -> None:
        super().__init__()
        self.found: list[tuple[str, dict[str, str | None]]] = []
        self.feed(page)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.found.append((tag, dict(attrs)))


def test_values_are_escaped_wherever_they_are_shown(client: FlaskClient, attack: str) -> None:
    for answer in everything(client, attack):
        assert "alert(1)" in answer.text
        for tag, attributes in Elements(answer.text).found:
            assert tag != "script" or str(attributes["src"]).startswith("/assets/")
            assert [name for name in attributes if name.startswith("on")] == []


def test_a_person_with_any_id_has_a_page(client: FlaskClient, attack: str) -> None:
    page = client.get("/?offset=59").text
    link = re.search(r'<h3><a href="([^"]+)">', page)
    assert link
    assert client.get(link[1]).status_code == 200


def test_every_answer_forbids_what_is_not_ours(client: FlaskClient) -> None:
    for url in ("/", "/people/P0001", "/people/nobody", "/schema.css", "/assets/app.js", "/assets/app.css"):
        answer = client.get(url, buffered=True)
        policy = answer.headers["Content-Security-Policy"]
        assert policy.startswith("default-src 'none'; script-src 'self'; style-src 'self';")
        assert "unsafe" not in policy
        assert answer.headers["X-Content-Type-Options"] == "nosniff"


def test_the_page_asks_no_other_host(client: FlaskClient) -> None:
    page = client.get("/").text
    linked = re.findall(r'(?:src|href)="([^"]+)"', page)
    assert [u for u in linked if not u.startswith(("/", "#"))] == []
    for url in {u for u in linked if u.startswith("/assets/")}:
        assert client.get(url, buffered=True).status_code == 200


def test_the_style_sheet_of_the_schema_is_sent_once(client: FlaskClient) -> None:
    first = client.get("/schema.css")
    assert first.mimetype == "text/css"
    again = client.get("/schema.css", headers={"If-None-Match": first.headers["ETag"]})
    assert again.status_code == 304
