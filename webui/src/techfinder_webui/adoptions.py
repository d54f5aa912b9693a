"""When somebody adopts each kind of product: lanes on one axis of months, and the days that are known."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import date

from techfinder import Fact, FieldStanding, Profile, Schema, SchemaField
from techfinder_webui.overview_parts import Day, Lane, Tick
from techfinder_webui.standings import number_text, standing_words, strip_on_axis

__all__ = ["axis_ticks", "day_text", "days", "lanes"]

_STEPS = (1, 2, 3, 6, 12, 24, 48, 60, 120)
_MOST_TICKS = 6


def lanes(schema: Schema, profile: Profile, standing: Sequence[FieldStanding]) -> tuple[Lane, ...]:
    """One for each kind of product, whether it is used or not."""
    found = {f.key: f for f in standing}
    end = _axis_end(schema, standing)
    kinds = (f for f in schema.fields if f.kind == "adoption")
    return tuple(_lane(schema, kind, profile, found.get(f"{kind.name}_months"), end) for kind in kinds)


def axis_ticks(schema: Schema, standing: Sequence[FieldStanding]) -> tuple[Tick, ...]:
    """The marks of the axis that all lanes share; none where no months are known."""
    end = _axis_end(schema, standing)
    step = next((s for s in _STEPS if end / s <= _MOST_TICKS), _STEPS[-1])
    return tuple(Tick(round(100 * n / end, 2), str(n)) for n in range(0, int(end), step)) if end else ()


def days(schema: Schema, profile: Profile, facts: Sequence[Fact]) -> tuple[Day, ...]:
    """What was adopted on a day that is known, the first one first."""
    texts = {f.key: f.text for f in facts}
    kinds = [f for f in schema.fields if f.kind == "adoption" and f"{f.name}_adopted_on" in texts]
    made = (_day(kind, texts) for kind in kinds)
    return tuple(sorted(made, key=lambda d: d.iso))


def day_text(iso: str) -> str:
    """A day as "31 January 2026"."""
    day = date.fromisoformat(iso)
    return f"{day.day} {day:%B} {day.year}"


def _day(kind: SchemaField, texts: Mapping[str, str]) -> Day:
    iso = texts[f"{kind.name}_adopted_on"]
    months = texts.get(f"{kind.name}_months", "")
    product = texts.get(f"{kind.name}_product", "")
    return Day(iso, day_text(iso), kind.label, product, f"{months} after release" if months else "")


def _axis_end(schema: Schema, standing: Sequence[FieldStanding]) -> float:
    """One more than the most months that anybody takes for any kind that this person has months for."""
    months = [f for f in standing if schema.attribute(f.key).part == "months"]
    return max((float(f.bars[-1].high) + 1 for f in months), default=0.0)


def _lane(schema: Schema, kind: SchemaField, profile: Profile, found: FieldStanding | None, end: float) -> Lane:
    values = profile.values
    uses, product = str(values.get(f"{kind.name}_uses", "")), str(values.get(f"{kind.name}_product", ""))
    months = values.get(f"{kind.name}_months")
    if found is None or not isinstance(months, int | float):
        text = {"yes": "uses it; when is not known", "no": "does not use any"}.get(uses, "not known")
        return Lane(kind.label, product, text, uses)
    phrase, rest = standing_words(schema.attribute(found.key), found)
    unit = "month" if months == 1 else "months"
    return Lane(
        label=kind.label,
        product=product,
        text=f"{number_text(months)} {unit} after release",
        uses=uses,
        phrase=phrase,
        rest=rest,
        x=round(100 * (months + 0.5) / end, 2),
        strip=strip_on_axis(found, end),
    )
