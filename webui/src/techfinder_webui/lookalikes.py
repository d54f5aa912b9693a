"""Lookalikes: what some people share against everybody, and who is like them."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from typing import TYPE_CHECKING

from techfinder import Alike, Hit, Lookalikes, Part, QueryPlan, SharedAttribute, TechfinderError
from techfinder_webui.address import PAGE
from techfinder_webui.answering import planned
from techfinder_webui.banners import notice_banners, problem
from techfinder_webui.cards import CardMaker
from techfinder_webui.glance_addresses import LookalikeAddress
from techfinder_webui.glance_parts import AlikeCard, AlikePart, LookalikePage, SharedGroup, SharedRow
from techfinder_webui.panel import chips
from techfinder_webui.parts import Chip, Link
from techfinder_webui.spreads import lift_row

if TYPE_CHECKING:
    from techfinder.finder import Finder

__all__ = ["lookalike_page"]

_METHOD = "Wilson score interval, 95 %"
_PARTS = 5
_VALUES = 4


def lookalike_page(finder: Finder, address: LookalikeAddress, path: str, search_path: str) -> tuple[LookalikePage, int]:
    """The page at `path`, and its HTTP status: what cannot be asked is told on it."""
    asked, plan = address.asked, QueryPlan()
    try:
        edited = planned(finder, asked)
        plan = edited.plan.model_copy(update={"not_like": (*address.not_like, *edited.plan.not_like)})
        page = _frame(finder, address, plan, path, search_path)
        if not plan.like:
            return page, 200
        found = finder.lookalikes(plan, off=address.off, sensitive=address.sensitive)
    except TechfinderError as error:
        banner, status = problem(finder, error)
        page = _frame(finder, address, plan, path, search_path)
        return replace(page, status="No answer", banners=(banner,)), status
    return _answered(finder, address, plan, found, page, path, search_path), 200


def _frame(finder: Finder, address: LookalikeAddress, plan: QueryPlan, path: str, search_path: str) -> LookalikePage:
    """Everything but the answer."""
    asked, kept = address.asked, {"q", "like", "look.not"}
    told = "Name somebody to be like" if not plan.like else ""
    return LookalikePage(
        text=asked.text,
        status=told,
        subject=finder.schema.subject[1],
        back_url=replace(asked, like=(), limit=PAGE, offset=0).url(search_path),
        likes=tuple(_like(address, i, path) for i in dict.fromkeys((*asked.like, *plan.like))),
        unlikes=tuple(_unlike(address, i, path) for i in dict.fromkeys((*address.not_like, *plan.not_like))),
        asked=tuple(finder.describe(c) for c in plan.conditions if not c.origin),
        chips=chips(finder.filters, finder.schema, (), asked, path, plan),
        hidden=tuple(pair for pair in address.first_page().pairs() if pair[0] not in kept),
        banners=notice_banners(plan.notices, asked, path),
    )


def _like(address: LookalikeAddress, profile_id: str, path: str) -> Chip:
    left = [i for i in address.asked.like if i != profile_id]
    url = address.liking(left, address.not_like).url(path) if profile_id in address.asked.like else ""
    return Chip("Like", profile_id, url, f"no longer look for people like {profile_id}")


def _unlike(address: LookalikeAddress, profile_id: str, path: str) -> Chip:
    left = [i for i in address.not_like if i != profile_id]
    url = address.liking(address.asked.like, left).url(path) if profile_id in address.not_like else ""
    return Chip("Not like", profile_id, url, f"{profile_id} may be like them again")


def _answered(
    finder: Finder,
    address: LookalikeAddress,
    plan: QueryPlan,
    found: Lookalikes,
    page: LookalikePage,
    path: str,
    search_path: str,
) -> LookalikePage:
    maker = CardMaker(finder, address.asked, search_path, (), ranked=True)
    one, many = finder.schema.subject
    beside = plan.like[0] if len(plan.like) == 1 else f"these {len(plan.like)}"
    return replace(
        page,
        status=f"{found.total:,} {one if found.total == 1 else many}"
        + (f", most like {beside} first" if found.total > 1 else ""),
        groups=tuple(_groups(found, address, path)),
        sensitive=_sensitive(finder, found, address, path),
        cards=tuple(_card(hit, maker, address, path) for hit in found.hits),
        previous_url=_turned(address, -plan.limit, path) if plan.offset else "",
        more=_more(address, plan, found.total, path),
        method=_METHOD,
    )


def _turned(address: LookalikeAddress, by: int, path: str) -> str:
    asked = replace(address.asked, offset=max(address.asked.offset + by, 0))
    return replace(address, asked=asked).url(path)


def _more(address: LookalikeAddress, plan: QueryPlan, total: int, path: str) -> Link | None:
    left = total - plan.offset - plan.limit
    return Link(f"Next {min(left, plan.limit)}", _turned(address, plan.limit, path)) if left > 0 else None


def _sensitive(finder: Finder, found: Lookalikes, address: LookalikeAddress, path: str) -> Link | None:
    """Lets sensitive fields count, where that is allowed and there are any."""
    if finder.settings.sensitive_fields == "block" or not any(a.sensitive for a in found.attributes):
        return None
    other = replace(address, sensitive=not address.sensitive).first_page()
    return Link("Leave them out" if address.sensitive else "Let them count", other.url(path))


def _groups(found: Lookalikes, address: LookalikeAddress, path: str) -> Iterator[SharedGroup]:
    """Attributes by section; within one, where the chosen agree most comes first."""
    for label in dict.fromkeys(a.group for a in found.attributes):
        of_group = sorted((a for a in found.attributes if a.group == label and a.values), key=lambda a: -a.agreement)
        if of_group:
            yield SharedGroup(label, tuple(_shared(a, address, path) for a in of_group))


def _shared(shared: SharedAttribute, address: LookalikeAddress, path: str) -> SharedRow:
    values = shared.values[:_VALUES]
    largest = max((s for v in values for s in (v.lift.share, v.lift.base_share)), default=0.0)
    return SharedRow(
        id=f"shared-{shared.name}",
        label=shared.label,
        on=shared.on,
        sensitive=shared.sensitive,
        locked=shared.sensitive and not address.sensitive,
        url=address.switched(shared.name).url(path),
        agreement=round(100 * shared.agreement),
        rows=tuple(lift_row(v.label, v.lift, largest=largest) for v in values),
    )


def _card(hit: Alike, maker: CardMaker, address: LookalikeAddress, path: str) -> AlikeCard:
    card = maker.card(Hit(hit.profile, hit.score, ()))
    like, unlike = address.asked.like, address.not_like
    parts = [p for p in hit.parts[:_PARTS] if p.value > 0]
    against = [p for p in hit.parts[len(parts) :][::-1][:2] if p.value < 0]
    return AlikeCard(
        id=card.id,
        url=card.url,
        percent=round(100 * hit.score),
        badges=card.badges,
        headline=card.headline,
        parts=tuple(map(_part, parts)),
        against=tuple(map(_part, against)),
        rest=_rest(hit, len(parts) + len(against), sum(_points(p.value) for p in (*parts, *against))),
        too_url=address.liking((*like, card.id), unlike).url(path),
        not_url=address.liking(like, (*unlike, card.id)).url(path),
    )


def _part(part: Part) -> AlikePart:
    return AlikePart(f"{part.label}: {part.text}", _signed(_points(part.value)), part.value > 0)


def _rest(hit: Alike, told: int, points: int) -> AlikePart | None:
    """What the attributes that are not told add, so that all of it is the likeness."""
    left, more = len(hit.parts) - told, _points(hit.score) - points
    return (
        AlikePart(f"{left} more {'attribute' if left == 1 else 'attributes'}", _signed(more), more >= 0)
        if left
        else None
    )


def _points(value: float) -> int:
    return round(100 * value)


def _signed(points: int) -> str:
    return f"{points:+d}".replace("-", "\N{MINUS SIGN}")
