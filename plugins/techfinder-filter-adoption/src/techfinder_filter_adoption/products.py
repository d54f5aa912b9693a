"""Brands over all kinds of product, and groups of products that belong together."""

from __future__ import annotations

from collections.abc import Mapping

from techfinder import AnyOf, Condition, FilterOption, Schema
from techfinder_filter_adoption.fields import adoptions, slug

HOUSEHOLD_KINDS = 3
"""A brand that makes so many kinds of product gets an option for people who own two of them."""

GROUPS: Mapping[str, frozenset[str]] = {
    "Android phones": frozenset({"Google Pixel", "OnePlus", "Samsung Galaxy", "Xiaomi"}),
    "Windows laptops": frozenset({"ASUS ZenBook", "Dell XPS", "HP Spectre", "Lenovo ThinkPad"}),
    "Voice assistants": frozenset({"Amazon Echo", "Apple HomePod", "Google Nest"}),
    "Smartwatches": frozenset({"Apple Watch", "Samsung Galaxy Watch"}),
    "Fitness trackers": frozenset({"Fitbit", "Garmin", "Oura Ring"}),
    "Gaming headsets": frozenset({"HTC Vive", "Meta Quest", "PlayStation VR"}),
    "Mixed-reality headsets": frozenset({"Apple Vision Pro", "Microsoft HoloLens"}),
}
"""Products by group, by the names that schemas use for them."""


def brand_options(schema: Schema) -> list[FilterOption]:
    """One option for each brand: any product of it. Brands with most kinds of product come first."""
    found = {brand: _preferring(schema, names) for brand, names in _brands(schema).items()}
    ordered = sorted(found, key=lambda brand: (-len(found[brand]), brand.casefold()))
    return [FilterOption(brand, brand, (_any(found[brand]),)) for brand in ordered]


def product_group_options(schema: Schema) -> list[FilterOption]:
    """The groups that the schema has a product of, then people with several products of one brand."""
    groups = {label: _preferring(schema, names) for label, names in GROUPS.items()}
    options = [
        FilterOption(slug(label), label, (_any(conditions),)) for label, conditions in groups.items() if conditions
    ]
    for brand, names in _brands(schema).items():
        conditions = _preferring(schema, names)
        if len(conditions) >= HOUSEHOLD_KINDS:
            label = f"{brand} household (2 or more kinds of product)"
            clause = AnyOf(conditions=tuple(conditions), at_least=2)
            options.append(FilterOption(slug(f"{brand} household"), label, (clause,)))
    return options


def _brands(schema: Schema) -> dict[str, frozenset[str]]:
    """Names of products by brand, in alphabetical order."""
    values = [v for field in adoptions(schema) for v in field.values if v.brand]
    brands = sorted({v.brand for v in values}, key=str.casefold)
    return {brand: frozenset(v.name for v in values if v.brand == brand) for brand in brands}


def _preferring(schema: Schema, names: frozenset[str]) -> list[Condition]:
    """One condition for each kind of product that has any of the products named."""
    found = [(f, tuple(v.name for v in f.values if v.name in names)) for f in adoptions(schema)]
    return [Condition(field=f"{f.name}_product", op="any_of", values=products) for f, products in found if products]


def _any(conditions: list[Condition]) -> Condition | AnyOf:
    return conditions[0] if len(conditions) == 1 else AnyOf(conditions=tuple(conditions))
