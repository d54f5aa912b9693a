"""A headless LibreOffice, where one is installed."""

from __future__ import annotations

import shutil

__all__ = ["HELP", "find"]

HELP = "Debian's package libreoffice-calc-nogui has it: apt-get install --no-install-recommends libreoffice-calc-nogui"


def find() -> str | None:
    """Its path; None where there is none."""
    return shutil.which("soffice") or shutil.which("libreoffice")
