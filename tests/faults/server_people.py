"""The collection that tests of the server store's faults break, and looks at it."""

from __future__ import annotations

import itertools
import time
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from typing import Any

import pytest
from qdrant_client import QdrantClient

import get_qdrant
from missing import missing
from qdrant_process import QdrantAddress, QdrantProcess
from techfinder.errors import StoreError
from techfinder.interfaces import Collection, FacetRequest
from techfinder.store.server.store import ServerStore
from techfinder.testing.store_samples import any_of, vector_of

__all__ = ["SIZE", "answers", "name_of_one", "opened", "own_qdrant", "raised", "raw", "took"]

SIZE = 40
_numbers = itertools.count(1)


def name_of_one(prefix: str) -> str:
    """The name of a collection that no other test uses."""
    return f"{prefix}{next(_numbers)}"


@contextmanager
def opened(address: QdrantAddress, home: Path, lease_s: float = 60.0, **settings: Any) -> Iterator[ServerStore]:
    """A store of its own, closed at the end."""
    with closing(ServerStore(address.settings(home, **settings), lease_s=lease_s)) as store:
        yield store


@contextmanager
def raw(address: QdrantAddress, **options: Any) -> Iterator[QdrantClient]:
    """Someone else's client of the same server."""
    with closing(QdrantClient(address.url, check_compatibility=False, timeout=20, **options)) as client:
        yield client


def own_qdrant(folder: Path, ca: Path | None = None, **variables: str) -> QdrantProcess:
    """A server that a test may break; skips where there is no binary to start."""
    if not get_qdrant.available():
        missing("a Qdrant server of its own", get_qdrant.HELP)
    folder.mkdir(parents=True, exist_ok=True)
    return QdrantProcess(get_qdrant.BINARY, folder, ca, **variables)


def answers(people: Collection) -> list[object]:
    """What a reader says to one question of each kind."""
    where = [any_of("sector", "Arts", "Legal")]
    return [
        people.browse([], [], 1000),
        [(h.profile.id, round(h.score, 6)) for h in people.search(vector_of(3), where, 1000, exact=True)],
        [(h.profile.id, round(h.score, 6)) for h in people.search(vector_of(4), [], 1000)],
        people.count(where),
        people.facets([FacetRequest("sector", (), "sector"), FacetRequest("tags", tuple(where), "tags")]),
    ]


def took(question: Callable[[], object]) -> tuple[object, float]:
    """What comes of a call, a StoreError included, and the seconds that it took."""
    began = time.monotonic()
    try:
        found = question()
    except StoreError as error:
        found = error
    return found, time.monotonic() - began


def raised(question: Callable[[], object]) -> StoreError:
    """The StoreError of a call that must fail; its message names no secret and no Python object."""
    with pytest.raises(StoreError) as caught:
        question()
    assert " object at 0x" not in str(caught.value)
    return caught.value
