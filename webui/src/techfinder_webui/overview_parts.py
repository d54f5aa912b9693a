"""What the pages beside the search show, piece by piece: small frozen records, every field explained."""

from __future__ import annotations

from dataclasses import dataclass, field

from techfinder_webui.parts import Badge, CardFact, Link, Piece, explained

__all__ = [
    "Compared",
    "ComparedCell",
    "ComparedGroup",
    "ComparedRow",
    "Day",
    "FieldGroup",
    "FieldRow",
    "FieldValue",
    "GaugeStanding",
    "Lane",
    "Neighbour",
    "Pair",
    "PartRow",
    "StandingRow",
    "Strip",
    "StripBar",
    "Tick",
]


# --- charts ---------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class StripBar:
    """One bar of a small histogram; places and sizes in percent of the chart."""

    text: str = field(metadata=explained("What it holds and how many, as '25 to 34: 120'."))
    x: float = field(metadata=explained("Where it begins."))
    width: float = field(metadata=explained("How wide it is."))
    height: float = field(metadata=explained("How high; at least 3 where anybody is in it."))
    mine: bool = field(metadata=explained("Whether the person in question is in it."))


@dataclass(frozen=True, slots=True)
class Strip:
    """A small histogram of everybody, with the bar marked that the person is in."""

    text: str = field(metadata=explained("The same in words, bar by bar, for those who do not see it."))
    bars: tuple[StripBar, ...] = field(metadata=explained("From the smallest value to the largest."))
    low: str = field(default="", metadata=explained("Smallest value, under its left end."))
    high: str = field(default="", metadata=explained("Largest value, under its right end."))


@dataclass(frozen=True, slots=True)
class Tick:
    """One mark of an axis."""

    x: float = field(metadata=explained("Where, in percent."))
    text: str = field(metadata=explained("What is written there."))


# --- a profile among everybody --------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class GaugeStanding:
    """A gauge, and where that puts the person among everybody."""

    label: str = field(metadata=explained("The gauge's label."))
    text: str = field(metadata=explained("Its value in words."))
    percent: float = field(metadata=explained("How full it is."))
    phrase: str = field(metadata=explained("Where that stands, as 'Higher than 62%'; empty where it has no order."))


@dataclass(frozen=True, slots=True)
class StandingRow:
    """Where a person stands in one field."""

    label: str = field(metadata=explained("The field's label."))
    text: str = field(metadata=explained("The person's value in words."))
    phrase: str = field(metadata=explained("Where that stands, as 'Higher than 62%'."))
    rest: str = field(metadata=explained("The others, as '8% the same, 30% higher'."))
    below: int = field(metadata=explained("People with a smaller value."))
    same: int = field(metadata=explained("People with this value, this person among them."))
    above: int = field(metadata=explained("People with a larger value."))
    known: int = field(metadata=explained("People whose value is known."))
    percentile: str = field(metadata=explained("Percentile rank, half of those with the same value counted as below."))
    strip: Strip = field(metadata=explained("How all values are spread."))


@dataclass(frozen=True, slots=True)
class Lane:
    """When a person adopts one kind of product, on an axis that all kinds share."""

    label: str = field(metadata=explained("The kind of product."))
    product: str = field(metadata=explained("The one that is preferred; empty where none is known."))
    text: str = field(metadata=explained("When, in words: '3 months after release', 'does not use any'."))
    uses: str = field(metadata=explained("'yes', 'no', or empty where it is not known."))
    phrase: str = field(default="", metadata=explained("Where that stands, as 'Earlier than 62%'."))
    rest: str = field(default="", metadata=explained("The others, as '8% the same, 30% earlier'."))
    x: float | None = field(default=None, metadata=explained("Where the mark stands, in percent; None without one."))
    strip: Strip | None = field(default=None, metadata=explained("How everybody's months are spread."))


@dataclass(frozen=True, slots=True)
class Day:
    """Something adopted on a day that is known."""

    iso: str = field(metadata=explained("The day as 2026-01-31."))
    text: str = field(metadata=explained("The day in words."))
    label: str = field(metadata=explained("The kind of product."))
    product: str = field(metadata=explained("Which one; empty where it is not known."))
    after: str = field(metadata=explained("How long after release; empty where it is not known."))


@dataclass(frozen=True, slots=True)
class Neighbour:
    """Somebody who is much like the person shown."""

    id: str = field(metadata=explained("The profile's id."))
    url: str = field(metadata=explained("The profile's page."))
    compare_url: str = field(metadata=explained("Both side by side."))
    badges: tuple[Badge, ...] = field(metadata=explained("Values with a colour and an icon."))
    headline: tuple[CardFact, ...] = field(metadata=explained("Short facts."))
    percent: str = field(metadata=explained("How much alike, as '91%'."))
    width: float = field(metadata=explained("The same as the length of a bar, in percent."))


# --- the fields -----------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class FieldValue:
    """One value that the schema lists for a field."""

    name: str = field(metadata=explained("The value."))
    words: tuple[str, ...] = field(metadata=explained("What else is understood as it."))
    badge: Badge | None = field(metadata=explained("The value with its colour and icon; None where it has none."))


@dataclass(frozen=True, slots=True)
class PartRow:
    """One part of a field that is stored by itself, and how full it is."""

    key: str = field(metadata=explained("Its name in addresses, plans and the API."))
    label: str = field(metadata=explained("Which part of the field; empty where there is only one."))
    share: str = field(metadata=explained("Share of people who have a value, as '62%'."))
    width: float = field(metadata=explained("The same in percent."))
    known: int = field(metadata=explained("How many people have a value."))
    distinct: int = field(metadata=explained("How many different values there are."))
    span: str = field(metadata=explained("Smallest and largest value in words; empty for texts."))


@dataclass(frozen=True, slots=True)
class FieldRow:
    """One field of the schema."""

    id: str = field(metadata=explained("Of the element, unique on the page."))
    label: str = field(metadata=explained("For people."))
    kind: str = field(metadata=explained("What its values are, in words."))
    unit: str = field(metadata=explained("Of numbers."))
    bounds: str = field(metadata=explained("What numbers are accepted, in words; empty where there are no bounds."))
    sensitive: bool = field(metadata=explained("Whether the policy on sensitive fields covers it."))
    words: tuple[str, ...] = field(metadata=explained("What else is understood as the field."))
    values: tuple[FieldValue, ...] = field(metadata=explained("The values that the schema lists, in order."))
    more: bool = field(metadata=explained("Whether other values are accepted too."))
    parts: tuple[PartRow, ...] = field(metadata=explained("How full it is, part by part; empty where nobody is."))
    filters: tuple[Link, ...] = field(metadata=explained("Filters that ask for it, each leading to where it is used."))


@dataclass(frozen=True, slots=True)
class FieldGroup:
    """Fields that belong together."""

    id: str = field(metadata=explained("Of the element, unique on the page."))
    label: str = field(metadata=explained("Its heading."))
    fields: tuple[FieldRow, ...] = field(metadata=explained("In the schema's order."))


# --- several people side by side ------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Compared:
    """One of the people who are compared."""

    id: str = field(metadata=explained("The profile's id."))
    url: str = field(metadata=explained("The profile's page."))
    remove_url: str = field(metadata=explained("The comparison without this person."))
    badges: tuple[Badge, ...] = field(metadata=explained("Values with a colour and an icon."))


@dataclass(frozen=True, slots=True)
class ComparedCell:
    """What one of them has in one field."""

    pieces: tuple[Piece, ...] = field(metadata=explained("The value, or tags with those marked that not all have."))


@dataclass(frozen=True, slots=True)
class ComparedRow:
    """One field of all of them."""

    label: str = field(metadata=explained("The field's label."))
    cells: tuple[ComparedCell, ...] = field(metadata=explained("By person; no pieces where nothing is known."))
    differs: bool = field(metadata=explained("Whether not all have the same."))
    verdict: str = field(metadata=explained("What is to be said of it: 'the same', '2 levels apart', 'differs'."))
    width: float | None = field(metadata=explained("How far apart in percent of what there is; None without measure."))


@dataclass(frozen=True, slots=True)
class ComparedGroup:
    """Fields that belong together."""

    label: str = field(metadata=explained("Its heading."))
    rows: tuple[ComparedRow, ...] = field(metadata=explained("In the schema's order."))


@dataclass(frozen=True, slots=True)
class Pair:
    """How much alike two of them are."""

    text: str = field(metadata=explained("Both ids."))
    percent: str = field(metadata=explained("How much alike, as '91%'."))
    width: float = field(metadata=explained("The same as the length of a bar, in percent."))
