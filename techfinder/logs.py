"""Log lines: as JSON or as text, each with the id of the request that it belongs to.

What was asked and who was found stays out of them. An exception may quote what it stumbled over, so while a request
is answered its message is left out, and only its kind and the places in the code are told.
"""

from __future__ import annotations

import json
import logging
import traceback
from contextvars import ContextVar
from datetime import UTC, datetime
from types import TracebackType
from typing import Any

__all__ = ["REQUEST_ID", "JsonFormatter", "TextFormatter"]

REQUEST_ID: ContextVar[str] = ContextVar("techfinder_request_id", default="")
"""Of the request that is being answered; empty outside of one."""

_OWN = frozenset(vars(logging.makeLogRecord({}))) | {"message", "asctime", "taskName"}
_ExcInfo = tuple[type[BaseException], BaseException, TracebackType | None] | tuple[None, None, None]


class TextFormatter(logging.Formatter):
    """A line for people: time, level, logger, id of the request, message."""

    def __init__(self) -> None:
        """Times are in UTC."""
        super().__init__()

    def format(self, record: logging.LogRecord) -> str:
        """The line, with the traceback of an exception below it."""
        named = f" [{REQUEST_ID.get()}]" if REQUEST_ID.get() else ""
        return f"{_time(record)} {record.levelname} {record.name}{named} {super().format(record)}"

    def formatException(self, ei: Any) -> str:
        """The traceback."""
        return _trace(ei)


class JsonFormatter(TextFormatter):
    """A line for programs: one JSON object, in ASCII."""

    def format(self, record: logging.LogRecord) -> str:
        """The line; what was given as ``extra`` stands beside the message."""
        told: dict[str, Any] = {
            "time": _time(record),
            "level": record.levelname.lower(),
            "logger": record.name,
            "message": record.getMessage(),
        }
        if REQUEST_ID.get():
            told["request_id"] = REQUEST_ID.get()
        told |= {name: value for name, value in vars(record).items() if name not in _OWN}
        if record.exc_info:
            told["exception"] = self.formatException(record.exc_info)
        return json.dumps(told, default=str)


def _time(record: logging.LogRecord) -> str:
    return datetime.fromtimestamp(record.created, UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")


def _trace(ei: _ExcInfo) -> str:
    """A traceback; of a request without what the exceptions say."""
    kind, error, place = ei
    if kind is None:
        return ""
    if not REQUEST_ID.get():
        return "".join(traceback.format_exception(kind, error, place)).rstrip()
    lines = [*traceback.format_tb(place), kind.__name__]
    before = error.__cause__ or error.__context__ if error is not None else None
    while before is not None:
        lines += ["\n  after ", type(before).__name__]
        before = before.__cause__ or before.__context__
    return "".join(lines)
