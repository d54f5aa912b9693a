"""What a route of a plugin takes: said where the route is written.

Without it the blueprint is not mounted, so that a forgotten rule is found by who forgot it::

    @pages.get("/size")
    @needs("search")
    def size() -> str: ...
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, TypeVar

__all__ = ["PUBLIC", "needed_by", "needs"]

PUBLIC = "public"
"""Of a route that everybody may ask, signed in or not."""

_MARK = "__techfinder_needs__"
_Marked = TypeVar("_Marked")


def needs(permission: str) -> Callable[[_Marked], _Marked]:
    """Mark a view with the permission that it takes; a Blueprint, for its static files.

    Args:
        permission: A name of ``techfinder.access.PERMISSIONS``, as ``"search"``, ``"view"`` or ``"export"``;
            ``"public"`` for what tells nothing about anybody.
    """

    def mark(marked: _Marked) -> _Marked:
        setattr(marked, _MARK, permission)
        return marked

    return mark


def needed_by(view: Callable[..., Any]) -> str | None:
    """The permission that a view is marked with, or that its blueprint is for static files; None without a mark."""
    found = getattr(view, _MARK, None)
    if found is None and getattr(view, "__name__", "") == "send_static_file":
        found = getattr(getattr(view, "__self__", None), _MARK, None)
    return found
