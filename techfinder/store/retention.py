"""Which generations are dropped when another one goes live, in every store."""

from __future__ import annotations

from collections.abc import Sequence

__all__ = ["dropped"]


def dropped(numbers: Sequence[int], live: int, before: int | None, keep: int) -> list[int]:
    """The generations to drop, oldest first, so that at most `keep` stay, the live one included.

    What was live before stays longer than all others, for it is the way back: a generation between the two may
    never have been live, since whoever built it was killed, or was gone back from.

    Args:
        numbers: All that are kept, `live` among them.
        live: What is live now.
        before: What was live before, None for nothing.
        keep: At least 1.
    """
    others = [n for n in sorted(numbers) if n != live]
    staying = sorted(others, key=lambda n: (n == before, n))[len(others) - min(keep - 1, len(others)) :]
    return [n for n in others if n not in staying]
