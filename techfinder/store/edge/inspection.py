"""Reading a generation from its files, whole: to write its columns, or to find damage."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING, Any

import numpy as np

from techfinder.errors import cut
from techfinder.store.column_files import ColumnsWriter, damaged_files, file_digest, read_index
from techfinder.store.columns import Columns
from techfinder.store.edge.shard import Shard
from techfinder.store.folders import writable
from techfinder.store.graph import Recall, sampled_recall
from techfinder.store.tally import Tally

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence
    from pathlib import Path
    from uuid import UUID

    from numpy.typing import NDArray

    from techfinder.store.points import StoredBatch
    from techfinder.store.tally import Digests

__all__ = ["InspectJob"]

_VALUES = 50
_EXACT_FLOAT = 2**53


class InspectJob:
    """Reads a generation from its files, whole."""

    def __init__(self, folder: Path, dim: int, attributes: Mapping[str, str], nice: int) -> None:
        os.nice(nice)
        self._folder, self._attributes = folder, attributes
        with writable(folder / "shard") as shard:
            self._shard = Shard.load(shard, dim)

    def write_columns(self) -> tuple[int, str, str]:
        """Write the columns of what is stored. Returns count, digest, and digest of the columns."""
        writer, tally = ColumnsWriter(self._attributes), Tally()
        for identity, payload, digests in self._stored():
            writer.add(identity, payload, *digests)
            tally.note(None, digests)
        return tally.points, tally.digest, writer.write(self._folder / "columns")

    def recall(self) -> Recall:
        """What searches through the graph find for some stored vectors."""
        return sampled_recall(self._shard)

    def page(self, start: UUID | None, size: int) -> tuple[StoredBatch, UUID | None]:
        """At most `size` points by id, from id `start` on (None: the first), and where the next page starts."""
        return self._shard.page(start, size)

    def compare(self, columns_digest: str, exact: bool) -> list[str]:
        """What differs between the points, the columns and what was sealed; empty when nothing does.

        `exact` tells that nothing is searched through the graph.
        """
        folder = self._folder / "columns"
        if file_digest(folder / "index.json") != columns_digest:
            return ["columns: index.json is not the one that was sealed"]
        problems = [f"columns: {n} is missing or altered" for n in damaged_files(folder, read_index(folder)["files"])]
        if problems:
            return problems
        columns = Columns(folder)
        return self._compare_points(columns) or [
            *self._compare_indexes(columns),
            *([] if exact else self.recall().problems),
        ]

    def _compare_points(self, columns: Columns) -> list[str]:
        digests, seen, altered, unknown = columns.array("digests"), set[int](), [], []
        for identity, payload, (digest, _) in self._stored():
            row = int(columns.rows_of([identity])[0])
            if row < 0:
                unknown.append(str(payload.get("_id", identity.hex())))
                continue
            seen.add(row)
            if digests[row].tobytes() != digest:
                altered.append(columns.ids[row])
        lost = [columns.ids[row] for row in range(columns.points) if row not in seen]
        found = {"missing": lost, "altered": altered, "not sealed with it": unknown}
        return [f"points: {len(ids)} {word} ({_some(ids)})" for word, ids in found.items() if ids]

    def _compare_indexes(self, columns: Columns) -> Iterator[str]:
        """Count through the engine's payload indexes, where there are any, what the columns count exactly."""
        if not self._shard.indexed:
            return
        for key, storage in self._attributes.items():
            for query in _probes(columns, key, storage):
                found, expected = self._shard.count(query), columns.count(query)
                if found != expected:
                    yield f"index of {key}: finds {found} points for {cut(query)}, {expected} have it"
                    break

    def _stored(self) -> Iterator[tuple[bytes, dict[str, Any], Digests]]:
        """Id, payload and digests of every point."""
        for batch in self._shard.scan():
            yield from batch.digested()


def _some(ids: Sequence[str]) -> str:
    shown = ", ".join(cut(i, 40) for i in ids[:3])
    return f"{shown}, …" if len(ids) > 3 else shown


def _probes(columns: Columns, key: str, storage: str) -> list[dict[str, Any]]:
    probes: list[dict[str, Any]] = [{"must": [{"is_empty": {"key": key}}]}]
    if storage in ("integer", "float"):
        numbers: NDArray[Any] = columns.array(f"{key}.numbers")
        known = numbers[columns.mask({"must_not": [{"is_empty": {"key": key}}]})]
        bounds = np.quantile(known, (0.0, 0.25, 0.5, 0.75, 1.0), method="nearest").tolist() if len(known) else []
        exact = sorted({float(b) for b in bounds if abs(b) < _EXACT_FLOAT})
        return probes + [{"must": [{"key": key, "range": {"lte": b}}]} for b in exact]
    values = columns.values(key)
    step = max(1, len(values) // _VALUES)
    return probes + [{"must": [{"key": key, "match": {"any": [values[i]]}}]} for i in range(0, len(values), step)]
