"""How vectors are searched, the same in both stores: same recall, same answers."""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, Any, NamedTuple, Protocol

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    from techfinder.store.points import StoredBatch

__all__ = [
    "ACORN_BELOW",
    "EF_CONSTRUCT",
    "GRAPH_FROM",
    "HNSW_EF",
    "INDEXED_FROM",
    "LINKS",
    "OVERSAMPLING",
    "SAMPLED",
    "SCANNED_BELOW",
    "Recall",
    "kilobytes",
    "recall",
    "sampled_recall",
    "unsound",
]

_log = logging.getLogger(__name__)

LINKS, EF_CONSTRUCT = 32, 256
"""HNSW's m and ef_construct. With 16 and 128 the graph is made in two thirds of the time, and misses twice as much."""

HNSW_EF = 768
"""Candidates a graph search keeps. Texts of people are much alike: with 128, one in nine of the best twenty is
missed at 20,000 people, with 768 fewer than one in a hundred (``tests/benchmarks/recall.py``)."""

GRAPH_FROM = 10_000
"""Points from which there is a graph; fewer are compared one by one."""

SCANNED_BELOW = 30_000
"""Points below which those that a filter leaves are compared one by one: exact, and quicker than ACORN."""

ACORN_BELOW = 0.4
"""Share of the points below which a filter would leave the graph in islands: neighbours of neighbours are looked at
too (ACORN-1, arXiv 2403.04871). Links for each indexed value would help as well, but only if the payload indexes are
there, and in memory, before the graph is made."""

OVERSAMPLING = 2.0
"""Of use where there are small vectors: twice as many candidates, compared whole at the end."""


INDEXED_FROM = 500
"""Points from which the embedded store makes payload indexes. Fifty of them cost a second to make and a quarter of one
to open, however few points there are; without them the columns tell which points a search may find."""


def kilobytes(points: int, dim: int) -> int:
    """The size of so many vectors, in the engines' unit for thresholds."""
    return max(1, points * dim * 4 // 1024)


SAMPLED = 100
"""Stored vectors that are searched for before a build may go live."""

LEAST_RECALL, LEAST_FIRST = 0.9, 0.95
"""What a graph must find for searches to go through it. Of people's texts it is 0.98 (docs/benchmarks.md)."""

_NEAREST = 10
_SAME = 1e-4


class _Points(Protocol):
    """Stored points of either store."""

    def nearest(
        self, vector: NDArray[np.float32], query: Mapping[str, Any], limit: int, exact: bool
    ) -> Sequence[tuple[Any, float]]: ...

    def scan(self) -> Iterator[StoredBatch]: ...


class Recall(NamedTuple):
    """What searches through a graph find of what is there, as shares.

    Attributes:
        nearest: Of the ten nearest, as a mean over vectors (recall@10).
        first: Of the vectors, those for which one as near as the very nearest is found.
    """

    nearest: float
    first: float

    @property
    def sound(self) -> bool:
        """Whether searches may go through the graph.

        Where hundreds of vectors are equal, each links to its equals, and whole groups of them are out of reach.
        """
        return self.nearest >= LEAST_RECALL and self.first >= LEAST_FIRST

    @property
    def problems(self) -> list[str]:
        """What is wrong, in words; empty when nothing is."""
        found = (
            f"graph: finds {self.nearest:.0%} of the nearest, expected at least {LEAST_RECALL:.0%}, and the very first "
            f"for {self.first:.0%}, expected at least {LEAST_FIRST:.0%}"
        )
        return [] if self.sound else [found]


def recall(
    nearest: Callable[[NDArray[np.float32], int, bool], Sequence[float]], vectors: Sequence[NDArray[np.float32]]
) -> Recall:
    """What searches through the graph find of the ten nearest; everything where there are no vectors.

    Args:
        nearest: The scores of so many most similar points to a vector, exact or through the graph.
        vectors: To search for.
    """
    shares, firsts = [], []
    for vector in vectors:
        exact, found = (nearest(vector, _NEAREST, whole) for whole in (True, False))
        if exact:  # by scores, because those who are equally near may take each other's place
            shares.append(min(1.0, sum(score >= exact[-1] - _SAME for score in found) / len(exact)))
            firsts.append(any(score >= exact[0] - _SAME for score in found))
    return Recall(sum(shares) / len(shares), sum(firsts) / len(firsts)) if shares else Recall(1.0, 1.0)


def sampled_recall(points: _Points) -> Recall:
    """What searches through the graph find for some of the vectors that are stored."""
    batch = next(points.scan(), None)

    def scores(vector: NDArray[np.float32], limit: int, exact: bool) -> list[float]:
        return [score for _, score in points.nearest(vector, {}, limit, exact)]

    return recall(scores, [] if batch is None else list(batch.vectors[:SAMPLED]))


def unsound(found: Recall, collection: str) -> bool:
    """Whether searches must compare vectors one by one, because a new graph misses too much; told in the log then."""
    if not found.sound:
        _log.warning(
            "Collection %r: searches through the new graph would find %.0f%% of the nearest, and for %.0f%% not even "
            "the first. They compare everyone one by one instead, which finds all and takes longer. The usual cause: "
            "hundreds of people with the very same text, or TECHFINDER_QUANTIZATION=int8 where texts are much alike. "
            "Let the `text` of more fields in the schema tell people apart, or set that to none; then index again "
            "with --rebuild.",
            collection,
            100 * found.nearest,
            100 * (1 - found.first),
        )
    return not found.sound
