"""Everybody whom a question finds, as a file."""

from __future__ import annotations

from flask import Response, request, stream_with_context

from techfinder.api.describe import get, parameter, post
from techfinder.api.failures import problem
from techfinder.api.faults import refuse_unknown
from techfinder.api.serving import (
    LARGEST_NUMBER,
    asked_filters,
    asked_sentence,
    finder_of,
    loading,
    whole_number_or_none,
)
from techfinder.errors import QueryError, cut
from techfinder.exporting import FORMATS
from techfinder.plan import QueryPlan, parse_sort
from techfinder.wire.questions import ExportQuestion

__all__: list[str] = []

_ZIP = ".zip"
_KINDS = [*FORMATS, *(f"{name}{_ZIP}" for name in FORMATS)]
_KIND = parameter(
    "kind",
    {"type": "string", "enum": _KINDS},
    "`csv` (no cell is a formula to a spreadsheet), `jsonl` or `ids`; with `.zip` the same file packed with its "
    "manifest: plan, encoder, generation, time, count and SHA-256.",
    "path",
)
_BINARY = {"type": "string", "format": "binary"}
_FILE = {
    "description": "The file, streamed. One that breaks off is not whole: people changed meanwhile, ask again.",
    "content": {
        **{kind.mimetype: {"schema": {"type": "string"}} for kind in FORMATS.values()},
        "application/zip": {"schema": _BINARY},
    },
}
_FAILURES = ("nothing-indexed", "other-build", "store-unavailable", "store-damaged", "failed")
_ENCODER = ("encoder-loading", "encoder-failed")


@get(
    "/v1/export/<kind>",
    _FILE,
    "bad-question",
    *_FAILURES,
    *_ENCODER,
    tag="search",
    parameters=(
        _KIND,
        parameter("q", {"type": "string", "maxLength": 2000}, "A sentence."),
        parameter(
            "limit",
            {"type": "integer", "minimum": 1, "maximum": LARGEST_NUMBER},
            "How many people, at most; everybody without it.",
        ),
        parameter("sort", {"type": "array", "items": {"type": "string"}}, "As in the search."),
    ),
)
def export(kind: str) -> Response:
    """Export everybody whom a sentence and filters find, as a file.

    Takes filters as the search does. All people come from one state of one generation, and memory does not grow with
    their number. Indexing the file again gives the same people.
    """
    finder = finder_of()
    _check(kind)
    most = whole_number_or_none("limit")
    if most == 0:
        raise QueryError("limit must be at least 1.")
    filters = asked_filters("q", "limit", "sort")
    plan = finder.plan(asked_sentence(), filters, sort=parse_sort(request.args.getlist("sort")))
    return _sent(kind, plan, most)


@post(
    "/v1/export/<kind>", _FILE, "bad-plan", "no-such-profile", *_FAILURES, *_ENCODER, tag="search", parameters=(_KIND,)
)
def export_by_plan(body: ExportQuestion, kind: str) -> Response:
    """Export everybody whom a plan finds, as a file.

    Of people who are ranked by likeness, the first 10,000.
    """
    finder, plan = finder_of(), body.plan
    _check(kind)
    refuse_unknown(finder, plan.conditions, plan.sort)
    return _sent(kind, plan, body.most)


def _check(kind: str) -> None:
    if kind not in _KINDS:
        raise QueryError(f"There is no export {cut(kind)}. Known: {', '.join(_KINDS)}.")


def _sent(kind: str, plan: QueryPlan, most: int | None) -> Response:
    finder = finder_of()
    made = finder.export(plan, kind.removesuffix(_ZIP), most=most, wait_s=finder.settings.encoder_wait_s)
    if made.ranked_by == "warming":
        return problem("encoder-loading", loading(finder))
    packed = kind.endswith(_ZIP)
    answer = Response(stream_with_context(made.bundle() if packed else made.chunks()))
    answer.mimetype = "application/zip" if packed else made.format.mimetype
    name = f"{made.name}{_ZIP}" if packed else made.name
    answer.headers.set("Content-Disposition", "attachment", filename=name)
    answer.headers["Cache-Control"] = "no-store"
    return answer
