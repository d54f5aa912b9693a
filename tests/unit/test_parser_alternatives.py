"""Whole alternatives: of "women in Texas or men over 50" everybody is found of whom either holds, and nobody else."""

from __future__ import annotations

from itertools import combinations, permutations

import pytest

from readings import found, read, told
from techfinder.parser.alternatives import either_of
from techfinder.plan import AnyOf, Condition
from techfinder.schema import load_schema

PEOPLE = (
    "women in Texas",
    "laggards with a low budget",
    "early adopters with an iPhone",
    "people over 60 with a watch",
    "teachers without a headset",
    "anyone in finance earning over 100k",
)


@pytest.mark.parametrize(("one", "other"), [*permutations(PEOPLE, 2)])
def test_either_of_two_is_found(one: str, other: str) -> None:
    assert found(f"{one} or {other}") == found(one) | found(other) != found(one)


@pytest.mark.parametrize("texts", [*combinations(PEOPLE[:4], 3)])
def test_either_of_three_is_found(texts: tuple[str, str, str]) -> None:
    assert found(" or ".join(texts)) == found(texts[0]) | found(texts[1]) | found(texts[2])


@pytest.mark.parametrize(
    ("text", "parts"),
    [
        (
            "either early adopters with high budget or innovators with low budget",
            ["early adopters with high budget", "innovators with low budget"],
        ),
        ("either women over 60 or men under 30", ["women over 60", "men under 30"]),
        (
            "either people in Texas who own a MacBook or people in Florida with a PhD",
            ["in Texas with a MacBook", "in Florida with a PhD"],
        ),
        ("either teachers in Ohio or over 50", ["teachers in Ohio", "over 50"]),
        (
            "either a high budget and an iPhone or a low budget and a headset",
            ["high budget and an iPhone", "low budget and a headset"],
        ),
        ("an iPhone in Texas or a Pixel in Florida", ["iPhone in Texas", "Pixel in Florida"]),
        ("laggards in Texas or teachers", ["laggards in Texas", "teachers"]),
        ("experts over 40 or anyone with a PhD", ["experts over 40", "with a PhD"]),
        ("women over 40 or iPhone owners", ["women over 40", "iPhone owners"]),
    ],
)
def test_either_of_what_is_told_is_found(text: str, parts: list[str]) -> None:
    assert found(text) == found(parts[0]) | found(parts[1])
    assert not [n for n in read(text).notices if n.code == "widened"]


@pytest.mark.parametrize(
    ("text", "held"),
    [
        ("women in Texas, or men in Florida, with high budget", "with high budget"),
        ("early adopters with high budget or innovators with low budget but not in Texas", "not in Texas"),
    ],
)
def test_what_stands_behind_a_comma_or_but_holds_for_both(text: str, held: str) -> None:
    assert found(text)
    assert found(text) <= found(held)


@pytest.mark.parametrize(
    ("text", "clauses"),
    [
        (
            "women who are early adopters or innovators with low budget",
            ["Gender is Female", "Adopter category is Early Adopter or more", "Budget is Budget or less"],
        ),
        (
            "women with a Galaxy phone or Dell laptop",
            ["Gender is Female", "any of (Smartphones: product is Samsung Galaxy; Laptops: product is Dell XPS)"],
        ),
        (
            "women in Texas or in healthcare over 50",
            ["Gender is Female", "any of (Location: state is TX; Sector is Healthcare)", "Age over 50 years"],
        ),
        (
            "either an iPhone or a Galaxy phone in Texas",
            ["Smartphones: product is iPhone or Samsung Galaxy", "Location: state is TX"],
        ),
        ("teachers or over 50", ["any of (Sector is Education; Age over 50 years)"]),
        ("nobody under 25 or over 65", ["not (Age under 25 years)", "not (Age over 65 years)"]),
    ],
)
def test_or_between_two_values_stays_between_them(text: str, clauses: list[str]) -> None:
    assert told(text) == clauses


def test_more_than_a_plan_can_say_is_read_wider_and_told() -> None:
    alternatives = [
        "women in Texas over 60 with an iPhone",
        "laggards in Ohio with a low budget and a watch",
        "teachers in Utah with a headset and a PhD",
    ]
    text = " or ".join(alternatives)
    assert found(text) >= frozenset().union(*map(found, alternatives))
    assert [n.code for n in read(text).notices] == ["widened"]


def test_what_one_clause_says_already_is_not_said_again() -> None:
    schema = load_schema()
    old, texan = (
        Condition(field="age", op="range", gt=60),
        Condition(field="location_state", op="any_of", values=("TX",)),
    )
    assert either_of([[old], [old, texan]], schema) == [old]
    denied = AnyOf(conditions=(texan,), negated=True)
    without = texan.model_copy(update={"op": "none_of"})
    assert either_of([[old], [denied]], schema) == [AnyOf(conditions=(old, without))]
    assert either_of([[old], [AnyOf(conditions=(old, texan), at_least=2)]], schema) is None


@pytest.mark.parametrize(
    "text",
    [
        "UX/UI High instagram/" * 90,
        " or ".join(
            f"{who} in {place}" for who in ("women", "men", "teachers", "nurses") for place in ("Texas", "Ohio", "Utah")
        ),
        "no Apple, Samsung or Google users who use Apple, Samsung or Google and " * 25,
    ],
)
def test_however_many_alternatives_there_are_reading_them_ends(text: str) -> None:
    """Of two things each, forty of them would have a million million ways to hold."""
    assert read(text[:2000]).conditions


def test_alternatives_that_are_said_twice_are_said_once() -> None:
    assert told("women in Texas or men in Ohio or women in Texas") == told("women in Texas or men in Ohio")


def test_words_beyond_those_that_are_read_are_told() -> None:
    plan = read("women, " + "e, " * 250 + "Texas")
    assert [c.words for c in plan.conditions] == ["women"]
    told_of = [n.text for n in plan.notices if n.code == "too-many-words"]
    assert told_of == [
        "Only the first 500 words and signs were read; what begins with 'e, Texas' only ranks by meaning."
    ]
