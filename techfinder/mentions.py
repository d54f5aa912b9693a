"""Words of free text: what a text mentions, and how much it says that it does.

A text field has no values to choose from, so it is searched by its words: the distinct stems of a text are stored
beside it, and a word of a sentence that no field holds is looked for among them.
"""

from __future__ import annotations

import math
import re
import unicodedata
from functools import lru_cache

import snowballstemmer

__all__ = ["MOST_WORDS", "mentioned_words", "word_weight"]

MOST_WORDS = 2000
"""Distinct words of one text that are stored; a longer text's further ones are not found."""

_WORD = re.compile(r"\w[\w'’]*\w")  # noqa: RUF001
_STEPS = 4
_EVERYWHERE = 0.5


def mentioned_words(text: str) -> tuple[str, ...]:
    """The distinct stems of the text's words in alphabetical order; single letters are left out.

    Stems are those of the Snowball English stemmer (Porter2), without case and accents: "Shipping" and "ships" are
    both "ship".
    """
    plain = "".join(c for c in unicodedata.normalize("NFKD", text.casefold()) if not unicodedata.combining(c))
    found = dict.fromkeys(_stem(w) for w in _WORD.findall(plain))
    return tuple(sorted(list(found)[:MOST_WORDS]))


def word_weight(holders: int, people: int) -> float:
    """How much it says that a text mentions a word: 0.25 for a common one to 1 for a rare one, in quarters.

    It is the inverse document frequency of Robertson and Spärck Jones in the form that BM25 uses,
    ``ln(1 + (N - n + 0.5) / (n + 0.5))``, as a share of that of a word with one holder. Steps of a quarter keep the
    number of different scores small. A word that more than half of the texts mention says nothing: 0.

    Args:
        holders: n, whose texts mention it; at least 1.
        people: N, how many there are in all.
    """
    if holders > _EVERYWHERE * people and people > 1:
        return 0.0
    share = _rarity(holders, people) / _rarity(1, people)
    return max(1, round(_STEPS * min(share, 1.0))) / _STEPS


def _rarity(holders: int, people: int) -> float:
    return math.log1p((people - holders + 0.5) / (holders + 0.5))


@lru_cache(maxsize=100_000)
def _stem(word: str) -> str:
    return str(snowballstemmer.stemmer("english").stemWord(word))
