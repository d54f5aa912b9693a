"""How early people adopt: one step of the scale or further, in either direction."""

from __future__ import annotations

from techfinder import Condition, FilterOption, Schema
from techfinder_filter_adoption.fields import STAGE, scale, slug


def stage_options(schema: Schema) -> list[FilterOption]:
    """``at-least-X`` and ``X-or-later`` for each level between the first and the last, earliest first.

    The scale runs from the last to adopt to the first, so "at least" means "as early as". Single
    levels are left to the scale's own filter.
    """
    field = scale(schema, STAGE)
    if field is None:
        return []
    inner = [v.name for v in field.values[1:-1]]
    early = [_option(f"At least {name}", Condition(field=STAGE, op="at_least", values=(name,))) for name in inner]
    late = [_option(f"{name} or later", Condition(field=STAGE, op="at_most", values=(name,))) for name in inner]
    return early[::-1] + late[::-1]


def _option(label: str, condition: Condition) -> FilterOption:
    return FilterOption(slug(label), label, (condition,))
