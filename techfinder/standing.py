"""Where one profile stands among everybody, in each attribute whose values have an order."""

from __future__ import annotations

import math
import time
from bisect import bisect_right
from collections.abc import Mapping
from dataclasses import dataclass

from techfinder.errors import ProfileNotFound, StoreUnavailable, cut
from techfinder.histograms import Span, Spans, bar_clauses, bar_ends, bar_starts, iso_day
from techfinder.interfaces import Collection, FacetRequest
from techfinder.models import Profile
from techfinder.overviews import FieldStanding, Standing, StandingBar
from techfinder.plan import Condition
from techfinder.schema import Attribute, Schema
from techfinder.steady import steadily
from techfinder.words import value_text

__all__ = ["standing"]

_EXACT = 2**53
"""From here on floats miss whole numbers."""

_PATIENCE_S = 3.0
"""How long a change that is under way is waited for: the profile is new by then, and the counts are old."""

_POLL_S = 0.1


def standing(profile_id: str, schema: Schema, collection: Collection, spans: Spans) -> Standing:
    """The profile of that id among everybody: counted in the columns, one look at each attribute.

    Raises:
        ProfileNotFound: There is no such profile.
        StoreUnavailable: The profile is being changed, and that takes long.
        StoreError: The store failed.
    """

    def ask() -> tuple[Profile, tuple[FieldStanding, ...]]:
        found = collection.retrieve([profile_id])
        if not found:
            raise ProfileNotFound([profile_id])
        return found[0], _fields(found[0], schema, collection, spans)

    deadline = time.monotonic() + _PATIENCE_S
    while True:
        (profile, fields), generation = steadily(collection.info, ask)
        if all(f.same for f in fields):  # themselves at least
            return Standing(profile, fields, generation)
        if time.monotonic() > deadline:
            raise StoreUnavailable(f"Profile {cut(profile_id)} is being changed. Try again.")
        time.sleep(_POLL_S)


@dataclass(frozen=True, slots=True)
class _Ladder:
    """The numbers behind an attribute, with the profile's own and where the bars begin.

    Attributes:
        attribute: As it is told.
        numbers: The attribute that holds its numbers: itself, a scale's level, a date's day.
        value: The profile's number.
        starts: Where each bar begins, ascending.
        last: Where the last bar ends.
    """

    attribute: Attribute
    numbers: Attribute
    value: float
    starts: tuple[float, ...]
    last: float

    @property
    def whole(self) -> bool:
        return self.numbers.storage == "integer"

    @property
    def cuts(self) -> tuple[float, ...]:
        """Where the bars begin, and also right before and right behind the profile's own number."""
        behind = self.value + 1 if self.whole else math.nextafter(self.value, math.inf)
        return tuple(sorted({*self.starts, self.value, behind}))

    def written(self, number: float) -> float | str:
        if self.attribute.ordered:
            return self.attribute.field.values[int(number)].name
        return number if self.numbers is self.attribute else iso_day(number)


def _fields(profile: Profile, schema: Schema, collection: Collection, spans: Spans) -> tuple[FieldStanding, ...]:
    pairs = [(a, n) for a in schema.told if (n := _numbers_of(a, schema)) and _exact(profile, n)]
    known = spans.of(collection, [n.key for a, n in pairs if not a.ordered])
    ladders = [_ladder(a, n, float(str(profile.values[n.key])), known.get(n.key)) for a, n in pairs]
    requests = [FacetRequest(made.attribute.key, (), options=_options(made)) for made in ladders]
    counts = collection.facets(requests)
    return tuple(_field(made, profile, counts[made.attribute.key]) for made in ladders)


def _numbers_of(attribute: Attribute, schema: Schema) -> Attribute | None:
    """The attribute that holds the numbers behind this one; None where its values have no order."""
    if attribute.numeric:
        return attribute
    return schema.attributes.get(f"{attribute.key}_level" if attribute.ordered else f"{attribute.key}_day")


def _exact(profile: Profile, numbers: Attribute) -> bool:
    """Whether the profile's number is known, and told apart from the next whole one by the bounds of a range."""
    value = profile.values.get(numbers.key)
    return isinstance(value, float) or (isinstance(value, int) and abs(value) < _EXACT)


def _ladder(attribute: Attribute, numbers: Attribute, value: float, span: Span | None) -> _Ladder:
    if attribute.ordered:
        levels = tuple(float(n) for n in range(len(attribute.known_values)))
        return _Ladder(attribute, numbers, value, levels, levels[-1])
    low, high = span or (value, value)
    starts = bar_starts(numbers, (low, high), dated=numbers is not attribute)
    return _Ladder(attribute, numbers, value, starts, high)


def _options(ladder: _Ladder) -> Mapping[str, tuple[Condition, ...]]:
    return {str(n): (c,) for n, c in enumerate(bar_clauses(ladder.numbers.key, ladder.cuts))}


def _field(ladder: _Ladder, profile: Profile, counts: Mapping[str, int | float]) -> FieldStanding:
    attribute, cuts = ladder.attribute, ladder.cuts
    held = [int(counts.get(str(n), 0)) for n in range(len(cuts))]
    mine = cuts.index(ladder.value)
    return FieldStanding(
        key=attribute.key,
        label=attribute.label,
        unit=attribute.unit,
        sensitive=attribute.field.sensitive,
        text=value_text(attribute, profile.values[attribute.key]),
        below=sum(held[:mine]),
        same=held[mine],
        above=sum(held[mine + 1 :]),
        bars=_bars(ladder, held),
    )


def _bars(ladder: _Ladder, held: list[int]) -> tuple[StandingBar, ...]:
    places = [bisect_right(ladder.starts, cut) - 1 for cut in ladder.cuts]
    mine = bisect_right(ladder.starts, ladder.value) - 1
    ends = bar_ends(ladder.starts, ladder.last, ladder.whole)
    return tuple(
        StandingBar(
            low=ladder.written(low),
            high=ladder.written(high),
            count=sum(count for at, count in zip(places, held, strict=True) if at == n),
            mine=n == mine,
        )
        for n, (low, high) in enumerate(zip(ladder.starts, ends, strict=True))
    )
