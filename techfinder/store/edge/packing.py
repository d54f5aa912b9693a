"""Points on their way to the builder.

Ids and digests are worked out on this side, while the builder is busy with the points before:
its time is the engine's. Vectors travel as one array, which costs a third of many small ones.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any
from uuid import UUID

import numpy as np

from techfinder.store.points import StoredPoint, digest_of, point_id, vector_digest

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from techfinder.store.tally import Digests

__all__ = ["PackedPoints"]


@dataclass(frozen=True, slots=True)
class PackedPoints:
    """Points in the form in which they travel.

    Attributes:
        ids: Point ids, 16 bytes each.
        payloads: By point.
        digests: By point; None for those without a vector.
        vectors: Of those that have one, shape (n, dim).
    """

    ids: list[bytes]
    payloads: list[dict[str, Any]]
    digests: list[Digests | None]
    vectors: NDArray[np.float32]

    @classmethod
    def of(cls, points: Sequence[StoredPoint]) -> PackedPoints:
        """The points, packed."""
        vectors = [p.vector for p in points if p.vector is not None]
        matrix = np.stack(vectors) if vectors else np.empty((0, 0), dtype=np.float32)
        return cls([point_id(p.id).bytes for p in points], [p.payload for p in points], _digests(points), matrix)

    @property
    def whole(self) -> bool:
        """Whether every point has a vector."""
        return len(self.vectors) == len(self.ids)

    def unpacked(self) -> list[tuple[UUID, StoredPoint]]:
        """The points that were packed, with their ids."""
        rows = iter(self.vectors)
        return [
            (UUID(bytes=identity), StoredPoint(payload["_id"], payload, None if digests is None else next(rows)))
            for identity, payload, digests in zip(self.ids, self.payloads, self.digests, strict=True)
        ]


def _digests(points: Sequence[StoredPoint]) -> list[Digests | None]:
    found: list[Digests | None] = []
    for point in points:
        vector = None if point.vector is None else vector_digest(point.vector)
        found.append(None if vector is None else (digest_of(point.payload, vector), vector))
    return found
