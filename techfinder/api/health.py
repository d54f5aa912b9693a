"""The health checks ``/healthz`` and ``/readyz``, outside the API, for whoever supervises the process."""

from __future__ import annotations

from flask import Blueprint, Response, jsonify

from techfinder.api.failures import RETRY_AFTER_S, kind_of
from techfinder.api.serving import finder_of, loading
from techfinder.errors import TechfinderError
from techfinder.finder import Finder

__all__ = ["health"]

health = Blueprint("health", __name__)


@health.get("/healthz")
def healthz() -> Response:
    """200 as soon as the process answers."""
    return jsonify({"status": "ok"})


@health.get("/readyz")
def readyz() -> Response:
    """200 when people are indexed and the encoder is loaded, else 503; each of the two is told on its own.

    Filters and browsing work as soon as ``store`` is "ready"; sentences are ranked when ``encoder`` is.
    Asking begins to load the encoder: nothing else does under a server that is not ours.
    """
    finder = finder_of()
    finder.start_encoder()
    parts = {**_store_state(finder), **_encoder_state(finder)}
    ready = parts["store"] == parts["encoder"] == "ready"
    response = jsonify({"status": "ready" if ready else "not ready", **parts})
    response.status_code = 200 if ready else 503
    if not ready:
        response.headers["Retry-After"] = RETRY_AFTER_S
    return response


def _store_state(finder: Finder) -> dict[str, object]:
    try:
        live = finder.collection().check()
        finder.require_readable(live)
        return {"store": "ready", "generation": live.number}
    except TechfinderError as error:
        return {"store": kind_of(error), "store_detail": str(error)}


def _encoder_state(finder: Finder) -> dict[str, object]:
    state = finder.encoder_state()
    if state == "loading":
        return {"encoder": state, "encoder_detail": loading(finder)}
    error = finder.encoder_error()
    return {"encoder": state, "encoder_detail": str(error)} if error else {"encoder": state}
