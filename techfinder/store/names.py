"""What a collection may be called, in every store: a name that is safe as a folder, an alias and a URL."""

from __future__ import annotations

import re

from techfinder.errors import StoreError, cut

__all__ = ["check_name", "place_of"]

_NAME = re.compile(r"[a-z][a-z0-9_-]{0,62}")


def check_name(collection: str) -> None:
    """Raise StoreError when `collection` cannot name a collection."""
    if not _NAME.fullmatch(collection):
        raise StoreError(
            f"{cut(collection)} cannot name a collection: lower-case letters, digits, - and _, a letter first."
        )


def place_of(collection: str, schema: str, encoder: str, number: int, tag: str = "") -> str:
    """The name of a generation of its own: collection, schema, encoder, a tag where there is one, and number."""
    parts = (collection, schema, encoder.partition("@")[0], tag, f"{number:04d}")
    return ".".join(re.sub(r"[^A-Za-z0-9_-]", "_", p) for p in parts if p)
