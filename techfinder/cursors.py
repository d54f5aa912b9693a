"""Cursors: where the next page of a search begins, as text that a caller hands back unread.

A cursor holds a digest of the question, a digest of the generation that answered, and a position.
So a page can only follow pages of the same question, from the same people in the same order.

It carries a checksum and no signature, on purpose: whatever a forged cursor could ask for, the
same caller may ask for with an offset. There is no key to keep, and a cursor survives restarts
and works in every process that serves the collection.
"""

from __future__ import annotations

import base64
import binascii
import struct
from dataclasses import astuple
from hashlib import blake2b

from techfinder.errors import CursorError, CursorExpired, cut
from techfinder.models import GenerationInfo, SearchResult
from techfinder.plan import QueryPlan

__all__ = ["START", "digest", "following", "resume"]

START = "*"
"""The cursor of the first page."""

_VERSION = 1
_FORM = struct.Struct(">B8s8sI")
_CHECK_BYTES = 6
_NOT_ASKED = {"text", "limit", "offset", "notices"}


def resume(plan: QueryPlan, cursor: str, live: GenerationInfo) -> QueryPlan:
    """The plan of the page that `cursor` stands for.

    Args:
        plan: The question, the same on every page; its limit may change from page to page. Its offset
            counts for the first page only.
        cursor: ``START``, or what :func:`following` gave.
        live: The generation that is to answer.

    Raises:
        CursorError: It was altered or cut, or is of another question.
        CursorExpired: Another generation, or another state of it, answered before.
    """
    if cursor == START:
        return plan
    version, question, generation, offset = _decode(cursor)
    if version != _VERSION:
        raise CursorError(f"Cursor {cut(cursor)} was made by another version of techfinder. Begin with {START!r}.")
    if question != digest(plan):
        raise CursorError(
            "The cursor belongs to another question. Send the plan of the first page again, with only the cursor "
            f"changed, or begin with {START!r}."
        )
    if generation != _state(live):
        raise CursorExpired(
            f"The people of collection {live.collection!r} have changed since this cursor was made (generation "
            f"{live.number}, revision {live.revision} answers now), so its pages would not fit together. "
            f"Begin again with {START!r}."
        )
    return plan.model_copy(update={"offset": offset})


def following(plan: QueryPlan, result: SearchResult) -> str | None:
    """The cursor of the page after the one that `plan` gave; None after the last one."""
    offset = plan.offset + len(result.hits)
    if not result.hits or offset >= result.total:
        return None
    body = _FORM.pack(_VERSION, digest(plan), _state(result.generation), offset)
    return base64.urlsafe_b64encode(body + _checksum(body)).decode().rstrip("=")


def _decode(cursor: str) -> tuple[int, bytes, bytes, int]:
    try:
        raw = base64.b64decode(cursor.encode("ascii") + b"=" * (-len(cursor) % 4), altchars=b"-_", validate=True)
    except (binascii.Error, UnicodeEncodeError):
        raw = b""
    body, check = raw[: _FORM.size], raw[_FORM.size :]
    if len(body) < _FORM.size or check != _checksum(body):
        raise CursorError(
            f"{cut(cursor)} is no cursor of ours. Send the one of the last answer as it came, or {START!r}."
        )
    version, question, generation, offset = _FORM.unpack(body)
    return version, question, generation, offset


def _checksum(body: bytes) -> bytes:
    return blake2b(body, digest_size=_CHECK_BYTES).digest()


def digest(plan: QueryPlan) -> bytes:
    """Eight bytes that differ between questions, whichever of their pages is asked for."""
    return blake2b(plan.model_dump_json(exclude=_NOT_ASKED).encode(), digest_size=8).digest()


def _state(live: GenerationInfo) -> bytes:
    return blake2b(repr(astuple(live)).encode(), digest_size=8).digest()
