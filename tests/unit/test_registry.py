"""Encoder versions in MLflow: the same in a database of our own and on a real server."""

import json
import os
import shutil
import subprocess
import sys
from collections.abc import Iterator
from itertools import count
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from homes import open_home
from mlflow_process import MlflowProcess
from stored_encoders import NAME, stored_entry
from techfinder.encoding import CheckedEncoder
from techfinder.errors import RegistryError, RegistryUnavailable
from techfinder.evaluation import Question
from techfinder.finder import Finder
from techfinder.interfaces import EncoderEntry
from techfinder.registering import register
from techfinder.registry import Registered, Registry
from techfinder.registry.bundle import check_names
from techfinder.registry.tracking import VARIABLE

QUESTIONS = (
    Question(id="1", group="places", text="people from Austin", conditions=()),
    Question.model_validate(
        {
            "id": "2",
            "group": "stages",
            "text": "innovators",
            "conditions": [{"field": "adopter_category", "op": "any_of", "values": ["Innovator"]}],
        }
    ),
)
_names = count()


@pytest.fixture(params=["embedded", pytest.param("server", marks=[pytest.mark.slow, pytest.mark.keeps_children])])
def mlflow(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> str:
    """Which MLflow: a database in the home folder, or a server over HTTP."""
    if request.param == "server":
        monkeypatch.setenv(VARIABLE, request.getfixturevalue("mlflow_server").url)
    return str(request.param)


@pytest.fixture(scope="session")
def tables(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """An empty database of MLflow's, made once: that takes seconds."""
    home = tmp_path_factory.mktemp("tables")
    with Registry(home)._tracking._asking("make tables") as client:
        client.search_registered_models()
    return home / "mlflow"


@pytest.fixture
def entry(tmp_path: Path) -> EncoderEntry:
    return stored_entry(tmp_path / "weights", name=f"stored-{os.getpid()}-{next(_names)}")


@pytest.fixture
def finder(tmp_path: Path, entry: EncoderEntry, mlflow: str, tables: Path) -> Iterator[Finder]:
    home = tmp_path / "home"
    if mlflow == "embedded":
        shutil.copytree(tables, home / "mlflow")
    found = open_home(home, entry)
    yield found
    found.close()


@pytest.fixture
def registry(finder: Finder) -> Registry:
    return Registry(finder.settings.home)


def registered(finder: Finder, registry: Registry, entry: EncoderEntry) -> Registered:
    return register(finder, registry, entry.info.name, QUESTIONS)


def test_a_version_holds_what_makes_it_and_what_was_measured(
    finder: Finder, registry: Registry, entry: EncoderEntry
) -> None:
    done = registered(finder, registry, entry)
    version = registry.find(entry.info.name)
    assert done.added
    assert done.version == version
    assert (version.number, version.fingerprint, version.aliases) == (1, entry.info.fingerprint, ("challenger",))
    assert version.template == finder.schema.template
    assert {"texts_per_s", "query_ms", "ndcg_at_10.answers.stages", "ndcg_at_10.cosine.all"} <= version.figures.keys()
    assert version.figures["ndcg_at_10.answers.stages"] == pytest.approx(1.0)
    assert version.notes["hardware"]
    assert registry.facts(version).files.keys() == {NAME}


def test_the_same_facts_twice_add_nothing(finder: Finder, registry: Registry, entry: EncoderEntry) -> None:
    first = registered(finder, registry, entry)
    again = registered(finder, registry, entry)
    assert not again.added
    assert again.version == first.version
    assert [v.number for v in registry.versions(entry.info.name)] == [1]


def test_another_template_is_another_version(finder: Finder, registry: Registry, entry: EncoderEntry) -> None:
    registered(finder, registry, entry)
    finder.schema.__dict__["template"] = "another"
    assert registered(finder, registry, entry).version.number == 2
    assert [v.aliases for v in registry.versions(entry.info.name)] == [(), ("challenger",)]


def test_it_loads_back_from_the_registry_alone(
    finder: Finder, registry: Registry, entry: EncoderEntry, tmp_path: Path
) -> None:
    version = registered(finder, registry, entry).version
    before = entry.load().encode_documents(["early adopter", "laggard"])
    shutil.rmtree(tmp_path / "weights")
    with pytest.raises(Exception, match=r"does not exist|no weights"):
        entry.load()
    elsewhere = tmp_path / "another-machine"
    if registry.uri.startswith("sqlite"):
        shutil.copytree(finder.settings.home / "mlflow", elsewhere / "mlflow")
    again = CheckedEncoder(Registry(elsewhere).load_entry(version, entry))
    assert (again.encode_documents(["early adopter", "laggard"]) * before).sum(axis=1).min() >= 0.9999


def test_mlflow_shows_it_with_signature_and_requirements(
    finder: Finder, registry: Registry, entry: EncoderEntry, tmp_path: Path
) -> None:
    version = registered(finder, registry, entry).version
    registry._tracking.fetch(version.run, ["MLmodel", "requirements.txt", "input_example.json", "README.md"], tmp_path)
    from mlflow.models import Model

    model = Model.load(str(tmp_path / "MLmodel"))
    assert model.signature is not None
    assert model.signature.inputs.input_names() == ["text"]
    assert model.signature.outputs.inputs[0].shape == (-1, 64)
    assert list(model.flavors) == ["techfinder_encoder"]
    assert "techfinder==" in (tmp_path / "requirements.txt").read_text()
    assert json.loads((tmp_path / "input_example.json").read_text())["columns"] == ["text"]
    assert entry.info.fingerprint in (tmp_path / "README.md").read_text()


def test_unknown_versions_are_told_with_those_that_there_are(
    finder: Finder, registry: Registry, entry: EncoderEntry
) -> None:
    name = registered(finder, registry, entry).version.name
    with pytest.raises(RegistryError, match=r"has no version 7\. There are: 1 \(challenger\)"):
        registry.find(f"{name}@7")
    with pytest.raises(RegistryError, match=f"Did you mean '{name}'"):
        registry.find(f"{name}x")
    with pytest.raises(RegistryError, match="names no encoder version"):
        registry.find(f"{name}@")
    assert registry.find(f"{name}@challenger").number == 1


def test_aliases_move_and_go(finder: Finder, registry: Registry, entry: EncoderEntry) -> None:
    name = registered(finder, registry, entry).version.name
    registry.point(name, "champion", 1)
    assert registry.find(f"{name}@champion").aliases == ("challenger", "champion")
    registry.point(name, "challenger", None)
    assert registry.find(name).aliases == ("champion",)


def test_a_removed_version_is_gone_and_can_be_registered_again(
    finder: Finder, registry: Registry, entry: EncoderEntry
) -> None:
    registry.remove(registered(finder, registry, entry).version)
    assert registry.versions(entry.info.name) == []
    assert registered(finder, registry, entry).added


class TestAltered:
    """Somebody wrote into MLflow's own files."""

    @pytest.fixture(params=["embedded"])
    def mlflow(self, request: pytest.FixtureRequest) -> str:
        return str(request.param)

    def artifact(self, finder: Finder, name: str) -> Path:
        [found] = (finder.settings.home / "mlflow" / "artifacts").rglob(name)
        return found

    def test_altered_weights_are_refused_and_not_kept(
        self, finder: Finder, registry: Registry, entry: EncoderEntry
    ) -> None:
        version = registered(finder, registry, entry).version
        weights = self.artifact(finder, NAME)
        weights.write_bytes(weights.read_bytes()[:-1] + b"\x00")
        with pytest.raises(RegistryError, match=r"another model\.safetensors.*register the encoder again"):
            registry.fetch(version)
        assert list((finder.settings.home / "encoders").iterdir()) == []

    def test_altered_facts_are_refused(self, finder: Finder, registry: Registry, entry: EncoderEntry) -> None:
        version = registered(finder, registry, entry).version
        facts = self.artifact(finder, "techfinder.json")
        facts.write_text(facts.read_text().replace(NAME, "../../model.py"))
        with pytest.raises(RegistryError, match="they were altered"):
            registry.fetch(version)

    def test_lost_weights_are_told(self, finder: Finder, registry: Registry, entry: EncoderEntry) -> None:
        version = registered(finder, registry, entry).version
        self.artifact(finder, NAME).unlink()
        with pytest.raises(RegistryError, match="Cannot fetch an encoder version"):
            registry.fetch(version)

    def test_a_fetched_copy_that_was_altered_is_fetched_again(
        self, finder: Finder, registry: Registry, entry: EncoderEntry
    ) -> None:
        version = registered(finder, registry, entry).version
        folder = registry.fetch(version)
        good = (folder / NAME).read_bytes()
        (folder / NAME).write_bytes(b"bad")
        assert registry.fetch(version) == folder
        assert (folder / NAME).read_bytes() == good

    def test_other_vectors_are_never_loaded_as_this_version(
        self, finder: Finder, registry: Registry, entry: EncoderEntry, tmp_path: Path
    ) -> None:
        version = registered(finder, registry, entry).version
        other = stored_entry(tmp_path / "other", name=entry.info.name, seed=1)
        with pytest.raises(RegistryError, match="the plugin here offers"):
            registry.load_entry(version, other)


@pytest.mark.parametrize("name", ["../x", "/etc/passwd", "a/../../b", "a\\b", "", "a//b", "./a", "a\n", "-rf"])
def test_names_that_lead_elsewhere_are_refused(name: str) -> None:
    with pytest.raises(RegistryError, match="cannot be one"):
        check_names({name: "0" * 64})
    check_names({"1_Pooling/config.json": "0" * 64})


class TestAway:
    """MLflow is not there."""

    @pytest.fixture
    def mlflow(self, monkeypatch: pytest.MonkeyPatch) -> str:
        monkeypatch.setenv(VARIABLE, "http://user:secret@127.0.0.1:9")
        return "away"

    def test_registering_says_so_soon_and_leaves_nothing(
        self, finder: Finder, registry: Registry, entry: EncoderEntry
    ) -> None:
        with pytest.raises(RegistryUnavailable, match=r"does not answer.*Searching goes on") as caught:
            registered(finder, registry, entry)
        assert "secret" not in str(caught.value)
        assert not (finder.settings.home / "encoders").exists()

    def test_the_list_of_installed_encoders_comes_without_it(self, mlflow: str, tmp_path: Path) -> None:
        command = [sys.executable, "-m", "techfinder", "encoders", "list", "--json"]
        environment = {**os.environ, "TECHFINDER_HOME": str(tmp_path / "fresh")}
        done = subprocess.run(command, env=environment, capture_output=True, text=True, check=True, timeout=60)
        told = json.loads(done.stdout)
        assert "minilm" in [e["name"] for e in told["installed"]]
        assert "does not answer" in told["problem"]


@pytest.mark.slow
@pytest.mark.keeps_children
@pytest.mark.parametrize("moment", ["silent", "killed"])
def test_a_server_that_fails_half_way_leaves_nothing_half_registered(
    moment: str, tmp_path: Path, entry: EncoderEntry, monkeypatch: pytest.MonkeyPatch, mlflow_server: MlflowProcess
) -> None:
    monkeypatch.setenv(VARIABLE, mlflow_server.url)
    finder = open_home(tmp_path / "home", entry)
    registry = Registry(finder.settings.home)
    tracking: Any = registry._tracking
    log_run = tracking._log_run

    def fail(client: Any, *arguments: Any) -> None:
        log_run(client, *arguments)
        mlflow_server.kill() if moment == "killed" else mlflow_server.pause()

    tracking._log_run = fail
    try:
        with pytest.raises(RegistryUnavailable):
            registered(finder, registry, entry)
    finally:
        mlflow_server.start() if moment == "killed" else mlflow_server.resume()
    tracking._log_run = log_run
    assert registry.versions(entry.info.name) == []
    assert registered(finder, registry, entry).added
    assert [v.number for v in registry.versions(entry.info.name)] == [1]
    finder.close()


@pytest.mark.slow
@pytest.mark.keeps_children
@pytest.mark.keeps_threads  # MLflow's own, for fetching large files
def test_a_real_model_comes_back_from_a_server_with_the_same_vectors(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, mlflow_server: MlflowProcess
) -> None:
    from techfinder.plugins import Plugins
    from techfinder.settings import load_settings

    monkeypatch.setenv(VARIABLE, mlflow_server.url)
    settings = load_settings(home=tmp_path / "home", encoder="minilm-openvino")
    finder = Finder(settings, Plugins.load(settings))
    registry = Registry(settings.home)
    version = register(finder, registry, "minilm-openvino", ()).version
    texts = ["early adopter from Austin", "laggard"]
    before = CheckedEncoder(finder.encoder_entry()).encode_documents(texts)
    bare = load_settings(home=tmp_path / "bare", plugins={"encoder_openvino": {"folder": str(tmp_path / "nothing")}})
    entry = Plugins.load(bare).encoders()["minilm-openvino"]
    with pytest.raises(Exception, match="does not exist"):
        entry.load()
    after = CheckedEncoder(Registry(bare.home).load_entry(version, entry)).encode_documents(texts)
    assert (np.asarray(before) * after).sum(axis=1).min() >= 0.9999
    finder.close()
