"""The health checks ``/healthz`` and ``/readyz``, outside the API, for whoever supervises the process."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Mapping
from typing import cast

from flask import Blueprint, Response, current_app, jsonify
from flask.sansio.blueprints import BlueprintSetupState

from techfinder.api.failures import RETRY_AFTER_S, kind_of
from techfinder.api.serving import finder_of, loading
from techfinder.errors import DatabaseError, TechfinderError
from techfinder.finder import Finder
from techfinder.guarding import guard_of

__all__ = ["health"]

_FRESH_S, _PATIENCE_S = 1.0, 5.0

health = Blueprint("health", __name__)

Parts = Mapping[str, object]


@health.get("/healthz")
def healthz() -> Response:
    """200 as soon as the process answers."""
    return jsonify({"status": "ok"})


@health.get("/readyz")
def readyz() -> Response:
    """200 when people are indexed and the encoder is loaded, else 503; each of the two is told on its own.

    Filters and browsing work as soon as ``store`` is "ready"; sentences are ranked when ``encoder`` is.
    Asking begins to load the encoder: nothing else does under a server that is not ours.
    Where people sign in, whoever has not is told the states alone, of the last second.
    """
    finder = finder_of()
    parts = _look(finder) if _is_known() else _strangers().states(lambda: _look(finder))
    ready = parts["store"] == parts["encoder"] == "ready"
    response = jsonify({"status": "ready" if ready else "not ready", **parts})
    response.status_code = 200 if ready else 503
    if not ready:
        response.headers["Retry-After"] = RETRY_AFTER_S
    return response


class _Strangers:
    """What is told to those who may ask as often as they like: neither they nor a store that hangs take the threads."""

    def __init__(self) -> None:
        self._looking = threading.Lock()
        self._since = self._at = 0.0
        self._states = dict[str, object]()

    def states(self, look: Callable[[], Parts]) -> Parts:
        """What `look` sees; or saw within the last second; or saw last, while somebody looks already.

        Both are "unanswered" as long as nobody has seen anything, and when whoever looks has waited for five seconds.
        """
        fresh = self._states and time.monotonic() - self._at < _FRESH_S
        if not fresh and self._looking.acquire(blocking=False):
            try:
                self._since = time.monotonic()
                self._states = {name: state for name, state in look().items() if name in ("store", "encoder")}
                self._at = time.monotonic()
            finally:
                self._looking.release()
        elif not fresh and (not self._states or time.monotonic() - self._since > _PATIENCE_S):
            return {"store": "unanswered", "encoder": "unanswered"}
        return self._states


@health.record
def _know_no_state(setup: BlueprintSetupState) -> None:
    setup.app.extensions["techfinder.readiness"] = _Strangers()


def _strangers() -> _Strangers:
    return cast("_Strangers", current_app.extensions["techfinder.readiness"])


def _is_known() -> bool:
    try:
        return guard_of().identity() is not None
    except DatabaseError:
        return False


def _look(finder: Finder) -> Parts:
    finder.start_encoder()
    return {**_store_state(finder), **_encoder_state(finder)}


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
