"""The filter panel, and the chips of what is chosen in it."""

from __future__ import annotations

from collections.abc import Container, Iterable, Mapping, Sequence
from itertools import groupby
from typing import TYPE_CHECKING

from techfinder import Facet, FacetValue
from techfinder_webui.address import Address, split_range
from techfinder_webui.contexts import Chip, FacetPanel, Option, PanelGroup

if TYPE_CHECKING:
    from techfinder import FilterEntry

__all__ = ["chips", "hidden_inputs", "in_words", "panel_groups"]

TOP = 8
"""Values of a facet that are shown at once."""

LISTED = 60
"""Values of a facet that are listed at all."""

Chosen = Mapping[str, Sequence[str]]


def panel_groups(facets: Sequence[Facet], chosen: Chosen, unfolded: Container[str] = ()) -> tuple[PanelGroup, ...]:
    """The panel's sections in the facets' order; equal group names that follow each other are one.

    Args:
        facets: In panel order.
        chosen: The user's inputs by filter name.
        unfolded: Names of facets to show open; those with a chosen value are open anyway.
    """
    made = [(f.group, _facet_panel(f, chosen.get(f.name, ()), is_open=f.name in unfolded)) for f in facets]
    return tuple(
        PanelGroup(label, tuple(panel for _, panel in members)) for label, members in groupby(made, key=lambda m: m[0])
    )


def hidden_inputs(facets: Iterable[Facet], chosen: Chosen) -> tuple[tuple[str, str], ...]:
    """The chosen values that no checkbox and no pair of inputs holds."""
    held = {(f.name, value) for f in facets for value in f.held}
    return tuple((name, v) for name, values in chosen.items() for v in values if (name, v) not in held)


def chips(entries: Mapping[str, FilterEntry], facets: Iterable[Facet], asked: Address, path: str) -> tuple[Chip, ...]:
    """One chip per chosen value; `path` is where its link leads."""
    labels = {(f.name, v.value): v.label for f in facets for v in f.values}
    return tuple(
        Chip(
            label=entries[name].label if name in entries else name,
            text=labels.get((name, value)) or in_words(value),
            url=asked.without(name, value).url(path),
        )
        for name, values in asked.filters.items()
        for value in values
    )


def _facet_panel(facet: Facet, chosen: Sequence[str], *, is_open: bool) -> FacetPanel:
    top, more = _split(facet.values)
    largest = max((v.count for v in facet.values), default=0)
    listed = more[: max(0, LISTED - len(top))]
    ends = split_range(facet.chosen)
    numbers = {id(v): n for n, v in enumerate(facet.values)}
    return FacetPanel(
        id=f"facet-{facet.name}",
        name=facet.name,
        label=_short_label(facet),
        control=facet.control,
        active=_active(facet, chosen),
        open=is_open or bool(chosen),
        options=tuple(_option(facet, v, numbers[id(v)], largest) for v in top),
        more=tuple(_option(facet, v, numbers[id(v)], largest) for v in listed),
        hidden=len(more) - len(listed),
        unit=facet.unit,
        low=_end(facet.low),
        high=_end(facet.high),
        chosen_min=ends[0] if ends else "",
        chosen_max=ends[1] if ends else "",
    )


def _active(facet: Facet, chosen: Sequence[str]) -> int:
    """Ticked values, and what is chosen besides; a pair of inputs counts once."""
    shown = sum(v.selected for v in facet.values) + bool(facet.chosen)
    return shown + sum(v not in facet.held for v in chosen)


def _short_label(facet: Facet) -> str:
    """Say "Product" where the label says "Laptops: product" and the section is "Laptops"."""
    short = facet.label.removeprefix(f"{facet.group}: ")
    return short[:1].upper() + short[1:]


def _split(values: Sequence[FacetValue]) -> tuple[list[FacetValue], list[FacetValue]]:
    """The values shown at once, in their order, and the rest: chosen ones and large counts go first."""
    if len(values) <= TOP + 1:
        return list(values), []
    ranked = sorted(values, key=lambda v: (not v.selected, -v.count))
    top = {id(v) for v in ranked[:TOP]} | {id(v) for v in values if v.selected}
    return [v for v in values if id(v) in top], [v for v in ranked if id(v) not in top]


def _option(facet: Facet, value: FacetValue, number: int, largest: int) -> Option:
    share = round(100 * value.count / largest) if largest else 0
    return Option(f"facet-{facet.name}-{number}", value.value, value.label, value.count, share, value.selected)


def _end(value: float | str | None) -> str:
    if value is None or isinstance(value, str):
        return value or ""
    return f"{value:.0f}" if float(value).is_integer() else f"{value:.2f}"


_WORDS = (("!", "not {}"), (">=", "{} or more"), ("<=", "{} or less"), (">", "more than {}"), ("<", "less than {}"))


def in_words(value: str) -> str:
    """A filter value as people say it: ``30..40`` as "30 to 40", ``!High`` as "not High"."""
    if value in ("?", "*"):
        return "not known" if value == "?" else "known"
    if ends := split_range(value):
        low, high = ends
        return f"{low} to {high}" if low and high else f"{low} or more" if low else f"up to {high}"
    for sign, words in _WORDS:
        if value.startswith(sign):
            return words.format(value.removeprefix(sign).strip())
    return value
