"""Traces arrive at a collector that takes OTLP over HTTP, and name nobody."""

from __future__ import annotations

import sys
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest
from opentelemetry.proto.trace.v1.trace_pb2 import Span

from homes import index, open_home
from techfinder.app import create_app
from techfinder.errors import SettingsError
from techfinder.interfaces import EncoderEntry
from techfinder.testing.fakes import HashEncoder

HASH = EncoderEntry(HashEncoder().info, "For tests.", HashEncoder)
RARE = "zyzzyvaquux"
PARENT = "4bf92f3577b34da6a3ce929d0e0e4736"


class Collector(ThreadingHTTPServer):
    """Keeps what it gets."""

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), _Taking)
        self.bodies: list[bytes] = []
        self.paths: set[str] = set()

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.server_port}"

    def spans(self) -> list[Span]:
        found = []
        for body in self.bodies:
            for resource in ExportTraceServiceRequest.FromString(body).resource_spans:
                names = {a.key: a.value.string_value for a in resource.resource.attributes}
                assert names["service.name"] == "techfinder"
                found += [span for scope in resource.scope_spans for span in scope.spans]
        return found


class _Taking(BaseHTTPRequestHandler):
    server: Collector

    def do_POST(self) -> None:
        self.server.bodies.append(self.rfile.read(int(self.headers["Content-Length"])))
        self.server.paths.add(self.path)
        self.send_response(200)
        self.end_headers()

    def log_message(self, format: str, *args: object) -> None:
        pass


@pytest.fixture
def collector() -> Iterator[Collector]:
    with Collector() as server:
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        yield server
        server.shutdown()
        thread.join()


def attributes(span: Span) -> dict[str, object]:
    return {a.key: a.value.string_value or a.value.int_value for a in span.attributes}


def test_a_request_and_the_parts_of_its_search_arrive(tmp_path: Path, collector: Collector) -> None:
    finder = open_home(tmp_path, HASH, otlp_endpoint=collector.url + "/")
    index(finder, "synthetic:n=20,seed=3")
    finder.load_encoder()
    app = create_app(finder=finder)
    client = app.test_client()
    headers = {"X-Request-ID": "one", "traceparent": f"00-{PARENT}-00f067aa0ba902b7-01"}
    found = client.get(f"/api/v1/search?q={RARE}+phones", headers=headers)
    assert found.json is not None
    client.get(f"/{RARE}")
    app.extensions["techfinder.traces"].close()
    finder.close()
    assert collector.paths == {"/v1/traces"}
    spans = {span.name: span for span in collector.spans()}
    assert set(spans) == {"GET /api/v1/search", "encode", "store", "GET none"}
    request = spans["GET /api/v1/search"]
    assert attributes(request) == {
        "http.request.method": "GET",
        "http.route": "/api/v1/search",
        "techfinder.request_id": "one",
        "http.response.status_code": 200,
    }
    assert request.trace_id.hex() == PARENT
    for part in ("encode", "store"):
        assert spans[part].parent_span_id == request.span_id
        took_ms = (spans[part].end_time_unix_nano - spans[part].start_time_unix_nano) / 1e6
        assert took_ms == pytest.approx(found.json["took_ms"][part], abs=0.02)
        assert request.start_time_unix_nano <= spans[part].start_time_unix_nano
        assert spans[part].end_time_unix_nano <= request.end_time_unix_nano
    assert spans["encode"].end_time_unix_nano <= spans["store"].start_time_unix_nano
    assert not any(RARE.encode() in body for body in collector.bodies)


def test_a_collector_that_is_away_costs_no_request_anything(tmp_path: Path) -> None:
    finder = open_home(tmp_path, HASH, otlp_endpoint="http://127.0.0.1:9")
    app = create_app(finder=finder)
    assert app.test_client().get("/healthz").status_code == 200
    app.extensions["techfinder.traces"].close()
    finder.close()


def test_without_the_packages_the_start_says_what_to_install(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "opentelemetry.exporter.otlp.proto.http.trace_exporter", None)
    finder = open_home(tmp_path, HASH, otlp_endpoint="http://127.0.0.1:9")
    with pytest.raises(SettingsError, match=r"pip install 'techfinder\[otel\]'"):
        create_app(finder=finder)
    finder.close()


def test_without_an_address_there_are_none(tmp_path: Path) -> None:
    finder = open_home(tmp_path, HASH)
    assert "techfinder.traces" not in create_app(finder=finder).extensions
    finder.close()
