"""Bodies as JSON: each key is taken by name, and what nobody took is refused instead of ignored."""

from __future__ import annotations

import math
from typing import Any
from uuid import UUID

import numpy as np
from numpy.typing import NDArray
from pydantic_core import from_json

from techfinder.errors import cut, known_names
from techfinder.gateway.refusals import Refused, bad_body

__all__ = ["Parts", "flag", "number", "point_name", "read_json", "text", "vector", "whole"]

_MOST = 2**63 - 1


def read_json(body: bytes) -> Parts:
    """The object in a body. Raises Refused."""
    try:
        return Parts(from_json(body, allow_inf_nan=False), "body")
    except (ValueError, RecursionError) as error:
        raise bad_body(str(error)) from error


class Parts:
    """An object of a body, taken apart key by key. ``null`` counts as absent, as Qdrant counts it."""

    def __init__(self, value: Any, place: str) -> None:
        """Raises Refused when `value` is no object; `place` tells where it stands."""
        if not isinstance(value, dict):
            raise bad_body(f"{place}: expected an object, got {cut(value)}")
        self._left = {key: part for key, part in value.items() if part is not None}
        self._known: list[str] = []
        self.place = place

    def __contains__(self, key: str) -> bool:
        return key in self._left

    def take(self, key: str) -> Any:
        """What stands there; None when nothing does."""
        self._known.append(key)
        return self._left.pop(key, None)

    def at(self, key: str) -> str:
        """Where `key` stands, for messages."""
        return f"{self.place}.{key}"

    def absent(self, *keys: str, reason: str) -> None:
        """Raise Refused when one of `keys` is there."""
        for key in keys:
            if self.take(key) not in (None, "", [], {}):
                raise Refused(400, f"Bad request: `{self.at(key)}` is not supported here: {reason}")

    def end(self) -> None:
        """Raise Refused when anything is left."""
        if unknown := next(iter(self._left), None):
            raise bad_body(f"{self.place}: unknown field `{unknown[:80]}`. {known_names(unknown, self._known)}")


def whole(value: Any, place: str, default: int, least: int, most: int) -> int:
    """A whole number within bounds. Raises Refused."""
    if value is None:
        return min(default, most)
    if type(value) is not int or abs(value) > _MOST:
        raise bad_body(f"{place}: expected a whole number, got {cut(value)}")
    if value < least:
        raise Refused(
            422, f"Validation error in JSON body: [{place}: value {value} invalid, must be {least} or larger]"
        )
    if value > most:
        raise Refused(400, f"Bad request: {place} is {value}, at most {most} is answered. Ask for less.")
    return value


def flag(value: Any, place: str, default: bool) -> bool:
    """A truth value. Raises Refused."""
    if value is None or isinstance(value, bool):
        return default if value is None else value
    raise bad_body(f"{place}: expected true or false, got {cut(value)}")


def number(value: Any, place: str) -> float:
    """A finite number. Raises Refused."""
    if isinstance(value, bool) or not isinstance(value, int | float):
        raise bad_body(f"{place}: expected a number, got {cut(value)}")
    try:
        wide = float(value)
    except OverflowError:
        wide = math.inf
    if not math.isfinite(wide):
        raise bad_body(f"{place}: number out of range")
    return wide


def text(value: Any, place: str) -> str:
    """A text. Raises Refused."""
    if not isinstance(value, str):
        raise bad_body(f"{place}: expected a string, got {cut(value)}")
    return value


def vector(value: Any, place: str, dim: int) -> NDArray[np.float32]:
    """A vector of shape (dim,), finite. Raises Refused, of another length with the message of Qdrant."""
    if not isinstance(value, list):
        raise bad_body(f"{place}: expected a list of numbers, got {cut(value)}")
    parts = [number(part, f"{place}[{n}]") for n, part in enumerate(value)]
    if len(parts) != dim:
        raise Refused(400, f"Wrong input: Vector dimension error: expected dim: {dim}, got {len(parts)}")
    if max(map(abs, parts), default=0.0) > float(np.finfo(np.float32).max):
        raise bad_body(f"{place}: number out of range")
    return np.array(parts, dtype=np.float32)


def point_name(value: Any, place: str) -> str | int:
    """A point's id: a UUID in its usual form, or a whole number (which no point here has). Raises Refused."""
    if type(value) is int and 0 <= value < 2**64:
        return value
    try:
        return str(UUID(value))
    except (ValueError, AttributeError, TypeError):
        raise bad_body(
            f"{place}: value {cut(value)} is not a valid point ID, valid values are either an unsigned integer "
            "or a UUID"
        ) from None
