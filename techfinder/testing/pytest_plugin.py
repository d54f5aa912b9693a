"""Fixtures for the tests of plugins. pytest finds them by itself once techfinder is installed.

This module is read at the start of every pytest run on a machine with techfinder, whatever is
tested there, so it imports what it needs inside the fixtures.
"""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from pathlib import Path

    from techfinder.settings import Settings
    from techfinder.testing.fakes import HashEncoder, ListSource

__all__ = ["hash_encoder", "list_source", "techfinder_home", "techfinder_settings"]


@pytest.fixture
def techfinder_home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A home folder that does not exist yet, and an environment without any other setting."""
    for name in [n for n in os.environ if n.startswith("TECHFINDER_") and not n.startswith("TECHFINDER_TEST_")]:
        monkeypatch.delenv(name)
    home = tmp_path / "techfinder-home"
    monkeypatch.setenv("TECHFINDER_HOME", str(home))
    return home


@pytest.fixture
def techfinder_settings(techfinder_home: Path) -> Settings:
    """The default settings, with ``techfinder_home`` as home."""
    from techfinder.settings import load_settings

    return load_settings(home=techfinder_home)


@pytest.fixture
def list_source() -> ListSource:
    """Five made people for the built-in schema; ``.entry()`` registers it."""
    from techfinder.testing.fakes import ListSource, sample_rows

    return ListSource(sample_rows())


@pytest.fixture
def hash_encoder() -> HashEncoder:
    """An encoder of 64 dimensions without a model; ``.entry()`` registers it."""
    from techfinder.testing.fakes import HashEncoder

    return HashEncoder()
