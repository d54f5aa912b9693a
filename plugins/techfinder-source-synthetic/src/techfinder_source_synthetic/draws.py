"""From evenly spread numbers in [0, 1) to levels, choices and tags, for whole arrays at once.

Everything starts from ``Generator.random``: its stream is the one that numpy keeps the same from
version to version, so the same seed makes the same people for longer.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Sequence
from functools import lru_cache
from itertools import accumulate

import numpy as np
from numpy.typing import NDArray

__all__ = ["Draw", "Floats", "Ints", "blanked", "blend", "choose", "cumulated", "levels", "normal", "pick", "tag_texts"]

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]
Draw = Callable[[], Floats]
"""One call, one number in [0, 1) for each person of the block."""

_AT_ONCE = 10
_GRID = np.linspace(-5, 5, 4001)
_NORMAL = np.array([0.5 * (1 + math.erf(x / math.sqrt(2))) for x in _GRID])


def normal(evenly: Floats) -> Floats:
    """The standard normal numbers below which those shares of the normal distribution lie, -5 to 5."""
    return np.interp(evenly, _NORMAL, _GRID)


def blend(noise: Floats, *parts: tuple[float, Floats]) -> Floats:
    """A sum of weighted standard normal parts, and as much noise as makes its spread about 1 again."""
    total = sum((weight * values for weight, values in parts), np.zeros(len(noise)))
    return total + math.sqrt(max(0.0, 1 - sum(w * w for w, _ in parts))) * normal(noise)


def cumulated(shares: Iterable[float]) -> Floats:
    """Shares summed up from the left, scaled to end at 1."""
    sums = np.array(list(accumulate(shares)))
    scaled: Floats = sums / sums[-1]
    return scaled


def pick(evenly: Floats, cumulative: Floats) -> Ints:
    """Positions drawn with the given cumulated shares."""
    return np.minimum(np.searchsorted(cumulative, evenly, side="right"), len(cumulative) - 1)


def levels(latent: Floats, shares: Iterable[float]) -> Ints:
    """Positions on a scale, so that a standard normal `latent` fills the levels by `shares`, low to high."""
    return np.searchsorted(normal(cumulated(shares)[:-1]), latent, side="right")


def choose(evenly: Floats, utility: Floats) -> Ints:
    """One column for each row of `utility` (people x choices), likelier the higher; -inf is never chosen."""
    odds = np.exp(utility - utility.max(axis=1, keepdims=True)).cumsum(axis=1)
    chosen: Ints = (odds <= (evenly * odds[:, -1])[:, None]).sum(axis=1)
    return chosen


def tag_texts(chosen: NDArray[np.bool_], names: Sequence[str]) -> NDArray[np.object_]:
    """The names that each row of `chosen` marks, joined by a comma and a blank; None where it marks none."""
    texts: NDArray[np.object_] = np.full(len(chosen), "", dtype=object)
    # All sets of ten names fit into a table of texts; more names are done ten at a time.
    for start in range(0, len(names), _AT_ONCE):
        part = tuple(names[start : start + _AT_ONCE])
        mask = chosen[:, start : start + _AT_ONCE] @ (1 << np.arange(len(part)))
        comma = np.where((texts != "") & (mask > 0), ", ", "").astype(object)
        texts = texts + comma + _set_texts(part)[mask]
    return blanked(texts, texts == "")


def blanked(values: NDArray[np.object_], missing: NDArray[np.bool_]) -> NDArray[np.object_]:
    """The values, with None in the places marked as missing."""
    kept = values.copy()
    kept[missing] = None
    return kept


@lru_cache(maxsize=8)
def _set_texts(names: tuple[str, ...]) -> NDArray[np.object_]:
    masks = range(1 << len(names))
    return np.array([", ".join(n for i, n in enumerate(names) if mask >> i & 1) for mask in masks], dtype=object)
