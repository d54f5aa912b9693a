"""What a profile is: fields, their kinds, scales, units, values and words, read from a TOML file.

See :mod:`techfinder.fields` for the kinds of field and the flat attributes they become.
"""

from __future__ import annotations

import hashlib
import math
import re
import tomllib
from collections.abc import Collection as AnyCollection
from collections.abc import Iterable, Mapping, Sequence
from datetime import date
from functools import cached_property
from importlib.resources import files
from pathlib import Path
from typing import Annotated, Any

from pydantic import Field, PrivateAttr, ValidationError, model_validator

from techfinder.errors import FieldWithheld, QueryError, SchemaError, cut, known_names
from techfinder.fields import Attribute, Part, SchemaField, SchemaValue, attributes_of
from techfinder.findings import expectation, true_findings
from techfinder.mentions import mentioned_words
from techfinder.models import Profile, Value
from techfinder.plan import AnyOf, Condition, QueryPlan, Sort

__all__ = ["Attribute", "Schema", "SchemaField", "SchemaValue", "load_schema"]

_RESERVED = frozenset({"q", "like", "limit", "offset", "sort", "facets", "near"})
_NUMBER = re.compile(r"[+-]?(?:[0-9]+\.?[0-9]*|\.[0-9]+)(?:[eE][+-]?[0-9]+)?")
"""Of what Python takes for a number, what everybody does: no underscores, no blanks, no digits of other scripts."""
_MAX_KEY = 64
_MAX_BYTES = 5_000_000


class Schema(Part):
    """A schema file, checked. Fields keep the file's order."""

    name: Annotated[str, Field(pattern=r"^[a-z][a-z0-9-]{0,62}$")]
    title: str = ""
    subject: tuple[str, str] = ("profile", "profiles")
    id: Annotated[str, Field(min_length=1)]
    ignore_columns: tuple[str, ...] = ()
    missing: tuple[str, ...] = ("",)
    examples: tuple[str, ...] = ()
    fields: Annotated[tuple[SchemaField, ...], Field(alias="field", min_length=1)]
    _whole: Schema | None = PrivateAttr(default=None)
    _untold: frozenset[str] = PrivateAttr(default=frozenset())

    @model_validator(mode="after")
    def _check(self) -> Schema:
        keys: dict[str, str] = {}
        for attribute in self._list_attributes():
            if attribute.key in _RESERVED:
                raise ValueError(f"the key {attribute.key!r} is taken by the address of a search; rename the field")
            if len(attribute.key) > _MAX_KEY:
                raise ValueError(f"the key {attribute.key!r} is longer than {_MAX_KEY} characters; shorten the field")
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

    @property
    def whole(self) -> Schema:
        """The schema of the file: this one, unless fields were left out of it."""
        return self._whole or self

    @cached_property
    def withheld(self) -> frozenset[str]:
        """The attributes that were left out."""
        return frozenset(self.whole.attributes) - frozenset(self.attributes)

    def without(self, names: AnyCollection[str], examples: Sequence[str] = ()) -> Schema:
        """The schema as those see it who have no right to the fields of these names, with other `examples`.

        Whoever asks it for one of those fields gets FieldWithheld. What is stored was made with the whole schema, whose
        `template` this one keeps.
        """
        kept = tuple(f for f in self.fields if f.name not in names)
        seen = self._again(fields=kept, examples=tuple(examples))
        seen._whole = self.whole
        return seen

    def untold(self, names: AnyCollection[str]) -> Schema:
        """The schema with a text that says nothing of the fields of these names: no vector holds a trace of them."""
        told = {f.name for f in self.fields if f.text or f.kind == "adoption"}
        if not told & set(names):
            return self
        made = self._again()
        made._untold = frozenset(told & set(names))
        return made

    def _again(self, **changes: Any) -> Schema:
        return Schema.model_construct(**{name: getattr(self, name) for name in Schema.model_fields} | changes)

    def refuse_withheld(self, keys: Iterable[str], words: str = "") -> None:
        """Raise FieldWithheld when one of the keys is of a field that was left out; `words` are what asked for it."""
        if found := [key for key in keys if key in self.withheld]:
            raise FieldWithheld([words] if words else found)

    def refuse_withheld_in(self, plan: QueryPlan) -> None:
        """Raise FieldWithheld when the plan names what was left out, whether it counts or not."""
        if self._whole is None:
            return
        for clause in plan.conditions:
            for part in clause.conditions if isinstance(clause, AnyOf) else (clause,):
                self.refuse_withheld([part.field], part.words or clause.words)
        self.refuse_withheld([order.field for order in plan.sort])

    def _list_attributes(self) -> list[Attribute]:
        return [a for f in self.fields for a in attributes_of(f)]

    @cached_property
    def attributes(self) -> Mapping[str, Attribute]:
        """All attributes by key, in the file's order."""
        return {a.key: a for a in self._list_attributes()}

    @cached_property
    def told(self) -> tuple[Attribute, ...]:
        """The attributes that are told in words, in the file's order.

        Helpers (counts, buckets, days) and the parts of a place are left out: the place says them.
        """
        return tuple(a for a in self.attributes.values() if not a.derived and a.part not in ("city", "state"))

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
        if any(field.name == name for field in self.whole.fields):
            raise FieldWithheld([name])
        raise QueryError(f"No field {cut(name)}. {known_names(name, [f.name for f in self.fields])}")

    def attribute(self, key: str) -> Attribute:
        """The attribute of that key. Raises QueryError naming those that exist."""
        found = self.attributes.get(key)
        if found is None:
            self.refuse_withheld([key])
            raise QueryError(f"No field {cut(key)}. {known_names(key, self.attributes)}")
        return found

    @cached_property
    def template(self) -> str:
        """Fingerprint of everything that shapes what is stored and encoded: 16 hex digits."""
        if self._whole is not None:
            return self._whole.template
        scales = [[v.name for v in f.values] if f.kind == "scale" else [] for f in self.fields]
        facts = repr([(f.name, f.kind, f.label, f.text, f.buckets) for f in self.fields] + scales)
        facts += repr(sorted(self._untold)) if self._untold else ""
        return hashlib.blake2b(facts.encode(), digest_size=8).hexdigest()

    def text(self, profile: Profile) -> str:
        """The text that is encoded for a profile; fields without a value are left out."""
        told = (f for f in self.fields if f.name not in self._untold)
        return ". ".join(t for f in told if (t := _field_text(f, profile.values)))

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

    def resolve_sort(self, sorts: Iterable[Sort]) -> tuple[Sort, ...]:
        """The orders in the terms of a store: a scale by its levels, a date by its days.

        Raises:
            QueryError: An order names a field that does not exist, or one with several values.
        """
        return tuple(sort.model_copy(update={"field": self._sort_key(sort.field)}) for sort in sorts)

    def _sort_key(self, key: str) -> str:
        attribute = self.attribute(key)
        if attribute.storage == "keywords":
            raise QueryError(f"{key} has several values a person; it gives no order. Try {key}_count.")
        return f"{key}_level" if attribute.ordered else key

    def check(self, plan: QueryPlan) -> None:
        """Raise QueryError unless everything the plan names exists; FieldWithheld when it is not for who asks."""
        self.refuse_withheld_in(plan)
        self.resolve(plan.conditions)
        self.resolve_sort(plan.sort)

    def check_values(self, condition: Condition) -> None:
        """Raise QueryError when the condition names a value that nobody can have: no number, no day, none listed.

        More is refused than :meth:`resolve` does, which only says what a store is asked.
        """
        attribute = self.attribute(condition.field)
        for value in condition.values:
            attribute.refuse_unlisted(value)
            if attribute.numeric and not (_NUMBER.fullmatch(value) and math.isfinite(float(value))):
                raise _no_number(attribute, value)
            if attribute.dated and not _is_day(value):
                raise QueryError(f"{cut(value)} is not a day, and {attribute.key} is one. Write it as 2026-01-31.")

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
        if condition.values and attribute.part == "words":
            return _by_stems(condition)
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


def _by_stems(condition: Condition) -> Condition:
    """The condition with stems for the words it names; one value of several words asks for all of them."""
    stems = tuple(dict.fromkeys(s for v in condition.values for s in mentioned_words(v))) or condition.values
    whole = len(condition.values) == 1 and condition.op == "any_of"
    return condition.model_copy(update={"values": stems, "op": "all_of" if whole and len(stems) > 1 else condition.op})


def _is_day(text: str) -> bool:
    """Whether a date is written as it is stored."""
    try:
        return date.fromisoformat(text).isoformat() == text
    except ValueError:
        return False


def _check_numbers(attribute: Attribute, values: Sequence[str]) -> None:
    for value in values:
        try:
            float(value)
        except ValueError:
            raise _no_number(attribute, value) from None


def _no_number(attribute: Attribute, value: str) -> QueryError:
    return QueryError(f"{cut(value)} is not a number, and {attribute.key} is one.")


def _field_text(field: SchemaField, values: Mapping[str, Value]) -> str:
    if field.kind == "adoption":
        return _adoption_text(field, values)
    value = values.get(field.name)
    if value is None or not field.text:
        return ""
    if isinstance(value, float):
        # Cents of an income only cost tokens; small numbers keep their digits.
        value = round(value) if abs(value) >= 100 else f"{value:.6g}"
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
        if path.exists() and not path.is_file():
            raise SchemaError(f"Schema file {path} is not a regular file. Name a TOML file.")
        if path.stat().st_size > _MAX_BYTES:
            raise SchemaError(f"Schema file {path} is larger than {_MAX_BYTES:,} bytes. Is it really a schema?")
        data = tomllib.loads(path.read_text(encoding="utf-8"))
    except FileNotFoundError as error:
        raise SchemaError(f"Schema file {path} does not exist.") from error
    except (OSError, UnicodeDecodeError, tomllib.TOMLDecodeError, RecursionError) as error:
        raise SchemaError(f"Schema file {path} cannot be read: {error}") from error
    try:
        return Schema.model_validate(data)
    except ValidationError as error:
        lines = [f"  {_place(e['loc'], data)}: {_finding(e)}" for e in true_findings(error)]
        raise SchemaError(f"Schema file {path} is wrong:\n" + "\n".join(lines)) from error


def _finding(error: Any) -> str:
    match error["type"]:
        case "value_error" | "missing":
            return expectation(error)
        case "extra_forbidden":
            models: dict[tuple[str, ...], type[Part]] = {(): Schema, ("field",): SchemaField}
            model = models.get(tuple(p for p in error["loc"][:-1] if isinstance(p, str)), SchemaValue)
            names = [f.alias or name for name, f in model.model_fields.items()]
            return f"no such key. {known_names(str(error['loc'][-1]), names)}"
        case "string_pattern_mismatch":
            sign = "-" if error["loc"] == ("name",) else "_"
            expected = f"expected lower-case letters, digits and {sign}, a letter first, at most 63 in all"
        case "string_too_short":
            expected = "expected text that is not empty"
        case "too_short":
            expected = f"expected at least {error['ctx']['min_length']}"
        case "too_long":
            expected = f"expected at most {error['ctx']['max_length']}"
        case _:
            expected = expectation(error)
    return f"{expected}, got {cut(error['input'])}"


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
