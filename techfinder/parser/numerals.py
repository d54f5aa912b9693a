"""Numbers alone, in digits and in words: "60,000", "a couple of", "eighty thousand", "half a million"."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from typing import NamedTuple

from techfinder.parser.english import number_words
from techfinder.parser.tokens import LARGEST, Token

__all__ = ["Number", "Numerals"]

_FEW = {"few": 3, "several": 3, "couple": 2, "dozen": 12, "handful": 5}
_TIMES = frozenset({"hundred", "thousand", "million", "billion", "grand"})
_PARTS = frozenset({"couple", "half", "quarter"})
"""Number words that are none by themselves."""

_BEFORE_ONE = frozenset({"most", "least", "than", "exactly", "only"})
"""Before "one of": it is a number then."""

_MORE_OR_LESS = frozenset({"more", "less", "fewer"})
_DIGITS = re.compile(r"[\d,]+(?:\.\d+)?")


class Number(NamedTuple):
    """A number.

    Attributes:
        value: How much it is.
        end: The token after it.
        money: Whether a currency sign stood there, or a word for money.
    """

    value: float
    end: int
    money: bool = False


class Numerals:
    """Finds the numbers of one sentence."""

    def __init__(self, tokens: Sequence[Token], unit_follows: Callable[[int], bool]) -> None:
        """Take the tokens, and what tells whether a unit begins at one: "one month", unlike "one of them"."""
        self._tokens, self._unit_follows = tokens, unit_follows

    def at(self, token: int) -> Number | None:
        """The number that begins at a token; None when there is none."""
        if token >= len(self._tokens):
            return None
        first = self._tokens[token]
        if first.number is None:
            return self._part_of_a_million(token) or self._few(token) or self._in_words(token)
        value, token = first.number, token + 1
        if self._stem(token) == "dozen":
            return Number(value * _FEW["dozen"], token + 1)
        while (word := self._stem(token)) in _TIMES and value <= LARGEST:
            value, token = value * number_words()[word], token + 1
        return Number(value, token, first.money or self._tokens[token - 1].stem == "grand")

    def multiplier(self, start: int, end: int, value: float) -> float:
        """What the last of two numbers was multiplied by, as in "10 to 50 million" and "70-90k"."""
        word = number_words().get(self._tokens[end - 1].stem, 1) if end - start > 1 else 1
        if word >= 1000:
            return float(word)
        digits = _DIGITS.match(self._tokens[start].text)
        return value / float(digits[0].replace(",", "")) if digits else 1.0

    def _few(self, token: int) -> Number | None:
        """ "a couple of", "a few", "several", "a dozen"."""
        if self._stem(token) in ("a", "an"):
            token += 1
        if self._stem(token) == "half":  # "half a dozen"
            start = token + 1 + (self._stem(token + 1) == "a")
            return Number(_FEW["dozen"] / 2, start + 1) if self._stem(start) == "dozen" else None
        value = _FEW.get(self._stem(token))
        if value is None:
            return None
        end = token + (2 if self._stem(token + 1) == "of" else 1)
        if self._stem(end) == "dozen" and self._stem(token) != "dozen":
            return Number(float(value * _FEW["dozen"]), end + (2 if self._stem(end + 1) == "of" else 1))
        return Number(float(value), end)

    def _in_words(self, token: int) -> Number | None:
        """ "twenty-five", "a hundred and ten", "eighty thousand"."""
        words, start = number_words(), token
        if self._stem(token) in ("a", "an") and self._stem(token + 1) in _TIMES:
            token += 1
        total = current = 0.0
        seen = False
        while word := self._stem(token):
            if word.endswith("ish") and word[:-3] in words:
                word = word[:-3]
            if word == "and" and seen and current >= 100 and self._stem(token + 1) in words:
                token += 1
                continue
            value = words.get(word) if word not in _PARTS else None
            if value is None or total + current > LARGEST:
                break
            if value == 100:
                current = (current or 1) * 100
            elif value >= 1000:
                total, current = total + (current or 1) * value, 0.0
            elif seen and not (current % 100 == 0 or (current % 10 == 0 and value < 10 and current % 100 >= 20)):
                break
            else:
                current += value
            seen, token = True, token + 1
        if seen and self._stem(token) == "dozen":
            return Number((total + current) * _FEW["dozen"], token + 1)
        alone = token - start == 1 and self._stem(start) == "one" and not self._unit_follows(token)
        alone = alone and not (self._stem(token) == "of" and start > 0 and self._stem(start - 1) in _BEFORE_ONE)
        alone = alone and not (start > 1 and self._stem(start - 1) == "than" and self._stem(start - 2) in _MORE_OR_LESS)
        if not seen or alone:  # "no one", "the one who"
            return None
        return Number(total + current, token, self._tokens[token - 1].stem == "grand")

    def _part_of_a_million(self, token: int) -> Number | None:
        """ "half a million", "a quarter of a million"."""
        stems = [t.stem for t in self._tokens[token : token + 6]]
        while stems and stems[0] in ("a", "an", "one"):
            stems, token = stems[1:], token + 1
        if not stems or stems[0] not in ("half", "quarter"):
            return None
        rest = [s for s in stems[1:4] if s not in ("of", "a", "an")][:1]
        if rest != ["million"] and rest != ["thousand"]:
            return None
        words = number_words()
        return Number(words[stems[0]] * words[rest[0]], token + 1 + stems[1:].index(rest[0]) + 1)

    def _stem(self, token: int) -> str:
        return self._tokens[token].stem if token < len(self._tokens) else ""
