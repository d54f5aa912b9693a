"""The schema of the people as the API tells it: fields, attributes, and filters with their syntax."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field

__all__ = ["AttributeAnswer", "FieldAnswer", "FilterAnswer", "SchemaAnswer", "ValueAnswer"]


class _Answer(BaseModel):
    model_config = ConfigDict(frozen=True)


class ValueAnswer(_Answer):
    """A value that a field may have."""

    name: str
    synonyms: tuple[str, ...]


class AttributeAnswer(_Answer):
    """One key of a profile; conditions and orders name it as `field`."""

    key: str
    label: str
    unit: str
    storage: Literal["keyword", "keywords", "integer", "float"]
    derived: Annotated[bool, Field(description="Computed at import: a level, a count, a day, a group.")]
    ordered: Annotated[bool, Field(description="Values stand on a scale: `at_least` and `at_most` work.")]
    ops: Annotated[tuple[str, ...], Field(description="The comparisons that it allows.")]
    known_values: Annotated[tuple[str, ...], Field(description="Those that the schema lists, from low to high.")]


class FieldAnswer(_Answer):
    """One field of the schema."""

    name: str
    kind: str
    label: str
    unit: str
    synonyms: tuple[str, ...]
    sensitive: Annotated[bool, Field(description="Covered by the policy for sensitive questions.")]
    gauge: bool
    open: Annotated[bool, Field(description="Whether values beyond `values` are accepted.")]
    min: float | None
    max: float | None
    values: tuple[ValueAnswer, ...]
    attributes: tuple[AttributeAnswer, ...]


class FilterAnswer(_Answer):
    """One filter, as `GET /api/v1/search?NAME=INPUT` takes it."""

    name: str
    label: str
    group: str
    control: Literal["choice", "range"]
    field: Annotated[str, Field(description="The attribute it is about; empty when it is about several.")]
    facet: Annotated[bool, Field(description="Whether its values are counted.")]
    summary: str
    options: Annotated[tuple[str, ...], Field(description="What can be picked, where the filter lists it.")]
    examples: Annotated[tuple[str, ...], Field(description="Inputs that it understands.")]


class SchemaAnswer(_Answer):
    """What a profile is, and how to ask for it."""

    name: str
    title: str
    subject: Annotated[tuple[str, str], Field(description="One and many of what is searched.")]
    template: Annotated[str, Field(description="Fingerprint of all that shapes what is stored and encoded.")]
    examples: Annotated[tuple[str, ...], Field(description="Questions to try.")]
    fields: tuple[FieldAnswer, ...]
    filters: tuple[FilterAnswer, ...]
