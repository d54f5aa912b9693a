"""From what the user typed to an open source: ``people.csv`` or ``name:argument``."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

from techfinder.errors import SourceError, cut, known_names
from techfinder.interfaces import Source, SourceEntry

__all__ = ["find_generator", "open_source"]


def open_source(argument: str, entries: Mapping[str, SourceEntry]) -> Source:
    """The source that `argument` names: a path, or ``name:argument`` for a source by name.

    Raises:
        SourceError: No source reads this kind of file, the named source does not exist, or it
            cannot open what it was given.
    """
    name, colon, rest = argument.partition(":")
    if colon and name in entries:
        return entries[name].load(rest)
    if colon and name.isidentifier() and len(name) > 1 and not Path(argument).exists():
        raise SourceError(f"No source is named {cut(name)}. {known_names(name, entries)}")
    return _by_suffix(argument, entries).load(argument)


def find_generator(entries: Mapping[str, SourceEntry], name: str | None = None) -> SourceEntry:
    """The source that makes people: the one named, or the only one there is.

    Raises:
        SourceError: There is none, or several and no name.
    """
    found = {n: e for n, e in entries.items() if e.generates}
    if name is not None:
        if name not in found:
            raise SourceError(f"No generator is named {cut(name)}. {known_names(name, found)}")
        return found[name]
    if len(found) != 1:
        what = "Several generators are installed" if found else "No generator is installed"
        raise SourceError(f"{what}. {known_names('', found)} Name one with --generator.")
    return next(iter(found.values()))


def _by_suffix(argument: str, entries: Mapping[str, SourceEntry]) -> SourceEntry:
    lowered = argument.casefold()
    matches = [(len(s), e.name) for e in entries.values() for s in e.suffixes if lowered.endswith(s)]
    if not matches:
        known = ", ".join(sorted(s for e in entries.values() for s in e.suffixes)) or "none"
        raise SourceError(
            f"No source reads {cut(argument)}. Known endings: {known}; or write NAME:ARGUMENT "
            f"with a source from `techfinder plugins`."
        )
    return entries[max(matches)[1]]
