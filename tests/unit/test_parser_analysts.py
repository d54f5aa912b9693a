"""How analysts and people new to English put levels, ages and amounts: "tech_interest = high", "until", "or so"."""

from __future__ import annotations

import pytest

from readings import read, told


@pytest.mark.parametrize(
    ("text", "clauses"),
    [
        ("tech_interest in {High, Very High}", ["Tech interest is High or more"]),
        ("interest in (High, Very High)", ["Tech interest is High or more"]),
        ("budget: [Premium]", ["Budget is Premium"]),
        ("job_sector in (Finance, Legal)", ["Sector is Finance or Legal"]),
        ("job_sector not in (Finance, Legal)", ["Sector is not Finance", "Sector is not Legal"]),
        ("uses_vr = no and uses_laptop = yes", ["VR/AR: uses is no", "Laptops: uses is yes"]),
        ("smart home = yes", ["Smart home: uses is yes"]),
        ("headset: no and smart home: yes", ["VR/AR: uses is no", "Smart home: uses is yes"]),
        (
            "primary factor = price, secondary factor = features",
            ["Buys first for is Price", "Buys second for is Features"],
        ),
        ("main reason: reviews", ["Buys first for is Reviews"]),
    ],
)
def test_names_and_signs_of_a_table(text: str, clauses: list[str]) -> None:
    assert told(text) == clauses


@pytest.mark.parametrize(
    ("text", "clauses"),
    [
        ("women 30+", ["Gender is Female", "Age at least 30 years"]),
        (
            "newsletter readers 55+, not on Facebook",
            ["Platforms is Email Newsletter", "Age at least 55 years", "Platforms is not Facebook"],
        ),
        ("teachers 40 or older", ["Sector is Education", "Age at least 40 years"]),
        ("iPhone 15+", ["Smartphones: product is iPhone"]),
        ("people my age, I am seventy two", ["Age 72 years"]),
        ("people who are 45", ["Age 45 years"]),
        ("there are 45 teachers", ["Sector is Education"]),
        ("old customers", ["Age at least 60 years"]),
        ("nobody older than 50 or younger than 20", ["not (Age over 50 years)", "not (Age under 20 years)"]),
        ("older than 50 or younger than 20", ["any of (Age over 50 years; Age under 20 years)"]),
    ],
)
def test_ages_without_a_unit(text: str, clauses: list[str]) -> None:
    assert told(text) == clauses


@pytest.mark.parametrize(
    ("text", "limit"),
    [
        ("let me have thirty or so of the late majority", 30),
        ("bring me 15 or so teachers", 15),
        ("a dozen or so innovators", 12),
        ("there are 45 teachers", 45),
    ],
)
def test_roughly_so_many_are_wanted(text: str, limit: int) -> None:
    assert read(text).limit == limit
    assert not [c for c in read(text).conditions if "Age" in c.words]


@pytest.mark.parametrize(
    ("text", "clauses"),
    [
        ("a medium interest until high interest", ["Tech interest is Moderate or more"]),
        ("from medium budget to high budget", ["Budget is Mid-range or more"]),
        (
            "basic proficiency through advanced proficiency",
            ["Technical proficiency is Basic, Intermediate or Advanced"],
        ),
        ("low interest, high budget", ["Tech interest is Low or less", "Budget is High or more"]),
        ("people interested in technology", ["Tech interest is High or more"]),
        ("not interested in tech", ["Tech interest is Low or less"]),
        ("hardly interested in technology", ["Tech interest is Low or less"]),
        ("moderately interested in technology", ["Tech interest is Moderate"]),
        ("without interest for technology", ["Tech interest is Low or less"]),
        ("high knowledge about technology", ["Technical proficiency is Advanced or more"]),
        ("doesn't know much about computers", ["Technical proficiency is Basic or less"]),
    ],
)
def test_levels_as_they_are_put_by_people_new_to_english(text: str, clauses: list[str]) -> None:
    assert told(text) == clauses


@pytest.mark.parametrize(
    ("text", "clauses"),
    [
        ("a Google Nest or nothing", ["any of (Smart home: product is Google Nest; Smart home: uses is no)"]),
        ("a Pixel or no phone at all", ["any of (Smartphones: product is Google Pixel; Smartphones: uses is no)"]),
        ("women or not in Texas", ["any of (Gender is Female; Location: state is not TX)"]),
        ("a phone other than the iPhone or none at all", ["Smartphones: product is not iPhone"]),
        ("quality instead price", ["Buys first for is not Price", "Buys second for is not Price"]),
        ("Pixel instead iPhone", ["Smartphones: product is Google Pixel", "Smartphones: product is not iPhone"]),
        ("iPhone instead", ["Smartphones: product is iPhone"]),
    ],
)
def test_one_or_none_and_one_instead(text: str, clauses: list[str]) -> None:
    assert told(text) == clauses


APPLE = (
    "(Smartphones: product is iPhone; Laptops: product is MacBook; Smart home: product is Apple HomePod; "
    "Wearables: product is Apple Watch; VR/AR: product is Apple Vision Pro)"
)


@pytest.mark.parametrize(
    ("text", "clauses"),
    [
        ("more than one thing from Apple", [f"at least 2 of {APPLE}"]),
        ("more than one Apple product", [f"at least 2 of {APPLE}"]),
        ("at least one Apple product", [f"any of {APPLE}"]),
        ("more than 3 platforms and less than 6", ["Platforms: how many over 3, under 6"]),
        ("two platforms and under 40", ["Platforms: how many 2", "Age under 40 years"]),
        ("exactly two platforms, under 40", ["Platforms: how many 2", "Age under 40 years"]),
        ("platform count between 2 and 4", ["Platforms: how many 2 to 4"]),
        ("number of platforms: 3", ["Platforms: how many 3"]),
        ("platforms at least 3", ["Platforms: how many at least 3"]),
    ],
)
def test_counts(text: str, clauses: list[str]) -> None:
    assert told(text) == clauses


@pytest.mark.parametrize(
    ("text", "clauses"),
    [
        ("age in [25, 35)", ["Age at least 25 years, under 35 years"]),
        ("income in [50k, 80k]", ["Annual income 50,000 USD to 80,000 USD"]),
        ("they earn more than 60.000 dollars", ["Annual income over 60,000 USD"]),
        ("income over 1.250.000", ["Annual income over 1,250,000 USD"]),
        ("income over 500.50", ["Annual income over 500.50 USD"]),
        (
            "loyal to Apple 8+, Samsung max 3",
            ["Loyalty to Apple at least 8 of 10", "Loyalty to Samsung at most 3 of 10"],
        ),
        (
            "loyal to Apple, Samsung watch",
            ["Loyalty to Apple at least 7 of 10", "Wearables: product is Samsung Galaxy Watch"],
        ),
        ("minimum bachelor but maximum master", ["Education is Bachelor's or more", "Education is Master's or less"]),
        ("maximum interest", ["Tech interest is Very High"]),
        ("not more old than 50", ["Age at most 50 years"]),
        ("$$$ budget", ["Budget is High or more"]),
    ],
)
def test_bounds(text: str, clauses: list[str]) -> None:
    assert told(text) == clauses


@pytest.mark.parametrize(
    ("text", "clauses"),
    [
        ("smartphone=no", ["Smartphones: uses is no"]),
        ("laptop = yes AND NOT vrar=true", ["Laptops: uses is yes", "VR/AR: uses is no"]),
        ("uses_vr = false, women", ["VR/AR: uses is no", "Gender is Female"]),
        ("smart home is true", ["Smart home: uses is yes"]),
        ("women with headset: no", ["Gender is Female", "VR/AR: uses is no"]),
        ("iPhone or Pixel: no", ["Smartphones: product is not iPhone", "Smartphones: product is not Google Pixel"]),
        ("people who sell headsets in Texas", ["VR/AR: uses is yes", "Location: state is TX"]),
        ("a campaign to sell headsets, women", ["Gender is Female"]),
    ],
)
def test_true_and_false(text: str, clauses: list[str]) -> None:
    assert told(text) == clauses


@pytest.mark.parametrize(
    ("text", "clauses"),
    [
        ("selling a headset to women", ["Gender is Female"]),
        ("we want to sell watches to seniors in Texas", ["Age at least 65 years", "Location: state is TX"]),
        ("promote the iPhone to innovators", ["Adopter category is Innovator"]),
    ],
)
def test_whom_something_is_for_is_told_behind_it(text: str, clauses: list[str]) -> None:
    assert told(text) == clauses
