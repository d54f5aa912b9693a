"""The JSON API under ``/api/v1`` and the health checks.

Errors are problem details (RFC 9457) with a stable ``type``.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import asdict
from typing import Any, cast

from flask import Blueprint, Flask, Response, current_app, jsonify, request
from werkzeug.exceptions import HTTPException

from techfinder.errors import (
    CollectionNotFound,
    EncoderError,
    FingerprintMismatch,
    QueryError,
    StoreDamaged,
    StoreUnavailable,
    TechfinderError,
    cut,
    known_names,
)
from techfinder.finder import Finder
from techfinder.models import Facet, Hit, Profile
from techfinder.plan import parse_sort

__all__ = ["api", "health", "register_errors"]

api = Blueprint("api", __name__, url_prefix="/api/v1")
health = Blueprint("health", __name__)

_OWN_PARAMETERS = ("q", "limit", "offset", "sort", "facets")
_RETRY_AFTER_S = "2"
_WHAT_THERE_IS = "The API has /api/v1/search and /api/v1/profiles/ID."
_PROBLEMS: tuple[tuple[type[TechfinderError], int, str, str], ...] = (
    (QueryError, 400, "bad-question", "The question cannot be read"),
    (CollectionNotFound, 404, "nothing-indexed", "Nothing has been indexed yet"),
    (FingerprintMismatch, 409, "other-build", "The collection was made with another encoder or schema"),
    (StoreUnavailable, 503, "store-unavailable", "The store does not answer"),
    (EncoderError, 503, "encoder-failed", "The encoder cannot be used"),
    (StoreDamaged, 500, "store-damaged", "The store is damaged"),
    (TechfinderError, 500, "failed", "The request failed"),
)


def _finder() -> Finder:
    return cast("Finder", current_app.extensions["techfinder"])


@api.get("/search")
def search() -> Response:
    """Hits, facets and the plan for ``q``, ``limit``, ``offset``, ``sort`` and any filter by name.

    ``facets`` says which to count: ``all`` (as without it), ``none``, or names, repeated or joined by commas.
    """
    finder = _finder()
    names = _facet_names(finder, request.args.getlist("facets"))
    filters = {n: v for n, v in request.args.lists() if n not in _OWN_PARAMETERS}
    plan = finder.plan(
        request.args.get("q", ""),
        filters,
        limit=_whole("limit", 20),
        offset=_whole("offset", 0),
        sort=parse_sort(request.args.getlist("sort")),
    )
    answer = finder.answer(plan, filters, names=names, wait_s=finder.settings.encoder_wait_s)
    result = answer.result
    if result.ranked_by == "warming":
        return _problem(503, "encoder-loading", "The encoder is loading", _loading(finder))
    return jsonify(
        {
            "hits": [_hit(h) for h in result.hits],
            "total": result.total,
            "ranked_by": result.ranked_by,
            "notices": [n.model_dump(mode="json") for n in plan.notices],
            "plan": plan.model_dump(mode="json"),
            "facets": [_facet(f) for f in answer.facets],
            "encoder": result.generation.encoder,
            "generation": result.generation.number,
            "took_ms": {name: round(ms, 2) for name, ms in result.took_ms.items()},
        }
    )


@api.get("/profiles/<path:profile_id>")
def profile(profile_id: str) -> Response:
    """One profile with its values and facts in words."""
    finder = _finder()
    found = finder.profile(profile_id)
    if found is None:
        return _problem(404, "no-such-profile", "No such profile", f"There is no profile {cut(profile_id)}.")
    return jsonify({**_profile(found), "facts": [asdict(f) for f in finder.facts(found)]})


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
    finder = _finder()
    finder.start_encoder()
    parts = {**_store_state(finder), **_encoder_state(finder)}
    ready = parts["store"] == parts["encoder"] == "ready"
    response = jsonify({"status": "ready" if ready else "not ready", **parts})
    response.status_code = 200 if ready else 503
    if not ready:
        response.headers["Retry-After"] = _RETRY_AFTER_S
    return response


def _store_state(finder: Finder) -> dict[str, object]:
    try:
        return {"store": "ready", "generation": finder.collection().check().number}
    except TechfinderError as error:
        kind = next(kind for cls, _, kind, _ in _PROBLEMS if isinstance(error, cls))
        return {"store": kind, "store_detail": str(error)}


def _encoder_state(finder: Finder) -> dict[str, object]:
    state = finder.encoder_state()
    if state == "loading":
        return {"encoder": state, "encoder_detail": _loading(finder)}
    error = finder.encoder_error()
    return {"encoder": state, "encoder_detail": str(error)} if error else {"encoder": state}


def _loading(finder: Finder) -> str:
    return (
        f"Encoder {finder.settings.encoder!r} has been loading for {finder.encoder_loading_s():.0f} s; sentences are "
        f"ranked as soon as it is ready. Filters without q work already. Try again in {_RETRY_AFTER_S} seconds."
    )


def register_errors(app: Flask) -> None:
    """Answer errors of the API and the health checks as problem details; others stay as they are."""

    @app.errorhandler(TechfinderError)
    def expected(error: TechfinderError) -> Response:
        status, kind, title = next((s, k, t) for cls, s, k, t in _PROBLEMS if isinstance(error, cls))
        return _problem(status, kind, title, str(error))

    @app.errorhandler(HTTPException)
    def http(error: HTTPException) -> Response | HTTPException:
        if not request.path.startswith("/api/"):
            return error
        detail = error.description or ""
        if error.code == 404:
            detail = f"There is nothing at {cut(request.path)}. {_WHAT_THERE_IS}"
        return _problem(error.code or 500, "about:blank", error.name, detail)


def _problem(status: int, kind: str, title: str, detail: str) -> Response:
    response = jsonify({"type": kind, "title": title, "status": status, "detail": detail})
    response.status_code = status
    response.mimetype = "application/problem+json"
    if status == 503:
        response.headers["Retry-After"] = _RETRY_AFTER_S
    return response


def _whole(name: str, default: int) -> int:
    text = request.args.get(name, "").strip()
    if not text:
        return default
    if not (text.isascii() and text.isdigit() and len(text) < 12):
        raise QueryError(f"{name}={cut(text)} is not a whole number.")
    return int(text)


def _facet_names(finder: Finder, values: Sequence[str]) -> frozenset[str] | None:
    """The facets to count; None for all of them. Raises QueryError on one that there is not."""
    names = frozenset(name.strip() for value in values for name in value.split(",") if name.strip())
    if names <= {"all"}:
        return None
    if names == {"none"}:
        return frozenset()
    known = [entry.name for entry in finder.filters.values() if entry.facet]
    unknown = next((name for name in sorted(names) if name not in known), None)
    if unknown is not None:
        raise QueryError(f"No facet is named {cut(unknown)}. {known_names(unknown, ['all', 'none', *known])}")
    return names


def _profile(found: Profile) -> dict[str, Any]:
    return {"id": found.id, "profile": _plain(found.values)}


def _hit(hit: Hit) -> dict[str, Any]:
    shares = [{"name": s.name, "label": s.label, "value": s.value} for s in hit.shares]
    return {**_profile(hit.profile), "score": hit.score, "shares": shares}


def _facet(facet: Facet) -> dict[str, Any]:
    plain = asdict(facet)
    del plain["held"]
    if facet.control == "choice":
        for name in ("low", "high", "chosen"):
            del plain[name]
    else:
        del plain["values"]
    return plain


def _plain(values: Mapping[str, Any]) -> dict[str, Any]:
    return {k: None if isinstance(v, float) and not math.isfinite(v) else v for k, v in values.items()}
