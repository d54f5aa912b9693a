"""What every answer of ours is sent with."""

from __future__ import annotations

from flask import Response
from htmx_flask import request

from techfinder_webui.compression import compress

__all__ = ["CSP", "guard", "wants_part"]

CSP = (
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; connect-src 'self'; "
    "form-action 'self'; frame-ancestors 'none'; base-uri 'none'"
)
"""Nothing from elsewhere, nothing inline, no eval."""


def guard(answer: Response) -> Response:
    """Add the headers that protect a page, and send it small."""
    answer.headers["Content-Security-Policy"] = CSP
    answer.headers["X-Content-Type-Options"] = "nosniff"
    answer.headers["Referrer-Policy"] = "same-origin"
    return compress(request, answer)


def wants_part() -> bool:
    """True for a swap into the page. Going back in history asks htmx for a full page."""
    return bool(request.htmx) and request.headers.get("HX-Request-Type") == "partial"
