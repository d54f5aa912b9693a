"""From a context to an answer."""

from __future__ import annotations

from typing import TYPE_CHECKING

from flask import Response, make_response, render_template

from techfinder_webui.contexts import variables

if TYPE_CHECKING:
    from _typeshed import DataclassInstance

__all__ = ["render"]


def render(template: str, context: DataclassInstance, status: int = 200) -> Response:
    """The template with the context's fields. Nobody else may keep it, and htmx gets parts by the same address."""
    answer = make_response(render_template(template, **variables(context)), status)
    answer.headers["Cache-Control"] = "private, no-cache"
    answer.vary.update(("HX-Request", "HX-Request-Type"))
    return answer
