"""Words, numbers and marks of a sentence, each with its place in the text."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterator
from dataclasses import dataclass

__all__ = ["LARGEST", "Token", "stem_of", "tokenize"]

_INVISIBLE = "\u00ad\u200b\u200c\u200d\u2060\ufeff"
"""Characters that only say where a word may break or not; copied text has them inside words."""

_PATTERN = re.compile(
    r"(?P<short>\bw/o\b|\bw/)"
    r"|(?P<number>(?P<sign>[$€£]\s?)?(?P<digits>\d{1,3}(?:,\d{3})+(?:\.\d+)?|\d{1,3}(?:\.\d{3})+(?![\d.])|\d+(?:\.\d+)?)"
    r"(?P<times>(?:k|m|mm|mn|bn|b)(?![^\W\d_]))?)"
    rf"|(?P<word>[^\W\d_]+(?:['{_INVISIBLE}]+[^\W\d_]+)*|[^\W_]+)"
    r"|(?P<mark>\.\.|[^\w\s])",
    re.IGNORECASE,
)
_THOUSANDS = re.compile(r"[1-9]\d{0,2}(?:\.\d{3})+")
LARGEST = 1e15
"""Numbers above it are no quantities of anything here: they stay words."""

_TIMES = {"k": 1e3, "m": 1e6, "mm": 1e6, "mn": 1e6, "bn": 1e9, "b": 1e9}
_SHORT = {"w/": "with", "w/o": "without", "sans": "without"}
"""Other ways to write a word; without its plural "sans" would be "San"."""

_LIKE = str.maketrans({"’": "'", "‘": "'", "`": "'", "–": "-", "—": "-", "‑": "-", "−": "-", "…": "."})  # noqa: RUF001
_DROPPED = str.maketrans("", "", f"'{_INVISIBLE}")
_NEGATED = {"ca": "can", "wo": "will", "sha": "shall", "ai": "is"}
_UNMARKED = frozenset(
    {
        "dont",
        "doesnt",
        "isnt",
        "arent",
        "wont",
        "cant",
        "didnt",
        "havent",
        "hasnt",
        "wasnt",
        "werent",
        "wouldnt",
        "shouldnt",
        "aint",
    }
)
"""What is often typed without its apostrophe; the last two letters stand for "not"."""

_ENDINGS = ("'s", "'d", "'re", "'ve", "'ll", "'m", "'")


@dataclass(frozen=True, slots=True)
class Token:
    """One word, number or mark.

    Attributes:
        text: As typed.
        stem: Without case, accents and plural: what is compared. A number's is its value.
        start, end: Where it stands in the text.
        number: Its value, thousands and millions worked in; None where it is no number.
        money: Whether a currency sign stands before the number.
        glued: Whether nothing stands between it and the token before.
    """

    text: str
    stem: str
    start: int
    end: int
    number: float | None = None
    money: bool = False
    glued: bool = False


def tokenize(text: str) -> list[Token]:
    """The tokens of `text`. "don't" is two of them, "do" and "not", as is "I'd"; a possessive's ending is left out."""
    found: list[Token] = []
    for match in _PATTERN.finditer(text.translate(_LIKE)):
        glued = bool(found) and found[-1].end == match.start()
        if match["number"]:
            value = _value(match["digits"]) * _TIMES.get((match["times"] or "").lower(), 1)
            number = value if value <= LARGEST else None
            found.append(Token(match[0], f"{value:.15g}", *match.span(), number, bool(match["sign"]), glued))
        else:
            start, end = match.span()
            stems = list(_stems(match[0]))
            found += [Token(text[start:end], s, start, end, glued=glued) for s in stems]
    return found


def _value(digits: str) -> float:
    """The number that is written: commas, and full stops before three digits each, part thousands."""
    digits = digits.replace(",", "")
    return float(digits.replace(".", "") if _THOUSANDS.fullmatch(digits) else digits)


def _stems(part: str) -> Iterator[str]:
    """The stems of one part of a sentence."""
    word = _SHORT.get(part.lower(), part).lower()
    if word.endswith("n't") or word in _UNMARKED:
        head = word.removesuffix("n't") if word.endswith("n't") else word[:-2]
        yield stem_of(_NEGATED.get(head, head))
        yield "not"
        return
    would = word.endswith("'d")
    for ending in _ENDINGS:
        word = word.removesuffix(ending)
    yield "and" if word == "&" else stem_of(word)
    if would:
        yield "would"


def stem_of(word: str) -> str:
    """The word without case, accents and plural ending.

    Far less than a stemmer does, so that no two words of a schema fall together: "Texas" and "texa" are
    the same, "marketing" and "market" are not.
    """
    plain = word.casefold()
    if not plain.isascii():
        plain = "".join(c for c in unicodedata.normalize("NFKD", plain) if not unicodedata.combining(c))
    plain = plain.translate(_DROPPED)
    if len(plain) > 4 and plain.endswith("ies"):
        return f"{plain[:-3]}y"
    if len(plain) > 4 and plain.endswith(("sses", "shes", "ches", "xes", "zzes")):
        return plain[:-2]
    if len(plain) > 3 and plain.endswith("s") and not plain.endswith(("ss", "us", "is")):
        return plain[:-1]
    return plain
