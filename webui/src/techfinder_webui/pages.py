"""What the pages show: the finder's answers as contexts."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING
from urllib.parse import quote

from techfinder import (
    CollectionNotFound,
    Facet,
    Hit,
    Notice,
    Profile,
    QueryError,
    QueryPlan,
    SearchResult,
    StoreUnavailable,
    TechfinderError,
)
from techfinder_webui.address import LIMIT_TOP, PAGE, Address
from techfinder_webui.cards import badges, card, fact_groups, shown_on_cards
from techfinder_webui.contexts import Banner, Link, ProblemPage, ProfilePage, Reading, SearchPage
from techfinder_webui.panel import chips, hidden_inputs, in_words, panel_groups

if TYPE_CHECKING:
    from techfinder.finder import Finder

__all__ = ["not_found_page", "problem", "profile_page", "search_page"]

_SAMPLE = "techfinder index synthetic:n=1000,seed=7"

_NEAR = 4
"""People to show at least, with near misses where fewer fulfil everything."""

_LONG_PAGE = 100
"""From this many cards on, "more" leads to the next page instead of a longer one."""


@dataclass(frozen=True, slots=True)
class _Answer:
    plan: QueryPlan
    result: SearchResult
    facets: tuple[Facet, ...]
    banners: tuple[Banner, ...]


def search_page(finder: Finder, asked: Address, path: str) -> tuple[SearchPage, int]:
    """The search page at `path` and its HTTP status: 200, or an error's with the reason in the page."""
    try:
        return _answered(finder, asked, _ask(finder, asked, path), path), 200
    except TechfinderError as error:
        banner, status = problem(finder, error)
        facets = _facets_of_everyone(finder) if isinstance(error, QueryError) else ()
        page = replace(_frame(finder, asked, facets, path), status="No answer", banners=(banner,))
        return page, status


def profile_page(finder: Finder, profile: Profile) -> ProfilePage:
    """The page of one profile."""
    _, *gauges = finder.gauges(Hit(profile, 1.0, ()))
    return ProfilePage(
        id=profile.id,
        badges=badges(finder.schema, profile),
        gauges=tuple(gauges),
        groups=fact_groups(finder.schema, finder.facts(profile)),
    )


def not_found_page(text: str) -> ProblemPage:
    """The page that says that there is no such thing."""
    return ProblemPage(Banner("warning", "Not found", text))


def problem(finder: Finder, error: TechfinderError) -> tuple[Banner, int]:
    """An expected error as a message for people, and its HTTP status."""
    match error:
        case QueryError():
            return Banner("error", "This cannot be searched as it stands", str(error)), 400
        case CollectionNotFound():
            return _nothing_indexed(finder), 200
        case StoreUnavailable():
            text = "The store did not answer in time. It is restarted by itself: try again in a few seconds."
            return Banner("error", "The store is not available", text), 503
        case _:
            return Banner("error", "Something this page needs has failed", str(error)), 500


def _nothing_indexed(finder: Finder) -> Banner:
    title, text = "Nothing is indexed yet", f"Index some {finder.schema.subject[1]} first, then come back to this page."
    # Made people have the columns of the built-in schema, and of no other.
    if finder.settings.schema_file is None and "synthetic" in finder.plugins.sources():
        return Banner("info", title, f"{text} To make a sample and index it, run:", _SAMPLE)
    return Banner("info", title, f"{text} To read them from a table, run:", "techfinder index FILE")


def _ask(finder: Finder, asked: Address, path: str) -> _Answer:
    plan = finder.plan(asked.text, asked.filters, limit=asked.limit, offset=asked.offset, sort=asked.sorts())
    notices = tuple(_notice(n, asked, path) for n in plan.notices)
    try:
        answer = finder.answer(plan, asked.filters, near=_NEAR)
    except TechfinderError as error:
        if not plan.meaning or isinstance(error, QueryError | CollectionNotFound | StoreUnavailable):
            raise
        # The encoder is what failed: filters and browsing go on without it.
        answer = finder.answer(plan.model_copy(update={"meaning": ""}), asked.filters, near=_NEAR)
        notices += (Banner("warning", "Ranking by meaning is not available", str(error)),)
    return _Answer(plan, answer.result, answer.facets, notices)


def _notice(notice: Notice, asked: Address, path: str) -> Banner:
    """What is to be told of the question, with links to the same search with what was probably meant."""
    others = [(other, asked.instead(notice.filter, notice.words, other)) for other in notice.suggestions]
    links = tuple(Link(f"Search for {in_words(other)} instead", address.url(path)) for other, address in others)
    return Banner("info", notice.text, links=links)


def _plugin_banners(finder: Finder) -> tuple[Banner, ...]:
    """A banner that names the plugins which failed; a missing optional dependency is no failure."""
    names = sorted({f.plugin for f in finder.plugins.failures if f.kind != "dependency absent"})
    if not names:
        return ()
    return (
        Banner(
            "warning", f"Not working: {', '.join(names)}", "The rest is. To see what happened:", "techfinder plugins"
        ),
    )


def _facets_of_everyone(finder: Finder) -> tuple[Facet, ...]:
    """Counts without any filter, for a page that has no other; none where counting is what failed."""
    try:
        return finder.facets(finder.plan())
    except TechfinderError:
        return ()


def _frame(finder: Finder, asked: Address, facets: Sequence[Facet], path: str) -> SearchPage:
    """Everything around the cards."""
    return SearchPage(
        text=asked.text,
        status="",
        subject=finder.schema.subject[1],
        examples=tuple(Link(text, Address(text=text).url(path)) for text in finder.schema.examples),
        chips=chips(finder.filters, facets, asked, path),
        clear_url=asked.first_page(filters={}).url(path),
        panel=panel_groups(facets, asked.filters, shown_on_cards(finder.schema)),
        hidden=(*hidden_inputs(facets, asked.filters), *(("sort", name) for name in asked.sort)),
    )


def _answered(finder: Finder, asked: Address, answer: _Answer, path: str) -> SearchPage:
    result = answer.result
    ranked = result.ranked_by == "meaning"
    people = f"{path}people/"
    return replace(
        _frame(finder, asked, answer.facets, path),
        status=_status(finder, answer.plan, result),
        ranking=_ranking(asked, result),
        banners=(*answer.banners, *_plugin_banners(finder)),
        poll_url=asked.url(path) if result.ranked_by == "warming" else "",
        readings=tuple(
            Reading(c.words, finder.describe(c), not c.required) for c in answer.plan.conditions if not c.origin
        ),
        near=tuple(card(finder, h, people + quote(h.profile.id, safe=""), ranked=False) for h in result.near_misses),
        cards=tuple(card(finder, h, people + quote(h.profile.id, safe=""), ranked=ranked) for h in result.hits),
        empty=not result.total,
        previous_url=_previous(asked, path),
        more=_more(asked, result.total, path),
    )


def _status(finder: Finder, plan: QueryPlan, result: SearchResult) -> str:
    one, many = finder.schema.subject
    name = one if result.total == 1 else many
    if not plan.required:
        return f"{result.total:,} {name}"
    return f"{result.total:,} of {result.generation.points:,} {many}"


def _ranking(asked: Address, result: SearchResult) -> str:
    if not result.hits:
        return ""
    order = {"meaning": "Best match first", "fit": "Best fit first", "warming": "Stored order for now"}.get(
        result.ranked_by, "Stored order"
    )
    if sorts := asked.sorts():
        order = "Sorted by " + ", ".join(s.field.replace("_", " ") for s in sorts)
    first = asked.offset + 1
    return f"{first:,} to {asked.offset + len(result.hits):,} · {order} · {result.took_ms.get('total', 0):.0f} ms"


def _previous(asked: Address, path: str) -> str:
    return replace(asked, offset=max(0, asked.offset - asked.limit)).url(path) if asked.offset else ""


def _more(asked: Address, total: int, path: str) -> Link | None:
    left = total - asked.offset - asked.limit
    if left <= 0:
        return None
    if not asked.offset and asked.limit < _LONG_PAGE:
        longer = min(asked.limit + PAGE, LIMIT_TOP)
        return Link(f"Show {min(left, PAGE)} more", replace(asked, limit=longer).url(path))
    return Link(f"Next {min(left, asked.limit)}", replace(asked, offset=asked.offset + asked.limit).url(path))
