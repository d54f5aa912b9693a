"""Sentences that are dashed off: wishes as an afterthought, brackets, bare nouns, words written in two."""

from __future__ import annotations

import pytest

from readings import read, told


@pytest.mark.parametrize(
    ("text", "clauses"),
    [
        ("may own a MacBook", ["~Laptops: product is MacBook"]),
        ("might have a Pixel", ["~Smartphones: product is Google Pixel"]),
        ("women who could be early adopters", ["Gender is Female", "~Adopter category is Early Adopter"]),
        ("teachers, possibly with an iPhone", ["Sector is Education", "~Smartphones: product is iPhone"]),
        ("MacBook preferably", ["~Laptops: product is MacBook"]),
        ("high budget, Texas maybe", ["Budget is High or more", "~Location: state is TX"]),
        (
            "women with an iPhone or a Pixel perhaps",
            ["Gender is Female", "~Smartphones: product is iPhone or Google Pixel"],
        ),
        ("Texas perhaps or Florida", ["~Location: state is TX or FL"]),
        ("women ideally, in Texas", ["~Gender is Female", "Location: state is TX"]),
        ("maybe women", ["~Gender is Female"]),
        ("no beginners maybe", ["Technical proficiency is not Beginner"]),
    ],
)
def test_what_may_be_is_only_wished_for(text: str, clauses: list[str]) -> None:
    assert told(text) == clauses


@pytest.mark.parametrize(
    ("text", "clauses"),
    [
        ("Loyal to Microsoft (8 or more)", ["Loyalty to Microsoft at least 8 of 10"]),
        ("loyalty to Apple (at least 6), women", ["Loyalty to Apple at least 6 of 10", "Gender is Female"]),
        ("budget (high)", ["Budget is High or more"]),
        ("tech interest (moderate or more)", ["Tech interest is Moderate or more"]),
        ("age (25-34)", ["Age 25 years to 34 years"]),
        ("income (over 100k) and no PhD", ["Annual income over 100,000 USD", "Education is not PhD"]),
    ],
)
def test_brackets_hold_what_is_said_of_the_field_before(text: str, clauses: list[str]) -> None:
    assert told(text) == clauses


def test_brackets_are_shown_whole() -> None:
    assert [c.words for c in read("Loyal to Microsoft (8 or more), women").conditions] == [
        "Microsoft (8 or more)",
        "women",
    ]


@pytest.mark.parametrize(
    ("text", "corrected", "clauses"),
    [
        ("gogle nest", "google nest", ["Smart home: product is Google Nest"]),
        ("a gogle pixel", "google pixel", ["Smartphones: product is Google Pixel"]),
        ("VR gogle", "vr goggle", ["VR/AR: uses is yes"]),
        ("amzon echo", "amazon echo", ["Smart home: product is Amazon Echo"]),
    ],
)
def test_a_misspelt_word_is_the_one_that_belongs_to_the_word_beside_it(
    text: str, corrected: str, clauses: list[str]
) -> None:
    assert told(text) == clauses
    assert [n.suggestions[0].casefold() for n in read(text).notices if n.code == "corrected"] == [corrected]


@pytest.mark.parametrize(
    ("text", "clauses"),
    [
        ("phone, watch", ["Smartphones: uses is yes", "Wearables: uses is yes"]),
        ("watch and laptop", ["Wearables: uses is yes", "Laptops: uses is yes"]),
        ("iPhone, watch, Texas", ["Smartphones: product is iPhone", "Wearables: uses is yes", "Location: state is TX"]),
        ("headset or watch", ["any of (VR/AR: uses is yes; Wearables: uses is yes)"]),
        ("women, no watch", ["Gender is Female", "Wearables: uses is no"]),
        ("watch: none", ["Wearables: uses is no"]),
        ("people who watch YouTube", ["Platforms is YouTube"]),
        ("women who love to read, watch and listen", ["Gender is Female"]),
    ],
)
def test_a_bare_noun_is_read_where_only_a_noun_stands(text: str, clauses: list[str]) -> None:
    assert told(text) == clauses


@pytest.mark.parametrize(
    ("text", "clauses"),
    [
        ("no lap top", ["Laptops: uses is no"]),
        ("play station VR", ["VR/AR: product is PlayStation VR"]),
        ("cheap skates", ["~Budget is Budget or less", "~Buys first for is Price"]),
        ("face book and linked in users", ["Platforms is Facebook", "Platforms is LinkedIn"]),
        ("a wearable within twelve months", ["Wearables: months after release at most 12 months"]),
    ],
)
def test_a_word_written_in_two_is_read_as_one(text: str, clauses: list[str]) -> None:
    assert told(text) == clauses


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("will buy a laptop within the next 6 months", ["within the next 6 months"]),
        ("kids under 10 in Texas, within 10 miles", ["10", "10 miles"]),
    ],
)
def test_what_was_not_read_is_told_once(text: str, words: list[str]) -> None:
    assert [n.words for n in read(text).notices if n.code == "not-read"] == words


@pytest.mark.parametrize("text", ["will buy a laptop", "people who want to buy a laptop", "planning to buy a laptop"])
def test_what_somebody_will_buy_is_only_wished_for(text: str) -> None:
    assert told(text) == ["~Laptops: uses is yes"]
