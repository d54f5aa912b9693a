"""What the API says of people as a whole: how they differ from everybody, and what some of them share."""

from __future__ import annotations

from typing import Annotated

from pydantic import BaseModel, ConfigDict, Field

from techfinder.plan import Notice, QueryPlan
from techfinder.wire.answers import Values

__all__ = [
    "AlikeAnswer",
    "AudienceAnswer",
    "AudienceFieldAnswer",
    "AudienceMapAnswer",
    "AudienceValueAnswer",
    "LiftAnswer",
    "LookalikeAnswer",
    "MapTileAnswer",
    "PartAnswer",
    "SharedAttributeAnswer",
    "SharedValueAnswer",
]

Count = Annotated[int, Field(ge=0)]
Share = Annotated[float, Field(ge=0, le=1)]


class _Answer(BaseModel):
    model_config = ConfigDict(frozen=True)


class LiftAnswer(_Answer):
    """How common a value is among some people, against everybody."""

    count: Annotated[Count, Field(description="How many of the people have it.")]
    known: Annotated[Count, Field(description="Of how many of the people the attribute is known.")]
    base_count: Annotated[Count, Field(description="How many of everybody have it.")]
    base_known: Annotated[Count, Field(description="Of how many of everybody it is known.")]
    share: Annotated[Share, Field(description="`count / known`.")]
    base_share: Annotated[Share, Field(description="`base_count / base_known`.")]
    lift: Annotated[float | None, Field(description="`share / base_share`; null where that says nothing.")]
    low: Annotated[float | None, Field(description="Lower end of the lift's interval.")]
    high: Annotated[float | None, Field(description="Upper end of the lift's interval.")]


class AudienceValueAnswer(LiftAnswer):
    """One value of a field, with its lift."""

    value: str
    label: Annotated[str, Field(description="For people.")]
    input: Annotated[str, Field(description="As the field's filter takes it, to find those who have it.")]


class AudienceFieldAnswer(_Answer):
    """What one filter tells of the people."""

    name: Annotated[str, Field(description="The filter's name, as in an address.")]
    label: str
    group: str
    unit: str
    ordered: Annotated[bool, Field(description="Whether the values stand in an order of their own, low to high.")]
    sensitive: bool
    curve: Annotated[
        str,
        Field(description="`rising` or `falling` where it is drawn under a normal curve, lowest or highest first."),
    ]
    values: tuple[AudienceValueAnswer, ...]
    more: Annotated[Count, Field(description="How many further values somebody has; at most 100 are told.")]


class MapTileAnswer(AudienceValueAnswer):
    """A value with its place on a map, counted from the top left."""

    column: Count
    row: Count


class AudienceMapAnswer(_Answer):
    """A field whose values the schema lays out as tiles."""

    name: str
    label: str
    columns: Count
    rows: Count
    tiles: tuple[MapTileAnswer, ...]
    elsewhere: Annotated[Count, Field(description="How many of the people are on no tile.")]


class AudienceAnswer(_Answer):
    """The people who fulfil what is required, against everybody."""

    total: Annotated[Count, Field(description="How many they are.")]
    points: Annotated[Count, Field(description="How many there are at all.")]
    method: Annotated[str, Field(description="How intervals are made.")]
    fields: tuple[AudienceFieldAnswer, ...]
    maps: tuple[AudienceMapAnswer, ...]
    notices: tuple[Notice, ...]
    plan: QueryPlan
    generation: int


class PartAnswer(_Answer):
    """What one attribute adds to a score; less than nothing takes away."""

    name: str
    label: str
    text: Annotated[str, Field(description="The value in words.")]
    value: float


class AlikeAnswer(_Answer):
    """Somebody who is like the chosen."""

    id: str
    profile: Values
    score: Annotated[Share, Field(description="0: no more like them than anybody; 1: as like as they are on average.")]
    parts: Annotated[tuple[PartAnswer, ...], Field(description="Their sum, kept between 0 and 1, is the score.")]


class SharedValueAnswer(LiftAnswer):
    """A value that some of the chosen have."""

    label: str
    weight: Annotated[float, Field(description="What it adds to the sum by which people rank.")]


class SharedAttributeAnswer(_Answer):
    """What the chosen have in common in one attribute."""

    name: Annotated[str, Field(description="By which it is switched off.")]
    label: str
    group: str
    sensitive: bool
    on: Annotated[bool, Field(description="Whether it ranks.")]
    agreement: Annotated[Share, Field(description="How much the chosen agree on it beyond chance.")]
    values: tuple[SharedValueAnswer, ...]


class LookalikeAnswer(_Answer):
    """People like the chosen, and what these share."""

    hits: tuple[AlikeAnswer, ...]
    total: Annotated[Count, Field(description="How many fulfil the conditions, the chosen apart.")]
    method: Annotated[str, Field(description="How intervals are made.")]
    attributes: tuple[SharedAttributeAnswer, ...]
    notices: tuple[Notice, ...]
    plan: QueryPlan
    generation: int
    took_ms: float
