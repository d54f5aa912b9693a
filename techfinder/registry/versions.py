"""What makes a version of an encoder, and what is known of one."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from typing import TYPE_CHECKING

from techfinder.errors import RegistryError, cut

if TYPE_CHECKING:
    from techfinder.interfaces import EncoderInfo

__all__ = ["MODEL_PREFIX", "EncoderVersion", "VersionFacts", "facts_of", "parse_reference"]

MODEL_PREFIX = "techfinder-encoder-"
"""What the name of a registered model begins with; the encoder's name follows."""

_FORMAT = 1


@dataclass(frozen=True, slots=True)
class VersionFacts:
    """What tells a version from another: the same facts are the same version.

    Attributes:
        name: Of the encoder.
        fingerprint: Of the encoder; vectors of two fingerprints are never mixed.
        plugin_version: ``EncoderInfo.version``.
        revision: Of the weights.
        dim, max_tokens, similarity: As in ``EncoderInfo``.
        licence: Of the weights.
        template: Fingerprint of the text template that texts were made with.
        precision: Number format that was measured.
        files: SHA-256 of the weight files, by name.
    """

    name: str
    fingerprint: str
    plugin_version: str
    revision: str
    dim: int
    max_tokens: int
    similarity: str
    licence: str
    template: str
    precision: str
    files: Mapping[str, str]

    def to_json(self) -> str:
        """The one text that stands for these facts; :attr:`identity` is its digest."""
        return json.dumps({"format": _FORMAT, **asdict(self)}, sort_keys=True, indent=1, ensure_ascii=True)

    @classmethod
    def from_json(cls, text: str, identity: str) -> VersionFacts:
        """The facts, once the text is the one that `identity` is the digest of. Raises RegistryError."""
        found = hashlib.sha256(text.encode()).hexdigest()
        if found != identity:
            raise RegistryError(
                f"The facts that MLflow holds have digest {found[:12]}…, registered was {cut(identity[:12])}…: they "
                "were altered. Nothing of them is used; register the encoder again."
            )
        try:
            values = json.loads(text)
            if values.pop("format") != _FORMAT:
                raise ValueError("another format")
            return cls(**values)
        except (ValueError, TypeError, KeyError, AttributeError) as error:
            raise RegistryError(f"The facts that MLflow holds cannot be read ({error}). Update techfinder.") from error

    @property
    def identity(self) -> str:
        """SHA-256 in hex over everything above."""
        return hashlib.sha256(self.to_json().encode()).hexdigest()


@dataclass(frozen=True, slots=True)
class EncoderVersion:
    """A version as MLflow lists it.

    Attributes:
        name: Of the encoder; :data:`MODEL_PREFIX` before it names the registered model.
        number: 1, 2, 3, ... as MLflow counts.
        identity: Digest of its facts.
        fingerprint, template, precision: As in :class:`VersionFacts`.
        aliases: ``champion``, ``challenger`` and whatever else people set.
        created_at: UTC, ISO 8601.
        run: MLflow's id of the run that holds files and figures.
        figures: What was measured, by name: quality, speed.
        notes: What else the run says: hardware, requirements, licence.
    """

    name: str
    number: int
    identity: str
    fingerprint: str
    template: str
    precision: str
    aliases: tuple[str, ...]
    created_at: str
    run: str
    figures: Mapping[str, float] = field(default_factory=dict)
    notes: Mapping[str, str] = field(default_factory=dict)

    @property
    def reference(self) -> str:
        """``name@number``, as commands take it."""
        return f"{self.name}@{self.number}"


def facts_of(info: EncoderInfo, template: str, precision: str, files: Mapping[str, str]) -> VersionFacts:
    """The facts of an encoder as it is installed here."""
    return VersionFacts(
        name=info.name,
        fingerprint=info.fingerprint,
        plugin_version=info.version,
        revision=info.revision,
        dim=info.dim,
        max_tokens=info.max_tokens,
        similarity=info.similarity,
        licence=info.licence,
        template=template,
        precision=precision,
        files=dict(sorted(files.items())),
    )


def parse_reference(text: str) -> tuple[str, int | str | None]:
    """Name and version of ``NAME``, ``NAME@3`` or ``NAME@champion``; None without a version. Raises RegistryError."""
    name, at, version = text.partition("@")
    if not name or (at and not version):
        raise RegistryError(f"{cut(text)} names no encoder version. Write NAME, NAME@3 or NAME@champion.")
    return name, (int(version) if version.isdecimal() else version) if at else None
