"""Where a served model's people are: in the store that settings name, or in a snapshot that it carries.

A snapshot is a home folder with one generation of an embedded store in it, packed. A model never works in its own
folder: loading changes the files of a store, and several processes may serve one model.
"""

from __future__ import annotations

import shutil
import tarfile
import tempfile
from collections.abc import Callable, Mapping
from contextlib import closing
from pathlib import Path
from typing import TYPE_CHECKING, Any

from techfinder.access.permissions import ROLES
from techfinder.errors import RegistryError, cut
from techfinder.finder import Finder
from techfinder.masks import RoleFinders
from techfinder.service.answering import Service
from techfinder.settings import load_settings
from techfinder.store import open_store
from techfinder.store.copying import CopyJob
from techfinder.weights import hash_file

if TYPE_CHECKING:
    from techfinder.models import GenerationInfo

__all__ = ["CARRIED", "CONFIGURED", "SCHEMA", "SNAPSHOT", "open_service", "pack_people"]

CONFIGURED, CARRIED = "configured", "carried"
SNAPSHOT, SCHEMA = "people.tar.gz", "schema.toml"


def open_service(config: Mapping[str, Any], files: Mapping[str, str]) -> Service:
    """The service, with its people found and its encoder loaded.

    Args:
        config: ``people`` is :data:`CONFIGURED` or :data:`CARRIED`; the latter comes with ``collection``, ``encoder``,
            ``field_roles`` and the snapshot's ``sha256``.
        files: Paths by name: of the snapshot, and of its schema file where it has one of its own.

    Raises:
        RegistryError: The snapshot is not the one that was packed.
        CollectionNotFound: Nothing is indexed in the configured store.
        SettingsError, StoreError, EncoderError: A part cannot be used.
    """
    if config.get("people") != CARRIED:
        finder = Finder(load_settings())
        return _ready(finder, finder.close)
    folder = tempfile.TemporaryDirectory(prefix="techfinder-served-")
    try:
        unpack_people(Path(files[SNAPSHOT]), str(config["sha256"]), Path(folder.name))
        carried = {name: config[name] for name in ("collection", "encoder", "field_roles") if name in config}
        settings = load_settings(home=Path(folder.name), store="edge", **carried)
        schema = Path(files[SCHEMA]) if SCHEMA in files else None  # whatever variables name here
        finder = Finder(settings.model_copy(update={"schema_file": schema}))
    except BaseException:
        folder.cleanup()
        raise

    def close() -> None:
        finder.close()
        folder.cleanup()

    return _ready(finder, close)


def pack_people(finder: Finder, target: Path) -> GenerationInfo:
    """Write what is live as one compressed file, and answer what it holds.

    Raises:
        CollectionNotFound: Nothing is live.
        StoreError: It changed meanwhile, or is damaged.
    """
    collection = finder.settings.collection
    with tempfile.TemporaryDirectory(prefix="techfinder-snapshot-") as scratch:
        settings = finder.settings.model_copy(update={"store": "edge", "home": Path(scratch)})
        with closing(open_store(settings)) as copied:
            done = CopyJob(
                source=finder.store,
                target=copied,
                collection=collection,
                spool=None,
                confirm=lambda live: None,
                watch=lambda count, total: None,
            ).run()
        with tarfile.open(target, "w:gz", compresslevel=6) as packed:
            packed.add(scratch, ".")
    return done.info


def unpack_people(snapshot: Path, sha256: str, into: Path) -> None:
    """Unpack a snapshot. Raises RegistryError when it is not the one with that digest."""
    found = hash_file(snapshot)
    if found != sha256:
        raise RegistryError(
            f"The snapshot of this model has digest {found[:12]}…, packed was {sha256[:12]}…: it was altered. Nothing "
            "of it is used; package the service again (techfinder mlflow package --with-data)."
        )
    with tarfile.open(snapshot) as packed:
        for member in packed:
            _take(packed, member, into)


def _take(packed: tarfile.TarFile, member: tarfile.TarInfo, into: Path) -> None:
    """Write one plain file or folder, by its name alone: extraction filters came to Python in 3.11.4 only."""
    target, source = into / member.name, packed.extractfile(member) if member.isreg() else None
    if not target.resolve().is_relative_to(into.resolve()) or not (source or member.isdir()):
        raise RegistryError(
            f"The snapshot of this model holds {cut(member.name)}, which it must not. None of it is used."
        )
    folder = target.parent if source else target
    folder.mkdir(parents=True, exist_ok=True)
    if source:
        with target.open("xb") as file:
            shutil.copyfileobj(source, file)


def _ready(finder: Finder, close: Callable[[], None]) -> Service:
    """The service. Nobody signs in to a served model: whoever asks sees what the least role sees."""
    try:
        finder.generation()
        finder.load_encoder()
        return Service(RoleFinders(finder).of(ROLES[0]), close)
    except BaseException:
        close()
        raise
