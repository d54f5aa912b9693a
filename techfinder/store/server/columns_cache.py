"""Columns of generations that live on a server, kept in the home folder.

Facets, counts and order come from columns on this side, because ten exact facets cost a server
thirty times as much. They can always be made anew; a folder that is missing or damaged is::

    <home>/cache/columns/<build>/00000007/   columns of that build as of revision 7
"""

from __future__ import annotations

import shutil
import tempfile
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
            self._keep(writer, self._root / build / f"{revision:08d}")
        except OSError as error:
            raise StoreError(
                f"{self._root} cannot be written: {error}. Make room there, or choose another TECHFINDER_HOME."
            ) from error
        return tally.points, tally.digest

    def newest(self, build: str, revision: int) -> tuple[int, Columns] | None:
        """The newest columns of a build that are not newer than `revision`; what is damaged is removed."""
        folder = self._root / build
        numbers = sorted((int(p.name) for p in folder.glob("[0-9]*") if p.name.isdigit()), reverse=True)
        for number in numbers:
            if number <= revision:
                with suppress(StoreDamaged):
                    columns = Columns(folder / f"{number:08d}")
                    columns.map_all()
                    return number, columns
                shutil.rmtree(folder / f"{number:08d}", ignore_errors=True)
        return None

    def remove(self, builds: Iterable[str]) -> None:
        """Remove the columns of builds that are gone. Who has them open reads on."""
        for build in builds:
            if build.isalnum():  # what is noted on a server may be anything, and must not lead out of here
                shutil.rmtree(self._root / build, ignore_errors=True)

    def _keep(self, writer: ColumnsWriter, folder: Path) -> None:
        folder.parent.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryDirectory(dir=folder.parent, prefix="making-") as making:
            part, old = Path(making) / "columns", Path(making) / "old"
            writer.write(part)
            # Another process may be doing the same: each step takes one whole folder.
            with suppress(FileNotFoundError):
                folder.rename(old)
            try:
                part.rename(folder)
            except OSError:
                if not folder.is_dir():
                    raise
        for older in folder.parent.glob("[0-9]*"):
            if older.name < folder.name:
                shutil.rmtree(older, ignore_errors=True)


def _undigested(batch: StoredBatch) -> Iterator[tuple[bytes, dict[str, Any], Digests]]:
    return ((i.bytes, payload, (_NONE, _NONE)) for i, payload in zip(batch.ids, batch.payloads, strict=True))
