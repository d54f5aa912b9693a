"""What a schema file means, and what it is refused for."""

import re
from pathlib import Path

import pytest

from techfinder.errors import QueryError, SchemaError
from techfinder.models import Profile
from techfinder.plan import AnyOf, Condition, QueryPlan, Sort
from techfinder.schema import Schema, load_schema

SMALL = """
name = "companies"
id = "company"
[[field]]
name = "employees"
kind = "integer"
label = "Employees"
min = 1
buckets = [1, 100]
[[field]]
name = "maturity"
kind = "scale"
label = "AI maturity"
values = ["None yet", "Pilot", "Scaled"]
text = "AI maturity {value}"
[[field]]
name = "renewal"
kind = "date"
label = "Renewal"
[[field]]
name = "tools"
kind = "tags"
label = "Tools"
text = "uses {value}"
[[field]]
name = "site"
kind = "place"
label = "Site"
[[field]]
name = "crm"
kind = "adoption"
label = "CRM"
"""


@pytest.fixture
def small(tmp_path: Path) -> Schema:
    return write(tmp_path, SMALL)


def write(folder: Path, text: str) -> Schema:
    path = folder / "schema.toml"
    path.write_text(text, encoding="utf-8")
    return load_schema(path)


def test_fields_become_flat_attributes(small: Schema) -> None:
    storage = {a.key: a.storage for a in small.attributes.values()}
    assert storage == {
        "employees": "integer",
        "employees_bucket": "integer",
        "maturity": "keyword",
        "maturity_level": "integer",
        "renewal": "keyword",
        "renewal_day": "integer",
        "tools": "keywords",
        "tools_count": "integer",
        "site": "keyword",
        "site_city": "keyword",
        "site_state": "keyword",
        "crm_uses": "keyword",
        "crm_product": "keyword",
        "crm_months": "integer",
        "crm_adopted_on": "keyword",
        "crm_adopted_on_day": "integer",
    }


def test_the_shipped_schema_reads_the_original_columns() -> None:
    schema = load_schema()
    original = [
        "user_id",
        "age",
        "gender",
        "location",
        "education",
        "job_sector",
        "annual_income",
        "adopter_category",
        "tech_interest",
        "budget_category",
        "technical_proficiency",
        "preferred_platforms",
        "primary_purchasing_factor",
        "secondary_purchasing_factor",
        "persona",
        "apple_loyalty",
        "samsung_loyalty",
    ]
    original += [
        f"{c}_{part}"
        for c in ("smartphone", "laptop", "smarthome", "wearable", "vrar")
        for part in ("adoption_timing", "preferred_product")
    ]
    assert len(original) == 27
    assert set(original) <= {schema.id, *schema.columns}


def test_text_leaves_out_what_is_missing(small: Schema) -> None:
    profile = Profile("a", {"maturity": "Pilot", "crm_uses": "yes", "crm_months": 3, "tools": ("Git", "Jira")})
    assert small.text(profile) == "AI maturity Pilot. uses Git, Jira. uses CRM, adopts 3 months after release"
    assert small.text(Profile("b", {"crm_uses": "no"})) == "does not use CRM"
    assert small.text(Profile("c", {})) == ""


def test_template_changes_with_wording_only(small: Schema, tmp_path: Path) -> None:
    assert write(tmp_path, SMALL.replace("uses {value}", "has {value}")).template != small.template
    assert write(tmp_path, SMALL.replace("min = 1", "min = 1\nmax = 9000")).template == small.template


@pytest.mark.parametrize(
    ("op", "level", "expected"),
    [
        ("at_least", "Pilot", ("Pilot", "Scaled")),
        ("at_most", "Pilot", ("None yet", "Pilot")),
        ("at_least", "Scaled", ("Scaled",)),
    ],
)
def test_levels_are_spelt_out(small: Schema, op: str, level: str, expected: tuple[str, ...]) -> None:
    condition = Condition.model_validate({"field": "maturity", "op": op, "values": [level]})
    (resolved,) = small.resolve([condition])
    assert isinstance(resolved, Condition)
    assert (resolved.op, resolved.values) == ("any_of", expected)


def test_date_ranges_ask_for_days(small: Schema) -> None:
    group = AnyOf(conditions=(Condition(field="renewal", op="range", gte=19000),))
    (resolved,) = small.resolve([group])
    assert isinstance(resolved, AnyOf)
    assert resolved.conditions[0].field == "renewal_day"


@pytest.mark.parametrize(
    ("condition", "message"),
    [
        ({"field": "maturty", "op": "present"}, "Did you mean 'maturity'"),
        ({"field": "maturity", "op": "at_least", "values": ["Piloting"]}, "is not a level of maturity"),
        ({"field": "tools", "op": "at_least", "values": ["Git"]}, "has no order"),
        ({"field": "tools", "op": "range", "gte": 1}, "is not a number"),
        ({"field": "employees", "op": "any_of", "values": ["many"]}, "is not a number"),
    ],
)
def test_plans_can_only_name_what_exists(small: Schema, condition: dict[str, object], message: str) -> None:
    plan = QueryPlan(conditions=(Condition.model_validate(condition),))
    with pytest.raises(QueryError, match=message):
        small.check(plan)


def test_scales_are_sorted_by_their_levels(small: Schema) -> None:
    assert [s.field for s in small.resolve_sort([Sort(field="maturity"), Sort(field="renewal")])] == [
        "maturity_level",
        "renewal",
    ]
    with pytest.raises(QueryError, match="Try tools_count"):
        small.resolve_sort([Sort(field="tools")])


def test_sorting_names_what_exists(small: Schema) -> None:
    with pytest.raises(QueryError, match="No field 'size'"):
        small.check(QueryPlan(sort=(Sort(field="size"),)))


@pytest.mark.parametrize(
    ("old", "new", "message"),
    [
        ('kind = "scale"', 'kind = "ladder"', r"field 2 \(maturity\): kind"),
        ('values = ["None yet", "Pilot", "Scaled"]', 'values = ["One"]', "at least two values"),
        ('["None yet", "Pilot", "Scaled"]', '["Pilot", "pilot"]', "values must differ"),
        ("buckets = [1, 100]", "buckets = [100, 1]", "ascending"),
        ("buckets = [1, 100]", "buckets = [10, 100]", "the first bucket must not be above min"),
        ('name = "tools"', 'name = "limit"', "taken by the address of a search"),
        ('name = "tools"', f'name = "{"t" * 62}"', "longer than 64 characters"),
        ('name = "tools"', 'name = "maturity"', "same name"),
        ('name = "tools"', 'name = "site_city"', "both make the key"),
        ('text = "uses {value}"', 'text = "uses tools"', "must contain {value}"),
        ('label = "Site"', 'label = "Site"\ncolour = "red"', r"field 5 \(site\): colour"),
        ('id = "company"', "", "id: is missing"),
        ("min = 1", "min = nan", "field 1"),
        ("min = 1", "min = 1\nmax = 0", "min 1 is above max 0"),
        ('name = "tools"', 'name = "tools"\nseparator = ""', "tags need a separator"),
        ('label = "Site"', 'label = "Site"\nbrand = "Apple"', "a brand goes with an integer or number"),
        ('label = "Site"', 'label = "Site"\nsynonyms = [" "]', "synonyms must be words"),
        ("[[field]]", "[[field", "cannot be read"),
    ],
)
def test_wrong_files_are_refused_with_the_place(tmp_path: Path, old: str, new: str, message: str) -> None:
    with pytest.raises(SchemaError, match=message):
        write(tmp_path, SMALL.replace(old, new, 1))


@pytest.mark.parametrize(
    ("old", "new", "lines"),
    [
        ("min = 1", 'min = "x"', ["field 1 (employees): min: expected a number, got 'x'"]),
        ("min = 1", "max = inf", ["field 1 (employees): max: expected a finite number, got inf"]),
        ("[1, 100]", '[1, "z"]', ["field 1 (employees): buckets.1: expected a whole number, got 'z'"]),
        ('"None yet", "Pilot"', "3", ["field 2 (maturity): values.0: expected a table, got 3"]),
        ('label = "CRM"', 'label = ""', ["field 6 (crm): label: expected text that is not empty, got ''"]),
        (
            'name = "crm"',
            'name = "The CRM"',
            ["field 6 (The CRM): name: expected lower-case letters, digits and _, a letter first, at most 63 in all"],
        ),
        ('label = "Site"', 'label = "S"\nlabels = 1', ["field 5 (site): labels: no such key. Did you mean 'label'?"]),
        ('id = "company"', 'id = "company"\nfields = 3', ["fields: no such key. Did you mean 'field'?"]),
        ('"None yet"', '{name = "a", brands = 1}', ["field 2 (maturity): values.0.brands: no such key. Did you mean"]),
        (
            "\nkind",
            "\nkinds",
            [
                "field 1 (employees): kind: is missing",
                "field 1 (employees): kinds: no such key. Did you mean 'kind'?",
            ],
        ),
        (
            'text = "AI maturity {value}"',
            'text = "AI"\n[[field]]\nname = "x"\nkind = "scale"\nlabel = "X"',
            [
                "field 2 (maturity): text must contain {value}",
                "field 3 (x): a scale needs at least two values, from low to high",
            ],
        ),
    ],
)
def test_only_what_is_really_wrong_is_said(tmp_path: Path, old: str, new: str, lines: list[str]) -> None:
    with pytest.raises(SchemaError) as caught:
        write(tmp_path, SMALL.replace(old, new, 1))
    _, *said = str(caught.value).splitlines()
    assert len(said) == len(lines)
    assert all(s.strip().startswith(line) for s, line in zip(said, lines, strict=True))


@pytest.mark.parametrize(
    ("fields", "line"),
    [("field = []", "field: expected at least 1, got []"), ("field = 3", "field: expected a list, got 3")],
)
def test_a_schema_without_fields(tmp_path: Path, fields: str, line: str) -> None:
    with pytest.raises(SchemaError, match=re.escape(f":\n  {line}")):
        write(tmp_path, f'name = "x"\nid = "y"\n{fields}\n')


def test_a_file_nested_without_end_is_refused(tmp_path: Path) -> None:
    with pytest.raises(SchemaError, match="cannot be read"):
        write(tmp_path, "a = " + "[" * 100_000)


def test_a_missing_file_is_named(tmp_path: Path) -> None:
    with pytest.raises(SchemaError, match=r"nowhere\.toml does not exist"):
        load_schema(tmp_path / "nowhere.toml")
