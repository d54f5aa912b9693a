"""Lexicon files: words of a trade, and what they mean in the terms of a schema.

A lexicon is TOML. Each ``[[entry]]`` has ``words`` and one meaning::

    [[entry]]
    words = ["teacher", "professor"]
    values = { job_sector = ["Education"] }     # these values of an attribute

    [[entry]]
    words = ["power user"]
    wish = true                                 # ranks, does not filter
    conditions = [{ field = "technical_proficiency", op = "at_least", values = ["Advanced"] }]

    [[entry]]
    words = ["wage"]
    fields = ["annual_income"]                  # more words for a field

    [[entry]]
    words = ["West Coast"]
    places = { state = ["CA", "OR", "WA"] }     # of whatever place field the schema has

    [[entry]]
    words = ["loyal to", "fan of"]
    of_brand = "high"                           # of the number that is about the brand named beside it
"""

from __future__ import annotations

import tomllib
from collections.abc import Iterable, Iterator, Mapping, Sequence
from importlib.resources import files
from pathlib import Path
from typing import Annotated, Any, Literal

from pydantic import Field, ValidationError, model_validator

from techfinder.errors import QueryError, SchemaError, cut, known_names
from techfinder.fields import Attribute, Part
from techfinder.findings import expectation, true_findings
from techfinder.plan import AnyOf, Clause, Condition, QueryPlan
from techfinder.schema import Schema

__all__ = ["Lexicon", "LexiconEntry", "builtin_lexicons", "load_lexicon"]


Listed = Annotated[tuple[str, ...], Field(min_length=1)]


class LexiconEntry(Part):
    """Words with one meaning.

    Attributes:
        words: Phrases that mean the same; case, accents and plural do not matter.
        values: Values by attribute; with several attributes, any of them.
        fields: Names of fields that the words are for.
        places: Values by part of a place, ``city`` or ``state``.
        conditions: Clauses of a plan.
        of_brand: The words are for the number field of the brand named beside them; on its own it means
            this grade (``"high"``), or nothing (``""``).
        wish: The values or conditions only rank.
        says: What to tell of it, where the words do not say it themselves.
    """

    words: Annotated[tuple[str, ...], Field(min_length=1)]
    values: Mapping[str, Listed] = Field(default_factory=dict)
    fields: tuple[str, ...] = ()
    places: Mapping[Literal["city", "state"], Listed] = Field(default_factory=dict)
    conditions: tuple[Clause, ...] = ()
    of_brand: Literal["high", "low", ""] | None = None
    wish: bool = False
    says: str = ""

    @model_validator(mode="after")
    def _check(self) -> LexiconEntry:
        meanings = [
            bool(self.values),
            bool(self.fields),
            bool(self.places),
            bool(self.conditions),
            self.of_brand is not None,
        ]
        if sum(meanings) != 1:
            raise ValueError("an entry has exactly one of values, fields, places, conditions, of_brand")
        if any(not any(c.isalnum() for c in phrase) for phrase in self.words):
            raise ValueError("words must have a letter or a digit each")
        if self.wish and not (self.values or self.conditions):
            raise ValueError("a wish goes with values or conditions")
        return self


class Lexicon(Part):
    """A lexicon file, checked by itself."""

    name: str
    schema_name: Annotated[str, Field(alias="schema")] = ""
    entries: Annotated[tuple[LexiconEntry, ...], Field(alias="entry")]

    def suits(self, schema: Schema) -> bool:
        """Whether it is about this schema (or about any)."""
        return self.schema_name in ("", schema.name)

    def check(self, schema: Schema) -> None:
        """Raise SchemaError when an entry names what the schema lacks."""
        for number, entry in enumerate(self.entries, 1):
            try:
                schema.check(QueryPlan(conditions=entry.conditions))
                for key, values in entry.values.items():
                    schema.check(QueryPlan(conditions=(Condition(field=key, op="any_of", values=values),)))
                for key, named in _named(entry):
                    _check_values(schema.attribute(key), named)
                for name in entry.fields:
                    schema.field(name)
            except QueryError as error:
                raise SchemaError(f"Lexicon {self.name!r}, entry {number} ({entry.words[0]}): {error}") from error


def _named(entry: LexiconEntry) -> Iterator[tuple[str, Sequence[str]]]:
    """The values that an entry names, by attribute."""
    yield from entry.values.items()
    for clause in entry.conditions:
        for condition in clause.conditions if isinstance(clause, AnyOf) else (clause,):
            yield condition.field, condition.values


def _check_values(attribute: Attribute, values: Iterable[str]) -> None:
    """Raise QueryError where nobody can ever have one of the values: levels, yes and no, a closed list."""
    closed = attribute.ordered or (bool(attribute.known_values) and attribute.part in ("uses", "value"))
    if not closed or attribute.field.open or attribute.field.kind == "tags":
        return
    for value in values:
        if value not in attribute.known_values:
            raise QueryError(f"{attribute.key} has no value {cut(value)}. {known_names(value, attribute.known_values)}")


def load_lexicon(path: Path) -> Lexicon:
    """The lexicon in a file. Raises SchemaError when it cannot be read or is wrong; every problem is listed."""
    try:
        return Lexicon.model_validate(tomllib.loads(path.read_text(encoding="utf-8")))
    except (OSError, UnicodeDecodeError, tomllib.TOMLDecodeError) as error:
        raise SchemaError(f"Lexicon {path} cannot be read: {error}") from error
    except ValidationError as error:
        raise SchemaError(f"Lexicon {path} is wrong:\n" + "\n".join(_problems(true_findings(error)))) from error


def _problems(findings: Iterable[Mapping[str, Any]]) -> list[str]:
    return [f"  {_place(f['loc'])}: {expectation(f)}" for f in findings]


def _place(location: Sequence[int | str]) -> str:
    """Where a finding is: entries are counted from 1, as people do."""
    if len(location) > 1 and location[0] == "entry" and isinstance(location[1], int):
        rest = ".".join(str(p) for p in location[2:])
        return f"entry {location[1] + 1}{': ' + rest if rest else ''}"
    return ".".join(str(p) for p in location)


def builtin_lexicons(schema: Schema) -> Sequence[Lexicon]:
    """The lexicons that come with techfinder and suit the schema."""
    packaged = Path(str(files("techfinder"))) / "lexicon_files"
    folder = packaged if packaged.is_dir() else Path(__file__).resolve().parent.parent / "data" / "lexicons"
    found = [load_lexicon(path) for path in sorted(folder.glob("*.toml"))]
    return [lexicon for lexicon in found if lexicon.suits(schema)]
