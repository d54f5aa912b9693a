"""Profiles as cards, and as the groups of facts on their own page."""

from __future__ import annotations

from typing import TYPE_CHECKING

from techfinder import Fact, Hit, Profile, Schema, SchemaField
from techfinder_webui.contexts import Badge, Card, FactGroup
from techfinder_webui.tones import tone_class

if TYPE_CHECKING:
    from techfinder.finder import Finder

__all__ = ["badges", "card", "fact_groups", "shown_on_cards"]

ICONS = frozenset({"anchor", "bulb", "hourglass", "people", "star"})
"""Symbols of ``_icons.html`` that a schema may name; any other name becomes a dot."""

_HEADLINE_KINDS = ("integer", "number", "category", "place")
_HEADLINE_FACTS = 5


def card(finder: Finder, hit: Hit, url: str, *, ranked: bool) -> Card:
    """The card of a hit; without the match gauge when nothing was `ranked`."""
    match, *others = finder.gauges(hit)
    facts = finder.facts(hit.profile)
    schema = finder.schema
    return Card(
        id=hit.profile.id,
        url=url,
        match=match if ranked else None,
        gauges=tuple(others),
        badges=badges(schema, hit.profile),
        headline=tuple(f for f in facts if f.key in _headline_keys(schema)),
        details=tuple(_shorter(schema, f) for f in facts if _is_detail(schema, f)),
        fails=hit.fails,
    )


def badges(schema: Schema, profile: Profile) -> tuple[Badge, ...]:
    """The profile's values that the schema gives a colour or an icon."""
    made = (_badge(field, profile.values.get(field.name)) for field in schema.fields)
    return tuple(b for b in made if b is not None)


def fact_groups(schema: Schema, facts: tuple[Fact, ...]) -> tuple[FactGroup, ...]:
    """All facts: those of a field with several parts under its label, the rest together."""
    groups: dict[str, list[Fact]] = {"Profile": []}
    for fact in facts:
        field = schema.attribute(fact.key).field
        label = field.label if field.kind == "adoption" else "Profile"
        groups.setdefault(label, []).append(_shorter(schema, fact) if label == "Profile" else _part(fact))
    return tuple(FactGroup(label, tuple(members)) for label, members in groups.items() if members)


def shown_on_cards(schema: Schema) -> frozenset[str]:
    """Names of the fields that cards show as a gauge or a badge: what one looks at first."""
    return frozenset(f.name for f in schema.fields if f.gauge or _has_badge(f))


def _badge(field: SchemaField, value: object) -> Badge | None:
    known = next((v for v in field.values if v.name == value), None)
    if known is None or not (known.color or known.icon):
        return None
    icon = known.icon if known.icon in ICONS else "dot"
    return Badge(field.label, known.name, icon, tone_class(field, known.name))


def _has_badge(field: SchemaField) -> bool:
    return any(v.color or v.icon for v in field.values)


def _headline_keys(schema: Schema) -> tuple[str, ...]:
    keys = [f.name for f in schema.fields if f.kind in _HEADLINE_KINDS and not f.gauge and not _has_badge(f)]
    return tuple(keys[:_HEADLINE_FACTS])


def _is_detail(schema: Schema, fact: Fact) -> bool:
    attribute = schema.attribute(fact.key)
    field = attribute.field
    if field.kind == "adoption":
        return attribute.part == "product"
    return field.kind == "tags" or (field.kind == "scale" and not field.gauge and not _has_badge(field))


def _shorter(schema: Schema, fact: Fact) -> Fact:
    """The fact under its field's label: "Smartphones" where the attribute says "Smartphones: product"."""
    return Fact(fact.key, schema.attribute(fact.key).field.label, fact.text)


def _part(fact: Fact) -> Fact:
    """The fact under the name of its part, for a place where the field's label stands above."""
    part = fact.label.rpartition(": ")[2]
    return Fact(fact.key, part[:1].upper() + part[1:], fact.text)
