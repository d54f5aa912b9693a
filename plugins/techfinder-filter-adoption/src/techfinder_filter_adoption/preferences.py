"""What interest, budget and proficiency say together: whom to tell what."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal

from techfinder import Condition, FilterOption, Schema, SchemaField
from techfinder_filter_adoption.fields import BUDGET, INTEREST, PROFICIENCY, scale, slug

Height = Literal["high", "low"]


@dataclass(frozen=True, slots=True)
class Preference:
    """A kind of customer, by the height of some of the three."""

    label: str
    heights: Mapping[str, Height]


PREFERENCES = (
    # The first to be asked: they want it, can handle it and can pay for it.
    Preference("Keen, able and well funded", {INTEREST: "high", PROFICIENCY: "high", BUDGET: "high"}),
    # Early access, technical detail; they try things out and tell others.
    Preference("Keen and able", {INTEREST: "high", PROFICIENCY: "high"}),
    # Top models and bundles.
    Preference("Keen with money to spend", {INTEREST: "high", BUDGET: "high"}),
    # Entry models, refurbished, instalments.
    Preference("Keen on a small budget", {INTEREST: "high", BUDGET: "low"}),
    # Starter kits, tutorials, help with the first steps.
    Preference("Keen but new to it", {INTEREST: "high", PROFICIENCY: "low"}),
    # Set up by somebody else, works out of the box.
    Preference("Pays for ease", {BUDGET: "high", PROFICIENCY: "low"}),
    # They could, and do not care: talk about use, not about technology.
    Preference("Able but not keen", {INTEREST: "low", PROFICIENCY: "high"}),
    # Only for products that ask nothing of them.
    Preference("Hard to win", {INTEREST: "low", PROFICIENCY: "low"}),
)


def preference_options(schema: Schema) -> list[FilterOption]:
    """The preferences whose fields the schema has; "high" and "low" are a scale's outer quarters."""
    fields = {name: f for name in (INTEREST, BUDGET, PROFICIENCY) if (f := scale(schema, name)) is not None}
    return [_option(p, fields) for p in PREFERENCES if set(p.heights) <= set(fields)]


def _option(preference: Preference, fields: Mapping[str, SchemaField]) -> FilterOption:
    parts = [(fields[name], height) for name, height in preference.heights.items()]
    rule = ", ".join(_words(field, height) for field, height in parts)
    clauses = tuple(_condition(field, height) for field, height in parts)
    return FilterOption(slug(preference.label), f"{preference.label} ({rule})", clauses)


def _condition(field: SchemaField, height: Height) -> Condition:
    op: Literal["at_least", "at_most"] = "at_least" if height == "high" else "at_most"
    return Condition(field=field.name, op=op, values=(_border(field, height),))


def _words(field: SchemaField, height: Height) -> str:
    label = field.label[0].lower() + field.label[1:]
    return f"{label} {_border(field, height)} or {'higher' if height == 'high' else 'lower'}"


def _border(field: SchemaField, height: Height) -> str:
    top = len(field.values) - 1
    quarter = max(top // 4, 1) if top > 2 else 0
    return field.values[top - quarter if height == "high" else quarter].name
