"""People who are much like somebody, as short cards."""

from __future__ import annotations

from typing import TYPE_CHECKING

from techfinder import Hit
from techfinder_webui.cards import badges, headline, profile_url
from techfinder_webui.overview_parts import Neighbour

if TYPE_CHECKING:
    from techfinder.finder import Finder

__all__ = ["neighbour"]


def neighbour(finder: Finder, hit: Hit, compare_url: str, path: str) -> Neighbour:
    """The short card of a hit, on the site whose search page is at `path`."""
    schema, other = finder.schema, hit.profile
    return Neighbour(
        id=other.id,
        url=profile_url(path, other.id),
        compare_url=compare_url,
        badges=badges(schema, other),
        headline=headline(schema, other, finder.facts(other)),
        percent=f"{hit.score:.0%}",
        width=round(100 * hit.score, 1),
    )
