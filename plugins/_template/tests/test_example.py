"""The example does what its README says, through the real plugin host."""

from __future__ import annotations

import tomllib
from collections.abc import Mapping
from importlib import import_module
from pathlib import Path

import pytest

import techfinder_example
from techfinder import FilterEntry, QueryError, Schema, Settings, SourceEntry, SourceError, load_schema
from techfinder.plugins import Plugins

PEOPLE = """
[ann]
user_id = ann
age = 25

[bob]
user_id = bob
location = Austin, TX
"""


@pytest.fixture
def plugins(techfinder_settings: Settings) -> Plugins:
    return Plugins.load(techfinder_settings, discover=False, extra=[("example", techfinder_example)])


@pytest.fixture
def source(plugins: Plugins) -> SourceEntry:
    return plugins.sources()["ini"]


@pytest.fixture
def filters(plugins: Plugins) -> Mapping[str, FilterEntry]:
    return plugins.filters(load_schema())


def test_it_loads_without_complaint(plugins: Plugins) -> None:
    assert plugins.failures == ()
    info = plugins.describe()[-1]
    assert (info.name, info.hooks) == ("example", ("register_filters", "register_sources"))


def test_the_metadata_names_the_module() -> None:
    text = Path(__file__).resolve().parents[1].joinpath("pyproject.toml").read_text(encoding="utf-8")
    points = tomllib.loads(text)["project"]["entry-points"]["techfinder"]
    assert [import_module(module) for module in points.values()] == [techfinder_example]


def test_a_section_is_a_row(source: SourceEntry, tmp_path: Path) -> None:
    file = tmp_path / "people.ini"
    file.write_text(PEOPLE, encoding="utf-8")
    opened = source.load(str(file))
    assert opened.columns() == ("user_id", "age", "location")
    assert opened.count() == 2
    assert [(r.number, r.values) for r in opened.rows()] == [  # type: ignore[union-attr]
        (1, {"user_id": "ann", "age": "25"}),
        (2, {"user_id": "bob", "location": "Austin, TX"}),
    ]


@pytest.mark.parametrize("content", [b"", b"[empty]\n", b"no section = 1\n", b"[a]\nx = \xff\n", b"[a]\n[a]\n"])
def test_a_file_without_people_is_refused(content: bytes, source: SourceEntry, tmp_path: Path) -> None:
    file = tmp_path / "people.ini"
    file.write_bytes(content)
    with pytest.raises(SourceError, match=r"people\.ini"):
        source.load(str(file))


def test_a_file_that_is_not_there_is_refused(source: SourceEntry) -> None:
    with pytest.raises(SourceError, match=r"nowhere\.ini cannot be read"):
        source.load("nowhere.ini")


@pytest.mark.parametrize(
    ("value", "low", "high"), [("young", None, 30), ("Middle (30 to 59)", 30, 60), ("OLD", 60, None)]
)
def test_a_stage_of_life_is_a_range_of_age(
    value: str, low: float | None, high: float | None, filters: Mapping[str, FilterEntry]
) -> None:
    (clause,) = filters["life_stage"].load().clauses([value])
    found = clause.model_dump()
    assert (found["field"], found["gte"], found["lt"], found["origin"]) == ("age", low, high, "life_stage")


def test_an_unknown_stage_is_refused(filters: Mapping[str, FilterEntry]) -> None:
    with pytest.raises(QueryError, match="Did you mean 'young'"):
        filters["life_stage"].load().clauses(["yung"])


def test_a_schema_without_age_has_no_such_filter() -> None:
    other = Schema.model_validate({"name": "x", "id": "id", "field": [{"name": "x", "kind": "text", "label": "X"}]})
    assert techfinder_example.register_filters(other) == []
