"""The quality gate: whether a new encoder may take over from the one that answers.

Both are measured on the same people and questions. A loss that people would notice is refused: more than a hundredth
of nDCG@10 in what searches answer. Similarity alone may lose a little more, since it only orders people who fulfil a
question equally; a broken encoder (shuffled weights, wrong pooling) loses most of it, and is refused by that.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass

from techfinder.quality import ALL, Measured

__all__ = ["Verdict", "judge_challenger"]

MOST_LOST_ANSWERS = 0.01
MOST_LOST_COSINE = 0.05
_NAMED = 3


@dataclass(frozen=True, slots=True)
class Verdict:
    """What the gate found.

    Attributes:
        reasons: Why the challenger is refused, as sentences; empty when it is not.
        champion, challenger: What was measured; the champion is None where it cannot be loaded any more.
    """

    reasons: tuple[str, ...]
    champion: Measured | None
    challenger: Measured

    @property
    def passed(self) -> bool:
        """Whether nothing speaks against the challenger."""
        return not self.reasons

    def facts(self) -> dict[str, object]:
        """For the audit."""
        return asdict(self)


def judge_challenger(champion: Measured, challenger: Measured) -> Verdict:
    """The verdict on a challenger that was measured on the same people and questions as the champion."""
    if ALL not in champion.answers:
        why = "There are no questions to measure it with: name some with --questions."
        return Verdict((why,), champion, challenger)
    reasons = []
    for what, before, after, most in (
        ("answers", champion.answers, challenger.answers, MOST_LOST_ANSWERS),
        ("similarity alone", champion.cosine, challenger.cosine, MOST_LOST_COSINE),
    ):
        lost = _loss(before[ALL], after[ALL])
        if lost > most:
            reasons.append(
                f"nDCG@10 of {what} falls from {before[ALL]:.3f} to {after[ALL]:.3f} ({lost:.1%}, at most {most:.0%}); "
                f"most in {_worst(before, after)}."
            )
    return Verdict(tuple(reasons), champion, challenger)


def _loss(before: float, after: float) -> float:
    return (before - after) / before if before > 0 else 0.0


def _worst(before: Mapping[str, float], after: Mapping[str, float]) -> str:
    """The groups that lose most, by how much."""
    lost = sorted((after.get(g, 0.0) - value, g) for g, value in before.items() if g != ALL)
    return ", ".join(f"{group} ({change:+.3f})" for change, group in lost[:_NAMED])
