"""What each template gets: one frozen record per page, nothing else reaches Jinja.

A test renders every page and compares the template's variables with these fields.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, fields

from techfinder import Fact, Gauge

__all__ = [
    "Badge",
    "Banner",
    "Card",
    "Chip",
    "FacetPanel",
    "FactGroup",
    "Link",
    "Option",
    "PanelGroup",
    "ProblemPage",
    "ProfilePage",
    "Reading",
    "SearchPage",
]


def _of(help: str) -> dict[str, str]:
    return {"help": help}


@dataclass(frozen=True, slots=True)
class Link:
    """A text and where it leads."""

    text: str = field(metadata=_of("What is read."))
    url: str = field(metadata=_of("Path and query on this site."))


@dataclass(frozen=True, slots=True)
class Banner:
    """A message in the page, about what went wrong or is not ready."""

    kind: str = field(metadata=_of("'info', 'warning' or 'error'."))
    title: str = field(metadata=_of("What is the matter, in a few words."))
    text: str = field(default="", metadata=_of("What to do about it."))
    command: str = field(default="", metadata=_of("A shell command that helps, shown to be copied."))
    links: tuple[Link, ...] = field(default=(), metadata=_of("Other searches that help."))


@dataclass(frozen=True, slots=True)
class Badge:
    """A value that the schema tells apart by colour and icon."""

    label: str = field(metadata=_of("The field's label."))
    text: str = field(metadata=_of("The value in words."))
    icon: str = field(metadata=_of("Name of a symbol in _icons.html."))
    tone: str = field(metadata=_of("Class in /schema.css."))


@dataclass(frozen=True, slots=True)
class Card:
    """One person in the results."""

    id: str = field(metadata=_of("The profile's id."))
    url: str = field(metadata=_of("The profile's page."))
    match: Gauge | None = field(metadata=_of("How well it fits; None when nothing was ranked."))
    gauges: tuple[Gauge, ...] = field(metadata=_of("The other gauges, in order."))
    badges: tuple[Badge, ...] = field(metadata=_of("Values with a colour and an icon."))
    headline: tuple[Fact, ...] = field(metadata=_of("Short facts under the id."))
    details: tuple[Fact, ...] = field(metadata=_of("Longer facts at the end of the card."))
    fails: tuple[str, ...] = field(default=(), metadata=_of("What a near miss does not fulfil."))


@dataclass(frozen=True, slots=True)
class Chip:
    """One active filter value with the link that removes it."""

    label: str = field(metadata=_of("The filter's label."))
    text: str = field(metadata=_of("The value in words."))
    url: str = field(metadata=_of("The same search without it."))


@dataclass(frozen=True, slots=True)
class Reading:
    """One thing that was understood of the sentence."""

    words: str = field(metadata=_of("The words it came from."))
    text: str = field(metadata=_of("What they were read as."))
    wish: bool = field(metadata=_of("True when it only ranks."))


@dataclass(frozen=True, slots=True)
class Option:
    """One value to tick."""

    id: str = field(metadata=_of("Of the checkbox, unique on the page."))
    value: str = field(metadata=_of("As in the URL."))
    label: str = field(metadata=_of("For people."))
    count: int = field(metadata=_of("People with it, under all other filters."))
    share: int = field(metadata=_of("The count in percent of the facet's largest."))
    selected: bool = field(metadata=_of("Ticked."))


@dataclass(frozen=True, slots=True)
class FacetPanel:
    """One filter of the panel."""

    id: str = field(metadata=_of("Of the element, unique on the page."))
    name: str = field(metadata=_of("As in the URL."))
    label: str = field(metadata=_of("For people."))
    control: str = field(metadata=_of("'choice', 'range' or 'date'."))
    active: int = field(metadata=_of("How many values are ticked or asked for besides."))
    open: bool = field(metadata=_of("Unfolded when the page arrives."))
    options: tuple[Option, ...] = field(default=(), metadata=_of("Values shown at once."))
    more: tuple[Option, ...] = field(default=(), metadata=_of("Values behind 'show all'."))
    hidden: int = field(default=0, metadata=_of("How many values are not listed at all."))
    unit: str = field(default="", metadata=_of("Of a range."))
    low: str = field(default="", metadata=_of("Smallest number or first day there is."))
    high: str = field(default="", metadata=_of("Largest number or last day there is."))
    chosen_min: str = field(default="", metadata=_of("Lower end as chosen."))
    chosen_max: str = field(default="", metadata=_of("Upper end as chosen."))


@dataclass(frozen=True, slots=True)
class PanelGroup:
    """A section of the panel."""

    label: str = field(metadata=_of("Its heading."))
    facets: tuple[FacetPanel, ...] = field(metadata=_of("Its filters, in order."))


@dataclass(frozen=True, slots=True)
class SearchPage:
    """Of ``search.html`` (the page) and ``_update.html`` (what htmx swaps in)."""

    text: str = field(metadata=_of("The question as typed."))
    status: str = field(metadata=_of("The result in one sentence, read aloud when it changes."))
    ranking: str = field(default="", metadata=_of("How the cards are ordered and how long it took."))
    subject: str = field(default="people", metadata=_of("What profiles are called, plural."))
    examples: tuple[Link, ...] = field(default=(), metadata=_of("Questions to try, as the schema gives them."))
    banners: tuple[Banner, ...] = field(default=(), metadata=_of("Messages above the cards."))
    poll_url: str = field(default="", metadata=_of("Asked every second while the encoder loads; empty when ready."))
    chips: tuple[Chip, ...] = field(default=(), metadata=_of("Active filters."))
    readings: tuple[Reading, ...] = field(default=(), metadata=_of("What was understood of the sentence."))
    near: tuple[Card, ...] = field(
        default=(), metadata=_of("Near misses, where fewer fulfil everything than fit a row.")
    )
    clear_url: str = field(default="", metadata=_of("The same question without filters."))
    panel: tuple[PanelGroup, ...] = field(default=(), metadata=_of("The filter panel."))
    hidden: tuple[tuple[str, str], ...] = field(
        default=(), metadata=_of("Filter values that no control of the panel holds, to keep them in the form.")
    )
    cards: tuple[Card, ...] = field(default=(), metadata=_of("The people found, best first."))
    empty: bool = field(default=False, metadata=_of("True when the search worked and found no one."))
    previous_url: str = field(default="", metadata=_of("The cards before these."))
    more: Link | None = field(default=None, metadata=_of("More cards, or the next ones."))


@dataclass(frozen=True, slots=True)
class FactGroup:
    """Facts that belong together on the profile page."""

    label: str = field(metadata=_of("Its heading."))
    facts: tuple[Fact, ...] = field(metadata=_of("Every known value, in words."))


@dataclass(frozen=True, slots=True)
class ProfilePage:
    """Of ``profile.html``."""

    id: str = field(metadata=_of("The profile's id."))
    badges: tuple[Badge, ...] = field(metadata=_of("Values with a colour and an icon."))
    gauges: tuple[Gauge, ...] = field(metadata=_of("All gauges but the match."))
    groups: tuple[FactGroup, ...] = field(metadata=_of("All facts."))


@dataclass(frozen=True, slots=True)
class ProblemPage:
    """Of ``problem.html``: no such page, or nothing to show."""

    banner: Banner = field(metadata=_of("What is the matter and what to do."))


def variables(context: SearchPage | ProfilePage | ProblemPage) -> Mapping[str, object]:
    """The context's fields by name, as a template gets them."""
    return {f.name: getattr(context, f.name) for f in fields(context)}
