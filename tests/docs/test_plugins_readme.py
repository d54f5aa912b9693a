"""The plugin guide is complete, current and true: its samples run, its commands are understood."""

from __future__ import annotations

import importlib.util
import inspect
import re
import shlex
import shutil
import subprocess
import sys
import tomllib
import zipfile
from pathlib import Path
from types import ModuleType, SimpleNamespace

import pytest
from hatchling.builders.wheel import WheelBuilder

from techfinder import Hit, Profile, Settings, hookspecs, load_schema, load_settings
from techfinder.plugins import Plugins

ROOT = Path(__file__).resolve().parents[2]
PLUGINS = ROOT / "plugins"
GUIDE = (PLUGINS / "README.md").read_text(encoding="utf-8")
SCHEMA = load_schema()
HOOKS = {name: f for name, f in vars(hookspecs).items() if hasattr(f, f"{hookspecs.PROJECT}_spec")}
SECTIONS = dict(re.findall(r"^### `(.+?)`\n(.*?)(?=^##|\Z)", GUIDE, re.MULTILINE | re.DOTALL))


def samples(text: str) -> list[str]:
    return re.findall(r"^```python\n(.*?)^```$", text, re.MULTILINE | re.DOTALL)


def run(code: str) -> ModuleType:
    module = ModuleType("sample")
    exec(compile(code, "README.md", "exec"), module.__dict__)
    return module


def generator() -> ModuleType:
    spec = importlib.util.spec_from_file_location("generate_readme", PLUGINS / "generate_readme.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def test_every_hook_has_a_heading_with_its_exact_arguments() -> None:
    signatures = {f"{name}({', '.join(inspect.signature(hook).parameters)})" for name, hook in HOOKS.items()}
    assert set(SECTIONS) == signatures


@pytest.mark.parametrize("heading", sorted(SECTIONS))
def test_the_sample_of_a_hook_runs_in_the_real_host(heading: str, techfinder_settings: Settings) -> None:
    hook = heading.partition("(")[0]
    (code,) = samples(SECTIONS[heading])
    plugins = Plugins.load(techfinder_settings, discover=False, extra=[("sample", run(code))])
    finder = SimpleNamespace(schema=SCHEMA, generation=lambda: SimpleNamespace(points=7))
    use = {
        "register_sources": lambda: [(r.number, dict(r.values)) for r in plugins.sources()["repeat"].load("2").rows()],
        "register_encoders": lambda: plugins.encoder("length").load().encode_documents(["ab"]).tolist(),
        "register_filters": lambda: plugins.filters(SCHEMA)["working_age"].load().clauses(["retired"])[0].gte,
        "register_gauges": lambda: plugins.gauges(SCHEMA)["completeness"].measure(Hit(Profile("1", {}), 0, ())).text,
        "register_lexicons": lambda: plugins.lexicons(SCHEMA)["retirement"].entries[0].words,
        "register_blueprints": lambda: [(name, b.name) for name, b in plugins.blueprints(finder)],
        "parse_query": lambda: plugins.parse("My usual people", finder).conditions[0].values,
    }
    expected = {
        "register_sources": [(1, {"user_id": "person-1", "age": 21}), (2, {"user_id": "person-2", "age": 22})],
        "register_encoders": [[2.0, 1.0]],
        "register_filters": 67,
        "register_gauges": "0% known",
        "register_lexicons": ("early retiree",),
        "register_blueprints": [("sample", "size")],
        "parse_query": ("High",),
    }
    assert plugins.describe()[-1].hooks == (hook,)
    assert use[hook]() == expected[hook]
    assert plugins.failures == ()


@pytest.mark.usefixtures("techfinder_home")
def test_the_other_samples_run() -> None:
    host, own_settings = samples(GUIDE.partition("\n## Hooks")[0])
    run(host)
    settings = load_settings(plugins={"source_crm": {"url": "https://mine.example"}})
    plugins = Plugins.load(settings, discover=False, extra=[("source_crm", run(own_settings))])
    with pytest.raises(NotImplementedError, match=r"read spring from https://mine\.example"):
        plugins.sources()["crm"].load("spring")


def test_the_table_of_plugins_is_current() -> None:
    assert generator().current(GUIDE) == GUIDE, "run: python plugins/generate_readme.py"


def test_the_table_names_every_plugin_we_ship() -> None:
    folders = [*PLUGINS.glob("techfinder-*"), ROOT / "webui"]
    projects = [tomllib.loads((f / "pyproject.toml").read_text(encoding="utf-8"))["project"] for f in folders]
    for project in projects:
        for name in project["entry-points"]["techfinder"]:
            assert f"| `{name}` | [{project['name']}](" in GUIDE


def test_a_stale_table_is_found_and_mended(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    made = generator()
    made.README = tmp_path / "README.md"
    made.README.write_text(f"Before\n{made.BEGIN}\nold\n{made.END}\nafter\n", encoding="utf-8")
    assert made.main(["--check"]) == 1
    assert "out of date" in capsys.readouterr().err
    assert made.main([]) == 0
    assert made.main(["--check"]) == 0
    text = made.README.read_text(encoding="utf-8")
    assert text.startswith("Before\n")
    assert text.endswith("\nafter\n")
    assert "old" not in text


def test_links_lead_somewhere() -> None:
    for page in (PLUGINS / "README.md", *PLUGINS.glob("*/README.md")):
        for target in re.findall(r"\]\((?!https?:)([^)#]+)", page.read_text(encoding="utf-8")):
            assert (page.parent / target).exists(), f"{page}: {target}"


def test_the_filters_that_plugin_pages_use_exist(techfinder_settings: Settings) -> None:
    template = PLUGINS / "_template" / "src"
    sys.path.insert(0, str(template))
    try:
        extra = [("example", importlib.import_module("techfinder_example"))]
    finally:
        sys.path.remove(str(template))
    filters = Plugins.load(techfinder_settings, extra=extra).filters(SCHEMA)
    seen = 0
    for page in PLUGINS.glob("*/README.md"):
        for line in re.findall(r"^techfinder search .*$", page.read_text(encoding="utf-8"), re.MULTILINE):
            words = shlex.split(line)
            for name, _, value in (words[i + 1].partition("=") for i, w in enumerate(words) if w == "--filter"):
                assert filters[name].load().clauses([value]), f"{page}: {line}"
                seen += 1
    assert seen >= 6


def test_settings_named_in_the_guide_exist() -> None:
    named = set(re.findall(r"TECHFINDER_([A-Z]+(?:_[A-Z]+)*)", GUIDE))
    assert {n.lower() for n in named} <= set(Settings.model_fields)


@pytest.mark.slow  # makes an environment
def test_the_template_can_be_copied_built_and_tested_elsewhere(tmp_path: Path) -> None:
    copy = tmp_path / "techfinder-example"
    shutil.copytree(PLUGINS / "_template", copy, ignore=shutil.ignore_patterns("__pycache__"))
    (wheel,) = WheelBuilder(str(copy)).build(directory=str(tmp_path), versions=["standard"])
    with zipfile.ZipFile(wheel) as built:
        assert {"techfinder_example/__init__.py", "techfinder_example/py.typed"} <= set(built.namelist())
    done = subprocess.run(
        [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider"],
        cwd=copy,
        capture_output=True,
        text=True,
        timeout=80,
    )
    assert done.returncode == 0, done.stdout + done.stderr
