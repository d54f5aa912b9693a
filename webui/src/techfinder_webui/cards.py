"""Profiles as cards, and as the groups of facts on their own page."""

from __future__ import annotations

from collections.abc import Container, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from typing import TYPE_CHECKING
from urllib.parse import quote

from techfinder import AnyOf, Attribute, Condition, Fact, Hit, Profile, Schema, SchemaField, Value
from techfinder_webui.address import MOST_PICKS, Address
from techfinder_webui.parts import Badge, Card, CardFact, FactGroup, Piece
from techfinder_webui.reasons import Explainer
from techfinder_webui.tones import tone_class

if TYPE_CHECKING:
    from techfinder.finder import Finder

__all__ = [
    "CardMaker",
    "badges",
    "fact_group",
    "fact_groups",
    "headline",
    "profile_url",
    "shown_on_cards",
    "unknown_labels",
    "value_badge",
]

ICONS = frozenset({"anchor", "bulb", "hourglass", "people", "star"})
"""Symbols of ``_icons.html`` that a schema may name; any other name becomes a dot."""

_HEADLINE_KINDS = ("integer", "number", "category", "place")
_HEADLINE_FACTS = 5
_WIDE_TEXT = 26
"""Letters of label and value together that need a line of their own."""
_Matched = Mapping[str, frozenset[str] | None]


def profile_url(path: str, profile_id: str) -> str:
    """The page of a profile, on the site whose search page is at `path`."""
    return f"{path}people/{quote(profile_id, safe='')}"


@dataclass(frozen=True, slots=True)
class CardLayout:
    """Which facts of a schema a card shows where, by attribute key.

    Attributes:
        headline: Under the id.
        looked_at: As a gauge or a badge (names of fields).
        details: At the end.
        badges: Of fields whose values have one, by field name and value.
    """

    headline: frozenset[str]
    looked_at: frozenset[str]
    details: frozenset[str]
    badges: Mapping[str, Mapping[object, Badge]]

    @classmethod
    def of(cls, schema: Schema) -> CardLayout:
        """The layout for a schema."""
        details = frozenset(key for key, attribute in schema.attributes.items() if _is_detail(attribute))
        badges = {f.name: _badges_by_value(f) for f in schema.fields if _has_badge(f)}
        return cls(frozenset(_headline_keys(schema)), shown_on_cards(schema), details, badges)

    def badges_of(self, profile: Profile, matched: Container[str]) -> Iterator[Badge]:
        """The badges of a profile, those of the fields that `matched` holds marked."""
        for name, by_value in self.badges.items():
            badge = by_value.get(profile.values.get(name))
            if badge is not None:
                yield replace(badge, matched=True) if name in matched else badge


@dataclass(frozen=True)
class CardMaker:
    """Makes the cards of one answer.

    Attributes:
        asked: The search, for links to people like somebody.
        path: Of the search page.
        conditions: Of the plan.
        ranked: Whether hits have a score that tells them apart.
    """

    finder: Finder
    asked: Address
    path: str
    conditions: Sequence[Condition | AnyOf]
    ranked: bool

    @cached_property
    def _layout(self) -> CardLayout:
        return CardLayout.of(self.finder.schema)

    @cached_property
    def _explainer(self) -> Explainer:
        return Explainer(self.finder, self.conditions)

    def card(self, hit: Hit) -> Card:
        """The card of a hit; without the match gauge when nothing was ranked, or when it is a near miss."""
        finder, schema, profile = self.finder, self.finder.schema, hit.profile
        match, *others = finder.gauges(hit)
        explained = self._explainer.explain(hit)
        matched = explained.matched
        layout = self._layout
        facts = finder.facts(profile, layout.headline.union(layout.details, matched) - layout.looked_at)
        head = [f for f in facts if f.key in layout.headline]
        details = [f for f in facts if f.key not in layout.headline]
        ranked = self.ranked and not hit.fails
        return Card(
            id=profile.id,
            url=profile_url(self.path, profile.id),
            like_url=self.asked.lookalikes(profile.id).url(self.path),
            pick_url=self._pick_url(profile.id),
            picked=profile.id in self.asked.picks,
            match=match if ranked else None,
            segments=explained.segments if ranked else (),
            gauges=tuple(others),
            asked_gauges=frozenset(_asked_gauges(schema, matched)),
            badges=tuple(layout.badges_of(profile, matched)),
            headline=tuple(_card_fact(schema, f, profile, matched) for f in head),
            details=tuple(_card_fact(schema, f, profile, matched) for f in details),
            reasons=explained.reasons if self.conditions or self.ranked else (),
            fails=explained.missed if hit.fails else (),
        )

    def _pick_url(self, profile_id: str) -> str:
        """Empty where as many as fit side by side are picked already."""
        full = len(self.asked.picks) >= MOST_PICKS and profile_id not in self.asked.picks
        return "" if full else self.asked.pick(profile_id).url(self.path)


def _asked_gauges(schema: Schema, matched: _Matched) -> Iterable[str]:
    fields = [schema.attribute(key).field for key in matched]
    return ("loyalty" if f.brand and not f.gauge else f.name for f in fields)


def badges(schema: Schema, profile: Profile) -> tuple[Badge, ...]:
    """The profile's values that the schema gives a colour or an icon."""
    made = (value_badge(field, profile.values.get(field.name)) for field in schema.fields)
    return tuple(b for b in made if b is not None)


def fact_groups(finder: Finder, profile: Profile, facts: Sequence[Fact]) -> tuple[FactGroup, ...]:
    """All facts but those of adoptions, in the sections that the filter panel has."""
    schema, groups = finder.schema, dict[str, list[CardFact]]()
    for fact in facts:
        attribute = schema.attribute(fact.key)
        if attribute.field.kind != "adoption":
            made = _card_fact(schema, fact, profile, {})
            groups.setdefault(fact_group(finder, attribute.field), []).append(
                replace(made, note=_level_note(attribute, fact.text))
            )
    return tuple(FactGroup(label, tuple(members)) for label, members in groups.items())


def fact_group(finder: Finder, field: SchemaField) -> str:
    """The section that a field belongs to: that of its filter, where there is one."""
    entry = finder.filters.get(field.name)
    return field.group or (entry.group if entry else finder.schema.subject[0].capitalize())


def unknown_labels(schema: Schema, profile: Profile) -> tuple[str, ...]:
    """The labels of the fields of which nothing is known, adoptions left out."""
    fields = (f for f in schema.fields if f.kind != "adoption")
    return tuple(f.label for f in fields if f.name not in profile.values)


def headline(schema: Schema, profile: Profile, facts: Sequence[Fact]) -> tuple[CardFact, ...]:
    """The short facts that stand under an id."""
    keys = _headline_keys(schema)
    return tuple(_card_fact(schema, f, profile, {}) for f in facts if f.key in keys)


def _level_note(attribute: Attribute, text: str) -> str:
    """Where a level stands on its scale, as "4 of 5"."""
    level = attribute.field.level(text) if attribute.ordered else None
    return "" if level is None else f"{level + 1} of {len(attribute.known_values)}"


def shown_on_cards(schema: Schema) -> frozenset[str]:
    """Names of the fields that cards show as a gauge or a badge: what one looks at first."""
    return frozenset(f.name for f in schema.fields if f.gauge or _has_badge(f))


def value_badge(field: SchemaField, value: object) -> Badge | None:
    """The value of a field as a badge; None where the schema gives it neither colour nor icon."""
    known = next((v for v in field.values if v.name == value), None)
    if known is None or not (known.color or known.icon):
        return None
    icon = known.icon if known.icon in ICONS else "dot"
    return Badge(field.label, known.name, icon, tone_class(field, known.name))


def _badges_by_value(field: SchemaField) -> Mapping[object, Badge]:
    made = ((v.name, value_badge(field, v.name)) for v in field.values)
    return {value: badge for value, badge in made if badge is not None}


def _has_badge(field: SchemaField) -> bool:
    return any(v.color or v.icon for v in field.values)


def _headline_keys(schema: Schema) -> tuple[str, ...]:
    keys = [f.name for f in schema.fields if f.kind in _HEADLINE_KINDS and not f.gauge and not _has_badge(f)]
    return tuple(keys[:_HEADLINE_FACTS])


def _is_detail(attribute: Attribute) -> bool:
    field = attribute.field
    if field.kind == "adoption":
        return attribute.part == "product"
    return field.kind == "tags" or (field.kind == "scale" and not field.gauge and not _has_badge(field))


def _card_fact(schema: Schema, fact: Fact, profile: Profile, matched: _Matched) -> CardFact:
    """The fact under its field's label ("Smartphones" for "Smartphones: product"), with what was asked for marked."""
    attribute = schema.attribute(fact.key)
    label = attribute.field.label if attribute.part in ("value", "product") else fact.label
    pieces = _pieces(fact, profile.values[fact.key], matched[fact.key]) if fact.key in matched else ()
    return CardFact(label, fact.text, pieces, len(label) + len(fact.text) > _WIDE_TEXT)


def _pieces(fact: Fact, value: Value, asked: frozenset[str] | None) -> tuple[Piece, ...]:
    if isinstance(value, tuple) and asked is not None:
        return tuple(Piece(tag, tag in asked) for tag in value)
    return (Piece(fact.text, True),)
