"""Ways in which people word what they want, and do not want."""

from __future__ import annotations

from datetime import date
from functools import cache

import pytest

from techfinder.lexicons import builtin_lexicons
from techfinder.parser import SentenceParser
from techfinder.plan import QueryPlan
from techfinder.schema import load_schema
from techfinder.words import describe

SCHEMA = load_schema()
TODAY = date(2026, 11, 25)


@cache
def parser() -> SentenceParser:
    live = {"location_city": ["Austin", "Boston", "Denver", "Portland", "Seattle"], "interests": ["Gaming", "Music"]}
    return SentenceParser(SCHEMA, builtin_lexicons(SCHEMA), live)


def read(text: str) -> QueryPlan:
    return parser().parse(text, TODAY)


def told(text: str) -> list[str]:
    """The clauses in words, wishes with a tilde."""
    return [("" if c.required else "~") + describe(SCHEMA, c) for c in read(text).conditions]


@pytest.mark.parametrize(
    ("text", "clauses"),
    [
        ("iPhone? No, thanks.", ["Smartphones: product is not iPhone"]),
        ("TikTok: no. LinkedIn: yes.", ["Platforms is not TikTok", "Platforms is LinkedIn"]),
        (
            "MacBooks? Nope. ThinkPads? Sure.",
            ["Laptops: product is not MacBook", "Laptops: product is Lenovo ThinkPad"],
        ),
        ("Reddit? Not interested. YouTube? Yes", ["Platforms is not Reddit", "Platforms is YouTube"]),
        ("headset: no; smart home: yes", ["VR/AR: uses is no", "Smart home: uses is yes"]),
        ("Retail or hospitality? No!", ["Sector is not Retail", "Sector is not Hospitality"]),
        ("Who lives in Texas? No iPhones please", ["Location: state is TX", "Smartphones: product is not iPhone"]),
        ("Who lives in Texas? Not in Austin.", ["Location: state is TX", "Location: city is not Austin"]),
        ("Budget? Not necessary. Over 30.", ["Age over 30 years"]),
        ("someone else than a man", ["Gender is not Male"]),
    ],
)
def test_a_no_behind_what_is_asked_about_excludes_it(text: str, clauses: list[str]) -> None:
    assert told(text) == clauses


@pytest.mark.parametrize("text", ["innovators | no kids", "innovators, no kids", "innovators no kids"])
def test_an_exclusion_that_no_field_holds_turns_nothing_else_round(text: str) -> None:
    assert told(text) == ["Adopter category is Innovator"]
    assert [(n.code, n.words) for n in read(text).notices] == [("no-such-field", "kids")]
