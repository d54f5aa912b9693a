"""The gateway of a Finder without a network: a Flask client, and the official client of Qdrant on the same app."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

import httpx
from flask import Flask
from qdrant_client import QdrantClient

__all__ = ["official_client"]


@contextmanager
def official_client(app: Flask) -> Iterator[QdrantClient]:
    """The official client, as it is told to find the gateway."""
    transport = httpx.WSGITransport(app=app)
    made = QdrantClient(url="http://127.0.0.1:8000/qdrant", transport=transport, check_compatibility=False)
    yield made
    made.close()
