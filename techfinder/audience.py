"""The people whom a plan finds, seen against everybody: every filter's values with their lift, curves, maps."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from techfinder.distributions import BaseCounts, Counted, Cut, CutValue, count, listed
from techfinder.filters import as_input
from techfinder.interfaces import Collection
from techfinder.lifts import Lift, lift_of
from techfinder.models import GenerationInfo
from techfinder.plan import QueryPlan
from techfinder.schema import Schema, SchemaField

__all__ = ["Audience", "AudienceField", "AudienceMap", "AudienceValue", "MapTile", "look_at"]

_MOST_VALUES = 100
"""Values that one field tells; of further ones only how many they are."""


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


def look_at(
    plan: QueryPlan, schema: Schema, base: BaseCounts, collection: Collection, *, sensitive: bool = True
) -> Audience:
    """The people who fulfil the plan's required conditions, against `base`, of the same generation.

    Args:
        plan: What ranks does not count.
        sensitive: False leaves out what is about sensitive fields.
    """
    where = schema.resolve(plan.required)
    total = collection.count(where)
    cuts = [cut for cut in base.cuts if sensitive or not cut.sensitive]
    counted = count(cuts, where, total, collection) if where else base.counted
    fields = tuple(_field(cut, counted[cut.name], base.counted[cut.name]) for cut in cuts)
    maps = tuple(_maps(cuts, counted, base))
    return Audience(total, base.points, fields, maps, collection.info())


def _field(cut: Cut, counted: Counted, base: Counted) -> AudienceField:
    values = tuple(_value(v, counted, base) for v in listed(cut, counted, base))
    shown = values[:_MOST_VALUES]
    field = cut.attribute.field if cut.attribute is not None else None
    return AudienceField(
        name=cut.name,
        field=field.name if field else "",
        label=cut.label,
        group=cut.group,
        unit=cut.attribute.unit if cut.attribute is not None else "",
        ordered=cut.ordered,
        sensitive=cut.sensitive,
        curve=field.curve if field is not None else "",
        known=counted.known,
        base_known=base.known,
        values=shown,
        more=len(values) - len(shown),
    )


def _value(value: CutValue, counted: Counted, base: Counted) -> AudienceValue:
    lift = lift_of(counted.counts.get(value.name, 0), counted.known, base.counts.get(value.name, 0), base.known)
    return AudienceValue(value.name, value.label, value.input, lift)


def _maps(cuts: Sequence[Cut], counted: Mapping[str, Counted], base: BaseCounts) -> Iterator[AudienceMap]:
    for cut in cuts:
        field = cut.attribute.field if cut.attribute is not None else None
        if field is not None and field.tiles and cut.attribute is not None and cut.attribute.part == field.tiled_part:
            yield _map(cut, field, counted[cut.name], base.counted[cut.name])


def _map(cut: Cut, field: SchemaField, counted: Counted, base: Counted) -> AudienceMap:
    assert cut.attribute is not None
    rows = [line.split() for line in field.tiles]
    places = [(c, r, name) for r, line in enumerate(rows) for c, name in enumerate(line) if name != "."]
    tiles = tuple(
        MapTile(c, r, _value(CutValue(n, n, as_input(n, cut.attribute.known_values)), counted, base))
        for c, r, n in places
    )
    on_tiles = sum(counted.counts.get(name, 0) for _, _, name in places)
    return AudienceMap(
        name=cut.name,
        label=cut.label,
        columns=max(len(line) for line in rows),
        rows=len(rows),
        tiles=tiles,
        elsewhere=counted.known - on_tiles,
        known=counted.known,
    )
