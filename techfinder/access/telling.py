"""What one page tells the next one, once: what was done, and what nobody can be shown again.

It travels in a cookie, so that a page that is loaded again changes nothing a second time, whichever process answers.
Signed with the session it is meant for, it cannot be made up by anybody who lacks that.
"""

from __future__ import annotations

import hmac
import json
from base64 import urlsafe_b64decode, urlsafe_b64encode

__all__ = ["sealed", "unsealed"]


def sealed(session: str, *told: str) -> str:
    """The texts as a cookie holds them, for whoever has that session."""
    body = urlsafe_b64encode(json.dumps(told).encode()).decode()
    return f"{body}.{_signature(session, body)}"


def unsealed(session: str, cookie: str) -> tuple[str, ...]:
    """The texts again; none where they are not for this session, or were altered."""
    body, _, signature = cookie.partition(".")
    if not session or not hmac.compare_digest(signature.encode(), _signature(session, body).encode()):
        return ()
    return tuple(json.loads(urlsafe_b64decode(body)))


def _signature(session: str, body: str) -> str:
    return hmac.new(session.encode(), body.encode(), "sha256").hexdigest()
