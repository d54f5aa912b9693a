"""From a context to an answer."""

from __future__ import annotations

from typing import TYPE_CHECKING

from flask import Response, make_response, render_template

from techfinder import TechfinderError
from techfinder_webui.banners import problem
from techfinder_webui.contexts import ProblemPage, variables

if TYPE_CHECKING:
    from _typeshed import DataclassInstance

    from techfinder.finder import Finder

__all__ = ["failed", "render"]


def render(template: str, context: DataclassInstance, status: int = 200) -> Response:
    """The template with the context's fields. Nobody else may keep it, and htmx gets parts by the same address."""
    answer = make_response(render_template(template, **variables(context)), status)
    answer.headers["Cache-Control"] = "private, no-cache"
    answer.vary.update(("HX-Request", "HX-Request-Type"))
    return answer


def failed(finder: Finder, error: TechfinderError) -> Response:
    """The page that tells what went wrong, and what to do."""
    banner, status = problem(finder, error)
    return render("problem.html", ProblemPage(banner), status)
