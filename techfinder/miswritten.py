"""Columns that look like numbers or dates but are not written as they are read: what to rewrite."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence

__all__ = ["ambiguous_number", "miswritten"]

_NEARLY_ALL, _MOST = 0.95, 0.7
"""Shares of the cells from which a column looks like something, and like it but for a few."""

_NUMBER = re.compile(r"[+-]?(\d+(\.\d*)?|\.\d+)")
_SEPARATED = r"\d{1,3}([,.'\u2019\u00a0\u202f ]\d{3})+"
_DRESSED = re.compile(rf"([$€£]\s?|[A-Z]{{3}}\s)?[+-]?[$€£]?({_SEPARATED}|\d+)([.,]\d+)?(\s?([%€$£]|[A-Z]{{3}}))?")
"""A number with what the reader of rows does not take: signs of currencies, separators, a percent sign."""

_MONTH = r"(jan|feb|mar|apr|may|jun|jul|aug|sep|oct|nov|dec)[a-z]*\.?"
_DATE = re.compile(
    rf"\d{{1,4}}[/.-]\d{{1,2}}[/.-]\d{{1,4}}([ T].*)?|{_MONTH} \d{{1,2}}(st|nd|rd|th)?,? \d{{4}}"
    rf"|\d{{1,2}}(st|nd|rd|th)?[ .-]{{1,2}}{_MONTH}[ .,-]{{1,2}}\d{{2,4}}|{_MONTH} \d{{4}}",
    re.IGNORECASE,
)
_ISO = re.compile(r"\d{4}-\d\d-\d\d")
_THOUSAND = re.compile(r"[+-]?\d{1,3}\.\d{3}")
_GROUP = 3
"""Digits between the separators of thousands."""


def miswritten(counts: Mapping[str, int]) -> str:
    """What the values of a column look like, and how they are to be written; empty when they look like nothing else.

    Args:
        counts: How many cells have each value.
    """
    if _share(counts, _DATE) >= _NEARLY_ALL:
        example = _other(counts, _DATE, _ISO)
        return example and f'they look like dates; write them as 2026-01-31, not {example!r}, and kind can be "date"'
    if _share(counts, _DRESSED) >= _NEARLY_ALL:
        example = _other(counts, _DRESSED, _NUMBER)
        return example and f'they look like numbers; write {example!r} as {_bare(example)}, and kind can be "number"'
    if _share(counts, _NUMBER) >= _MOST:
        others = _cut(", ".join(repr(v) for v in counts if not _NUMBER.fullmatch(v)))
        return f'they are numbers but for {others}; with these under "missing", kind can be "number"'
    return ""


def _share(counts: Mapping[str, int], pattern: re.Pattern[str]) -> float:
    return sum(n for v, n in counts.items() if pattern.fullmatch(v)) / sum(counts.values())


def _other(counts: Mapping[str, int], pattern: re.Pattern[str], plain: re.Pattern[str]) -> str:
    """The first value of the one form that has not the plain one; empty where all have."""
    return next((v for v in counts if pattern.fullmatch(v) and not plain.fullmatch(v)), "")


def ambiguous_number(values: Sequence[str]) -> str:
    """What to be careful about where numbers may be in thousands: "1.234"; empty for other ones."""
    if len(values) > 1 and all(_THOUSAND.fullmatch(v) for v in values):
        return f"; if {values[0]!r} means thousands, write {values[0].replace('.', '')}"
    return ""


def _bare(text: str) -> str:
    """A number without signs and separators; the last separator is the decimal one unless three digits follow it."""
    bare = re.sub(r"[^\d.,+-]", "", text)
    last = max(bare.rfind("."), bare.rfind(","))
    if last < 0 or len(bare) - last - 1 == _GROUP:
        return re.sub("[.,]", "", bare)
    return f"{re.sub('[.,]', '', bare[:last])}.{bare[last + 1 :]}"


def _cut(text: str, most: int = 60) -> str:
    return text if len(text) <= most else f"{text[:most].rsplit(', ', 1)[0]} and others"
