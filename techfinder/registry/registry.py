"""Registering encoder versions, finding them, and fetching what they are loaded from."""

from __future__ import annotations

import shutil
import tempfile
from collections.abc import Mapping
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path

from techfinder.errors import EncoderError, RegistryError, known_names
from techfinder.interfaces import EncoderEntry
from techfinder.registry.bundle import FACTS, WEIGHTS, check_names, requirements, write_bundle
from techfinder.registry.descriptions import describe_encoder
from techfinder.registry.fetched import fetched_folder, note_facts
from techfinder.registry.tracking import FINGERPRINT, IDENTITY, PRECISION, TEMPLATE, Listed, Logged, Tracking
from techfinder.registry.versions import MODEL_PREFIX, EncoderVersion, VersionFacts, parse_reference
from techfinder.weights import check_model_files

__all__ = ["Registered", "Registry"]


@dataclass(frozen=True, slots=True)
class Registered:
    """A version, and whether it is new."""

    version: EncoderVersion
    added: bool


class Registry:
    """Encoder versions in one MLflow. Methods raise RegistryUnavailable when it does not answer."""

    def __init__(self, home: Path) -> None:
        """Ask nothing yet.

        Args:
            home: Where fetched versions are kept, and MLflow's own files when no server is named.
        """
        self._home = home
        self._tracking = Tracking(home)

    @property
    def uri(self) -> str:
        """Where MLflow is."""
        return self._tracking.uri

    def versions(self, name: str = "") -> list[EncoderVersion]:
        """All versions, or those of one encoder, by name and number; without their figures."""
        found = [_version(listed) for listed in self._tracking.listed(MODEL_PREFIX) if IDENTITY in listed.tags]
        return [v for v in found if name in ("", v.name)]

    def measured(self) -> list[EncoderVersion]:
        """All versions with their figures, by name and number."""
        return [self._measured(v) for v in self.versions()]

    def find(self, reference: str) -> EncoderVersion:
        """A version with its figures; ``NAME`` alone is the newest. Raises RegistryError naming those there are."""
        name, wanted = parse_reference(reference)
        known = self.versions()
        own = [v for v in known if v.name == name]
        if not own:
            names = known_names(name, {v.name for v in known})
            raise RegistryError(
                f"No version of encoder {name!r} is registered. {names} Register: techfinder encoders register"
            )
        chosen = [v for v in own if wanted is None or v.number == wanted or wanted in v.aliases]
        if not chosen:
            there = ", ".join(f"{v.number}{' (' + ', '.join(v.aliases) + ')' if v.aliases else ''}" for v in own)
            raise RegistryError(f"Encoder {name!r} has no version {wanted!r}. There are: {there}.")
        return self._measured(chosen[-1])

    def same(self, facts: VersionFacts) -> EncoderVersion | None:
        """The version with these facts, with its figures; None when there is none."""
        found = [v for v in self.versions(facts.name) if v.identity == facts.identity]
        return self._measured(found[-1]) if found else None

    def register(
        self,
        facts: VersionFacts,
        files: Mapping[str, Path],
        figures: Mapping[str, float],
        notes: Mapping[str, str],
        distribution: str,
    ) -> Registered:
        """Log a version with its files and figures, as ``challenger``; the same facts twice add nothing.

        Args:
            facts: What makes the version.
            files: Weight files by name, as ``facts.files`` has their hashes.
            figures: Quality and speed.
            notes: Hardware and other facts for people.
            distribution: That the plugin came with, for the requirements.
        """
        there = self.same(facts)
        if there is not None:
            return Registered(there, added=False)
        needs = requirements(distribution)
        notes = {**_notes(facts), **notes}
        with tempfile.TemporaryDirectory(prefix="techfinder-register-") as scratch:
            folder = Path(scratch) / "model"
            write_bundle(folder, facts, files, figures, notes, needs)
            number = self._tracking.log(_logged(facts), folder, figures, notes)
        self.point(facts.name, "challenger", number)
        return Registered(self.find(f"{facts.name}@{number}"), added=True)

    def point(self, name: str, alias: str, number: int | None) -> None:
        """Let an alias of an encoder point to a version; None removes it."""
        self._tracking.set_alias(MODEL_PREFIX + name, alias, number)

    def remove(self, version: EncoderVersion) -> None:
        """Remove a version from MLflow, and what was fetched of it."""
        self._tracking.remove(MODEL_PREFIX + version.name, version.number, version.run)
        folder = fetched_folder(self._home, version.identity)
        folder.with_suffix(".json").unlink(missing_ok=True)
        shutil.rmtree(folder, ignore_errors=True)

    def facts(self, version: EncoderVersion) -> VersionFacts:
        """The facts of a version, checked against its identity. Raises RegistryError when they were altered."""
        with tempfile.TemporaryDirectory(prefix="techfinder-facts-") as scratch:
            return self._fetch_facts(version, Path(scratch))

    def fetch(self, version: EncoderVersion) -> Path:
        """The folder with a version's weight files, fetched into the home folder where they are not there yet.

        Every file has the registered hash; nothing that reads models has been imported.

        Raises:
            RegistryError: What MLflow holds is not what was registered, or the version has no files.
        """
        folder = fetched_folder(self._home, version.identity)
        draft = folder.with_name(f"{folder.name}.part")
        shutil.rmtree(draft, ignore_errors=True)
        draft.mkdir(parents=True)
        try:
            facts = self._fetch_facts(version, draft)
            if not facts.files:
                raise RegistryError(f"Encoder version {version.reference} has no files: its plugin needs none.")
            if not _holds(folder, facts):
                self._tracking.fetch(version.run, [f"{WEIGHTS}/{name}" for name in facts.files], draft)
                _check(draft / WEIGHTS, facts, version)
                shutil.rmtree(folder, ignore_errors=True)
                (draft / WEIGHTS).rename(folder)
            note_facts(self._home, facts)
        finally:
            shutil.rmtree(draft, ignore_errors=True)
        return folder

    def load_entry(self, version: EncoderVersion, entry: EncoderEntry) -> EncoderEntry:
        """`entry`, the plugin's, with the version's own files as the place to load from, fetched and checked.

        Raises:
            RegistryError: The plugin here makes other vectors than the version's.
        """
        if entry.info.fingerprint != version.fingerprint:
            raise RegistryError(
                f"Encoder version {version.reference} is {version.fingerprint}, the plugin here offers "
                f"{entry.info.fingerprint}. Install the plugin that the version was registered with (its "
                "requirements.txt in MLflow names it), or set its settings as they were."
            )
        if entry.files is None:
            return entry
        folder, load = self.fetch(version), entry.files.load
        return replace(entry, load=lambda: load(folder))

    def _fetch_facts(self, version: EncoderVersion, into: Path) -> VersionFacts:
        self._tracking.fetch(version.run, [FACTS], into)
        try:
            text = (into / FACTS).read_text(encoding="utf-8")
        except (OSError, UnicodeDecodeError) as error:
            raise RegistryError(f"MLflow's {FACTS} of {version.reference} cannot be read: {error}") from error
        facts = VersionFacts.from_json(text, version.identity)
        check_names(facts.files)
        return facts

    def _measured(self, version: EncoderVersion) -> EncoderVersion:
        figures, notes = self._tracking.figures(version.run)
        return replace(version, figures=figures, notes=notes)


def _check(folder: Path, facts: VersionFacts, version: EncoderVersion) -> None:
    """Raise RegistryError unless `folder` holds the version's files and nothing else."""
    advice = "What MLflow holds is not what was registered: register the encoder again."
    try:
        check_model_files(folder, facts.files, owner=f"Encoder version {version.reference}", advice=advice)
    except EncoderError as error:
        raise RegistryError(str(error)) from error


def _holds(folder: Path, facts: VersionFacts) -> bool:
    try:
        check_model_files(folder, facts.files, owner="", advice="")
    except EncoderError:
        return False
    return True


def _logged(facts: VersionFacts) -> Logged:
    return Logged(
        kind="an encoder version",
        model=MODEL_PREFIX + facts.name,
        description="An encoder of techfinder: text to vectors.",
        experiment="techfinder-encoders",
        tags={
            IDENTITY: facts.identity,
            FINGERPRINT: facts.fingerprint,
            TEMPLATE: facts.template,
            PRECISION: facts.precision,
        },
        describe=partial(describe_encoder, facts),
    )


def _notes(facts: VersionFacts) -> dict[str, str]:
    return {
        "plugin_version": facts.plugin_version,
        "revision": facts.revision,
        "dim": str(facts.dim),
        "max_tokens": str(facts.max_tokens),
        "template": facts.template,
        "precision": facts.precision,
        "licence": facts.licence,
    }


def _version(listed: Listed) -> EncoderVersion:
    tags = listed.tags
    return EncoderVersion(
        name=listed.model.removeprefix(MODEL_PREFIX),
        number=listed.number,
        identity=tags[IDENTITY],
        fingerprint=tags.get(FINGERPRINT, ""),
        template=tags.get(TEMPLATE, ""),
        precision=tags.get(PRECISION, ""),
        aliases=listed.aliases,
        created_at=listed.created_at,
        run=listed.run,
    )
