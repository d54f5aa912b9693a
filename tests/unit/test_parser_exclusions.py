"""Who is left out: exceptions, what is taken back, and words that people whose English is new to them choose."""

from __future__ import annotations

import pytest

from readings import read, told

NOT_APPLE_BUT_PHONES = [
    "Laptops: product is not MacBook",
    "Smart home: product is not Apple HomePod",
    "Wearables: product is not Apple Watch",
    "VR/AR: product is not Apple Vision Pro",
]
NOT_GOOGLE_BUT_NEST = ["Smartphones: product is not Google Pixel", "Wearables: product is not Fitbit"]


@pytest.mark.parametrize(
    ("text", "clauses"),
    [
        ("no Apple products except iPhone", NOT_APPLE_BUT_PHONES),
        ("nothing from Google except Nest", NOT_GOOGLE_BUT_NEST),
        ("no Google products other than Nest", NOT_GOOGLE_BUT_NEST),
        (
            "no wearables apart from a Fitbit",
            ["Wearables: product is not Apple Watch, Garmin, Oura Ring or Samsung Galaxy Watch"],
        ),
        (
            "without a smartphone other than a Pixel",
            ["Smartphones: product is not OnePlus, Samsung Galaxy, Xiaomi or iPhone"],
        ),
        (
            "no social media besides LinkedIn",
            ["Platforms is not Facebook, Instagram, Reddit, TikTok, Twitter or YouTube"],
        ),
        ("skip laggards except teachers", ["not (Adopter category is Laggard and Sector is not Education)"]),
        ("exclude Texas except Austin", ["not (Location: state is TX and Location: city is not Austin)"]),
        ("nobody except teachers", ["Sector is Education"]),
        ("no one other than innovators", ["Adopter category is Innovator"]),
        ("no one except people in Texas", ["Location: state is TX"]),
        ("all but teachers", ["Sector is not Education"]),
        ("everyone except retail", ["Sector is not Retail"]),
    ],
)
def test_an_exception_is_taken_out_of_what_is_excluded(text: str, clauses: list[str]) -> None:
    assert told(text) == clauses


@pytest.mark.parametrize(
    ("text", "clauses"),
    [
        ("no laggards, innovators are fine", ["Adopter category is not Laggard", "~Adopter category is Innovator"]),
        ("no laggards, innovators OK", ["Adopter category is not Laggard", "~Adopter category is Innovator"]),
        (
            "no beginners or basic, intermediate is fine",
            ["Technical proficiency is not Beginner or Basic", "~Technical proficiency is Intermediate"],
        ),
        ("no iPhone, Pixel is fine", ["Smartphones: product is not iPhone", "~Smartphones: product is Google Pixel"]),
        ("early adopters, laggards excluded", ["Adopter category is Early Adopter", "Adopter category is not Laggard"]),
        (
            "experts, beginners are out",
            ["Technical proficiency is Expert", "Technical proficiency is not Beginner"],
        ),
        (
            "early majority, late majority preferred",
            ["Adopter category is Early Majority", "~Adopter category is Late Majority"],
        ),
        ("no TikTok haters", ["~Platforms is TikTok"]),
    ],
)
def test_what_is_said_of_the_last_one_of_a_list_is_said_of_it_alone(text: str, clauses: list[str]) -> None:
    assert told(text) == clauses


@pytest.mark.parametrize(
    ("text", "clauses"),
    [
        ("people who'd buy a VR headset, don't already have one", ["~VR/AR: uses is yes", "VR/AR: uses is no"]),
        (
            "want a Fitbit but do not have one",
            ["~Wearables: product is Fitbit", "Wearables: product is not Fitbit"],
        ),
        (
            "likes the Meta Quest but doesn't own one yet",
            ["~VR/AR: product is Meta Quest", "VR/AR: product is not Meta Quest"],
        ),
        ("laptop owners who have it", ["Laptops: uses is yes"]),
        ("laptop owners without a laptop", ["Laptops: uses is yes", "Laptops: uses is no"]),
        ("with or without a laptop, in Texas", ["Location: state is TX"]),
    ],
)
def test_whoever_has_none_is_excluded_though_it_was_named_before(text: str, clauses: list[str]) -> None:
    assert told(text) == clauses


@pytest.mark.parametrize(
    ("text", "clauses"),
    [
        ("all who have not yet a VR headset", ["VR/AR: uses is no"]),
        ("people who are not yet on TikTok", ["Platforms is not TikTok"]),
        ("they are not yet 50", ["Age under 50 years"]),
        (
            "a watch, but I don't mean an Apple Watch",
            ["Wearables: uses is yes", "Wearables: product is not Apple Watch"],
        ),
        (
            "all except the laggards and the ones with low budget",
            ["Adopter category is not Laggard", "Budget is not Economy or Budget"],
        ),
        ("leave out women and the ones in Texas", ["Gender is not Female", "Location: state is not TX"]),
        ("teachers excl. Texas", ["Sector is Education", "Location: state is not TX"]),
        ("nowhere in Texas", ["Location: state is not TX"]),
        ("who earn less as 50k", ["Annual income under 50,000 USD"]),
        ("not older as 30", ["Age at most 30 years"]),
        ("bigger then 100k salary", ["Annual income over 100,000 USD"]),
        ("laggards, robots are out", ["Adopter category is Laggard"]),
        ("in Texas, the furniture is not important", ["Location: state is TX"]),
        ("not very good with computers", ["Technical proficiency is Basic or less"]),
        ("not too strong interest in technology", ["Tech interest is Low or less"]),
        ("not very high budget", ["Budget is Budget or less"]),
        ("I would like clients with big budget", ["Budget is High or more"]),
        ("I'd like to see women over 60", ["Gender is Female", "Age over 60 years"]),
    ],
)
def test_other_words_for_leaving_out(text: str, clauses: list[str]) -> None:
    assert told(text) == clauses


@pytest.mark.parametrize(
    ("text", "clauses"),
    [
        ("sector: not education", ["Sector is not Education"]),
        ("sector is not Education", ["Sector is not Education"]),
        ("industry: Education", ["Sector is Education"]),
        ("education: not PhD", ["Education is not PhD"]),
        ("smartphone is null", ["Smartphones: uses is not known"]),
        ("smartphone is not null", ["Smartphones: uses is known"]),
        ("budget is not missing", ["Budget is known"]),
    ],
)
def test_what_stands_behind_a_field_is_about_it(text: str, clauses: list[str]) -> None:
    assert told(text) == clauses


@pytest.mark.parametrize(
    ("text", "clauses"),
    [
        (
            "age 18-24; exclude: smartphone = iPhone",
            ["Smartphones: product is not iPhone", "Age 18 years to 24 years"],
        ),
        (
            "exclude smartphone=iPhone or laptop=MacBook; age>30",
            ["Smartphones: product is not iPhone", "Laptops: product is not MacBook", "Age over 30 years"],
        ),
        ("without laptop:MacBook and age>30", ["Laptops: product is not MacBook", "Age over 30 years"]),
        ("skip budget=Premium and teachers", ["Budget is not Premium", "Sector is not Education"]),
        ("exclude teachers and budget=Premium", ["Budget is not Premium", "Sector is not Education"]),
        ("exclude teachers, age>30", ["Age over 30 years", "Sector is not Education"]),
        (
            "smartphone=iPhone, age>30, women",
            ["Smartphones: product is iPhone", "Age over 30 years", "Gender is Female"],
        ),
        ("platforms >= 4", ["Platforms: how many at least 4"]),
        ("platform>2 AND NOT platform>5", ["Platforms: how many over 2", "not (Platforms: how many over 5)"]),
        (
            "(age>60 AND budget=High) OR vrar_uses:no",
            ["any of (Age over 60 years; VR/AR: uses is no)", "any of (Budget is High; VR/AR: uses is no)"],
        ),
    ],
)
def test_field_syntax_beside_words(text: str, clauses: list[str]) -> None:
    assert told(text) == clauses


def test_a_comma_behind_a_term_of_field_syntax_is_no_part_of_it() -> None:
    assert [n.code for n in read("age>30, sort:-age, limit:5").notices] == []
    assert read("age>30, sort:-age, limit:5").limit == 5


@pytest.mark.parametrize(
    ("text", "clauses"),
    [
        ("cut the beginners", ["Technical proficiency is not Beginner"]),
        ("kick out everyone with a MacBook", ["Laptops: product is not MacBook"]),
        ("get rid of the laggards, keep teachers", ["Adopter category is not Laggard", "Sector is Education"]),
        ("exclude if age > 70", ["not (Age over 70 years)"]),
        ("filter out gender = male", ["Gender is not Male"]),
        ("leave out anyone with smartphone=iPhone", ["Smartphones: product is not iPhone"]),
        ("exclude teachers with age > 70", ["Age over 70 years", "Sector is not Education"]),
        ("women who have age > 70", ["Age over 70 years", "Gender is Female"]),
        ("age <> 30", ["not (Age 30 years)"]),
        ("age >= 25 & budget = High", ["Age at least 25 years", "Budget is High"]),
        ("texas; !iphone", ["Location: state is TX", "Smartphones: product is not iPhone"]),
        ("Great! iPhone", ["Smartphones: product is iPhone"]),
        ("-TikTok +YouTube women", ["Platforms is not TikTok", "Platforms is YouTube", "Gender is Female"]),
        ("early majority - no headset", ["Adopter category is Early Majority", "VR/AR: uses is no"]),
        ("Pixel > iPhone", ["Smartphones: product is Google Pixel", "Smartphones: product is not iPhone"]),
        (
            "switched from iPhone to a Pixel",
            ["Smartphones: product is not iPhone", "Smartphones: product is Google Pixel"],
        ),
        (
            "uses a Galaxy phone but would rather have an iPhone",
            ["Smartphones: product is Samsung Galaxy", "~Smartphones: product is iPhone"],
        ),
        (
            "budget in (High, Premium) and interest not in (Low, Very Low)",
            ["any of (Budget is High or more; Budget is Premium)", "Tech interest is not Very Low or Low"],
        ),
        ("aged 30 to 40 and not loyal with Apple", ["Age 30 years to 40 years", "Loyalty to Apple at most 3 of 10"]),
        ("aged 30 to 40 not Apple loyalty", ["Age 30 years to 40 years"]),
    ],
)
def test_signs_and_verbs_that_leave_out(text: str, clauses: list[str]) -> None:
    assert told(text) == clauses


@pytest.mark.parametrize(
    ("text", "clauses"),
    [
        (
            "no social media except LinkedIn and YouTube",
            ["Platforms is not Facebook, Instagram, Reddit, TikTok or Twitter"],
        ),
        ("nothing from Samsung apart from phones and watches", ["Smart home: product is not Samsung SmartThings"]),
        ("no Nest except Nest, women", ["Gender is Female"]),
        (
            "any phone except Apple and Samsung",
            [
                "Smartphones: uses is yes",
                "Smartphones: product is not iPhone",
                "Smartphones: product is not Samsung Galaxy",
            ],
        ),
        ("women, unless they're in Texas", ["Gender is Female", "Location: state is not TX"]),
        ("skip laggards unless they are teachers", ["not (Adopter category is Laggard and Sector is not Education)"]),
        (
            "iPhone users except Texans over 60",
            ["Smartphones: product is iPhone", "not (Location: state is TX and Age over 60 years)"],
        ),
        ("not necessarily women, over 30", ["Age over 30 years"]),
        (
            "no laggards unless they should not be teachers",
            ["Adopter category is not Laggard", "Sector is not Education"],
        ),
        (
            "no iPhone except no Pixel",
            ["Smartphones: product is not iPhone", "Smartphones: product is not Google Pixel"],
        ),
        ("they don't have to be teachers", []),
    ],
)
def test_exceptions_go_on_through_a_list(text: str, clauses: list[str]) -> None:
    assert told(text) == clauses


@pytest.mark.parametrize(
    ("text", "clauses"),
    [
        ("not both iPhone and MacBook", ["not (Smartphones: product is iPhone and Laptops: product is MacBook)"]),
        ("they don't have both a watch and a headset", ["not (Wearables: uses is yes and VR/AR: uses is yes)"]),
        (
            "high budget or high interest but not both",
            [
                "any of (Budget is High or more; Tech interest is High or more)",
                "not (Budget is High or more and Tech interest is High or more)",
            ],
        ),
        ("both iPhone and MacBook", ["Smartphones: product is iPhone", "Laptops: product is MacBook"]),
        ("neither iPhone nor MacBook", ["Smartphones: product is not iPhone", "Laptops: product is not MacBook"]),
    ],
)
def test_not_both(text: str, clauses: list[str]) -> None:
    assert told(text) == clauses


def test_what_is_left_of_an_exclusion_keeps_its_words() -> None:
    assert [c.words for c in read("nothing from Samsung apart from phones and watches").conditions] == ["Samsung"]


@pytest.mark.parametrize(
    "text", ["not on any platform", "on no platform", "nobody on any platform", "without any platform"]
)
def test_nothing_of_a_kind_at_all(text: str) -> None:
    assert told(text) == ["Platforms is not known"]


@pytest.mark.parametrize(
    ("text", "clauses"),
    [
        (
            "not on any platform except TikTok and Reddit",
            ["Platforms is not Email Newsletter, Facebook, Instagram, LinkedIn, Tech Blogs, Twitter or YouTube"],
        ),
        (
            "on no platform except TikTok and Reddit, over 30",
            [
                "Platforms is not Email Newsletter, Facebook, Instagram, LinkedIn, Tech Blogs, Twitter or YouTube",
                "Age over 30 years",
            ],
        ),
        ("on no platform but TikTok", ["Platforms is TikTok"]),
        ("on any platform", []),
        (
            "TikTok and Reddit, but no other platform",
            [
                "Platforms is TikTok",
                "Platforms is Reddit",
                "Platforms is not Email Newsletter, Facebook, Instagram, LinkedIn, Tech Blogs, Twitter or YouTube",
            ],
        ),
        ("no other platform", []),
    ],
)
def test_nothing_of_a_kind_but_some(text: str, clauses: list[str]) -> None:
    assert told(text) == clauses


def test_who_is_spared_of_people_that_nobody_knows_is_welcome_only() -> None:
    assert told("no students except teachers") == ["~Sector is Education"]


@pytest.mark.parametrize(
    ("text", "clauses"),
    [
        (
            "people who don't use TikTok or teachers in Texas",
            ["any of (Platforms is not TikTok; Sector is Education)", "Location: state is TX"],
        ),
        (
            "women who do not use Reddit or are over 60",
            ["Gender is Female", "any of (Platforms is not Reddit; Age over 60 years)"],
        ),
        ("I don't want TikTok users or teachers", ["Platforms is not TikTok", "Sector is not Education"]),
        ("anyone who isn't a laggard or a teacher", ["Adopter category is not Laggard", "Sector is not Education"]),
        ("minus Californians plus New Yorkers", ["Location: state is not CA", "Location: state is NY"]),
        ("skip Californians plus New Yorkers", ["Location: state is not CA", "Location: state is not NY"]),
    ],
)
def test_where_a_not_ends(text: str, clauses: list[str]) -> None:
    assert told(text) == clauses
