"""The commands as a person types them: what they print, where, and with which exit code."""

import json
import os
import pty
import re
import subprocess
from contextlib import suppress
from pathlib import Path

import click
import pytest

import access_homes
import commands
from techfinder.cli import cli


def every_command(group: click.Group = cli, path: tuple[str, ...] = ()) -> dict[tuple[str, ...], click.Command]:
    found: dict[tuple[str, ...], click.Command] = {path: group} if path else {}
    context = click.Context(group)
    for name in group.list_commands(context):
        command = group.get_command(context, name)
        assert command is not None
        deeper = (*path, name)
        found.update(every_command(command, deeper) if isinstance(command, click.Group) else {deeper: command})
    return found


EVERY_COMMAND = every_command()


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> Path:
    home = tmp_path_factory.mktemp("cli")
    assert commands.run(home, "generate", "-n", "60", "-o", str(home / "people.csv")).returncode == 0
    done = commands.run(home, "index", str(home / "people.csv"))
    assert "Generation 1 is live: 60 encoded" in done.stderr
    return home


@pytest.mark.parametrize("path", EVERY_COMMAND, ids=" ".join)
def test_every_command_explains_itself(path: tuple[str, ...]) -> None:
    command = EVERY_COMMAND[path]
    text = command.get_help(click.Context(command, info_name=" ".join(("techfinder", *path))))
    assert command.help, path
    if not isinstance(command, click.Group):
        assert f"techfinder {' '.join(path)}" in (command.epilog or "")
    assert "Usage: techfinder" in text


def test_search_prints_people_and_a_count(home: Path) -> None:
    done = commands.run(home, "search", "people who like gaming", "--filter", "age>=30", "--limit", "3")
    assert done.returncode == 0
    lines = done.stdout.splitlines()
    assert re.search(r"█.* \d+%\s+TU\d{4}\s+\d+ years · ", lines[1])
    assert re.fullmatch(r"Showing 3 of \d+ people in \d+ ms\.", lines[-1])
    assert done.stderr == "Note: This singles people out by Age, which is sensitive: make sure that you may.\n"


def test_a_sentence_needs_no_quotes(home: Path) -> None:
    loose = commands.run_json(home, "search", "people", "who", "like", "gaming", "--limit", "3")
    quoted = commands.run_json(home, "search", "people who like gaming", "--limit", "3")
    assert loose["hits"] == quoted["hits"]


def test_a_value_that_no_one_has_is_told_on_standard_error(home: Path) -> None:
    arguments = ("search", "--filter", "smartphone_product=iPhon 14")
    done = commands.run(home, *arguments)
    assert (done.returncode, done.stdout[:9]) == (0, "0 people ")
    assert done.stderr == "Note: No one has Smartphones: product 'iPhon 14'. Did you mean 'iPhone'?\n"
    found = commands.run_json(home, *arguments)
    assert [n["suggestions"] for n in found["notices"]] == [["iPhone"]]
    assert commands.run_json(home, "search", "--filter", "smartphone_product=iphone")["total"] > 0


@pytest.mark.parametrize(("columns", "facts"), [("50", 3), ("80", 4), ("140", 6)])
def test_a_hit_takes_one_line_however_narrow(home: Path, columns: str, facts: int) -> None:
    done = subprocess.run(
        commands.command("search", "gaming", "--limit", "4"),
        env=commands.environment(home) | {"COLUMNS": columns},
        capture_output=True,
        text=True,
        check=True,
    )
    _, *hits, total = done.stdout.splitlines()
    assert (len(hits), total[:9]) == (4, "Showing 4")
    assert {line.count(" · ") for line in hits} <= {facts - 1, facts - 2}  # the last may be cut
    assert max(len(line.rstrip()) for line in hits) <= int(columns)


@pytest.mark.parametrize("columns", ["80", "120"])
def test_names_of_fields_are_never_broken(home: Path, columns: str) -> None:
    done = subprocess.run(
        commands.command("schema", "show"),
        env=commands.environment(home) | {"COLUMNS": columns},
        capture_output=True,
        text=True,
        check=True,
    )
    words = done.stdout.split()
    assert {"secondary_purchasing_factor", "smartphone_adopted_on", "technical_proficiency"} <= set(words)


def test_a_dry_run_says_what_a_real_run_would_do(home: Path, tmp_path: Path) -> None:
    table = tmp_path / "bad.csv"
    table.write_text("user_id,age\na,1\nb,old\nc,x\n")
    refused = commands.run(tmp_path, "index", str(table), "--dry-run")
    assert (refused.returncode, refused.stdout) == (1, "")
    assert "Checked 3 rows: 1 good.\nA real run would end with: 2 of 3 rows (66.7%)" in refused.stderr
    (run,) = commands.run_json(tmp_path, "runs")
    assert (run["state"], run["phase"], run["done"]) == ("done", "refused", 3)
    assert re.search(r"  done +refused +3 rows +\S+bad.csv\n    2 of 3 rows", commands.run(tmp_path, "runs").stdout)
    allowed = commands.run(tmp_path, "index", str(table), "--dry-run", "--max-rejects", "1")
    assert (allowed.returncode, "real run" in allowed.stderr) == (0, False)


def test_search_as_json(home: Path) -> None:
    found = commands.run_json(home, "search", "--filter", "gender!=Male", "--filter", "age=..40", "--sort", "-age")
    ages = [h["profile"]["age"] for h in found["hits"]]
    assert ages == sorted(ages, reverse=True)
    assert max(ages) <= 40
    assert {h["profile"]["gender"] for h in found["hits"]} <= {"Female", "Non-binary"}


def test_batch_answers_each_question_in_order(home: Path) -> None:
    questions = home / "questions.jsonl"
    lines = [{"id": "a", "query": "cheerful"}, {"id": 7, "query": "good company"}]
    questions.write_text("\n".join(json.dumps(q) for q in lines) + "\n\n")
    done = commands.run(home, "search", "--batch", str(questions), "--limit", "20")
    answers = [json.loads(line) for line in done.stdout.splitlines()]
    assert [a["id"] for a in answers] == ["a", 7]
    assert all(len(set(a["results"])) == 20 for a in answers)
    single = commands.run_json(home, "search", "cheerful", "--limit", "20")
    assert answers[0]["results"] == [h["id"] for h in single["hits"]]


def test_index_says_when_nothing_changed(home: Path) -> None:
    done = commands.run(home, "index", str(home / "people.csv"))
    assert "Nothing changed: all 60 people are as they were." in done.stderr
    assert commands.run_json(home, "runs")[0]["unchanged"] == 60


def test_store_commands(home: Path) -> None:
    (live,) = commands.run_json(home, "store", "info")
    assert (live["points"], live["number"], live["live"], live["collection"]) == (60, 1, True, "people")
    assert "Good" in commands.run(home, "store", "check").stdout


def test_schema_commands(home: Path, tmp_path: Path) -> None:
    shown = commands.run(home, "schema", "show").stdout
    assert "tech_interest" in shown
    assert "Very Low < Low < Moderate < High < Very High" in shown
    assert commands.run_json(home, "schema", "show")["name"] == "tech-adoption"
    wrong = tmp_path / "wrong.toml"
    wrong.write_text('name = "x"\nid = "y"\n')
    refused = commands.run(home, "schema", "check", str(wrong))
    assert (refused.returncode, refused.stdout) == (1, "")
    assert "field: is missing" in refused.stderr


def test_plugins_are_listed(home: Path) -> None:
    found = {p["name"]: p for p in commands.run_json(home, "plugins")}
    assert found["source_table"]["entries"]["sources"] == ["csv", "tsv", "jsonl", "parquet"]
    assert found["encoder_hash"]["entries"]["encoders"] == ["hash"]
    assert all(not p["failure"] for p in found.values())


@pytest.mark.parametrize(
    ("arguments", "code", "message"),
    [
        (["search", "x", "--filter", "agee=3"], 1, "No filter is named 'agee'. Did you mean 'age'"),
        (["search", "x", "--filter", "age"], 1, "--filter 'age' is not NAME=VALUE"),
        (["search", "--limit", "0"], 2, "0 is not in the range"),
        (["search", "x", "y", "--batch", "-"], 2, "--batch goes with --filter and --limit only"),
        (["search", "x", "--filter", "age="], 1, "--filter 'age=' has no value"),
        (["index", "nowhere.csv"], 1, "nowhere.csv"),
        (["index", "~nobody-at-all/people.csv"], 1, "~nobody-at-all"),
        (["serve", "--host", "nope.invalid"], 1, "there is no admin yet. Make one: techfinder user setup-link"),
        (["index", "people.xlsx"], 1, "No source reads 'people.xlsx'"),
        (["index"], 2, "Missing argument 'SOURCE'"),
        (["generate", "-n", "3", "-o", "people.xlsx"], 1, ".parquet"),
        (["store", "switch", "99"], 1, "99"),
        (["serch"], 2, "No such command 'serch'. Did you mean 'search'?"),
    ],
)
def test_errors_are_one_message_and_a_code(home: Path, arguments: list[str], code: int, message: str) -> None:
    done = commands.run(home, *arguments)
    assert (done.returncode, done.stdout) == (code, "")
    assert message in done.stderr
    assert "Traceback" not in done.stderr
    if code == 1:
        assert done.stderr.startswith("techfinder: ")
        assert len(done.stderr.strip().splitlines()) == 1


def test_an_address_that_cannot_be_listened_on_is_told(tmp_path: Path) -> None:
    with access_homes.opened(access_homes.settings_in(tmp_path)) as access:
        access_homes.with_password(access, "ada", "admin")
    done = commands.run(tmp_path, "serve", "--host", "nope.invalid")
    assert done.returncode == 1
    assert done.stderr.startswith("techfinder: Cannot listen on nope.invalid:")


def test_wrong_settings_stop_the_start(home: Path) -> None:
    done = commands.run(home, "plugins", port="many", batchsize="3")
    assert done.returncode == 1
    assert "TECHFINDER_BATCHSIZE" in done.stderr
    assert "Did you mean 'TECHFINDER_BATCH_SIZE'" in done.stderr
    done = commands.run(home, "plugins", port="many")
    assert "port = 'many'" in done.stderr


@pytest.mark.parametrize("line", ["[" * 200_000, '{"id": "\udcff"}', '{"id": 1}'])
def test_bad_batch_lines_are_named(home: Path, tmp_path: Path, line: str) -> None:
    path = tmp_path / "questions.jsonl"
    path.write_text(line, errors="surrogateescape")
    done = commands.run(home, "search", "--batch", str(path))
    assert (done.returncode, done.stderr.count("\n")) == (1, 1)
    assert done.stderr.startswith("techfinder: Line 1 of the batch is")


def test_a_batch_may_begin_with_a_mark_and_names_the_line_that_is_too_long(home: Path, tmp_path: Path) -> None:
    path = tmp_path / "questions.jsonl"
    lines = [json.dumps({"id": n, "query": "x" * length}) for n, length in ((1, 5), (2, 2001))]
    path.write_text("\n".join(lines), encoding="utf-8-sig")
    done = commands.run(home, "search", "--batch", str(path))
    assert json.loads(done.stdout)["id"] == 1
    assert (done.returncode, "Line 2 of the batch: The question has 2001 characters" in done.stderr) == (1, True)


def test_no_number_is_no_share_of_rejected_rows(home: Path, tmp_path: Path) -> None:
    table = tmp_path / "people.csv"
    table.write_text("user_id,age\nA,old\nB,30\n")
    done = commands.run(home, "index", str(table), "--dry-run", "--max-rejects", "nan")
    assert (done.returncode, "'nan' is not a finite number." in done.stderr) == (2, True)


def test_homes_and_schemas_that_are_none(tmp_path: Path) -> None:
    file = tmp_path / "file"
    file.touch()
    done = commands.run(file, "store", "info")
    assert (done.returncode, "this is no folder" in done.stderr) == (1, True)
    done = commands.run(tmp_path, "search", "x", schema_file="/dev/zero")
    assert (done.returncode, "is not a regular file" in done.stderr) == (1, True)


def test_a_busy_port_is_a_clear_message(home: Path) -> None:
    with commands.Server(home) as server:
        port = server.base.rsplit(":", 1)[1]
        done = commands.run(home, "serve", "--port", port)
    assert done.returncode == 1
    assert f"127.0.0.1:{port} is in use. Stop what uses it, or take another with --port." in done.stderr


def test_nothing_indexed_yet_is_a_clear_message(tmp_path: Path) -> None:
    done = commands.run(tmp_path, "search", "anyone")
    assert done.returncode == 1
    assert "techfinder index" in done.stderr
    assert commands.run(tmp_path, "store", "info").stdout.startswith("Nothing is stored yet")
    assert commands.run(tmp_path, "runs").stdout.startswith("No index run yet")


@pytest.mark.skipif(os.name != "posix", reason="terminals are made by POSIX calls")
@pytest.mark.slow
def test_on_a_terminal_the_question_stands_still_until_it_is_answered(tmp_path: Path) -> None:
    people, fewer = tmp_path / "people.csv", tmp_path / "fewer.csv"
    commands.run(tmp_path, "generate", "-n", "30", "-o", str(people))
    commands.run(tmp_path, "index", str(people))
    fewer.write_text("".join(people.read_text().splitlines(keepends=True)[:11]))
    ours, terminal = pty.openpty()
    job = subprocess.Popen(
        commands.command("index", str(fewer)), env=commands.environment(tmp_path), stdin=terminal, stderr=terminal
    )
    os.close(terminal)
    shown = b""
    with suppress(OSError):  # the terminal is gone when the command is
        while data := os.read(ours, 4096):
            shown += data
            if shown.endswith(b"Remove them? [y/N]: "):
                os.write(ours, b"y\n")
    os.close(ours)
    assert job.wait(20) == 0
    question = shown.decode().partition("20 people are not in this input any more. Remove them? [y/N]: ")[2]
    assert question.startswith("y\r\n")
    assert "20 removed" in question


def test_a_sentence_says_how_many_and_limit_wins(home: Path) -> None:
    asked = ("search", "top 3 people by age")
    assert len(commands.run_json(home, *asked)["hits"]) == 3
    assert len(commands.run_json(home, *asked, "--limit", "5")["hits"]) == 5
    assert len(commands.run_json(home, "search")["hits"]) == 20


def test_a_search_is_told_as_a_call_of_qdrants_api(home: Path) -> None:
    done = commands.run(home, "search", "gaming", "--limit", "3", "--as-qdrant")
    assert done.returncode == 0
    assert done.stdout.startswith("curl -s http://127.0.0.1:8000/qdrant/collections/people/points/query \\\n")
    told = commands.run_json(home, "search", "gaming", "--limit", "3", "--as-qdrant")
    assert (told["operation"], told["note"]) == ("points/query", "")
    assert (told["body"]["query"]["text"], told["body"]["limit"]) == ("gaming", 3)
    assert told["curl"] == done.stdout.rstrip("\n")
    assert 'url="http://127.0.0.1:8000/qdrant"' in told["python"].replace("'", '"')
    by_text = commands.run(home, "search", "--sort", "gender", "--as-qdrant")
    assert "Qdrant orders by one number" in by_text.stderr
    assert "/points \\" in by_text.stdout
