"""Lifts and their intervals, against textbook values and against what they promise."""

from __future__ import annotations

import numpy as np
import pytest

from techfinder.lifts import lift_of, wilson


@pytest.mark.parametrize(
    ("count", "known", "low", "high"),
    # Newcombe, "Two-sided confidence intervals for the single proportion", 1998, table I, method 3.
    [(81, 263, 0.2553, 0.3662), (15, 148, 0.0624, 0.1605), (0, 20, 0.0, 0.1611), (1, 29, 0.0061, 0.1718)],
)
def test_intervals_are_those_of_the_literature(count: int, known: int, low: float, high: float) -> None:
    assert wilson(count, known) == pytest.approx((low, high), abs=5e-5)


def test_a_lift_is_a_share_against_the_share_of_everybody() -> None:
    lift = lift_of(30, 60, 100, 400)
    assert (lift.share, lift.base_share, lift.lift) == (0.5, 0.25, 2.0)
    low, high = wilson(30, 60)
    assert (lift.low, lift.high) == (low / 0.25, high / 0.25)
    assert lift.verdict == "over"
    assert lift_of(3, 60, 100, 400).verdict == "under"
    assert lift_of(15, 60, 100, 400).verdict == ""


@pytest.mark.parametrize(("count", "verdict"), [(1, ""), (4, ""), (5, "over"), (0, "")])
def test_what_one_or_two_of_a_few_have_is_not_over_represented(count: int, verdict: str) -> None:
    lift = lift_of(count, 25, count or 1, 1000)
    assert lift.low == 0.0 or (lift.low or 0.0) > 1.0  # the interval alone would say so
    assert lift.verdict == verdict


@pytest.mark.parametrize("numbers", [(0, 0, 5, 10), (0, 5, 0, 10), (0, 5, 0, 0)])
def test_where_nothing_is_known_there_is_no_lift(numbers: tuple[int, int, int, int]) -> None:
    lift = lift_of(*numbers)
    assert (lift.lift, lift.low, lift.high, lift.verdict) == (None, None, None, "")


def test_the_interval_holds_the_true_share_as_often_as_it_says() -> None:
    rng = np.random.default_rng(3)
    for share in (0.03, 0.2, 0.5):
        held = 0
        for count in rng.binomial(80, share, 2000).tolist():
            low, high = wilson(count, 80)
            held += low <= share <= high
        assert 0.92 < held / 2000 < 0.98
