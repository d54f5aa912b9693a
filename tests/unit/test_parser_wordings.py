"""Ways in which people word what they want, and do not want."""

from __future__ import annotations

import pytest

from readings import read, told
from techfinder.plan import Condition


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


@pytest.mark.parametrize(
    ("text", "clauses"),
    [
        ("no women under 30", ["not (Gender is Female and Age under 30 years)"]),
        (
            "skip the early adopters who use TikTok",
            ["not (Adopter category is Early Adopter and Platforms is TikTok)"],
        ),
        ("leave out teachers on a low budget", ["not (Sector is Education and Budget is Budget or less)"]),
        ("skip low-budget laggards", ["not (Budget is Budget or less and Adopter category is Laggard)"]),
        ("exclude anyone under 25 with an iPhone", ["not (Age under 25 years and Smartphones: product is iPhone)"]),
        ("nobody in Texas who owns an iPhone", ["not (Location: state is TX and Smartphones: product is iPhone)"]),
        (
            "leave out laggards in Ohio or Texas",
            [
                "not (Adopter category is Laggard and Location: state is OH)",
                "not (Adopter category is Laggard and Location: state is TX)",
            ],
        ),
        (
            "skip women under 30 and men over 60",
            ["not (Gender is Female and Age under 30 years)", "not (Gender is Male and Age over 60 years)"],
        ),
        (
            "skip women with an iPhone and a MacBook",
            ["not (Gender is Female and Smartphones: product is iPhone and Laptops: product is MacBook)"],
        ),
        ("skip women who don't use TikTok", ["not (Gender is Female and Platforms is not TikTok)"]),
        ("no women without a phone", ["not (Gender is Female and Smartphones: uses is no)"]),
        ("exclude people without a laptop", ["Laptops: uses is yes"]),
    ],
)
def test_an_exclusion_may_be_of_some_only(text: str, clauses: list[str]) -> None:
    assert told(text) == clauses


@pytest.mark.parametrize(
    ("text", "clauses"),
    [
        ("no laggards in Ohio", ["Adopter category is not Laggard", "Location: state is OH"]),
        ("nobody over 60, high budget", ["not (Age over 60 years)", "Budget is High or more"]),
        ("people with no iPhone who use TikTok", ["Smartphones: product is not iPhone", "Platforms is TikTok"]),
        ("people outside Texas who use TikTok", ["Location: state is not TX", "Platforms is TikTok"]),
        (
            "women, no laggards, who live in Texas",
            ["Gender is Female", "Adopter category is not Laggard", "Location: state is TX"],
        ),
    ],
)
def test_what_holds_for_everybody_is_no_part_of_an_exclusion(text: str, clauses: list[str]) -> None:
    assert told(text) == clauses


@pytest.mark.parametrize(
    ("text", "clauses"),
    [
        ("women in either Ohio or Michigan", ["Gender is Female", "Location: state is OH or MI"]),
        (
            "women who either live in Ohio or use TikTok",
            ["Gender is Female", "any of (Location: state is OH; Platforms is TikTok)"],
        ),
        (
            "New York, Boston and Texas",
            [
                "any of (Location: state is NY; Location: city is New York; Location: city is Boston; "
                "Location: state is TX)"
            ],
        ),
        ("Help me find women in Texas", ["Gender is Female", "Location: state is TX"]),
        ("HELP: need women!", ["Gender is Female"]),
        ("Women in Texas. Can you help?", ["Gender is Female", "Location: state is TX"]),
        ("women, TikTok would help", ["Gender is Female", "~Platforms is TikTok"]),
    ],
)
def test_what_is_asked_for_is_neither_loosened_nor_made_impossible(text: str, clauses: list[str]) -> None:
    assert told(text) == clauses


@pytest.mark.parametrize(
    ("text", "clauses"),
    [
        ("TikTok haters", ["Platforms is not TikTok"]),
        ("women, TikTok haters", ["Gender is Female", "Platforms is not TikTok"]),
        ("TikTok-free women", ["Platforms is not TikTok", "Gender is Female"]),
        ("teachers free in July", ["Sector is Education"]),
        ("former iPhone users", ["Smartphones: product is not iPhone"]),
        ("no hurry with laptops", ["Laptops: months after release over 12 months"]),
        ("under 21s and over 65s", ["any of (Age under 21 years; Age over 65 years)"]),
        ("salary ≥ 100k", ["Annual income at least 100,000 USD"]),
        ("at the very least a master's degree", ["Education is Master's or more"]),
        ("at the very most 45 years old", ["Age at most 45 years"]),
    ],
)
def test_other_words_for_the_same(text: str, clauses: list[str]) -> None:
    assert told(text) == clauses


@pytest.mark.parametrize(
    ("text", "limit"),
    [
        ("about 50 people in Texas", 50),
        ("no more than 30 users in Ohio", 30),
        ("up to 40 laggards", 40),
        ("half a dozen laggards", 6),
        ("the oldest ten innovators", 10),
        ("youngest laggards first, max 5", 5),
        ("women of about 40", 20),
        ("women, up to 40, teachers", 20),
    ],
)
def test_how_many_people_are_wanted(text: str, limit: int) -> None:
    plan = read(text)
    ages = [c for c in plan.conditions if isinstance(c, Condition) and c.field == "age"]
    assert (plan.limit, bool(ages)) == (limit, limit == 20)


def test_the_top_of_an_order_comes_first() -> None:
    assert [(o.field, o.descending) for o in read("top ten percent by income").sort] == [("annual_income", True)]


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("women aged 25-40", ["women", "aged 25-40"]),
        ("$45,000-$60,000", ["$45,000-$60,000"]),
        ("in Boston, MA", ["Boston, MA", "Boston, MA"]),
        ("a budget that isn't premium", ["budget that isn't premium"]),
        ("low-budget men under 21s", ["low budget", "men", "under 21s"]),
    ],
)
def test_words_are_shown_as_they_were_typed(text: str, words: list[str]) -> None:
    assert [c.words for c in read(text).conditions] == words


@pytest.mark.parametrize(
    ("text", "clauses"),
    [
        ("wo\u200bmen in Te\u00adxas", ["Gender is Female", "Location: state is TX"]),
        ("salary > 100k < 150k", ["Annual income over 100,000 USD", "Annual income under 150,000 USD"]),
        ("women <30", ["Gender is Female", "Age under 30 years"]),
    ],
)
def test_signs_and_what_copied_text_brings_along(text: str, clauses: list[str]) -> None:
    assert told(text) == clauses


@pytest.mark.parametrize(
    ("text", "clauses"),
    [
        (
            "drop anyone who has an iPhone or is under 25",
            ["Smartphones: product is not iPhone", "not (Age under 25 years)"],
        ),
        ("nobody with kids or an iPhone", ["Smartphones: product is not iPhone"]),
        ("everywhere but Texas", ["Location: state is not TX"]),
        ("people who have stopped using Facebook", ["Platforms is not Facebook"]),
        ("doesn't matter which phone, but no Xiaomi", ["Smartphones: product is not Xiaomi"]),
        (
            "people without an iPhone or who use TikTok",
            ["any of (Smartphones: product is not iPhone; Platforms is TikTok)"],
        ),
        ("mostly women in Denver", ["~Gender is Female", "Location: city is Denver"]),
        ("mostly in Texas", ["~Location: state is TX"]),
        (
            "Pixel over iPhone or a MacBook",
            [
                "Smartphones: product is Google Pixel",
                "Smartphones: product is not iPhone",
                "Laptops: product is not MacBook",
            ],
        ),
    ],
)
def test_how_far_an_exclusion_and_a_wish_reach(text: str, clauses: list[str]) -> None:
    assert told(text) == clauses


@pytest.mark.parametrize(
    ("text", "clauses"),
    [
        ("no iPhone, Pixel yes", ["Smartphones: product is not iPhone", "Smartphones: product is Google Pixel"]),
        ("no iPhone, Pixel OK", ["Smartphones: product is not iPhone", "~Smartphones: product is Google Pixel"]),
        ("no iPhone, Pixel", ["Smartphones: product is not iPhone", "Smartphones: product is not Google Pixel"]),
        ("no TikTok, ok?", ["Platforms is not TikTok"]),
    ],
)
def test_what_is_called_fine_is_not_excluded(text: str, clauses: list[str]) -> None:
    assert told(text) == clauses


def test_a_rare_word_with_two_letters_swapped_is_put_right() -> None:
    plan = read("no appel stuff")
    assert {c.op for c in plan.conditions if isinstance(c, Condition)} == {"none_of"}
    assert [(n.code, n.words, n.suggestions) for n in plan.notices] == [("corrected", "appel", ("apple",))]
    for right in ("texan", "form", "trail", "coach", "united"):
        assert [n for n in read(right).notices if n.code == "corrected"] == []


MAKERS = ("Apple", "Samsung", "Google", "Microsoft")
LOYAL_TO_NONE = [f"Loyalty to {maker} at most 3 of 10" for maker in MAKERS]
LOYAL_TO_SOME = [f"any of ({'; '.join(f'Loyalty to {maker} at least 7 of 10' for maker in MAKERS)})"]


@pytest.mark.parametrize("text", ["loyal to none", "no brand loyalty", "not loyal to any brand", "brand agnostic"])
def test_loyalty_to_no_brand(text: str) -> None:
    assert told(text) == LOYAL_TO_NONE


@pytest.mark.parametrize("text", ["loyal to any brand", "brand loyal", "high brand loyalty"])
def test_loyalty_to_whatever_brand(text: str) -> None:
    assert told(text) == LOYAL_TO_SOME
