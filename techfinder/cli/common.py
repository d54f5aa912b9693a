"""What several commands share."""

from __future__ import annotations

import json
import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Any

from techfinder.cli.terminal import echo, out, say, visible_in_json
from techfinder.errors import QueryError, cut
from techfinder.finder import Finder
from techfinder.settings import load_settings

__all__ = ["echo_json", "open_finder", "out", "parse_filters", "say"]


@contextmanager
def open_finder(**overrides: Any) -> Iterator[Finder]:
    """A Finder from the settings, closed at the end."""
    finder = Finder(load_settings(**overrides))
    try:
        yield finder
    finally:
        finder.close()


def echo_json(value: object) -> None:
    """Print `value` as JSON on standard output: indented in a terminal, else on one line."""
    echo(visible_in_json(json.dumps(value, ensure_ascii=False, indent=2 if sys.stdout.isatty() else None)))


def parse_filters(texts: Sequence[str]) -> dict[str, list[str]]:
    """Inputs by filter name from ``NAME=VALUE`` texts; also ``NAME>=VALUE``, ``NAME!=VALUE`` and the like.

    Raises:
        QueryError: A text has no comparison in it.
    """
    filters: dict[str, list[str]] = {}
    for text in texts:
        at = next((i for i, c in enumerate(text) if c in "=!<>"), -1)
        if at <= 0:
            raise QueryError(
                f"--filter {cut(text)} is not NAME=VALUE, as in --filter age=30..40. With < or > quotes are needed, as "
                "in --filter 'age>=30': else the shell takes what follows for the name of a file."
            )
        name, rest = text[:at].strip(), text[at:]
        value = rest[1:] if rest[0] == "=" else "!" + rest[2:] if rest.startswith("!=") else rest
        if not value.strip("!<>= "):
            raise QueryError(f"--filter {cut(text)} has no value. Write {name}=? for people without one.")
        filters.setdefault(name, []).append(value.strip())
    return filters
