"""A generation on a server as it was read last: its points there, its columns here."""

from __future__ import annotations

import threading
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any
from uuid import UUID

from techfinder.interfaces.points import NearestQuery
from techfinder.store.columns import Columns
from techfinder.store.layered import Layered
from techfinder.store.points import SYSTEM_KEYS, point_id
from techfinder.store.ranking import ranked

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    from techfinder.store.server.generations import Stored
    from techfinder.store.server.points import ServerPoints

__all__ = ["Behind", "View", "ViewReads", "all_of", "nearest"]

_SPARE = 4

Payload = dict[str, Any]


class Behind(Exception):
    """The server has changed since the columns were read."""


class View:
    """A generation as of one revision. Columns may be asked by one thread at a time."""

    def __init__(self, stored: Stored, points: ServerPoints, base: Columns, changed: dict[str, Payload | None]) -> None:
        self.stored, self.points, self.base, self.changed = stored, points, base, changed
        self.columns: Columns | Layered = Layered(base, changed) if changed else base
        self.lock = threading.Lock()


def all_of(view: View, ids: Sequence[UUID]) -> list[Payload]:
    """The payloads of points that must be there. Raises Behind when one is not."""
    found = view.points.payloads(ids)
    if any(i.bytes not in found for i in ids):
        raise Behind
    return [found[i.bytes] for i in ids]


def nearest(view: View, query: NearestQuery) -> list[tuple[Payload, float]]:
    """Payloads and scores, in order. The query's vector is checked. Raises Behind."""
    # Where more is passed over than shown, the payloads of the page are read by themselves.
    keys = SYSTEM_KEYS if query.offset > query.limit else None
    end = query.offset + query.limit
    exact = query.exact or view.stored.info.exact
    found = ranked(
        lambda size, whole: view.points.nearest(query.vector, query.filter, size, exact or whole, keys),
        lambda payloads: [p["_id"] for p in payloads],
        end,
        _SPARE,
    )[query.offset : end]
    payloads = [p for p, _ in found] if keys is None else all_of(view, [point_id(p["_id"]) for p, _ in found])
    return [(payload, score) for payload, (_, score) in zip(payloads, found, strict=True)]


class ViewReads:
    """A view as :mod:`techfinder.store.point_reads` asks it."""

    def __init__(self, view: View) -> None:
        self._view = view
        self.payloads = view.points.payloads

    @contextmanager
    def columns(self) -> Iterator[Columns | Layered]:
        """Its columns, for as long as the block lasts."""
        with self._view.lock:
            yield self._view.columns

    def nearest(self, query: NearestQuery) -> list[tuple[Payload, float]]:
        """Payloads and scores, in order."""
        return nearest(self._view, query)

    def all_payloads(self, ids: Sequence[UUID]) -> list[Payload]:
        """The payloads in the order asked. Raises Behind."""
        return all_of(self._view, ids)

    def stored_vectors(self, ids: Sequence[UUID]) -> dict[bytes, NDArray[np.float32]]:
        """The vectors of those that exist, by id (16 bytes)."""
        batches = self._view.points.stored(ids)
        return {i.bytes: v for b in batches for i, v in zip(b.ids, b.vectors, strict=True)}
