"""What ends a "not", what two things set against each other say, and counts of several things."""

from __future__ import annotations

import pytest

from readings import read, told

PRICE_NOT = ["Buys first for is not Price", "Buys second for is not Price"]
DESIGN = "any of (Buys first for is Design; Buys second for is Design)"


@pytest.mark.parametrize("text", ["loyal to Google but not to Apple", "loyal to Google but not Apple"])
def test_a_brand_behind_but_is_what_the_one_before_is_not(text: str) -> None:
    assert told(text) == ["Loyalty to Google at least 7 of 10", "Loyalty to Apple at most 3 of 10"]


@pytest.mark.parametrize(
    ("text", "clauses"),
    [
        (
            "loyal to Apple but not Apple Watch owners",
            ["Loyalty to Apple at least 7 of 10", "Wearables: product is not Apple Watch"],
        ),
        ("loyal to Apple but not in Texas", ["Loyalty to Apple at least 7 of 10", "Location: state is not TX"]),
        ("they don't care about price, they care about design", [*PRICE_NOT, DESIGN]),
        ("people who don't use TikTok, they use Reddit", ["Platforms is not TikTok", "Platforms is Reddit"]),
        ("quit Instagram and moved to TikTok", ["Platforms is not Instagram", "Platforms is TikTok"]),
        ("people who left Twitter", ["Platforms is not Twitter"]),
        ("quality over price", PRICE_NOT),
        ("prefers design to price", [DESIGN, *PRICE_NOT]),
        (
            "prefer a Pixel to an iPhone",
            ["Smartphones: product is Google Pixel", "Smartphones: product is not iPhone"],
        ),
        ("prefers to buy an iPhone", ["Smartphones: product is iPhone"]),
        ("crazy over Pixel", ["Smartphones: product is Google Pixel"]),
        ("women no kids Texas", ["Gender is Female", "Location: state is TX"]),
        ("nurses sans smartphone", ["Sector is Healthcare", "Smartphones: uses is no"]),
        ("people in San Zzyx or Austin", ["Location: city is Austin"]),
        ("bar owners in Austin", ["Location: city is Austin"]),
        ("bar the laggards", ["Adopter category is not Laggard"]),
    ],
)
def test_how_far_a_not_reaches(text: str, clauses: list[str]) -> None:
    assert told(text) == clauses


@pytest.mark.parametrize(
    ("text", "clauses"),
    [
        (
            "age 30-40 / iPhone / income 100k+",
            ["Age 30 years to 40 years", "Smartphones: product is iPhone", "Annual income at least 100,000 USD"],
        ),
        ("Apple / Samsung fans", ["any of (Loyalty to Apple at least 7 of 10; Loyalty to Samsung at least 7 of 10)"]),
        ("Texas / Florida", ["Location: state is TX or FL"]),
        ("iPhone/MacBook owners", ["any of (Smartphones: product is iPhone; Laptops: product is MacBook)"]),
    ],
)
def test_a_slash_means_or_within_one_kind_only(text: str, clauses: list[str]) -> None:
    assert told(text) == clauses


@pytest.mark.parametrize(
    ("text", "clauses"),
    [
        ("in Boston or Austin tx", ["Location: city is Boston or Austin", "Location: state is TX"]),
        ("portland or seattle", ["Location: city is Portland or Seattle"]),
        ("portland me", ["Location: city is Portland"]),
        ("city: austin, state: tx", ["Location: city is Austin", "Location: state is TX"]),
        ("D.C. lawyers", ["Location: state is DC", "Sector is Legal"]),
    ],
)
def test_a_state_in_small_letters_counts_behind_its_city(text: str, clauses: list[str]) -> None:
    assert told(text) == clauses


@pytest.mark.parametrize(
    ("text", "clauses"),
    [
        ("we want to sell Pixel phones to Fitbit owners", ["Wearables: product is Fitbit"]),
        ("cross-sell HomePods to iPhone owners", ["Smartphones: product is iPhone"]),
        ("sell phones to people in Texas", ["Location: state is TX"]),
        ("who can we sell a watch to: women or men?", ["Gender is Female or Male"]),
        ("people who consider price first", ["Buys first for is Price"]),
        ("considering their first smartwatch", ["~Wearables: uses is yes"]),
        ("who'd consider a headset", ["~VR/AR: uses is yes"]),
    ],
)
def test_whom_something_is_sold_to_and_what_is_considered(text: str, clauses: list[str]) -> None:
    assert told(text) == clauses


def test_devices_of_a_brand_and_tags_of_a_kind_are_counted() -> None:
    assert told("three or more devices from Apple") == told("at least three Apple devices")
    assert [c.split(" (")[0] for c in told("exactly two social platforms")] == ["at least 2 of", "fewer than 3 of"]
    assert read("exactly two social platforms").limit == 20
    assert told("20 social media users") == told("social media users")


@pytest.mark.parametrize("words", ["decent income", "average age"])
def test_a_level_of_a_number_that_has_none_is_told(words: str) -> None:
    assert [(n.code, n.words) for n in read(words).notices] == [("not-read", words)]


@pytest.mark.parametrize(
    ("text", "limit", "clauses"),
    [
        ("need ~200 contacts in Texas", 200, ["Location: state is TX"]),
        ("the poorest 10 laggards", 10, ["Adopter category is Laggard"]),
        ("tech interest 4 out of 5", 20, []),
        ("headset, budget no issue", 20, ["VR/AR: uses is yes", "Budget is High or more"]),
        ("headset, budget no worry", 20, ["VR/AR: uses is yes"]),
        ("Apple loyalty at least 8/10", 20, ["Loyalty to Apple at least 8 of 10"]),
    ],
)
def test_how_many_and_how_much(text: str, limit: int, clauses: list[str]) -> None:
    assert (read(text).limit, told(text)) == (limit, clauses)


@pytest.mark.parametrize(
    ("text", "clauses"),
    [
        ("interest = very high and age > 30", ["Tech interest is Very High", "Age over 30 years"]),
        ("sector != data science, age>30", ["Sector is not Data Science", "Age over 30 years"]),
        ("sector = data AND age>30", ["Sector is data", "Age over 30 years"]),
        ("gender = female teachers", ["Gender is Female", "Sector is Education"]),
    ],
)
def test_a_value_of_several_words_needs_no_quotes_behind_its_sign(text: str, clauses: list[str]) -> None:
    assert told(text) == clauses
