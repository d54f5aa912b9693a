"""Log lines: each belongs to its request, and none tells what was asked, who was found, or a token."""

from __future__ import annotations

import io
import json
import logging
import re
import urllib.error
import urllib.parse
import urllib.request
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from flask import Blueprint

import commands
from homes import index, open_home
from techfinder import hookimpl, needs
from techfinder.app import create_app
from techfinder.cli.terminal import log_formatter
from techfinder.finder import Finder
from techfinder.interfaces import EncoderEntry
from techfinder.logs import REQUEST_ID, JsonFormatter
from techfinder.plugins import Plugins
from techfinder.settings import load_settings
from techfinder.testing.fakes import HashEncoder

HASH = EncoderEntry(HashEncoder().info, "For tests.", HashEncoder)
RARE = "zyzzyvaquux"
TOKEN = "tf_0123456789abcdefghijklmnopqrstuvwxyz"


class Quoting:
    """A plugin that says in its errors what it was asked."""

    @hookimpl
    def parse_query(self, text: str) -> None:
        raise ValueError(f"cannot read {text}")

    @hookimpl
    def register_blueprints(self) -> list[Blueprint]:
        def crash(word: str) -> str:
            raise RuntimeError(f"no {word}") from KeyError(word)

        page = Blueprint("crashing", __name__)
        page.add_url_rule("/crash/<word>", view_func=needs("search")(crash))
        return [page]


@pytest.fixture
def written() -> Iterator[io.StringIO]:
    """What our loggers write, in JSON."""
    text = io.StringIO()
    handler = logging.StreamHandler(text)
    handler.setFormatter(log_formatter("json"))
    logger = logging.getLogger("techfinder")
    level = logger.level
    logger.addHandler(handler)
    logger.setLevel(logging.DEBUG)
    yield text
    logger.removeHandler(handler)
    logger.setLevel(level)


def test_a_request_keeps_the_id_that_it_came_with_if_that_is_one(tmp_path: Path) -> None:
    finder = Finder(load_settings(home=tmp_path))
    client = create_app(finder=finder).test_client()
    assert client.get("/healthz", headers={"X-Request-ID": "abc-1.2_3"}).headers["X-Request-ID"] == "abc-1.2_3"
    for wrong in ("", "two words", "-x", "a" * 65, "ä", "<b>", 'a"b'):
        made = client.get("/healthz", headers={"X-Request-ID": wrong} if wrong else {}).headers["X-Request-ID"]
        assert re.fullmatch("[0-9a-f]{32}", made), wrong
    problem = client.get("/api/v1/profiles/x", headers={"X-Request-ID": "one"})
    assert problem.json is not None
    assert (problem.json["request_id"], problem.headers["X-Request-ID"]) == ("one", "one")
    assert client.get("/no/such", headers={"X-Request-ID": "two"}).headers["X-Request-ID"] == "two"
    bad_host = client.get("/healthz", headers={"X-Request-ID": "three", "Host": "elsewhere.example.org"})
    assert (bad_host.status_code, bad_host.headers["X-Request-ID"]) == (400, "three")
    assert REQUEST_ID.get() == ""
    finder.close()


def test_what_fails_is_told_without_what_was_asked(tmp_path: Path, written: io.StringIO) -> None:
    settings = load_settings(home=tmp_path, encoder="hash")
    finder = open_home(tmp_path, HASH)
    index(finder, "synthetic:n=20,seed=3")
    finder.close()
    extra = [("quoting", Quoting()), ("hash", _hash_plugin())]
    finder = Finder(settings, Plugins.load(settings, extra=extra))
    app = create_app(finder=finder)
    app.testing = False
    client = app.test_client()
    assert client.get(f"/crash/{RARE}", headers={"X-Request-ID": "crashed"}).status_code == 500
    assert client.get(f"/api/v1/search?q={RARE}", headers={"X-Request-ID": "searched"}).status_code == 200
    finder.close()
    lines = [json.loads(line) for line in written.getvalue().splitlines()]
    assert RARE not in written.getvalue()
    (crash,) = (line for line in lines if line["message"] == "Failed at GET /crash/<word>")
    assert crash["request_id"] == "crashed"
    assert crash["exception"].endswith("RuntimeError\n  after KeyError")
    assert "test_logs.py" in crash["exception"]
    (failed,) = (line for line in lines if line["message"].startswith("Plugin failed"))
    assert failed["request_id"] == "searched"
    assert failed["message"].endswith("call: ValueError")
    told = {line["request_id"]: line for line in lines if line["logger"] == "techfinder.requests" and "route" in line}
    assert (told["crashed"]["level"], told["crashed"]["status"], told["crashed"]["route"]) == (
        "warning",
        500,
        "/crash/<word>",
    )
    assert told["searched"]["took_ms"] > 0


def _hash_plugin() -> Any:
    from techfinder.testing.fakes import FakePlugin

    return FakePlugin(encoders=[HASH])


def test_lines_of_text_and_of_json_say_the_same() -> None:
    record = logging.makeLogRecord(
        {"name": "techfinder.x", "levelname": "INFO", "msg": "Two\x1b[1m %s", "args": ("words",), "created": 1.5}
    )
    token = REQUEST_ID.set("one")
    assert log_formatter("text").format(record) == "1970-01-01T00:00:01.500Z INFO techfinder.x [one] Two\\x1b[1m words"
    line = JsonFormatter().format(record)
    REQUEST_ID.reset(token)
    assert line.isascii()
    assert json.loads(line) == {
        "time": "1970-01-01T00:00:01.500Z",
        "level": "info",
        "logger": "techfinder.x",
        "message": "Two\x1b[1m words",
        "request_id": "one",
    }
    assert log_formatter("text").format(record).count("[one]") == 0


def test_no_log_of_a_server_holds_a_sentence_a_person_or_a_token(tmp_path: Path) -> None:
    finder = open_home(tmp_path, HASH)
    index(finder, "synthetic:n=30,seed=3")
    someone = finder.search(finder.plan("", limit=1)).hits[0].profile.id
    finder.close()
    with commands.Server(tmp_path, log_format="json", log_level="debug") as server:
        for path in (
            f"/?q={RARE}+phones",
            f"/api/v1/search?q={RARE}",
            f"/api/v1/search?q=x&{RARE}=1",
            f"/api/v1/profiles/{someone}",
            f"/api/v1/profiles/{RARE}",
            f"/api/v1/similar?id={someone}",
            f"/{RARE}/nothing",
        ):
            request = urllib.request.Request(server.base + path, headers={"X-Request-ID": f"r{len(path)}"})
            try:
                with urllib.request.urlopen(request, timeout=30) as answer:
                    answer.read()
            except urllib.error.HTTPError as error:
                error.close()
        body = json.dumps({"text": RARE, "conditions": [{"field": RARE, "op": "any_of", "values": [RARE]}]}).encode()
        headers = {"Content-Type": "application/json", "Authorization": f"Bearer {TOKEN}"}
        request = urllib.request.Request(server.base + "/api/v1/search", body, headers)
        with pytest.raises(urllib.error.HTTPError) as refused:
            urllib.request.urlopen(request, timeout=30)
        refused.value.close()
        server.process.terminate()
        assert server.process.stderr is not None
        log = server.process.stderr.read()
    lines = [json.loads(line) for line in log.splitlines()]
    told = [line for line in lines if line["logger"] == "techfinder.requests"]
    assert len(told) == 8
    assert all(line["request_id"] for line in told)
    for secret in (RARE, someone, TOKEN, "127.0.0.1"):
        assert secret not in log
