"""What a backup says of itself: first what it holds, last the digest of every member."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Literal, Self, TypeVar

from pydantic import BaseModel, ConfigDict, Field, ValidationError, field_validator, model_validator

from techfinder.errors import BackupError, cut
from techfinder.interfaces import CollectionSpec
from techfinder.models import GenerationInfo
from techfinder.store.fingerprints import spec_of

__all__ = ["ABOUT", "FORMAT", "MANIFEST", "About", "Manifest", "Member", "People", "read_as"]

FORMAT = 1
ABOUT, MANIFEST = "about.json", "manifest.json"

_Model = TypeVar("_Model", bound=BaseModel)
_STRICT = ConfigDict(extra="forbid", frozen=True)


class People(BaseModel):
    """The people in a backup.

    Attributes:
        kind: ``generation`` are the files of an embedded generation, ``points`` are files of points.
        generation: What it was.
        attributes: Storage type by attribute key, in order.
    """

    model_config = _STRICT
    kind: Literal["generation", "points"]
    generation: GenerationInfo
    attributes: dict[str, str]

    @field_validator("generation")
    @classmethod
    def _refuse_wild(cls, value: GenerationInfo) -> GenerationInfo:
        if value.number < 1 or value.points < 0:
            raise ValueError("there is no such generation")
        return value

    def info(self) -> GenerationInfo:
        """The generation."""
        return self.generation

    def spec(self) -> CollectionSpec:
        """What another store must build to hold the same."""
        return spec_of(self.info(), self.attributes)


class About(BaseModel):
    """What a backup holds.

    Attributes:
        techfinder: Version that made it.
        created_at: UTC, ISO 8601.
        collection: Of the settings.
        people: None where nothing was live.
        tables: Rows by table of the application database; None where there was none.
        schema_file: Name of the schema file among the members; empty for the built-in schema.
        registry: The MLflow that versions of encoders are registered in; only referred to unless it is in the home.
        left_out: What is not in it, in words.
    """

    model_config = _STRICT
    format: int
    techfinder: str
    created_at: str
    collection: str = Field(pattern=r"^[a-z][a-z0-9_-]{0,62}$")
    people: People | None
    tables: dict[str, int] | None
    schema_file: str = Field(default="", pattern=r"^([A-Za-z0-9_][A-Za-z0-9_.-]{0,100})?$")
    registry: str = ""
    left_out: tuple[str, ...] = ()

    @model_validator(mode="after")
    def _refuse_others(self) -> Self:
        if self.people is not None and self.people.info().collection != self.collection:
            raise ValueError("the people are of another collection")
        return self


class Member(BaseModel):
    """One file of a backup."""

    model_config = _STRICT
    size: int = Field(ge=0)
    sha256: str = Field(pattern=r"^[0-9a-f]{64}$")


class Manifest(BaseModel):
    """Every member but the manifest itself, by name."""

    model_config = _STRICT
    members: Mapping[str, Member]


def read_as(model: type[_Model], text: bytes, what: str) -> _Model:
    """The model in a member of JSON. Raises BackupError, also for a format that this version does not know."""
    try:
        found = json.loads(text)
        if isinstance(found, dict) and found.get("format", FORMAT) != FORMAT:
            raise BackupError(
                f"{what} is of format {cut(found['format'])}, this version reads {FORMAT}. Update techfinder."
            )
        return model.model_validate(found)
    except (ValueError, RecursionError, ValidationError) as error:
        raise BackupError(f"{what} is no backup of techfinder, or is damaged: {cut(str(error), 200)}.") from error
