"""Where somebody stands among everybody, in words and as small charts."""

from __future__ import annotations

from collections.abc import Sequence

from techfinder import Attribute, FieldStanding, Schema, StandingBar
from techfinder_webui.overview_parts import StandingRow, Strip, StripBar

__all__ = ["number_text", "share_text", "standing_rows", "standing_words", "strip", "strip_on_axis"]

_LEAST_HEIGHT = 3.0


def standing_rows(schema: Schema, fields: Sequence[FieldStanding]) -> tuple[StandingRow, ...]:
    """One row for each field, those of adoptions left out: they have a timeline."""
    shown = (f for f in fields if schema.attribute(f.key).field.kind != "adoption")
    return tuple(_row(schema.attribute(f.key), f) for f in shown)


def _row(attribute: Attribute, found: FieldStanding) -> StandingRow:
    phrase, rest = standing_words(attribute, found)
    return StandingRow(
        label=found.label,
        text=found.text,
        phrase=phrase,
        rest=rest,
        below=found.below,
        same=found.same,
        above=found.above,
        known=found.known,
        percentile=f"{100 * found.percentile:.1f}",
        strip=strip(found),
    )


# --- words ----------------------------------------------------------------------------------------


def standing_words(attribute: Attribute, found: FieldStanding) -> tuple[str, str]:
    """Where a value stands, as "Higher than 62%", and the others, as "8% the same, 30% higher"."""
    lower, higher, lowest, highest = _comparatives(attribute)
    same = share_text(found.same, found.known) if found.same > 1 else ""
    if not found.below and not found.above:
        return "The same as everybody", ""
    if not found.above or not found.below:
        return f"The {lowest if found.above else highest}", f"shared by {same}" if same else ""
    more = found.below >= found.above
    beaten, left, word = (found.below, found.above, higher) if more else (found.above, found.below, lower)
    rest = f"{share_text(left, found.known)} {word}"
    return f"{word.capitalize()} than {share_text(beaten, found.known)}", f"{same} the same, {rest}" if same else rest


def share_text(count: int, whole: int) -> str:
    """A part of a whole as "62%"; as "3 of 1,000" where that would be rounded to nothing, or to everything."""
    percent = round(100 * count / whole) if whole else 0
    rounded_away = (percent == 0 and count) or (percent == 100 and count < whole)
    return f"{count:,} of {whole:,}" if rounded_away else f"{percent}%"


def _comparatives(attribute: Attribute) -> tuple[str, str, str, str]:
    if attribute.part in ("months", "adopted_on") or attribute.field.kind == "date":
        return "earlier", "later", "earliest", "latest"
    return "lower", "higher", "lowest", "highest"


# --- charts ---------------------------------------------------------------------------------------


def strip(found: FieldStanding) -> Strip:
    """How everybody's values are spread, bars side by side and equally wide."""
    width = 100 / len(found.bars)
    places = [(n * width, width) for n in range(len(found.bars))]
    return Strip(
        text=f"{found.label}: " + ", ".join(_bar_text(b) for b in found.bars),
        bars=_bars(found.bars, places),
        low=number_text(found.bars[0].low),
        high=number_text(found.bars[-1].high),
    )


def strip_on_axis(found: FieldStanding, end: float) -> Strip:
    """The same with bars where they belong on an axis from 0 to `end`."""
    lows = [float(b.low) for b in found.bars]
    highs = [*lows[1:], float(found.bars[-1].high) + 1]
    places = [(100 * low / end, 100 * (high - low) / end) for low, high in zip(lows, highs, strict=True)]
    return Strip(f"{found.label}: " + ", ".join(_bar_text(b) for b in found.bars), _bars(found.bars, places))


def _bars(bars: Sequence[StandingBar], places: Sequence[tuple[float, float]]) -> tuple[StripBar, ...]:
    largest = max(b.count for b in bars)
    return tuple(
        StripBar(
            text=_bar_text(b),
            x=round(x + width * 0.06, 2),
            width=round(width * 0.88, 2),
            height=max(round(100 * b.count / largest, 1), _LEAST_HEIGHT) if b.count else 0,
            mine=b.mine,
        )
        for b, (x, width) in zip(bars, places, strict=True)
    )


def _bar_text(bar: StandingBar) -> str:
    low, high = number_text(bar.low), number_text(bar.high)
    return f"{low}: {bar.count:,}" if low == high else f"{low} to {high}: {bar.count:,}"


def number_text(value: float | str) -> str:
    """A number with its thousands told apart; a text as it is."""
    if isinstance(value, str):
        return value
    return f"{value:,.0f}" if float(value).is_integer() or abs(value) >= 1000 else f"{value:,.2f}"
