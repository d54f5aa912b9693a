"""Counting points and their digests while they are written, so that the result can be checked.

The digest of a generation is the sum of its points' digests: whoever writes a point takes the
old one's away and adds the new one's, and knows what must be there in the end without reading it.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence

__all__ = ["Digests", "Tally", "total_of"]

_MODULUS = 1 << 128

Digests = tuple[bytes, bytes]
"""Digest of a whole point, and of its vector: 16 bytes each."""


class Tally:
    """Count and digest of what is stored."""

    def __init__(self, points: int = 0, digest: str = f"{0:032x}") -> None:
        """Start from what is stored already."""
        self.points = points
        self._total = int(digest, 16)

    @property
    def digest(self) -> str:
        """32 hex digits, independent of the order of the points."""
        return f"{self._total:032x}"

    def note(self, old: Digests | None, new: Digests | None) -> None:
        """One point was written or removed; None is "not there"."""
        self.points += (new is not None) - (old is not None)
        self._total += (int.from_bytes(new[0]) if new else 0) - (int.from_bytes(old[0]) if old else 0)
        self._total %= _MODULUS


def total_of(digests: Iterable[bytes] | Sequence[bytes]) -> str:
    """The digest of points with these digests."""
    return f"{sum(map(int.from_bytes, digests)) % _MODULUS:032x}"
