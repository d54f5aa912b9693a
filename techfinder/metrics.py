"""What Prometheus reads at ``/metrics``: how many requests, how long they take, and how things stand.

Labels hold routes as they are written in the code, states and names of plugins: no address that was asked, no
sentence, no id, nobody. Where several processes serve (:mod:`techfinder.cli.prefork`), what each of them counts lies in
a folder of theirs, and whichever answers adds it up.
"""

from __future__ import annotations

import os
import time
from collections.abc import Iterator, Mapping
from contextlib import suppress
from datetime import datetime
from typing import TYPE_CHECKING, Any, cast

from flask import Blueprint, Flask, Response, current_app, request
from prometheus_client import CollectorRegistry, Counter, Histogram, generate_latest
from prometheus_client.core import GaugeMetricFamily
from prometheus_client.exposition import CONTENT_TYPE_LATEST
from prometheus_client.multiprocess import MultiProcessCollector
from prometheus_client.registry import Collector

from techfinder.errors import DatabaseError, FingerprintMismatch, TechfinderError
from techfinder.requests import route_asked, took_s

if TYPE_CHECKING:
    from techfinder.finder import Finder
    from techfinder.models import GenerationInfo
    from techfinder.operations import Operations

__all__ = ["FOLDER_VARIABLE", "Metrics", "metrics"]

FOLDER_VARIABLE = "PROMETHEUS_MULTIPROC_DIR"
"""Names the folder of several processes; read when Prometheus' library is first imported."""

_SECONDS = (0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0, 30.0)
_METHODS = frozenset({"GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"})

metrics = Blueprint("metrics", __name__)


@metrics.get("/metrics")
def show() -> Response:
    """Everything, as Prometheus reads it."""
    found = cast("Metrics", current_app.extensions["techfinder.metrics"])
    return Response(found.text(), content_type=CONTENT_TYPE_LATEST)


class Metrics:
    """Of one app; found again as ``app.extensions["techfinder.metrics"]``."""

    def __init__(self, finder: Finder, operations: Operations) -> None:
        """Count nothing yet."""
        self._registry = CollectorRegistry()
        self._state = _State(finder, operations)
        self._finder = finder
        self._requests = Counter(
            "techfinder_requests", "Requests answered.", ["route", "method", "status"], registry=self._registry
        )
        self._latency = Histogram(
            "techfinder_request_seconds", "Until an answer began.", ["route"], buckets=_SECONDS, registry=self._registry
        )
        self._parts = Histogram(
            "techfinder_search_seconds",
            "Searches that were not answered from memory, by part: encode, store.",
            ["part"],
            buckets=_SECONDS,
            registry=self._registry,
        )

    def install(self, app: Flask) -> None:
        """Watch every request of the app, and every search of its Finder."""
        app.extensions["techfinder.metrics"] = self
        app.after_request(self._count)
        self._finder.searched = self._searched

    def text(self) -> bytes:
        """What Prometheus reads."""
        if not os.environ.get(FOLDER_VARIABLE):
            return generate_latest(self._registry) + generate_latest(_only(self._state))
        together = CollectorRegistry()
        MultiProcessCollector(together)  # type: ignore[no-untyped-call]
        return generate_latest(together) + generate_latest(_only(self._state))

    def _count(self, answer: Response) -> Response:
        route = route_asked()
        method = request.method if request.method in _METHODS else "other"
        self._requests.labels(route, method, str(answer.status_code)).inc()
        self._latency.labels(route).observe(took_s())
        return answer

    def _searched(self, took_ms: Mapping[str, float]) -> None:
        for part in ("encode", "store"):
            if took_ms.get(part):
                self._parts.labels(part).observe(took_ms[part] / 1000)


class _State(Collector):
    """How things stand when they are asked for. What cannot be known is left out."""

    def __init__(self, finder: Finder, operations: Operations) -> None:
        self._finder, self._operations = finder, operations

    def collect(self) -> Iterator[GaugeMetricFamily]:
        """The figures."""
        yield from self._generation()
        yield from self._jobs()
        failures = GaugeMetricFamily("techfinder_plugin_failures", "What went wrong, by plugin.", labels=["plugin"])
        counts: dict[str, int] = {p.name: 0 for p in self._finder.plugins.describe()}
        for failure in self._finder.plugins.failures:
            counts[failure.plugin] = counts.get(failure.plugin, 0) + 1
        for name, count in counts.items():
            failures.add_metric([name], count)
        yield failures
        ready = self._finder.encoder_state() == "ready"
        yield _gauge("techfinder_encoder_loaded", "Whether the process that answers can encode a sentence.", ready)

    def _generation(self) -> Iterator[GaugeMetricFamily]:
        try:
            live = self._finder.generation()
        except TechfinderError:
            yield _gauge("techfinder_store_up", "Whether people can be searched.", 0)
            return
        yield _gauge("techfinder_store_up", "Whether people can be searched.", int(self._readable(live)))
        yield _gauge("techfinder_generation", "Number of the generation that is live.", live.number)
        yield _gauge("techfinder_generation_points", "How many people it holds.", live.points)
        with suppress(ValueError):
            age = time.time() - datetime.fromisoformat(live.created_at).timestamp()
            yield _gauge("techfinder_generation_age_seconds", "Since it was built.", age)

    def _readable(self, live: GenerationInfo) -> bool:
        try:
            self._finder.require_readable(live)
        except FingerprintMismatch:
            return False
        return True

    def _jobs(self) -> Iterator[GaugeMetricFamily]:
        try:
            counts = self._operations.job_counts()
        except DatabaseError:
            yield _gauge("techfinder_database_up", "Whether the application database answers.", 0)
            return
        yield _gauge("techfinder_database_up", "Whether the application database answers.", 1)
        jobs = GaugeMetricFamily("techfinder_jobs", "Jobs that are kept, by state.", labels=["state"])
        for state, count in counts.items():
            jobs.add_metric([state], count)
        yield jobs


def _only(collector: Collector) -> CollectorRegistry:
    registry = CollectorRegistry()
    registry.register(collector)
    return registry


def _gauge(name: str, text: str, value: Any) -> GaugeMetricFamily:
    return GaugeMetricFamily(name, text, value=float(value))
