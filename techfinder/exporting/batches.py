"""The people of an export, batch by batch."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence

from techfinder.errors import CursorExpired
from techfinder.models import Profile, SearchResult
from techfinder.plan import QueryPlan

__all__ = ["alike_batches", "cut_off"]

_DEEPEST = 10_000


def cut_off(results: Iterable[SearchResult], most: int | None) -> Iterator[Sequence[Profile]]:
    """The people of these results, `most` of them at most."""
    left = most
    for result in results:
        yield [hit.profile for hit in result.hits[:left]]
        if left is not None:
            left -= len(result.hits)
            if left <= 0:
                return


def alike_batches(plan: QueryPlan, search: Callable[[QueryPlan], SearchResult]) -> Iterator[SearchResult]:
    """The people who are ranked by likeness, as far as that is paged through. Raises CursorExpired."""
    first = result = search(plan)
    yield first
    while result.hits and plan.offset + plan.limit < min(first.total, _DEEPEST):
        plan = plan.model_copy(update={"offset": plan.offset + plan.limit})
        result = search(plan)
        if result.generation != first.generation:
            raise CursorExpired("The people have changed while they were exported. Export them again.")
        yield result
