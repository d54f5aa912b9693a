"""The search of the page as a call of Qdrant's REST API."""

from __future__ import annotations

import re
import shlex
from html import unescape

import pytest
from flask.testing import FlaskClient


def calls(page: str) -> list[str]:
    """The calls that can be copied."""
    return [unescape(c) for c in re.findall(r"<textarea[^>]*>(.*?)</textarea>", page, re.S)]


def link(page: str) -> str:
    found = re.search(r'href="(/call[^"]*)"', page)
    assert found
    return unescape(found[1])


@pytest.mark.parametrize(
    "address",
    ["/?q=innovators&age=30..60", "/?q=cheerful+company+ideally+women&limit=5&offset=5", "/?like=P0003", "/?sort=-age"],
)
def test_the_call_of_a_page_finds_the_people_of_the_page(client: FlaskClient, address: str) -> None:
    page = client.get(address).text
    shown = [unescape(i) for i in re.findall(r'<li class="card" id="card-([^"]+)"', page.partition('class="near"')[0])]
    curl, python = calls(client.get(link(page)).text)
    words = shlex.split(curl.replace("\\\n", " "))
    assert words[2].startswith("http://localhost/qdrant/collections/people/points")
    answer = client.post(words[2].removeprefix("http://localhost"), data=words[-1], content_type="application/json")
    result = answer.get_json()["result"]
    parts = result if isinstance(result, list) else [result]
    assert [p["payload"]["_id"] for part in parts for p in part["points"]] == shown
    assert len(shown) > 3
    compile(python, "python", "exec")


def test_what_a_call_cannot_say_is_told_beside_it(client: FlaskClient) -> None:
    page = client.get("/call?sort=gender").text
    assert "Qdrant orders by one number" in page
    assert '"ids":' in calls(page)[0]
    assert client.get("/call?age=nonsense").status_code == 400


def test_hostile_text_stays_text(client: FlaskClient) -> None:
    page = client.get("/call", query_string={"q": "</textarea><script>alert(1)</script>' $(id)"}).text
    assert "<script>alert" not in page
    assert "$(id)" in shlex.split(calls(page)[0].replace("\\\n", " "))[-1]


def test_where_nobody_is_found_no_call_is_offered(client: FlaskClient) -> None:
    assert "/call?" in client.get("/?q=cheerful").text
    assert "/call" not in client.get("/?age=200..").text
