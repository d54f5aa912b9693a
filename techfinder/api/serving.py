"""What the routes share: the Finder of the app, and the parameters of an address."""

from __future__ import annotations

from collections.abc import Sequence
from typing import cast

from flask import current_app, request

from techfinder.api.failures import RETRY_AFTER_S
from techfinder.errors import QueryError, cut, known_names
from techfinder.finder import Finder

__all__ = [
    "LARGEST_NUMBER",
    "asked_facets",
    "asked_filters",
    "asked_sentence",
    "finder_of",
    "known_facets",
    "loading",
    "whole_number",
    "whole_number_or_none",
]

OWN_PARAMETERS = ("q", "limit", "offset", "sort", "facets", "near")

LARGEST_NUMBER = 99_999_999_999
"""Of those that an address may hold."""


def finder_of() -> Finder:
    """The Finder that this app serves, as who asks may see it."""
    return cast("Finder", current_app.extensions["techfinder"])


def loading(finder: Finder) -> str:
    """That the encoder is loading, for how long, and what works meanwhile."""
    which = f"Encoder {finder.settings.encoder!r}" if finder.settings.encoder else "The encoder"
    return (
        f"{which} has been loading for {finder.encoder_loading_s():.0f} s; sentences are "
        f"ranked as soon as it is ready. Filters without q work already. Try again in {RETRY_AFTER_S} seconds."
    )


def whole_number(name: str, default: int) -> int:
    """The parameter as a number; `default` when it is absent or empty. Raises QueryError."""
    given = whole_number_or_none(name)
    return default if given is None else given


def whole_number_or_none(name: str) -> int | None:
    """The parameter as a number; None when it is absent or empty. Raises QueryError."""
    text = _only_value(name)
    if not text:
        return None
    if not (text.isascii() and text.isdigit() and len(text) <= len(str(LARGEST_NUMBER))):
        raise QueryError(f"{name}={cut(text)} is not a whole number from 0 to {LARGEST_NUMBER}.")
    return int(text)


def asked_sentence() -> str:
    """The parameter ``q``; an empty text when it is absent. Raises QueryError when it is given twice."""
    return _only_value("q")


def _only_value(name: str) -> str:
    values = request.args.getlist(name)
    if len(values) > 1:
        raise QueryError(f"{name} is given {len(values)} times. Give it once.")
    return values[0] if values else ""


def asked_filters(*taken: str) -> dict[str, list[str]]:
    """Inputs by filter name: every parameter that is not one of ours.

    Raises QueryError on one of ours that is not `taken`: nothing that is asked goes unread.
    """
    for name in OWN_PARAMETERS:
        if name in request.args and name not in taken:
            raise QueryError(f"{name} is not taken here. Leave it out; beside filters there is {', '.join(taken)}.")
    return {name: values for name, values in request.args.lists() if name not in OWN_PARAMETERS}


def asked_facets(finder: Finder) -> frozenset[str] | None:
    """The facets to count; None for all of them. Raises QueryError on one that there is not."""
    return _facet_names(finder, request.args.getlist("facets"))


def _facet_names(finder: Finder, values: Sequence[str]) -> frozenset[str] | None:
    names = frozenset(name.strip() for value in values for name in value.split(",") if name.strip())
    if names <= {"all"}:
        return None
    if names == {"none"}:
        return frozenset()
    if alone := names & {"all", "none"}:
        raise QueryError(f"facets={min(alone)} cannot be joined with other names. Ask for it alone, or for the others.")
    known = known_facets(finder)
    unknown = next((name for name in sorted(names) if name not in known), None)
    if unknown is not None:
        finder.schema.refuse_withheld([unknown])
        raise QueryError(f"No facet is named {cut(unknown)}. {known_names(unknown, ['all', 'none', *known])}")
    return names


def known_facets(finder: Finder) -> tuple[str, ...]:
    """The names of all facets, in panel order."""
    return tuple(entry.name for entry in finder.filters.values() if entry.facet)
