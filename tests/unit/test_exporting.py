"""Exports: what stands in each kind of file and in the manifest, and that importing one gives the same people."""

from __future__ import annotations

import csv
import hashlib
import io
import json
import os
import zipfile
from collections.abc import Iterator
from pathlib import Path

import pytest
from click.testing import CliRunner
from flask.testing import FlaskClient

import homes
from techfinder.app import create_app
from techfinder.cli import cli
from techfinder.errors import CursorExpired, QueryError, SourceError
from techfinder.finder import Finder
from techfinder.models import Profile
from techfinder.plan import Condition, QueryPlan, Sort
from techfinder.rows import RowReader
from techfinder.testing.fakes import HashEncoder, ListSource

PEOPLE = 1_300
EVERYBODY = QueryPlan()


@pytest.fixture(scope="module")
def finder(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Finder]:
    """A finder over more people than one batch holds."""
    finder = homes.open_home(tmp_path_factory.mktemp("export"), HashEncoder().entry())
    homes.index(finder, f"synthetic:n={PEOPLE},seed=11")
    finder.load_encoder()
    yield finder
    finder.close()


@pytest.fixture
def client(finder: Finder) -> FlaskClient:
    return create_app(finder=finder).test_client()


def exported(finder: Finder, plan: QueryPlan, kind: str, most: int | None = None) -> str:
    return b"".join(finder.export(plan, kind, most=most).chunks()).decode()


def ids_of(finder: Finder, plan: QueryPlan) -> list[str]:
    return [h.profile.id for h in finder.search(plan.model_copy(update={"limit": 1000})).hits]


# --- re-import ------------------------------------------------------------------------------------

ODD = (
    "=1+1",
    "@SUM(A1)",
    "'=x",
    "+49",
    "-2+3",
    "a;=b",
    'he said "-1"',
    "line\nend",
    "O'Hara",
    "a,b\\",
    "\uff1d1",
    "a|@b",
)


def odd_rows() -> list[dict[str, object]]:
    """People whose ids and texts are formulas, and worse."""
    return [
        {
            "user_id": odd if odd.isprintable() else f"P{n}",
            "age": 20 + n,
            "job_sector": odd,
            "location": f"{odd}, TX",
            "annual_income": n * 1000.25,
            "preferred_platforms": [odd, "TikTok", f"{odd},x"],
            "interests": [odd],
            "smartphone_preferred_product": odd,
            "smartphone_adopted_on": "2024-05-31",
            "laptop_preferred_product": "None",
        }
        for n, odd in enumerate(ODD)
    ]


@pytest.mark.parametrize("kind", ["csv", "jsonl"])
@pytest.mark.parametrize("people", ["odd", pytest.param("synthetic:n=300,seed=3", marks=pytest.mark.slow)])
def test_importing_an_export_gives_the_same_people(tmp_path: Path, kind: str, people: str) -> None:
    first = homes.open_home(tmp_path / "a", HashEncoder().entry())
    homes.index(first, ListSource(odd_rows()) if people == "odd" else people)
    file = tmp_path / f"people.{kind}"
    file.write_bytes(b"".join(first.export(EVERYBODY, kind).chunks()))
    second = homes.open_home(tmp_path / "b", HashEncoder().entry())
    progress, rejects = homes.index(second, str(file))
    assert rejects is None
    assert progress.rejected == 0
    assert second.generation().points == first.generation().points > 0
    assert second.generation().digest == first.generation().digest
    first.close()
    second.close()


def test_no_text_cell_of_a_csv_begins_a_formula(tmp_path: Path) -> None:
    finder = homes.open_home(tmp_path, HashEncoder().entry())
    homes.index(finder, ListSource(odd_rows()))
    cells = [c for row in csv.reader(io.StringIO(exported(finder, EVERYBODY, "csv"))) for c in row]
    assert not [c for c in cells if c[:1] in tuple("=+-@\t\r\uff1d\uff0b\uff0d\uff20") and c]
    assert "'=1+1" in cells
    finder.close()


# --- what is in the files ---------------------------------------------------------------------------


def test_a_csv_holds_everybody_found_in_their_order(finder: Finder) -> None:
    plan = QueryPlan(conditions=(Condition(field="age", op="range", lt=60),), sort=(Sort(field="annual_income"),))
    rows = list(csv.DictReader(io.StringIO(exported(finder, plan, "csv"))))
    assert [r["user_id"] for r in rows] == ids_of(finder, plan)
    assert 500 < len(rows) < PEOPLE
    reader = RowReader(finder.schema, list(rows[0]))
    assert reader.unknown_columns == ()


@pytest.mark.parametrize(
    "plan",
    [
        EVERYBODY,
        QueryPlan(meaning="gaming and music"),
        QueryPlan(
            conditions=(Condition(field="adopter_category", op="any_of", values=("Innovator",), required=False),)
        ),
    ],
)
def test_everybody_comes_once_over_several_batches(finder: Finder, plan: QueryPlan) -> None:
    found = exported(finder, plan, "ids").splitlines()
    assert len(found) == len(set(found)) == PEOPLE
    exact, _ = finder.page(plan.model_copy(update={"limit": 1000}), "*", names=())
    assert found[:1000] == [h.profile.id for h in exact.result.hits]


def test_json_lines_have_their_own_types(finder: Finder) -> None:
    lines = [json.loads(line) for line in exported(finder, EVERYBODY, "jsonl").splitlines()]
    first: dict[str, object] = lines[0]
    found = finder.profile(str(first["user_id"]))
    assert isinstance(found, Profile)
    assert first["age"] == found.values["age"]
    assert first["preferred_platforms"] == list(found.values["preferred_platforms"])  # type: ignore[arg-type]
    assert None not in first.values()


def test_only_as_many_as_asked_for(finder: Finder) -> None:
    assert len(exported(finder, EVERYBODY, "ids", most=7).splitlines()) == 7
    assert len(exported(finder, EVERYBODY, "ids", most=1_100).splitlines()) == 1_100


def test_people_by_likeness_are_exported_in_their_order(finder: Finder) -> None:
    plan = QueryPlan(like=("TU0001",))
    found = exported(finder, plan, "ids").splitlines()
    assert found[:1000] == ids_of(finder, plan)
    assert len(found) == PEOPLE - 1
    assert "TU0001" not in found


def test_an_unknown_kind_is_refused(finder: Finder) -> None:
    with pytest.raises(QueryError, match="csv, jsonl, ids"):
        finder.export(EVERYBODY, "xlsx")


def test_nobody_is_a_header_alone(finder: Finder) -> None:
    nobody = QueryPlan(conditions=(Condition(field="age", op="range", gt=200),))
    assert exported(finder, nobody, "csv").count("\n") == 1
    assert exported(finder, nobody, "ids") == ""


# --- the manifest -----------------------------------------------------------------------------------


def test_a_zip_holds_the_file_and_a_manifest_that_describes_it(client: FlaskClient, finder: Finder) -> None:
    answer = client.get("/api/v1/export/csv.zip?q=innovators")
    assert answer.mimetype == "application/zip"
    assert "people.csv.zip" in answer.headers["Content-Disposition"]
    with zipfile.ZipFile(io.BytesIO(answer.data)) as packed:
        assert packed.testzip() is None
        assert packed.namelist() == ["people.csv", "manifest.json"]
        file, told = packed.read("people.csv"), json.loads(packed.read("manifest.json"))
    plan, live = finder.plan("innovators"), finder.generation()
    assert told["sha256"] == hashlib.sha256(file).hexdigest()
    assert told["bytes"] == len(file)
    assert told["count"] == told["total"] == len(list(csv.reader(io.StringIO(file.decode())))) - 1
    assert QueryPlan.model_validate(told["plan"]).conditions == plan.conditions
    assert (told["generation"], told["digest"], told["encoder"]) == (live.number, live.digest, live.encoder)
    assert told["columns"] == next(csv.reader(io.StringIO(file.decode())))


@pytest.mark.slow
def test_an_export_that_breaks_off_is_no_zip(tmp_path: Path) -> None:
    finder = homes.open_home(tmp_path, HashEncoder().entry())
    homes.index(finder, "synthetic:n=1500,seed=5")
    parts = finder.export(EVERYBODY, "csv").bundle()
    begun = [next(parts), next(parts)]
    homes.index(finder, "synthetic:n=10,seed=6")
    with pytest.raises(CursorExpired):
        begun.extend(parts)
    with pytest.raises(zipfile.BadZipFile):
        zipfile.ZipFile(io.BytesIO(b"".join(begun)))
    finder.close()


# --- the API and the command ---------------------------------------------------------------------------


def test_the_api_exports_by_address_and_by_plan(client: FlaskClient) -> None:
    by_address = client.get("/api/v1/export/ids?adopter_category=Innovator&limit=5").text.splitlines()
    condition = {"field": "adopter_category", "op": "any_of", "values": ["Innovator"]}
    answer = client.post("/api/v1/export/ids", json={"conditions": [condition], "most": 5})
    assert answer.text.splitlines() == by_address
    assert len(by_address) == 5
    assert client.get("/api/v1/export/csv").mimetype == "text/csv"


@pytest.mark.parametrize(
    ("address", "said"),
    [
        ("/api/v1/export/xlsx", "no export 'xlsx'"),
        ("/api/v1/export/csv?limit=0", "limit"),
        ("/api/v1/export/csv?nonsense=1", "No filter is named 'nonsense'"),
    ],
)
def test_what_cannot_be_exported_is_told_before_anything_is_sent(client: FlaskClient, address: str, said: str) -> None:
    answer = client.get(address)
    assert answer.status_code == 400
    assert said in answer.json["detail"]


def test_the_command_writes_a_file_with_its_manifest_beside_it(
    finder: Finder, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("TECHFINDER_HOME", str(finder.settings.home))
    file = tmp_path / "texas.csv"
    done = CliRunner().invoke(cli, ["export", "--filter", "location_state=TX", "-o", str(file)])
    assert done.exit_code == 0, done.output
    told = json.loads((tmp_path / "texas.csv.manifest.json").read_text())
    assert told["file"] == "texas.csv"
    assert told["sha256"] == hashlib.sha256(file.read_bytes()).hexdigest()
    assert {r["location_state"] for r in csv.DictReader(io.StringIO(file.read_text()))} == {"TX"}
    assert sorted(p.name for p in tmp_path.iterdir()) == ["texas.csv", "texas.csv.manifest.json"]


def test_the_command_follows_links_makes_folders_and_leaves_pipes_alone(
    finder: Finder, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("TECHFINDER_HOME", str(finder.settings.home))
    link, pipe, deep = tmp_path / "link.csv", tmp_path / "pipe.csv", tmp_path / "a" / "b" / "deep.csv"
    link.symlink_to("target.csv")
    os.mkfifo(pipe)
    for output in (link, deep):
        done = CliRunner().invoke(cli, ["export", "--limit", "2", "-o", str(output)])
        assert done.exit_code == 0, done.output
        assert len(output.read_text().splitlines()) == 3
        assert output.resolve().with_name(f"{output.resolve().name}.manifest.json").is_file()
    assert link.is_symlink()
    refused = CliRunner().invoke(cli, ["export", "--limit", "2", "-o", str(pipe)])
    assert isinstance(refused.exception, SourceError)
    assert "is a device or a pipe. Name a file." in str(refused.exception)
    assert pipe.is_fifo()


def test_the_command_writes_ids_to_standard_output(finder: Finder, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TECHFINDER_HOME", str(finder.settings.home))
    done = CliRunner().invoke(cli, ["export", "--format", "ids", "--limit", "3"])
    assert done.stdout.splitlines() == ["TU0001", "TU0002", "TU0003"]
    refused = CliRunner().invoke(cli, ["export", "-o", "people.xlsx"])
    assert isinstance(refused.exception, QueryError)
