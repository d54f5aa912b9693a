"""What a test says that lacks a real server or browser."""

from __future__ import annotations

import os
from typing import NoReturn

import pytest

__all__ = ["missing"]


def missing(what: str, how: str) -> NoReturn:
    """Skip the test with how to get `what`; where ``CI=true``, fail it."""
    message = f"this test needs {what}. {how}"
    if os.environ.get("CI") == "true":
        pytest.fail(message)
    pytest.skip(message)
