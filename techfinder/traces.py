"""Traces for OpenTelemetry: a span for each request, and below it what encoding and the store took in a search.

Spans hold routes as they are written in the code, and ids of requests: no address that was asked, no sentence, nobody.
"""

from __future__ import annotations

import time
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from flask import Flask, Response, g, request

from techfinder import __version__
from techfinder.errors import SettingsError
from techfinder.logs import REQUEST_ID
from techfinder.requests import route_asked

if TYPE_CHECKING:
    from opentelemetry.trace import Span

    from techfinder.finder import Finder

__all__ = ["Traces"]

_SEND_S = 5
_PARTS = ("encode", "store")
_METHODS = frozenset({"GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"})


class Traces:
    """Of one app; found again as ``app.extensions["techfinder.traces"]`` where settings name a place to send them to.

    They are sent in the background; whatever is not sent yet goes out when the process ends.
    """

    def __init__(self, endpoint: str) -> None:
        """Send nothing yet.

        Args:
            endpoint: Address of a collector that takes OTLP over HTTP, without ``/v1/traces``.

        Raises:
            SettingsError: OpenTelemetry's packages are not installed.
        """
        try:
            from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter
            from opentelemetry.sdk.resources import Resource
            from opentelemetry.sdk.trace import TracerProvider
            from opentelemetry.sdk.trace.export import BatchSpanProcessor
        except ImportError as error:
            raise SettingsError(
                f"TECHFINDER_OTLP_ENDPOINT={endpoint} needs OpenTelemetry ({error}): pip install 'techfinder[otel]', "
                "or set it empty."
            ) from error
        named = Resource.create({"service.name": "techfinder", "service.version": __version__})
        self._provider = TracerProvider(resource=named)
        exporter = OTLPSpanExporter(endpoint=f"{endpoint.rstrip('/')}/v1/traces", timeout=_SEND_S)
        self._provider.add_span_processor(BatchSpanProcessor(exporter))
        self._tracer = self._provider.get_tracer("techfinder", __version__)

    def install(self, app: Flask, finder: Finder) -> None:
        """Watch every request of the app, and every search of its Finder."""
        app.extensions["techfinder.traces"] = self
        app.before_request(self._begin)
        app.after_request(_note)
        app.teardown_request(_end)
        before = finder.searched

        def searched(took_ms: Mapping[str, float]) -> None:
            before(took_ms)
            self._searched(took_ms)

        finder.searched = searched

    def close(self) -> None:
        """Send what is left, and stop."""
        self._provider.shutdown()

    def _begin(self) -> None:
        from opentelemetry.trace import SpanKind
        from opentelemetry.trace.propagation.tracecontext import TraceContextTextMapPropagator

        route = route_asked()
        method = request.method if request.method in _METHODS else "_OTHER"
        g.techfinder_span = self._tracer.start_span(
            f"{method} {route}",
            context=TraceContextTextMapPropagator().extract(dict(request.headers.items(lower=True))),
            kind=SpanKind.SERVER,
            attributes={
                "http.request.method": method,
                "http.route": route,
                "techfinder.request_id": REQUEST_ID.get(),
            },
        )

    def _searched(self, took_ms: Mapping[str, float]) -> None:
        """Spans of what is over already: the parts of a search, one after the other."""
        from opentelemetry.trace import set_span_in_context

        span = g.get("techfinder_span") if g else None
        within = set_span_in_context(span) if span is not None else None
        parts = [(part, int(took_ms.get(part, 0.0) * 1e6)) for part in _PARTS]
        at = time.time_ns() - sum(took for _, took in parts)
        for part, took in parts:
            if took:
                self._tracer.start_span(part, context=within, start_time=at).end(at + took)
            at += took


def _note(answer: Response) -> Response:
    span: Span | None = g.get("techfinder_span")
    if span is not None:
        span.set_attribute("http.response.status_code", answer.status_code)
        if answer.status_code >= 500:
            span.set_status(_failed())
    return answer


def _end(error: BaseException | None) -> None:
    span: Span | None = g.pop("techfinder_span", None)
    if span is not None:
        span.end()


def _failed() -> Any:
    from opentelemetry.trace import StatusCode

    return StatusCode.ERROR
