"""Making a registered version out of an installed encoder: load, hash, measure, log."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from techfinder.encoding import CheckedEncoder
from techfinder.quality import Trial, hardware, sample_people
from techfinder.registry import Registered, Registry, VersionFacts
from techfinder.registry.versions import facts_of
from techfinder.weights import hash_file

if TYPE_CHECKING:
    from techfinder.evaluation import Question
    from techfinder.finder import Finder

__all__ = ["Installed", "installed", "register"]


@dataclass(frozen=True, slots=True)
class Installed:
    """An encoder of this machine, loaded, with what makes a version of it.

    Attributes:
        encoder: Loaded.
        facts: Of the version.
        files: Its weight files by name.
        distribution: That its plugin came with.
    """

    encoder: CheckedEncoder
    facts: VersionFacts
    files: Mapping[str, Path]
    distribution: str


def installed(finder: Finder, name: str) -> Installed:
    """The encoder of that name, loaded.

    Raises:
        SettingsError: No plugin offers it.
        EncoderError: It cannot be loaded.
    """
    entry = finder.plugins.encoder(name)
    files = entry.files.find() if entry.files else {}  # checks them, before the encoder's libraries are imported
    encoder = CheckedEncoder(entry)
    hashes = {file: hash_file(path) for file, path in files.items()}
    facts = facts_of(entry.info, finder.schema.template, encoder.precision, hashes)
    owners = [p.distribution for p in finder.plugins.describe() if name in p.entries.get("encoders", ())]
    return Installed(encoder, facts, files, owners[0] if owners else "")


def register(finder: Finder, registry: Registry, name: str, questions: Sequence[Question]) -> Registered:
    """Register an installed encoder, measured on `questions`; what is registered already is not measured again.

    Raises:
        RegistryUnavailable: MLflow does not answer; nothing is half registered.
        SettingsError, EncoderError: As in :func:`installed`.
    """
    found = installed(finder, name)
    there = registry.same(found.facts)
    if there is not None:
        return Registered(there, added=False)
    people = sample_people(finder)
    measured = Trial(finder, people, questions).measure(found.encoder) if people else None
    notes = {
        "hardware": hardware(),
        "distribution": found.distribution,
        "measured_on": f"{len(people)} {finder.schema.subject[1]}, {len(questions)} questions",
    }
    figures = measured.figures() if measured else {}
    return registry.register(found.facts, found.files, figures, notes, found.distribution)
