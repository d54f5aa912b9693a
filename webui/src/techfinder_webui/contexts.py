"""What each template gets: one frozen record per page, nothing else reaches Jinja.

Their parts are in :mod:`techfinder_webui.parts`. A test renders every page and compares the template's variables
with these fields.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, fields
from typing import TYPE_CHECKING

from techfinder_webui.overview_parts import (
    Compared,
    ComparedGroup,
    Day,
    FieldGroup,
    GaugeStanding,
    Lane,
    Neighbour,
    Pair,
    StandingRow,
    Tick,
)
from techfinder_webui.parts import (
    Badge,
    Banner,
    CallText,
    Card,
    CardFact,
    Chip,
    ExportLink,
    FactGroup,
    Link,
    Named,
    Nothing,
    PanelGroup,
    SortOption,
    Understood,
    explained,
)

if TYPE_CHECKING:
    from _typeshed import DataclassInstance

__all__ = [
    "CallPage",
    "ComparePage",
    "FieldsPage",
    "LivePart",
    "LogPage",
    "ProblemPage",
    "ProfilePage",
    "SearchPage",
    "variables",
]


@dataclass(frozen=True, slots=True)
class SearchPage:
    """Of ``search.html`` (the page) and ``_update.html`` (what htmx swaps in)."""

    text: str = field(metadata=explained("The question as typed."))
    status: str = field(metadata=explained("The result in one sentence, read aloud when it changes."))
    browsing: bool = field(metadata=explained("Whether it shows everyone: no question, no filter, nobody to be like."))
    live_url: str = field(metadata=explained("Where events come from: index runs, new generations."))
    ranking: str = field(default="", metadata=explained("How the cards are ordered and how long it took."))
    sorts: tuple[SortOption, ...] = field(default=(), metadata=explained("Orders to choose from."))
    subject: str = field(default="people", metadata=explained("What profiles are called, plural."))
    examples: tuple[Link, ...] = field(default=(), metadata=explained("Questions to try, as the schema gives them."))
    banners: tuple[Banner, ...] = field(default=(), metadata=explained("Messages above the cards."))
    notices: tuple[Banner, ...] = field(default=(), metadata=explained("What is to be told of the question."))
    poll_url: str = field(default="", metadata=explained("Asked every second while the encoder loads; empty if ready."))
    named: Named | None = field(default=None, metadata=explained("Whose id the question is, if anybody's."))
    likes: tuple[Chip, ...] = field(default=(), metadata=explained("People to be like, and not to be like."))
    chips: tuple[Chip, ...] = field(default=(), metadata=explained("What filters ask for."))
    corrections: tuple[Chip, ...] = field(default=(), metadata=explained("Words put right, or left as typed."))
    understood: tuple[Understood, ...] = field(default=(), metadata=explained("What was read in the sentence."))
    clear_url: str = field(default="", metadata=explained("The same question without filters and edits."))
    picks: tuple[Chip, ...] = field(default=(), metadata=explained("Who is picked to be put side by side."))
    picks_full: bool = field(default=False, metadata=explained("Whether no more can be picked."))
    compare_url: str = field(default="", metadata=explained("Those who are picked, side by side; empty for nobody."))
    panel: tuple[PanelGroup, ...] = field(default=(), metadata=explained("The filter panel."))
    hidden: tuple[tuple[str, str], ...] = field(
        default=(), metadata=explained("What no control of the page holds, to keep it in the form.")
    )
    cards: tuple[Card, ...] = field(default=(), metadata=explained("The people found, best first."))
    near: tuple[Card, ...] = field(default=(), metadata=explained("Near misses, where few fulfil everything."))
    weak: bool = field(default=False, metadata=explained("True when even the best is no good match."))
    nothing: Nothing | None = field(default=None, metadata=explained("Why no one is found; None when somebody is."))
    audience_url: str = field(default="", metadata=explained("The audience at a glance; empty where nobody is found."))
    alike_url: str = field(default="", metadata=explained("What the people to be like share; empty without any."))
    exports: tuple[ExportLink, ...] = field(default=(), metadata=explained("Files of everybody found."))
    call_url: str = field(default="", metadata=explained("The search as a call of Qdrant's REST API; empty: none."))
    previous_url: str = field(default="", metadata=explained("The cards before these."))
    more: Link | None = field(default=None, metadata=explained("More cards, or the next ones."))
    source: str = field(default="", metadata=explained("Generation and encoder that answered."))


@dataclass(frozen=True, slots=True)
class ProfilePage:
    """Of ``profile.html``."""

    id: str = field(metadata=explained("The profile's id."))
    subject: str = field(metadata=explained("What profiles are called, plural."))
    people: int = field(metadata=explained("How many there are; 0 where that could not be told."))
    banners: tuple[Banner, ...] = field(metadata=explained("What could not be told, and why."))
    like_url: str = field(metadata=explained("People like this one."))
    compare_url: str = field(metadata=explained("Where somebody is chosen to be put beside this one."))
    share_url: str = field(metadata=explained("This page, to be sent to others."))
    json_url: str = field(metadata=explained("The profile as the API answers it."))
    badges: tuple[Badge, ...] = field(metadata=explained("Values with a colour and an icon."))
    headline: tuple[CardFact, ...] = field(metadata=explained("Short facts under the id."))
    gauges: tuple[GaugeStanding, ...] = field(metadata=explained("All gauges but the match."))
    groups: tuple[FactGroup, ...] = field(metadata=explained("All facts but those of adoptions."))
    unknown: tuple[str, ...] = field(metadata=explained("Labels of what is not known."))
    lanes: tuple[Lane, ...] = field(metadata=explained("Each kind of product, and when it is adopted."))
    ticks: tuple[Tick, ...] = field(metadata=explained("The axis of the lanes, in months after release."))
    days: tuple[Day, ...] = field(metadata=explained("Adoptions whose day is known, the first one first."))
    rows: tuple[StandingRow, ...] = field(metadata=explained("Where the person stands, field by field."))
    alike: tuple[Neighbour, ...] = field(metadata=explained("Who is most alike, the nearest first."))
    raw: str = field(metadata=explained("The values as JSON."))


@dataclass(frozen=True, slots=True)
class ComparePage:
    """Of ``compare.html``."""

    subject: str = field(metadata=explained("What profiles are called, plural."))
    one: str = field(metadata=explained("What one profile is called."))
    banners: tuple[Banner, ...] = field(metadata=explained("Who does not exist, or why nothing can be compared."))
    ids: tuple[str, ...] = field(metadata=explained("Whom the address names, for the form that adds somebody."))
    full: bool = field(metadata=explained("Whether nobody can be added any more."))
    only: bool = field(metadata=explained("Whether only what differs is shown."))
    toggle_url: str = field(metadata=explained("The same people with all fields, or with only those that differ."))
    differing: int = field(metadata=explained("In how many fields they differ."))
    told: int = field(metadata=explained("Of how many fields something is known."))
    people: tuple[Compared, ...] = field(metadata=explained("The people, in the order asked."))
    groups: tuple[ComparedGroup, ...] = field(metadata=explained("What they have; empty for fewer than two."))
    pairs: tuple[Pair, ...] = field(metadata=explained("How much alike each two are."))
    alike: tuple[Neighbour, ...] = field(metadata=explained("Whom to add: those most like who is there."))
    share_url: str = field(metadata=explained("This page, to be sent to others."))


@dataclass(frozen=True, slots=True)
class FieldsPage:
    """Of ``fields.html``."""

    title: str = field(metadata=explained("What the schema says it is about."))
    name: str = field(metadata=explained("The schema's name."))
    subject: str = field(metadata=explained("What profiles are called, plural."))
    banners: tuple[Banner, ...] = field(metadata=explained("Why nothing can be counted."))
    people: int = field(metadata=explained("How many there are."))
    built: str = field(metadata=explained("When what is live was built, in words; empty where nothing is."))
    built_iso: str = field(metadata=explained("The same as ISO 8601."))
    generation: str = field(metadata=explained("Which build is live, in words."))
    source: str = field(metadata=explained("What the people were read from; empty where that is not known."))
    groups: tuple[FieldGroup, ...] = field(metadata=explained("Every field."))
    json_urls: tuple[Link, ...] = field(metadata=explained("The same from the API."))


@dataclass(frozen=True, slots=True)
class CallPage:
    """Of ``call.html``: the search as a call of Qdrant's REST API."""

    text: str = field(metadata=explained("The question as typed."))
    back_url: str = field(metadata=explained("The search itself."))
    note: str = field(metadata=explained("What the call leaves out or does otherwise; empty when nothing."))
    calls: tuple[CallText, ...] = field(metadata=explained("The call, for several programs."))


@dataclass(frozen=True, slots=True)
class ProblemPage:
    """Of ``problem.html``: no such page, or nothing to show."""

    banner: Banner = field(metadata=explained("What is the matter and what to do."))


@dataclass(frozen=True, slots=True)
class LivePart:
    """Of ``_live.html``, which events bring to an open page."""

    text: str = field(metadata=explained("What goes on, in one sentence; empty when nothing does."))
    kind: str = field(default="info", metadata=explained("'info', 'done' or 'error'."))
    share: float | None = field(default=None, metadata=explained("How far it is, in percent; None when not known."))


@dataclass(frozen=True, slots=True)
class LogPage:
    """Of ``admin_log.html``."""

    id: str = field(metadata=explained("First digits of the job's id."))
    lines: tuple[str, ...] = field(metadata=explained("What it said, with times in UTC."))


def variables(context: DataclassInstance) -> Mapping[str, object]:
    """The context's fields by name, as a template gets them."""
    return {f.name: getattr(context, f.name) for f in fields(context)}
