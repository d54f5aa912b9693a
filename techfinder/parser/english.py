"""General English: what words do in a sentence, how much, how soon, how old. The words are in ``english.toml``."""

from __future__ import annotations

import tomllib
from collections.abc import Mapping, Sequence
from functools import lru_cache
from importlib.resources import files

from techfinder.parser.senses import Sense, Vocabulary

__all__ = [
    "ambiguous_towns",
    "excluding_words",
    "filling_words",
    "learn",
    "likeness_words",
    "number_words",
    "usual_orders",
]

_UP_TO_TWENTY = (
    "zero one two three four five six seven eight nine ten eleven twelve thirteen fourteen fifteen sixteen seventeen "
    "eighteen nineteen"
)
_TENS = "twenty thirty forty fifty sixty seventy eighty ninety"
_NUMBERS: Mapping[str, float] = {
    **{word: n for n, word in enumerate(_UP_TO_TWENTY.split())},
    **{word: 10 * n for n, word in enumerate(_TENS.split(), 2)},
    "hundred": 100,
    "thousand": 1000,
    "grand": 1000,
    "million": 1_000_000,
    "billion": 1_000_000_000,
    "dozen": 12,
    "couple": 2,
    "half": 0.5,
    "quarter": 0.25,
}
_GOOD = ("good", "great", "high", "strong", "big", "large", "much", "deep")
"""Behind "not very" and the like: "not very good" is what "not very" is."""

_GRADED = ("by_money", "compare", "compare_after", "grade", "speed", "unit", "age")
"""Tables whose keys say what exactly is meant."""


@lru_cache(maxsize=1)
def _tables() -> Mapping[str, Mapping[str, Sequence[str]]]:
    return tomllib.loads(files("techfinder.parser").joinpath("english.toml").read_text(encoding="utf-8"))


def number_words() -> Mapping[str, float]:
    """The value of a word that stands for a number, or multiplies the number before it."""
    return _NUMBERS


@lru_cache(maxsize=1)
def excluding_words() -> frozenset[str]:
    """Words, in small letters, that leave out what stands behind them."""
    verbs = (f"{verb} out" for verb in _tables()["function"]["out_verb"])
    return frozenset((*_tables()["function"]["not"], *verbs))


@lru_cache(maxsize=1)
def filling_words() -> frozenset[str]:
    """Single words, in small letters, that say nothing, or that only begin to tell of somebody: "anyone with"."""
    function = _tables()["function"]
    phrases = (*_tables()["filler"]["words"], *function["open"], *function["whoever"])
    return frozenset(word for phrase in phrases for word in phrase.split())


def ambiguous_towns() -> frozenset[str]:
    """Names of towns, in small letters, that are words or first names as well."""
    return frozenset(_tables()["towns"]["words"])


def likeness_words(kind: str) -> Sequence[str]:
    """What stands before the id of somebody to be ``like``, or ``unlike``."""
    return _tables()["likeness"][kind]


def usual_orders() -> Sequence[Sequence[str]]:
    """Words in small letters that often stand on a scale, from low to high."""
    return _tables()["orders"]["scales"]


def learn(vocabulary: Vocabulary) -> None:
    """Teach all of it."""
    tables = _tables()
    for kind, phrases in tables["function"].items():
        _add(vocabulary, phrases, Sense(kind))
    for kind in _GRADED:
        for meaning, phrases in tables[kind].items():
            _add(vocabulary, phrases, Sense(kind, meaning))
    slight = [f"{p} {good}" for p in tables["grade"]["below mid"] if p.startswith("not ") for good in _GOOD]
    _add(vocabulary, slight, Sense("grade", "below mid"))
    for meaning, phrases in tables["compare"].items():
        _add(vocabulary, _misspoken(phrases), Sense("compare", meaning))
    _add(vocabulary, tables["filler"]["words"], Sense("filler"))
    for word in _NUMBERS:
        vocabulary.words.update((word, f"{word}s"))


def _misspoken(phrases: Sequence[str]) -> list[str]:
    """Comparisons as they are often put, "older then 30" and "less as 50k", and behind "or"."""
    than = [p for p in phrases if p.endswith(" than") and not p.startswith(("and ", "or "))]
    than += [f"or {p}" for p in than]
    return [p.removesuffix("than") + other for p in than for other in ("than", "then", "as")]


def _add(vocabulary: Vocabulary, phrases: Sequence[str], sense: Sense) -> None:
    for phrase in phrases:
        vocabulary.add(phrase, sense)
