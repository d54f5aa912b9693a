"""Fields of a schema, and the flat attributes they become.

One *field* of the file becomes one or more *attributes*: the flat keys under which values are
stored, filtered and counted.

=============  =======================================================  ====================
kind           attributes                                               storage
=============  =======================================================  ====================
category       ``NAME``                                                 keyword
scale          ``NAME`` (values ordered from low to high),              keyword, integer
               ``NAME_level`` (0 for the lowest)
tags           ``NAME``, ``NAME_count``                                 keywords, integer
boolean        ``NAME`` ("yes" / "no")                                  keyword
integer        ``NAME`` (and ``NAME_bucket`` where buckets are given)   integer
number         ``NAME`` (and ``NAME_bucket``)                           float, integer
date           ``NAME`` (ISO text), ``NAME_day`` (days since 1970)      keyword, integer
place          ``NAME``, ``NAME_city``, ``NAME_state``                  keyword
text           ``NAME``, ``NAME_words`` (stems of its words)            keyword, keywords
adoption       ``NAME_uses``, ``NAME_product``, ``NAME_months``,        keyword, keyword,
               ``NAME_adopted_on``, ``NAME_adopted_on_day``             integer, keyword,
                                                                        integer
=============  =======================================================  ====================
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field, field_validator, model_validator

from techfinder.errors import QueryError, cut, known_names

__all__ = ["Attribute", "Part", "SchemaField", "SchemaValue", "attributes_of"]

Kind = Literal["category", "scale", "tags", "boolean", "integer", "number", "date", "place", "text", "adoption"]
Storage = Literal["keyword", "keywords", "integer", "float"]

_NAME = r"^[a-z][a-z0-9_]{0,62}$"


class Part(BaseModel):
    """Base of what a schema file is made of: frozen, and no unknown keys."""

    model_config = ConfigDict(frozen=True, extra="forbid", allow_inf_nan=False)


class SchemaValue(Part):
    """One value that a field may have, with the words people use for it."""

    name: Annotated[str, Field(min_length=1)]
    synonyms: tuple[str, ...] = ()
    brand: str = ""
    color: str = ""
    icon: str = ""


class SchemaField(Part):
    """One field of a schema file.

    Attributes:
        name: Lower-case letters, digits and underscores.
        kind: See the module's table.
        label, unit: For people.
        group: Section of the filter panel; empty takes one that suits the kind.
        synonyms: Words that mean this field.
        values: Known values; for a scale all of them, from low to high.
        open: True accepts values beyond `values` (category, tags and products always know more).
        min, max: Smallest and largest number accepted, both included.
        buckets: Lower bounds of the bars of a histogram, ascending; the first not above `min`.
        separator: Between tags in one cell.
        sensitive: Covered by the policy for sensitive questions.
        facet: Shown in the filter panel.
        gauge: Shown as a gauge on the cards (scales and bounded numbers).
        text: How it reads in the encoded text, with ``{value}``; empty leaves it out.
        brand: The maker that a loyalty number is about.
        curve: Whether a scale is drawn under a normal curve: ``"rising"`` with its lowest value first, ``"falling"``
            with its highest; empty draws none.
        tiles: A map of a place's states, or of a category's values: rows of values with blanks between, ``.`` where
            there is none.
        columns: Column name by part, where it is not the default name.
        not_adopted: Cells that mean "does not use", by part (adoption only).
    """

    name: Annotated[str, Field(pattern=_NAME)]
    kind: Kind
    label: Annotated[str, Field(min_length=1)]
    unit: str = ""
    group: str = ""
    synonyms: tuple[str, ...] = ()
    values: tuple[SchemaValue, ...] = ()
    open: bool = False
    min: float | None = None
    max: float | None = None
    buckets: tuple[int, ...] = ()
    separator: str = ","
    sensitive: bool = False
    facet: bool = True
    gauge: bool = False
    text: str = ""
    brand: str = ""
    curve: Literal["", "rising", "falling"] = ""
    tiles: tuple[str, ...] = ()
    columns: Mapping[str, str] = Field(default_factory=dict)
    not_adopted: Mapping[str, tuple[str, ...]] = Field(default_factory=dict)

    @field_validator("values", mode="before")
    @classmethod
    def _plain_names(cls, value: object) -> object:
        return [{"name": v} if isinstance(v, str) else v for v in value] if isinstance(value, list) else value

    @model_validator(mode="after")
    def _check(self) -> SchemaField:
        names = [v.name.casefold() for v in self.values]
        if len(set(names)) < len(names):
            raise ValueError("values must differ (upper and lower case count as the same)")
        if self.kind == "scale" and len(self.values) < 2:
            raise ValueError("a scale needs at least two values, from low to high")
        if self.buckets and (self.kind not in ("integer", "number") or list(self.buckets) != sorted(set(self.buckets))):
            raise ValueError("buckets are ascending lower bounds of an integer or number field")
        if self.buckets and (self.min is None or self.buckets[0] > self.min):
            raise ValueError("the first bucket must not be above min, so that every value has one")
        if self.min is not None and self.max is not None and self.min > self.max:
            raise ValueError(f"min {self.min:g} is above max {self.max:g}, so no number is accepted")
        if self.kind == "tags" and not self.separator:
            raise ValueError("tags need a separator that is not empty")
        if self.brand and self.kind not in ("integer", "number"):
            raise ValueError("a brand goes with an integer or number field; values have brands of their own")
        if any(not any(c.isalnum() for c in word) for word in self.synonyms):
            raise ValueError("synonyms must be words")
        if self.text and "{value}" not in self.text:
            raise ValueError("text must contain {value}")
        if self.curve and self.kind != "scale":
            raise ValueError("a curve is drawn of a scale")
        self._check_tiles()
        unknown = set(self.columns) - set(self.parts)
        if unknown:
            raise ValueError(f"columns names unknown parts {sorted(unknown)}; known: {list(self.parts)}")
        return self

    def _check_tiles(self) -> None:
        names = [name for line in self.tiles for name in line.split() if name != "."]
        if self.tiles and (self.kind not in ("place", "category") or not names):
            raise ValueError("tiles lay out the states of a place or the values of a category")
        if twice := sorted({name for name in names if names.count(name) > 1}):
            raise ValueError(f"tiles name {twice[0]!r} twice")

    @property
    def tiled_part(self) -> str:
        """The part that `tiles` lay out."""
        return "state" if self.kind == "place" else "value"

    @property
    def parts(self) -> tuple[str, ...]:
        """The names of what can have a column of its own."""
        if self.kind == "adoption":
            return ("uses", "product", "months", "adopted_on")
        if self.kind == "place":
            return ("value", "city", "state")
        return ("value",)

    def column(self, part: str) -> str:
        """The column that holds `part`, as ``smartphone_months`` unless `columns` says otherwise."""
        return self.columns.get(part, self.name if part == "value" else f"{self.name}_{part}")

    def level(self, value: str) -> int | None:
        """The position of `value` on a scale, 0 for the lowest; None when it is not on it."""
        return self._positions.get(value)

    @cached_property
    def _positions(self) -> dict[str, int]:
        return {v.name: i for i, v in enumerate(self.values)}

    @cached_property
    def canonical(self) -> dict[str, str]:
        """The value's name by its name and synonyms, case folded."""
        table = {s.casefold(): v.name for v in self.values for s in v.synonyms}
        return table | {v.name.casefold(): v.name for v in self.values}


@dataclass(frozen=True, slots=True)
class Attribute:
    """One flat key of a profile.

    Attributes:
        key: As stored and as named in conditions.
        field: The field it comes from.
        part: Which part of it: ``value``, ``uses``, ``product``, ``months``, ``city``, ``words``, ...
        storage: ``keyword``, ``keywords`` (a list), ``integer`` or ``float``.
        label: For people, as "Smartphones: product".
        unit: For numbers.
        derived: True for helpers that are computed at import and not shown (counts, days, words).
    """

    key: str
    field: SchemaField
    part: str
    storage: Storage
    label: str
    unit: str = ""
    derived: bool = False

    @property
    def numeric(self) -> bool:
        """True for integers and floats."""
        return self.storage in ("integer", "float")

    @property
    def known_values(self) -> tuple[str, ...]:
        """Values the schema lists for this attribute, in order; empty when it lists none."""
        if self.part == "uses" or self.field.kind == "boolean":
            return ("yes", "no")
        if self.part in ("value", "product") and not self.derived:
            return tuple(v.name for v in self.field.values)
        return ()

    @property
    def ordered(self) -> bool:
        """True when the values stand on a scale."""
        return self.field.kind == "scale" and not self.derived

    @property
    def dated(self) -> bool:
        """True for dates as ISO text."""
        return not self.derived and (self.field.kind == "date" or self.part == "adopted_on")

    def refuse_unlisted(self, value: str) -> None:
        """Raise QueryError when nobody can have the value: the schema lists all that an import takes, without it."""
        known = self.known_values
        opened = self.field.open and self.field.kind not in ("boolean", "scale")
        closed = self.part == "uses" or (self.part == "value" and bool(known) and not opened)
        if closed and value not in known:
            raise QueryError(f"{self.label} has no value {cut(value)}. {known_names(value.capitalize(), known)}")


def attributes_of(field: SchemaField) -> list[Attribute]:
    """The attributes of one field, in the order of the module's table."""

    def make(part: str, storage: Storage, suffix: str = "", label: str = "", derived: bool = False) -> Attribute:
        key = f"{field.name}_{suffix}" if suffix else field.name
        full = f"{field.label}: {label}" if label else field.label
        unit = "months" if part == "months" else field.unit if part == "value" else ""
        return Attribute(key, field, part, storage, full, unit, derived)

    match field.kind:
        case "tags":
            return [make("value", "keywords"), make("count", "integer", "count", "how many", True)]
        case "text":
            return [make("value", "keyword"), make("words", "keywords", "words", "words", True)]
        case "scale":
            return [make("value", "keyword"), make("level", "integer", "level", "level", True)]
        case "integer" | "number":
            made = [make("value", "integer" if field.kind == "integer" else "float")]
            return made + ([make("bucket", "integer", "bucket", "group", True)] if field.buckets else [])
        case "date":
            return [make("value", "keyword"), make("day", "integer", "day", "day", True)]
        case "place":
            return [
                make("value", "keyword"),
                make("city", "keyword", "city", "city"),
                make("state", "keyword", "state", "state"),
            ]
        case "adoption":
            return [
                make("uses", "keyword", "uses", "uses"),
                make("product", "keyword", "product", "product"),
                make("months", "integer", "months", "months after release"),
                make("adopted_on", "keyword", "adopted_on", "adopted on"),
                make("day", "integer", "adopted_on_day", "day", True),
            ]
        case _:
            return [make("value", "keyword")]
