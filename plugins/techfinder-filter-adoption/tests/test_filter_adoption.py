"""Derived filters: the people they find, by hand and against the whole schema."""

from __future__ import annotations

from itertools import combinations
from pathlib import Path

import pytest

import techfinder_filter_adoption
from techfinder import FilterOption, Profile, QueryError, Schema, Value, load_schema, load_settings
from techfinder.judge import Judge
from techfinder.plugins import Plugins

SCHEMA = load_schema()
ENTRIES = {e.name: e for e in techfinder_filter_adoption.register_filters(SCHEMA)}
CATEGORIES = ("smartphone", "laptop", "smarthome", "wearable", "vrar")


def person(name: str, **values: Value) -> Profile:
    return Profile(name, values)


def found(filter_name: str, people: list[Profile], *values: str) -> list[str]:
    clauses = SCHEMA.resolve(ENTRIES[filter_name].load().clauses(values))
    return [p.id for p in Judge(SCHEMA, people).matches(clauses)]


def option(filter_name: str, value: str) -> FilterOption:
    return next(o for o in ENTRIES[filter_name].load().options() if o.value == value)


STAGES = [person(v.name, adopter_category=v.name) for v in SCHEMA.field("adopter_category").values] + [person("nobody")]
LAGGARD, LATE, EARLY, ADOPTER, INNOVATOR = (p.id for p in STAGES[:5])


@pytest.mark.parametrize(
    ("value", "who"),
    [
        ("at-least-early-majority", [EARLY, ADOPTER, INNOVATOR]),
        ("At least Early Majority", [EARLY, ADOPTER, INNOVATOR]),
        ("at-least-early-adopter", [ADOPTER, INNOVATOR]),
        ("early-majority-or-later", [LAGGARD, LATE, EARLY]),
        ("late-majority-or-later", [LAGGARD, LATE]),
        ("!at-least-early-majority", [LAGGARD, LATE, "nobody"]),
    ],
)
def test_adopter_stage(value: str, who: list[str]) -> None:
    assert found("adopter_stage", STAGES, value) == who


def test_adopter_stages_are_made_from_the_scale_earliest_first() -> None:
    options = ENTRIES["adopter_stage"].load().options()
    assert [o.label for o in options] == [
        "At least Early Adopter",
        "At least Early Majority",
        "At least Late Majority",
        "Early Adopter or later",
        "Early Majority or later",
        "Late Majority or later",
    ]


SPEEDS = [
    person("at once", smartphone_months=0),
    person("in time", smartphone_months=3, laptop_months=2, vrar_months=8),
    person("mixed", smartphone_months=1, laptop_months=20),
    person("between", smartphone_months=4, laptop_months=12),
    person("late", smartphone_months=13),
    person("always late", smartphone_months=13, laptop_months=30),
    person("no months", smartphone_uses="yes"),
]


@pytest.mark.parametrize(
    ("value", "who"),
    [
        ("fast", ["at once", "in time", "mixed"]),
        ("fast-more-than-once", ["in time"]),
        ("always-fast", ["at once"]),
        ("slow", ["mixed", "late", "always late"]),
        ("always-slow", ["late", "always late"]),
        ("!fast", ["between", "late", "always late", "no months"]),
    ],
)
def test_speed_of_adoption(value: str, who: list[str]) -> None:
    assert found("adoption_speed", SPEEDS, value) == who


def test_the_rule_of_a_speed_stands_in_its_label() -> None:
    labels = {o.value: o.label for o in ENTRIES["adoption_speed"].load().options()}
    assert all("3 months or less" in label for value, label in labels.items() if "fast" in value)
    assert all("over 12 months" in label for value, label in labels.items() if "slow" in value)


OWNERS = [
    person("apple all", smartphone_product="iPhone", laptop_product="MacBook", wearable_product="Apple Watch"),
    person("apple phone", smartphone_product="iPhone", laptop_product="Dell XPS"),
    person("pixel", smartphone_product="Google Pixel", smarthome_product="Google Nest"),
    person("fitbit", wearable_product="Fitbit"),
    person("meta", vrar_product="Meta Quest"),
    person("nothing", smartphone_uses="no"),
]


@pytest.mark.parametrize(
    ("name", "value", "who"),
    [
        ("brand", "Apple", ["apple all", "apple phone"]),
        ("brand", "apple", ["apple all", "apple phone"]),
        ("brand", "Google", ["pixel", "fitbit"]),
        ("brand", "Dell", ["apple phone"]),
        ("brand", "!Apple", ["pixel", "fitbit", "meta", "nothing"]),
        ("product_group", "android-phones", ["pixel"]),
        ("product_group", "windows-laptops", ["apple phone"]),
        ("product_group", "voice-assistants", ["pixel"]),
        ("product_group", "smartwatches", ["apple all"]),
        ("product_group", "fitness-trackers", ["fitbit"]),
        ("product_group", "gaming-headsets", ["meta"]),
        ("product_group", "apple-household", ["apple all"]),
        ("product_group", "google-household", ["pixel"]),
    ],
)
def test_brands_and_product_groups(name: str, value: str, who: list[str]) -> None:
    assert found(name, OWNERS, value) == who


def test_a_brand_covers_every_product_of_it_in_every_category() -> None:
    (clause,) = option("brand", "Apple").clauses
    products = {p for c in clause.conditions for p in c.values}  # type: ignore[union-attr]
    assert products == {"iPhone", "MacBook", "Apple HomePod", "Apple Watch", "Apple Vision Pro"}
    brands = {v.brand for f in SCHEMA.fields for v in f.values if v.brand}
    assert {o.value for o in ENTRIES["brand"].load().options()} == brands


def test_brands_of_many_categories_come_first() -> None:
    assert [o.value for o in ENTRIES["brand"].load().options()][:4] == ["Apple", "Google", "Samsung", "Amazon"]


def test_every_product_that_a_group_names_is_in_the_schema_we_ship() -> None:
    from techfinder_filter_adoption.products import GROUPS

    known = {v.name for f in SCHEMA.fields if f.kind == "adoption" for v in f.values}
    assert frozenset().union(*GROUPS.values()) <= known


TASTES = [
    person("fan", tech_interest="Very High", technical_proficiency="Expert", budget_category="Premium"),
    person("student", tech_interest="High", technical_proficiency="Advanced", budget_category="Economy"),
    person("learner", tech_interest="High", technical_proficiency="Beginner", budget_category="Mid-range"),
    person("retired", tech_interest="Low", technical_proficiency="Basic", budget_category="High"),
    person("admin", tech_interest="Very Low", technical_proficiency="Expert"),
    person("average", tech_interest="Moderate", technical_proficiency="Intermediate", budget_category="Mid-range"),
    person("unknown"),
]


@pytest.mark.parametrize(
    ("value", "who"),
    [
        ("keen-able-and-well-funded", ["fan"]),
        ("keen-and-able", ["fan", "student"]),
        ("keen-with-money-to-spend", ["fan"]),
        ("keen-on-a-small-budget", ["student"]),
        ("keen-but-new-to-it", ["learner"]),
        ("pays-for-ease", ["retired"]),
        ("able-but-not-keen", ["admin"]),
        ("hard-to-win", ["retired"]),
        ("!keen-and-able", ["learner", "retired", "admin", "average", "unknown"]),
    ],
)
def test_tech_preferences(value: str, who: list[str]) -> None:
    assert found("tech_preference", TASTES, value) == who


def test_the_rule_of_a_preference_stands_in_its_label() -> None:
    label = option("tech_preference", "keen-on-a-small-budget").label
    assert label == "Keen on a small budget (tech interest High or higher, budget Budget or lower)"


PRODUCTS = {f.name: list(f.values) for f in SCHEMA.fields if f.kind == "adoption"}
FANS = [
    person(
        f"all {brand}", **{f"{f}_product": v.name for f, values in PRODUCTS.items() for v in values if v.brand == brand}
    )
    for brand in sorted({v.brand for values in PRODUCTS.values() for v in values})
]


@pytest.fixture(scope="module")
def everyone() -> Judge:
    return Judge(SCHEMA, [*STAGES, *SPEEDS, *OWNERS, *TASTES, *FANS])


@pytest.mark.parametrize("name", sorted(ENTRIES))
def test_every_option_finds_somebody_and_any_two_can_be_picked_together(name: str, everyone: Judge) -> None:
    made = ENTRIES[name].load()

    def who(*values: str) -> set[str]:
        return {p.id for p in everyone.matches(SCHEMA.resolve(made.clauses(values)))}

    single = {o.value: who(o.value) for o in made.options()}
    assert [value for value, ids in single.items() if not ids] == []
    pairs = list(combinations(single, 2))
    for one, two in pairs[:: max(len(pairs) // 15, 1)]:
        assert who(one, two) == single[one] | single[two]


@pytest.mark.parametrize("name", sorted(ENTRIES))
def test_an_unknown_option_is_refused(name: str) -> None:
    with pytest.raises(QueryError, match="has no option 'zzz'"):
        ENTRIES[name].load().clauses(["zzz"])


def schema(*fields: dict[str, object]) -> Schema:
    return Schema.model_validate({"name": "other", "id": "id", "field": list(fields)})


@pytest.mark.parametrize(
    ("fields", "names"),
    [
        ([{"name": "age", "kind": "integer", "label": "Age"}], []),
        ([{"name": "adopter_category", "kind": "category", "label": "Not ordered"}], []),
        ([{"name": "adopter_category", "kind": "scale", "label": "No middle", "values": ["a", "b"]}], []),
        ([{"name": "tech_interest", "kind": "scale", "label": "Alone", "values": ["a", "b", "c"]}], []),
        ([{"name": "printer", "kind": "adoption", "label": "Printers"}], ["adoption_speed"]),
        (
            [{"name": "printer", "kind": "adoption", "label": "P", "values": [{"name": "LaserJet", "brand": "HP"}]}],
            ["adoption_speed", "brand"],
        ),
    ],
)
def test_another_schema_gets_what_it_has_the_fields_for(fields: list[dict[str, object]], names: list[str]) -> None:
    made = schema(*fields)
    entries = techfinder_filter_adoption.register_filters(made)
    assert [e.name for e in entries] == names
    for entry in entries:
        for o in entry.load().options():
            assert made.resolve(o.clauses)


@pytest.mark.parametrize(("levels", "high", "low"), [(3, "c", "a"), (4, "c", "b"), (7, "f", "b"), (9, "g", "c")])
def test_high_and_low_are_the_outer_quarters_of_any_scale(levels: int, high: str, low: str) -> None:
    values = list("abcdefghi")[:levels]
    fields = [{"name": n, "kind": "scale", "label": n, "values": values} for n in ("tech_interest", "budget_category")]
    (entry,) = techfinder_filter_adoption.register_filters(schema(*fields))
    small = next(o for o in entry.load().options() if o.value == "keen-on-a-small-budget")
    assert [c.values for c in small.clauses] == [(high,), (low,)]  # type: ignore[union-attr]


def test_the_plugin_is_found_under_its_name(tmp_path: Path) -> None:
    plugins = Plugins.load(load_settings(home=tmp_path))
    assert set(ENTRIES) <= set(plugins.filters(SCHEMA))
    (info,) = [i for i in plugins.describe() if i.name == "filter_adoption"]
    assert (info.distribution, info.failure, set(info.entries["filters"])) == (
        "techfinder-filter-adoption",
        "",
        set(ENTRIES),
    )
