"""What moves between the parts: small frozen records without behaviour of their own.

Attribute keys are the flat payload keys that a schema derives from its fields
(``age``, ``location_state``, ``smartphone_uses``). A missing value is an absent key.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from techfinder.plan import AnyOf, Condition
    from techfinder.runs import RunProgress

__all__ = [
    "Answer",
    "Explanation",
    "Facet",
    "FacetBar",
    "FacetValue",
    "Fact",
    "Fill",
    "Gauge",
    "GenerationInfo",
    "Hit",
    "LiveState",
    "Profile",
    "Relaxation",
    "Row",
    "RowProblem",
    "SearchResult",
    "Share",
    "Value",
]

Value = str | int | float | tuple[str, ...]
"""A profile's value: text, a number, or tags. Booleans are "yes" and "no"; dates ISO text."""


@dataclass(frozen=True, slots=True)
class Row:
    """One row as a source read it, before the schema has looked at it.

    Attributes:
        number: Where the row stands in its input: the line for text files, else 1, 2, 3, ...
        values: Cell by column name; ``None`` or an absent name is an empty cell.
    """

    number: int
    values: Mapping[str, object]


@dataclass(frozen=True, slots=True)
class RowProblem:
    """Why a row, or the rest of an input, was left out.

    Attributes:
        number: As in :class:`Row`.
        column: Column name; empty when the whole row is meant.
        value: The offending value, cut for display.
        expected: What would have been right, as a phrase ("a whole number from 0 to 120").
        fatal: True when nothing after this row could be read (a truncated file).
    """

    number: int
    column: str
    value: str
    expected: str
    fatal: bool = False


@dataclass(frozen=True, slots=True)
class Profile:
    """One person (or company): an id and values by attribute key."""

    id: str
    values: Mapping[str, Value]


@dataclass(frozen=True, slots=True)
class Fact:
    """One known value of a profile in words: attribute key, label and text, as "Age", "58 years"."""

    key: str
    label: str
    text: str


@dataclass(frozen=True, slots=True)
class Fill:
    """How full an attribute is: how many profiles have a value, and how many different values (or tags) there are."""

    known: int
    distinct: int


@dataclass(frozen=True, slots=True)
class Share:
    """The part that one reason has in a score.

    Attributes:
        name: Stable name: ``meaning``, or the attribute or filter that matched.
        label: For people.
        value: Float in [0, 1]; all shares of a hit add up to its score.
    """

    name: str
    label: str
    value: float


@dataclass(frozen=True, slots=True)
class Gauge:
    """One number in [0, 1] on a card, with its label and its value in words."""

    name: str
    label: str
    value: float
    text: str


@dataclass(frozen=True, slots=True)
class Hit:
    """A profile in a result: score in [0, 1], and the shares that add up to it.

    `fails` has the words of the required conditions that a near miss does not fulfil; a hit fulfils them all.
    """

    profile: Profile
    score: float
    shares: tuple[Share, ...]
    fails: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Explanation:
    """Somebody as an answer to a plan, found or not.

    Attributes:
        hit: With its shares, and in `fails` what keeps this person from being found.
        holds: For each condition of the plan, in its order, whether it is fulfilled.
        ranked_by: As in :class:`SearchResult`.
        generation: What answered.
    """

    hit: Hit
    holds: tuple[bool, ...]
    ranked_by: str
    generation: GenerationInfo


@dataclass(frozen=True, slots=True)
class FacetValue:
    """One value of a facet: how many profiles of the filtered set have it.

    Attributes:
        value: As the filter takes it: the value, in quotes where it looks like a sign (``"?"``).
        label: For people.
        count: Profiles with exactly this value.
        selected: True when it is asked for, in whatever words (a synonym, ``>=High``).
    """

    value: str
    label: str
    count: int
    selected: bool = False


@dataclass(frozen=True, slots=True)
class FacetBar:
    """One bar of a histogram.

    Attributes:
        low, high: Where it begins, and its largest value that fits: numbers, or ISO text of days.
        count: Profiles in it.
        selected: False when what is asked for leaves all of it out.
    """

    low: float | str
    high: float | str
    count: int
    selected: bool = True


@dataclass(frozen=True, slots=True)
class Facet:
    """Counts per value for one filter, over the set filtered by all *other* filters.

    Attributes:
        name: The filter's name, as in ``--filter NAME=VALUE``.
        label: For people.
        group: The panel section the filter belongs to.
        control: ``"choice"`` (pick values), ``"range"`` (two numbers) or ``"date"`` (two dates).
        values: Of a choice: every known value and every one asked for, zero counts included.
        unit: Of a range, else empty.
        low, high: Smallest and largest value present in the whole base: numbers of a range, ISO
            text of a date.
        chosen: What is asked of a range or date, as ``"30..40"`` (dates in full); empty when it
            is nothing, or no single stretch that includes its ends.
        bars: Of a range or date: a histogram over everybody whom the other filters leave; empty where nobody has
            a value, or none was asked for.
        held: The user's inputs that `selected` or `chosen` stand for. Others, as ``!High`` or
            ``?``, no control shows.
    """

    name: str
    label: str
    group: str
    control: str
    values: tuple[FacetValue, ...] = ()
    unit: str = ""
    low: float | str | None = None
    high: float | str | None = None
    chosen: str = ""
    bars: tuple[FacetBar, ...] = ()
    held: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class GenerationInfo:
    """One sealed build of a collection.

    Attributes:
        collection: The collection's name.
        number: 1, 2, 3, ...; higher is newer.
        points: How many profiles it holds.
        dim: Length of a vector.
        similarity: ``"cosine"`` or ``"dot"``.
        encoder: Fingerprint of the encoder that made the vectors.
        template: Fingerprint of the text template.
        schema: Name of the schema.
        created_at: UTC, ISO 8601.
        digest: Over all points (ids, payload, vectors), independent of their order.
        revision: How often it was changed in place since it was built.
        exact: Whether searches compare everyone one by one, because its graph was found to miss people.
    """

    collection: str
    number: int
    points: int
    dim: int
    similarity: str
    encoder: str
    template: str
    schema: str
    created_at: str
    digest: str
    revision: int = 0
    exact: bool = False


@dataclass(frozen=True, slots=True)
class SearchResult:
    """The answer to one plan.

    Attributes:
        hits: Best first; at most the plan's limit.
        total: How many profiles fulfil every required condition.
        ranked_by: ``"meaning"``, ``"likeness"`` (to people), ``"fit"`` (wishes only), ``"order"`` (nothing to rank
            by) or ``"warming"`` (text was asked for, but the encoder is still loading: hits come in stored order).
        generation: What answered.
        took_ms: Milliseconds by part: ``encode``, ``store``, ``total``.
        near_misses: Where fewer fulfil everything than were asked for, and near misses were asked for too: who fulfils
            most, best first. None of them breaks an exclusion.
        weak: True when nothing but meaning ranks, and even the best hit is no nearer to the question than questions
            about something else come.
    """

    hits: tuple[Hit, ...]
    total: int
    ranked_by: str
    generation: GenerationInfo
    took_ms: Mapping[str, float] = field(default_factory=dict)
    near_misses: tuple[Hit, ...] = ()
    weak: bool = False


@dataclass(frozen=True, slots=True)
class Relaxation:
    """One thing that may be left out where nobody fulfils everything.

    Attributes:
        clauses: What is left out: one clause of the sentence, or all that one filter makes.
        count: How many profiles fulfil all the rest, those whom the plan is to be like or not like left out.
        alone: How many profiles fulfil this, whatever else they do.
    """

    clauses: tuple[Condition | AnyOf, ...]
    count: int
    alone: int


@dataclass(frozen=True, slots=True)
class LiveState:
    """What may change under an open page.

    Attributes:
        generation: What answers now; None when nothing has been indexed, or the store does not answer.
        run: The newest index run of the collection, going on or not; None when there was none.
    """

    generation: GenerationInfo | None
    run: RunProgress | None


@dataclass(frozen=True, slots=True)
class Answer:
    """A result and the counts around it, all from the result's generation."""

    result: SearchResult
    facets: tuple[Facet, ...]
