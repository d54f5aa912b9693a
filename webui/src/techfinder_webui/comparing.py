"""Two to four people side by side."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from itertools import combinations
from typing import TYPE_CHECKING
from urllib.parse import urlencode

from techfinder import Attribute, ComparedField, Comparison, Profile, ProfileNotFound, QueryPlan, TechfinderError
from techfinder_webui.address import MOST_PICKS
from techfinder_webui.banners import problem
from techfinder_webui.cards import badges, fact_group, profile_url
from techfinder_webui.contexts import ComparePage
from techfinder_webui.neighbours import neighbour
from techfinder_webui.overview_parts import Compared, ComparedCell, ComparedGroup, ComparedRow, Neighbour, Pair
from techfinder_webui.parts import Banner, Piece

if TYPE_CHECKING:
    from techfinder.finder import Finder

__all__ = ["Chosen", "compare_page", "compare_url"]

_ALIKE = 4


@dataclass(frozen=True, slots=True)
class Chosen:
    """What an address of the page asks for: whom to compare, and whether to show only what differs."""

    ids: tuple[str, ...] = ()
    only: bool = False

    @classmethod
    def read(cls, ids: Iterable[str], only: str) -> Chosen:
        """What the parameters say; empty ids and repeated ones are left out."""
        return cls(tuple(dict.fromkeys(i.strip() for i in ids if i.strip())), only == "differences")

    def pairs(self) -> list[tuple[str, str]]:
        """The parameters, the ones that say nothing left out."""
        return [*(("ids", i) for i in self.ids), *([("only", "differences")] if self.only else [])]

    def url(self, path: str) -> str:
        """The page, on the site whose search page is at `path`."""
        query = urlencode(self.pairs())
        return f"{path}compare?{query}" if query else f"{path}compare"


def compare_url(path: str, ids: Iterable[str]) -> str:
    """The page that compares these people, on the site whose search page is at `path`."""
    return Chosen(tuple(ids)).url(path)


def compare_page(finder: Finder, asked: Chosen, path: str, host: str) -> tuple[ComparePage, int]:
    """The page and its HTTP status, on the site at `host` whose search page is at `path`."""
    try:
        found, banners, status = _found(finder, asked)
        alike = _alike(finder, found.people, path) if len(found.people) < MOST_PICKS else ()
    except TechfinderError as error:
        banner, status = problem(finder, error)
        found, banners, alike = _Found((), None), (banner,), ()
    chosen = replace(asked, ids=tuple(p.id for p in found.people))
    groups = _groups(finder, found.comparison, asked.only)
    fields = found.comparison.fields if found.comparison else ()
    one, many = finder.schema.subject
    page = ComparePage(
        subject=many,
        one=one,
        banners=banners,
        ids=chosen.ids,
        full=len(found.people) >= MOST_PICKS,
        only=asked.only,
        toggle_url=replace(chosen, only=not asked.only).url(path),
        differing=sum(_differs(f) for f in fields),
        told=len(fields),
        people=tuple(_person(finder, p, chosen, path) for p in found.people),
        groups=groups,
        pairs=_pairs(found.comparison),
        alike=alike,
        share_url=host + chosen.url(path),
    )
    return page, status


# --- asking ---------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class _Found:
    """The people who exist, and their comparison where there are at least two."""

    people: tuple[Profile, ...]
    comparison: Comparison | None


def _found(finder: Finder, asked: Chosen) -> tuple[_Found, tuple[Banner, ...], int]:
    wanted, banners, status = asked.ids[:MOST_PICKS], [], 200
    if len(asked.ids) > MOST_PICKS:
        banners.append(Banner("warning", f"At most {MOST_PICKS} are put side by side", "Those named first are shown."))
    try:
        return _compared(finder, wanted), tuple(banners), status
    except ProfileNotFound as error:
        banner, status = problem(finder, error)
        left = [i for i in wanted if i not in error.ids]
        return _compared(finder, left), (banner, *banners), status


def _compared(finder: Finder, ids: Sequence[str]) -> _Found:
    """Raises ProfileNotFound naming all who do not exist."""
    if len(ids) > 1:
        comparison = finder.compare(ids)
        return _Found(comparison.profiles, comparison)
    people = tuple(p for i in ids if (p := finder.profile(i)))
    if len(people) < len(ids):
        raise ProfileNotFound(ids)
    return _Found(people, None)


def _alike(finder: Finder, people: Sequence[Profile], path: str) -> tuple[Neighbour, ...]:
    """Whom one might add: people like all who are there."""
    ids = [p.id for p in people]
    if not ids:
        return ()
    hits = finder.similar(ids, plan=QueryPlan(limit=_ALIKE)).hits
    return tuple(neighbour(finder, hit, compare_url(path, [*ids, hit.profile.id]), path) for hit in hits)


# --- showing --------------------------------------------------------------------------------------


def _person(finder: Finder, profile: Profile, chosen: Chosen, path: str) -> Compared:
    left = replace(chosen, ids=tuple(i for i in chosen.ids if i != profile.id))
    return Compared(profile.id, profile_url(path, profile.id), left.url(path), badges(finder.schema, profile))


def _groups(finder: Finder, found: Comparison | None, only: bool) -> tuple[ComparedGroup, ...]:
    if found is None:
        return ()
    groups: dict[str, list[ComparedRow]] = {}
    for field in found.fields:
        if not only or _differs(field):
            groups.setdefault(_group_of(finder, field), []).append(_row(finder, field, found.profiles))
    return tuple(ComparedGroup(label, tuple(rows)) for label, rows in groups.items())


def _group_of(finder: Finder, found: ComparedField) -> str:
    field = finder.schema.attribute(found.key).field
    return field.label if field.kind == "adoption" else fact_group(finder, field)


def _row(finder: Finder, found: ComparedField, people: Sequence[Profile]) -> ComparedRow:
    attribute = finder.schema.attribute(found.key)
    label = found.label.removeprefix(f"{attribute.field.label}: ")
    return ComparedRow(
        label=label[:1].upper() + label[1:],
        cells=tuple(_cell(found, attribute, p, t) for p, t in zip(people, found.texts, strict=True)),
        differs=_differs(found),
        verdict=_verdict(found, attribute, people),
        width=None if found.distance is None or not found.apart else round(100 * found.distance, 1),
    )


def _cell(found: ComparedField, attribute: Attribute, profile: Profile, text: str | None) -> ComparedCell:
    value = profile.values.get(found.key)
    if text is None:
        return ComparedCell((Piece("none", False),) if _without(attribute, profile) else ())
    if isinstance(value, tuple):
        return ComparedCell(tuple(Piece(tag, tag not in found.common) for tag in value))
    return ComparedCell((Piece(text, False),))


def _differs(found: ComparedField) -> bool:
    """Whether not all have the same; who is not known is not the same as who is."""
    return found.same is False or None in found.texts


def _without(attribute: Attribute, profile: Profile) -> bool:
    """Whether somebody has no value because this kind of product is not used."""
    return attribute.field.kind == "adoption" and profile.values.get(f"{attribute.field.name}_uses") == "no"


def _verdict(found: ComparedField, attribute: Attribute, people: Sequence[Profile]) -> str:
    missing = [p for p, text in zip(people, found.texts, strict=True) if text is None]
    if found.apart:
        return f"{found.apart} apart"
    if found.same is False or any(_without(attribute, p) for p in missing):
        return "differs"
    return "not all known" if missing else "the same"


def _pairs(found: Comparison | None) -> tuple[Pair, ...]:
    if found is None:
        return ()
    numbered = list(enumerate(p.id for p in found.profiles))
    return tuple(
        Pair(f"{one} and {other}", f"{max(cosine, 0):.0%}", round(100 * max(cosine, 0), 1))
        for (a, one), (b, other) in combinations(numbered, 2)
        for cosine in [found.similarity[a][b]]
    )
