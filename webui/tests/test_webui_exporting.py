"""The export of the page: the same people as on it, packed with a manifest."""

from __future__ import annotations

import io
import json
import re
import zipfile
from html import unescape

import pytest
from flask.testing import FlaskClient


def links(page: str) -> list[str]:
    return [unescape(url) for url in re.findall(r'href="([^"]*/export/[^"]*)"', page)]


def test_the_page_offers_what_it_shows_in_three_kinds(client: FlaskClient) -> None:
    page = client.get("/?q=innovators&age=30..60&limit=40").text
    assert links(page) == [f"/export/{kind}?q=innovators&age=30..60" for kind in ("csv", "jsonl", "ids")]


def test_where_nobody_is_found_nothing_is_offered(client: FlaskClient) -> None:
    assert links(client.get("/?age=200..").text) == []


@pytest.mark.parametrize("address", ["/?q=innovators&age=30..60", "/?like=P0003&gender=Male", "/?sort=-age"])
def test_an_export_holds_the_people_of_the_page(client: FlaskClient, address: str) -> None:
    page = client.get(f"{address}&limit=100").text
    shown = [unescape(i) for i in re.findall(r'<li class="card" id="card-([^"]+)"', page)]
    answer = client.get(next(url for url in links(page) if "/ids" in url))
    with zipfile.ZipFile(io.BytesIO(answer.data)) as packed:
        assert packed.read("people.txt").decode().splitlines() == shown
        assert json.loads(packed.read("manifest.json"))["count"] == len(shown) > 0


def test_edits_of_the_sentence_count(client: FlaskClient) -> None:
    page = client.get("/?q=innovators").text
    dropped = re.search(r'class="drop" href="([^"]+)"', page)
    assert dropped
    url = links(client.get(unescape(dropped[1])).text)[2]
    with zipfile.ZipFile(io.BytesIO(client.get(url).data)) as packed:
        assert len(packed.read("people.txt").decode().splitlines()) == 60


def test_what_cannot_be_exported_is_told_on_a_page(client: FlaskClient) -> None:
    answer = client.get("/export/csv?age=nonsense")
    assert answer.status_code == 400
    assert "nonsense" in answer.text
    assert client.get("/export/xlsx").status_code == 404


@pytest.mark.parametrize(
    ("address", "told"),
    [
        ("/?q=top+5+by+age", "Everybody found (60 people)"),
        ("/?q=innovators", "Everybody found (12 of 60 people)"),
        ("/audience?q=innovators", "Everybody found (12 of 60 people)"),
    ],
)
def test_how_many_are_taken_away_is_said(client: FlaskClient, address: str, told: str) -> None:
    """A sentence's "top 5" is how many are shown, not how many are found."""
    assert told in client.get(address).text
