"""What reaches a terminal: nothing that steers it, and no traceback when it is gone or full."""

from __future__ import annotations

import json
import os
import re
import subprocess
from pathlib import Path

import pytest

import commands
from techfinder.cli.terminal import visible, visible_in_json

CASES = Path(__file__).parent.parent / "plugin_data"
STEERING = re.compile("[\x00-\x08\x0b-\x1f\x7f-\x9f\u2028-\u202e\u2066-\u2069]")
PERSONA = "\x1b[31m:smile: [red]\x9b1A\u202eneppus\x07"


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> Path:
    home = tmp_path_factory.mktemp("terminal")
    (home / "people.csv").write_text(f"user_id,persona\nTU1,{PERSONA}\n", encoding="utf-8")
    assert commands.run(home, "index", str(home / "people.csv")).returncode == 0
    return home


def with_plugin(home: Path, folder: str, *arguments: str, **settings: str) -> subprocess.CompletedProcess[str]:
    variables = commands.environment(home, **settings)
    variables["PYTHONPATH"] = os.pathsep.join([str(CASES / folder), variables["PYTHONPATH"]])
    return subprocess.run(
        commands.command(*arguments), env=variables, capture_output=True, encoding="utf-8", check=False, timeout=60
    )


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("a\tb\nc", "a\tb\nc"),
        ("\x1b[31mred", r"\x1b[31mred"),
        ("\x9b31m\x7f\0\r\x07", r"\x9b31m\x7f\x00\r\x07"),
        ("a\u2028b\u202ec\u2066", r"a\u2028b\u202ec\u2066"),
        ("\udcff", r"\udcff"),
        ("Zoë 🎧 日本", "Zoë 🎧 日本"),
    ],
)
def test_control_characters_are_spelt_out(text: str, shown: str) -> None:
    assert visible(text) == shown


def test_json_keeps_its_meaning() -> None:
    value = {"a": PERSONA, "b": "\u2028\x7f\udcff"}
    text = visible_in_json(json.dumps(value, ensure_ascii=False))
    assert not STEERING.search(text)
    assert json.loads(text) == value


def test_hits_are_shown_as_they_are_and_do_not_steer(home: Path) -> None:
    done = commands.run(home, "search", "x")
    assert r"\x1b[31m:smile: [red]\x9b1A\u202eneppus\x07" in done.stdout
    assert not STEERING.search(done.stdout + done.stderr)
    assert commands.run_json(home, "search", "x")["hits"][0]["profile"]["persona"] == PERSONA


def test_plugins_cannot_steer_the_terminal(home: Path) -> None:
    done = with_plugin(home, "escapes", "plugins")
    assert r"escapes\x1b[8m  techfinder-test-escapes 1.2\x1b[31m" in done.stdout
    assert r"failed import: RuntimeError: \x1b[2J\x1b]0;all is well\x07 \x9b1A \u202eneppus" in done.stdout
    assert r"Plugin failed: escapes\x1b[8m" in done.stderr
    assert not STEERING.search(done.stdout + done.stderr)


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["index", "a\x1b[31m.csv"], r"a\x1b[31m.csv"),
        (["schema", "check", "a\x1b[31m\x9b.toml"], r"Schema file a\x1b[31m\x9b.toml does not exist."),
        (["store", "\x9bx"], r"No such command '\x9bx'"),
    ],
)
def test_error_lines_cannot_steer_the_terminal(home: Path, arguments: list[str], message: str) -> None:
    done = commands.run(home, *arguments)
    assert message in done.stderr
    assert not STEERING.search(done.stderr)


def test_a_plugin_that_ends_the_process_can_be_found(home: Path) -> None:
    done = with_plugin(home, "ends_process", "plugins", trace_hooks="1")
    assert (done.returncode, done.stdout) == (0, "")
    assert done.stderr.splitlines()[-1].endswith("import: ends_process begins")
    assert with_plugin(home, "ends_process", "plugins", disabled_plugins="ends_process").stdout


# --- output that cannot be written -----------------------------------------------------------

COMMANDS = [["plugins"], ["plugins", "--json"], ["search", "laggards"], ["--help"]]
BUFFERING = ["", pytest.param("1", marks=pytest.mark.slow)]
posix = pytest.mark.skipif(os.name != "posix", reason="needs a POSIX shell")


def redirected(home: Path, arguments: list[str], redirection: str, unbuffered: str = "") -> tuple[int, str]:
    """Exit code and standard error of a command in a shell, as ``command > /dev/full``."""
    variables = commands.environment(home) | {"PYTHONUNBUFFERED": unbuffered}
    done = subprocess.run(
        ["sh", "-c", f'"$@" {redirection}', "sh", *commands.command(*arguments)],
        env=variables,
        stderr=subprocess.PIPE,
        text=True,
        check=False,
        timeout=60,
    )
    return done.returncode, done.stderr


@posix
@pytest.mark.skipif(not Path("/dev/full").exists(), reason="no device that is always full")
@pytest.mark.parametrize("arguments", COMMANDS, ids=" ".join)
@pytest.mark.parametrize("unbuffered", BUFFERING, ids=["buffered", "unbuffered"])
def test_a_full_disk_is_one_line(home: Path, arguments: list[str], unbuffered: str) -> None:
    code, said = redirected(home, arguments, "> /dev/full", unbuffered)
    assert code == 1
    assert said == "techfinder: Input or output failed: No space left on device. Make room or allow access.\n"


@posix
@pytest.mark.parametrize("arguments", COMMANDS, ids=" ".join)
def test_a_pipe_that_nobody_reads_is_left_quietly(home: Path, arguments: list[str]) -> None:
    code, said = redirected(home, arguments, "| true")
    assert (code, said) == (0, "")  # of `true`; what matters is that nothing was said


@posix
@pytest.mark.parametrize("arguments", COMMANDS, ids=" ".join)
def test_a_closed_output_is_no_error(home: Path, arguments: list[str]) -> None:
    assert redirected(home, arguments, ">&-") == (0, "")
