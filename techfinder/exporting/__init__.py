"""People as files that can be read again: CSV, JSON Lines, ids; with a manifest that says where they come from."""

from __future__ import annotations

from techfinder.exporting.bundle import Export, Manifest
from techfinder.exporting.formats import FORMATS, Format, format_of

__all__ = ["FORMATS", "Export", "Format", "Manifest", "format_of"]
