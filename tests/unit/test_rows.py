"""Rows to profiles: what is taken, what is refused, and how that is said."""

import pytest

from techfinder.errors import SourceError
from techfinder.models import Profile, Row
from techfinder.rows import RowReader
from techfinder.schema import Schema, load_schema

ORIGINAL = {
    "user_id": "TU0002",
    "age": "56",
    "gender": "Non-binary",
    "location": "Thomasberg, IA",
    "education": "Bachelor's",
    "annual_income": "200072.97",
    "tech_interest": "high",
    "preferred_platforms": "Tech Blogs, Facebook, facebook",
    "smartphone_adoption_timing": "4",
    "smartphone_preferred_product": "samsung galaxy",
    "wearable_adoption_timing": "-1",
    "wearable_preferred_product": "None",
    "laptop_adoption_timing": "",
    "laptop_preferred_product": "",
}


@pytest.fixture(scope="module")
def schema() -> Schema:
    return load_schema()


def read(schema: Schema, **cells: object) -> Profile | dict[str, str]:
    """The profile of the original row with `cells` changed, or what was expected by column."""
    row = {**ORIGINAL, **cells}
    answer = RowReader(schema, list(row)).read(Row(1, row))
    return answer if isinstance(answer, Profile) else {p.column: p.expected for p in answer}


def test_the_original_format_is_read(schema: Schema) -> None:
    profile = read(schema)
    assert isinstance(profile, Profile)
    assert profile.id == "TU0002"
    assert profile.values == {
        "age": 56,
        "age_bucket": 55,
        "gender": "Non-binary",
        "location": "Thomasberg, IA",
        "location_city": "Thomasberg",
        "location_state": "IA",
        "education": "Bachelor's",
        "education_level": 2,
        "annual_income": 200072.97,
        "annual_income_bucket": 200000,
        "tech_interest": "High",
        "tech_interest_level": 3,
        "preferred_platforms": ("Tech Blogs", "Facebook"),
        "preferred_platforms_count": 2,
        "smartphone_uses": "yes",
        "smartphone_product": "Samsung Galaxy",
        "smartphone_months": 4,
        "wearable_uses": "no",
    }


def test_missing_differs_from_not_used(schema: Schema) -> None:
    profile = read(schema)
    assert isinstance(profile, Profile)
    assert "laptop_uses" not in profile.values
    assert profile.values["wearable_uses"] == "no"


@pytest.mark.parametrize("empty", ["", "  ", None, float("nan"), "N/A", "null"])
def test_empty_cells_leave_no_key(schema: Schema, empty: object) -> None:
    profile = read(schema, age=empty, gender=empty, preferred_platforms=empty, location=empty)
    assert isinstance(profile, Profile)
    assert not {"age", "age_bucket", "gender", "preferred_platforms", "location_city"} & set(profile.values)


@pytest.mark.parametrize(
    ("column", "value", "expected"),
    [
        ("age", "abc", "a whole number from 0 to 120"),
        ("age", "-3", "a whole number from 0 to 120"),
        ("age", "12.5", "a whole number from 0 to 120"),
        ("age", "9" * 400, "a whole number from 0 to 120"),
        ("annual_income", "inf", "a number from 0 to 100000000"),
        ("annual_income", "1e400", "a number from 0 to 100000000"),
        ("tech_interest", "Enormous", "one of: Very Low, Low, Moderate, High, Very High"),
        ("user_id", "", "an id"),
        ("user_id", "a\nb", "an id of at most 200 printable characters"),
        ("user_id", "x" * 201, "an id of at most 200 printable characters"),
        ("smartphone_adoption_timing", "soon", "a whole number of months from 0 to 1200"),
        ("smartphone_adopted_on", "31/12/2024", "a date as 2026-01-31"),
        ("smartphone_adopted_on", "2024-01-01xyz", "a date as 2026-01-31"),
        ("wearable_adopted_on", "2024-01-01", "cells that agree on whether Wearables are used"),
    ],
)
def test_refusals_name_what_was_expected(schema: Schema, column: str, value: str, expected: str) -> None:
    place = "wearable_preferred_product" if column == "wearable_adopted_on" else column
    assert read(schema, **{column: value}) == {place: expected}


def test_a_date_alone_says_that_something_is_used(schema: Schema) -> None:
    profile = read(schema, laptop_adopted_on="2024-01-31T10:00:00")
    assert isinstance(profile, Profile)
    assert (profile.values["laptop_uses"], profile.values["laptop_adopted_on"]) == ("yes", "2024-01-31")


def test_everything_wrong_with_a_row_is_said_at_once(schema: Schema) -> None:
    assert set(read(schema, age="x", tech_interest="y", user_id=None)) == {"age", "tech_interest", "user_id"}  # type: ignore[arg-type]


@pytest.mark.parametrize(("months", "product"), [("-1", "iPhone"), ("3", "None")])
def test_cells_that_contradict_each_other_are_refused(schema: Schema, months: str, product: str) -> None:
    problems = read(schema, smartphone_adoption_timing=months, smartphone_preferred_product=product)
    assert problems == {"smartphone_preferred_product": "cells that agree on whether Smartphones are used"}


def test_values_of_other_types_are_read_alike(schema: Schema) -> None:
    text = read(schema, apple_loyalty="7", annual_income="1000.5", preferred_platforms="TikTok, Reddit")
    typed = read(schema, apple_loyalty=7, age=56.0, annual_income=1000.5, preferred_platforms=["TikTok", "Reddit"])
    assert text == typed


def test_unknown_columns_are_told_and_left_out(schema: Schema) -> None:
    reader = RowReader(schema, ["user_id", "age", "shoe_size", "user_description"])
    assert reader.unknown_columns == ("shoe_size",)


@pytest.mark.parametrize("columns", [["age", "gender"], ["user_id", "shoe_size"], []])
def test_inputs_that_cannot_work_are_refused(schema: Schema, columns: list[str]) -> None:
    with pytest.raises(SourceError):
        RowReader(schema, columns)
