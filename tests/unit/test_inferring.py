"""Schemas drafted from tables: they load, and the guesses are those a person would make."""

from __future__ import annotations

import tomllib
from pathlib import Path

import pytest

import commands
from techfinder.errors import SourceError
from techfinder.inferring import draft_schema, look_at
from techfinder.schema import Schema, load_schema

ROOT = Path(__file__).resolve().parents[2]
ROWS = [
    {
        "Company ID": f"C{n}",
        "Employees": str(20 * n),
        "revenue": f"{n * 1.5e6 + 0.5}",
        "Industry": ("Retail", "Health", "Energy")[n % 3],
        "cloud_provider": ("AWS", "Azure", "N/A", "GCP")[n % 4],
        "AI maturity": ("Scaling", "none", "Exploring", "Piloting")[n % 4],
        "uses_kubernetes": ("true", "FALSE")[n % 2],
        "renewal": f"2027-01-{n % 28 + 1:02}",
        "tools": "Slack; Jira" if n % 2 else "Zoom; Slack",
        "headquarters": "Austin, TX",
        "about": f'They "make" things number {n} and sell them all over the world, mostly to people with long beards.',
        "empty": "",
    }
    for n in range(100)
]


def drafted(rows: list[dict[str, str]] = ROWS) -> Schema:
    return Schema.model_validate(tomllib.loads(draft_schema("Our Companies", look_at(list(rows[0]), rows))))


def test_kinds_are_those_a_person_would_choose() -> None:
    made = drafted()
    assert (made.name, made.id, made.subject, made.ignore_columns) == (
        "our-companies",
        "Company ID",
        ("our company", "our companies"),
        ("empty",),
    )
    assert made.missing == ("", "N/A")
    kinds = {f.name: f.kind for f in made.fields}
    assert kinds == {
        "employees": "integer",
        "revenue": "number",
        "industry": "category",
        "cloud_provider": "category",
        "ai_maturity": "scale",
        "uses_kubernetes": "boolean",
        "renewal": "date",
        "tools": "tags",
        "headquarters": "place",
        "about": "text",
    }
    assert [v.name for v in made.field("ai_maturity").values] == ["none", "Exploring", "Piloting", "Scaling"]
    assert (made.field("revenue").unit, made.field("tools").separator) == ("USD", ";")
    assert made.field("ai_maturity").column("value") == "AI maturity"


def test_every_guess_is_marked_with_its_reason() -> None:
    lines = draft_schema("x", look_at(list(ROWS[0]), ROWS)).splitlines()
    assert all("# guess: " in line for line in lines if line.startswith("kind = "))
    assert any("25% of the rows have none" in line for line in lines)


@pytest.mark.parametrize(
    ("rows", "message"),
    [
        ([], "no rows"),
        ([{"a": "1"}, {"a": "1"}], "value of its own in every row"),
        ([{"id": "1", "b": ""}], "no column besides the ids"),
    ],
)
def test_tables_that_give_no_schema(rows: list[dict[str, str]], message: str) -> None:
    with pytest.raises(SourceError, match=message):
        draft_schema("x", look_at(list(rows[0]) if rows else ["a"], rows))


def test_odd_names_and_values_make_valid_toml() -> None:
    rows = [{"id": str(n), "1st": 'a"b\\', "Ünï côde": "\x7f☃", "A b": "x", "a_b": "y"} for n in range(3)]
    made = drafted(rows)
    assert [f.name for f in made.fields] == ["f_1st", "uni_code", "a_b", "a_b_2"]
    assert made.field("f_1st").values[0].name == 'a"b\\'


@pytest.mark.slow
def test_a_draft_can_be_indexed_and_searched_as_it_is(tmp_path: Path) -> None:
    file = tmp_path / "drafted.toml"
    done = commands.run(tmp_path, "schema", "infer", str(ROOT / "data" / "people.csv"), "-o", str(file))
    assert done.returncode == 0, done.stderr
    assert load_schema(file).field("education").kind == "scale"
    again = commands.run(tmp_path, "schema", "infer", str(ROOT / "data" / "people.csv"), "-o", str(file))
    assert (again.returncode, "exists already" in again.stderr) == (1, True)
    indexed = commands.run(tmp_path, "index", str(ROOT / "data" / "people.csv"), schema_file=str(file))
    assert "1,000 encoded" in indexed.stderr + indexed.stdout
    found = commands.run_json(tmp_path, "search", "women with a high budget category in Texas", schema_file=str(file))
    assert [c["field"] for c in found["plan"]["conditions"]] == ["budget_category", "location_state"]


def test_names_that_clash_are_changed_so_that_the_draft_loads() -> None:
    names = ("limit", "q", "sort", "loc", "loc_city", "tools", "tools_count", "Age", "age", "generated_rows")
    rows = [{"id": f"c{n}", **dict.fromkeys(names, str(n)), "loc": "Austin, TX", "tools": "a; b"} for n in range(30)]
    made = drafted(rows)
    assert [f.columns.get("value", f.name) for f in made.fields] == list(names)
    assert made.field("generated_rows").unit == ""
    assert made.field("age").unit == "years"


@pytest.mark.parametrize(
    ("cells", "kind", "told"),
    [
        (["1,000", "2,345", "1,200,000"], "category", "write '1,000' as 1000"),
        (["1\u202f000", "2\u202f345"], "category", "as 1000"),
        (["$20,000.50", "$7"], "category", "write '$20,000.50' as 20000.50"),
        (["1.000,5", "22.345,75"], "category", "write '1.000,5' as 1000.5"),
        (["USD 3", "USD 4,000"], "category", "as 3"),
        (["12%", "-9 %"], "category", "write '12%' as 12"),
        (["12", "7.5", "3", "high"], "category", "they are numbers but for 'high'"),
        (["1.000", "2.345"], "number", "if '1.000' means thousands, write 1000"),
        (["1.5", "2.345"], "number", "from 1.5 to 2.345"),
        (["01/20/2024", "02/21/2024"], "category", "write them as 2026-01-31, not '01/20/2024'"),
        (["20.01.2024", "1.2.24"], "category", "they look like dates"),
        (["2024-01-02", "2 Jan 2024", "March 5, 2024"], "category", "not '2 Jan 2024'"),
        (["2024-01-02", "2024-03-04"], "date", "from 2024-01-02 to 2024-03-04"),
        (["Y", "N"], "boolean", "yes and no only"),
        (["on", "off"], "boolean", "yes and no only"),
        (["A1", "22", "B7"], "category", "3 different values\n"),
        (["red", "red"], "category", "one value\n"),
    ],
)
def test_what_is_miswritten_is_told(cells: list[str], kind: str, told: str) -> None:
    rows = [{"id": f"c{n}", "cell": cells[n % len(cells)]} for n in range(12 * len(cells))]
    text = draft_schema("x", look_at(["id", "cell"], rows))
    assert Schema.model_validate(tomllib.loads(text)).field("cell").kind == kind
    assert told in text


def test_a_thousand_strings_are_a_text_and_an_empty_column_is_left_out() -> None:
    rows = [{"id": str(n), "name": f"Name {n}", "none": " "} for n in range(1000)]
    made = drafted(rows)
    assert (made.field("name").kind, made.ignore_columns) == ("text", ("none",))


def test_a_header_that_is_a_row_is_told() -> None:
    rows = [{"17": str(n), "2024-01-31": "2024-02-01", "Berlin": "Bern"} for n in range(9)]
    assert '# The header looks like a row ("17", "2024-01-31")' in draft_schema("x", look_at(list(rows[0]), rows))
    assert "looks like a row" not in draft_schema("x", look_at(list(ROWS[0]), ROWS))


@pytest.mark.parametrize(
    ("table", "code", "told"),
    [
        ("id,age,age\n1,2,3\n", 1, "columns 2 and 3 are both named 'age'"),
        ("id,,age\n1,2,3\n", 1, "column 2 of 3 has no name in the header"),
        ("id;age;city\n1;2;Bern\n", 1, "seems to be separated by ';'"),
        ("id,city\n1,K\u00f6ln\n", 1, "No row could be read; the first one is row 2, column 'city'"),
        ("id,a\n1,2\n2,3,4\n3,4\n", 0, "Left out 1 of 3 rows; the first one is row 3: 3 cells"),
    ],
)
def test_what_is_wrong_with_a_table_is_told(tmp_path: Path, table: str, code: int, told: str) -> None:
    file = tmp_path / "table.csv"
    file.write_text(table, encoding="latin-1")
    done = commands.run(tmp_path, "schema", "infer", str(file))
    assert (done.returncode, told in done.stderr) == (code, True), done.stderr
