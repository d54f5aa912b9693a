"""Values in words, as people read them on cards and in the terminal."""

from __future__ import annotations

from techfinder.models import Fact, Profile, Value
from techfinder.schema import Attribute, Schema

__all__ = ["facts", "told", "value_text"]


def facts(schema: Schema, profile: Profile) -> tuple[Fact, ...]:
    """Every known value of the profile in words, in the schema's order."""
    return tuple(
        Fact(a.key, a.label, value_text(a, profile.values[a.key])) for a in told(schema) if a.key in profile.values
    )


def told(schema: Schema) -> tuple[Attribute, ...]:
    """The attributes that are told in words, in the schema's order.

    Helpers (counts, buckets, days) and the parts of a place are left out: the place says them.
    """
    return tuple(a for a in schema.attributes.values() if not a.derived and a.part not in ("city", "state"))


def value_text(attribute: Attribute, value: Value) -> str:
    """One value in words: tags joined by commas, thousands separated, the unit behind a number."""
    if isinstance(value, tuple):
        return ", ".join(value)
    if isinstance(value, str):
        return value
    number = f"{value:,.0f}" if float(value).is_integer() or abs(value) >= 1000 else f"{value:,.2f}"
    return f"{number} {attribute.unit}".strip()
