"""Forms that values of settings have: lists and pairs in one variable, addresses."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated, Literal
from urllib.parse import urlsplit

from pydantic import AfterValidator, BeforeValidator
from pydantic_settings import NoDecode

__all__ = ["FieldRoles", "Names", "PublicUrl"]


def _split(value: object) -> object:
    return tuple(v.strip() for v in value.split(",") if v.strip()) if isinstance(value, str) else value


def _pairs(value: object) -> object:
    if not isinstance(value, str):
        return value
    pairs = [part.partition("=") for part in value.split(",") if part.strip()]
    return {name.strip(): role.strip() for name, _, role in pairs}


def _with_host(value: str) -> str:
    try:
        parts = urlsplit(value)
        sound = not value or (parts.hostname and parts.port != 0)
    except ValueError:
        sound = False
    if not sound:
        raise ValueError("expected an address as https://people.example.org or http://localhost:8000")
    return value


Names = Annotated[tuple[str, ...], NoDecode, BeforeValidator(_split)]
"""Names, separated by commas in a variable."""

FieldRoles = Annotated[Mapping[str, Literal["viewer", "analyst", "editor", "admin"]], NoDecode, BeforeValidator(_pairs)]
"""Roles by field, as ``salary=analyst,address=admin`` in a variable."""

PublicUrl = Annotated[str, AfterValidator(_with_host)]
"""An address with a host, and with a port that is one; or nothing."""
