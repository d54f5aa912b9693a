"""The search as it stands in the URL: question, filters, page and order.

The URL is the whole state of the search page. A form sent without JavaScript has empty
parameters and ranges of numbers or dates in two parts (``age.min``, ``age.max``); reading folds them, and
writing gives the one short form: ``/?q=nurses&age=30..40&adopter_category=Innovator``.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from typing import Literal
from urllib.parse import parse_qsl, urlencode

from techfinder import Sort, parse_sort

__all__ = ["LIMIT_TOP", "PAGE", "Address", "history_step", "split_range"]

PAGE = 20
"""Cards on a page unless the URL says otherwise."""

LIMIT_TOP = 1000
"""Most cards on one page: the plan's own bound."""

_OFFSET_TOP = 10_000_000
_OWN = ("q", "limit", "offset", "sort")


@dataclass(frozen=True, slots=True)
class Address:
    """What one URL of the search page asks for.

    Attributes:
        text: The question as typed, without spaces at its ends.
        filters: Values by filter name, in the order given, none empty.
        limit: Number of cards, 1 to :data:`LIMIT_TOP`.
        offset: Number of hits to skip.
        sort: As given: attribute keys, each with a leading ``-`` for highest first, joined by commas or not.
    """

    text: str = ""
    filters: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    limit: int = PAGE
    offset: int = 0
    sort: tuple[str, ...] = ()

    @classmethod
    def read(cls, pairs: Iterable[tuple[str, str]]) -> Address:
        """The address in URL parameters. Never fails: what is no number is as if not given."""
        own: dict[str, list[str]] = {name: [] for name in _OWN}
        filters: dict[str, list[str]] = {}
        for name, value in _fold(pairs):
            kept = own[name] if name in own else filters.setdefault(name, [])
            if value not in kept:
                kept.append(value)
        return cls(
            text=" ".join(own["q"]),
            filters={name: tuple(values) for name, values in filters.items()},
            limit=_whole(own["limit"], PAGE, 1, LIMIT_TOP),
            offset=_whole(own["offset"], 0, 0, _OFFSET_TOP),
            sort=tuple(own["sort"]),
        )

    def pairs(self) -> list[tuple[str, str]]:
        """URL parameters, the ones that say nothing new left out."""
        made = [("q", self.text)] if self.text else []
        made += [(name, value) for name, values in self.filters.items() for value in values]
        made += [("sort", name) for name in self.sort]
        made += [("limit", str(self.limit))] if self.limit != PAGE else []
        return made + ([("offset", str(self.offset))] if self.offset else [])

    def url(self, path: str) -> str:
        """This address on the page at `path`."""
        query = urlencode(self.pairs())
        return f"{path}?{query}" if query else path

    def without(self, name: str, value: str) -> Address:
        """The first page of the same search with one filter value less."""
        left = {n: tuple(v for v in values if (n, v) != (name, value)) for n, values in self.filters.items()}
        return self.first_page(filters={n: values for n, values in left.items() if values})

    def instead(self, name: str, value: str, other: str) -> Address:
        """The first page of the same search with another value in the place of one."""
        values = dict.fromkeys(other if v == value else v for v in self.filters.get(name, ()))
        return self.first_page(filters={**self.filters, name: tuple(values)})

    def first_page(self, *, filters: Mapping[str, tuple[str, ...]]) -> Address:
        """The same question and order with other filters, from the beginning."""
        return replace(self, filters=filters, limit=PAGE, offset=0)

    def sorts(self) -> tuple[Sort, ...]:
        """The order asked for, as a plan has it."""
        return parse_sort(self.sort)


def split_range(value: str) -> tuple[str, str] | None:
    """Both ends of ``"30..40"``, ``"30.."`` or ``"..40"``; None when it is no such range."""
    low, dots, high = value.partition("..")
    return (low.strip(), high.strip()) if dots and (low.strip() or high.strip()) else None


def history_step(current_url: str, asked: Address) -> Literal["none", "replace", "push"]:
    """What going from the browser's URL to `asked` does to its history.

    Typing on, and asking for more of the same, replaces the entry, so that Back leads to the
    search before and not to one letter less.
    """
    # Only what follows the question mark matters, and a header may hold anything: no URL parser here.
    before = Address.read(parse_qsl(current_url.partition("#")[0].partition("?")[2], keep_blank_values=True))
    if before == asked:
        return "none"
    same_filters = (before.filters, before.sort) == (asked.filters, asked.sort)
    if same_filters and before.offset == asked.offset and _typed_on(before.text, asked.text):
        return "replace"
    return "push"


def _typed_on(before: str, after: str) -> bool:
    return before == after or bool(before and after and (before.startswith(after) or after.startswith(before)))


def _fold(pairs: Iterable[tuple[str, str]]) -> list[tuple[str, str]]:
    ends: dict[str, dict[str, str]] = {}
    folded: list[tuple[str, str]] = []
    for name, raw in pairs:
        value = raw.strip()
        base, dot, end = name.rpartition(".")
        if dot and base and end in ("min", "max"):
            ends.setdefault(base, {})[end] = value
        elif value:
            folded.append((name, value))
    made = [(base, f"{part.get('min', '')}..{part.get('max', '')}") for base, part in ends.items()]
    return folded + [(base, value) for base, value in made if value != ".."]


def _whole(values: list[str], default: int, low: int, high: int) -> int:
    text = values[-1] if values else ""
    return min(max(int(text), low), high) if text.isascii() and text.isdigit() and len(text) < 10 else default
