"""How much more common something is among some people than among everybody.

The lift of a value is its share among the people divided by its share in the base: 2 is twice as common, 0.5 half as
common. Shares are of those of whom the attribute is known. The interval beside it is Wilson's score interval for the
share among the people, at 95 %, divided by the share in the base: E. B. Wilson, "Probable inference, the law of
succession, and statistical inference", Journal of the American Statistical Association 22 (1927), pages 209 to 212. The
base is everybody there is and not a sample of anything, so that its share is taken as it is.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

__all__ = ["FEWEST", "METHOD", "Z95", "Lift", "lift_of", "wilson"]

Z95 = 1.959963984540054
METHOD = "Wilson score interval, 95 %"
FEWEST = 5
"""People who must have a value before it counts as over-represented."""


@dataclass(frozen=True, slots=True)
class Lift:
    """A value among some people and in the base.

    Attributes:
        count, known: How many of the people have the value, and of how many the attribute is known.
        base_count, base_known: The same of the base.
        share, base_share: The counts as shares of those of whom it is known; 0.0 when it is known of nobody.
        lift: Share divided by share in the base; None where that says nothing, since either is known of nobody or
            nobody at all has the value.
        low, high: Ends of the interval of the lift; None where there is none.
    """

    count: int
    known: int
    base_count: int
    base_known: int
    share: float
    base_share: float
    lift: float | None
    low: float | None
    high: float | None

    @property
    def verdict(self) -> str:
        """``"over"`` or ``"under"`` represented, where the interval leaves no doubt; else ``""``.

        Fewer than :data:`FEWEST` people are never over-represented: among hundreds of values that hardly anybody has,
        some are always shared by one or two of the few.
        """
        if self.low is None or self.high is None:
            return ""
        return "over" if self.low > 1.0 and self.count >= FEWEST else "under" if self.high < 1.0 else ""


def lift_of(count: int, known: int, base_count: int, base_known: int) -> Lift:
    """The lift of a value, from how many have it."""
    share = count / known if known else 0.0
    base_share = base_count / base_known if base_known else 0.0
    if not known or not base_share:
        return Lift(count, known, base_count, base_known, share, base_share, None, None, None)
    low, high = wilson(count, known)
    return Lift(
        count, known, base_count, base_known, share, base_share, share / base_share, low / base_share, high / base_share
    )


def wilson(count: int, known: int, z: float = Z95) -> tuple[float, float]:
    """Both ends of the score interval for the share of `count` among `known` people; `known` is at least 1."""
    share, squared = count / known, z * z
    middle = share + squared / (2 * known)
    spread = z * math.sqrt(share * (1 - share) / known + squared / (4 * known * known))
    scale = 1 + squared / known
    # At either end the sums cancel out but for a rounding error.
    low = 0.0 if count == 0 else max((middle - spread) / scale, 0.0)
    high = 1.0 if count == known else min((middle + spread) / scale, 1.0)
    return low, high
