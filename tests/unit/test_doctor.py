"""The doctor: a home in order, and each problem planted for real."""

from __future__ import annotations

import json
import shutil
import socket
import threading
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from wsgiref.simple_server import WSGIRequestHandler, make_server

import pytest
from limited import contents, read_only, run_obeying_modes
from sqlalchemy import text

import get_qdrant
from access_homes import aged, opened, with_password
from commands import run
from homes import index, open_home
from qdrant_process import QdrantAddress, QdrantProcess
from techfinder import hookimpl
from techfinder.access import audit
from techfinder.app import create_app
from techfinder.database import open_database
from techfinder.database.tables import jobs
from techfinder.doctor import CHECKS, Case, Check, Finding, examine
from techfinder.doctor.examining import ok
from techfinder.encoding import CheckedEncoder
from techfinder.errors import EncoderError
from techfinder.interfaces import EncoderEntry
from techfinder.jobs.queue import JobQueue
from techfinder.plugins import Plugins
from techfinder.settings import load_settings
from techfinder.testing.fakes import FakePlugin, HashEncoder

ROOT = Path(__file__).resolve().parents[2]
PEOPLE = "synthetic:n=60,seed=3"
HASH = EncoderEntry(HashEncoder().info, "For tests.", HashEncoder)
BY_NAME = {check.name: check for check in CHECKS}


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Sixty people, indexed twice."""
    home = tmp_path_factory.mktemp("doctor") / "home"
    finder = open_home(home, HASH)
    index(finder, PEOPLE)
    index(finder, "synthetic:n=70,seed=3")
    finder.close()
    return home


@pytest.fixture
def copy(home: Path, tmp_path: Path) -> Path:
    """A copy to do harm to."""
    return Path(shutil.copytree(home, tmp_path / "home"))


def look(
    home: Path, *names: str, deep: bool = False, free: Any = None, plugin: Any = None, **more: Any
) -> list[Finding]:
    """What the checks of these names find, or all of them."""
    settings = load_settings(**{"home": home, "encoder": "hash", "port": 0, **more})
    extra = [("test_encoder", FakePlugin(encoders=[HASH])), *((("test_broken", plugin),) if plugin else ())]
    plugins = Plugins.load(settings, extra=extra)
    case = Case(settings, deep=deep, plugins=plugins, **({"free": free} if free else {}))
    try:
        return list(examine(case, [BY_NAME[n] for n in names] if names else CHECKS))
    finally:
        case.close()


def only(found: list[Finding], state: str) -> Finding:
    """The one finding; it must be of that state."""
    assert [f.state for f in found] == [state], found
    return found[0]


# --- in order --------------------------------------------------------------------------------------


def test_a_healthy_home_has_nothing_to_mend_and_stays_as_it_is(home: Path) -> None:
    before = contents(home)
    found = look(home, deep=True)
    assert [f for f in found if f.state != "ok"] == []
    assert [f.check for f in found] == [c.name for c in CHECKS]
    assert "every point is as it was written" in next(f.text for f in found if f.check == "store")
    assert contents(home).keys() == before.keys()


def test_an_empty_home_is_told_what_comes_first(tmp_path: Path) -> None:
    found = look(tmp_path / "none")
    assert [(f.check, f.remedy) for f in found if f.state != "ok"] == [("store", "techfinder index SOURCE")]
    assert not (tmp_path / "none").exists()


def test_the_command_prints_lines_json_and_an_exit_code(copy: Path) -> None:
    (copy / "techfinder.toml").write_text('colection = "people"\n', encoding="utf-8")
    bad = run(copy, "doctor")
    assert bad.returncode == 1
    assert bad.stdout.startswith("problem settings   Settings cannot be used:")
    assert "no such setting" in bad.stdout
    assert bad.stdout.endswith("1 problem.\n")
    (copy / "techfinder.toml").write_text("[plugins.none]\n", encoding="utf-8")
    away = run(copy, "doctor", store="server", qdrant_url="http://127.0.0.1:1", port="0")
    assert (away.returncode, away.stderr) == (1, "")
    assert "and see TECHFINDER_QDRANT_URL and TECHFINDER_QDRANT_API_KEY.\n" in away.stdout
    (copy / "techfinder.toml").unlink()
    good = run(copy, "doctor", "--json", port="0")
    assert (good.returncode, good.stderr) == (0, "")
    told = json.loads(good.stdout)
    assert told["counts"] == {"ok": len(told["findings"]), "warning": 0, "problem": 0}
    assert set(told["findings"][0]) == {"check", "state", "text", "remedy"}


# --- the checks themselves -----------------------------------------------------------------------------


def test_a_check_that_crashes_or_hangs_costs_the_others_nothing(tmp_path: Path) -> None:
    release = threading.Event()

    def crash(_: Case) -> Iterator[Finding]:
        yield ok("half")
        raise RuntimeError("oh no")

    def leave(_: Case) -> Iterator[Finding]:
        raise SystemExit(3)

    def hang(_: Case) -> Iterator[Finding]:
        yield ok("first")
        release.wait(20)

    def fine(_: Case) -> Iterator[Finding]:
        yield ok("fine")

    checks = [Check("crash", crash), Check("leave", leave), Check("hang", hang, 0.2, "Wait."), Check("fine", fine)]
    found = list(examine(Case(load_settings(home=tmp_path)), checks))
    release.set()
    assert [(f.check, f.state) for f in found] == [
        ("crash", "ok"),
        ("crash", "problem"),
        ("leave", "problem"),
        ("hang", "ok"),
        ("hang", "problem"),
        ("fine", "ok"),
    ]
    assert "RuntimeError: 'oh no'" in found[1].text
    assert (found[4].text, found[4].remedy) == ("No answer within 0.2 s.", "Wait.")


# --- the installation --------------------------------------------------------------------------------


def test_a_package_that_is_missing_is_told_with_the_command(
    home: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    facts = tmp_path / "techfinder_test_needy-1.0.dist-info"
    facts.mkdir()
    (facts / "METADATA").write_text(
        "Metadata-Version: 2.1\nName: techfinder-test-needy\nVersion: 1.0\n"
        "Requires-Dist: nothing-has-this-name>=2\nRequires-Dist: click>=999\nRequires-Dist: other; extra == 'more'\n",
        encoding="utf-8",
    )
    (facts / "entry_points.txt").write_text("[techfinder]\ntest_needy = techfinder.testing.fakes\n", encoding="utf-8")
    monkeypatch.syspath_prepend(str(tmp_path))
    found = look(home, "packages")
    assert [(f.state, f.remedy) for f in found] == [
        ("warning", "pip install 'nothing-has-this-name>=2'"),
        ("warning", "pip install 'click>=999'"),
    ]


def test_a_broken_plugin_is_a_problem(home: Path) -> None:
    class Broken:
        @hookimpl
        def register_filters(self) -> list[Any]:
            raise ValueError("no filters today")

    found = only(look(home, "plugins", plugin=Broken()), "problem")
    assert "no filters today" in found.text
    assert found.remedy.endswith("TECHFINDER_DISABLED_PLUGINS=test_broken")


def test_settings_of_a_plugin_that_is_not_there_are_told(home: Path) -> None:
    found = only(look(home, "settings", plugins={"encoder_minilmm": {"folder": "x"}}), "warning")
    assert "encoder_minilm" in found.text
    assert "TECHFINDER_STORE=server" in only(look(home, "settings", workers=2), "problem").remedy


def test_a_home_without_write_right_is_a_problem(copy: Path) -> None:
    with read_only(copy):
        done = run_obeying_modes(copy, "doctor", "--json", port="0")
    (found,) = (f for f in json.loads(done.stdout)["findings"] if f["check"] == "home")
    assert (done.returncode, found["state"]) == (1, "problem")
    assert "cannot be written: Permission denied" in found["text"]
    assert found["remedy"].startswith(f"chmod u+rwx {copy}")


def test_a_home_and_secrets_that_everybody_reaches_are_problems(copy: Path) -> None:
    file = copy / "techfinder.toml"
    file.write_text('qdrant_api_key="0123456789abcdef"\n', encoding="utf-8")
    file.chmod(0o644)
    assert only(look(copy, "secrets"), "problem").remedy == f"chmod 600 {file}"
    file.chmod(0o600)
    only(look(copy, "secrets"), "ok")
    copy.chmod(0o755)
    assert only(look(copy, "home"), "warning").remedy == f"chmod o-rwx {copy}"
    copy.chmod(0o777)
    assert only(look(copy, "home"), "problem").remedy == f"chmod o-w {copy}"


def test_a_disk_that_is_nearly_full_is_told(home: Path) -> None:
    only(look(home, "disk", free=lambda _: 10**12), "ok")
    only(look(home, "disk", free=lambda _: 1000), "problem")
    only(look(home, "disk", free=lambda _: 8_000_000), "warning")


def test_a_port_in_use_is_a_problem_unless_we_use_it(home: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        found = only(look(home, "address", port=taken.getsockname()[1]), "problem")
        assert "in use by another program" in found.text
    finder = open_home(home, HASH)
    with make_server("127.0.0.1", 0, create_app(finder=finder), handler_class=_Quiet) as server:
        thread = threading.Thread(target=server.handle_request)
        thread.start()
        found = only(look(home, "address", port=server.server_port), "ok")
        thread.join()
    finder.close()
    assert "serves at" in found.text
    assert "no address" in only(look(home, "address", host="no.such.host.invalid"), "problem").text


class _Quiet(WSGIRequestHandler):
    def log_message(self, format: str, *args: Any) -> None:
        pass


# --- the people ------------------------------------------------------------------------------------


def test_a_wrong_schema_is_a_problem_and_another_one_too(home: Path, tmp_path: Path) -> None:
    wrong = tmp_path / "wrong.toml"
    wrong.write_text("name = 3\n", encoding="utf-8")
    found = look(home, "schema", "store", "plugins", schema_file=wrong)
    assert [(f.check, f.state) for f in found] == [("schema", "problem"), ("store", "ok"), ("plugins", "ok")]
    assert found[0].remedy == "Mend it, then: techfinder schema check FILE"
    other = tmp_path / "other.toml"
    other.write_text(
        'name = "other"\nid = "id"\n[[field]]\nname = "size"\nlabel = "Size"\nkind = "integer"\n', encoding="utf-8"
    )
    found = look(home, "schema", schema_file=other)
    assert "--rebuild" in only(found, "problem").remedy


def test_a_damaged_generation_is_told_with_the_way_out(copy: Path) -> None:
    file = next((copy / "store/people/generations/0002/columns").glob("*.npy"))
    file.write_bytes(file.read_bytes()[:-1])
    found = only(look(copy, "store"), "problem")
    assert file.name in found.text
    assert "techfinder store switch 1" in found.remedy
    assert "techfinder store switch 1" not in found.text


def test_damage_that_only_reading_everything_finds_is_found_by_looking_deep(copy: Path) -> None:
    file = max((copy / "store/people/generations/0002/columns").glob("*.npy"), key=lambda p: p.stat().st_size)
    content = bytearray(file.read_bytes())
    content[-1] ^= 1
    file.write_bytes(bytes(content))
    only(look(copy, "store"), "ok")
    assert "is damaged" in only(look(copy, "store", deep=True), "problem").text


def test_missing_weights_are_a_problem(tmp_path: Path) -> None:
    empty = tmp_path / "empty"
    empty.mkdir()
    chosen = {"encoder": "minilm", "plugins": {"encoder_minilm": {"folder": str(empty)}}}
    found = only(look(tmp_path / "home", "weights", **chosen), "problem")
    assert "lacks" in found.text
    (empty / "model.safetensors").write_bytes(b"\0" * 100)
    only(look(tmp_path / "home", "weights", **chosen), "problem")


def test_an_encoder_that_nobody_offers_or_that_does_not_load_is_a_problem(home: Path) -> None:
    case = Case(load_settings(home=home), plugins=Plugins.load(load_settings(home=home)))
    found = list(examine(case, [BY_NAME["weights"], BY_NAME["encoder"]]))
    case.close()
    assert [f.state for f in found] == ["problem", "problem"]
    assert "which no plugin offers" in found[0].text

    def refuse() -> HashEncoder:
        raise EncoderError("The weights are of another model.")

    bad = FakePlugin(encoders=[EncoderEntry(HASH.info, "Bad.", refuse)])
    settings = load_settings(home=home)
    case = Case(settings, deep=True, plugins=Plugins.load(settings, extra=[("bad", bad)]))
    found = list(examine(case, [BY_NAME["encoder"]]))
    case.close()
    assert only(found, "problem").text == "The weights are of another model."
    with pytest.raises(EncoderError):
        CheckedEncoder(EncoderEntry(HASH.info, "Bad.", refuse))


def test_a_server_without_key_and_strict_mode_is_warned_of_and_a_stopped_one_is_a_problem(
    qdrant: QdrantAddress, tmp_path: Path
) -> None:
    with QdrantProcess(get_qdrant.BINARY, tmp_path, QDRANT__SERVICE__API_KEY="a-key-of-some-length") as server:
        more = {"store": "server", "qdrant_url": server.url, "qdrant_grpc_port": server.grpc_port}
        keyed = {**more, "qdrant_api_key": "a-key-of-some-length"}
        finder = open_home(tmp_path / "home", HASH, **keyed)
        index(finder, PEOPLE)
        finder.close()
        found = look(tmp_path / "home", "store", **keyed)
        assert [f.state for f in found] == ["ok", "ok", "warning"]
        assert "asks for its key" in found[1].text
        assert "strict_mode" in found[2].remedy
        assert "-H 'api-key: KEY'" in found[2].remedy
        wrong = only(look(tmp_path / "home", "store", **more), "problem")
        assert "TECHFINDER_QDRANT_API_KEY" in wrong.text + wrong.remedy
        server.kill()
        started = time.monotonic()
        found = look(tmp_path / "home", "store", "weights", "clocks", **keyed)
        assert time.monotonic() - started < 12
        assert [(f.check, f.state) for f in found] == [("store", "problem"), ("weights", "ok"), ("clocks", "ok")]


# --- services ---------------------------------------------------------------------------------------


def test_a_database_of_another_version_is_told_and_left_as_it_is(copy: Path) -> None:
    settings = load_settings(home=copy)
    database = open_database(settings)
    database.migrate("0001")
    assert "form 0001" in only(look(copy, "database"), "warning").text
    assert database.revision() == "0001"
    with database.transaction() as connection:
        connection.execute(text("UPDATE alembic_version SET version_num = '9999'"))
    database.close()
    found = look(copy, "database", "jobs", "sign-in", "clocks")
    assert [(f.check, f.state) for f in found] == [
        ("database", "problem"),
        ("jobs", "ok"),
        ("sign-in", "ok"),
        ("clocks", "ok"),
    ]
    assert "newer techfinder" in found[0].text


def test_a_damaged_database_is_a_problem(copy: Path) -> None:
    open_database(load_settings(home=copy)).close()
    file = copy / "techfinder.db"
    content = bytearray(file.read_bytes())
    content[4096:] = b"\x55" * (len(content) - 4096)
    file.write_bytes(bytes(content))
    assert [f.state for f in look(copy, "database")] == ["problem"]


def test_a_file_that_is_no_database_is_told_and_how_to_go_on(copy: Path) -> None:
    (copy / "techfinder.db").write_bytes(b"this is no database" * 100)
    found = look(copy, "database", "jobs", "clocks")
    assert {f.check: f.state for f in found} == {"database": "problem", "jobs": "problem", "clocks": "problem"}
    assert all("techfinder restore" in f.text for f in found)
    assert all("the database" in f.remedy for f in found if f.check != "database")


def test_jobs_that_wait_or_hang_are_problems(copy: Path) -> None:
    settings = load_settings(home=copy)
    database = open_database(settings)
    queue = JobQueue(database)
    queue.add("promote", "people", {"encoder": "hash"})
    only(look(copy, "jobs"), "ok")
    aged(settings, jobs, run_after=time.time() - 7200)
    waiting = only(look(copy, "jobs"), "problem")
    assert "waiting for a worker for 2 h" in waiting.text
    assert "techfinder worker" in waiting.remedy
    lease = queue.claim("worker 7", ["promote"], 30)
    assert lease is not None
    only(look(copy, "jobs"), "ok")
    aged(settings, jobs, lease_until=time.time() - 600)
    assert "is stuck: worker 7" in only(look(copy, "jobs"), "problem").text
    queue.take_back()
    lease = queue.claim("worker 8", ["promote"], 30)
    assert lease is not None
    queue.fail(lease, "The gate said no.")
    database.close()
    failed = only(look(copy, "jobs"), "warning")
    assert failed.remedy == f"techfinder jobs retry {lease.job.id[:8]}"


def test_signing_in_without_an_admin_is_a_problem(copy: Path) -> None:
    found = look(copy, "sign-in", host="0.0.0.0")
    assert [(f.state, f.remedy[:26]) for f in found] == [
        ("problem", "techfinder user setup-link"),
        ("warning", "Put a proxy with TLS in fr"),
    ]
    with opened(load_settings(home=copy)) as access:
        with_password(access, "root", "admin")
    safe = {"host": "0.0.0.0", "public_url": "https://people.example.org"}
    only(look(copy, "sign-in", **safe), "ok")
    provider = {"oidc_issuer": "https://login.example.org", "oidc_client_id": "us"}
    assert "TECHFINDER_OIDC_CLIENT_SECRET" in only(look(copy, "sign-in", **safe, **provider), "problem").text


def test_what_is_noted_in_the_future_says_that_a_clock_is_wrong(copy: Path) -> None:
    settings = load_settings(home=copy)
    database = open_database(settings)
    only(look(copy, "clocks"), "ok")
    with database.transaction() as connection:
        audit.add(connection, time.time() + 3 * 86_400, "export", "somebody")
    database.close()
    found = only(look(copy, "clocks"), "problem")
    assert "of the audit log is 3 d in the future" in found.text


def test_an_mlflow_that_does_not_answer_is_a_problem(home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    only(look(home, "mlflow"), "ok")
    with socket.create_server(("127.0.0.1", 0)) as closed:
        port = closed.getsockname()[1]
    monkeypatch.setenv("MLFLOW_TRACKING_URI", f"http://127.0.0.1:{port}")
    found = only(look(home, "mlflow"), "problem")
    assert "does not answer" in found.text
