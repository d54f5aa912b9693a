"""The plugin host: what a broken plugin costs (its own answers) and what it does not (everything else)."""

from __future__ import annotations

import contextvars
import importlib
import json
import logging
import os
import signal
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from dataclasses import asdict, replace
from pathlib import Path
from types import ModuleType, SimpleNamespace

import pytest
from flask import Blueprint

from techfinder import (
    Condition,
    EncoderEntry,
    EncoderInfo,
    FilterEntry,
    FilterOption,
    Gauge,
    GaugeEntry,
    Hit,
    Notice,
    OptionFilter,
    PluginContractError,
    PluginLoadError,
    Profile,
    QueryError,
    QueryPlan,
    Schema,
    Settings,
    SettingsError,
    SourceEntry,
    hookimpl,
    load_schema,
    load_settings,
)
from techfinder.hookspecs import __dict__ as hookspecs
from techfinder.lexicons import Lexicon
from techfinder.plugins import PluginFailure, Plugins
from techfinder.plugins.host import BUILTIN
from techfinder.plugins.offers import OFFERS

CASES = Path(__file__).parent.parent / "plugin_data"
SCHEMA = load_schema()

# Folder -> stage, kind and a part of the reason. What the plugin is called is in its metadata.
BROKEN = {
    "import_error": ("import", "import failed", "SomethingThatIsGone"),
    "missing_dependency": ("import", "dependency absent", "a_library_that_nobody_has"),
    "bug_at_import": ("import", "bug", "KeyError: 'b'"),
    "exits": ("import", "bug", "tried to end the program (exit code 3)"),
    "interrupts": ("import", "bug", "tried to end the program (KeyboardInterrupt)"),
    "hanging_import": ("import", "timeout", "no answer after 0.5 s"),
    "wrong_argument": ("register", "contract", "scheme"),
    "misspelt_hook": ("register", "contract", "Did you mean 'register_filters'"),
    "no_hook": ("register", "contract", "@techfinder.hookimpl"),
    "wrapper": ("register", "contract", "wraps register_filters"),
    "raising_hook": ("register_filters", "bug", "ValueError: no such luck"),
    "exiting_hook": ("register_filters", "bug", "tried to end the program (exit code enough)"),
    "raising_generator": ("register_filters", "bug", "ValueError: half way"),
    "hanging_hook": ("register_filters", "timeout", "no answer after 0.5 s"),
    "wrong_type": ("register_filters", "contract", "(dict), expected a list of FilterEntry"),
    "wrong_entry": ("register_filters", "contract", "'age' (str), not FilterEntry"),
    "no_answer": ("register_filters", "contract", "returned None"),
    "same_filter": ("register_filters", "contract", "filter 'good' is offered by 'good'"),
}


@pytest.fixture(autouse=True)
def _forgotten_imports() -> Iterator[None]:
    """Each test imports the plugins it installs anew."""
    yield
    for name in [n for n in sys.modules if n.startswith("plugin_")]:
        del sys.modules[name]


@pytest.fixture
def install(monkeypatch: pytest.MonkeyPatch) -> Iterator[Callable[[str], None]]:
    """Puts a folder of plugin_data on the path, as an installer would; hanging ones are let go afterwards."""
    monkeypatch.syspath_prepend(str(CASES / "gate"))
    before = set(threading.enumerate())
    yield lambda folder: monkeypatch.syspath_prepend(str(CASES / folder))
    importlib.import_module("plugin_gate").OPENED.set()
    for thread in set(threading.enumerate()) - before:
        thread.join(5)


@pytest.fixture
def settings(tmp_path: Path) -> Callable[..., Settings]:
    def make(**values: object) -> Settings:
        return load_settings(**{"home": tmp_path, "plugin_timeout_s": 10.0, **values})

    return make


def plugin(**hooks: Callable[..., object]) -> ModuleType:
    """A plugin module made of functions by hook name."""
    module = ModuleType("made_here")
    for name, function in hooks.items():
        setattr(module, name, hookimpl(function))
    return module


def filter_entry(name: str, **facts: object) -> FilterEntry:
    option = FilterOption("known", "Known", (Condition(field="age", op="present"),))
    values = {"label": name, "group": "Test", "control": "choice", "load": lambda: OptionFilter(name, name, [option])}
    return FilterEntry(**{"name": name, **values, **facts})  # type: ignore[arg-type]


def encoder_entry(name: str, dim: int = 3) -> EncoderEntry:
    info = EncoderInfo(name, "1", "r", dim, 9, "cosine", True, ("en",), "MIT")
    return EncoderEntry(info, "", lambda: pytest.fail("listing must not load"))


def source_entry(name: str, *suffixes: str) -> SourceEntry:
    return SourceEntry(name, "", lambda argument: pytest.fail("listing must not open"), suffixes)


def hosted(settings: Settings, **plugins: object) -> Plugins:
    return Plugins.load(settings, discover=False, extra=plugins.items())


def finder(schema: Schema = SCHEMA) -> SimpleNamespace:
    return SimpleNamespace(schema=schema, understand=lambda text, as_typed=(): QueryPlan(text=text, meaning=text))


def failures_of(plugins: Plugins, name: str) -> list[PluginFailure]:
    return [f for f in plugins.failures if f.plugin == name]


# --- plugins found on the path ---------------------------------------------------------------


def everything_of(plugins: Plugins, without: str) -> list[object]:
    """All that the other plugins have to offer, and what the app can do."""
    plan = plugins.parse("who", finder())
    infos = [asdict(i) for i in plugins.describe() if (i.name, i.distribution) != ("", without) and i.name != without]
    filters = {n: e.label for n, e in plugins.filters(SCHEMA).items()}
    return [infos, filters, sorted(plugins.gauges(SCHEMA)), sorted(plugins.sources()), plan]


@pytest.mark.parametrize("folder", sorted(BROKEN))
def test_a_broken_plugin_is_listed_and_costs_nobody_else_anything(
    folder: str, install: Callable[[str], None], settings: Callable[..., Settings]
) -> None:
    stage, kind, reason = BROKEN[folder]
    install("good")
    sound = Plugins.load(settings())
    expected = everything_of(sound, without=folder)

    install(folder)
    broken = Plugins.load(settings(plugin_timeout_s=0.5) if kind == "timeout" else settings())
    found = everything_of(broken, without=folder)
    found[1].pop("other", None)  # the entry of `same_filter` that nobody else offers stays
    assert found == expected
    assert "good" in broken.filters(SCHEMA)

    (failure,) = failures_of(broken, folder)
    assert (failure.stage, failure.kind) == (stage, kind)
    assert (failure.distribution, failure.version) == (f"techfinder-test-{folder.replace('_', '-')}", "1.2")
    assert reason in failure.error
    (info,) = [i for i in broken.describe() if i.name == folder]
    assert info.failure == f"{stage}: {failure.error}"
    assert "half" not in broken.filters(SCHEMA)


def test_two_plugins_of_one_name_are_both_named_and_the_first_stays(
    install: Callable[[str], None], settings: Callable[..., Settings]
) -> None:
    install("good")
    install("twin")
    plugins = Plugins.load(settings())
    (failure,) = failures_of(plugins, "good")
    assert failure.distribution == "techfinder-test-twin"
    assert "'good' (techfinder-test-good 1.2) and 'good' (techfinder-test-twin 1.2)" in failure.error
    assert "good" in plugins.filters(SCHEMA)
    assert "twin" not in plugins.filters(SCHEMA)
    first, second = [i for i in plugins.describe() if i.name == "good"]
    assert (first.failure, second.hooks) == ("", ())


def test_a_generator_will_do_for_a_list(install: Callable[[str], None], settings: Callable[..., Settings]) -> None:
    install("generator")
    plugins = Plugins.load(settings())
    assert failures_of(plugins, "generator") == []
    assert "generated" in plugins.filters(SCHEMA)


def test_metadata_that_cannot_be_read_costs_its_own_distribution_only(
    install: Callable[[str], None], settings: Callable[..., Settings]
) -> None:
    install("good")
    install("broken_metadata")
    install("broken_stranger")  # has nothing to do with us and is none of our business
    plugins = Plugins.load(settings())
    (failure,) = failures_of(plugins, "techfinder-test-broken-metadata")
    assert (failure.stage, failure.kind) == ("import", "import failed")
    assert "entry_points.txt cannot be read" in failure.error
    assert not failures_of(plugins, "stranger")
    assert "good" in plugins.filters(SCHEMA)


def test_a_distribution_found_twice_on_the_path_counts_once(
    install: Callable[[str], None], settings: Callable[..., Settings], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    install("good")
    older = tmp_path / "techfinder_test_good-1.0.dist-info"
    older.mkdir()
    older.joinpath("METADATA").write_text("Metadata-Version: 2.1\nName: Techfinder_test.good\nVersion: 1.0\n")
    older.joinpath("entry_points.txt").write_text("[techfinder]\ngood = plugin_good\n")
    monkeypatch.syspath_prepend(str(CASES / "good"))
    sys.path.append(str(tmp_path))
    plugins = Plugins.load(settings())
    sys.path.remove(str(tmp_path))
    assert [i.version for i in plugins.describe() if i.name == "good"] == ["1.2"]


def test_strict_mode_stops_and_lists_every_failure(
    install: Callable[[str], None], settings: Callable[..., Settings]
) -> None:
    for folder in ("import_error", "misspelt_hook"):
        install(folder)
    with pytest.raises(PluginLoadError) as caught:
        Plugins.load(settings(strict_plugins=True))
    text = str(caught.value)
    assert "import_error (techfinder-test-import-error 1.2), import: " in text
    assert "misspelt_hook (techfinder-test-misspelt-hook 1.2), register: " in text


def test_a_disabled_plugin_is_not_imported_and_is_listed_as_such(
    install: Callable[[str], None], settings: Callable[..., Settings]
) -> None:
    install("exits")
    plugins = Plugins.load(settings(disabled_plugins="exits"))
    (info,) = [i for i in plugins.describe() if i.name == "exits"]
    assert (info.disabled, info.failure, info.hooks) == (True, "", ())
    assert "plugin_exits" not in sys.modules


def test_how_loud_a_failure_is_depends_on_whose_it_is(
    install: Callable[[str], None], settings: Callable[..., Settings], caplog: pytest.LogCaptureFixture
) -> None:
    for folder in ("missing_dependency", "import_error", "bug_at_import"):
        install(folder)
    with caplog.at_level(logging.INFO, "techfinder.plugins"):
        Plugins.load(settings())
    levels = {n: r for r in caplog.records for n in BROKEN if f" {n} (" in r.getMessage()}
    assert {n: r.levelno for n, r in levels.items()} == {
        "missing_dependency": logging.INFO,
        "import_error": logging.WARNING,
        "bug_at_import": logging.ERROR,
    }
    assert [n for n, r in levels.items() if r.exc_info] == ["bug_at_import"]


def test_nothing_heavy_is_imported_to_list_plugins(tmp_path: Path) -> None:
    code = (
        "import sys, techfinder\n"
        "heavy = {'torch', 'mlflow', 'qdrant_client', 'qdrant_edge', 'pandas', 'pyarrow', 'sentence_transformers'}\n"
        "first = sorted(heavy & set(sys.modules)) + sorted({'flask', 'numpy'} & set(sys.modules))\n"
        "from techfinder.plugins import Plugins\n"
        "plugins = Plugins.load(techfinder.load_settings())\n"
        "schema = techfinder.load_schema()\n"
        "plugins.filters(schema), plugins.gauges(schema), plugins.describe()\n"
        "print(first, sorted(heavy & set(sys.modules)))\n"
    )
    done = subprocess.run(
        [sys.executable, "-c", code],
        env={**os.environ, "TECHFINDER_HOME": str(tmp_path)},
        capture_output=True,
        text=True,
        timeout=25,
        check=True,
    )
    assert done.stdout.strip() == "[] []"


# --- what pluggy would let pass --------------------------------------------------------------


def test_a_plugin_refused_at_registration_leaves_none_of_its_hooks(settings: Callable[..., Settings]) -> None:
    bad = plugin(
        register_sources=lambda settings: [source_entry("left_over")],
        register_filters=lambda nonsense: [],
    )
    plugins = hosted(settings(), bad=bad)
    assert [f.stage for f in plugins.failures] == ["register"]
    assert dict(plugins.sources()) == {}
    (info,) = [i for i in plugins.describe() if i.name == "bad"]
    assert info.hooks == ()


def test_a_misspelt_hook_is_the_fault_of_its_plugin_and_not_of_the_next(settings: Callable[..., Settings]) -> None:
    plugins = hosted(
        settings(),
        a_bad=plugin(register_filtres=lambda settings: []),
        b_good=plugin(register_sources=lambda: [source_entry("s")]),
    )
    assert [f.plugin for f in plugins.failures] == ["a_bad"]
    assert list(plugins.sources()) == ["s"]


def test_a_plugin_that_cannot_be_hashed_is_refused(settings: Callable[..., Settings]) -> None:
    bad = SimpleNamespace(register_sources=hookimpl(lambda: [source_entry("s")]))
    good = plugin(register_sources=lambda: [source_entry("t")])
    plugins = hosted(settings(), bad=bad, good=good)
    assert list(plugins.sources()) == ["t"]
    assert "unhashable" in failures_of(plugins, "bad")[0].error


def test_a_module_registered_under_two_names_counts_once(settings: Callable[..., Settings]) -> None:
    module = plugin(register_sources=lambda: [source_entry("s")])
    plugins = hosted(settings(), one=module, two=module)
    assert list(plugins.sources()) == ["s"]
    assert [f.plugin for f in plugins.failures] == ["two"]


def test_entries_come_in_the_order_of_rank_and_name_not_of_registration(settings: Callable[..., Settings]) -> None:
    plugins = hosted(
        settings(),
        a=plugin(register_filters=lambda: [filter_entry("zz", rank=1), filter_entry("mm", rank=1)]),
        b=plugin(register_filters=lambda: [filter_entry("aa", rank=1), filter_entry("last", rank=9999)]),
    )
    names = list(plugins.filters(SCHEMA))
    assert names[:3] == ["aa", "mm", "zz"]
    assert names[-1] == "last"


def test_a_plugin_names_only_the_arguments_it_needs(settings: Callable[..., Settings]) -> None:
    seen: list[object] = []

    def register_filters(schema: Schema) -> list[FilterEntry]:
        seen.append(schema)
        return []

    hosted(settings(), p=plugin(register_filters=register_filters)).filters(SCHEMA)
    assert seen == [SCHEMA]


# --- one test for each hook ------------------------------------------------------------------


def test_register_sources(settings: Callable[..., Settings]) -> None:
    plugins = hosted(
        settings(),
        a=plugin(register_sources=lambda settings: [source_entry("one", ".one", ".x")]),
        b=plugin(register_sources=lambda: [source_entry("two", ".x"), source_entry("three", ".three")]),
    )
    assert list(plugins.sources()) == ["one", "three"]
    (failure,) = plugins.failures
    assert "suffix '.x' is offered by 'a' and by 'b'; the first one keeps it" in failure.error


def test_register_encoders(settings: Callable[..., Settings]) -> None:
    plugins = hosted(
        settings(),
        a=plugin(register_encoders=lambda: [encoder_entry("hash"), encoder_entry("other")]),
        b=plugin(register_encoders=lambda: [encoder_entry("none", dim=0)]),
    )
    assert list(plugins.encoders()) == ["hash", "other"]
    assert plugins.encoder("hash").info.dim == 3
    assert "encoder 'none' has dim=0" in plugins.failures[0].error


def test_an_encoder_that_settings_select_and_nobody_offers_names_the_suspects(
    settings: Callable[..., Settings],
) -> None:
    plugins = hosted(
        settings(),
        a=plugin(register_encoders=lambda: [encoder_entry("minimal")]),
        b=plugin(register_encoders=lambda: 1 / 0),
    )
    with pytest.raises(
        SettingsError, match=r"encoder 'minilm'.*'minimal'(.|\n)*b, register_encoders: ZeroDivisionError"
    ):
        plugins.encoder("minilm")


def test_without_a_name_the_encoder_of_the_lowest_rank_is_taken(settings: Callable[..., Settings]) -> None:
    def offering(*ranks: int) -> Plugins:
        entries = [replace(encoder_entry(f"ranked-{rank}"), rank=rank) for rank in ranks]
        return hosted(settings(), p=plugin(register_encoders=lambda: entries))

    assert offering(50, 40, 200).encoder("").info.name == "ranked-40"
    assert offering(40, 50).encoder("ranked-50").rank == 50
    with pytest.raises(SettingsError, match="No plugin offers an encoder: install one"):
        offering().encoder("")


def test_register_filters(settings: Callable[..., Settings]) -> None:
    other = Schema.model_validate(
        {"name": "other", "id": "id", "field": [{"name": "x", "kind": "category", "label": "X"}]}
    )
    calls: list[str] = []

    def register_filters(settings: Settings, schema: Schema) -> list[FilterEntry]:
        calls.append(schema.name)
        return [filter_entry("young")] if "age" in schema.attributes else []

    plugins = hosted(settings(), p=plugin(register_filters=register_filters))
    assert "young" in plugins.filters(SCHEMA)
    assert "young" in plugins.filters(SCHEMA)
    assert calls == ["tech-adoption"]
    assert list(plugins.filters(other)) == ["x"]
    assert [i.entries["filters"] for i in plugins.describe()] == [("x",), ()]


@pytest.mark.parametrize("entry", [{"name": "q"}, {"name": "two words"}, {"control": "slider"}, {"load": None}])
def test_an_unusable_filter_entry_is_refused(entry: dict[str, object], settings: Callable[..., Settings]) -> None:
    made = filter_entry(**{"name": "fine", **entry})  # type: ignore[arg-type]
    plugins = hosted(settings(), p=plugin(register_filters=lambda: [made]))
    assert made.name not in plugins.filters(SCHEMA)
    assert [f.kind for f in plugins.failures] == ["contract"]


def test_a_filter_that_counts_an_unknown_field_is_refused_alone(settings: Callable[..., Settings]) -> None:
    entries = [filter_entry("lost", field="agee"), filter_entry("found", field="age")]
    plugins = hosted(settings(), p=plugin(register_filters=lambda: entries))
    assert {"lost", "found"} & set(plugins.filters(SCHEMA)) == {"found"}
    assert "'agee'. Did you mean 'age'" in plugins.failures[0].error
    assert plugins.describe()[-1].entries == {"filters": ("found",)}


def test_register_gauges(settings: Callable[..., Settings]) -> None:
    hit = Hit(Profile("1", {"age": 30}), 0.5, ())
    measures: dict[str, Callable[[Hit], object]] = {
        "fine": lambda hit: Gauge("fine", "Fine", hit.score, "half"),
        "nothing": lambda hit: None,
        "raising": lambda hit: 1 / 0,
        "exiting": lambda hit: sys.exit(0),
        "too_much": lambda hit: Gauge("too_much", "", 1.5, ""),
        "not_a_number": lambda hit: Gauge("not_a_number", "", float("nan"), ""),
        "no_gauge": lambda hit: 0.5,
    }
    entries = [GaugeEntry(n, n, m, rank=1) for n, m in measures.items()]  # type: ignore[arg-type]
    plugins = hosted(settings(), p=plugin(register_gauges=lambda settings, schema: entries))
    gauges = {n: e.measure(hit) for n, e in plugins.gauges(SCHEMA).items() if e.rank == 1}
    assert gauges.pop("fine") == Gauge("fine", "Fine", 0.5, "half")
    assert set(gauges.values()) == {None}
    assert {f.stage for f in plugins.failures} == {"call"}


def lexicon(name: str, schema: str = "", **entry: object) -> Lexicon:
    return Lexicon.model_validate({"name": name, "schema": schema, "entry": [{"words": ["whizz"], **entry}]})


def test_register_lexicons(settings: Callable[..., Settings]) -> None:
    entries = [
        lexicon("fine", values={"gender": ["Female"]}),
        lexicon("elsewhere", schema="companies", values={"employees": ["3"]}),
        lexicon("lost", fields=["agee"]),
    ]
    plugins = hosted(settings(), p=plugin(register_lexicons=lambda: entries), q=plugin(register_lexicons=lambda: [7]))
    assert {"fine", "elsewhere", "lost"} & set(plugins.lexicons(SCHEMA)) == {"fine"}
    assert {"tech-adoption", "us-places"} <= set(plugins.lexicons(SCHEMA))
    errors = {f.plugin: f.error for f in plugins.failures}
    assert "Lexicon 'lost', entry 1 (whizz): No field 'agee'. Did you mean 'age'" in errors["p"]
    assert "list holding 7 (int), not Lexicon" in errors["q"]


def test_register_blueprints(settings: Callable[..., Settings]) -> None:
    seen: list[object] = []

    def register_blueprints(finder: object) -> list[Blueprint]:
        seen.append(finder)
        return [Blueprint("pages", "x")]

    plugins = hosted(
        settings(),
        a=plugin(register_blueprints=register_blueprints),
        b=plugin(register_blueprints=lambda: [Blueprint("pages", "y")]),
        c=plugin(register_blueprints=lambda: ["not one"]),
    )
    me = finder()
    assert [(name, b.import_name) for name, b in plugins.blueprints(me)] == [("a", "x")]
    assert seen == [me]
    assert [(f.plugin, f.stage) for f in plugins.failures] == [
        ("b", "register_blueprints"),
        ("c", "register_blueprints"),
    ]


def test_parse_query(settings: Callable[..., Settings]) -> None:
    young = Condition(field="age", op="range", lt=30)

    def parse_query(text: str) -> QueryPlan | None:
        return QueryPlan(text=text, conditions=(young,)) if "young" in text else None

    plugins = hosted(settings(), reader=plugin(parse_query=parse_query))
    assert plugins.parse("young people", finder()) == QueryPlan(text="young people", conditions=(young,))
    assert plugins.parse("old people", finder()) == QueryPlan(text="old people", meaning="old people")


def test_every_hook_of_the_specification_has_a_test_of_its_name() -> None:
    hooks = {n for n, f in hookspecs.items() if hasattr(f, "techfinder_spec")}
    assert hooks == {*OFFERS, "parse_query"}
    assert {n for n in hooks if f"test_{n}" not in globals()} == set()


# --- reading questions -----------------------------------------------------------------------


def invalid_plan() -> QueryPlan:
    return QueryPlan(conditions=(Condition(field="shoe_size", op="present"),))


@pytest.mark.parametrize(
    ("answer", "reason"),
    [
        (lambda: 1 / 0, "ZeroDivisionError"),
        (lambda: sys.exit(2), "tried to end the program"),
        (lambda: "a plan", "returned str, expected a QueryPlan or None"),
        (invalid_plan, "No field 'shoe_size'"),
        (lambda: QueryPlan.model_construct(limit=10**9), "limit"),
        (lambda: (_ for _ in ()).throw(QueryError("no idea")), "no idea"),
    ],
)
def test_a_reading_that_fails_becomes_a_notice_and_the_next_plugin_is_asked(
    answer: Callable[[], object], reason: str, settings: Callable[..., Settings]
) -> None:
    plugins = hosted(
        settings(),
        a_bad=plugin(parse_query=lambda text: answer()),
        b_good=plugin(
            parse_query=lambda text: QueryPlan(text=text, meaning="b", notices=(Notice(code="c", text="t"),))
        ),
    )
    plan = plugins.parse("who", finder())
    assert (plan.meaning, [n.code for n in plan.notices]) == ("b", ["plugin-failed", "c"])
    assert reason in plan.notices[0].text
    assert [(f.plugin, f.stage) for f in plugins.failures] == [("a_bad", "call")]


def test_a_plan_always_carries_the_question_as_typed(settings: Callable[..., Settings]) -> None:
    plugins = hosted(settings(), p=plugin(parse_query=lambda: QueryPlan(text="changed")))
    assert plugins.parse(" as typed ", finder()).text == " as typed "


def test_a_reading_that_hangs_is_left_behind_once_and_not_asked_again_meanwhile(
    settings: Callable[..., Settings],
) -> None:
    go_on, calls = threading.Event(), []

    def parse_query(text: str) -> QueryPlan | None:
        calls.append(text)
        go_on.wait()
        return QueryPlan(text=text, meaning="late")

    plugins = hosted(settings(plugin_timeout_s=0.5), slow=plugin(parse_query=parse_query))
    first = plugins.parse("one", finder())
    second = plugins.parse("two", finder())
    assert (first.meaning, [n.code for n in first.notices]) == ("one", ["plugin-failed"])
    assert (second.meaning, [n.code for n in second.notices]) == ("two", ["plugin-busy"])
    go_on.set()
    for thread in [t for t in threading.enumerate() if t.name == "parse_query of slow"]:
        thread.join(5)
    patient = plugins.parse("three", finder())
    assert calls == ["one", "three"]
    assert patient.meaning == "late"


def test_a_reading_sees_the_context_of_its_caller(settings: Callable[..., Settings]) -> None:
    user = contextvars.ContextVar("user", default="nobody")
    plugins = hosted(settings(), p=plugin(parse_query=lambda text: QueryPlan(text=text, meaning=user.get())))
    user.set("ann")
    assert plugins.parse("who am I", finder()).meaning == "ann"


def test_a_search_goes_on_without_any_reader(settings: Callable[..., Settings]) -> None:
    plugins = hosted(settings(disabled_plugins=BUILTIN))
    assert plugins.parse("who", finder()) == QueryPlan(text="who", meaning="who")
    assert dict(plugins.filters(SCHEMA)) == {}


def press_ctrl_c() -> None:
    signal.pthread_kill(threading.main_thread().ident or 0, signal.SIGINT)


def raise_interrupt() -> None:
    raise KeyboardInterrupt("from inside")


@pytest.mark.skipif(os.name != "posix", reason="signals are sent by POSIX calls")
@pytest.mark.parametrize("stage", ["sources", "filters", "parse"])
def test_the_user_can_always_interrupt(stage: str, settings: Callable[..., Settings]) -> None:
    go_on = threading.Event()

    def interrupted() -> None:
        press_ctrl_c()
        go_on.wait()

    with pytest.raises(KeyboardInterrupt):
        use(stage, interrupted, settings())
    go_on.set()


@pytest.mark.parametrize("stage", ["sources", "filters", "parse"])
def test_an_interrupt_that_a_plugin_raises_is_its_own_failure(stage: str, settings: Callable[..., Settings]) -> None:
    (failure,) = use(stage, raise_interrupt, settings()).failures
    assert failure.error == "it tried to end the program (KeyboardInterrupt)"


def use(stage: str, act: Callable[[], object], settings: Settings) -> Plugins:
    """A host whose only plugin does `act` in one hook, which is called."""
    hooks = {"sources": "register_sources", "filters": "register_filters", "parse": "parse_query"}
    plugins = hosted(settings, p=plugin(**{hooks[stage]: lambda: act()}))
    if stage == "filters":
        plugins.filters(SCHEMA)
    elif stage == "parse":
        plugins.parse("who", finder())
    return plugins


# --- entries in use --------------------------------------------------------------------------


class FaultyFilter:
    """Fails in the way its value names."""

    def __init__(self, options: object = ()) -> None:
        self._options = options

    def clauses(self, values: list[str]) -> object:
        faults = {
            "user": lambda: QueryError("no such value; try 'a'"),
            "bug": lambda: RuntimeError("broken"),
            "exit": lambda: SystemExit(0),
        }
        if values[0] in faults:
            raise faults[values[0]]()
        return (Condition(field="shoe_size", op="present"),)

    def options(self) -> object:
        if isinstance(self._options, BaseException):
            raise self._options
        return self._options


def faulty(settings: Settings, options: object = ()) -> tuple[Plugins, object]:
    entry = filter_entry("faulty", load=lambda: FaultyFilter(options))
    plugins = hosted(settings, p=plugin(register_filters=lambda: [entry]))
    return plugins, plugins.filters(SCHEMA)["faulty"].load()


@pytest.mark.parametrize(
    ("value", "error", "blamed"),
    [
        ("user", QueryError, 0),
        ("bug", PluginContractError, 1),
        ("exit", PluginContractError, 1),
        ("unknown field", PluginContractError, 1),
    ],
)
def test_clauses_raise_for_the_user_or_for_the_plugin_and_nothing_else(
    value: str, error: type[Exception], blamed: int, settings: Callable[..., Settings]
) -> None:
    plugins, made = faulty(settings())
    with pytest.raises(error):
        made.clauses([value])  # type: ignore[attr-defined]
    assert [f.stage for f in plugins.failures] == ["call"] * blamed


@pytest.mark.parametrize(
    "options",
    [
        RuntimeError("broken"),
        SystemExit(0),
        None,
        ["a"],
        [FilterOption("a", "A", (Condition(field="shoe_size", op="present"),))],
    ],
)
def test_options_that_cannot_be_used_are_none(options: object, settings: Callable[..., Settings]) -> None:
    plugins, made = faulty(settings(), options)
    assert made.options() == ()  # type: ignore[attr-defined]
    assert made.options() == ()  # type: ignore[attr-defined]
    assert [f.stage for f in plugins.failures] == ["call"]


def test_a_filter_whose_load_fails_fails_when_used_and_not_before(settings: Callable[..., Settings]) -> None:
    entry = filter_entry("lazy", load=lambda: 1 / 0)
    plugins = hosted(settings(), p=plugin(register_filters=lambda: [entry]))
    made = plugins.filters(SCHEMA)["lazy"].load()
    with pytest.raises(PluginContractError, match="lazy"):
        made.clauses(["x"])


def test_the_same_failure_is_logged_once_and_floods_end(
    settings: Callable[..., Settings], caplog: pytest.LogCaptureFixture
) -> None:
    counted = iter(range(1000))
    plugins = hosted(
        settings(),
        same=plugin(register_gauges=lambda: [GaugeEntry("same", "", lambda hit: 1 / 0)]),  # type: ignore[arg-type,return-value]
        other=plugin(register_gauges=lambda: [GaugeEntry("other", "", lambda hit: {}[next(counted)])]),
    )
    hit = Hit(Profile("1", {}), 0.0, ())
    gauges = plugins.gauges(SCHEMA)
    for _ in range(200):
        gauges["same"].measure(hit)
        gauges["other"].measure(hit)
    assert sum("same" in r.getMessage() for r in caplog.records) == 1
    assert sum("other" in r.getMessage() for r in caplog.records) == 50


# --- the rest --------------------------------------------------------------------------------


def test_a_setting_that_is_missing_is_told_from_a_bug(settings: Callable[..., Settings]) -> None:
    def register_sources(settings: Settings) -> list[SourceEntry]:
        raise SettingsError("Set CRM_URL to the address of your CRM.")

    plugins = hosted(settings(), crm=plugin(register_sources=register_sources))
    (failure,) = plugins.failures
    assert (failure.kind, failure.error) == ("setting", "Set CRM_URL to the address of your CRM.")


def test_the_core_keeps_its_names_against_plugins(settings: Callable[..., Settings]) -> None:
    plugins = hosted(settings(), aaa=plugin(register_filters=lambda: [filter_entry("age", label="Mine")]))
    assert plugins.filters(SCHEMA)["age"].label == "Age"
    assert "'builtin' (techfinder " in plugins.failures[0].error
    assert "by 'aaa'" in plugins.failures[0].error


def test_hook_calls_can_be_traced(settings: Callable[..., Settings], capsys: pytest.CaptureFixture[str]) -> None:
    bad = plugin(register_sources=lambda: 1 / 0)
    hosted(settings(trace_hooks=True), bad=bad).parse("who", finder())
    lines = capsys.readouterr().err.splitlines()
    assert any(line.endswith("import: bad begins") for line in lines)
    assert any("register_sources: bad failed after" in line for line in lines)
    assert any("parse_query: builtin answered after" in line for line in lines)
    hosted(settings()).parse("who", finder())
    assert "parse_query" not in capsys.readouterr().err


def test_a_switch_for_a_plugin_that_is_not_there_is_noted(
    settings: Callable[..., Settings], caplog: pytest.LogCaptureFixture
) -> None:
    hosted(settings(disabled_plugins="buildin"))
    assert "'buildin', which is not installed. Did you mean 'builtin'" in caplog.text


def test_infos_are_plain_data(settings: Callable[..., Settings]) -> None:
    plugins = hosted(settings(), bad=plugin(register_sources=lambda: 1 / 0))
    listed = json.loads(json.dumps([asdict(i) for i in plugins.describe()]))
    assert [i["name"] for i in listed] == [BUILTIN, "bad"]
    assert listed[1]["failure"] == "register_sources: ZeroDivisionError: division by zero"


def test_each_host_has_its_own_plugins(settings: Callable[..., Settings]) -> None:
    first = hosted(settings(), p=plugin(register_sources=lambda: [source_entry("s")]))
    second = hosted(settings())
    assert (list(first.sources()), list(second.sources())) == (["s"], [])
