"""How vectors are searched, the same in both stores: same recall, same answers."""

from __future__ import annotations

__all__ = [
    "ACORN_BELOW",
    "EF_CONSTRUCT",
    "GRAPH_FROM",
    "HNSW_EF",
    "LINKS",
    "OVERSAMPLING",
    "SCANNED_BELOW",
    "kilobytes",
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


def kilobytes(points: int, dim: int) -> int:
    """The size of so many vectors, in the engines' unit for thresholds."""
    return max(1, points * dim * 4 // 1024)
