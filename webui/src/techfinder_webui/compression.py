"""Answers as gzip, for browsers that take it: pages shrink to a tenth."""

from __future__ import annotations

import gzip

from flask import Request, Response

__all__ = ["compress"]

_TYPES = ("text/", "application/javascript", "image/svg+xml")
_LEAST_BYTES = 1000
_LEVEL = 3
"""Of 9; the higher ones take several times as long for a few per cent less."""


def compress(request: Request, answer: Response) -> Response:
    """The answer, compressed where that is worth while and wanted; streams stay as they are.

    Nothing secret stands in these pages, so that their length gives nothing away (the attack called BREACH).
    """
    kind = answer.mimetype or ""
    if not kind.startswith(_TYPES) or kind == "text/event-stream":
        return answer
    answer.vary.add("Accept-Encoding")
    wanted = request.accept_encodings.quality("gzip") > 0
    if not wanted or answer.status_code != 200 or "Content-Encoding" in answer.headers or "Range" in request.headers:
        return answer
    answer.direct_passthrough = False
    body = answer.get_data()
    if len(body) >= _LEAST_BYTES:
        answer.set_data(gzip.compress(body, _LEVEL, mtime=0))
        answer.headers["Content-Encoding"] = "gzip"
        etag, weak = answer.get_etag()
        if etag and not weak:
            answer.set_etag(etag, weak=True)
    return answer
