"""How much one request may ask for."""

from __future__ import annotations

from dataclasses import dataclass

from techfinder.qdrant_calls import DEEPEST, MOST_SEARCHES
from techfinder.settings import Settings

__all__ = ["MOST_OFFSET", "MOST_SEARCHES", "MOST_VALUES_COUNTED", "Limits"]

MOST_OFFSET = DEEPEST
"""Deepest place of a list that is counted off; a scroll goes on from an id instead."""

MOST_VALUES_COUNTED = 10_000
"""Different values of a field above which it is not counted by value, nor looked through for a text."""


@dataclass(frozen=True, slots=True)
class Limits:
    """The limits that settings give.

    Attributes:
        rows: Most points of one request, all its searches together.
        timeout_s: Longest time for one request.
        vectors: Whether stored vectors may be read.
        exact: Whether a search may compare every vector.
    """

    rows: int
    timeout_s: float
    vectors: bool
    exact: bool

    @classmethod
    def of(cls, settings: Settings) -> Limits:
        """Those of the settings."""
        return cls(
            settings.analyst_max_rows, settings.analyst_timeout_s, settings.analyst_vectors, settings.analyst_exact
        )
