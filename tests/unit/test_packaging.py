"""The distributions of this repository belong together and hold what they need once built."""

from __future__ import annotations

import re
import tomllib
import zipfile
from pathlib import Path
from typing import Any

import pytest
from hatchling.builders.wheel import WheelBuilder

ROOT = Path(__file__).resolve().parents[2]
PLUGINS = sorted(p.parent for p in ROOT.glob("plugins/techfinder-*/pyproject.toml"))
DISTRIBUTIONS = [ROOT, ROOT / "webui", *PLUGINS]


def project(folder: Path) -> dict[str, Any]:
    return dict(tomllib.loads((folder / "pyproject.toml").read_text())["project"])


def built(folder: Path, into: Path) -> zipfile.ZipFile:
    [wheel] = WheelBuilder(str(folder)).build(directory=str(into), versions=["standard"])
    return zipfile.ZipFile(wheel)


def test_the_extra_names_every_plugin_and_the_web_interface() -> None:
    named = project(ROOT)["optional-dependencies"]["plugins"]

    assert sorted(named) == sorted([*(p.name for p in PLUGINS), "techfinder-webui"])


@pytest.mark.parametrize("folder", [ROOT / "webui", *PLUGINS], ids=lambda p: project(p)["name"])
def test_a_plugin_is_in_step_with_the_core(folder: Path) -> None:
    core, plugin = project(ROOT), project(folder)
    major, minor, _ = core["version"].split(".")

    assert plugin["version"] == core["version"]
    assert plugin["requires-python"] == core["requires-python"]
    assert f"techfinder>={major}.{minor},<{major}.{int(minor) + 1}" in plugin["dependencies"]


def test_the_package_states_the_version_of_its_metadata() -> None:
    import techfinder

    assert techfinder.__version__ == project(ROOT)["version"]


def test_the_changelog_starts_with_this_version() -> None:
    top = re.search(r"^## \[?(\d+\.\d+\.\d+)", (ROOT / "CHANGELOG.md").read_text(), re.MULTILINE)

    assert top is not None
    assert top.group(1) == project(ROOT)["version"]


@pytest.mark.parametrize("folder", DISTRIBUTIONS, ids=lambda p: project(p)["name"])
def test_a_wheel_holds_every_file_of_its_package(folder: Path, tmp_path: Path) -> None:
    package = project(folder)["name"].replace("-", "_")
    source = folder / package if folder == ROOT else folder / "src" / package
    files = {p.relative_to(source.parent).as_posix() for p in source.rglob("*") if p.is_file()}
    expected = {name for name in files if "__pycache__" not in name}

    with built(folder, tmp_path) as wheel:
        names = set(wheel.namelist())
        assert f"{package}/py.typed" in names
        assert expected <= names
        assert not [name for name in names if "tests/" in name]


def test_the_core_brings_its_schemas_and_its_licence(tmp_path: Path) -> None:
    with built(ROOT, tmp_path) as wheel:
        names = wheel.namelist()

    assert "techfinder/schemas/tech-adoption.toml" in names
    assert any(name.endswith("/licenses/LICENSE") for name in names)


def test_the_constraints_hold_for_every_declared_dependency() -> None:
    lines = (ROOT / "constraints.txt").read_text().splitlines()
    pinned = {canonical(line.split("==")[0]) for line in lines if line and not line.startswith("#")}
    declared = {canonical(name) for folder in DISTRIBUTIONS for name in declared_by(folder)}

    assert sorted(d for d in declared - pinned if not d.startswith("techfinder")) == []


def declared_by(folder: Path) -> list[str]:
    content = tomllib.loads((folder / "pyproject.toml").read_text())
    groups = [entry for group in content.get("dependency-groups", {}).values() for entry in group]
    lines = [*content["build-system"]["requires"], *content["project"].get("dependencies", []), *groups]
    return [re.split(r"[<>=!~\[; ]", line)[0] for line in lines]


def canonical(name: str) -> str:
    return re.sub(r"[-_.]+", "-", name).lower()


def test_torch_is_pinned_without_a_local_version() -> None:
    lines = (ROOT / "constraints.txt").read_text().splitlines()

    assert [line for line in lines if line.startswith("torch==")] == ["torch==2.13.0"]
    assert [line for line in lines if "+" in line and not line.startswith("#")] == []


def test_the_import_rules_know_every_distribution() -> None:
    rules = tomllib.loads((ROOT / "pyproject.toml").read_text())["tool"]["importlinter"]
    packages = {project(folder)["name"].replace("-", "_") for folder in DISTRIBUTIONS}
    by_name = {contract["name"]: contract for contract in rules["contracts"]}

    assert set(rules["root_packages"]) == packages
    assert set(by_name["Plugins use what strangers can use"]["source_modules"]) == packages - {"techfinder"}
    assert set(by_name["The core knows no plugin by name"]["forbidden_modules"]) == packages - {"techfinder"}
