"""Searching: by an address, by a plan, by likeness; counts, one person, several side by side."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict

from flask import Response, request

from techfinder.api.answers import (
    compare_answer,
    explain_answer,
    facet_answers,
    hit_answer,
    search_answer,
    search_page,
    standing_answer,
)
from techfinder.api.describe import answer_with, get, parameter, post
from techfinder.api.failures import problem
from techfinder.api.faults import facet_choice, refuse_unknown
from techfinder.api.serving import (
    asked_facets,
    asked_filters,
    asked_sentence,
    finder_of,
    loading,
    whole_number,
    whole_number_or_none,
)
from techfinder.errors import QueryError, cut
from techfinder.finder import Finder
from techfinder.plan import MOST_ORDERS, QueryPlan, parse_sort
from techfinder.steady import steadily
from techfinder.wire.answers import (
    CompareAnswer,
    ExplainAnswer,
    FacetsAnswer,
    FactAnswer,
    ProfileAnswer,
    SearchAnswer,
    SearchPage,
    SimilarAnswer,
)
from techfinder.wire.overviews import StandingAnswer
from techfinder.wire.questions import CompareQuestion, ExplainQuestion, FacetsQuestion, SearchQuestion, SimilarQuestion

__all__: list[str] = []

_STORE = ("nothing-indexed", "other-build", "store-unavailable", "store-damaged", "failed")
_ENCODER = ("encoder-loading", "encoder-failed")
_TEXT = {"type": "string"}
_TEXTS = {"type": "array", "items": _TEXT}
_QUESTION = (
    parameter("q", {"type": "string", "maxLength": 2000}, "A sentence."),
    parameter("facets", _TEXTS, "Which filters to count: `all` (as without it), `none`, or names."),
)
_ID = parameter("profile_id", {"type": "string", "minLength": 1}, "The person's id.", "path")
_SENTENCE = _QUESTION[:1]
_MOST_NEAR = 100
_NEAR = parameter(
    "near",
    {"type": "integer", "minimum": 0, "maximum": _MOST_NEAR, "default": 0},
    "How many people to answer at least: where fewer fulfil everything, near misses make up for it.",
)
_PAGE = (
    _NEAR,
    parameter(
        "limit",
        {"type": "integer", "minimum": 1, "maximum": 1000, "default": 20},
        "How many people; without it what the sentence says, else 20.",
    ),
    parameter("offset", {"type": "integer", "minimum": 0, "maximum": 10_000_000, "default": 0}, "How many to skip."),
    parameter(
        "sort", _TEXTS, f"Order by a field instead: `age`, or `-age` from high to low; by up to {MOST_ORDERS} of them."
    ),
)


@get("/v1/search", SearchAnswer, "bad-question", *_STORE, *_ENCODER, tag="search", parameters=(*_QUESTION, *_PAGE))
def search() -> Response:
    """Find people by a sentence and filters.

    Every other parameter is a filter by its name, with an input as `/api/v1/schema` shows; a repeated one means any
    of its inputs.
    """
    finder = finder_of()
    filters = asked_filters("q", "limit", "offset", "sort", "facets", "near")
    names = asked_facets(finder)
    plan = _asked_plan(finder, filters)
    near = whole_number("near", 0)
    if near > _MOST_NEAR:
        raise QueryError(f"near must be 0 to {_MOST_NEAR}, not {near}.")
    answer = finder.answer(plan, filters, names=names, wait_s=finder.settings.encoder_wait_s, near=near)
    return _warming(finder, answer.result.ranked_by) or answer_with(search_answer(plan, answer))


@post(
    "/v1/search",
    SearchPage,
    "bad-plan",
    "bad-cursor",
    "cursor-expired",
    "no-such-profile",
    *_STORE,
    *_ENCODER,
    tag="search",
)
def search_by_plan(body: SearchQuestion) -> Response:
    """Find people by a plan, page by page.

    The body is a plan, as every search answers it in `plan`, with two more keys: which `facets` to count, and a
    `cursor`. With the cursor `*` the answer's `next` leads to the next page, and the pages together hold every match
    once: vectors are compared exactly, and all pages come from one state of the people. When these change meanwhile,
    the next page is a problem `cursor-expired`, never a mixed list.
    """
    finder, plan = finder_of(), body.plan
    refuse_unknown(finder, plan.conditions, plan.sort, body.facets)
    names, wait_s = facet_choice(body.facets), finder.settings.encoder_wait_s
    following: str | None = None
    if body.cursor is None:
        answer = finder.answer(plan, names=names, wait_s=wait_s, near=body.near)
    else:
        answer, following = finder.page(plan, body.cursor, names=names, wait_s=wait_s)
    return _warming(finder, answer.result.ranked_by) or answer_with(search_page(plan, answer, following))


@get("/v1/facets", FacetsAnswer, "bad-question", *_STORE, tag="search", parameters=_QUESTION)
def facets() -> Response:
    """Count the matches of a sentence and filters, without hits.

    Takes filters as the search does.
    """
    finder = finder_of()
    names, filters = asked_facets(finder), asked_filters("q", "facets")
    plan = finder.plan(asked_sentence(), filters)
    return _counted(finder, plan, filters, names)


@post("/v1/facets", FacetsAnswer, "bad-plan", "no-such-profile", *_STORE, tag="search")
def facets_by_plan(body: FacetsQuestion) -> Response:
    """Count the matches of a plan, without hits."""
    finder, plan = finder_of(), body.plan
    refuse_unknown(finder, plan.conditions, plan.sort, body.facets)
    return _counted(finder, plan, {}, facet_choice(body.facets))


@get(
    "/v1/explain/<path:profile_id>",
    ExplainAnswer,
    "bad-question",
    "no-such-profile",
    *_STORE,
    *_ENCODER,
    tag="search",
    parameters=(_ID, *_SENTENCE),
)
def explain(profile_id: str) -> Response:
    """Tell why somebody is found by a sentence and filters, or is not.

    Takes filters as the search does.
    """
    finder = finder_of()
    return _explained(finder, finder.plan(asked_sentence(), asked_filters("q")), profile_id)


@post("/v1/explain", ExplainAnswer, "bad-plan", "no-such-profile", *_STORE, *_ENCODER, tag="search")
def explain_by_plan(body: ExplainQuestion) -> Response:
    """Tell why somebody is found by a plan, or is not."""
    finder, plan = finder_of(), body.plan
    refuse_unknown(finder, plan.conditions, plan.sort, body.facets)
    return _explained(finder, plan, body.id)


@post("/v1/similar", SimilarAnswer, "bad-plan", "no-such-profile", *_STORE, tag="people")
def similar(body: SimilarQuestion) -> Response:
    """Find people like some, and not like others.

    The vectors of those to be like are averaged, and half the average of the others is taken away; who is near to
    that comes first. Those named never come back. `conditions` and `filters` say what everybody must fulfil. The
    encoder is not needed.
    """
    finder = finder_of()
    refuse_unknown(finder, body.conditions)
    asked = finder.plan("", body.filters, limit=body.limit)
    plan = asked.model_copy(update={"conditions": (*asked.conditions, *body.conditions)})
    plan = plan.model_copy(update={"like": body.like, "not_like": body.not_like})
    result = finder.search(plan)
    answer = SimilarAnswer(
        hits=tuple(hit_answer(h) for h in result.hits),
        total=result.total,
        ranked_by="likeness",
        notices=plan.notices,
        plan=plan,
        encoder=result.generation.encoder,
        generation=result.generation.number,
        took_ms={name: round(ms, 2) for name, ms in result.took_ms.items()},
    )
    return answer_with(answer)


@post("/v1/compare", CompareAnswer, "bad-plan", "no-such-profile", *_STORE, tag="people")
def compare(body: CompareQuestion) -> Response:
    """Put two to ten people side by side.

    For each field: the values in words, whether they agree, and how far apart they are on a scale. `similarity`
    compares the people's vectors.
    """
    return answer_with(compare_answer(finder_of().compare(body.ids)))


@get(
    "/v1/profiles/<path:profile_id>",
    ProfileAnswer,
    "no-such-profile",
    *_STORE,
    tag="people",
    parameters=(_ID,),
)
def profile(profile_id: str) -> Response:
    """Show one person, with values and facts in words."""
    finder = finder_of()
    found = finder.profile(profile_id)
    if found is None:
        return problem("no-such-profile", f"There is no profile {cut(profile_id)}.")
    facts = tuple(FactAnswer(**asdict(f)) for f in finder.facts(found))
    return answer_with(ProfileAnswer(id=found.id, profile=dict(found.values), facts=facts))


@get(
    "/v1/standing/<path:profile_id>",
    StandingAnswer,
    "no-such-profile",
    *_STORE,
    tag="people",
    parameters=(_ID,),
)
def standing(profile_id: str) -> Response:
    """Tell where one person stands among everybody.

    For each number, date and scale of which the person's value is known: how many people have a smaller value, the
    same, a larger one, and how all values are spread. Counts are exact.
    """
    return answer_with(standing_answer(finder_of().standing(profile_id)))


def _asked_plan(finder: Finder, filters: Mapping[str, Sequence[str]]) -> QueryPlan:
    return finder.plan(
        asked_sentence(),
        filters,
        limit=whole_number_or_none("limit"),
        offset=whole_number("offset", 0),
        sort=parse_sort(request.args.getlist("sort")),
    )


def _warming(finder: Finder, ranked_by: str) -> Response | None:
    return problem("encoder-loading", loading(finder)) if ranked_by == "warming" else None


def _explained(finder: Finder, plan: QueryPlan, profile_id: str) -> Response:
    found = finder.explain(plan, profile_id, wait_s=finder.settings.encoder_wait_s)
    return _warming(finder, found.ranked_by) or answer_with(explain_answer(finder, plan, found))


def _counted(
    finder: Finder, plan: QueryPlan, filters: Mapping[str, Sequence[str]], names: frozenset[str] | None
) -> Response:
    counted, generation = steadily(finder.generation, lambda: finder.facets(plan, filters, names))
    found = FacetsAnswer(facets=facet_answers(counted), notices=plan.notices, plan=plan, generation=generation.number)
    return answer_with(found)
