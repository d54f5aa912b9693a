"""Cells that no spreadsheet takes for a formula, and back again.

A spreadsheet runs a cell that begins with ``=``, ``+``, ``-`` or ``@`` (some take the full-width signs too); a tab or a
line end before them is cut off first, and where a file is opened with another separator than it was written with, what
follows that separator is a cell. So an apostrophe, by which spreadsheets mark text, is put right before such a sign
at the beginning of a cell, or after a tab, a line end or any of ``,;|`` in it; quotes, apostrophes and blanks may stand
between.

Reading takes exactly that apostrophe away again: ``plain(safe(text)) == text`` for every text. Numbers need no mark.
"""

from __future__ import annotations

import re

__all__ = ["plain", "safe"]

_SIGNS = "=+\\-@\t\r\n\uff1d\uff0b\uff0d\uff20"
_BEGIN = "(?:\\A|(?<=[,;|\t\r\n]))"
_UNSAFE = re.compile(f"{_BEGIN}([\"' ]*+)(?=[{_SIGNS}])")
_MARKED = re.compile(f"{_BEGIN}([\"' ]*)'(?=[{_SIGNS}])")


def safe(text: str) -> str:
    """The text as a cell that is read as text, whatever it is."""
    return _UNSAFE.sub(r"\1'", text)


def plain(cell: str) -> str:
    """The text that such a cell stands for."""
    return _MARKED.sub(r"\1", cell) if "'" in cell else cell
