"""An example to copy: a source that reads INI files, and a filter by stage of life.

A plugin is a module with functions marked by ``hookimpl``. They answer lists of *entries*, which
say what there is; the work is done by what an entry's ``load`` returns, when somebody uses it.
"""

from __future__ import annotations

import configparser
from collections.abc import Iterator
from pathlib import Path

from techfinder import (
    Condition,
    FilterEntry,
    FilterOption,
    OptionFilter,
    Row,
    Schema,
    SourceEntry,
    SourceError,
    hookimpl,
)

__all__ = ["IniSource", "register_filters", "register_sources"]


@hookimpl
def register_sources() -> list[SourceEntry]:
    """One source, for paths that end in ``.ini`` and for ``ini:PATH``."""
    return [SourceEntry("ini", "INI files, a section for each person: ini:people.ini", IniSource, (".ini",))]


@hookimpl
def register_filters(schema: Schema) -> list[FilterEntry]:
    """One filter, for schemas that know people's age."""
    if "age" not in schema.attributes:
        return []
    made = OptionFilter("life_stage", "Stage of life", _stages())
    return [
        FilterEntry("life_stage", "Stage of life", "Person", "choice", lambda: made, summary="young, middle or old.")
    ]


class IniSource:
    """The people of one INI file: a section is a row, its keys are columns; missing keys are empty cells."""

    def __init__(self, argument: str) -> None:
        """Open the file that `argument` names. Raises SourceError when it cannot be read."""
        parser = configparser.ConfigParser(interpolation=None)
        try:
            parser.read_string(Path(argument).read_text(encoding="utf-8"), source=argument)
        except (OSError, UnicodeDecodeError, configparser.Error) as error:
            raise SourceError(f"{argument} cannot be read as an INI file: {error}. Save it as UTF-8 INI.") from error
        self._sections = [dict(parser[name]) for name in parser.sections()]
        self._columns = tuple(dict.fromkeys(key for section in self._sections for key in section))
        if not self._columns:
            raise SourceError(f"{argument} holds no people. Write a [section] with keys for each of them.")

    def columns(self) -> tuple[str, ...]:
        """Every key used, in order of first use."""
        return self._columns

    def count(self) -> int | None:
        """The number of sections."""
        return len(self._sections)

    def rows(self) -> Iterator[Row]:
        """One row for each section, numbered from 1."""
        for number, section in enumerate(self._sections, 1):
            yield Row(number, section)


def _stages() -> list[FilterOption]:
    return [
        FilterOption("young", "Young (under 30)", (Condition(field="age", op="range", lt=30),)),
        FilterOption("middle", "Middle (30 to 59)", (Condition(field="age", op="range", gte=30, lt=60),)),
        FilterOption("old", "Old (60 and over)", (Condition(field="age", op="range", gte=60),)),
    ]
