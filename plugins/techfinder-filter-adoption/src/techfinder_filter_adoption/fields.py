"""The fields these filters are about, found in a schema."""

from __future__ import annotations

import re

from techfinder import Schema, SchemaField

STAGE = "adopter_category"
INTEREST = "tech_interest"
BUDGET = "budget_category"
PROFICIENCY = "technical_proficiency"


def scale(schema: Schema, name: str, levels: int = 3) -> SchemaField | None:
    """The scale of that name, or None where there is none with at least that many levels."""
    found = next((f for f in schema.fields if f.name == name and f.kind == "scale"), None)
    return found if found is not None and len(found.values) >= levels else None


def adoptions(schema: Schema) -> list[SchemaField]:
    """The kinds of product that people use or not."""
    return [f for f in schema.fields if f.kind == "adoption"]


def slug(text: str) -> str:
    """A text as it reads in a URL: ``"Early Majority or later"`` is ``"early-majority-or-later"``."""
    return re.sub(r"[^a-z0-9]+", "-", text.casefold()).strip("-")
