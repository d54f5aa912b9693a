"""What a profile is: fields, their kinds, scales, units, values and words, read from a TOML file.

One *field* of the file becomes one or more *attributes*: the flat keys under which values are
stored, filtered and counted.

=============  =======================================================  ====================
kind           attributes                                               storage
=============  =======================================================  ====================
category       ``NAME``                                                 keyword
scale          ``NAME`` (values ordered from low to high)               keyword
tags           ``NAME``, ``NAME_count``                                 keywords, integer
boolean        ``NAME`` ("yes" / "no")                                  keyword
integer        ``NAME`` (and ``NAME_bucket`` where buckets are given)   integer
number         ``NAME`` (and ``NAME_bucket``)                           float, integer
date           ``NAME`` (ISO text), ``NAME_day`` (days since 1970)      keyword, integer
place          ``NAME``, ``NAME_city``, ``NAME_state``                  keyword
text           ``NAME``                                                 keyword
adoption       ``NAME_uses``, ``NAME_product``, ``NAME_months``,        keyword, keyword,
               ``NAME_adopted_on``, ``NAME_adopted_on_day``             integer, keyword,
                                                                        integer
=============  =======================================================  ====================
"""

from __future__ import annotations

import hashlib
import tomllib
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from importlib.resources import files
from pathlib import Path
from typing import Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Field, ValidationError, field_validator, model_validator

from techfinder.errors import QueryError, SchemaError, cut, known_names
from techfinder.models import Profile, Value
from techfinder.plan import AnyOf, Condition, QueryPlan

__all__ = ["Attribute", "Schema", "SchemaField", "SchemaValue", "load_schema"]

Kind = Literal["category", "scale", "tags", "boolean", "integer", "number", "date", "place", "text", "adoption"]
Storage = Literal["keyword", "keywords", "integer", "float"]

_NAME = r"^[a-z][a-z0-9_]{0,62}$"


class _Part(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class SchemaValue(_Part):
    """One value that a field may have, with the words people use for it."""

    name: Annotated[str, Field(min_length=1)]
    synonyms: tuple[str, ...] = ()
    brand: str = ""
    color: str = ""
    icon: str = ""


class SchemaField(_Part):
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
        buckets: Lower bounds of the bars of a histogram, ascending.
        separator: Between tags in one cell.
        sensitive: Covered by the policy for sensitive questions.
        facet: Shown in the filter panel.
        gauge: Shown as a gauge on the cards (scales and bounded numbers).
        text: How it reads in the encoded text, with ``{value}``; empty leaves it out.
        brand: The maker that a loyalty number is about.
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
        if self.text and "{value}" not in self.text:
            raise ValueError("text must contain {value}")
        unknown = set(self.columns) - set(self.parts)
        if unknown:
            raise ValueError(f"columns names unknown parts {sorted(unknown)}; known: {list(self.parts)}")
        return self

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
        part: Which part of it: ``value``, ``uses``, ``product``, ``months``, ``city``, ...
        storage: ``keyword``, ``keywords`` (a list), ``integer`` or ``float``.
        label: For people, as "Smartphones: product".
        unit: For numbers.
        derived: True for helpers that are computed at import and not shown (counts, days).
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
        return self.field.kind == "scale"


class Schema(_Part):
    """A schema file, checked. Fields keep the file's order."""

    name: Annotated[str, Field(pattern=r"^[a-z][a-z0-9-]{0,62}$")]
    title: str = ""
    subject: tuple[str, str] = ("profile", "profiles")
    id: Annotated[str, Field(min_length=1)]
    ignore_columns: tuple[str, ...] = ()
    missing: tuple[str, ...] = ("",)
    fields: Annotated[tuple[SchemaField, ...], Field(alias="field", min_length=1)]

    @model_validator(mode="after")
    def _check(self) -> Schema:
        keys: dict[str, str] = {}
        for attribute in self._list_attributes():
            other = keys.setdefault(attribute.key, attribute.field.name)
            if other != attribute.field.name:
                raise ValueError(f"fields {other!r} and {attribute.field.name!r} both make the key {attribute.key!r}")
        columns: dict[str, str] = {self.id: "id"}
        for field in self.fields:
            for part in field.parts:
                other = columns.setdefault(field.column(part), field.name)
                if other != field.name:
                    raise ValueError(f"fields {other!r} and {field.name!r} both read column {field.column(part)!r}")
        if len({f.name for f in self.fields}) < len(self.fields):
            raise ValueError("two fields have the same name")
        return self

    def _list_attributes(self) -> list[Attribute]:
        return [a for f in self.fields for a in _attributes(f)]

    @cached_property
    def attributes(self) -> Mapping[str, Attribute]:
        """All attributes by key, in the file's order."""
        return {a.key: a for a in self._list_attributes()}

    @cached_property
    def columns(self) -> Mapping[str, tuple[SchemaField, str]]:
        """Field and part by column name, the id column left out."""
        return {f.column(p): (f, p) for f in self.fields for p in f.parts}

    @cached_property
    def missing_cells(self) -> frozenset[str]:
        """Cells that mean "not known", case folded."""
        return frozenset(m.casefold() for m in self.missing) | {""}

    def field(self, name: str) -> SchemaField:
        """The field of that name. Raises QueryError naming those that exist."""
        for field in self.fields:
            if field.name == name:
                return field
        raise QueryError(f"No field {cut(name)}. {known_names(name, [f.name for f in self.fields])}")

    def attribute(self, key: str) -> Attribute:
        """The attribute of that key. Raises QueryError naming those that exist."""
        found = self.attributes.get(key)
        if found is None:
            raise QueryError(f"No field {cut(key)}. {known_names(key, self.attributes)}")
        return found

    @cached_property
    def template(self) -> str:
        """Fingerprint of everything that shapes the encoded text: 16 hex digits."""
        facts = repr([(f.name, f.kind, f.label, f.text) for f in self.fields])
        return hashlib.blake2b(facts.encode(), digest_size=8).hexdigest()

    def text(self, profile: Profile) -> str:
        """The text that is encoded for a profile; fields without a value are left out."""
        return ". ".join(t for f in self.fields if (t := _field_text(f, profile.values)))

    def resolve(self, clauses: Iterable[Condition | AnyOf]) -> tuple[Condition | AnyOf, ...]:
        """The clauses in the terms of a store: scales spelt out as values, dates as days.

        Raises:
            QueryError: A clause names a field or a level that does not exist, or compares in
                a way that its field does not allow.
        """
        return tuple(
            c.model_copy(update={"conditions": tuple(self._resolve(d) for d in c.conditions)})
            if isinstance(c, AnyOf)
            else self._resolve(c)
            for c in clauses
        )

    def check(self, plan: QueryPlan) -> None:
        """Raise QueryError unless everything the plan names exists."""
        self.resolve(plan.conditions)
        for sort in plan.sort:
            self.attribute(sort.field)

    def _resolve(self, condition: Condition) -> Condition:
        attribute = self.attribute(condition.field)
        if condition.op in ("at_least", "at_most"):
            return self._spell_out(attribute, condition)
        if condition.op == "range":
            if attribute.field.kind == "date" or attribute.part == "adopted_on":
                day = condition.field if attribute.derived else f"{condition.field}_day"
                return condition.model_copy(update={"field": day})
            if not attribute.numeric:
                raise QueryError(
                    f"{attribute.key} is not a number; a range cannot be asked of it. Name values instead."
                )
        if condition.values and attribute.numeric:
            _check_numbers(attribute, condition.values)
        return condition

    def _spell_out(self, attribute: Attribute, condition: Condition) -> Condition:
        field, value = attribute.field, condition.values[0]
        if not attribute.ordered:
            raise QueryError(
                f"{attribute.key} has no order; {condition.op} cannot be asked of it. Name values instead."
            )
        level = field.level(value)
        if level is None:
            names = [v.name for v in field.values]
            raise QueryError(f"{cut(value)} is not a level of {attribute.key}. {known_names(value, names)}")
        kept = field.values[level:] if condition.op == "at_least" else field.values[: level + 1]
        return condition.model_copy(update={"op": "any_of", "values": tuple(v.name for v in kept)})


def _check_numbers(attribute: Attribute, values: Sequence[str]) -> None:
    for value in values:
        try:
            float(value)
        except ValueError:
            raise QueryError(f"{cut(value)} is not a number, and {attribute.key} is one.") from None


def _attributes(field: SchemaField) -> list[Attribute]:
    def make(part: str, storage: Storage, suffix: str = "", label: str = "", derived: bool = False) -> Attribute:
        key = f"{field.name}_{suffix}" if suffix else field.name
        full = f"{field.label}: {label}" if label else field.label
        unit = "months" if part == "months" else field.unit if part == "value" else ""
        return Attribute(key, field, part, storage, full, unit, derived)

    match field.kind:
        case "tags":
            return [make("value", "keywords"), make("count", "integer", "count", "how many", True)]
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


def _field_text(field: SchemaField, values: Mapping[str, Value]) -> str:
    if field.kind == "adoption":
        return _adoption_text(field, values)
    value = values.get(field.name)
    if value is None or not field.text:
        return ""
    if isinstance(value, float):
        value = round(value)
    return field.text.replace("{value}", ", ".join(value) if isinstance(value, tuple) else str(value))


def _adoption_text(field: SchemaField, values: Mapping[str, Value]) -> str:
    uses = values.get(f"{field.name}_uses")
    if uses == "no":
        return f"does not use {field.label}"
    if uses != "yes":
        return ""
    text = f"uses {field.label}"
    if (product := values.get(f"{field.name}_product")) is not None:
        text += f", prefers {product}"
    if (months := values.get(f"{field.name}_months")) is not None:
        text += f", adopts {months} months after release"
    return text


def load_schema(path: Path | None = None) -> Schema:
    """The schema in the file, or the built-in ``tech-adoption`` schema.

    Raises:
        SchemaError: The file cannot be read or contradicts itself; every problem is listed with
            the field it is in.
    """
    path = path or _builtin()
    try:
        data = tomllib.loads(path.read_text(encoding="utf-8"))
    except FileNotFoundError as error:
        raise SchemaError(f"Schema file {path} does not exist.") from error
    except (OSError, UnicodeDecodeError, tomllib.TOMLDecodeError) as error:
        raise SchemaError(f"Schema file {path} cannot be read: {error}") from error
    try:
        return Schema.model_validate(data)
    except ValidationError as error:
        lines = [f"  {_place(e['loc'], data)}: {e['msg'].removeprefix('Value error, ')}" for e in error.errors()]
        raise SchemaError(f"Schema file {path} is wrong:\n" + "\n".join(lines)) from error


def _place(location: tuple[int | str, ...], data: Mapping[str, Any]) -> str:
    if len(location) > 1 and location[0] == "field" and isinstance(location[1], int):
        entries = data.get("field", [])
        entry = entries[location[1]] if location[1] < len(entries) else {}
        name = entry.get("name", "?") if isinstance(entry, dict) else "?"
        rest = ".".join(str(p) for p in location[2:])
        return f"field {location[1] + 1} ({name}){': ' + rest if rest else ''}"
    return ".".join(str(p) for p in location) or "file"


def _builtin() -> Path:
    packaged = Path(str(files("techfinder"))) / "schemas" / "tech-adoption.toml"
    if packaged.exists():
        return packaged
    return Path(__file__).resolve().parent.parent / "data" / "schemas" / "tech-adoption.toml"
