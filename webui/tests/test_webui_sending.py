"""How answers are sent: compressed, small enough, kept apart, and nothing of them in a log."""

from __future__ import annotations

import gzip
import logging
import re

import pytest
from flask.testing import FlaskClient

from techfinder.finder import Finder

GZIP = {"Accept-Encoding": "gzip, br"}
BUDGET = 200_000


def sent(client: FlaskClient, url: str) -> int:
    """Bytes of a compressed answer."""
    answer = client.get(url, headers=GZIP, buffered=True)
    assert answer.status_code == 200
    return len(answer.data)


@pytest.mark.parametrize("url", ["/", "/?q=nurses", "/people/P0003", "/assets/app.css"])
def test_what_is_wanted_as_gzip_comes_so_and_reads_the_same(client: FlaskClient, url: str) -> None:
    plain, packed = client.get(url, buffered=True), client.get(url, headers=GZIP, buffered=True)
    assert "Content-Encoding" not in plain.headers
    assert packed.headers["Content-Encoding"] == "gzip"
    for answer in (plain, packed):
        assert "Accept-Encoding" in answer.headers["Vary"]

    def timeless(text: str) -> str:
        return re.sub(r"· \d+ ms", "", text)

    assert timeless(gzip.decompress(packed.data).decode()) == timeless(plain.text)
    assert packed.headers["Content-Length"] == str(len(packed.data))


def test_an_unchanged_file_is_not_sent_again(client: FlaskClient) -> None:
    first = client.get("/assets/app.css", headers=GZIP, buffered=True)
    again = client.get("/assets/app.css", headers=GZIP | {"If-None-Match": first.headers["ETag"]}, buffered=True)
    assert (again.status_code, again.data) == (304, b"")


def test_the_first_page_ships_little_and_needs_no_script_to_show_people(client: FlaskClient) -> None:
    page = client.get("/?q=innovators+in+healthcare,+ideally+over+30").text
    files = set(re.findall(r'(?:src|href)="(/(?:assets/|schema\.css)[^"]*)"', page))
    assert len(files) == 7
    assert sum(sent(client, u) for u in [*files, "/?q=innovators+in+healthcare,+ideally+over+30"]) < BUDGET
    assert '<li class="card"' in page
    assert all("defer" in tag for tag in re.findall(r"<script[^>]*>", page))


def test_a_question_never_stands_in_a_log(
    client: FlaskClient, finder: Finder, caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    caplog.set_level(logging.DEBUG)
    client.get("/?q=secret+wish&gender=Male")
    client.get("/?q=secret+wish&age=nonsense")

    def fail(*_: object, **__: object) -> None:
        raise RuntimeError("a bug")

    monkeypatch.setattr(finder, "answer", fail)
    client.application.config["PROPAGATE_EXCEPTIONS"] = False
    assert client.get("/?q=secret+wish").status_code == 500
    assert "a bug" in caplog.text
    assert "secret" not in caplog.text
