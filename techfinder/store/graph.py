"""How vectors are searched, the same in both stores: same recall, same answers."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING

from techfinder.errors import StoreError

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

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
    "kilobytes",
    "recall",
    "require_recall",
]

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


SAMPLED = 20
"""Stored vectors that are searched for before a build may go live."""

LEAST_RECALL = 0.9
"""Share of the nearest that they must find through the graph: it is 0.99 and more where the graph is sound."""

_NEAREST = 10
_SAME = 1e-4


def recall(
    nearest: Callable[[NDArray[np.float32], int, bool], Sequence[float]], vectors: Sequence[NDArray[np.float32]]
) -> float:
    """Which share of the ten nearest a search through the graph finds, as a mean over vectors; 1.0 for none.

    Args:
        nearest: The scores of so many most similar points to a vector, exact or through the graph.
        vectors: To search for.
    """
    shares = []
    for vector in vectors:
        exact, found = (nearest(vector, _NEAREST, whole) for whole in (True, False))
        if exact:  # by scores, because those who are equally near may take each other's place
            shares.append(min(1.0, sum(score >= exact[-1] - _SAME for score in found) / len(exact)))
    return sum(shares) / len(shares) if shares else 1.0


def require_recall(found: float, collection: str, int8: bool) -> None:
    """Raise StoreError when a graph misses too much to go live; `int8` where it was made of small vectors."""
    if found < LEAST_RECALL:
        coarse = "Vectors as much alike as these need TECHFINDER_QUANTIZATION=none: set it, then start again."
        again = (
            "Start again. If that gives the same, hundreds of people probably have the very same text: let the `text` "
            "of more fields in the schema tell them apart."
        )
        raise StoreError(
            f"Collection {collection!r}: searches through the new graph find {found:.0%} of the nearest, expected at "
            f"least {LEAST_RECALL:.0%}. Nothing went live. {coarse if int8 else again}"
        )
