"""Encodes text with any sentence-transformers model; settings name it and pin its files by their hash."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Literal

from pydantic import BaseModel, ConfigDict, Field, model_validator

from techfinder import EncoderEntry, EncoderFiles, EncoderInfo, hookimpl

if TYPE_CHECKING:
    from typing import Self

    from techfinder import Encoder, Settings

__all__ = ["ModelSettings", "SentenceTransformersSettings", "info_of", "register_encoders"]

CODE = "1"
"""Goes up when this plugin's code would make other vectors of the same model and settings."""


class ModelSettings(BaseModel):
    """What may stand in ``[plugins.encoder_sentence_transformers.models.NAME]``."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    folder: Path | None = Field(default=None, description="Folder with the model.")
    hub: str = Field(
        default="",
        pattern=r"^([A-Za-z0-9][\w.-]*/[A-Za-z0-9][\w.-]*)?$",
        description="Name on the model hub, as owner/name; it is looked for in models/ of the home folder.",
    )
    revision: str = Field(default="", pattern=r"^([0-9a-f]{40})?$", description="Commit on the hub, 40 hex digits.")
    download: bool = Field(default=False, description="Whether the model may be fetched from the hub, once.")
    sha256: str = Field(pattern=r"^[0-9a-f]{64}$", description="Of all files together, as the pin command prints it.")
    dim: int = Field(
        ge=1, le=65536, description="Length of a vector; a smaller one than the model's cuts vectors (Matryoshka)."
    )
    max_tokens: int = Field(default=512, ge=8, le=1_000_000, description="Longer texts are cut.")
    query_prompt: str = Field(default="", max_length=10_000, description="Put before a question.")
    document_prompt: str = Field(default="", max_length=10_000, description="Put before a profile's text.")
    calibration: tuple[float, float] = Field(
        default=(0.0, 1.0), description="Similarities of a question to a text that count as nothing and as everything."
    )
    languages: tuple[str, ...] = Field(default=("en",), description="ISO 639-1 codes.")
    licence: str = Field(default="unknown", min_length=1, description="SPDX name of the weights' licence.")
    device: Literal["auto", "cpu", "cuda", "mps"] = Field(default="auto", description="Processor to use.")
    precision: Literal["float32", "bfloat16"] = Field(default="float32", description="Number format.")

    @model_validator(mode="after")
    def _one_place(self) -> Self:
        if bool(self.folder) == bool(self.hub):
            raise ValueError("name a folder or a model on the hub, one of the two")
        if self.hub and not self.revision:
            raise ValueError("a model on the hub needs its revision, 40 hex digits")
        return self


class SentenceTransformersSettings(BaseModel):
    """What may stand in ``[plugins.encoder_sentence_transformers]``."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    models: Mapping[str, ModelSettings] = Field(default={}, description="Models by the name that the encoder gets.")


@hookimpl
def register_encoders(settings: Settings) -> list[EncoderEntry]:
    """One entry for each model of the settings; nothing is read and no library imported before it is loaded."""
    own = settings.for_plugin("encoder_sentence_transformers", SentenceTransformersSettings)
    return [_entry(settings, name, model) for name, model in own.models.items()]


def info_of(name: str, model: ModelSettings) -> EncoderInfo:
    """What is known of a model before it is loaded; whatever changes a vector changes the fingerprint."""
    shaping = "\0".join((model.query_prompt, model.document_prompt, str(model.max_tokens), model.precision))
    return EncoderInfo(
        name=name,
        version=f"{CODE}.{hashlib.sha256(shaping.encode()).hexdigest()[:8]}",
        revision=model.sha256[:12],
        dim=model.dim,
        max_tokens=model.max_tokens,
        similarity="cosine",
        normalized=True,
        languages=model.languages,
        licence=model.licence,
        calibration=model.calibration,
    )


def _entry(settings: Settings, name: str, model: ModelSettings) -> EncoderEntry:
    load, place = partial(_load, settings, name, model), model.hub or str(model.folder)
    files = EncoderFiles(partial(_find, settings, name, model), load)
    return EncoderEntry(info_of(name, model), f"{place} through sentence-transformers.", load, files)


def _find(settings: Settings, name: str, model: ModelSettings) -> Mapping[str, Path]:
    from techfinder_encoder_sentence_transformers.folders import find_files

    return find_files(name, model, settings.home)


def _load(settings: Settings, name: str, model: ModelSettings, folder: Path | None = None) -> Encoder:
    from techfinder_encoder_sentence_transformers.folders import check_folder, find_folder

    if folder is None:
        folder = find_folder(name, model, settings.home)
    else:
        check_folder(folder, name, model.sha256)
    # Only now may a library that reads models be imported.
    from techfinder_encoder_sentence_transformers.encoder import load_encoder

    return load_encoder(folder, info_of(name, model), model, settings)
