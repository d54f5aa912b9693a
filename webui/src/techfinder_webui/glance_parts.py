"""What the templates of the audience and of lookalikes show: frozen records, every field explained."""

from __future__ import annotations

from dataclasses import dataclass, field

from techfinder_webui.parts import Badge, Banner, CardFact, Chip, ExportLink, Link, explained

__all__ = [
    "AlikeCard",
    "AlikePart",
    "AudiencePage",
    "Column",
    "Curve",
    "CurveRegion",
    "LookalikePage",
    "Map",
    "Notable",
    "PersonRow",
    "SharedGroup",
    "SharedRow",
    "Spread",
    "SpreadGroup",
    "SpreadRow",
    "Tile",
]


@dataclass(frozen=True, slots=True)
class SpreadRow:
    """A value among the people and among everybody."""

    label: str = field(metadata=explained("The value in words."))
    url: str = field(metadata=explained("The same page with only those who have it; empty where nobody has."))
    count: str = field(metadata=explained("How many of the people have it."))
    share: str = field(metadata=explained("Their share, as '12.5 %'."))
    base: str = field(metadata=explained("The share among everybody."))
    lift: str = field(metadata=explained("Share against share, as '1.44 x'; a dash where it says nothing."))
    interval: str = field(metadata=explained("The lift's interval, as '1.21 to 1.70'."))
    verdict: str = field(metadata=explained("'over', 'under', or empty where the interval leaves it open."))
    bar: float = field(metadata=explained("Length of the bar, in percent."))
    mark: float = field(metadata=explained("Where the share among everybody stands on it, in percent."))
    tone: str = field(default="", metadata=explained("Class of the value's colour in the schema."))
    number: int = field(default=0, metadata=explained("Its number in a chart; 0 for none."))


@dataclass(frozen=True, slots=True)
class Spread:
    """How the people spread over the values of one field."""

    id: str = field(metadata=explained("Of the element, unique on the page."))
    label: str = field(metadata=explained("What it is about."))
    known: str = field(metadata=explained("Of how many it is known; empty when of all."))
    rows: tuple[SpreadRow, ...] = field(metadata=explained("Values shown at once."))
    more: tuple[SpreadRow, ...] = field(default=(), metadata=explained("Values behind 'show more'."))
    hidden: int = field(default=0, metadata=explained("How many values are not listed."))


@dataclass(frozen=True, slots=True)
class CurveRegion:
    """The part of a curve that stands for one value."""

    number: int = field(metadata=explained("As in the table, from the left."))
    text: str = field(metadata=explained("Label and shares, for whoever points at it."))
    base: str = field(metadata=explained("Path of the area under the curve: everybody."))
    people: str = field(metadata=explained("Path of the people's area."))
    x: float = field(metadata=explained("Middle of the region, in percent."))
    tone: str = field(metadata=explained("Class of the value's colour."))


@dataclass(frozen=True, slots=True)
class Curve:
    """A scale drawn under a normal curve, with the people over it."""

    id: str = field(metadata=explained("Of the element, unique on the page."))
    label: str = field(metadata=explained("What it is about."))
    summary: str = field(metadata=explained("What it shows, for who does not see it."))
    regions: tuple[CurveRegion, ...] = field(metadata=explained("From the left."))
    rows: tuple[SpreadRow, ...] = field(metadata=explained("The same as a table."))


@dataclass(frozen=True, slots=True)
class Tile:
    """One tile of a map."""

    label: str = field(metadata=explained("The value."))
    text: str = field(metadata=explained("Label, count and lift, for whoever points at it."))
    count: str = field(metadata=explained("How many of the people."))
    x: float = field(metadata=explained("Left edge, in percent."))
    y: int = field(metadata=explained("Row, from 0."))
    shade: str = field(metadata=explained("'none', 'under', 'even' or 'over'."))
    sign: str = field(metadata=explained("The same as a sign."))


@dataclass(frozen=True, slots=True)
class Map:
    """Values laid out as tiles."""

    id: str = field(metadata=explained("Of the element, unique on the page."))
    label: str = field(metadata=explained("What it is about."))
    summary: str = field(metadata=explained("What it shows, for who does not see it."))
    width: float = field(metadata=explained("Of a tile, in percent."))
    rows_high: int = field(metadata=explained("How many rows of tiles."))
    tiles: tuple[Tile, ...] = field(metadata=explained("The tiles."))
    elsewhere: str = field(metadata=explained("How many people are on no tile; empty for none."))
    spread: Spread = field(metadata=explained("The same as a table."))


@dataclass(frozen=True, slots=True)
class Notable:
    """A value, and the field it is of."""

    about: str = field(metadata=explained("The field's label."))
    row: SpreadRow = field(metadata=explained("The value."))


@dataclass(frozen=True, slots=True)
class SpreadGroup:
    """Spreads of one section of the panel, which can be folded away."""

    id: str = field(metadata=explained("Of the element, unique on the page."))
    label: str = field(metadata=explained("Its heading."))
    spreads: tuple[Spread, ...] = field(metadata=explained("Its fields, in order."))
    strongest: tuple[Notable, ...] = field(metadata=explained("What stands out most among them: told while folded."))
    open: bool = field(metadata=explained("Whether it is unfolded at first."))


@dataclass(frozen=True, slots=True)
class Column:
    """A column of a table, by which it can be sorted."""

    label: str = field(metadata=explained("Its heading."))
    url: str = field(metadata=explained("The page sorted by it, the other way round when it is already; empty: never."))
    sorted: str = field(default="none", metadata=explained("'ascending', 'descending' or 'none'."))
    number: bool = field(default=False, metadata=explained("Whether it holds numbers."))


@dataclass(frozen=True, slots=True)
class PersonRow:
    """A person in the table of people."""

    id: str = field(metadata=explained("The profile's id."))
    url: str = field(metadata=explained("The profile's page."))
    cells: tuple[str, ...] = field(metadata=explained("Values in words, by column."))


@dataclass(frozen=True, slots=True)
class AudiencePage:
    """Of ``audience.html`` (the page) and ``_audience.html`` (what htmx swaps in)."""

    text: str = field(metadata=explained("The question as typed."))
    status: str = field(metadata=explained("How many people of how many, in one sentence."))
    subject: str = field(metadata=explained("What profiles are called, plural."))
    against: bool = field(metadata=explained("Whether these are some of all, and shares stand against everybody's."))
    back_url: str = field(metadata=explained("The search page with the same question."))
    asked: tuple[str, ...] = field(metadata=explained("What is required, in words."))
    chips: tuple[Chip, ...] = field(metadata=explained("What filters ask for, with links that take it back."))
    exports: tuple[ExportLink, ...] = field(metadata=explained("Files of everybody found."))
    banners: tuple[Banner, ...] = field(metadata=explained("Messages."))
    over: tuple[Notable, ...] = field(metadata=explained("What is commonest against everybody, the surest first."))
    under: tuple[Notable, ...] = field(metadata=explained("What is rarest against everybody."))
    curves: tuple[Curve, ...] = field(metadata=explained("Scales that the schema has drawn."))
    maps: tuple[Map, ...] = field(metadata=explained("Values that the schema lays out."))
    groups: tuple[SpreadGroup, ...] = field(metadata=explained("Every field."))
    numbers: tuple[Notable, ...] = field(metadata=explained("All values in one table."))
    number_columns: tuple[Column, ...] = field(metadata=explained("Its columns."))
    numbers_left: int = field(metadata=explained("How many rows are not shown."))
    numbers_open: bool = field(metadata=explained("Whether that table is unfolded: somebody has sorted it."))
    numbers_url: str = field(metadata=explained("The page with all rows."))
    people: tuple[PersonRow, ...] = field(metadata=explained("The first people."))
    people_columns: tuple[Column, ...] = field(metadata=explained("Its columns."))
    method: str = field(metadata=explained("How intervals are made."))


# --- lookalikes -----------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class SharedRow:
    """What the chosen share in one attribute."""

    id: str = field(metadata=explained("Of the element, unique on the page."))
    label: str = field(metadata=explained("What it is about."))
    on: bool = field(metadata=explained("Whether it ranks."))
    sensitive: bool = field(metadata=explained("Whether it is sensitive."))
    locked: bool = field(metadata=explained("Whether only letting sensitive fields count switches it on."))
    url: str = field(metadata=explained("The page with it switched."))
    agreement: int = field(metadata=explained("How far the chosen agree beyond chance, in percent."))
    rows: tuple[SpreadRow, ...] = field(metadata=explained("Their values, the highest lift first."))


@dataclass(frozen=True, slots=True)
class SharedGroup:
    """Attributes of one section of the panel."""

    label: str = field(metadata=explained("Its heading."))
    rows: tuple[SharedRow, ...] = field(metadata=explained("Its attributes."))


@dataclass(frozen=True, slots=True)
class AlikePart:
    """What one attribute adds to a likeness."""

    text: str = field(metadata=explained("Attribute and value in words."))
    percent: str = field(metadata=explained("What it adds, as '+12'; or takes away."))
    adds: bool = field(metadata=explained("Whether it adds."))


@dataclass(frozen=True, slots=True)
class AlikeCard:
    """Somebody like the chosen."""

    id: str = field(metadata=explained("The profile's id."))
    url: str = field(metadata=explained("The profile's page."))
    percent: int = field(metadata=explained("How like, 0 to 100."))
    badges: tuple[Badge, ...] = field(metadata=explained("Values with a colour and an icon."))
    headline: tuple[CardFact, ...] = field(metadata=explained("Short facts under the id."))
    parts: tuple[AlikePart, ...] = field(metadata=explained("What makes them alike, the most first."))
    against: tuple[AlikePart, ...] = field(metadata=explained("What makes them differ."))
    rest: AlikePart | None = field(metadata=explained("The other attributes together; None where all are told."))
    too_url: str = field(metadata=explained("The page with this person among those to be like."))
    not_url: str = field(metadata=explained("The page with this person among those not to be like."))


@dataclass(frozen=True, slots=True)
class LookalikePage:
    """Of ``lookalike.html`` (the page) and ``_lookalike.html`` (what htmx swaps in)."""

    text: str = field(metadata=explained("Further conditions, as typed."))
    status: str = field(metadata=explained("The result in one sentence."))
    subject: str = field(metadata=explained("What profiles are called, plural."))
    back_url: str = field(metadata=explained("The search page with the same conditions."))
    likes: tuple[Chip, ...] = field(metadata=explained("People to be like, each with a link that takes it back."))
    unlikes: tuple[Chip, ...] = field(metadata=explained("People not to be like."))
    asked: tuple[str, ...] = field(metadata=explained("Conditions in words."))
    chips: tuple[Chip, ...] = field(metadata=explained("What filters ask for."))
    hidden: tuple[tuple[str, str], ...] = field(metadata=explained("The rest of the address, kept in the form."))
    banners: tuple[Banner, ...] = field(metadata=explained("Messages."))
    groups: tuple[SharedGroup, ...] = field(default=(), metadata=explained("What the chosen share."))
    sensitive: Link | None = field(default=None, metadata=explained("Lets sensitive fields count, or no more."))
    cards: tuple[AlikeCard, ...] = field(default=(), metadata=explained("The people found, the most alike first."))
    previous_url: str = field(default="", metadata=explained("The cards before these."))
    more: Link | None = field(default=None, metadata=explained("The next cards."))
    method: str = field(default="", metadata=explained("How intervals are made."))
