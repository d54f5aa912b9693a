"""What may be asked of stored points as they are, in the terms of the database: for readers who know its API.

A filter is one of :mod:`techfinder.store.conditions`, in which ``{"has_id": [...]}`` may stand too. It names stored
attributes and nothing else; whoever lets others ask checks that. Point ids are UUIDs in text form.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

__all__ = [
    "CountQuery",
    "FacetQuery",
    "FoundPoint",
    "FoundPoints",
    "NearestQuery",
    "OrderedQuery",
    "PointsAnswer",
    "PointsQuery",
    "RetrieveQuery",
    "ScrollQuery",
]


@dataclass(frozen=True, slots=True)
class NearestQuery:
    """The points most similar to a vector, ordered as ``Collection.search`` orders them.

    Attributes:
        vector: Shape (dim,).
        filter: Which points count; empty is all.
        limit, offset: Which part of the list.
        exact: Compare with every vector.
        threshold: Leave out what is less similar.
        vectors: Whether vectors come back.
    """

    vector: NDArray[np.float32]
    filter: Mapping[str, Any]
    limit: int
    offset: int = 0
    exact: bool = False
    threshold: float | None = None
    vectors: bool = False


@dataclass(frozen=True, slots=True)
class OrderedQuery:
    """The points by a number that they have, or by ``_ordinal``; equal ones in stored order.

    Attributes:
        filter: Which points count; those without the number do not.
        key: The attribute.
        descending: The highest first.
        limit, offset: Which part of the list.
        vectors: Whether vectors come back.
    """

    filter: Mapping[str, Any]
    key: str
    descending: bool
    limit: int
    offset: int = 0
    vectors: bool = False


@dataclass(frozen=True, slots=True)
class ScrollQuery:
    """A page of the points, by their ids.

    Attributes:
        filter: Which points count.
        start: The first id that may come; empty is the very first.
        limit: Length of the page.
        offset: How many to skip.
        vectors: Whether vectors come back.
    """

    filter: Mapping[str, Any]
    start: str
    limit: int
    offset: int = 0
    vectors: bool = False


@dataclass(frozen=True, slots=True)
class RetrieveQuery:
    """The points with these ids that exist, in the order asked."""

    ids: tuple[str, ...]
    vectors: bool = False


@dataclass(frozen=True, slots=True)
class CountQuery:
    """How many points there are, exactly."""

    filter: Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class FacetQuery:
    """How many points have each value of an attribute, exactly."""

    filter: Mapping[str, Any]
    key: str


PointsQuery = NearestQuery | OrderedQuery | ScrollQuery | RetrieveQuery | CountQuery | FacetQuery


@dataclass(frozen=True, slots=True)
class FoundPoint:
    """One point.

    Attributes:
        id: Its UUID.
        payload: All of it, keys of ours included.
        score: Its similarity to the vector asked for; 0.0 without one.
        vector: None unless asked for.
    """

    id: str
    payload: Mapping[str, Any]
    score: float = 0.0
    vector: NDArray[np.float32] | None = None


@dataclass(frozen=True, slots=True)
class FoundPoints:
    """Points in order; `following` is the id with which a scroll goes on, None after its last page."""

    points: tuple[FoundPoint, ...]
    following: str | None = None


PointsAnswer = FoundPoints | int | dict[str | int, int]
"""Points, a count, or counts by value."""
