"""The search as it stands in the URL: question, filters, edits of what was understood, page and order.

The URL is the whole state of the search page. A form sent without JavaScript has empty
parameters and ranges of numbers or dates in two parts (``age.min``, ``age.max``); reading folds them, and
writing gives the one short form: ``/?q=nurses&age=30..40&adopter_category=Innovator``. Names with a dot are the
page's own, since no filter's name has one: ``edit.drop`` and others (:class:`techfinder.Edits`), ``find.NAME`` (the
text to look for in the values of a filter), ``compare.id`` (who is picked to be compared); ``like`` apart, which no
field may be called.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Literal
from urllib.parse import parse_qsl, urlencode

from techfinder import Edits, Sort, parse_sort

__all__ = ["LIMIT_TOP", "MOST_PICKS", "PAGE", "Address", "history_step", "split_range"]

PAGE = 20
"""Cards on a page unless the URL says otherwise."""

LIMIT_TOP = 1000
"""Most cards on one page: the plan's own bound."""

MOST_PICKS = 4
"""People to be compared; more do not fit side by side."""

_OFFSET_TOP = 10_000_000
_OWN = ("q", "like", "limit", "offset", "sort")
_FIND = "find."
_PICK = "compare.id"
_EDITOR = "edit.form"
"""Says that an editor was sent: what it holds no value for is left out, and not as it was read."""


@dataclass(frozen=True, slots=True)
class Address:
    """What one URL of the search page asks for.

    Attributes:
        text: The question as typed, without spaces at its ends.
        filters: Values by filter name, in the order given, none empty.
        limit: Number of cards, 1 to :data:`LIMIT_TOP`.
        offset: Number of hits to skip.
        sort: As given: attribute keys, each with a leading ``-`` for highest first, joined by commas or not.
        edits: What was changed in the reading of the question.
        like: Ids of people to be like.
        finds: What to look for in the values of a filter, by its name.
        picks: Ids of people to put side by side.
    """

    text: str = ""
    filters: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    limit: int = PAGE
    offset: int = 0
    sort: tuple[str, ...] = ()
    edits: Edits = field(default_factory=Edits)
    like: tuple[str, ...] = ()
    finds: Mapping[str, str] = field(default_factory=dict)
    picks: tuple[str, ...] = ()

    @classmethod
    def read(cls, pairs: Iterable[tuple[str, str]]) -> Address:
        """The address in URL parameters. Never fails: what is no number is as if not given."""
        own: dict[str, list[str]] = {name: [] for name in _OWN}
        filters: dict[str, list[str]] = {}
        finds: dict[str, str] = {}
        folded = _fold(pairs)
        for name, value in folded:
            if name.startswith(_FIND):
                finds[name.removeprefix(_FIND)] = value
            elif name != _EDITOR and name != _PICK and not Edits.names(name):
                kept = own[name] if name in own else filters.setdefault(name, [])
                if value not in kept:
                    kept.append(value)
        return cls(
            text=" ".join(own["q"]),
            filters={name: tuple(values) for name, values in filters.items()},
            limit=_whole(own["limit"], PAGE, 1, LIMIT_TOP),
            offset=_whole(own["offset"], 0, 0, _OFFSET_TOP),
            sort=tuple(own["sort"]),
            edits=_edits(folded),
            like=tuple(own["like"]),
            finds=finds,
            picks=tuple(dict.fromkeys(value for name, value in folded if name == _PICK))[:MOST_PICKS],
        )

    def pairs(self) -> list[tuple[str, str]]:
        """URL parameters, the ones that say nothing new left out."""
        made = [("q", self.text)] if self.text else []
        made += [("like", profile_id) for profile_id in self.like]
        made += [(name, value) for name, values in self.filters.items() for value in values]
        made += self.edits.pairs()
        made += [(_FIND + name, text) for name, text in self.finds.items()]
        made += self.picked()
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

    def first_page(
        self, *, filters: Mapping[str, tuple[str, ...]] | None = None, edits: Edits | None = None
    ) -> Address:
        """The same question and order with other filters or edits, from the beginning."""
        filters = self.filters if filters is None else filters
        return replace(self, filters=filters, edits=self.edits if edits is None else edits, limit=PAGE, offset=0)

    def lookalikes(self, profile_id: str) -> Address:
        """People like this one who fulfil what is asked for here."""
        return replace(self, like=(profile_id,), sort=(), limit=PAGE, offset=0)

    def picked(self) -> list[tuple[str, str]]:
        """The parameters for those who are picked to be compared."""
        return [(_PICK, profile_id) for profile_id in self.picks]

    def pick(self, profile_id: str) -> Address:
        """The same page with one more, or with this one less, picked to be compared."""
        left = tuple(i for i in self.picks if i != profile_id)
        return replace(self, picks=left if profile_id in self.picks else (*self.picks, profile_id))

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
    same = all(getattr(before, name) == getattr(asked, name) for name in ("filters", "sort", "like"))
    # Edits of what the text no longer asks for go by themselves while it is typed.
    same = same and (before.edits == asked.edits or before.text != asked.text)
    if same and before.offset == asked.offset and _typed_on(before.text, asked.text):
        return "replace"
    return "push"


def _typed_on(before: str, after: str) -> bool:
    return before == after or bool(before and after and (before.startswith(after) or after.startswith(before)))


def _edits(folded: Sequence[tuple[str, str]]) -> Edits:
    """The edits; what a sent editor holds no value for is left out."""
    edits = Edits.read(folded)
    for key in (value for name, value in folded if name == _EDITOR):
        if key not in edits.changed and key not in edits.dropped:
            edits = edits.drop(key)
    return edits


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
