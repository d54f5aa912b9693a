"""What is asked for: the one object that search, facets, URL, API and explanations share.

A plan holds conditions, the text left for ranking by meaning, limit, offset and sort.
It is plain data: it can only name attribute keys and values, so it cannot ask for anything
that the schema does not have (:meth:`techfinder.schema.Schema.check` verifies that), and it
round-trips through JSON unchanged.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Annotated, Any, Literal, Self

from pydantic import BaseModel, ConfigDict, Discriminator, Field, Tag, model_validator

__all__ = [
    "MOST_ORDERS",
    "MOST_WISHES",
    "AnyOf",
    "Clause",
    "Condition",
    "Notice",
    "Op",
    "QueryPlan",
    "Sort",
    "number_of",
    "parse_sort",
]

MOST_ORDERS = 10
"""Attributes that one question may order by."""

MOST_WISHES = 8
"""Preferred conditions that one plan may have: they part people into up to two to the power of them classes."""

Op = Literal["any_of", "none_of", "all_of", "at_least", "at_most", "range", "missing", "present"]
"""What a condition compares.

``any_of`` / ``none_of`` / ``all_of``: the values listed (for tags: of the list of tags).
``at_least`` / ``at_most``: one level on an ordered scale, itself included.
``range``: numbers and dates, with ``gte`` / ``gt`` / ``lte`` / ``lt``.
``missing`` / ``present``: whether there is any value.
``none_of`` also holds where the value is missing: nobody is known to be what is excluded.
Every other comparison fails on a missing value.
"""


class _Part(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid", allow_inf_nan=False)


class Condition(_Part):
    """One attribute compared with one or more values.

    Attributes:
        field: Attribute key, as ``age`` or ``smartphone_product``.
        op: See :data:`Op`.
        values: For ``any_of``, ``none_of``, ``all_of`` (at least one) and ``at_least``,
            ``at_most`` (exactly one).
        gte, gt, lte, lt: Bounds of a ``range``; at least one. For dates: days since 1970-01-01.
        required: True filters; False only ranks.
        weight: Of a preference in the ranking; greater than 0.
        words: The words of the question it came from.
        origin: Name of the filter that made it, empty when the sentence did.
    """

    kind: Literal["condition"] = "condition"
    field: str
    op: Op
    values: tuple[str, ...] = ()
    gte: float | None = None
    gt: float | None = None
    lte: float | None = None
    lt: float | None = None
    required: bool = True
    weight: Annotated[float, Field(gt=0, le=100)] = 1.0
    words: str = ""
    origin: str = ""

    def spans(self, number: float) -> bool:
        """Whether `number` lies within the bounds of this range."""
        return (
            (self.gte is None or number >= self.gte)
            and (self.gt is None or number > self.gt)
            and (self.lte is None or number <= self.lte)
            and (self.lt is None or number < self.lt)
        )

    @model_validator(mode="after")
    def _check_operands(self) -> Self:
        bounds = [b for b in (self.gte, self.gt, self.lte, self.lt) if b is not None]
        if self.op == "range":
            if not bounds or self.values:
                raise ValueError("a range has bounds (gte, gt, lte, lt) and no values")
        elif bounds:
            raise ValueError(f"{self.op} takes no bounds; use op 'range'")
        elif self.op in ("missing", "present"):
            if self.values:
                raise ValueError(f"{self.op} takes no values")
        elif self.op in ("at_least", "at_most"):
            if len(self.values) != 1:
                raise ValueError(f"{self.op} takes exactly one value")
        elif not self.values:
            raise ValueError(f"{self.op} takes at least one value")
        return self


class AnyOf(_Part):
    """A group: holds when at least `at_least` of its conditions hold (or, `negated`, when not).

    Its conditions' own ``required``, ``weight`` and ``origin`` do not count; the group's do.
    """

    kind: Literal["any_of"] = "any_of"
    conditions: Annotated[tuple[Condition, ...], Field(min_length=1)]
    at_least: Annotated[int, Field(ge=1, le=10_000)] = 1
    negated: bool = False
    required: bool = True
    weight: Annotated[float, Field(gt=0, le=100)] = 1.0
    words: str = ""
    label: str = ""
    origin: str = ""


def _kind(clause: Any) -> str:
    """A clause may leave out its kind: only groups have conditions."""
    if isinstance(clause, dict):
        return str(clause.get("kind", "any_of" if "conditions" in clause else "condition"))
    return str(getattr(clause, "kind", "condition"))


Clause = Annotated[Annotated[Condition, Tag("condition")] | Annotated[AnyOf, Tag("any_of")], Discriminator(_kind)]
"""One thing asked for: a condition or a group of them. All clauses of a plan are joined by "and"."""


class Sort(_Part):
    """Order by an attribute instead of by score; missing values come last, ties in stored order."""

    field: str
    descending: bool = False


class Notice(_Part):
    """Something to tell the user about the reading of the question.

    Attributes:
        code: Stable name for programs, as ``no-such-field``.
        text: For people.
        words: The part of the question it is about: words of the text, or a filter's input.
        filter: Name of the filter whose input it is about; empty when it is the text.
        suggestions: Inputs of that filter to try instead of `words`, the best first.
    """

    code: str
    text: str
    words: str = ""
    filter: str = ""
    suggestions: tuple[str, ...] = ()


class QueryPlan(_Part):
    """A question, understood.

    Attributes:
        text: The question as typed.
        meaning: The text to rank by meaning; empty ranks nothing.
        conditions: All joined by "and".
        limit: Number of hits wanted, 1 to 1000.
        offset: Number of hits to skip.
        sort: Empty: best first (or stored order when there is nothing to rank by).
        notices: What was not understood, or understood with a doubt.
        like: Ids of people to be like; they rank by likeness instead of by meaning, and never come back.
        not_like: Ids of people not to be like.
    """

    text: str = ""
    meaning: str = ""
    conditions: tuple[Clause, ...] = ()
    limit: Annotated[int, Field(ge=1, le=1000)] = 20
    offset: Annotated[int, Field(ge=0, le=10_000_000)] = 0
    sort: tuple[Sort, ...] = ()
    notices: tuple[Notice, ...] = ()
    like: tuple[str, ...] = ()
    not_like: tuple[str, ...] = ()

    @property
    def required(self) -> tuple[Condition | AnyOf, ...]:
        """The conditions that filter."""
        return tuple(c for c in self.conditions if c.required)

    @property
    def preferred(self) -> tuple[Condition | AnyOf, ...]:
        """The conditions that only rank."""
        return tuple(c for c in self.conditions if not c.required)


def number_of(text: str) -> int | float:
    """The number that a value names, to the last digit: floats miss whole numbers above 2**53.

    Raises ValueError when it names none.
    """
    try:
        return int(text)
    except ValueError:
        return float(text)


def parse_sort(values: Iterable[str]) -> tuple[Sort, ...]:
    """Sort orders from ``age`` (ascending) and ``-age`` (descending); several may be joined by commas."""
    names = [n.strip() for value in values for n in value.split(",") if n.strip(" -")]
    return tuple(Sort(field=n.removeprefix("-"), descending=n.startswith("-")) for n in names)
