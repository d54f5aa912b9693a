"""One order for everyone: by similarity rounded to 1e-6, then by profile id.

Engines order equal scores at random, so the whole group of equals that straddles the end of
what is wanted is fetched before sorting.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TypeVar

__all__ = ["ranked"]

_Found = TypeVar("_Found")

_EXACT_ABOVE = 4096


def ranked(
    fetch: Callable[[int, bool], Sequence[tuple[_Found, float]]],
    names: Callable[[Sequence[_Found]], Sequence[str]],
    wanted: int,
    spare: int,
) -> list[tuple[_Found, float]]:
    """The best points and their scores, in order; at least `wanted` of them if there are so many.

    Args:
        fetch: The so many best points, best first; the second argument asks for exact search, as
            graphs find fewer than they hold when asked for thousands.
        names: Profile ids of points.
        wanted: How many are needed.
        spare: How many more to fetch at first.
    """
    size = wanted + spare
    while True:
        found = fetch(size, size > _EXACT_ABOVE)
        if len(found) < size or round(found[wanted - 1][1], 6) > round(found[-1][1], 6):
            break
        size *= 4
    keys = list(zip((-round(score, 6) for _, score in found), names([f for f, _ in found]), strict=True))
    return [found[i] for i in sorted(range(len(found)), key=keys.__getitem__)]
