"""What the parser makes of a sentence about people, in words."""

from __future__ import annotations

from datetime import date
from functools import cache
from pathlib import Path

from techfinder.judge import Judge
from techfinder.lexicons import builtin_lexicons
from techfinder.models import Profile, Row
from techfinder.parser import SentenceParser
from techfinder.plan import QueryPlan
from techfinder.plugins import Plugins
from techfinder.rows import RowReader
from techfinder.schema import load_schema
from techfinder.settings import Settings
from techfinder.sources import open_source
from techfinder.words import describe

__all__ = ["TODAY", "found", "read", "told"]

PEOPLE = Path(__file__).resolve().parents[2] / "data" / "people.csv"
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


@cache
def judge() -> Judge:
    source = open_source(str(PEOPLE), Plugins.load(Settings(home=Path("nowhere"))).sources())
    reader = RowReader(SCHEMA, source.columns())
    rows = (reader.read(row) for row in source.rows() if isinstance(row, Row))
    return Judge(SCHEMA, [p for p in rows if isinstance(p, Profile)])


def found(text: str) -> frozenset[str]:
    """The ids of whom a sentence finds among the sample people."""
    return frozenset(p.id for p in judge().matches(read(text).conditions))
