"""Asking the finder what an address asks for."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from techfinder import (
    CollectionNotFound,
    EditedPlan,
    Facet,
    QueryError,
    Relaxation,
    SearchResult,
    StoreUnavailable,
    TechfinderError,
)
from techfinder_webui.address import Address
from techfinder_webui.banners import no_encoder
from techfinder_webui.parts import Banner

if TYPE_CHECKING:
    from techfinder.finder import Finder

__all__ = ["Answered", "ask"]

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
    edited = finder.edited_plan(
        asked.text, asked.filters, edits=asked.edits, limit=asked.limit, offset=asked.offset, sort=asked.sorts()
    )
    asked = replace(asked, edits=asked.edits.only(c.key for c in edited.clauses))
    result, facets, banners = _lookalikes(finder, asked, edited) if asked.like else _found(finder, asked, edited)
    nobody = not result.total and bool(edited.plan.required)
    relaxed = finder.relaxations(edited.plan) if nobody else ()
    return Answered(asked, edited, result, facets, relaxed, banners)


def _found(
    finder: Finder, asked: Address, edited: EditedPlan
) -> tuple[SearchResult, tuple[Facet, ...], tuple[Banner, ...]]:
    plan = edited.plan
    try:
        answer = finder.answer(plan, asked.filters, near=_NEAR, bars=True)
    except TechfinderError as error:
        if not plan.meaning or isinstance(error, QueryError | CollectionNotFound | StoreUnavailable):
            raise
        # The encoder is what failed: filters and browsing go on without it.
        answer = finder.answer(plan.model_copy(update={"meaning": ""}), asked.filters, near=_NEAR, bars=True)
        return answer.result, answer.facets, (no_encoder(error),)
    return answer.result, answer.facets, ()


def _lookalikes(
    finder: Finder, asked: Address, edited: EditedPlan
) -> tuple[SearchResult, tuple[Facet, ...], tuple[Banner, ...]]:
    """People like some who fulfil what is asked for; the sentence does not rank, and there is one page."""
    plan = edited.plan.model_copy(update={"meaning": "", "sort": (), "offset": 0})
    return finder.similar(asked.like, (), plan), finder.facets(plan, asked.filters, bars=True), ()
