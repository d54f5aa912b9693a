"""Texts as every tokenizer takes them."""

from __future__ import annotations

from collections.abc import Iterable

from techfinder.errors import EncoderError, cut

__all__ = ["encodable"]

_MOST_CHARS = 20_000


def encodable(texts: Iterable[str], owner: str) -> list[str]:
    """The texts without halves of characters, which no tokenizer takes, and no longer than can matter.

    Args:
        texts: As they come.
        owner: The encoder, to begin a message with.

    Raises:
        EncoderError: One of them is no text.
    """
    return [_clean(place, text, owner) for place, text in enumerate(texts)]


def _clean(place: int, text: str, owner: str) -> str:
    if not isinstance(text, str):
        raise EncoderError(f"{owner}: text {place} is {cut(text)}, expected a string. Leave missing texts out.")
    return text[:_MOST_CHARS].encode("utf-8", "replace").decode("utf-8")
