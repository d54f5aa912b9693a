"""Column names, checked before anything is read under them."""

from __future__ import annotations

from collections.abc import Sequence

from techfinder.errors import SourceError, cut

__all__ = ["checked_columns"]


def checked_columns(file: str, names: Sequence[str]) -> tuple[str, ...]:
    """The names without blanks around them.

    Args:
        file: How messages name the file.
        names: As they stand in it.

    Raises:
        SourceError: A name is empty, or two are equal.
    """
    places: dict[str, int] = {}
    for place, name in enumerate((n.strip() for n in names), start=1):
        if not name:
            raise SourceError(
                f"File {file}: column {place} of {len(names)} has no name in the header. "
                f"Give it a name or remove the column."
            )
        if (other := places.setdefault(name, place)) != place:
            raise SourceError(
                f"File {file}: columns {other} and {place} are both named {cut(name)}. Rename or remove one."
            )
    return tuple(places)
