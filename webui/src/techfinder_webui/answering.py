"""Asking the finder what an address asks for."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from techfinder import (
    Answer,
    CollectionNotFound,
    EditedPlan,
    Facet,
    Notice,
    QueryError,
    QueryPlan,
    Relaxation,
    SearchResult,
    StoreUnavailable,
    TechfinderError,
)
from techfinder_webui.address import PAGE, Address
from techfinder_webui.banners import no_encoder
from techfinder_webui.parts import Banner

if TYPE_CHECKING:
    from techfinder.finder import Finder

__all__ = ["Answered", "ask", "planned"]

_NEAR = 4
"""People to show at least, with near misses where fewer fulfil everything."""


@dataclass(frozen=True, slots=True)
class Answered:
    """What was asked and what came back.

    Attributes:
        asked: The address, without edits of what its text does not ask for.
        edited: The plan, and what became of the sentence's conditions.
        result, facets: The answer.
        relaxations: Where nobody is found: what leaving one thing out would give.
        banners: What did not work meanwhile.
    """

    asked: Address
    edited: EditedPlan
    result: SearchResult
    facets: tuple[Facet, ...]
    relaxations: tuple[Relaxation, ...]
    banners: tuple[Banner, ...]


def ask(finder: Finder, asked: Address) -> Answered:
    """The answer to an address. Raises what the finder raises, except for an encoder that failed."""
    edited = planned(finder, asked)
    asked = replace(asked, edits=asked.edits.only(c.key for c in edited.clauses))
    answer, banners = _found(finder, asked, edited.plan)
    nobody = not answer.result.total and bool(edited.plan.required)
    relaxed = finder.relaxations(edited.plan) if nobody else ()
    return Answered(asked, edited, answer.result, answer.facets, relaxed, banners)


def planned(finder: Finder, asked: Address) -> EditedPlan:
    """What an address asks for, as a plan. Raises QueryError, StoreUnavailable."""
    told = None if asked.limit == PAGE else asked.limit  # a page of the usual size leaves it to the sentence
    edited = finder.edited_plan(
        asked.text, asked.filters, edits=asked.edits, limit=told, offset=asked.offset, sort=asked.sorts()
    )
    return replace(edited, plan=_with_likes(edited.plan, asked.like))


def _with_likes(plan: QueryPlan, like: Sequence[str]) -> QueryPlan:
    """The plan with more people to be like; where there are any, neither words nor an order rank."""
    likes = tuple(dict.fromkeys((*plan.like, *like)))
    if not likes:
        return plan
    notices = tuple(map(_unranked, plan.notices)) if plan.meaning else plan.notices
    return plan.model_copy(update={"like": likes, "meaning": "", "sort": (), "notices": notices})


def _unranked(notice: Notice) -> Notice:
    """What is told of words that no field holds, where likeness ranks instead of meaning."""
    if notice.code != "no-such-field":
        return notice
    return notice.model_copy(
        update={"text": f"No field holds {notice.words!r}; beside likeness these words do not rank."}
    )


def _found(finder: Finder, asked: Address, plan: QueryPlan) -> tuple[Answer, tuple[Banner, ...]]:
    try:
        return finder.answer(plan, asked.filters, near=_NEAR, bars=True), ()
    except TechfinderError as error:
        if not plan.meaning or isinstance(error, QueryError | CollectionNotFound | StoreUnavailable):
            raise
        # The encoder is what failed: filters and browsing go on without it.
        plain = plan.model_copy(update={"meaning": ""})
        return finder.answer(plain, asked.filters, near=_NEAR, bars=True), (no_encoder(error),)
