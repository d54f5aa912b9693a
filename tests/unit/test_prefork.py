"""Several web processes: the same answers, told of the same things, and stopped without cutting anything off."""

from __future__ import annotations

import json
import re
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from contextlib import closing
from http.client import HTTPResponse
from pathlib import Path
from typing import Any

import psutil
import pytest

import commands
import homes
from qdrant_process import QdrantAddress
from techfinder.interfaces import EncoderEntry
from techfinder.store.server.store import ServerStore
from techfinder.testing.fakes import HashEncoder

COLLECTION = "prefork"
PEOPLE = 120
PATIENCE_S = 20.0


class Site:
    """`techfinder serve` with two processes, on people of its own."""

    def __init__(self, home: Path, qdrant: QdrantAddress) -> None:
        self.home, self.qdrant = home, qdrant
        self.log = home.with_name(f"{home.name}.log")
        with socket.create_server(("127.0.0.1", 0)) as free:
            self.port = free.getsockname()[1]
        self.settings = {
            "store": "server",
            "qdrant_url": qdrant.url,
            "qdrant_grpc_port": str(qdrant.grpc_port),
            "collection": COLLECTION,
            "workers": "2",
            "threads": "8",
            "port": str(self.port),
            "allowed_hosts": "people.localhost",
            "log_format": "json",
            "log_level": "info",
        }

    def index(self, people: int) -> None:
        """Let so many people go live."""
        entry = EncoderEntry(HashEncoder(64, "hash").info, "As the servers have it.", lambda: HashEncoder(64, "hash"))
        place = {"store": "server", "qdrant_url": self.qdrant.url, "qdrant_grpc_port": self.qdrant.grpc_port}
        with closing(homes.open_home(self.home, entry, collection=COLLECTION, **place)) as finder:
            homes.index(finder, f"synthetic:n={people},seed=7", prune=True)

    def drop(self) -> None:
        """Leave nothing on the server."""
        with closing(ServerStore(self.qdrant.settings(self.home))) as store:
            store.drop(COLLECTION)

    def start(self) -> None:
        """Start it and wait until it answers."""
        variables = commands.environment(self.home, **self.settings)
        with self.log.open("wb") as log:
            self.process = subprocess.Popen(commands.command("serve"), env=variables, stderr=log)
        deadline = time.monotonic() + PATIENCE_S
        while len(self.workers()) < 2 or not self.is_up():
            assert self.process.poll() is None, "it ended"
            assert time.monotonic() < deadline, "it does not answer"
            time.sleep(0.05)

    def workers(self) -> list[int]:
        return [child.pid for child in psutil.Process(self.process.pid).children()]

    def is_up(self) -> bool:
        try:
            with self.open("/healthz") as answer:
                return answer.status == 200
        except OSError:
            return False

    def open(self, path: str, **headers: str) -> HTTPResponse:
        """An answer to a connection of its own, so that either process may give it."""
        request = urllib.request.Request(f"http://127.0.0.1:{self.port}{path}", headers=headers)
        answer: HTTPResponse = urllib.request.urlopen(request, timeout=20)
        return answer

    def get(self, path: str) -> Any:
        with self.open(path) as answer:
            return json.load(answer)

    def post(self, path: str, body: object) -> Any:
        request = urllib.request.Request(f"http://127.0.0.1:{self.port}{path}", json.dumps(body).encode())
        request.add_header("Content-Type", "application/json")
        with urllib.request.urlopen(request, timeout=20) as answer:
            return json.load(answer)


@pytest.fixture(scope="module")
def site(qdrant: QdrantAddress, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Site]:
    made = Site(tmp_path_factory.mktemp("prefork"), qdrant)
    made.index(PEOPLE)
    made.start()
    yield made
    if made.process.poll() is None:
        made.process.terminate()
        made.process.wait(PATIENCE_S)
    made.drop()


pytestmark = pytest.mark.keeps_children


@pytest.mark.slow
def test_pages_of_one_question_fit_together_whoever_answers(site: Site) -> None:
    found: list[str] = []
    cursor = "*"
    while cursor:
        page = site.post("/api/v1/search", {"text": "phones", "limit": 25, "cursor": cursor})
        found += [hit["id"] for hit in page["hits"]]
        cursor = page["next"]
    assert len(found) == len(set(found)) == PEOPLE


def test_every_process_tells_an_open_page_of_new_people(site: Site) -> None:
    streams = [site.open("/live") for _ in range(6)]  # either process gets some
    site.index(PEOPLE - 1)
    for stream in streams:
        with stream:
            lines = iter(stream.readline, b"")
            assert any(b"event: generation" in line for line in lines)
    deadline = time.monotonic() + PATIENCE_S
    while {site.get("/api/v1/search?limit=1&facets=none")["total"] for _ in range(8)} != {PEOPLE - 1}:
        assert time.monotonic() < deadline


def test_only_names_that_are_allowed_are_answered(site: Site) -> None:
    with site.open("/healthz", Host="people.localhost") as answer:
        assert answer.status == 200
    with pytest.raises(urllib.error.HTTPError) as refused:
        site.open("/healthz", Host="elsewhere.example.org")
    assert refused.value.code == 400
    refused.value.close()


def test_metrics_add_up_whoever_answers(site: Site) -> None:
    def counted() -> float:
        with site.open("/metrics") as answer:
            text = answer.read().decode()
        line = 'techfinder_requests_total{method="GET",route="/healthz",status="200"} '
        return float(text.partition(line)[2].partition("\n")[0] or 0)

    before = counted()
    for _ in range(12):
        site.get("/healthz")
    assert {counted() for _ in range(6)} == {before + 12}


def test_a_process_that_dies_is_replaced(site: Site) -> None:
    before = site.workers()
    psutil.Process(before[0]).kill()
    deadline = time.monotonic() + PATIENCE_S
    while len(site.workers()) < 2 or before[0] in site.workers():
        assert time.monotonic() < deadline
        time.sleep(0.05)
    assert site.get("/api/v1/search?q=phones&limit=1")["hits"]


def test_stopping_finishes_what_is_being_answered(site: Site) -> None:
    """Streams without an end come to one; a question that has half arrived is answered."""
    stream = site.open("/live")
    body = json.dumps({"limit": 1}).encode()
    head = f"POST /api/v1/search HTTP/1.1\r\nHost: localhost\r\nContent-Length: {len(body)}\r\n"
    with stream, socket.create_connection(("127.0.0.1", site.port), timeout=20) as line:
        line.sendall(f"{head}Content-Type: application/json\r\n\r\n".encode() + body[:10])
        time.sleep(0.2)
        began = time.monotonic()
        site.process.terminate()
        while stream.readline():
            pass
        line.sendall(body[10:])
        assert line.makefile("rb").readline().rstrip() == b"HTTP/1.1 200 OK"
    assert site.process.wait(PATIENCE_S) == 0
    assert time.monotonic() - began < 10


def test_every_log_line_is_an_object(site: Site) -> None:
    """After the process has been stopped: its own lines and those of gunicorn."""
    lines = [json.loads(line) for line in site.log.read_text().splitlines()]
    assert {"gunicorn.error", "techfinder", "techfinder.requests"} <= {line["logger"] for line in lines}
    assert all(line["request_id"] for line in lines if line["logger"] == "techfinder.requests")


def test_the_embedded_store_is_for_one_process(tmp_path: Path) -> None:
    done = commands.run(tmp_path, "serve", workers="2")
    assert done.returncode == 1
    assert re.search(r"TECHFINDER_WORKERS=2: the embedded store .*TECHFINDER_STORE=server", done.stderr)


def test_what_nobody_waits_for_any_more_is_not_answered_but_changes_are_made(tmp_path: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]

    def send(method: str, path: str) -> socket.socket:
        line = socket.create_connection(("127.0.0.1", port), timeout=20)
        line.sendall(f"{method} {path} HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Length: 0\r\n\r\n".encode())
        return line

    command = [sys.executable, str(Path(__file__).parents[1] / "tools" / "prefork_one_thread.py"), tmp_path, str(port)]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
        said = process.stdout
        assert said is not None
        assert said.readline() == "ready\n"
        with send("GET", "/long"):
            assert said.readline() == "long\n"
            for method, path in (("GET", "/given-up"), ("POST", "/change"), ("HEAD", "/given-up")):
                send(method, path).close()
            with send("GET", "/patient") as patient:
                (tmp_path / "go").touch()
                assert patient.makefile("rb").readline().startswith(b"HTTP/1.1 200")
        process.terminate()
        assert said.read().split() == ["change", "patient"]
        assert process.wait(PATIENCE_S) == 0
