"""The filter panel, and the chips of what is chosen in it."""

from __future__ import annotations

import math
from collections.abc import Callable, Container, Iterable, Mapping, Sequence
from itertools import groupby
from typing import TYPE_CHECKING

from techfinder import Facet, FacetBar, FacetValue, QueryPlan, Schema, Sort
from techfinder_webui.address import Address, split_range
from techfinder_webui.orders import order_words
from techfinder_webui.parts import Bar, Chip, FacetPanel, Option, PanelGroup, SortOption
from techfinder_webui.reasons import tone_of

if TYPE_CHECKING:
    from techfinder import FilterEntry

__all__ = ["chips", "hidden_inputs", "in_words", "panel_groups", "sort_options"]

TOP = 8
"""Values of a facet that are shown at once."""

_LARGE = 100
_YEAR, _LONGEST = 4, 20
"""Digits of a year, and of the longest number that is written with its thousands told apart."""

LISTED = 60
"""Values of a facet that are listed at all; the others can be searched for."""

Chosen = Mapping[str, Sequence[str]]


def panel_groups(
    facets: Sequence[Facet],
    entries: Mapping[str, FilterEntry],
    schema: Schema,
    asked: Address,
    unfolded: Container[str] = (),
) -> tuple[PanelGroup, ...]:
    """The panel's sections in the facets' order; equal group names that follow each other are one.

    Args:
        facets: In panel order.
        entries: The filters by name.
        schema: Tells which filters are about one kind of product; these make a section that folds as a whole.
        asked: For what is chosen and looked for.
        unfolded: Names of facets to show open; those with a chosen value are open anyway.
    """
    made = []
    for number, (label, members) in enumerate(groupby(facets, key=lambda f: f.group)):
        listed = tuple(members)
        folded = all(_is_adoption(f, entries, schema) for f in listed)
        panels = tuple(_facet_panel(f, schema, entries, asked, is_open=folded or f.name in unfolded) for f in listed)
        active = sum(p.active for p in panels)
        is_open = bool(active) or any(p.find for p in panels)
        made.append(PanelGroup(f"group-{number}", label, panels, folded, is_open, active))
    return tuple(made)


def hidden_inputs(facets: Iterable[Facet], asked: Address) -> tuple[tuple[str, str], ...]:
    """What no checkbox and no pair of inputs holds: other inputs of filters, edits, people to be like or compared."""
    held = {(f.name, value) for f in facets for value in f.held}
    filters = [(name, v) for name, values in asked.filters.items() for v in values if (name, v) not in held]
    return (*filters, *(("like", i) for i in asked.like), *asked.edits.pairs(), *asked.picked())


def chips(
    entries: Mapping[str, FilterEntry],
    schema: Schema,
    facets: Iterable[Facet],
    asked: Address,
    path: str,
    plan: QueryPlan,
) -> tuple[Chip, ...]:
    """One chip per chosen value; `path` is where its link leads."""
    labels = {(f.name, v.value): v.label for f in facets for v in f.values}
    tones = {c.origin: tone_of(n) for n, c in reversed(list(enumerate(plan.conditions))) if c.origin}
    return tuple(
        Chip(
            label=_full_label(entries[name], schema) if name in entries else name,
            text=labels.get((name, value)) or in_words(value),
            url=asked.without(name, value).url(path),
            tone=tones.get(name, ""),
        )
        for name, values in asked.filters.items()
        for value in values
    )


def sort_options(
    schema: Schema, asked: Address, *, ranked: bool = True, said: Sequence[Sort] = ()
) -> tuple[SortOption, ...]:
    """Best first (as stored, where nothing ranks; as the sentence says, where it does), and both directions of orders.

    An order of several fields is among them when it is the one now.
    """
    now = ",".join(asked.sort)
    first = "Best first" if ranked else "As stored"
    made = [SortOption("", order_words(schema, said) if said and not now else first, not now)]
    for field in schema.fields:
        if field.kind in ("integer", "number", "scale", "date"):
            high, low = ("latest", "earliest") if field.kind == "date" else ("highest", "lowest")
            made.append(SortOption(f"-{field.name}", f"{field.label}, {high} first", now == f"-{field.name}"))
            made.append(SortOption(field.name, f"{field.label}, {low} first", now == field.name))
    for field in schema.fields:
        if field.kind == "adoption":
            months = f"{field.name}_months"
            made.append(SortOption(months, f"{field.label}, adopted earliest first", now == months))
            made.append(SortOption(f"-{months}", f"{field.label}, adopted latest first", now == f"-{months}"))
    if not any(s.selected for s in made):
        made.append(SortOption(now, order_words(schema, asked.sorts()), selected=True))
    return tuple(made)


def _is_adoption(facet: Facet, entries: Mapping[str, FilterEntry], schema: Schema) -> bool:
    entry = entries.get(facet.name)
    attribute = schema.attributes.get(entry.field) if entry else None
    return attribute is not None and attribute.field.kind == "adoption"


def _full_label(entry: FilterEntry, schema: Schema) -> str:
    """The label with its section, where that is a kind of product: "Smartphones: product"."""
    attribute = schema.attributes.get(entry.field)
    return attribute.label if attribute is not None and attribute.field.kind == "adoption" else entry.label


def _facet_panel(
    facet: Facet, schema: Schema, entries: Mapping[str, FilterEntry], asked: Address, *, is_open: bool
) -> FacetPanel:
    chosen = asked.filters.get(facet.name, ())
    find = asked.finds.get(facet.name, "")
    findable = len(facet.values) > TOP + 1
    values = [v for v in facet.values if v.selected or find.casefold() in v.label.casefold()] if find else facet.values
    top, more = _split(values, LISTED if find else TOP)
    largest = max((v.count for v in facet.values), default=0)
    listed = more[: max(0, LISTED - len(top))]
    ends = split_range(facet.chosen)
    numbers = {id(v): n for n, v in enumerate(facet.values)}
    words = _adoption_words(facet, entries, schema)

    def option(value: FacetValue) -> Option:
        share = round(100 * value.count / largest) if largest else 0
        label = words.get(value.value, value.label)
        number = numbers[id(value)]
        return Option(f"facet-{facet.name}-{number}", value.value, label, value.count, share, value.selected)

    return FacetPanel(
        id=f"facet-{facet.name}",
        name=facet.name,
        label=words.get("", _short_label(facet)),
        control=facet.control,
        active=_active(facet, chosen),
        open=is_open or bool(chosen) or bool(find),
        options=tuple(option(v) for v in top),
        more=tuple(option(v) for v in listed),
        hidden=len(more) - len(listed),
        total=len(facet.values),
        findable=findable,
        find=find,
        unit=facet.unit,
        low=_outer(facet.low, math.floor),
        high=_outer(facet.high, math.ceil),
        chosen_min=ends[0] if ends else "",
        chosen_max=ends[1] if ends else "",
        bars=_bars(facet.bars),
    )


def _adoption_words(facet: Facet, entries: Mapping[str, FilterEntry], schema: Schema) -> dict[str, str]:
    """What people say of one kind of product: labels of values, and under the empty one of the filter itself."""
    if not _is_adoption(facet, entries, schema):
        return {}
    match schema.attribute(entries[facet.name].field).part:
        case "uses":
            return {"": "Use", "yes": "Uses", "no": "Does not use"}
        case "product":
            return {"": "Prefers"}
        case "months":
            return {"": "Adopts within"}
    return {}


def _bars(bars: Sequence[FacetBar]) -> tuple[Bar, ...]:
    """The bars side by side, equally wide."""
    largest = max((b.count for b in bars), default=0)
    width = 100 / len(bars) if bars else 0
    return tuple(
        Bar(
            text=f"{_told(b.low)} to {_told(b.high)}: {b.count:,}"
            if b.low != b.high
            else f"{_told(b.low)}: {b.count:,}",
            low=_end(b.low),
            high=_end(b.high),
            x=round(n * width + width * 0.06, 2),
            width=round(width * 0.88, 2),
            height=max(round(100 * b.count / largest), 3) if b.count else 0,
            selected=b.selected,
        )
        for n, b in enumerate(bars)
    )


def _active(facet: Facet, chosen: Sequence[str]) -> int:
    """Ticked values, and what is chosen besides; a pair of inputs counts once."""
    shown = sum(v.selected for v in facet.values) + bool(facet.chosen)
    return shown + sum(v not in facet.held for v in chosen)


def _short_label(facet: Facet) -> str:
    """Say "Product" where the label says "Laptops: product" and the section is "Laptops"."""
    short = facet.label.removeprefix(f"{facet.group}: ")
    return short[:1].upper() + short[1:]


def _split(values: Sequence[FacetValue], most: int) -> tuple[list[FacetValue], list[FacetValue]]:
    """The values shown at once, in their order, and the rest: chosen ones and large counts go first."""
    if len(values) <= most + 1:
        return list(values), []
    ranked = sorted(values, key=lambda v: (not v.selected, -v.count))
    top = {id(v) for v in ranked[:most]} | {id(v) for v in values if v.selected}
    return [v for v in values if id(v) in top], [v for v in ranked if id(v) not in top]


def _end(value: float | str | None) -> str:
    if value is None or isinstance(value, str):
        return value or ""
    return f"{value:.0f}" if float(value).is_integer() else f"{value:.2f}"


def _told(value: float | str | None) -> str:
    return _grouped(_end(value))


def _grouped(number: str) -> str:
    """A whole number with its thousands told apart, where it is longer than a year."""
    whole = number.isascii() and number.isdigit() and _YEAR < len(number) <= _LONGEST
    return f"{int(number):,}" if whole else number


def _outer(value: float | str | None, whole: Callable[[float], int]) -> str:
    """The end of all values, for a small input: large numbers without their fractions, none of them left out."""
    return _end(float(whole(value)) if isinstance(value, int | float) and abs(value) >= _LARGE else value)


_WORDS = (("!", "not {}"), (">=", "{} or more"), ("<=", "{} or less"), (">", "more than {}"), ("<", "less than {}"))


def in_words(value: str) -> str:
    """A filter value as people say it: ``30..40000`` as "30 to 40,000", ``!High`` as "not High"."""
    if value in ("?", "*"):
        return "not known" if value == "?" else "known"
    if ends := split_range(value):
        low, high = map(_grouped, ends)
        return f"{low} to {high}" if low and high else f"{low} or more" if low else f"up to {high}"
    for sign, words in _WORDS:
        if value.startswith(sign):
            return words.format(value.removeprefix(sign).strip())
    return value
