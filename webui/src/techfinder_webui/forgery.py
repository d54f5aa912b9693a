"""Only our own pages change anything: whatever else makes a browser send a form is refused.

Three checks, each enough against the usual attack: what the browser says of the page that sent the form
(``Sec-Fetch-Site``, else ``Origin``), a cookie that goes along with requests of our own pages only, and the same value
in the form, which no other page can read.
"""

from __future__ import annotations

import hmac
import re
import secrets
from urllib.parse import urlsplit

from flask import Response, g, request

__all__ = ["FIELD", "forged", "keep_token", "token"]

FIELD = "token"
_COOKIE = "techfinder-admin"
_SHAPE = re.compile(r"[A-Za-z0-9_-]{43}")


def token() -> str:
    """The value for a form of the page that is being answered."""
    if "admin_token" not in g:
        known = request.cookies.get(_COOKIE, "")
        g.admin_token = known if _SHAPE.fullmatch(known) else secrets.token_urlsafe(32)
    return str(g.admin_token)


def keep_token(answer: Response) -> Response:
    """Send the cookie with an answer whose page has a form."""
    if "admin_token" in g:
        answer.set_cookie(_COOKIE, token(), httponly=True, samesite="Strict", secure=request.is_secure)
    return answer


def forged() -> bool:
    """Whether the form that was sent may have come from another page than ours."""
    site = request.headers.get("Sec-Fetch-Site", "same-origin")
    origin = request.headers.get("Origin")
    if site != "same-origin" or (origin is not None and urlsplit(origin).netloc != request.host):
        return True
    cookie, given = request.cookies.get(_COOKIE, ""), request.form.get(FIELD, "")
    return not _SHAPE.fullmatch(cookie) or not hmac.compare_digest(cookie.encode(), given.encode())
