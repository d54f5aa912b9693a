"""The folders of the embedded store::

    <home>/store/people/live.json                   which generation is live, replaced in one step
                        generations/0001/shard/     Qdrant Edge's files
                                         columns/   NumPy columns
                                         info.json  what was sealed
                        building/...                a generation in the making
    <home>/store/.locks/people.write.lock           held by the one who builds

A generation never changes once it is sealed. Readers look at ``live.json`` only.
"""

from __future__ import annotations

import json
import os
import re
import shutil
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from filelock import FileLock, Timeout

from techfinder.errors import CollectionNotFound, StoreError, StoreUnavailable, cut
from techfinder.models import GenerationInfo
from techfinder.store.folders import remove_folder, sync_folder, sync_path

if TYPE_CHECKING:
    from collections.abc import Mapping

__all__ = ["Generations", "Sealed", "WriteLock"]

_NAME = re.compile(r"[a-z][a-z0-9_-]{0,62}")
_SWITCH_WAIT_S = 10.0
_FORMAT = 1

Signature = tuple[int, int, int]


@dataclass(frozen=True, slots=True)
class Sealed:
    """A sealed generation.

    Attributes:
        info: What the world knows of it.
        attributes: Storage by attribute key.
        columns: Digest of the columns' index.
        folder: Where it is.
    """

    info: GenerationInfo
    attributes: Mapping[str, str]
    columns: str
    folder: Path

    def write(self) -> None:
        """Write ``info.json`` into the folder and bring everything in it to the disk."""
        facts = {
            "format": _FORMAT,
            "info": asdict(self.info),
            "attributes": dict(self.attributes),
            "columns": self.columns,
        }
        (self.folder / "info.json").write_text(json.dumps(facts, indent=1), encoding="utf-8")
        sync_folder(self.folder)

    @classmethod
    def read(cls, folder: Path) -> Sealed:
        """The generation in `folder`. Raises StoreError when its ``info.json`` is missing or damaged."""
        path = folder / "info.json"
        try:
            facts = json.loads(path.read_text(encoding="utf-8"))
            if facts["format"] != _FORMAT:
                raise ValueError(f"format {facts['format']!r}, this version reads {_FORMAT}")
            return cls(GenerationInfo(**facts["info"]), facts["attributes"], facts["columns"], folder)
        except (OSError, ValueError, KeyError, TypeError) as error:
            raise StoreError(
                f"{path} cannot be read: {error}. Activate an older generation or rebuild the collection."
            ) from error


class WriteLock:
    """The right to build a collection's next generation. Ends with its process, however that ends."""

    def __init__(self, root: Path, collection: str) -> None:
        """Take it. Raises StoreError naming the holder when another one has it."""
        folder = root / ".locks"
        folder.mkdir(parents=True, exist_ok=True)
        self._lock = FileLock(folder / f"{collection}.write.lock", thread_local=False)
        holder = folder / f"{collection}.writer"
        try:
            self._lock.acquire(timeout=0)
        except Timeout as error:
            pid = holder.read_text(encoding="utf-8") if holder.is_file() else "unknown"
            raise StoreError(
                f"An index run is going: collection {collection!r} is being written by process {pid}. "
                "Wait until it is done, or end it."
            ) from error
        holder.write_text(str(os.getpid()), encoding="utf-8")

    def release(self) -> None:
        """Give it back. Harmless when given back already."""
        self._lock.release()


class Generations:
    """The folders of one collection."""

    def __init__(self, root: Path, collection: str) -> None:
        """Look at `collection` below `root`; touches nothing. Raises StoreError on a wrong name."""
        if not _NAME.fullmatch(collection):
            raise StoreError(
                f"{cut(collection)} cannot name a collection: lower-case letters, digits, - and _, a letter first."
            )
        self.root, self.collection = root, collection
        self._home = root / collection
        self._kept = self._home / "generations"
        self._building = self._home / "building"
        self._alias = self._home / "live.json"

    def signature(self) -> Signature | None:
        """Something cheap that differs once another generation is live; None when none is."""
        try:
            status = self._alias.stat()
        except FileNotFoundError:
            return None
        return status.st_ino, status.st_mtime_ns, status.st_size

    def live_number(self) -> int | None:
        """The number of the live generation. Raises StoreError when the alias is damaged."""
        try:
            return int(json.loads(self._alias.read_text(encoding="utf-8"))["generation"])
        except FileNotFoundError:
            return None
        except (OSError, ValueError, KeyError, TypeError) as error:
            raise StoreError(f"{self._alias} cannot be read: {error}. Activate a generation again.") from error

    def live(self) -> Sealed | None:
        """The live generation, None when there is none. Raises StoreError when it is damaged."""
        number = self.live_number()
        return None if number is None else Sealed.read(self._folder(number))

    def opened(self) -> Sealed:
        """The live generation. Raises CollectionNotFound when there is none."""
        for _ in range(5):
            try:
                found = self.live()
            except StoreError:
                if self._folder(self.live_number() or 0).is_dir():
                    raise
                continue  # dropped between two looks, by one who made a newer one live
            if found is not None:
                return found
            break
        raise CollectionNotFound(
            f"Collection {self.collection!r} does not exist. Index something first: techfinder index SOURCE."
        )

    def numbers(self) -> list[int]:
        """The numbers of all generations kept, oldest first."""
        if not self._kept.is_dir():
            return []
        return sorted(int(p.name) for p in self._kept.iterdir() if p.name.isdigit())

    def kept(self) -> list[Sealed]:
        """All generations kept that can be read, oldest first."""
        folders = [self._folder(n) for n in self.numbers()]
        return [Sealed.read(f) for f in folders if (f / "info.json").is_file()]

    def sealed(self, number: int) -> Sealed:
        """One kept generation. Raises StoreError naming those that are kept."""
        if number not in self.numbers():
            raise StoreError(f"Collection {self.collection!r} keeps no generation {number}. Kept: {self.numbers()}.")
        return Sealed.read(self._folder(number))

    def begin(self) -> tuple[int, Path]:
        """Sweep what killed builders left; the number and the new folder of the next generation."""
        remove_folder(self._building)
        for number in self.numbers():
            if not (self._folder(number) / "info.json").is_file():
                remove_folder(self._folder(number))
        number = max([0, *self.numbers()]) + 1
        folder = self._building / f"{number:04d}"
        folder.mkdir(parents=True)
        return number, folder

    def publish(self, sealed: Sealed, keep: int, base: int | None = None) -> None:
        """Move a sealed generation to the kept ones, make it live, and drop what is too old.

        Raises StoreError when it was made from generation `base`, and another one is live now.
        """
        number = sealed.info.number
        with self._switching():
            self._require_live(base)
            self._kept.mkdir(exist_ok=True)
            sealed.folder.rename(self._folder(number))
            sync_path(self._kept)
            self._point_to(number)
            for old in self.numbers()[:-keep]:
                if old != number:
                    remove_folder(self._folder(old))

    def _require_live(self, base: int | None) -> None:
        if base is not None and (live := self.live_number()) != base:
            now = "it is dropped" if live is None else f"generation {live} is live"
            raise StoreError(
                f"Collection {self.collection!r}: the new generation was made from generation {base}, but now {now}, "
                "and what that holds would be lost. Nothing went live. Run the same index command again."
            )

    def activate(self, number: int) -> Sealed:
        """Make a kept generation live. Raises StoreError when it is not kept or damaged."""
        with self._switching():
            sealed = self.sealed(number)
            self._point_to(number)
        return sealed

    def remove(self) -> None:
        """Remove the collection: first what makes it live, then everything."""
        self._alias.unlink(missing_ok=True)
        remove_folder(self._home)

    def exists(self) -> bool:
        """True when a generation is live."""
        return self._alias.is_file()

    def _folder(self, number: int) -> Path:
        return self._kept / f"{number:04d}"

    def _switching(self) -> FileLock:
        folder = self.root / ".locks"
        folder.mkdir(parents=True, exist_ok=True)
        return _Switch(folder / f"{self.collection}.switch.lock", timeout=_SWITCH_WAIT_S)

    def _point_to(self, number: int) -> None:
        fresh = self._alias.with_suffix(".new")
        with fresh.open("w", encoding="utf-8") as file:
            json.dump({"generation": number}, file)
            file.flush()
            os.fsync(file.fileno())
        fresh.replace(self._alias)
        sync_path(self._home)


class _Switch(FileLock):
    """Held for the moment of a switch."""

    def __enter__(self) -> _Switch:
        try:
            self.acquire()
        except Timeout as error:
            raise StoreUnavailable(
                f"Another process has been switching generations for {_SWITCH_WAIT_S:g} s."
            ) from error
        return self


def free_bytes(folder: Path) -> tuple[int, int]:
    """Free and total bytes of the disk that `folder` is on."""
    usage = shutil.disk_usage(folder)
    return usage.free, usage.total
