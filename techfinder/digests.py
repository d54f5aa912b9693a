"""Fingerprints of content: what tells a changed row from an unchanged one."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping

from techfinder.models import Value

__all__ = ["row_digest", "text_digest"]


def row_digest(values: Mapping[str, Value]) -> str:
    """32 hex digits that are equal only for equal values; the order of keys does not count."""
    canonical = json.dumps(values, sort_keys=True, ensure_ascii=False, separators=(",", ":"))
    return _blake(canonical.encode())


def text_digest(encoder: str, text: str) -> str:
    """32 hex digits that are equal only for the same text encoded by the same encoder.

    The text template needs no place of its own: another template makes another text.
    """
    return _blake(encoder.encode() + b"\0" + text.encode())


def _blake(content: bytes) -> str:
    return hashlib.blake2b(content, digest_size=16).hexdigest()
