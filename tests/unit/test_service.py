"""The service as an MLflow model: what it answers, what its artifact holds, and that MLflow loads and serves it."""

import json
import shutil
import tarfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner

import commands
from homes import index, open_home
from mlflow_process import MlflowProcess
from model_process import ModelProcess
from techfinder.cli import cli
from techfinder.errors import CollectionNotFound, QueryError, RegistryError, RegistryUnavailable
from techfinder.finder import Finder
from techfinder.plan import Condition, QueryPlan
from techfinder.registry.tracking import VARIABLE
from techfinder.service import MODEL, Asked, Packaged, Service, open_service, package
from techfinder.service.people import CARRIED, SNAPSHOT, unpack_people
from techfinder.testing.fakes import HashEncoder
from techfinder.weights import hash_file

PEOPLE = "synthetic:n=60,seed=3"


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Sixty people, and two versions in an MLflow of its own: without data, and with."""
    home = tmp_path_factory.mktemp("service") / "home"
    finder = open_home(home, HashEncoder().entry())
    index(finder, PEOPLE)
    assert [package(finder, with_data=carries).number for carries in (False, True)] == [1, 2]
    finder.close()
    return home


@pytest.fixture(scope="module")
def finder(home: Path) -> Iterator[Finder]:
    made = open_home(home, HashEncoder().entry())
    made.generation()
    yield made
    made.close()


@pytest.fixture(scope="module")
def service(finder: Finder) -> Service:
    finder.load_encoder()
    return Service(finder, lambda: None)


def artifact(home: Path, carries: bool) -> Path:
    """The logged folder of the version with or without people."""
    folders = [p.parent for p in (home / "mlflow" / "artifacts").rglob("MLmodel")]
    [found] = [p for p in folders if (p / SNAPSHOT).exists() is carries]
    return found


class TestAnswering:
    def test_many_questions_are_answered_as_searches_are(self, finder: Finder, service: Service) -> None:
        texts = ["innovators in Texas", "cheerful", "innovators in Texas"]
        rows = service.answer(texts, Asked(top_n=4))
        for number, text in enumerate(texts):
            result = finder.search(finder.plan(text, limit=4), wait_s=20, near=4)
            expected = [h.profile.id for h in (*result.hits, *result.near_misses)]
            own = [r for r in rows if r["query"] == number]
            assert [r["user_id"] for r in own] == expected
            scores = [h.score for h in (*result.hits, *result.near_misses)]
            assert [r["Similarity"] for r in own] == pytest.approx(scores, abs=1e-6)
        assert {(r["encoder"], r["generation"]) for r in rows} == {("hash@1+crc32/64", 1)}
        assert list(rows[0]) == ["query", "user_id", "User", "Similarity", "encoder", "generation"]

    def test_filters_hold_and_scores_can_be_left_out(self, finder: Finder, service: Service) -> None:
        rows = service.answer(["cheerful"], Asked(top_n=3, show_score=False, filters=("age=40..50",)))
        ages = [finder.profile(r["user_id"]).values["age"] for r in rows]  # type: ignore[union-attr]
        assert len(ages) == 3
        assert all(40 <= age <= 50 for age in ages)  # type: ignore[operator]
        assert "Similarity" not in rows[0]

    def test_an_explanation_tells_how_it_was_read_and_adds_up(self, service: Service) -> None:
        [row] = service.answer(["innovators"], Asked(top_n=1, explain=True))
        told = row["explanation"]
        assert [c["field"] for c in told["plan"]["conditions"]] == ["adopter_category"]
        assert sum(s["value"] for s in told["shares"]) == pytest.approx(row["Similarity"], abs=1e-5)
        assert told["fails"] == []

    def test_a_plan_takes_the_place_of_reading(self, finder: Finder, service: Service) -> None:
        plan = QueryPlan(conditions=(Condition(field="age", op="range", gte=50),))
        rows = service.answer(["innovators"], Asked(top_n=5, plan=plan.model_dump_json(), explain=True))
        assert {c["field"] for r in rows for c in r["explanation"]["plan"]["conditions"]} == {"age"}
        assert rows[0]["explanation"]["plan"]["meaning"] == "innovators"

    @pytest.mark.parametrize(
        ("params", "message"),
        [
            ({"top_n": 0}, "top_n is 0; expected 1 to 1,000"),
            ({"filters": ["age"]}, r"'age' is not NAME=VALUE, as in age=30\.\.40"),
            ({"filters": ["nothing=1"]}, "nothing"),
            ({"plan": "{"}, "no QueryPlan: it: Invalid JSON"),
            ({"plan": '{"limit": 0}'}, "no QueryPlan: limit"),
            ({"plan": '{"conditions": [{"field": "x", "op": "missing"}]}'}, "x"),
        ],
    )
    def test_what_cannot_be_asked_says_why(self, service: Service, params: dict[str, Any], message: str) -> None:
        with pytest.raises(QueryError, match=message):
            service.answer(["innovators"], Asked.of(params))

    def test_too_many_questions_are_refused(self, service: Service) -> None:
        with pytest.raises(QueryError, match="expected at most 1,000"):
            service.answer(["x"] * 1001, Asked())


class TestArtifact:
    def test_without_data_it_holds_no_profile(self, home: Path, finder: Finder) -> None:
        ids = [h.profile.id.encode() for h in finder.search(QueryPlan(limit=60)).hits]
        folder = artifact(home, carries=False)
        held = b"".join(p.read_bytes() for p in folder.rglob("*") if p.is_file())
        assert len(ids) == 60
        assert [i for i in ids if i in held] == []
        assert b"No profile and no vector of one is in here" in held
        assert str(home).encode() not in held

    def test_with_data_it_says_so_and_holds_everyone(self, home: Path, tmp_path: Path) -> None:
        folder = artifact(home, carries=True)
        assert "holds personal data**: 60 profiles" in (folder / "README.md").read_text()
        assert "field_roles: {}" in (folder / "MLmodel").read_text()  # it answers as the least role where it was made
        unpack_people(folder / SNAPSHOT, hash_file(folder / SNAPSHOT), tmp_path)
        carried = open_home(tmp_path, HashEncoder().entry())
        assert carried.generation().points == 60
        assert carried.store.verify("people") == []
        carried.close()

    def test_nothing_is_pickled(self, home: Path) -> None:
        for carries in (False, True):
            described = (artifact(home, carries) / "MLmodel").read_text()
            assert "model_code_path: model.py" in described
            assert "python_model" not in described
            assert not list(artifact(home, carries).rglob("*.pkl"))

    def test_the_same_again_adds_nothing(self, finder: Finder) -> None:
        again = [package(finder, with_data=carries) for carries in (False, True)]
        assert [(p.number, p.added, p.carries) for p in again] == [(1, False, 0), (2, False, 60)]

    @pytest.mark.parametrize(
        ("name", "kind"), [("../out", tarfile.REGTYPE), ("in", tarfile.SYMTYPE), ("in", tarfile.FIFOTYPE)]
    )
    def test_a_snapshot_writes_nowhere_else(self, tmp_path: Path, name: str, kind: bytes) -> None:
        into = tmp_path / "into"
        into.mkdir()
        with tarfile.open(tmp_path / SNAPSHOT, "w:gz") as packed:
            member = tarfile.TarInfo(name)
            member.type, member.linkname = kind, "../out"
            packed.addfile(member)
        with pytest.raises(RegistryError, match=r"holds .*, which it must not"):
            unpack_people(tmp_path / SNAPSHOT, hash_file(tmp_path / SNAPSHOT), into)
        assert not list(into.iterdir())
        assert not (tmp_path / "out").exists()

    def test_an_altered_snapshot_is_refused(self, home: Path, tmp_path: Path) -> None:
        copy = tmp_path / SNAPSHOT
        shutil.copyfile(artifact(home, carries=True) / SNAPSHOT, copy)
        config = {"people": CARRIED, "collection": "people", "encoder": "hash", "sha256": hash_file(copy)}
        with copy.open("r+b") as file:
            file.seek(100)
            file.write(b"x")
        with pytest.raises(RegistryError, match="it was altered"):
            open_service(config, {SNAPSHOT: str(copy)})


class TestMissing:
    def test_mlflow_away_is_told_and_leaves_nothing(self, finder: Finder, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setenv(VARIABLE, "http://user:secret@127.0.0.1:9")
        with pytest.raises(RegistryUnavailable, match=r"does not answer.*Searching goes on") as caught:
            package(finder)
        assert "secret" not in str(caught.value)

    def test_nothing_indexed_is_told(self, tmp_path: Path) -> None:
        empty = open_home(tmp_path, HashEncoder().entry())
        with pytest.raises(CollectionNotFound):
            package(empty)
        empty.close()

    def test_a_name_that_mlflow_would_not_take_is_refused(self) -> None:
        done = CliRunner().invoke(cli, ["mlflow", "package", "--name", "a/b"])
        assert done.exit_code == 2
        assert "expected letters, digits" in done.output


@pytest.mark.slow
@pytest.mark.timeout(600)  # the first one starts MLflow, packages twice and loads a model
@pytest.mark.keeps_children
class TestServed:
    """A real MLflow server holds the versions, a real ``mlflow models serve`` answers."""

    @pytest.fixture
    def packaged(self, home: Path, mlflow_server: MlflowProcess) -> dict[bool, Packaged]:
        uri = {VARIABLE: mlflow_server.url}
        made = {}
        with pytest.MonkeyPatch.context() as patch:
            patch.setenv(VARIABLE, uri[VARIABLE])
            for carries in (False, True):
                arguments = ("--with-data",) if carries else ()
                made[carries] = Packaged(**commands.run_json(home, "mlflow", "package", *arguments))
        return made

    @pytest.mark.parametrize("carries", [False, True])
    def test_invocations_are_answered_over_http(
        self,
        carries: bool,
        packaged: dict[bool, Packaged],
        home: Path,
        finder: Finder,
        mlflow_server: MlflowProcess,
        tmp_path: Path,
    ) -> None:
        place = tmp_path / "elsewhere" if carries else home  # what it carries needs no home folder
        variables = commands.environment(place) | {VARIABLE: mlflow_server.url}
        uri = f"models:/{MODEL}/{packaged[carries].number}"
        with ModelProcess(uri, tmp_path / "log", variables) as served:
            status, answer = served.ask("innovators in Texas", "cheerful", top_n=3)
            assert status == 200, answer
            rows = answer["predictions"]
            for number, text in enumerate(("innovators in Texas", "cheerful")):
                result = finder.search(finder.plan(text, limit=3), wait_s=20, near=3)
                expected = [h.profile.id for h in (*result.hits, *result.near_misses)]
                assert [r["user_id"] for r in rows if r["query"] == number] == expected
            assert {r["encoder"] for r in rows} == {"hash@1+crc32/64"}
            status, answer = served.ask("cheerful", top_n=1, show_score=False, explain=True, filters=["age>=40"])
            [row] = answer["predictions"]
            assert "Similarity" not in row
            assert [c["origin"] for c in row["explanation"]["plan"]["conditions"]] == ["age"]
            status, answer = served.ask("cheerful", filters=["nonsense"])
            assert status == 400
            assert "'nonsense' is not NAME=VALUE" in json.dumps(answer)
