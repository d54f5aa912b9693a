"""The folders of the embedded store::

    <home>/store/people/live.json                   which generation is live, replaced in one step
                        generations/0001/shard/     Qdrant Edge's files
                                         columns/   NumPy columns
                                         info.json  what was sealed
                        building/...                a generation in the making
    <home>/store/.locks/people.write.lock           held by the one who builds

A generation never changes once it is sealed. Readers look at ``live.json`` only; it names
generation 0 until the first one is live, so that a lost ``live.json`` can be told from that.
"""

from __future__ import annotations

import json
import os
import shutil
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, TypeVar

from filelock import FileLock, Timeout

from techfinder.errors import CollectionNotFound, StoreDamaged, StoreError, StoreUnavailable
from techfinder.models import GenerationInfo
from techfinder.store.failures import failure
from techfinder.store.folders import remove_folder, sync_folder, sync_path
from techfinder.store.names import check_name
from techfinder.store.retention import dropped

if TYPE_CHECKING:
    from collections.abc import Mapping

__all__ = ["Generations", "Sealed", "WriteLock"]

INFO = "info.json"
_SWITCH_WAIT_S = 10.0
_LOOKS = 5
_FORMAT = 1

Signature = tuple[int, int, int]
_Found = TypeVar("_Found")


@dataclass(frozen=True, slots=True)
class Sealed:
    """A sealed generation.

    Attributes:
        info: What the world knows of it.
        attributes: Storage by attribute key.
        columns: Digest of the columns' index.
        folder: Where it is.
        sizes: Bytes by file below the folder. Loading touches files, but changes no size.
    """

    info: GenerationInfo
    attributes: Mapping[str, str]
    columns: str
    folder: Path
    sizes: Mapping[str, int]

    @classmethod
    def write(cls, info: GenerationInfo, attributes: Mapping[str, str], columns: str, folder: Path) -> Sealed:
        """Seal what is in the folder: write its ``info.json`` and bring everything to the disk. Raises StoreError."""
        sizes = {p.relative_to(folder).as_posix(): p.stat().st_size for p in sorted(folder.rglob("*")) if p.is_file()}
        return cls(info, dict(attributes), columns, folder, sizes)._saved()

    def moved(self, folder: Path, number: int) -> Sealed:
        """The same in another folder, where it is already, under another number. Raises StoreError."""
        return replace(self, info=replace(self.info, number=number), folder=folder)._saved()

    def _saved(self) -> Sealed:
        facts = {
            "format": _FORMAT,
            "info": asdict(self.info),
            "attributes": dict(self.attributes),
            "columns": self.columns,
            "sizes": dict(self.sizes),
        }
        path = self.folder / INFO
        try:
            path.write_text(json.dumps(facts, indent=1), encoding="utf-8")
        except OSError as error:
            raise failure(f"{path} cannot be written", error, StoreError) from error
        sync_folder(self.folder)
        return self

    @classmethod
    def read(cls, folder: Path) -> Sealed:
        """The generation in `folder`. Raises StoreDamaged when its ``info.json`` is missing or damaged."""
        path = folder / INFO
        try:
            facts = json.loads(path.read_text(encoding="utf-8"))
            if facts["format"] != _FORMAT:
                raise ValueError(f"format {facts['format']!r}, this version reads {_FORMAT}")
            info = GenerationInfo(**facts["info"])
            return cls(info, facts["attributes"], facts["columns"], folder, facts.get("sizes", {}))
        except (OSError, ValueError, KeyError, TypeError) as error:
            raise failure(f"{path} cannot be read", error) from error

    def check(self) -> None:
        """A cheap look: every file is there, with the size it was sealed with. Raises StoreDamaged."""
        for name, size in self.sizes.items():
            path = self.folder / name
            try:
                found = path.stat().st_size
            except OSError as error:
                raise failure(f"{path} cannot be read", error) from error
            if found != size:
                raise StoreDamaged(f"{path} has {found:,} bytes; it had {size:,} when it was written.")


class WriteLock:
    """The right to build a collection's next generation. Ends with its process, however that ends."""

    def __init__(self, root: Path, collection: str) -> None:
        """Take it. Raises StoreError naming the holder when another one has it."""
        folder = root / ".locks"
        holder = folder / f"{collection}.writer"
        self._lock = FileLock(folder / f"{collection}.write.lock", thread_local=False)
        try:
            folder.mkdir(parents=True, exist_ok=True)
            self._lock.acquire(timeout=0)
            holder.write_text(str(os.getpid()), encoding="utf-8")
        except Timeout as error:
            pid = holder.read_text(encoding="utf-8") if holder.is_file() else "unknown"
            raise StoreError(
                f"Collection {collection!r} is being written by process {pid}: an index run, a copy or the like. "
                "Wait until it is done, or end it."
            ) from error
        except OSError as error:
            self._lock.release()
            raise failure(f"Collection {collection!r}: {folder} cannot be written", error) from error

    def release(self) -> None:
        """Give it back. Harmless when given back already."""
        self._lock.release()


class Generations:
    """The folders of one collection."""

    def __init__(self, root: Path, collection: str) -> None:
        """Look at `collection` below `root`; touches nothing. Raises StoreError on a wrong name."""
        check_name(collection)
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
        """The number of the live generation, None when there is none yet.

        Raises StoreDamaged when ``live.json`` is damaged, or missing although generations are kept.
        """
        try:
            return int(json.loads(self._alias.read_text(encoding="utf-8"))["generation"]) or None
        except FileNotFoundError as error:
            if not self.numbers():
                return None
            raise StoreDamaged(f"{self._alias} is missing, which says which generation is live.") from error
        except (OSError, ValueError, KeyError, TypeError) as error:
            raise failure(f"{self._alias} cannot be read", error) from error

    def live(self) -> Sealed | None:
        """The live generation, None when there is none. Raises StoreDamaged."""
        return self.read_live(lambda sealed: sealed)

    def read_live(self, read: Callable[[Sealed], _Found]) -> _Found | None:
        """What `read` makes of the live generation, None when there is none. Raises StoreDamaged.

        Publishing may remove a generation while it is read: an error counts only when it is live still,
        else the newer one is read.
        """
        for _ in range(_LOOKS):
            number = self.live_number()
            try:
                return None if number is None else read(Sealed.read(self._folder(number)))
            except StoreError:
                if self.live_number() == number:
                    raise
        raise StoreUnavailable(
            f"Collection {self.collection!r}: generations change faster than they can be read. Try again."
        )

    def opened(self) -> Sealed:
        """The live generation. Raises CollectionNotFound when there is none."""
        found = self.live()
        if found is None:
            raise self.missing()
        return found

    def missing(self) -> CollectionNotFound:
        """The error to raise where no generation is live."""
        return CollectionNotFound(
            f"Collection {self.collection!r} does not exist. Index something first: techfinder index SOURCE."
        )

    def sound(self) -> list[Sealed]:
        """The generations kept that a cheap look finds nothing wrong with, oldest first."""
        found = []
        for number in self.numbers():
            with suppress(StoreError):
                sealed = Sealed.read(self._folder(number))
                sealed.check()
                found.append(sealed)
        return found

    def way_out(self) -> str:
        """What to do when the live generation is damaged, in words."""
        live = None
        with suppress(StoreError):
            live = self.live_number()
        others = [s.info.number for s in self.sound() if s.info.number != live]
        again = "index everyone again with `techfinder index SOURCE --rebuild`"
        if not others:
            return f"Please {again}."
        return f"Make generation {others[-1]} live with `techfinder store switch {others[-1]}`, or {again}."

    @contextmanager
    def advising(self) -> Iterator[None]:
        """Add the way out to damage that is found in the block."""
        try:
            yield
        except StoreDamaged as error:
            raise StoreDamaged(f"Collection {self.collection!r} is damaged: {error} {self.way_out()}") from error

    def numbers(self) -> list[int]:
        """The numbers of all generations kept, oldest first."""
        if not self._kept.is_dir():
            return []
        return sorted(int(p.name) for p in self._kept.iterdir() if p.name.isdigit())

    def kept(self) -> list[Sealed]:
        """All generations kept whose ``info.json`` can be read, oldest first."""
        found = []
        for number in self.numbers():
            with suppress(StoreDamaged):
                found.append(Sealed.read(self._folder(number)))
        return found

    def sealed(self, number: int) -> Sealed:
        """One kept generation. Raises StoreError naming those that are kept."""
        if number not in self.numbers():
            raise StoreError(
                f"Collection {self.collection!r} keeps no generation {number}. Kept: {self.numbers() or 'none'}."
            )
        return Sealed.read(self._folder(number))

    def begin(self) -> tuple[int, Path]:
        """Sweep what killed builders left; the number and the new folder of the next generation."""
        remove_folder(self._building)
        with suppress(StoreDamaged):  # then nothing is swept: what is damaged stays until another is live
            live = self.live_number()
            for number in self.numbers():
                if number != live and not (self._folder(number) / INFO).is_file():
                    remove_folder(self._folder(number))
        number = max([0, *self.numbers()]) + 1
        folder = self._building / f"{number:04d}"
        folder.mkdir(parents=True)
        return number, folder

    def publish(self, sealed: Sealed, keep: int, base: int | None = None) -> None:
        """Move a sealed generation to the kept ones, make it live, and drop what is too old.

        Raises StoreError when it was made from generation `base`, and another one is live now, or
        when it cannot be written; then nothing is changed.
        """
        number = sealed.info.number
        with self._switching():
            self._require_live(base)
            before = None
            with suppress(StoreDamaged):  # then nothing says what was live
                before = self.live_number()
            try:
                if not self._alias.is_file() and not self.numbers():
                    self._point_to(0)
                self._kept.mkdir(exist_ok=True)
                sealed.folder.rename(self._folder(number))
                sync_path(self._kept)
                self._point_to(number)
            except OSError as error:
                if self.live_number() != number:
                    self._remove(number)
                raise failure(f"{self._home} cannot be written", error, StoreError) from error
            for old in dropped(self.numbers(), number, before, keep):
                self._remove(old)

    def _require_live(self, base: int | None) -> None:
        if base is not None and (live := self.live_number()) != base:
            now = "it is dropped" if live is None else f"generation {live} is live"
            raise StoreError(
                f"Collection {self.collection!r}: the new generation was made from generation {base}, but now {now}, "
                "and what that holds would be lost. Nothing went live. Run the same index command again."
            )

    def activate(self, number: int) -> Sealed:
        """Make a kept generation live. Raises StoreError when it is not kept or damaged; then nothing is changed."""
        with self._switching():
            try:
                sealed = self.sealed(number)
                sealed.check()
            except StoreDamaged as error:
                sound = [s.info.number for s in self.sound()]
                raise StoreDamaged(f"{error} Generation {number} was not made live. Sound ones: {sound}.") from error
            try:
                self._point_to(number)
            except OSError as error:
                raise failure(f"{self._alias} cannot be written", error, StoreError) from error
        return sealed

    def remove(self) -> None:
        """Remove the collection: first what makes it live, then everything."""
        self._alias.unlink(missing_ok=True)
        remove_folder(self._home)

    def _folder(self, number: int) -> Path:
        return self._kept / f"{number:04d}"

    def _remove(self, number: int) -> None:
        """Remove a generation: first what makes it one, so that half of one is never taken for a whole."""
        folder = self._folder(number)
        with suppress(OSError):
            (folder / INFO).unlink(missing_ok=True)
        remove_folder(folder)

    def _switching(self) -> FileLock:
        return _Switch(self.root / ".locks" / f"{self.collection}.switch.lock", timeout=_SWITCH_WAIT_S)

    def _point_to(self, number: int) -> None:
        self._home.mkdir(parents=True, exist_ok=True)
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
                f"Another process has been switching generations for {_SWITCH_WAIT_S:g} s. Try again."
            ) from error
        return self


def free_bytes(folder: Path) -> tuple[int, int]:
    """Free and total bytes of the disk that `folder` is on."""
    usage = shutil.disk_usage(folder)
    return usage.free, usage.total
