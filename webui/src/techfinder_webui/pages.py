"""What the pages show: the finder's answers as contexts."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from techfinder import Facet, GenerationInfo, QueryError, QueryPlan, SearchResult, TechfinderError
from techfinder_webui.address import LIMIT_TOP, MOST_PICKS, PAGE, Address, split_range
from techfinder_webui.answering import Answered, ask
from techfinder_webui.banners import notice_banners, plugin_banners, problem
from techfinder_webui.calling import call_url
from techfinder_webui.cards import CardMaker, profile_url, shown_on_cards
from techfinder_webui.comparing import compare_url
from techfinder_webui.contexts import ProblemPage, SearchPage
from techfinder_webui.exporting import export_links
from techfinder_webui.glance_addresses import audience_url, lookalike_url
from techfinder_webui.orders import order_words
from techfinder_webui.panel import chips, hidden_inputs, panel_groups, sort_options
from techfinder_webui.parts import Banner, Chip, Link, Named
from techfinder_webui.relaxed import nothing_found
from techfinder_webui.understood import correction_chips, understood_chips

if TYPE_CHECKING:
    from techfinder.finder import Finder

__all__ = ["live_token", "not_found_page", "search_page"]

_LONG_PAGE = 100
"""From this many cards on, "more" leads to the next page instead of a longer one."""

_MOST_NAMED = 2
"""People who are named in the sentence above the cards; more are counted."""

_RANKED = ("meaning", "likeness", "fit")
_ORDERS = {
    "meaning": "Best match first",
    "likeness": "Most alike first",
    "fit": "Best fit first",
    "warming": "Stored order for now",
}


@dataclass(frozen=True, slots=True)
class Shown:
    """A search page, its HTTP status, and the address that it should have: without edits that mean nothing."""

    page: SearchPage
    status: int
    asked: Address


def search_page(finder: Finder, asked: Address, path: str) -> Shown:
    """The search page at `path`, with status 200, or an error's with the reason in the page."""
    try:
        answered = ask(finder, asked)
        return Shown(_answered(finder, answered, path), 200, answered.asked)
    except TechfinderError as error:
        banner, status = problem(finder, error)
        facets = _facets_of_everyone(finder, asked) if isinstance(error, QueryError) else ()
        page = _frame(finder, asked, facets, path, QueryPlan(), None)
        return Shown(replace(page, status="No answer", banners=(banner,)), status, asked)


def not_found_page(text: str) -> ProblemPage:
    """The page that says that there is no such thing."""
    return ProblemPage(Banner("warning", "Not found", text))


def live_token(generation: GenerationInfo | None) -> str:
    """Text that differs whenever other people, or other facts of them, are live."""
    return f"{generation.number}.{generation.revision}.{generation.digest[:8]}" if generation else "none"


def _facets_of_everyone(finder: Finder, asked: Address) -> tuple[Facet, ...]:
    """Counts without any filter, for a page that has no other; none where counting is what failed.

    Ranges keep what was put into them, so that whoever is still typing one loses nothing.
    """
    try:
        facets = finder.facets(finder.plan(), bars=True)
    except TechfinderError:
        return ()
    return tuple(_still_chosen(facet, asked.filters.get(facet.name, ())) for facet in facets)


def _still_chosen(facet: Facet, inputs: Sequence[str]) -> Facet:
    ranges = [text for text in inputs if split_range(text)]
    if facet.control == "choice" or len(ranges) != 1:
        return facet
    return replace(facet, chosen=ranges[0], held=tuple(ranges))


def _frame(
    finder: Finder,
    asked: Address,
    facets: Sequence[Facet],
    path: str,
    plan: QueryPlan,
    generation: GenerationInfo | None,
) -> SearchPage:
    """Everything around the cards."""
    schema = finder.schema
    return SearchPage(
        text=asked.text,
        status="",
        browsing=not (asked.text or asked.filters or asked.like),
        live_url=f"{path}live?seen={live_token(generation)}",
        subject=schema.subject[1],
        sorts=sort_options(schema, asked, ranked=bool(plan.meaning or plan.preferred or plan.like), said=plan.sort),
        examples=tuple(Link(text, Address(text=text).url(path)) for text in schema.examples),
        likes=(
            *(_like(asked, i, path) for i in dict.fromkeys((*asked.like, *plan.like))),
            *(Chip("Not like", i, "") for i in dict.fromkeys(plan.not_like)),
        ),
        chips=chips(finder.filters, schema, facets, asked, path, plan),
        clear_url=replace(Address(text=asked.text, picks=asked.picks), sort=asked.sort).url(path),
        picks=tuple(Chip("", i, asked.pick(i).url(path), f"do not compare {i}") for i in asked.picks),
        picks_full=len(asked.picks) >= MOST_PICKS,
        compare_url=compare_url(path, asked.picks) if asked.picks else "",
        panel=panel_groups(facets, finder.filters, schema, asked, shown_on_cards(schema)),
        hidden=hidden_inputs(facets, asked),
    )


def _like(asked: Address, profile_id: str, path: str) -> Chip:
    if profile_id not in asked.like:
        return Chip("Like", profile_id, "")  # the sentence says so
    left = tuple(i for i in asked.like if i != profile_id)
    url = replace(asked, like=left, limit=PAGE, offset=0).url(path)
    return Chip("Like", profile_id, url, f"no longer look for people like {profile_id}")


def _answered(finder: Finder, answered: Answered, path: str) -> SearchPage:
    asked, plan, result = answered.asked, answered.edited.plan, answered.result
    maker = CardMaker(finder, asked, path, plan.conditions, ranked=result.ranked_by in _RANKED)
    named = _named(finder, asked, plan, path)
    return replace(
        _frame(finder, asked, answered.facets, path, plan, result.generation),
        status=_status(finder, asked, plan, result),
        ranking=_ranking(finder, asked, plan, result),
        banners=(*answered.banners, *plugin_banners(finder)),
        named=named,
        notices=() if named else notice_banners(plan.notices, asked, path),
        poll_url=asked.url(path) if result.ranked_by == "warming" else "",
        corrections=correction_chips(plan.notices, asked, path),
        understood=understood_chips(finder, answered.edited, answered.facets, asked, path),
        cards=tuple(maker.card(hit) for hit in result.hits),
        near=tuple(maker.card(hit) for hit in result.near_misses),
        nothing=None if result.total else nothing_found(finder, answered, path),
        weak=result.weak and not named,
        audience_url=audience_url(asked) if result.total else "",
        alike_url=lookalike_url(asked, plan) if plan.like else "",
        exports=export_links(asked) if result.total else (),
        call_url=call_url(finder, asked) if result.total else "",
        previous_url=_previous(asked, plan.limit, result.total, path),
        more=_more(asked, plan.limit, result.total, path),
        source=f"Generation {result.generation.number}, encoder {result.generation.encoder}",
    )


def _named(finder: Finder, asked: Address, plan: QueryPlan, path: str) -> Named | None:
    """Whose id the question is; asked for only where it is one word that says nothing else."""
    text = asked.text
    if not text or any(c.isspace() for c in text) or plan.like or any(not c.origin for c in plan.conditions):
        return None
    found = {p.id for p in finder.collection().retrieve(list(dict.fromkeys((text, text.upper()))))}
    profile_id = next((i for i in (text, text.upper()) if i in found), None)
    if profile_id is None:
        return None
    like_url = replace(asked, text="").lookalikes(profile_id).url(path)
    return Named(profile_id, profile_url(path, profile_id), like_url)


def _status(finder: Finder, asked: Address, plan: QueryPlan, result: SearchResult) -> str:
    one, many = finder.schema.subject
    name = one if result.total == 1 else many
    if not plan.required:
        return f"{result.total:,} {name}" + _besides(plan)
    return f"{result.total:,} of {result.generation.points:,} {many}"


def _besides(plan: QueryPlan) -> str:
    named = tuple(dict.fromkeys((*plan.like, *plan.not_like)))
    if len(named) > _MOST_NAMED:
        return f" besides these {len(named)}"
    return f" besides {' and '.join(named)}" if named else ""


def _ranking(finder: Finder, asked: Address, plan: QueryPlan, result: SearchResult) -> str:
    if not result.hits:
        return f"Nobody comes after place {result.total:,}" if result.total else ""
    order = _ORDERS.get(result.ranked_by, "Stored order")
    if result.ranked_by == "order" and plan.sort:
        order = order_words(finder.schema, plan.sort)
    first = asked.offset + 1
    return f"{first:,} to {asked.offset + len(result.hits):,} · {order} · {result.took_ms.get('total', 0):.0f} ms"


def _previous(asked: Address, shown: int, total: int, path: str) -> str:
    """The page before; of one that nobody is on, as after some were erased, the last one that has people."""
    before = min(asked.offset - shown, max(total - 1, 0) // shown * shown)
    return replace(asked, offset=max(0, before)).url(path) if asked.offset else ""


def _more(asked: Address, shown: int, total: int, path: str) -> Link | None:
    """More than the cards `shown`, which the sentence may have told ("top 5")."""
    left = total - asked.offset - shown
    if left <= 0:
        return None
    if not asked.offset and shown < _LONG_PAGE:
        longer = min(shown + PAGE, LIMIT_TOP)
        return Link(f"Show {min(left, PAGE)} more", replace(asked, limit=longer).url(path))
    return Link(f"Next {min(left, shown)}", replace(asked, offset=asked.offset + shown).url(path))
