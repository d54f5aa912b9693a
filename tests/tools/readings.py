"""What the parser makes of a sentence about people, in words."""

from __future__ import annotations

from datetime import date
from functools import cache

from techfinder.lexicons import builtin_lexicons
from techfinder.parser import SentenceParser
from techfinder.plan import QueryPlan
from techfinder.schema import load_schema
from techfinder.words import describe

__all__ = ["TODAY", "read", "told"]

SCHEMA = load_schema()
TODAY = date(2026, 11, 25)


@cache
def parser() -> SentenceParser:
    live = {
        "location_city": ["Austin", "Boston", "Denver", "New York", "Portland", "Seattle"],
        "interests": ["Gaming", "Movies", "Music"],
    }
    return SentenceParser(SCHEMA, builtin_lexicons(SCHEMA), live)


def read(text: str) -> QueryPlan:
    """The plan of a sentence."""
    return parser().parse(text, TODAY)


def told(text: str) -> list[str]:
    """The clauses in words, wishes with a tilde."""
    return [("" if c.required else "~") + describe(SCHEMA, c) for c in read(text).conditions]
