"""How vectors are searched, the same in both stores: same recall, same answers."""

from __future__ import annotations

__all__ = ["EF_CONSTRUCT", "HNSW_EF", "LINKS", "OVERSAMPLING", "threshold_kb"]

LINKS, EF_CONSTRUCT = 16, 128
"""HNSW's m and ef_construct. A denser graph (32 and 256) finds hardly more."""

HNSW_EF = 768
"""Candidates a graph search keeps. Texts of people are much alike: with 128, one in nine of the best twenty is
missed at 20,000 people, with 768 fewer than one in a hundred (``tests/benchmarks/recall.py``)."""

OVERSAMPLING = 2.0
"""Of use where there are small vectors: twice as many candidates, compared whole at the end."""

_SCANNED_BELOW = 10_000
"""Points below which vectors are compared one by one, without a graph: exact, and quick enough."""


def threshold_kb(dim: int) -> int:
    """The size of the vectors below which there is no graph, in the engines' unit for thresholds."""
    return max(1, _SCANNED_BELOW * dim * 4 // 1024)
