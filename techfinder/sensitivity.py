"""Which attributes nobody may be singled out by: what the schema calls sensitive, where settings block that."""

from __future__ import annotations

from techfinder.schema import Schema
from techfinder.settings import Settings

__all__ = ["withheld"]


def withheld(schema: Schema, settings: Settings) -> frozenset[str]:
    """The keys of all attributes by which people may be neither filtered, ordered nor counted."""
    if settings.sensitive_fields != "block":
        return frozenset()
    return frozenset(key for key, attribute in schema.attributes.items() if attribute.field.sensitive)
