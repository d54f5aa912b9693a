"""Filters for adopter stage, brands and product groups, speed of adoption, and tech preferences.

All of them are derived: they combine attributes into questions that marketers ask. Those whose
attributes a schema lacks are not offered for it.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from techfinder import FilterEntry, FilterOption, OptionFilter, Schema, hookimpl
from techfinder_filter_adoption.preferences import preference_options
from techfinder_filter_adoption.products import brand_options, product_group_options
from techfinder_filter_adoption.speed import speed_options
from techfinder_filter_adoption.stage import stage_options

__all__ = ["register_filters"]


@hookimpl
def register_filters(schema: Schema) -> list[FilterEntry]:
    """Adopter stage, speed, preferences, brand and product group, as far as the schema allows."""
    entries = (
        _entry("adopter_stage", "Adopter stage", "Adoption", 10, stage_options(schema)),
        _entry("adoption_speed", "Speed of adoption", "Adoption", 11, speed_options(schema)),
        _entry("tech_preference", "Tech preferences", "Adoption", 12, preference_options(schema)),
        _entry("brand", "Brand", "Brands and products", 13, brand_options(schema)),
        _entry("product_group", "Product group", "Brands and products", 14, product_group_options(schema)),
    )
    return [entry for offered in entries for entry in offered]


def _entry(name: str, label: str, group: str, rank: int, options: Sequence[FilterOption]) -> Iterable[FilterEntry]:
    if not options:
        return
    made = OptionFilter(name, label, options)
    example = options[0]
    yield FilterEntry(
        name=name,
        label=label,
        group=group,
        control="choice",
        load=lambda: made,
        rank=rank,
        summary=f"{label}: {example.value} ({example.label}).",
    )
