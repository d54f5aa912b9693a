"""Two to four people side by side."""

from __future__ import annotations

from collections.abc import Iterable
from urllib.parse import urlencode

__all__ = ["compare_url"]


def compare_url(path: str, ids: Iterable[str]) -> str:
    """The page that compares these people, on the site whose search page is at `path`."""
    query = urlencode([("ids", i) for i in ids])
    return f"{path}compare?{query}" if query else f"{path}compare"
