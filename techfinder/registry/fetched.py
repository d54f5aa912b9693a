"""Weights that were fetched from MLflow, found again without it::

<home>/encoders/3f0c9a1b2d4e5f60/        the weight files of a version
                3f0c9a1b2d4e5f60.json    its facts, under whose digest they were fetched
"""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

from techfinder.errors import EncoderError, RegistryError
from techfinder.interfaces import Encoder, EncoderEntry
from techfinder.registry.versions import VersionFacts
from techfinder.weights import check_model_files

__all__ = ["fetched_folder", "find_fetched", "note_facts", "with_fetched"]


def fetched_folder(home: Path, identity: str) -> Path:
    """Where the files of a version are kept, there or not."""
    return home / "encoders" / identity[:16]


def note_facts(home: Path, facts: VersionFacts) -> None:
    """Keep the facts beside the files, with the digest that they are checked by. Raises OSError."""
    path = fetched_folder(home, facts.identity).with_suffix(".json")
    draft = path.with_suffix(".new")
    draft.write_text(f"{facts.identity}\n{facts.to_json()}", encoding="utf-8")
    draft.replace(path)


def with_fetched(entry: EncoderEntry, home: Path) -> EncoderEntry:
    """The entry, which loads from fetched weights where its plugin finds none of its own."""
    files = entry.files
    if files is None:
        return entry

    def load() -> Encoder:
        try:
            return entry.load()
        except EncoderError:
            folder = find_fetched(home, entry.info.fingerprint)
            if folder is None:
                raise
            return files.load(folder)

    return replace(entry, load=load)


def find_fetched(home: Path, fingerprint: str) -> Path | None:
    """A folder with the files of an encoder, each of which has its hash."""
    for path in sorted((home / "encoders").glob("*.json")):
        try:
            identity, _, text = path.read_text(encoding="utf-8").partition("\n")
            facts = VersionFacts.from_json(text, identity)
            if facts.fingerprint == fingerprint:
                folder = fetched_folder(home, identity)
                check_model_files(folder, facts.files, owner="Fetched encoder", advice="Fetch it again.")
                return folder
        except (OSError, UnicodeDecodeError, RegistryError, EncoderError):
            continue
    return None
