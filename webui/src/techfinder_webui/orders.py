"""Orders in words, as "Age, highest first"."""

from __future__ import annotations

from collections.abc import Iterable

from techfinder import Attribute, Schema, Sort

__all__ = ["order_words"]


def order_words(schema: Schema, sorts: Iterable[Sort]) -> str:
    """What comes first, and where that is the same, what next; a name that no field has stays as it is."""
    return "; then ".join(_words(schema, sort) for sort in sorts)


def _words(schema: Schema, sort: Sort) -> str:
    attribute = schema.attributes.get(sort.field)
    if attribute is None:
        return f"{sort.field}{', descending' if sort.descending else ''}"
    if attribute.part == "months":
        return f"{attribute.field.label}, adopted {'latest' if sort.descending else 'earliest'} first"
    low, high = _ends(attribute)
    return f"{attribute.label}, {high if sort.descending else low} first"


def _ends(attribute: Attribute) -> tuple[str, str]:
    if attribute.field.kind == "date" or attribute.part in ("adopted_on", "day"):
        return "earliest", "latest"
    return ("lowest", "highest") if attribute.numeric or attribute.ordered else ("A", "Z")
