"""The people whom a plan finds, seen against everybody: every filter's values with their lift, curves, maps."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence

from techfinder.analyses import Audience, AudienceField, AudienceMap, AudienceValue, MapTile
from techfinder.distributions import BaseCounts, Counted, Cut, CutValue, count, listed
from techfinder.filters import as_input
from techfinder.interfaces import Collection
from techfinder.lifts import lift_of
from techfinder.matching import named_people
from techfinder.plan import QueryPlan
from techfinder.schema import Schema, SchemaField

__all__ = ["look_at"]

_MOST_VALUES = 100
"""Values that one field tells; of further ones only how many they are."""


def look_at(
    plan: QueryPlan, schema: Schema, base: BaseCounts, collection: Collection, *, sensitive: bool = True
) -> Audience:
    """The people who fulfil the plan's required conditions, against `base`, of the same generation.

    Those whom the plan is to be like, or not like, are not among them, as they are not found.

    Args:
        plan: What ranks does not count.
        sensitive: False leaves out what is about sensitive fields.

    Raises:
        ProfileNotFound: Some of those whom the plan is to be like do not exist, or not like.
    """
    named = named_people(plan, collection)
    where = schema.resolve(plan.required)
    cuts = [cut for cut in base.cuts if sensitive or not cut.sensitive]
    total, counted = count(cuts, where, collection, named) if where or named else (base.points, base.counted)
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
