"""The gate refuses what people would notice, names where, and lets noise pass."""

import pytest

from techfinder.gate import judge_challenger
from techfinder.quality import Measured


def measured(answers: float, cosine: float, **groups: float) -> Measured:
    return Measured({"all": answers, **groups}, {"all": cosine, **groups}, 100.0, 2.0, 3.0)


CHAMPION = measured(0.90, 0.30, places=0.8, stages=0.9)


@pytest.mark.parametrize(
    ("challenger", "passes"),
    [
        (measured(0.90, 0.30, places=0.8, stages=0.9), True),
        (measured(0.95, 0.40, places=0.9, stages=0.9), True),
        (measured(0.892, 0.30, places=0.7, stages=0.9), True),
        (measured(0.890, 0.30, places=0.7, stages=0.9), False),
        (measured(0.90, 0.286, places=0.8, stages=0.9), True),
        (measured(0.90, 0.284, places=0.8, stages=0.9), False),
        (measured(0.90, 0.02, places=0.8, stages=0.9), False),
    ],
)
def test_a_loss_that_people_would_notice_is_refused(challenger: Measured, passes: bool) -> None:
    assert judge_challenger(CHAMPION, challenger).passed is passes


def test_the_reason_says_how_much_and_where() -> None:
    [reason] = judge_challenger(CHAMPION, measured(0.80, 0.30, places=0.5, stages=0.9)).reasons
    assert "of answers falls from 0.900 to 0.800 (11.1%, at most 1%)" in reason
    assert "most in places (-0.300), stages (+0.000)" in reason


def test_without_questions_nothing_is_let_through_unseen() -> None:
    empty = Measured({}, {}, 100.0, 2.0, 3.0)
    verdict = judge_challenger(empty, empty)
    assert not verdict.passed
    assert "--questions" in verdict.reasons[0]
