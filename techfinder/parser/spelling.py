"""Misspelt words: what is no English word and no word of the vocabulary, but nearly one of it.

Which words are English is told by the list that symspellpy brings along (82,000 words, from books); a word
that is on it is not changed, however near a value of the schema is, unless it is rare and has but two letters of a
common one swapped.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from functools import lru_cache
from importlib.resources import files

from rapidfuzz import process
from rapidfuzz.distance import OSA, JaroWinkler

from techfinder.parser.tokens import stem_of

__all__ = ["Speller", "is_english"]

_SHORTEST = 4
_FAR_FROM = 6
"""Letters from which two mistakes are allowed instead of one."""

_LONGEST = 40
_RARE = 1_000_000
"""Times in books below which an English word is likelier mistyped than meant, where another is commoner by far."""

_COMMONER = 20
_RUN_TOGETHER = 8
_KEPT = 4096
"""Misspelt words whose right ones are kept."""

_PART = 3
"""Letters that two words run together have at least, and either of them."""


@lru_cache(maxsize=1)
def _english() -> Mapping[str, int]:
    """English words, with how often books have them."""
    text = files("symspellpy").joinpath("frequency_dictionary_en_82_765.txt").read_text(encoding="utf-8-sig")
    return {word: int(count) for word, _, count in (line.partition(" ") for line in text.splitlines())}


def is_english(word: str) -> bool:
    """Whether the word, in whatever case, is an English one."""
    folded = word.casefold()
    return folded in _english() or stem_of(folded) in _english()


class Speller:
    """Puts misspelt words right."""

    def __init__(self, words: Iterable[str]) -> None:
        """Take the words (stems) that are right."""
        self._words = frozenset(words)
        self._by_length: dict[int, list[str]] = defaultdict(list)
        for word in sorted(self._words):
            if len(word) >= _SHORTEST:
                self._by_length[len(word)].append(word)
        self._near = lru_cache(_KEPT)(self._nearest)

    def parted(self, word: str) -> tuple[str, str] | None:
        """The two words (as typed) that were run together, as "highbudget"; None when it is not that.

        Both are words that are right and long enough to be no accident; of several ways the one with the longest
        first word is taken.
        """
        if not _RUN_TOGETHER <= len(word) <= _LONGEST or not word.isalpha() or is_english(word):
            return None
        for cut in range(len(word) - _PART, _PART - 1, -1):
            first, second = word[:cut], word[cut:]
            if stem_of(first) in self._words and stem_of(second) in self._words and is_english(first):
                return first, second
        return None

    def corrected(self, word: str) -> str | None:
        """The word (stem) that a misspelt one most likely stands for; None when there is none."""
        return next(iter(self.corrections(word)), None)

    def corrections(self, word: str) -> Sequence[str]:
        """The words (stems) that a misspelt one may stand for, the likeliest first.

        Letters left out, added, changed and swapped count as one mistake each (optimal string alignment);
        of words that are as near, one with the same first letter is taken, then the most alike by Jaro-Winkler.
        """
        return self._near(word)

    def _nearest(self, word: str) -> Sequence[str]:
        stem = stem_of(word)
        if not _SHORTEST <= len(stem) <= _LONGEST or not stem.isalpha():
            return ()
        if is_english(word):
            swapped = self._swapped(stem)
            return (swapped,) if swapped else ()
        most = 1 if len(stem) < _FAR_FROM else 2
        near = [
            (distance, other[0] != stem[0], -JaroWinkler.similarity(stem, other), other)
            for length in range(len(stem) - most, len(stem) + most + 1)
            for other, distance, _ in process.extract(
                stem, self._by_length.get(length, ()), scorer=OSA.distance, score_cutoff=most, limit=None
            )
            if len(stem) > _SHORTEST or len(other) > len(stem) or sorted(other) == sorted(stem)
        ]
        return tuple(other for distance, _, _, other in sorted(near) if distance == min(near)[0])

    def _swapped(self, stem: str) -> str | None:
        """The word that a rare one is with two letters swapped, where that is far commoner: "appel"."""
        often = _english().get(stem, 0)
        if not 0 < often < _RARE or stem in self._words:
            return None
        for place in range(1, len(stem) - 1):
            other = f"{stem[:place]}{stem[place + 1]}{stem[place]}{stem[place + 2 :]}"
            if other in self._words and _english().get(other, 0) > _COMMONER * often:
                return other
        return None
