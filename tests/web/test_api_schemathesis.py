"""Schemathesis asks the API everything that its OpenAPI document allows, and much that it does not.

No answer may be a server error, differ from what the document says, or take what the document forbids.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import suppress
from typing import Any
from urllib.parse import parse_qs, urlsplit

import jsonschema_rs
import pytest
import schemathesis
from flask import Flask, Response
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis.strategies import SearchStrategy
from schemathesis import GenerationMode
from schemathesis.checks import not_a_server_error
from schemathesis.config import SchemathesisConfig
from schemathesis.core.failures import FailureGroup
from schemathesis.core.parameters import ParameterLocation
from schemathesis.specs.openapi.checks import (
    content_type_conformance,
    negative_data_rejection,
    response_headers_conformance,
    response_schema_conformance,
    status_code_conformance,
    unsupported_method,
)

import homes
from techfinder.api import searching
from techfinder.api.docs import openapi_document
from techfinder.api.serving import whole_number_or_none
from techfinder.app import create_app
from techfinder.errors import QueryError
from techfinder.finder import Finder
from techfinder.testing.fakes import HashEncoder

OPERATIONS = [(path, method) for path, item in openapi_document([])["paths"].items() for method in item]
REFUSALS = ["400", "404", "413", "414", "415", "422"]
NO_ONE = '{"ids": [], "fields": [], "similarity": [], "encoder": "", "generation": 1}'
LONG_NUMBER = 12
"""Digits; no such number is within the limits that the document gives any parameter."""
FEW, MANY = 12, 600
"""Requests to an operation: of the many together 10,800, as eighteen operations can be asked different things."""


@pytest.fixture(scope="module")
def finder(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Finder]:
    """A hundred people."""
    made = homes.open_home(tmp_path_factory.mktemp("asked"), HashEncoder().entry())
    homes.index(made, "synthetic:n=100,seed=3")
    made.load_encoder()
    yield made
    made.close()


@pytest.fixture(scope="module")
def api(finder: Finder) -> Any:
    """The API as its document describes it."""
    return described(create_app(finder=finder))


def described(app: Flask) -> Any:
    config = SchemathesisConfig.from_dict({"checks": {"negative_data_rejection": {"expected-statuses": REFUSALS}}})
    return schemathesis.openapi.from_wsgi("/api/openapi.json", app, config=config)


def allowed_as_sent(parameters: list[Any], url: str) -> bool:
    """Whether the document allows every value in the query of `url`; it forbids no parameter that it does not name."""
    sent = parse_qs(urlsplit(url).query, keep_blank_values=True)
    return all(allowed(p, sent[p["name"]]) for p in parameters if p["in"] == "query" and p["name"] in sent)


def allowed(parameter: Any, texts: list[str]) -> bool:
    schema = parameter["schema"]
    if schema["type"] == "array":
        return jsonschema_rs.is_valid(schema, texts)
    if len(texts) > 1:
        return False
    if not texts[0] and parameter.get("allowEmptyValue"):
        return True
    whole = schema["type"] == "integer" and texts[0].isascii() and texts[0].isdigit() and len(texts[0]) < LONG_NUMBER
    return jsonschema_rs.is_valid(schema, int(texts[0]) if whole else texts[0])


def forbidden_data_rejection(ctx: Any, response: Any, case: Any) -> None:
    """What the document forbids is refused; a query is taken as it was sent.

    Schemathesis reads it so for one parameter, not for several at once: a false for a list of texts is sent as the
    text ``false``, and an object without a name for a number as nothing.
    """
    negated = {location for location in ParameterLocation if case.meta.is_negative_at(location)}
    parameters = case.operation.definition.raw.get("parameters", [])
    if negated != {ParameterLocation.QUERY} or not allowed_as_sent(parameters, response.request.url):
        negative_data_rejection(ctx, response, case)


CHECKS = [
    not_a_server_error,
    status_code_conformance,
    content_type_conformance,
    response_headers_conformance,
    response_schema_conformance,
    forbidden_data_rejection,
    unsupported_method,
]


def ask(api: Any, path: str, method: str, examples: int) -> None:
    """Ask one operation many things, right and wrong ones, and check each answer."""
    operation = api[path][method]

    @settings(
        max_examples=examples,
        deadline=None,
        database=None,
        suppress_health_check=list(HealthCheck),
        phases=[Phase.explicit, Phase.generate, Phase.shrink],
    )
    @given(case=right_and_wrong(operation))
    def one(case: Any) -> None:
        case.call_and_validate(checks=CHECKS)

    one()


def right_and_wrong(operation: Any) -> SearchStrategy[Any]:
    """Requests that the document allows, and some that it forbids where it forbids any."""
    made: SearchStrategy[Any] = operation.as_strategy(generation_mode=GenerationMode.POSITIVE)
    forbids = operation.body or operation.query
    return made | operation.as_strategy(generation_mode=GenerationMode.NEGATIVE) if forbids else made


@pytest.mark.parametrize(("path", "method"), OPERATIONS, ids=lambda p: str(p))
def test_no_answer_differs_from_the_document(api: Any, path: str, method: str) -> None:
    ask(api, path, method, FEW)


@pytest.mark.parametrize(
    ("endpoint", "answer", "found"),
    [
        ("plugins", Response("{}", 500, mimetype="application/problem+json"), "ServerError"),
        ("plugins", Response('{"plugins": [{"name": 1}]}', mimetype="application/json"), "JsonSchemaError"),
        ("plugins", Response("plugins", mimetype="text/plain"), "UndefinedContentType"),
        ("plugins", Response("{}", 418, mimetype="application/json"), "UndefinedStatusCode"),
        ("compare", Response(NO_ONE, mimetype="application/json"), "AcceptedNegativeData"),
    ],
    ids=["server error", "answer off schema", "other content type", "other status", "takes anything"],
)
def test_planted_faults_are_found(finder: Finder, endpoint: str, answer: Response, found: str) -> None:
    app = create_app(finder=finder)
    app.view_functions[f"api.{endpoint}"] = lambda: answer
    with pytest.raises(FailureGroup) as caught:
        ask(described(app), f"/api/v1/{endpoint}", "post" if endpoint == "compare" else "get", FEW)
    assert found in {type(error).__name__ for error in caught.value.exceptions}


def test_a_search_that_ignores_wrong_numbers_is_found(finder: Finder, monkeypatch: pytest.MonkeyPatch) -> None:
    """Everything else that the document forbids is refused as ever, so nothing else can be found."""

    def lenient(name: str) -> int | None:
        with suppress(QueryError):
            return whole_number_or_none(name)
        return None

    monkeypatch.setattr(searching, "whole_number_or_none", lenient)
    monkeypatch.setattr(searching, "whole_number", lambda name, default: lenient(name) or default)
    with pytest.raises(FailureGroup) as caught:
        ask(described(create_app(finder=finder)), "/api/v1/search", "get", MANY)
    assert {type(error).__name__ for error in caught.value.exceptions} == {"AcceptedNegativeData"}


@pytest.mark.parametrize(
    ("query", "fits"),
    [
        ("", True),
        ("offset=&preferred_platforms=false", True),
        ("preferred_platforms=a&preferred_platforms=b&unheard_of=1", True),
        ("limit=1000&q=x", True),
        ("limit=1001", False),
        ("limit=-1", False),
        ("limit=x&offset=", False),
        ("limit=1&limit=2", False),
        ("limit=" + "9" * 5000, False),
        ("q=" + "x" * 2001, False),
    ],
)
def test_a_query_is_judged_as_it_is_sent(api: Any, query: str, fits: bool) -> None:
    parameters = api["/api/v1/search"]["get"].definition.raw["parameters"]
    assert allowed_as_sent(parameters, f"http://localhost/api/v1/search?{query}") == fits


@pytest.mark.slow
@pytest.mark.timeout(600)
@pytest.mark.parametrize(("path", "method"), OPERATIONS, ids=lambda p: str(p))
def test_no_answer_of_many_differs_from_the_document(api: Any, path: str, method: str) -> None:
    ask(api, path, method, MANY)
