"""What templates show, piece by piece: small frozen records, every field explained."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Literal

from techfinder import Gauge

__all__ = [
    "Badge",
    "Banner",
    "Bar",
    "CallText",
    "Card",
    "CardFact",
    "Chip",
    "Editor",
    "EditorOption",
    "ExportLink",
    "FacetPanel",
    "FactGroup",
    "Link",
    "Named",
    "Nothing",
    "Option",
    "PanelGroup",
    "Piece",
    "Reason",
    "Relaxed",
    "Segment",
    "SortOption",
    "Understood",
    "explained",
]


def explained(help: str) -> dict[str, str]:
    """The metadata of a field: what a designer needs to know of it."""
    return {"help": help}


@dataclass(frozen=True, slots=True)
class Link:
    """A text and where it leads."""

    text: str = field(metadata=explained("What is read."))
    url: str = field(metadata=explained("Path and query on this site."))


@dataclass(frozen=True, slots=True)
class ExportLink:
    """A kind of file that everybody found can be taken away as."""

    text: str = field(metadata=explained("What kind of file it is."))
    note: str = field(metadata=explained("What it is good for."))
    url: str = field(metadata=explained("Where it is sent from."))


@dataclass(frozen=True, slots=True)
class CallText:
    """A call to be copied."""

    name: str = field(metadata=explained("For ids in the page."))
    title: str = field(metadata=explained("Where it runs."))
    text: str = field(metadata=explained("The call."))
    rows: int = field(metadata=explained("How many lines are shown."))


@dataclass(frozen=True, slots=True)
class Banner:
    """A message in the page, about what went wrong, is not ready, or was not understood."""

    kind: str = field(metadata=explained("'info', 'warning' or 'error'."))
    title: str = field(metadata=explained("What is the matter, in a few words."))
    text: str = field(default="", metadata=explained("What to do about it."))
    command: str = field(default="", metadata=explained("A shell command that helps, shown to be copied."))
    links: tuple[Link, ...] = field(default=(), metadata=explained("Other searches that help."))


# --- cards ----------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Badge:
    """A value that the schema tells apart by colour and icon."""

    label: str = field(metadata=explained("The field's label."))
    text: str = field(metadata=explained("The value in words."))
    icon: str = field(metadata=explained("Name of a symbol in _icons.html."))
    tone: str = field(metadata=explained("Class in /schema.css."))
    matched: bool = field(default=False, metadata=explained("Whether it was asked for."))


@dataclass(frozen=True, slots=True)
class Piece:
    """A part of a fact's text."""

    text: str = field(metadata=explained("What is read."))
    matched: bool = field(metadata=explained("Whether it was asked for."))


@dataclass(frozen=True, slots=True)
class CardFact:
    """One known value in words."""

    label: str = field(metadata=explained("What it is."))
    text: str = field(metadata=explained("The value in words."))
    pieces: tuple[Piece, ...] = field(metadata=explained("The same, several for tags, where some of it was asked for."))
    wide: bool = field(metadata=explained("Whether it needs a line of its own."))
    note: str = field(default="", metadata=explained("What to add in small letters, as '4 of 5'."))


@dataclass(frozen=True, slots=True)
class Segment:
    """The part of a score that one reason has."""

    label: str = field(metadata=explained("The reason in words."))
    tone: str = field(metadata=explained("Class that gives it the colour of its chip."))
    start: float = field(metadata=explained("Where it begins, in percent of a full score."))
    width: float = field(metadata=explained("How long it is, in percent of a full score."))
    percent: str = field(metadata=explained("The same in words, as '25%'; all of them add up to the score's."))


@dataclass(frozen=True, slots=True)
class Reason:
    """One line of "why this person"."""

    text: str = field(metadata=explained("What was asked for, in words."))
    words: str = field(metadata=explained("The words of the question it came from; empty for a filter."))
    held: bool = field(metadata=explained("Whether it holds for this person."))
    wish: bool = field(metadata=explained("Whether it only ranks."))
    percent: str = field(metadata=explained("Its part of the score, as '25%'; empty where there is no score."))
    tone: str = field(metadata=explained("Class that gives it the colour of its chip."))


@dataclass(frozen=True, slots=True)
class Card:
    """One person in the results."""

    id: str = field(metadata=explained("The profile's id."))
    url: str = field(metadata=explained("The profile's page."))
    like_url: str = field(metadata=explained("People like this one."))
    pick_url: str = field(
        metadata=explained("The same page with this person picked to be compared, or not; empty where four are picked.")
    )
    picked: bool = field(metadata=explained("Whether this person is picked to be compared."))
    match: Gauge | None = field(metadata=explained("How well it fits; None when nothing was ranked."))
    segments: tuple[Segment, ...] = field(metadata=explained("What the match is made of; adds up to it."))
    gauges: tuple[Gauge, ...] = field(metadata=explained("The other gauges, in order."))
    asked_gauges: frozenset[str] = field(metadata=explained("Names of those that show what was asked for."))
    badges: tuple[Badge, ...] = field(metadata=explained("Values with a colour and an icon."))
    headline: tuple[CardFact, ...] = field(metadata=explained("Short facts under the id."))
    details: tuple[CardFact, ...] = field(metadata=explained("Longer facts at the end of the card."))
    reasons: tuple[Reason, ...] = field(metadata=explained("Why this person; empty when nothing was asked."))
    fails: tuple[str, ...] = field(default=(), metadata=explained("What a near miss does not fulfil, in words."))


# --- what was understood --------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class EditorOption:
    """One value that an editor offers."""

    value: str = field(metadata=explained("As it is sent."))
    label: str = field(metadata=explained("For people."))
    selected: bool = field(metadata=explained("Whether it is asked for now."))
    count: int | None = field(default=None, metadata=explained("People with it, where that is known."))


@dataclass(frozen=True, slots=True)
class Editor:
    """Changes the values of one condition in place."""

    kind: Literal["levels", "range", "date", "values", "parts"] = field(metadata=explained("What it looks like."))
    name: str = field(metadata=explained("Of its inputs."))
    key: str = field(metadata=explained("Of the condition."))
    hidden: tuple[tuple[str, str], ...] = field(metadata=explained("The rest of the search, to be sent with it."))
    legend: str = field(default="", metadata=explained("What the values are: any of these, none of these."))
    options: tuple[EditorOption, ...] = field(default=(), metadata=explained("Levels, values or alternatives."))
    low: str = field(default="", metadata=explained("Lower end, or lowest level."))
    high: str = field(default="", metadata=explained("Upper end, or highest level."))
    unit: str = field(default="", metadata=explained("Of a range."))
    typed: bool = field(default=False, metadata=explained("Whether other values may be typed."))


@dataclass(frozen=True, slots=True)
class Understood:
    """One condition of the sentence."""

    id: str = field(metadata=explained("Of the element, unique on the page and the same after an edit."))
    words: str = field(metadata=explained("The words it came from."))
    text: str = field(metadata=explained("What it asks for, in words."))
    role: Literal["must", "wish", "out"] = field(metadata=explained("Required, only ranking, or left out."))
    edited: bool = field(metadata=explained("Whether it differs from how it was read."))
    tone: str = field(metadata=explained("Class of its colour in the bars of the cards."))
    drop_url: str = field(metadata=explained("The same search without it; or with it again when it is left out."))
    flip_url: str = field(metadata=explained("The same search with it in the other role."))
    reset_url: str = field(metadata=explained("The same search with it as it was read."))
    editor: Editor | None = field(metadata=explained("None where there are no values to change."))


@dataclass(frozen=True, slots=True)
class Chip:
    """One thing asked for besides the sentence, or one correction, with the link that takes it back."""

    label: str = field(metadata=explained("What it is about."))
    text: str = field(metadata=explained("The value in words."))
    url: str = field(metadata=explained("The same search without it; empty where the sentence says so."))
    undo: str = field(default="remove this filter", metadata=explained("What the link does, for screen readers."))
    tone: str = field(default="", metadata=explained("Class of its colour in the bars of the cards."))


@dataclass(frozen=True, slots=True)
class Named:
    """Somebody whose id was typed as the question."""

    id: str = field(metadata=explained("The profile's id."))
    url: str = field(metadata=explained("Their page."))
    like_url: str = field(metadata=explained("People like them."))


@dataclass(frozen=True, slots=True)
class Relaxed:
    """One way to find somebody."""

    text: str = field(metadata=explained("What is left out, in words."))
    url: str = field(metadata=explained("The search without it."))
    count: int = field(metadata=explained("How many people that finds."))


@dataclass(frozen=True, slots=True)
class Nothing:
    """Why nobody is found, and what would find somebody."""

    because: str = field(metadata=explained("The reason, in one sentence."))
    ways: tuple[Relaxed, ...] = field(metadata=explained("Searches with one thing left out, the most people first."))
    wishes_url: str = field(default="", metadata=explained("Everything said as a wish; empty where that cannot be."))


# --- the filter panel -----------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Option:
    """One value to tick."""

    id: str = field(metadata=explained("Of the checkbox, unique on the page."))
    value: str = field(metadata=explained("As in the URL."))
    label: str = field(metadata=explained("For people."))
    count: int = field(metadata=explained("People with it, under all other filters."))
    share: int = field(metadata=explained("The count in percent of the facet's largest."))
    selected: bool = field(metadata=explained("Ticked."))


@dataclass(frozen=True, slots=True)
class Bar:
    """One bar of a histogram."""

    text: str = field(metadata=explained("What it holds and how many, as '25 to 34: 120'."))
    low: str = field(metadata=explained("For the lower input when it is picked."))
    high: str = field(metadata=explained("For the upper input when it is picked."))
    x: float = field(metadata=explained("Where it begins, in percent."))
    width: float = field(metadata=explained("How wide it is, in percent."))
    height: int = field(metadata=explained("How high, in percent of the highest; at least 2 where anybody is in it."))
    selected: bool = field(metadata=explained("Whether what is asked for touches it."))


@dataclass(frozen=True, slots=True)
class FacetPanel:
    """One filter of the panel."""

    id: str = field(metadata=explained("Of the element, unique on the page."))
    name: str = field(metadata=explained("As in the URL."))
    label: str = field(metadata=explained("For people."))
    control: str = field(metadata=explained("'choice', 'range' or 'date'."))
    active: int = field(metadata=explained("How many values are ticked or asked for besides."))
    open: bool = field(metadata=explained("Unfolded when the page arrives."))
    options: tuple[Option, ...] = field(default=(), metadata=explained("Values shown at once."))
    more: tuple[Option, ...] = field(default=(), metadata=explained("Values behind 'show all'."))
    hidden: int = field(default=0, metadata=explained("How many values are not listed at all."))
    total: int = field(default=0, metadata=explained("How many values there are."))
    findable: bool = field(default=False, metadata=explained("Whether its values can be searched."))
    find: str = field(default="", metadata=explained("What is looked for in its values."))
    unit: str = field(default="", metadata=explained("Of a range."))
    low: str = field(default="", metadata=explained("Smallest number or first day there is."))
    high: str = field(default="", metadata=explained("Largest number or last day there is."))
    chosen_min: str = field(default="", metadata=explained("Lower end as chosen."))
    chosen_max: str = field(default="", metadata=explained("Upper end as chosen."))
    bars: tuple[Bar, ...] = field(default=(), metadata=explained("A histogram; empty where there is none."))


@dataclass(frozen=True, slots=True)
class PanelGroup:
    """A section of the panel."""

    id: str = field(metadata=explained("Of the element, unique on the page."))
    label: str = field(metadata=explained("Its heading."))
    facets: tuple[FacetPanel, ...] = field(metadata=explained("Its filters, in order."))
    folded: bool = field(metadata=explained("Whether the section as a whole is folded: one kind of product."))
    open: bool = field(metadata=explained("Whether a folded section is unfolded when the page arrives."))
    active: int = field(metadata=explained("How many values are chosen in it."))


@dataclass(frozen=True, slots=True)
class SortOption:
    """One order of the results."""

    value: str = field(metadata=explained("As in the URL; empty is best first."))
    label: str = field(metadata=explained("For people."))
    selected: bool = field(metadata=explained("Whether it is the order now."))


# --- profiles -------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class FactGroup:
    """Facts that belong together on the profile page."""

    label: str = field(metadata=explained("Its heading."))
    facts: tuple[CardFact, ...] = field(metadata=explained("Every known value, in words."))
