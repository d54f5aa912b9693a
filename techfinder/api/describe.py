"""Routes that describe themselves: what each takes, answers and refuses goes into the OpenAPI document."""

from __future__ import annotations

import inspect
from collections.abc import Callable, Iterable, Mapping
from typing import Any, TypeVar

from flask import Response
from flask_openapi.blueprint import APIBlueprint
from pydantic import BaseModel

from techfinder.api.bodies import reading_body, take_as_it_comes
from techfinder.wire.problems import BLANK, KINDS, uri

__all__ = ["answer_with", "api", "get", "parameter", "post"]

api = APIBlueprint("api", __name__, url_prefix="/api")

View = TypeVar("View", bound=Callable[..., Response])

_PLAIN = {
    400: "The request cannot be read",
    413: "The body is too large",
    414: "The address is too long",
    415: "The body is not JSON",
    500: "Something failed that should not",
}
_ALWAYS = (400, 414, 500)
_ASKED_BY = ("not-signed-in", "not-allowed")
_FORGED = ("other-site",)
_WITH_BODY = (413, 415)


def answer_with(answer: BaseModel) -> Response:
    """The answer as JSON."""
    return Response(answer.model_dump_json(by_alias=True) + "\n", mimetype="application/json")


def parameter(name: str, schema: Mapping[str, Any], description: str, place: str = "query") -> dict[str, Any]:
    """The description of one parameter of an address; in a query, an empty number counts as none."""
    made = {"name": name, "in": place, "required": place == "path", "schema": dict(schema), "description": description}
    return made | ({"allowEmptyValue": True} if schema.get("type") == "integer" else {})


Answered = type[BaseModel] | Mapping[str, Any]
"""A model, or the description of an answer that is no JSON."""


def get(
    rule: str, answer: Answered, *kinds: str, tag: str, parameters: Iterable[Mapping[str, Any]] = ()
) -> Callable[[View], View]:
    """Make a view answer GET at `rule` (after ``/api``): `answer`, or problems of these `kinds`."""

    def decorate(view: View) -> View:
        described = _described(view, answer, kinds, (), tag)
        listed = {"parameters": [dict(p) for p in parameters]} if parameters else {}
        take_as_it_comes(view)
        api.get(rule, openapi_extensions=listed, **described)(view)
        return view

    return decorate


def post(
    rule: str, answer: Answered, *kinds: str, tag: str, parameters: Iterable[Mapping[str, Any]] = ()
) -> Callable[[View], View]:
    """Make a view answer POST at `rule`. It takes the argument ``body``, a pydantic model, and what is in the path."""

    def decorate(view: View) -> View:
        described = _described(view, answer, (*_FORGED, "bad-json", "invalid-request", *kinds), _WITH_BODY, tag)
        listed = {"parameters": [dict(p) for p in parameters]} if parameters else {}
        api.post(rule, openapi_extensions=listed, **described)(reading_body(view))
        return view

    return decorate


def _described(view: View, answer: Answered, kinds: Iterable[str], plain: Iterable[int], tag: str) -> dict[str, Any]:
    summary, _, rest = (inspect.getdoc(view) or "").partition("\n\n")
    return {
        "summary": summary.rstrip("."),
        "description": rest or summary,
        "operation_id": view.__name__,
        "tags": [{"name": tag}],
        "responses": {
            200: answer if isinstance(answer, type) else dict(answer),
            **_problems((*_ASKED_BY, *kinds, "database-unavailable"), (*_ALWAYS, *plain)),
        },
        "endpoint": view.__name__,
    }


def _problems(kinds: Iterable[str], plain: Iterable[int]) -> dict[int, dict[str, Any]]:
    """Descriptions of problem answers by status, with an example of each kind."""
    examples: dict[int, dict[str, Any]] = {}
    for status in plain:
        examples.setdefault(status, {})["other"] = _example(BLANK, _PLAIN[status], status, _PLAIN[status])
    for name in kinds:
        kind = KINDS[name]
        examples.setdefault(kind.status, {})[name] = _example(uri(name), kind.title, kind.status, kind.meaning)
    return {status: _problem_answer(found) for status, found in sorted(examples.items())}


def _example(kind: str, title: str, status: int, meaning: str) -> dict[str, Any]:
    value = {"type": kind, "title": title, "status": status, "detail": meaning, "instance": "/api/v1/search"}
    return {"summary": title, "value": value}


def _problem_answer(examples: Mapping[str, Any]) -> dict[str, Any]:
    schema = {"$ref": "#/components/schemas/Problem"}
    titles = dict.fromkeys(str(e["summary"]) for e in examples.values())
    return {
        "description": "; ".join(titles),
        "content": {"application/problem+json": {"schema": schema, "examples": dict(examples)}},
    }
