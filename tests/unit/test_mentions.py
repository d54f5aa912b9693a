"""Words of free text: stems, weights, and sentences that find texts by what they mention."""

from __future__ import annotations

import math

import pytest

from techfinder.mentions import MOST_WORDS, mentioned_words, word_weight


@pytest.mark.parametrize(
    ("text", "stems"),
    [
        ("Shipping parcels; ships the PARCEL.", ("parcel", "ship", "the")),
        ("Café-owners' data, 5G and a 3D-printer", ("3d", "5g", "and", "cafe", "data", "owner", "printer")),
        ("a b c !", ()),
        ("", ()),
    ],
)
def test_a_text_mentions_the_stems_of_its_words(text: str, stems: tuple[str, ...]) -> None:
    assert mentioned_words(text) == stems


def test_a_very_long_text_is_cut() -> None:
    assert len(mentioned_words(" ".join(f"word{n}" for n in range(MOST_WORDS + 10)))) == MOST_WORDS


def test_rarer_words_weigh_more_and_common_ones_nothing() -> None:
    weights = [word_weight(n, 2000) for n in (1, 20, 200, 900, 1001)]
    assert weights == [1.0, 0.75, 0.25, 0.25, 0.0]
    share = math.log(1 + 1980.5 / 20.5) / math.log(1 + 1999.5 / 1.5)
    assert weights[1] == round(4 * share) / 4
    assert word_weight(1, 1) == 1.0
