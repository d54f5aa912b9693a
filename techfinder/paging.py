"""Reading ahead while somebody pages through everybody, so that a deep page costs no more than the ones before.

To find the people from place 50,000 on, a store ranks the 50,000 before them too: page by page that
would be work for all pages again on each. So a page that follows others is read together with as many
further people as were passed already, at most 10,000, and the next pages are looked up by id.

What is kept are ids and similarities, of the last few questions, in the memory of the process. Without
it (after a restart, in another process) a page is as right, and slower.
"""

from __future__ import annotations

import threading
from collections import OrderedDict
from collections.abc import Sequence
from dataclasses import dataclass
from hashlib import blake2b

import numpy as np
from numpy.typing import NDArray

from techfinder.interfaces import Collection, FacetRequest, ScoredPoint
from techfinder.models import GenerationInfo, Profile
from techfinder.plan import AnyOf, Condition, Sort

__all__ = ["Paged", "Windows"]

_LONGEST = 10_000
_QUESTIONS = 24

Clauses = Sequence[Condition | AnyOf]


@dataclass(frozen=True, slots=True)
class _Window:
    """A stretch of a ranking: from place `offset` on, to its end when `last`. Paging began at `began`."""

    began: int
    offset: int
    ids: tuple[str, ...]
    scores: tuple[float, ...]
    last: bool

    def part(self, limit: int, offset: int) -> tuple[tuple[str, ...], tuple[float, ...]] | None:
        """Ids and scores from `offset` on, `limit` of them; None when they are not all here."""
        start, end = offset - self.offset, offset - self.offset + limit
        if start < 0 or (end > len(self.ids) and not self.last):
            return None
        return self.ids[start:end], self.scores[start:end]


class Windows:
    """The stretches that were read ahead, one a question and filter. Safe for many threads."""

    def __init__(self) -> None:
        """Nothing is read yet."""
        self._lock = threading.Lock()
        self._kept: OrderedDict[tuple[bytes, GenerationInfo], _Window] = OrderedDict()

    def find(self, question: bytes, state: GenerationInfo) -> _Window | None:
        """What was read ahead for a question in this state of the people."""
        with self._lock:
            if (found := self._kept.get((question, state))) is not None:
                self._kept.move_to_end((question, state))
            return found

    def keep(self, question: bytes, state: GenerationInfo, window: _Window) -> None:
        """Keep one; what was not asked for longest goes."""
        with self._lock:
            self._kept[question, state] = window
            self._kept.move_to_end((question, state))
            while len(self._kept) > _QUESTIONS:
                self._kept.popitem(last=False)


class Paged:
    """A collection as one who pages sees it: ranked exactly, and read ahead."""

    def __init__(self, collection: Collection, windows: Windows, question: bytes) -> None:
        """Read `collection` ahead for the `question` with this digest."""
        self._collection, self._windows, self._question = collection, windows, question

    def info(self) -> GenerationInfo:
        """The generation that answers now."""
        return self._collection.info()

    def count(self, where: Clauses) -> int:
        """How many profiles fulfil `where`."""
        return self._collection.count(where)

    def facets(self, requests: Sequence[FacetRequest]) -> dict[str, dict[str, int | float]]:
        """Exact counts; see ``Collection.facets``."""
        return self._collection.facets(requests)

    def browse(self, where: Clauses, sort: Sequence[Sort], limit: int, offset: int = 0) -> list[Profile]:
        """Profiles in order; the store answers deep pages as fast as the first one."""
        return self._collection.browse(where, sort, limit, offset)

    def search(self, vector: NDArray[np.float32], where: Clauses, limit: int, offset: int = 0) -> list[ScoredPoint]:
        """As ``Collection.search``, always exact. The caller sees to it that one state answers all.

        Only then do pages fit together: how far a graph is searched, and so whom it overlooks, depends on
        where a page ends.
        """
        state = self.info()
        question = self._question + blake2b(repr(where).encode(), digest_size=16).digest()
        window = self._windows.find(question, state)
        if window is not None and (part := window.part(limit, offset)) is not None:
            profiles = self._collection.retrieve(part[0])
            if len(profiles) == len(part[0]):
                return [ScoredPoint(p, s) for p, s in zip(profiles, part[1], strict=True)]
        began = window.began if window is not None else offset  # whoever wants one page only gets no more than that
        size = max(limit, min(offset - began, _LONGEST))
        found = self._collection.search(vector, where, size, offset, exact=True)
        if self.info() == state:
            ids, scores = tuple(f.profile.id for f in found), tuple(f.score for f in found)
            self._windows.keep(question, state, _Window(began, offset, ids, scores, len(found) < size))
        return found[:limit]
