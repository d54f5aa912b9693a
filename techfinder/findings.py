"""What is wrong with a setting or a schema, in plain words: pydantic finds it, this says it to its owner."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from pydantic import BaseModel, ValidationError
from pydantic.errors import PydanticUserError
from pydantic.fields import FieldInfo

from techfinder.errors import cut, known_names

__all__ = ["Origin", "expectation", "sentence", "true_findings"]

_OWN_WORDS = ("value_error", "assertion_error")
_TABLES = ("dict", "mapping", "model")
_KINDS = {
    "int": "a whole number",
    "float": "a number",
    "finite": "a finite number",
    "bool": "true or false",
    "string": "text",
    "path": "a path",
    "list": "a list",
    "tuple": "a list",
    **dict.fromkeys(_TABLES, "a table"),
}

_EXPECTED = {
    "missing": "is missing",
    "extra_forbidden": "there is no such key",
    "literal_error": "expected {expected}",
    "union_tag_invalid": "expected {expected_tags} as its kind",
    "greater_than": "expected more than {gt}",
    "greater_than_equal": "expected at least {ge}",
    "less_than": "expected less than {lt}",
    "less_than_equal": "expected at most {le}",
    "string_too_short": "expected at least {min_length} characters",
    "string_too_long": "expected at most {max_length} characters",
    "too_short": "expected at least {min_length} of them",
    "too_long": "expected at most {max_length} of them",
}
"""What is expected, by the type of a finding, with what it says of itself."""


@dataclass(frozen=True, slots=True)
class Origin:
    """Where the value of a setting comes from.

    Attributes:
        words: For people, as "environment variable TECHFINDER_PORT".
        assignment: How a value is written there, up to the value, as ``"TECHFINDER_PORT="``.
        toml: Whether the value is written as TOML has it, with quotes around text.
    """

    words: str
    assignment: str
    toml: bool = True


def sentence(error: Any, model: type[BaseModel], origin_of: Callable[[str], Origin]) -> str:
    """One finding: setting, value got (cut), where it comes from, what is expected, an example, its meaning.

    Args:
        error: One of ``ValidationError.errors()``.
        model: What the settings were checked against.
        origin_of: Says for a setting's name where its value comes from.
    """
    if not error["loc"]:  # a check of the whole model
        return f"{expectation(error)}."
    path = [str(part) for part in error["loc"]]
    name, shown = path[0], ".".join(path)
    origin, fields = origin_of(name), {f.alias or n: f for n, f in model.model_fields.items()}
    field = fields.get(name) or model.model_fields.get(name)
    if field is None:
        return f"{shown}: no such setting. {known_names(name, fields)} It comes from the {origin.words}."
    meaning = f" {field.description}" if field.description else ""
    if error["type"] == "missing":
        return f"{shown}: is missing. Set it as {origin.assignment}VALUE.{meaning}"
    facts = _facts(model, name)
    value = "***" if facts.get("writeOnly") else cut(error["input"])
    wrong = _own_words(error) or _wrong(error, facts if len(path) == 1 else {}) + _example(field, origin)
    return f"{shown} = {value} ({origin.words}): {wrong}.{meaning}"


def expectation(error: Any, table: str = "a table") -> str:
    """What is wrong with the value that a finding is about, as "expected a whole number".

    Args:
        error: One of ``ValidationError.errors()``.
        table: What a table is called where the value is written.
    """
    kind, _, fault = error["type"].partition("_")
    if kind in _KINDS and fault in ("type", "parsing", "from_float", "number"):
        return f"expected {table if kind in _TABLES else _KINDS[kind]}"
    template = _EXPECTED.get(error["type"])
    if template is not None:
        return template.format(**error.get("ctx", {}))
    return _own_words(error) or str(error["msg"])


def true_findings(error: ValidationError) -> list[Any]:
    """The findings, without those that merely follow from others.

    When an entry of a list is wrong pydantic leaves it out, and may then find the list too short.
    """
    findings = error.errors()
    places = [f["loc"] for f in findings]
    return [
        f
        for f in findings
        if f["type"] != "too_short"
        or not any(len(p) > len(f["loc"]) and p[: len(f["loc"])] == f["loc"] for p in places)
    ]


def _own_words(error: Any) -> str:
    """What a check of ours or of a plugin says; empty when it is a finding of pydantic's."""
    return str(error["msg"]).partition(", ")[2].rstrip(".") if error["type"] in _OWN_WORDS else ""


def _wrong(error: Any, facts: Mapping[str, Any]) -> str:
    variants = [v for v in facts.get("anyOf", [facts]) if v.get("type") != "null"]
    expected = [_expected(v) for v in variants]
    return f"expected {' or '.join(expected)}" if expected and all(expected) else expectation(error)


def _facts(model: type[BaseModel], name: str) -> Mapping[str, Any]:
    """The setting's JSON schema; empty where a plugin's type has none."""
    try:
        facts: Mapping[str, Any] = model.model_json_schema()["properties"][name]
    except (PydanticUserError, KeyError):
        return {}
    return facts


def _expected(facts: Mapping[str, Any]) -> str:
    """What may stand there; empty when only pydantic can say."""
    if "enum" in facts or "const" in facts:
        *others, last = map(repr, facts.get("enum", [facts.get("const")]))
        return f"{', '.join(others)} or {last}" if others else last
    match facts.get("type"):
        case "integer":
            return f"a whole number{_range(facts)}"
        case "number":
            return f"a number{_range(facts)}"
        case "boolean":
            return "true or false"
        case "string" if not facts.keys() & {"minLength", "maxLength"}:
            return (
                "text of another form" if "pattern" in facts else "a path" if facts.get("format") == "path" else "text"
            )
        case "array":
            return "a list"
        case "object":
            return "a table"
    return ""


def _range(facts: Mapping[str, Any]) -> str:
    low, high = facts.get("minimum"), facts.get("maximum")
    if low is not None and high is not None:
        return f" from {low} to {high}"
    words = {"minimum": "from", "exclusiveMinimum": "above", "maximum": "up to", "exclusiveMaximum": "below"}
    limits = [f"{word} {facts[key]}" for key, word in words.items() if facts.get(key) is not None]
    return f" {' and '.join(limits)}" if limits else ""


def _example(field: FieldInfo, origin: Origin) -> str:
    value = (field.examples or [field.get_default(call_default_factory=True)])[0]
    if value is None or str(value) in ("PydanticUndefined", "()", "{}", "[]"):
        return ""
    return f", as in {origin.assignment}{_toml(value) if origin.toml else _plain(value)}"


def _toml(value: object) -> str:
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, (str, Path)):
        return f'"{value}"'
    if isinstance(value, Sequence):
        return f"[{', '.join(_toml(v) for v in value)}]"
    if isinstance(value, Mapping):
        return f"{{ {', '.join(f'{name} = {_toml(v)}' for name, v in value.items())} }}"
    return str(value)


def _plain(value: object) -> str:
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, Mapping):
        return ",".join(f"{name}={v}" for name, v in value.items())
    return ",".join(map(str, value)) if isinstance(value, (list, tuple)) else str(value)
