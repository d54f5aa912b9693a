"""Vendored files are what VENDORED.md says, and nothing in the pages breaks the CSP."""

from __future__ import annotations

import hashlib
import re
from importlib.resources import files
from pathlib import Path

import pytest

PACKAGE = Path(str(files("techfinder_webui")))
VENDOR = PACKAGE / "static" / "vendor"
TEMPLATES = sorted((PACKAGE / "templates").glob("*.html"))


def test_vendored_files_are_listed_unchanged_with_their_licence() -> None:
    rows = re.findall(
        r"^\| `([^`]+)` .*\(`([^`]+)`\).*`([0-9a-f]{64})` \|$", (VENDOR / "VENDORED.md").read_text(), re.M
    )
    listed = {name: digest for name, _, digest in rows}
    assert {p.name for p in VENDOR.glob("*.js")} | {p.name for p in VENDOR.glob("*.css")} == set(listed)
    assert all((VENDOR / licence).stat().st_size for _, licence, _ in rows)
    for name, digest in listed.items():
        assert hashlib.sha256((VENDOR / name).read_bytes()).hexdigest() == digest


@pytest.mark.parametrize("path", TEMPLATES, ids=lambda p: p.name)
def test_no_template_has_inline_code_or_style_or_unescaped_values(path: Path) -> None:
    text = re.sub(r"\{#.*?#\}", "", path.read_text(), flags=re.S)
    forbidden = [
        r"\sstyle=",
        r"<style",
        r"\son\w+=",
        r"hx-on",
        r"javascript:",
        r"\bjs:",
        r"\|\s*safe",
        r"autoescape",
        r"https?://",
    ]
    assert [f for f in forbidden if re.search(f, text)] == []
    assert not re.search(r"<script(?![^>]*\ssrc=)", text)
    assert not re.search(r'hx-trigger="[^"]*\[', text), "a trigger filter needs eval"
