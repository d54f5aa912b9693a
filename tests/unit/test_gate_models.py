"""The gate with a real model, and with the mistakes that are made with models: each of them is refused."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from broken_encoders import MISTAKES, real_entry, with_mistake
from homes import open_home
from techfinder.encoding import CheckedEncoder
from techfinder.finder import Finder
from techfinder.gate import judge_challenger
from techfinder.quality import Measured, Trial, default_questions, sample_people

pytestmark = [pytest.mark.slow, pytest.mark.timeout(1200)]

PEOPLE, EVERY = 120, 5


@pytest.fixture(scope="module")
def finder(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Finder]:
    home = tmp_path_factory.mktemp("gate")
    made = open_home(home, real_entry(home))
    yield made
    made.close()


@pytest.fixture(scope="module")
def trial(finder: Finder) -> Trial:
    return Trial(finder, sample_people(finder, PEOPLE), default_questions(finder)[::EVERY])


@pytest.fixture(scope="module")
def champion(finder: Finder, trial: Trial) -> Measured:
    return trial.measure(CheckedEncoder(finder.encoder_entry()))


@pytest.mark.parametrize("mistake", MISTAKES)
def test_a_mistake_is_refused_with_what_it_costs(
    mistake: str, trial: Trial, champion: Measured, tmp_path: Path
) -> None:
    challenger = trial.measure(CheckedEncoder(with_mistake(mistake, tmp_path)))
    verdict = judge_challenger(champion, challenger)
    assert not verdict.passed
    assert any("similarity alone falls from" in reason and "most in" in reason for reason in verdict.reasons)


def test_the_same_model_passes(trial: Trial, champion: Measured, tmp_path: Path) -> None:
    again = trial.measure(CheckedEncoder(real_entry(tmp_path, name="again")))
    assert judge_challenger(champion, again).passed
