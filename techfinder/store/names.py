"""What a collection may be called, in every store: a name that is safe as a folder, an alias and a URL."""

from __future__ import annotations

import re

from techfinder.errors import StoreError, cut

__all__ = ["check_name"]

_NAME = re.compile(r"[a-z][a-z0-9_-]{0,62}")


def check_name(collection: str) -> None:
    """Raise StoreError when `collection` cannot name a collection."""
    if not _NAME.fullmatch(collection):
        raise StoreError(
            f"{cut(collection)} cannot name a collection: lower-case letters, digits, - and _, a letter first."
        )
