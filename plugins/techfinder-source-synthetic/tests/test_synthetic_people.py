from __future__ import annotations

from datetime import date

import numpy as np
import pandas as pd
import pytest

from techfinder.schema import load_schema
from techfinder_source_synthetic.adoptions import AS_OF, DAYS_A_MONTH
from techfinder_source_synthetic.generator import SyntheticPeople
from techfinder_source_synthetic.vocabulary import ADOPTERS, CATEGORIES, INTERESTS, LOYALTIES, MONTHS


def made(n: int, seed: int = 7) -> pd.DataFrame:
    return pd.concat(SyntheticPeople(f"n={n},seed={seed}").frames(), ignore_index=True)


@pytest.fixture(scope="module")
def people() -> pd.DataFrame:
    return made(20_000)


@pytest.fixture(scope="module")
def schema():
    return load_schema()


def ranks(people: pd.DataFrame, schema, name: str) -> pd.Series:
    """A scale's values as numbers from 0, low to high."""
    return people[name].map({v.name: i for i, v in enumerate(schema.field(name).values)})


def tags(cells: pd.Series) -> set[str]:
    return {tag for cell in cells.dropna() for tag in cell.split(", ")}


def test_every_column_is_one_of_the_schema(people, schema):
    assert set(people.columns) - set(schema.columns) == {schema.id}


def test_every_value_of_the_schema_occurs_among_a_thousand_and_no_other(schema):
    people = made(1_000)
    for field in schema.fields:
        part = "product" if field.kind == "adoption" else "value"
        if field.values:
            cells = people[field.column(part)]
            found = tags(cells) if field.kind == "tags" else set(cells)
            assert found - {"None"} == {v.name for v in field.values}, field.name


def test_adopter_categories_have_exactly_rogers_shares(people):
    for count in (200, 1_000, 20_000):
        shares = people["adopter_category"][:count].value_counts(normalize=True)
        assert {name: round(1000 * shares[name]) for name in ADOPTERS} == ADOPTERS


def test_ids_are_unique_and_numbered(people):
    assert people["user_id"].is_unique
    assert list(people["user_id"][[0, 998, 9_999, 10_000]]) == ["TU0001", "TU0999", "TU10000", "TU10001"]


def test_places_are_cities_of_every_state_by_population(people):
    assert people["location"].str.fullmatch(r"[A-Z][A-Za-z. -]+, [A-Z]{2}").all()
    states = people["location"].str[-2:].value_counts(normalize=True)
    assert len(states) == 51
    assert states["CA"] == pytest.approx(0.119, abs=0.01)
    assert states["TX"] == pytest.approx(0.088, abs=0.01)
    assert states["WY"] < 0.005
    assert people["location"].nunique() > 200


def test_incomes_look_like_incomes(people):
    income = people["annual_income"].dropna()
    assert (income == income.round(2)).all()
    assert 35_000 < income.median() < 65_000
    assert income.min() > 1_000
    assert income.max() > 250_000
    assert income.value_counts().iloc[0] < 5  # no cap on which many sit
    logs = np.log(income)
    assert abs(((logs - logs.mean()) ** 3).mean() / logs.std() ** 3) < 0.5  # log-normal: no long tail in logs


def test_incomes_follow_sector_and_education(people):
    by_sector = people.groupby("job_sector")["annual_income"].median()
    assert by_sector["Technology"] > 2 * by_sector["Hospitality"]
    by_education = people.groupby("education")["annual_income"].median()
    steps = ["High School", "Some College", "Bachelor's", "Master's", "PhD"]
    assert by_education[steps].is_monotonic_increasing


def test_traits_go_together_as_they_do_in_people(people, schema):
    drive = ranks(people, schema, "adopter_category")
    interest, skill = ranks(people, schema, "tech_interest"), ranks(people, schema, "technical_proficiency")
    budget, income = ranks(people, schema, "budget_category"), np.log(people["annual_income"])
    assert drive.corr(interest) > 0.5
    assert interest.corr(skill) > 0.5
    assert income.corr(budget) > 0.5
    assert drive.corr(income) > 0.2
    assert people["age"].corr(drive) < -0.2
    assert ranks(people, schema, "education").corr(income) > 0.4
    assert people["apple_loyalty"].corr(people["samsung_loyalty"]) < -0.3


def test_the_young_have_no_late_degrees(people):
    assert people["age"].between(18, 84).all()
    assert people.loc[people["education"] == "PhD", "age"].min() >= 27
    assert people.loc[people["education"] == "Bachelor's", "age"].min() >= 22


@pytest.mark.parametrize(
    ("column", "product"),
    [
        ("laptop_preferred_product", "MacBook"),
        ("smartphone_preferred_product", "iPhone"),
        ("wearable_preferred_product", "Apple Watch"),
    ],
)
def test_loyalty_to_apple_makes_its_products_likelier(people, column, product):
    users = people[people[column] != "None"]
    share = (users[column] == product).groupby(users["apple_loyalty"] >= 7).mean()
    assert share[True] > 2 * share[False]


def test_platforms_go_by_age(people):
    young, old = people["age"] < 30, people["age"] >= 60
    for platform, more, fewer in (
        ("TikTok", young, old),
        ("Instagram", young, old),
        ("Facebook", old, young),
        ("Email Newsletter", old, young),
    ):
        on = people["preferred_platforms"].str.contains(platform)
        assert on[more].mean() > 1.3 * on[fewer].mean(), platform


def test_purchasing_factors_differ_and_all_occur_in_both_places(people):
    first, second = people["primary_purchasing_factor"], people["secondary_purchasing_factor"]
    assert (first != second).all()
    assert first.value_counts(normalize=True).min() > 0.02
    assert second.value_counts(normalize=True).min() > 0.02
    assert set(first) == set(second)


def test_price_matters_most_to_those_with_small_budgets(people):
    price = people["primary_purchasing_factor"] == "Price"
    assert (
        price[people["budget_category"] == "Economy"].mean() > 2 * price[people["budget_category"] == "Premium"].mean()
    )


def test_persona_never_contradicts_the_adopter_category(people):
    allowed = {
        "Premium Tech Enthusiast": {"Innovator", "Early Adopter"},
        "Value-Conscious Tech Enthusiast": {"Innovator", "Early Adopter"},
        "Forward-Looking Professional": {"Innovator", "Early Adopter"},
        "Practical Professional": {"Early Majority"},
        "Mainstream Adopter": {"Early Majority"},
        "Tech Pragmatist": {"Late Majority"},
        "Cautious Follower": {"Late Majority"},
        "Late Adopter": {"Laggard"},
        "Tech Minimalist": {"Laggard"},
    }
    found = people.groupby("persona")["adopter_category"].agg(set)
    assert found.to_dict() == allowed
    enthusiasts = people[people["persona"].str.contains("Enthusiast")]
    assert set(enthusiasts["tech_interest"]) == {"High", "Very High"}
    assert set(enthusiasts.loc[enthusiasts["persona"].str.startswith("Premium"), "budget_category"]) == {
        "High",
        "Premium",
    }


@pytest.mark.parametrize("category", CATEGORIES)
def test_timing_follows_the_adopter_category(people, category):
    months, product = people[f"{category}_adoption_timing"], people[f"{category}_preferred_product"]
    assert ((months == -1) == (product == "None")).all()
    for adopter, (first, last) in MONTHS.items():
        users = (people["adopter_category"] == adopter) & (months >= 0)
        assert months[users].between(first, last).all(), adopter
    shares = (months >= 0).groupby(people["adopter_category"]).mean()
    assert shares[list(ADOPTERS)].is_monotonic_decreasing


@pytest.mark.parametrize("category", CATEGORIES)
def test_dates_lie_the_stated_months_after_a_release(people, category):
    users = people[people[f"{category}_adoption_timing"] >= 0][:3_000]
    assert people[f"{category}_adopted_on"].isna().equals(people[f"{category}_adoption_timing"] == -1)
    rows = zip(
        users[f"{category}_adopted_on"],
        users[f"{category}_preferred_product"],
        users[f"{category}_adoption_timing"],
        strict=True,
    )
    for day, product, months in rows:
        bought = date.fromisoformat(day)
        releases = [date.fromisoformat(r) for r in CATEGORIES[category].products[product].releases]
        assert bought <= AS_OF
        assert any(int((bought - r).days / DAYS_A_MONTH) == months for r in releases if r <= bought), (day, product)


def test_some_cells_are_honestly_missing(people):
    assert people["annual_income"].isna().mean() == pytest.approx(0.02, abs=0.005)
    assert 0 < people["interests"].isna().mean() < 0.05
    always = [c for c in people.columns if not c.endswith("_adopted_on") and c not in ("annual_income", "interests")]
    assert not people[always].isna().any().any()


def test_interests_and_loyalties(people):
    assert tags(people["interests"]) == set(INTERESTS)
    for brand in LOYALTIES:
        assert set(people[f"{brand.lower()}_loyalty"]) == set(range(11))
