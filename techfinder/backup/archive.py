"""The file of a backup: a tar in zstd, written and read as a stream, so that memory does not grow with it.

It begins with ``about.json`` and ends with ``manifest.json``: what lacks its end has none. Only plain files with
plain names below known folders are taken out of one, and no more than the disk has room for.
"""

from __future__ import annotations

import fcntl
import hashlib
import io
import os
import re
import tarfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path, PurePosixPath
from typing import IO, TYPE_CHECKING

from techfinder.backup.about import ABOUT, MANIFEST, About, Manifest, Member, read_as
from techfinder.errors import BackupError, cut
from techfinder.store.folders import remove_folder, sync_path
from techfinder.store.sizing import free_bytes

if TYPE_CHECKING:
    from pydantic import BaseModel

__all__ = ["SUFFIX", "ArchiveWriter", "Draft", "drafting", "require_room", "unpack"]

SUFFIX = ".tar.zst"
_PART, _SCRATCH = ".part", ".scratch"
_CHUNK = 64 << 10
_PIECE = 16 << 10
"""What tarfile copies at once: with a larger buffer it would move what is in it again and again."""
_RESERVE = 64 << 20
_MOST_MEMBERS = 1_000_000
_MOST_JSON = 256 << 20
_MOST_HEAD = 64 << 10
_PLAIN = re.compile(r"[A-Za-z0-9_][A-Za-z0-9_.@+=-]{0,200}")
_DEEPEST = 16
_FOLDERS = ("people", "database", "settings", "schema", "mlflow", "runs")

Room = Callable[[Path], int]
"""Free bytes of the disk that a folder is on."""


def require_room(folder: Path, needed: int, what: str, room: Room = free_bytes) -> None:
    """Raise BackupError unless the disk of `folder` has room for `needed` bytes, and some to spare."""
    free = room(folder)
    if free < needed + _RESERVE:
        raise BackupError(
            f"Too little disk space for {what}: {free >> 20:,} MB are free in {folder}, "
            f"{(needed + _RESERVE) >> 20:,} MB wanted. Make room there, or name another folder. Nothing was changed."
        )


class ArchiveWriter:
    """Adds members to a backup that is being written."""

    def __init__(self, tar: tarfile.TarFile) -> None:
        """Begin with none."""
        self._tar = tar
        self._members: dict[str, Member] = {}

    def add_file(self, name: str, path: Path) -> None:
        """Add a file as it is. Raises BackupError when it is shorter by the time that it is read."""
        with path.open("rb") as file:
            self._add(name, file, os.fstat(file.fileno()).st_size)

    def add_bytes(self, name: str, content: bytes) -> None:
        """Add what is in memory."""
        self._add(name, io.BytesIO(content), len(content))

    def add_json(self, name: str, model: BaseModel) -> None:
        """Add a model."""
        self.add_bytes(name, model.model_dump_json(indent=1).encode())

    def finish(self) -> None:
        """Add the manifest: the backup is whole."""
        manifest = Manifest(members=dict(self._members))
        self.add_json(MANIFEST, manifest)

    def _add(self, name: str, file: IO[bytes], size: int) -> None:
        _check_name(name, "this backup")
        info = tarfile.TarInfo(name)
        info.size, info.mode = size, 0o600
        hashing = _Hashing(file)
        self._tar.addfile(info, hashing)
        if hashing.size != size:
            raise BackupError(f"{name} changed while it was read. Nothing was kept; start the backup again.")
        self._members[name] = Member(size=size, sha256=hashing.digest())


class Draft:
    """A backup in the making, and its file, which gets its name once it is whole, or never.

    Attributes:
        path: Of the file so far.
        scratch: An empty folder beside it, where there is room for as much as it takes.
    """

    def __init__(self, target: Path, path: Path, scratch: Path, file: int) -> None:
        """Hold `file`, which is open."""
        self.path, self.scratch = path, scratch
        self._target, self._file = target, file

    @contextmanager
    def writing(self) -> Iterator[ArchiveWriter]:
        """What adds members; the file is whole and on the disk after the block."""
        import pyarrow as pa

        with (
            os.fdopen(os.dup(self._file), "wb") as raw,
            pa.CompressedOutputStream(pa.PythonFile(raw, mode="w"), "zstd") as packed,
            tarfile.open(mode="w|", fileobj=packed, format=tarfile.PAX_FORMAT, bufsize=_PIECE) as tar,
        ):
            archive = ArchiveWriter(tar)
            yield archive
            archive.finish()
        os.fsync(self._file)

    def keep(self) -> None:
        """Give the file its name, unless there is one of that name by now. Raises BackupError."""
        try:
            os.link(self.path, self._target)
        except OSError as error:
            if os.path.lexists(self._target):
                raise BackupError(f"{self._target} appeared meanwhile. Name another file.") from error
            self.path.rename(self._target)  # a file system without links
        sync_path(self._target.parent)


@contextmanager
def drafting(target: Path) -> Iterator[Draft]:
    """A draft of `target`, gone with its scratch folder at the end of the block.

    Raises:
        BackupError: `target` exists already, or cannot be written.
    """
    path = target.with_name(f".{target.name}{_PART}")
    with _told(target):
        if os.path.lexists(target):
            raise BackupError(f"{target} exists already, and a backup never replaces a file. Name another one.")
        if target.parent.is_file():
            raise BackupError(f"{target.parent} is a file. Name a folder, or a new file that ends in {SUFFIX}.")
        target.parent.mkdir(parents=True, exist_ok=True)
        _sweep(target.parent)
        file = os.open(path, os.O_RDWR | os.O_CREAT | os.O_EXCL, 0o600)
        try:
            fcntl.flock(file, fcntl.LOCK_EX)
            _scratch_of(path).mkdir(mode=0o700)
            yield Draft(target, path, _scratch_of(path), file)
        finally:
            remove_folder(_scratch_of(path))
            path.unlink(missing_ok=True)
            os.close(file)


def _sweep(folder: Path) -> None:
    """Remove drafts that killed processes left: those still in the making are locked."""
    for path in folder.glob(f".*{SUFFIX}{_PART}"):
        with suppress(OSError), path.open("rb") as file:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
            remove_folder(_scratch_of(path))
            path.unlink()


def _scratch_of(draft: Path) -> Path:
    return draft.with_suffix(_SCRATCH)


@contextmanager
def _told(target: Path) -> Iterator[None]:
    try:
        yield
    except OSError as error:
        what = f" ({error.filename})" if error.filename else ""
        raise BackupError(
            f"Backup {target} cannot be written: {error.strerror or error}{what}. Nothing was kept under that name. "
            "Make room there or allow access, or name another folder."
        ) from error


# --- reading -------------------------------------------------------------------------------------


def unpack(path: Path, into: Path, room: Room = free_bytes) -> About:
    """Take everything out of a backup, every byte checked against its manifest. `into` must be an empty folder.

    Raises:
        BackupError: It cannot be read, is no backup, is damaged or cut off, holds what no backup holds, or
            there is too little room.
    """
    found: dict[str, Member] = {}
    try:
        with path.open("rb") as raw, _unpacking(raw) as tar:
            limit = room(into) - _RESERVE
            for info in tar:
                limit -= info.size
                _check_member(info, found, limit, path, into)
                found[info.name] = _take(tar, info, into)
        return _checked(path, into, found)
    except (OSError, EOFError, tarfile.TarError, ValueError, OverflowError) as error:
        if isinstance(error, OSError) and error.filename:
            raise BackupError(f"{error.filename} cannot be used: {error.strerror or error}.") from error
        raise BackupError(
            f"{path} is no backup of techfinder, or is damaged or cut off: {cut(str(error), 200)}. Nothing was "
            "changed. Take another backup."
        ) from error


@contextmanager
def _unpacking(raw: IO[bytes]) -> Iterator[tarfile.TarFile]:
    import pyarrow as pa

    with (
        pa.CompressedInputStream(pa.PythonFile(raw, mode="r"), "zstd") as packed,
        tarfile.open(mode="r|", fileobj=packed, bufsize=_CHUNK, tarinfo=_SmallHeader) as tar,
    ):
        yield tar


def _check_name(name: str, where: str) -> None:
    parts = PurePosixPath(name).parts
    plain = all(_PLAIN.fullmatch(part) for part in parts) and "/".join(parts) == name and len(parts) <= _DEEPEST
    known = name in (ABOUT, MANIFEST) or (len(parts) > 1 and parts[0] in _FOLDERS)
    if not (plain and known):
        raise BackupError(f"{where} holds a member {cut(name)}, which no backup of techfinder holds. It is refused.")


def _check_member(info: tarfile.TarInfo, found: dict[str, Member], limit: int, path: Path, into: Path) -> None:
    """Raise BackupError for what must not be taken out."""
    if not info.isreg() or info.issparse():
        raise BackupError(f"{path} holds {cut(info.name)}, which is no plain file. It is refused.")
    _check_name(info.name, str(path))
    if info.name in found or len(found) >= _MOST_MEMBERS:
        raise BackupError(f"{path} holds {cut(info.name)} twice, or too many members. It is refused.")
    if (info.name == ABOUT) != (not found):
        raise BackupError(f"{path} does not begin as a backup of techfinder does. It is refused.")
    if MANIFEST in found:
        raise BackupError(f"{path} goes on after its end. It is refused.")
    if limit < 0:
        raise BackupError(
            f"Too little disk space: what {path} holds is larger than what is free in {into}. Make room there. Nothing "
            "was changed."
        )


def _take(tar: tarfile.TarFile, info: tarfile.TarInfo, into: Path) -> Member:
    """Write a member, with holes where there is nothing but zeros."""
    source, target = tar.extractfile(info), into / info.name
    assert source is not None
    target.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
    hashing = _Hashing(source)
    file = os.open(target, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with os.fdopen(file, "wb") as sink:
        while chunk := hashing.read(_CHUNK):
            if chunk.count(0) == len(chunk):
                sink.seek(len(chunk), os.SEEK_CUR)
            else:
                sink.write(chunk)
        sink.truncate(info.size)
    if hashing.size != info.size:
        raise EOFError(f"{info.name} ends before it should")
    return Member(size=info.size, sha256=hashing.digest())


def _checked(path: Path, into: Path, found: dict[str, Member]) -> About:
    """What the backup says of itself, once everything that was taken out is what it should be."""
    if MANIFEST not in found:
        raise EOFError("its end is missing")
    taken = {name: member for name, member in found.items() if name != MANIFEST}
    listed = dict(read_as(Manifest, _text(into / MANIFEST), str(path)).members)
    if taken != listed:
        wrong = sorted(n for n in {*taken, *listed} if taken.get(n) != listed.get(n))
        raise BackupError(
            f"{path} is damaged: {cut(wrong[0])}{f' and {len(wrong) - 1} more' if wrong[1:] else ''} is not what was "
            "written. Nothing was changed. Take another backup."
        )
    return read_as(About, _text(into / ABOUT), str(path))


def _text(path: Path) -> bytes:
    if path.stat().st_size > _MOST_JSON:
        raise ValueError(f"{path.name} is too large")
    return path.read_bytes()


class _SmallHeader(tarfile.TarInfo):
    """A member's head; what stands beside it is read into memory, and must be small."""

    def _proc_member(self, tar: tarfile.TarFile) -> tarfile.TarInfo:
        """Called with every head that was read, before what it announces is: tarfile means it to be overridden."""
        if not self.isreg() and self.size > _MOST_HEAD:
            raise BackupError(f"A member has {self.size:,} bytes of description, which no backup of techfinder has.")
        member: tarfile.TarInfo = super()._proc_member(tar)  # type: ignore[misc]
        return member


class _Hashing:
    """A file that is read once, and the digest of what was read."""

    def __init__(self, file: IO[bytes]) -> None:
        self._file, self._hash, self.size = file, hashlib.sha256(), 0

    def read(self, size: int = -1) -> bytes:
        chunk = self._file.read(size)
        self._hash.update(chunk)
        self.size += len(chunk)
        return chunk

    def digest(self) -> str:
        return self._hash.hexdigest()
