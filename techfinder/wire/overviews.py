"""What the API tells of people and of all of them beside a search: standing, coverage."""

from __future__ import annotations

from typing import Annotated

from pydantic import BaseModel, ConfigDict, Field

__all__ = ["CoverageAnswer", "FieldCoverageAnswer", "FieldStandingAnswer", "StandingAnswer", "StandingBarAnswer"]

Count = Annotated[int, Field(ge=0)]
Share = Annotated[float, Field(ge=0, le=1)]
End = int | float | str


class _Answer(BaseModel):
    model_config = ConfigDict(frozen=True)


class StandingBarAnswer(_Answer):
    """One bar of how everybody's values are spread."""

    low: Annotated[End, Field(description="Where it begins: a number, a day as ISO text, or a level of a scale.")]
    high: Annotated[End, Field(description="Its largest value.")]
    count: Count
    mine: Annotated[bool, Field(description="Whether the person in question is in it.")]


class FieldStandingAnswer(_Answer):
    """Where a person stands in one attribute, among all who have a value."""

    key: str
    label: str
    unit: str
    sensitive: Annotated[bool, Field(description="As the schema says.")]
    text: Annotated[str, Field(description="The person's value in words.")]
    known: Annotated[int, Field(ge=1, description="People who have a value; `below`, `same` and `above` add up to it.")]
    below: Annotated[int, Field(ge=0, description="People with a smaller value, or a lower level.")]
    same: Annotated[int, Field(ge=1, description="People with this value, the person among them.")]
    above: Annotated[int, Field(ge=0, description="People with a larger value, or a higher level.")]
    percentile: Annotated[Share, Field(description="(below + same / 2) / known")]
    bars: tuple[StandingBarAnswer, ...]


class StandingAnswer(_Answer):
    """Where one person stands among everybody."""

    id: str
    people: Annotated[int, Field(ge=1, description="Everybody.")]
    fields: tuple[FieldStandingAnswer, ...]
    generation: int


class FieldCoverageAnswer(_Answer):
    """How full one attribute is."""

    key: str
    label: str
    unit: str
    known: Annotated[int, Field(ge=0, description="People who have a value.")]
    share: Annotated[Share, Field(description="The same as a share of everybody.")]
    distinct: Annotated[int, Field(ge=0, description="Different values, or tags.")]
    low: Annotated[End | None, Field(description="Smallest value of numbers and dates.")]
    high: Annotated[End | None, Field(description="Largest value of numbers and dates.")]


class CoverageAnswer(_Answer):
    """How full every attribute is, over everybody."""

    people: Count
    generation: int
    revision: Annotated[int, Field(description="How often the generation was changed in place.")]
    created_at: Annotated[str, Field(description="When the generation was built; UTC, ISO 8601.")]
    source: Annotated[str, Field(description="What it was read from; empty where no run on this machine tells.")]
    fields: tuple[FieldCoverageAnswer, ...]
