"""The note of each call; whether somebody may read through the gateway, the gate before every route has decided."""

from __future__ import annotations

from flask import Request

from techfinder.guarding import guard_of

__all__ = ["note_call"]

_ACTION = "gateway"
_MOST_NOTED = 1000


def note_call(request: Request) -> None:
    """Note in the audit log what is asked, before it is answered. Raises DatabaseError: then it is not.

    Where nobody signs in, nothing is noted: whoever sits at this machine reads.
    """
    body = request.get_data()[:_MOST_NOTED] if request.method == "POST" else b""
    detail = {"asked": body.decode("utf-8", "replace")} if body else {}
    guard_of().note(_ACTION, f"{request.method} {request.path}", detail)
