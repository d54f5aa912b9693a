"""docs/schema.md names every key and every kind that a schema file knows, and its example is right."""

from __future__ import annotations

import re
from pathlib import Path
from typing import get_args

import pytest

from techfinder.schema import Schema, SchemaField, load_schema

PAGE = (Path(__file__).resolve().parents[2] / "docs" / "schema.md").read_text(encoding="utf-8")


def first_column(heading: str) -> set[str]:
    section = PAGE.split(f"## {heading}\n")[1].split("\n## ")[0]
    cells = re.findall(r"^\| (`.*?) \|", section, re.MULTILINE)
    return {name for cell in cells for name in re.findall(r"`\[*([a-z_]+)\]*`", cell)}


@pytest.mark.parametrize(("heading", "model"), [("The file", Schema), ("A field", SchemaField)])
def test_every_key_is_described(heading: str, model: type[Schema] | type[SchemaField]) -> None:
    keys = {field.alias or name for name, field in model.model_fields.items()}

    assert first_column(heading) == keys


def test_every_kind_is_described() -> None:
    kinds = get_args(SchemaField.model_fields["kind"].annotation)

    assert first_column("The kinds") == set(kinds)


def test_the_example_is_a_field(tmp_path: Path) -> None:
    example = PAGE.split("```toml\n")[1].split("```")[0]
    file = tmp_path / "crm.toml"
    file.write_text(f'name = "crm"\nid = "id"\n{example}')

    assert [f.name for f in load_schema(file).fields] == ["crm"]
