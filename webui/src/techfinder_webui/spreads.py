"""Lifts as rows of tables, as curves and as maps: geometry and words, no markup."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from itertools import accumulate
from statistics import NormalDist

from techfinder import AudienceField, AudienceMap, AudienceValue, Lift, Schema
from techfinder_webui.glance_parts import Curve, CurveRegion, Map, Spread, SpreadRow, Tile
from techfinder_webui.tones import tone_class

__all__ = ["curve_of", "lift_row", "map_of", "percent", "spread_of"]

SHOWN = 6
"""Values that a table shows at once."""

_WIDTH, _HEIGHT, _EDGE, _STEPS = 640.0, 200.0, 3.2, 16
_NORMAL = NormalDist()
_SIGNS = {"over": "▲", "under": "▼", "even": "", "none": ""}

UrlOf = Callable[[str, str], str]
"""From a filter's name and input to the page narrowed by it."""


def percent(share: float) -> str:
    """A share in words, as ``12.5 %``."""
    return f"{100 * share:.1f} %"


def lift_row(
    label: str, lift: Lift, *, url: str = "", largest: float = 1.0, tone: str = "", number: int = 0
) -> SpreadRow:
    """A value as a row; bars are as long as their share of the `largest` share in the table."""
    scale = 100 / largest if largest else 0.0
    known = lift.lift is not None and lift.low is not None and lift.high is not None
    return SpreadRow(
        label=label,
        url=url if lift.count else "",
        count=f"{lift.count:,}",
        share=percent(lift.share),
        base=percent(lift.base_share),
        lift=f"{lift.lift:.2f} ×" if known else "–",  # noqa: RUF001 (the sign for "times")
        interval=f"{lift.low:.2f} to {lift.high:.2f}" if known else "",
        verdict=lift.verdict,
        bar=round(lift.share * scale, 2),
        mark=round(lift.base_share * scale, 2),
        tone=tone,
        number=number,
    )


def spread_of(field: AudienceField, total: int, schema: Schema, url_of: UrlOf) -> Spread:
    """A field as a table."""
    rows = _rows(field, field.values, schema, url_of)
    return Spread(
        id=f"spread-{field.name}",
        label=field.label + (f" ({field.unit})" if field.unit and field.unit not in field.label else ""),
        known="" if field.known == total else f"known of {field.known:,}",
        rows=rows[: SHOWN if len(rows) > SHOWN + 1 else len(rows)],
        more=rows[SHOWN:] if len(rows) > SHOWN + 1 else (),
        hidden=field.more,
    )


def _rows(
    field: AudienceField, values: Sequence[AudienceValue], schema: Schema, url_of: UrlOf, numbered: bool = False
) -> tuple[SpreadRow, ...]:
    largest = max((s for v in values for s in (v.lift.share, v.lift.base_share)), default=0.0)
    of = next((f for f in schema.fields if f.name == field.field), None)
    return tuple(
        lift_row(
            v.label,
            v.lift,
            url=url_of(field.name, v.input),
            largest=largest,
            tone=tone_class(of, v.value) if of is not None else "",
            number=n if numbered else 0,
        )
        for n, v in enumerate(values, 1)
    )


# --- curves -----------------------------------------------------------------------------------------


def curve_of(field: AudienceField, schema: Schema, url_of: UrlOf) -> Curve:
    """A scale under the normal curve: each value's area is its share, of everybody and, over it, of the people."""
    values = field.values if field.curve == "rising" else field.values[::-1]
    ends = [_place(share) for share in accumulate((v.lift.base_share for v in values), initial=0.0)]
    highest = max(_height(ends[n], ends[n + 1], v.lift) for n, v in enumerate(values))
    rows = _rows(field, values, schema, url_of, numbered=True)
    regions = (
        CurveRegion(
            number=n + 1,
            text=f"{v.label}: {rows[n].share}, among everybody {rows[n].base}",
            base=_area(ends[n], ends[n + 1], 1.0, highest),
            people=_area(ends[n], ends[n + 1], v.lift.lift or 0.0, highest),
            x=round(100 * (ends[n] + ends[n + 1] + 2 * _EDGE) / (4 * _EDGE), 2),
            tone=rows[n].tone,
        )
        for n, v in enumerate(values)
        if v.lift.base_count
    )
    told = "; ".join(f"{v.label} {rows[n].share}, among everybody {rows[n].base}" for n, v in enumerate(values))
    return Curve(f"curve-{field.name}", field.label, f"{field.label} from left to right: {told}", tuple(regions), rows)


def _place(share: float) -> float:
    """Where that share of a normal distribution lies to the left, cut off at the edges."""
    inner = min(max(share, 1e-9), 1 - 1e-9)
    return min(max(_NORMAL.inv_cdf(inner), -_EDGE), _EDGE)


def _height(left: float, right: float, lift: Lift) -> float:
    peak = _NORMAL.pdf(0.0 if left <= 0 <= right else min(abs(left), abs(right)))
    return peak * max(lift.lift or 0.0, 1.0)


def _area(left: float, right: float, times: float, highest: float) -> str:
    """The path of an area under the curve, its height multiplied."""
    places = [left + (right - left) * n / _STEPS for n in range(_STEPS + 1)]
    points = [(_x(z), _HEIGHT - _HEIGHT * 0.96 * _NORMAL.pdf(z) * times / highest) for z in places]
    line = " ".join(f"L{x:.1f} {y:.1f}" for x, y in points)
    return f"M{_x(left):.1f} {_HEIGHT:.0f} {line} L{_x(right):.1f} {_HEIGHT:.0f}Z"


def _x(z: float) -> float:
    return _WIDTH * (z + _EDGE) / (2 * _EDGE)


# --- maps -------------------------------------------------------------------------------------------


def map_of(found: AudienceMap, field: AudienceField, total: int, schema: Schema, url_of: UrlOf) -> Map:
    """A map, and its numbers as a table."""
    width = 100 / found.columns
    tiles = tuple(
        Tile(
            label=t.value.label,
            text=_told(t.value),
            count=_short(t.value.lift.count),
            x=round(t.column * width, 3),
            y=t.row,
            shade=shade,
            sign=_SIGNS[shade],
        )
        for t in found.tiles
        for shade in [_shade(t.value.lift)]
    )
    over = [t.value.label for t in found.tiles if t.value.lift.verdict == "over"]
    told = f"over-represented in {', '.join(over)}" if over else "nothing stands out"
    return Map(
        id=f"map-{found.name}",
        label=found.label,
        summary=f"{found.label}: {told}. The table has all numbers.",
        width=round(width, 3),
        rows_high=found.rows,
        tiles=tiles,
        elsewhere=f"{found.elsewhere:,}" if found.elsewhere else "",
        spread=spread_of(field, total, schema, url_of),
    )


def _shade(lift: Lift) -> str:
    return lift.verdict or ("even" if lift.count else "none")


def _told(value: AudienceValue) -> str:
    lift = value.lift
    some = lift.lift is not None and lift.known < lift.base_known
    against = f", {lift.lift:.2f} times as common as among everybody" if some else ""
    return f"{value.label}: {lift.count:,}{against}"


def _short(count: int) -> str:
    return f"{count / 1000:.0f}k" if count >= 10_000 else f"{count / 1000:.1f}k" if count >= 1000 else str(count)
