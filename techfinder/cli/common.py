"""What several commands share."""

from __future__ import annotations

import json
import math
import os
import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Any

import click

from techfinder.cli.terminal import echo, out, say, visible_in_json
from techfinder.filters import inputs_by_name
from techfinder.finder import Finder
from techfinder.settings import load_settings

__all__ = ["NumberRange", "echo_json", "open_finder", "out", "parse_filters", "say", "step_back"]


class NumberRange(click.FloatRange):
    """Numbers of a range: what is no number lies in every range of click's, as it is neither below nor above."""

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> Any:
        """The number, which is finite."""
        number = super().convert(value, param, ctx)
        if not math.isfinite(number):
            self.fail(f"{value!r} is not a finite number.", param, ctx)
        return number


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
    hint = (
        " With < or > quotes are needed, as in --filter 'age>=30': else the shell takes what follows for the name of a "
        "file."
    )
    return inputs_by_name(texts, "--filter ", hint)


def step_back(niceness: int) -> None:
    """Let interactive work go first; raising it is never allowed back, so only ever go up."""
    if hasattr(os, "nice"):
        os.nice(max(0, niceness - os.nice(0)))
