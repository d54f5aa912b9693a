"""Ages, sums of money and stretches of time, as people type them."""

from __future__ import annotations

import pytest

from readings import told


@pytest.mark.parametrize(
    ("text", "clauses"),
    [
        ("Gen X or older", ["Age at least 46 years"]),
        ("millennials or younger", ["Age at most 45 years"]),
        ("boomers and up", ["Age at least 62 years"]),
        ("teens or older in Texas", ["Age at least 13 years", "Location: state is TX"]),
        ("seniors or younger", ["Age at least 65 years"]),
        ("seniors plus nurses", ["Age at least 65 years", "Sector is Healthcare"]),
        ("boomers and over 50", ["Age 62 years to 80 years", "Age over 50 years"]),
        ("25-35s in tech", ["Age 25 years to 35 years", "Sector is Technology"]),
        ("in their early to mid 30s", ["Age 30 years to 36 years"]),
        ("18-24/25-34", ["any of (Age 18 years to 24 years; Age 25 years to 34 years)"]),
        ("early/mid 40s", ["Age 40 years to 46 years"]),
        ("customers 18-24 & 55+", ["any of (Age 18 years to 24 years; Age at least 55 years)"]),
        ("under 21s and 30 to 40", ["any of (Age under 21 years; Age 30 years to 40 years)"]),
    ],
)
def test_ages_beyond_a_generation_and_ages_that_nobody_has_at_once(text: str, clauses: list[str]) -> None:
    assert told(text) == clauses


@pytest.mark.parametrize(
    ("text", "clauses"),
    [
        ("makes less than 3k a month", ["Annual income under 36,000 USD"]),
        ("earning over 4k per month", ["Annual income over 48,000 USD"]),
        ("makes at least 5k monthly", ["Annual income at least 60,000 USD"]),
        ("earns more than $1,000 a week", ["Annual income over 52,000 USD"]),
        ("earns more than 50k a year", ["Annual income over 50,000 USD"]),
        ("earns over six figures", ["Annual income at least 100,000 USD"]),
        ("makes under six figures", ["Annual income under 100,000 USD"]),
        ("up to six figures", ["Annual income at most 100,000 USD"]),
        ("less than five figures", ["Annual income under 10,000 USD"]),
        ("minimum income 100k", ["Annual income at least 100,000 USD"]),
        ("maximum age: 40", ["Age at most 40 years"]),
        ("minimum budget mid-range", ["Budget is Mid-range or more"]),
        ("maximum interest, high budget", ["Tech interest is Very High", "Budget is High or more"]),
        ("max income 60k", ["Annual income at most 60,000 USD"]),
    ],
)
def test_sums_by_the_month_and_the_least_and_most_of_a_field(text: str, clauses: list[str]) -> None:
    assert told(text) == clauses


@pytest.mark.parametrize(
    ("text", "clauses"),
    [
        ("upgraded their phone in the past year", ["Smartphones: adopted on 2025-11-25 to 2026-11-25"]),
        ("bought a phone last year", ["Smartphones: adopted on 2025-01-01 to 2025-12-31"]),
        ("bought a phone in the past 3 months", ["Smartphones: adopted on 2026-08-25 to 2026-11-25"]),
        ("buys a phone after 3 months", ["Smartphones: months after release over 3 months"]),
    ],
)
def test_the_past_year_ends_today_and_last_year_with_december(text: str, clauses: list[str]) -> None:
    assert told(text) == clauses
