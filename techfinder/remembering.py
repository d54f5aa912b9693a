"""The answers that were given last, for whoever asks the same again while the same people are live."""

from __future__ import annotations

import threading
from collections.abc import Collection, Hashable, Mapping, Sequence

from cachetools import LRUCache

from techfinder.models import Answer, GenerationInfo
from techfinder.plan import QueryPlan

__all__ = ["RememberedAnswers", "asked"]

_MOST_PROFILES = 5_000
"""Of all answers that are kept together; those asked for longest ago are forgotten first."""

_Key = tuple[Hashable, GenerationInfo]


def asked(
    plan: QueryPlan, filters: Mapping[str, Sequence[str]] | None, names: Collection[str] | None, near: int, bars: bool
) -> Hashable:
    """What makes two questions the same: the arguments of :meth:`techfinder.finder.Finder.answer`."""
    chosen = tuple(sorted((name, tuple(values)) for name, values in (filters or {}).items()))
    return plan, chosen, None if names is None else frozenset(names), near, bars


class RememberedAnswers:
    """Answers by question and by the generation that gave them. Safe for many threads."""

    def __init__(self) -> None:
        """Nothing is known yet."""
        self._lock = threading.Lock()
        self._kept: LRUCache[_Key, Answer] = LRUCache(_MOST_PROFILES, getsizeof=_size)

    def of(self, question: Hashable, live: GenerationInfo) -> Answer | None:
        """The answer that `live` gave to the question; None when it is not known any more."""
        with self._lock:
            return self._kept.get((question, live))

    def keep(self, question: Hashable, answer: Answer) -> None:
        """Remember an answer, unless it is only one for now, or larger than all that is kept."""
        if answer.result.ranked_by == "warming" or _size(answer) > _MOST_PROFILES // 2:
            return
        with self._lock:
            self._kept[question, answer.result.generation] = answer


def _size(answer: Answer) -> int:
    return 1 + len(answer.result.hits) + len(answer.result.near_misses)
