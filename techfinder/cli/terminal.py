"""The border to the terminal: whatever is printed passes here, and no control character does.

Names, values and errors come from files and plugins. An escape sequence among them could move the
cursor, hide a line or name the window; here it is shown as ``\\x1b[...`` instead. Line ends stay:
they are ours to make, and the worst they do is to make one more line.
"""

from __future__ import annotations

import contextlib
import io
import logging
import os
import re
import sys
from pathlib import Path
from typing import Any

import click
from rich.console import Console
from rich.text import Text

from techfinder.logs import JsonFormatter, TextFormatter

__all__ = [
    "abandon_output",
    "echo",
    "fail",
    "log_as",
    "log_formatter",
    "notice",
    "out",
    "prepare",
    "say",
    "visible",
    "visible_in_json",
]

# Control characters of both sets, marks that turn the direction of writing, odd line ends, half characters.
_HIDDEN = re.compile("[\x00-\x08\x0b-\x1f\x7f-\x9f\u061c\u200e\u200f\u2028-\u202e\u2066-\u2069\ud800-\udfff]")


def visible(text: str) -> str:
    """`text` with control characters spelt out as ``\\x1b``; tabs and line ends stay."""
    return _HIDDEN.sub(lambda found: found[0].encode("unicode_escape").decode(), text)


def visible_in_json(text: str) -> str:
    """JSON with the same characters spelt out as ``\u009b``, which leaves its meaning as it is."""
    return _HIDDEN.sub(lambda found: f"\\u{ord(found[0]):04x}", text)


class _Console(Console):
    """A console that shows the control characters of what it is given instead of sending them on."""

    def render_str(self, text: str, **options: Any) -> Text:
        return super().render_str(visible(text), **options)


say = _Console(stderr=True, highlight=False, emoji=False)
"""For people: progress, notes and warnings, on standard error."""

out = _Console(highlight=False, emoji=False)
"""For results, on standard output."""


def echo(text: str, err: bool = False) -> None:
    """Print a line as it is but for control characters; to standard error when `err` is set."""
    click.echo(visible(text), err=err)


def fail(message: object) -> int:
    """Say on standard error why the command ends. Returns its exit code, 1."""
    echo(f"techfinder: {message}", err=True)
    return 1


def abandon_output() -> None:
    """Drop what standard output did not take: at the end the interpreter would try again, and complain."""
    with contextlib.suppress(OSError, ValueError):  # nothing is open there
        nowhere = os.open(os.devnull, os.O_WRONLY)
        os.dup2(nowhere, sys.stdout.fileno())
        os.close(nowhere)


class _Formatter(logging.Formatter):
    def format(self, record: logging.LogRecord) -> str:
        return visible(super().format(record))


class _LongFormatter(TextFormatter):
    def format(self, record: logging.LogRecord) -> str:
        return visible(super().format(record))


def log_formatter(form: str) -> logging.Formatter:
    """What writes log lines as ``text`` or ``json``."""
    return JsonFormatter() if form == "json" else _LongFormatter()


def log_as(form: str, level: str) -> None:
    """From here on write log lines of our own from `level` on, as ``text`` or ``json``."""
    for handler in logging.getLogger().handlers:
        handler.setFormatter(log_formatter(form))
    logging.getLogger("techfinder").setLevel(level.upper())


def notice(form: str, text: str) -> None:
    """Tell people something on standard error, whatever the level; as a log line where those are ``json``."""
    if form != "json":
        say.print(text)
        return
    logger = logging.getLogger("techfinder")
    logger.handle(logger.makeRecord(logger.name, logging.INFO, "", 0, Text.from_markup(text).plain, (), None))


def prepare() -> None:
    """Make this process's output safe: for logging, for closed streams, for text they cannot encode."""
    for name in ("stdout", "stderr"):
        stream = getattr(sys, name)
        if stream is None:  # closed by whoever started us
            setattr(sys, name, Path(os.devnull).open("w", encoding="utf-8"))  # noqa: SIM115 - open to the end
        elif isinstance(stream, io.TextIOWrapper):
            stream.reconfigure(errors="backslashreplace")
    handler = logging.StreamHandler()
    handler.setFormatter(_Formatter())
    logging.basicConfig(handlers=[handler])
