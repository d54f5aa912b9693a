"""``/api/openapi.json`` and, from it, the pages of ``/api/docs``: all from this machine, under a strict policy."""

from __future__ import annotations

from collections.abc import Iterable
from importlib.resources import files
from pathlib import Path
from typing import Any

from flask import Blueprint, Response, current_app, jsonify, send_from_directory
from flask_openapi.models import OpenAPISpec
from flask_openapi.models.components import Components
from flask_openapi.models.info import Info
from flask_openapi.models.schema import Schema as JsonSchema
from flask_openapi.models.tag import Tag

import techfinder
from techfinder.api.describe import api, parameter
from techfinder.api.serving import finder_of
from techfinder.interfaces import FilterEntry
from techfinder.wire.problems import Problem

__all__ = ["CSP", "docs", "openapi_document"]

CSP = (
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; connect-src 'self'; "
    "form-action 'none'; frame-ancestors 'none'; base-uri 'none'"
)
"""Nothing from elsewhere, nothing inline, no eval: as for the pages of the product."""

_OPENAPI = "3.1.0"
_OURS = Path(__file__).parent / "static"
_SWAGGER = Path(str(files("flask_openapi_swagger"))) / "templates" / "swagger"
_FILES = {
    "start.js": (_OURS, "start.js"),
    "page.css": (_OURS, "page.css"),
    "swagger-ui.css": (_SWAGGER, "css/swagger-ui.css"),
    "swagger-ui-bundle.js": (_SWAGGER, "js/swagger-ui-bundle.js"),
    "icon.svg": (_SWAGGER, "images/swagger.svg"),
}
_TAGS = {
    "search": "Find and count people.",
    "people": "One person, several side by side, others like them.",
    "what there is": "Schema, filters, plugins, collections, index runs, kinds of problems. Read-only.",
}
_ABOUT = (
    "Find the right people by how they adopt technology. Every search is a **plan**: conditions on the fields of the "
    "schema, and a text to rank by meaning. Errors are problem details (RFC 9457, `application/problem+json`); their "
    "`type` is stable and an address that tells about it."
)

_TOKEN = {
    "type": "http",
    "scheme": "bearer",
    "description": "A token from the account page, or from `techfinder token create`. Where nobody signs in, none is "
    "needed.",
}

docs = Blueprint("docs", __name__, url_prefix="/api")


@docs.get("/openapi.json")
def openapi() -> Response:
    """The OpenAPI document of this installation: filters, those that who asks may see, are parameters of searches."""
    kept = current_app.extensions.setdefault("techfinder.openapi", {})
    filters = finder_of().filters
    names = tuple(filters)
    if names not in kept:
        kept[names] = openapi_document(filters.values())
    return jsonify(kept[names])


@docs.get("/docs")
def page() -> Response:
    """Swagger UI, served from here."""
    answer = send_from_directory(_OURS, "docs.html", mimetype="text/html")
    answer.headers["Content-Security-Policy"] = CSP
    answer.headers["Referrer-Policy"] = "same-origin"
    return answer


@docs.get("/docs/<any({}):name>".format(", ".join(f"'{name}'" for name in _FILES)))
def asset(name: str) -> Response:
    """One of the files that the page needs, by the name it has there."""
    folder, path = _FILES[name]
    answer = send_from_directory(folder, path, conditional=True)
    answer.headers["Cache-Control"] = "no-cache"
    return answer


def openapi_document(filters: Iterable[FilterEntry]) -> dict[str, Any]:
    """The OpenAPI document as plain data, with a parameter for each filter where filters are taken."""
    schemas = {**api.components_schemas, "Problem": JsonSchema(**_problem_schema())}
    for name, schema in Problem.model_json_schema().get("$defs", {}).items():
        schemas[name] = JsonSchema(**schema)
    spec = OpenAPISpec(
        openapi=_OPENAPI,
        info=Info(title="techfinder", version=techfinder.__version__, description=_ABOUT),
        paths=api.paths,
        components=Components(schemas=schemas, securitySchemes={"token": _TOKEN}),
        security=[{"token": []}, {}],
        tags=[Tag(name=name, description=text) for name, text in _TAGS.items()],
    )
    document: dict[str, Any] = spec.model_dump(mode="json", by_alias=True, exclude_none=True, warnings=False)
    inputs = [_filter_parameter(f) for f in filters]
    for path in ("/api/v1/search", "/api/v1/facets"):
        document["paths"][path]["get"]["parameters"] += inputs
    return document


def _problem_schema() -> dict[str, Any]:
    return Problem.model_json_schema(ref_template="#/components/schemas/{model}")


def _filter_parameter(entry: FilterEntry) -> dict[str, Any]:
    described = f"Filter: {entry.label}. {entry.summary}".strip()
    return parameter(entry.name, {"type": "array", "items": {"type": "string"}}, described)
