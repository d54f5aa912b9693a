"""What is told of people as a whole: an audience against everybody, and people like some chosen ones."""

from __future__ import annotations

from dataclasses import dataclass

from techfinder.lifts import Lift
from techfinder.models import GenerationInfo, Profile

__all__ = [
    "Alike",
    "Audience",
    "AudienceField",
    "AudienceMap",
    "AudienceValue",
    "Lookalikes",
    "MapTile",
    "Part",
    "SharedAttribute",
    "SharedValue",
]


@dataclass(frozen=True, slots=True)
class AudienceValue:
    """One value of a field: its label, the input of the field's filter that finds those who have it, and its lift."""

    value: str
    label: str
    input: str
    lift: Lift


@dataclass(frozen=True, slots=True)
class AudienceField:
    """What one filter of the panel tells of the people.

    Attributes:
        name: The filter's name.
        field: Name of the schema's field; empty for a filter that has options of its own.
        label, group, unit: For people; the group is the panel's section.
        ordered: Whether the values stand in an order of their own, from low to high.
        sensitive: Whether the field is.
        curve: ``"rising"`` or ``"falling"`` where the schema has it drawn under a normal curve, its lowest or its
            highest value first; else empty.
        known, base_known: Of how many people it is known, and of how many of everybody.
        values: In their order, others by how many of the people have them; at most 100.
        more: How many further values somebody has.
    """

    name: str
    field: str
    label: str
    group: str
    unit: str
    ordered: bool
    sensitive: bool
    curve: str
    known: int
    base_known: int
    values: tuple[AudienceValue, ...]
    more: int = 0


@dataclass(frozen=True, slots=True)
class MapTile:
    """One tile of a map: where it is, counted from the top left, and what it stands for."""

    column: int
    row: int
    value: AudienceValue


@dataclass(frozen=True, slots=True)
class AudienceMap:
    """A field whose values the schema lays out as tiles.

    Attributes:
        name: The filter's name.
        label: For people.
        columns, rows: How large it is.
        tiles: By rows.
        elsewhere: How many of the people have a value that is on no tile.
        known: Of how many of them it is known.
    """

    name: str
    label: str
    columns: int
    rows: int
    tiles: tuple[MapTile, ...]
    elsewhere: int
    known: int


@dataclass(frozen=True, slots=True)
class Audience:
    """Some people against everybody.

    Attributes:
        total: How many they are.
        points: How many there are at all.
        fields: In the panel's order.
        maps: As the schema lays them out.
        generation: What answered.
    """

    total: int
    points: int
    fields: tuple[AudienceField, ...]
    maps: tuple[AudienceMap, ...]
    generation: GenerationInfo

    @property
    def curves(self) -> tuple[AudienceField, ...]:
        """The fields that are drawn under a normal curve."""
        return tuple(f for f in self.fields if f.curve and f.base_known)


@dataclass(frozen=True, slots=True)
class SharedValue:
    """A value that some of the chosen have: its lift against everybody, and what it adds to a score."""

    label: str
    lift: Lift
    weight: float


@dataclass(frozen=True, slots=True)
class SharedAttribute:
    """What the chosen have in common in one attribute.

    Attributes:
        name: The filter's name, by which it is switched off.
        label, group: For people.
        sensitive: Whether it is about a sensitive field.
        on: Whether it ranks.
        agreement: How much the chosen agree beyond chance, 0 to 1; of tags the mean over those that any of them has.
        values: Those that any of them has, the highest lift first.
    """

    name: str
    label: str
    group: str
    sensitive: bool
    on: bool
    agreement: float
    values: tuple[SharedValue, ...]


@dataclass(frozen=True, slots=True)
class Part:
    """What one attribute adds to a score (or takes away): its name, label, and the value in words."""

    name: str
    label: str
    text: str
    value: float


@dataclass(frozen=True, slots=True)
class Alike:
    """Somebody who is like the chosen.

    Attributes:
        profile: Who.
        score: 0 for who is no more like them than anybody, 1 for who is as like as they are on average; in between in
            proportion, never outside.
        parts: What the score is made of, before it is kept between 0 and 1; the largest first, none of 0.
    """

    profile: Profile
    score: float
    parts: tuple[Part, ...]


@dataclass(frozen=True, slots=True)
class Lookalikes:
    """People like some chosen ones.

    Attributes:
        hits: The most alike first; where the plan has wishes, those who fulfil more of them before.
        total: How many people fulfil the plan's required conditions, the chosen apart.
        attributes: What the chosen share, in the panel's order; those that are off too.
        generation: What answered.
        took_ms: Milliseconds.
    """

    hits: tuple[Alike, ...]
    total: int
    attributes: tuple[SharedAttribute, ...]
    generation: GenerationInfo
    took_ms: float
