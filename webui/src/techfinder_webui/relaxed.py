"""Why nobody is found, and searches with one thing left out that find somebody."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from techfinder import Edits, Relaxation
from techfinder.plan import MOST_WISHES
from techfinder_webui.address import Address
from techfinder_webui.answering import Answered
from techfinder_webui.parts import Nothing, Relaxed

if TYPE_CHECKING:
    from techfinder.finder import Finder

__all__ = ["nothing_found"]


def nothing_found(finder: Finder, answered: Answered, path: str) -> Nothing:
    """The reason, and the ways out with the count each gives; ways that find no one are left out."""
    ways = [_way(finder, r, answered, path) for r in answered.relaxations if r.count]
    return Nothing(
        because=_because(finder, answered.relaxations, alike=bool(answered.edited.plan.like)),
        ways=tuple(ways),
        wishes_url=_wishes_url(answered, path),
    )


def _because(finder: Finder, relaxations: Sequence[Relaxation], *, alike: bool) -> str:
    """Why; with `alike`, those whom others are to be like may well fulfil it themselves."""
    _, many = finder.schema.subject
    if not relaxations:
        return f"There are no other {many}." if alike else f"There are no {many} at all."
    no_one = "no one else" if alike else "no one"
    if impossible := [_words(finder, r) for r in relaxations if not r.alone]:
        return f"No one in the data fulfils this: {'; '.join(impossible)}."
    if len(relaxations) == 1:
        return f"{no_one.capitalize()} in the data fulfils this: {_words(finder, relaxations[0])}."
    return f"Each of these {len(relaxations)} conditions finds somebody, but {no_one} fulfils all of them at once."


def _words(finder: Finder, relaxation: Relaxation) -> str:
    return " and ".join(finder.describe(c) for c in relaxation.clauses)


def _way(finder: Finder, relaxation: Relaxation, answered: Answered, path: str) -> Relaxed:
    asked, first = answered.asked, relaxation.clauses[0]
    if first.origin:
        left = {name: values for name, values in asked.filters.items() if name != first.origin}
        address = asked.first_page(filters=left)
    else:
        keys = [one.key for one in answered.edited.clauses if any(c in relaxation.clauses for c in one.asked)]
        address = _without(asked, keys)
    return Relaxed(_words(finder, relaxation), address.url(path), relaxation.count)


def _without(asked: Address, keys: Sequence[str]) -> Address:
    edits: Edits = asked.edits
    for key in dict.fromkeys(keys):
        edits = edits.drop(key)
    return asked.first_page(edits=edits)


def _wishes_url(answered: Answered, path: str) -> str:
    """The search that only wishes for what the sentence says; empty where that is one thing, or more than is ranked."""
    said = [one for one in answered.edited.clauses if one.asked]
    required = [one for one in said if one.asked[0].required]
    if len(required) < 2 or sum(len(one.asked) for one in said) > MOST_WISHES:
        return ""
    edits = answered.asked.edits
    for key in dict.fromkeys(one.key for one in required):
        edits = edits.flip(key)
    return answered.asked.first_page(edits=edits).url(path)
