"""``doctor``."""

from __future__ import annotations

import logging
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import asdict
from typing import TYPE_CHECKING

import click
from rich.text import Text

from techfinder.cli.common import echo_json, out
from techfinder.cli.terminal import visible
from techfinder.errors import SettingsError
from techfinder.settings import load_settings

if TYPE_CHECKING:
    from techfinder.doctor import Finding

__all__ = ["doctor"]

_STYLES = {"ok": "green", "warning": "yellow", "problem": "bold red"}


@click.command(epilog="Example: techfinder doctor --deep")
@click.option("--deep", is_flag=True, help="Read every point and load the encoder, which takes minutes at most.")
@click.option("--json", "as_json", is_flag=True, help="Print JSON.")
@click.pass_context
def doctor(context: click.Context, deep: bool, as_json: bool) -> None:
    """Check everything that techfinder needs, and tell what to do where something is wrong.

    Nothing is changed. The exit code is 1 when there are problems; warnings alone leave it 0.
    """
    found = []
    with _silence():
        for finding in _findings(deep):
            found.append(finding)
            if not as_json:
                _print(finding)
    counts = {state: sum(f.state == state for f in found) for state in _STYLES}
    if as_json:
        echo_json({"counts": counts, "findings": [asdict(f) for f in found]})
    else:
        out.print(_summary(counts))
    context.exit(1 if counts["problem"] else 0)


def _findings(deep: bool) -> Iterator[Finding]:
    """What all checks find; settings that cannot be used are a problem, and nothing else can be looked at."""
    from techfinder.doctor import CHECKS, Case, Finding, examine

    try:
        case = Case(load_settings(), deep=deep)
    except SettingsError as error:
        remedy = "Mend what is named; the other checks need settings, and come after that."
        yield Finding("problem", str(error), remedy, "settings")
        return
    try:
        yield from examine(case, CHECKS)
    finally:
        case.close()


@contextmanager
def _silence() -> Iterator[None]:
    """What checks find is told once, and not by log lines too."""
    logger = logging.getLogger("techfinder")
    level = logger.level
    logger.setLevel(logging.CRITICAL)
    try:
        yield
    finally:
        logger.setLevel(level)


def _print(finding: Finding) -> None:
    line = Text(f"{finding.state:<8}", _STYLES[finding.state]).append(f"{finding.check:<10}", "bold")
    out.print(line, Text(visible(finding.text)), soft_wrap=True)
    if finding.remedy:
        out.print(Text(" " * 19 + visible(f"→ {finding.remedy}")), soft_wrap=True)


def _summary(counts: dict[str, int]) -> str:
    if not counts["problem"] and not counts["warning"]:
        return "Everything is in order."
    words: Sequence[tuple[str, int]] = [(name, counts[name]) for name in ("problem", "warning")]
    return ", ".join(f"{count} {name}{'' if count == 1 else 's'}" for name, count in words if count) + "."
