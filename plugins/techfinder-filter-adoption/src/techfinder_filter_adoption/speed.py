"""How soon after its release people take up a product."""

from __future__ import annotations

from techfinder import AnyOf, Condition, FilterOption, Schema
from techfinder_filter_adoption.fields import adoptions

FAST_MONTHS = 3
SLOW_MONTHS = 12
SEVERAL = 2


def speed_options(schema: Schema) -> list[FilterOption]:
    """Fast and slow adopters: in any kind of product, in several, or in all that they use."""
    months = [f"{f.name}_months" for f in adoptions(schema)]
    if not months:
        return []
    fast = [Condition(field=m, op="range", lte=FAST_MONTHS) for m in months]
    slow = [Condition(field=m, op="range", gt=SLOW_MONTHS) for m in months]
    fast_rule, slow_rule = f"{FAST_MONTHS} months or less after release", f"over {SLOW_MONTHS} months after release"
    options = [
        FilterOption("fast", f"Fast: {fast_rule}, in any category", (AnyOf(conditions=tuple(fast)),)),
        FilterOption("always-fast", f"Always fast: {fast_rule}, wherever known", _wherever_known(fast)),
        FilterOption("slow", f"Slow: {slow_rule}, in any category", (AnyOf(conditions=tuple(slow)),)),
        FilterOption("always-slow", f"Always slow: {slow_rule}, wherever known", _wherever_known(slow)),
    ]
    if len(months) > SEVERAL:
        several = AnyOf(conditions=tuple(fast), at_least=SEVERAL)
        label = f"Fast more than once: {fast_rule}, in {SEVERAL} categories or more"
        options.insert(1, FilterOption("fast-more-than-once", label, (several,)))
    return options


def _wherever_known(conditions: list[Condition]) -> tuple[AnyOf, ...]:
    """At least one of the conditions holds, and each holds or its value is not known."""
    each = [AnyOf(conditions=(c, Condition(field=c.field, op="missing"))) for c in conditions]
    return (AnyOf(conditions=tuple(conditions)), *each)
