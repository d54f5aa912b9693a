"""Templates get their context, the whole of it and nothing else."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import fields
from typing import Any

import pytest
from flask import Flask, template_rendered
from flask.testing import FlaskClient

from techfinder_webui.contexts import CallPage, ComparePage, FieldsPage, ProblemPage, ProfilePage, SearchPage

PARTIAL = {"HX-Request": "true", "HX-Request-Type": "partial", "HX-Current-URL": "http://localhost/"}


@contextmanager
def rendered(app: Flask) -> Iterator[list[tuple[str, dict[str, Any]]]]:
    """Template name and variables of everything rendered meanwhile."""
    seen: list[tuple[str, dict[str, Any]]] = []

    def record(sender: object, template: Any, context: dict[str, Any], **_: object) -> None:
        seen.append((template.name, context))

    with template_rendered.connected_to(record, app):
        yield seen


@pytest.mark.parametrize(
    ("url", "headers", "template", "context"),
    [
        ("/", {}, "search.html", SearchPage),
        ("/?q=nurses", PARTIAL, "_update.html", SearchPage),
        ("/?age=nonsense", {}, "search.html", SearchPage),
        ("/people/P0003", {}, "profile.html", ProfilePage),
        ("/compare?ids=P0001&ids=P0002", {}, "compare.html", ComparePage),
        ("/schema", {}, "fields.html", FieldsPage),
        ("/call?q=nurses", {}, "call.html", CallPage),
        ("/people/nobody", {}, "problem.html", ProblemPage),
    ],
)
def test_a_template_gets_exactly_its_context(
    client: FlaskClient, url: str, headers: dict[str, str], template: str, context: type
) -> None:
    with rendered(client.application) as seen:
        client.get(url, headers=headers)
    [(name, variables)] = seen
    assert name == template
    assert set(variables) - {"g", "request", "session"} == {f.name for f in fields(context)}


@pytest.mark.parametrize("context", [SearchPage, CallPage, ProfilePage, ComparePage, FieldsPage, ProblemPage])
def test_every_field_of_a_context_is_explained(context: Any) -> None:
    assert [f.name for f in fields(context) if not f.metadata.get("help")] == []
