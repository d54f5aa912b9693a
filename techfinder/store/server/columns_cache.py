"""Columns of generations that live on a server, kept in the home folder.

Facets, counts and order come from columns on this side, because ten exact facets cost a server
thirty times as much. They can always be made anew; a folder that is missing or damaged is::

    <home>/cache/columns/<build>/00000007-01764437525123456789/   columns of that build as of revision 7

Several processes may write the same in the same moment. So each gives its folder a name that no other ever had,
later ones a larger one: what is read is never replaced, and at most removed.
"""

from __future__ import annotations

import shutil
import tempfile
import time
from collections.abc import Iterable, Iterator, Mapping
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING, Any

from techfinder.errors import StoreDamaged, StoreError, cut
from techfinder.store.column_files import ColumnsWriter
from techfinder.store.columns import Columns
from techfinder.store.points import DIGEST_BYTES
from techfinder.store.tally import Digests, Tally

if TYPE_CHECKING:
    from techfinder.store.points import StoredBatch

__all__ = ["ColumnsCache"]

_NONE = b"\0" * DIGEST_BYTES


class ColumnsCache:
    """The folders with columns."""

    def __init__(self, home: Path) -> None:
        """Touch nothing yet."""
        self._root = home / "cache" / "columns"

    def write(
        self, build: str, revision: int, attributes: Mapping[str, str], batches: Iterable[StoredBatch]
    ) -> tuple[int, str]:
        """Write the columns of points. Returns their count and digest.

        Batches without vectors give columns without digests, and a digest that means nothing.

        Raises:
            StoreDamaged: A point has a value of another kind than its attribute.
            StoreError: Two points have one ordinal, or the folder cannot be written.
        """
        writer, tally = ColumnsWriter(attributes), Tally()
        for batch in batches:
            whole = bool(batch.vectors.shape[1])
            for identity, payload, digests in batch.digested() if whole else _undigested(batch):
                tally.note(None, digests)
                try:
                    writer.add(identity, payload, *digests)
                except (TypeError, ValueError, KeyError, OverflowError) as error:
                    raise StoreDamaged(
                        f"Profile {cut(payload['_id'])} is not stored as techfinder writes it ({error}). "
                        "Something else changed it: index everyone again with `techfinder index SOURCE --rebuild`."
                    ) from error
        try:
            self._keep(writer, self._root / build, revision)
        except OSError as error:
            raise StoreError(
                f"{self._root} cannot be written: {error}. Make room there, or choose another TECHFINDER_HOME."
            ) from error
        return tally.points, tally.digest

    def newest(self, build: str, revision: int) -> tuple[int, Columns] | None:
        """The newest columns of a build that are not newer than `revision`; what is damaged is removed."""
        tried: set[Path] = set()
        while left := [f for f in _folders(self._root / build) if _revision(f) <= revision and f not in tried]:
            with suppress(StoreDamaged):  # or removed just now, for there is a newer one
                columns = Columns(left[-1])
                columns.map_all()
                return _revision(left[-1]), columns
            tried.add(left[-1])
            shutil.rmtree(left[-1], ignore_errors=True)
        return None

    def builds(self) -> list[str]:
        """The builds whose columns are kept."""
        return [p.name for p in self._root.glob("*")]

    def remove(self, builds: Iterable[str]) -> None:
        """Remove the columns of builds that are gone. Who has them open reads on."""
        for build in builds:
            if build.isalnum():  # what is noted on a server may be anything, and must not lead out of here
                shutil.rmtree(self._root / build, ignore_errors=True)

    def _keep(self, writer: ColumnsWriter, parent: Path, revision: int) -> None:
        parent.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryDirectory(dir=parent, prefix="making-") as making:
            made = Path(making) / "columns"
            writer.write(made)
            serial = max([time.time_ns(), *(_serial(f) + 1 for f in _folders(parent))])
            kept = made.rename(parent / f"{revision:08d}-{serial:020d}")
        for folder in _folders(parent):
            if folder.name < kept.name:
                shutil.rmtree(folder, ignore_errors=True)


def _folders(parent: Path) -> list[Path]:
    """The folders with columns of a build, oldest first."""
    return sorted(p for p in parent.glob("*-*") if p.name.replace("-", "").isdecimal())


def _revision(folder: Path) -> int:
    return int(folder.name.partition("-")[0])


def _serial(folder: Path) -> int:
    return int(folder.name.partition("-")[2])


def _undigested(batch: StoredBatch) -> Iterator[tuple[bytes, dict[str, Any], Digests]]:
    return ((i.bytes, payload, (_NONE, _NONE)) for i, payload in zip(batch.ids, batch.payloads, strict=True))
