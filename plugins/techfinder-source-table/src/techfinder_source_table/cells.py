"""What a text cell may hold, and how a bad one is shown."""

from __future__ import annotations

from techfinder.errors import cut

__all__ = ["UTF8", "shown", "too_long", "unclean"]

UTF8 = "text in UTF-8 (to convert a file: `iconv -f WINDOWS-1252 -t UTF-8`)"


def too_long(max_cell_chars: int) -> str:
    """What was expected instead of an overlong cell."""
    return f"at most {max_cell_chars} characters (setting max_cell_chars)"


def unclean(cell: str, max_cell_chars: int) -> str:
    """What was expected instead of this cell; empty when nothing is wrong with it.

    Args:
        cell: Text in which undecodable bytes stand as surrogates.
        max_cell_chars: Longest cell accepted.
    """
    if len(cell) > max_cell_chars:
        return too_long(max_cell_chars)
    if "\0" in cell:
        return "text without NUL characters"
    try:
        cell.encode()
    except UnicodeEncodeError:
        return UTF8
    return ""


def shown(cell: str) -> str:
    """The cell for a report: cut, with bad bytes as ``\\xe9``."""
    text = cell[:200]
    try:
        return cut(text.encode(errors="surrogateescape").decode(errors="backslashreplace"))
    except UnicodeEncodeError:  # half a character, from an escape in JSON
        return cut(text.encode(errors="backslashreplace").decode())
