"""The ``store`` commands as processes, on both stores; what is read at 80 columns fits."""

from __future__ import annotations

import json
import subprocess
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner, Result

import commands
from qdrant_process import QdrantAddress
from techfinder.cli import cli
from techfinder.errors import TechfinderError
from techfinder.settings import Settings
from techfinder.store import open_store
from techfinder.store.folders import copy_sparse
from techfinder.testing.store_samples import build, make_points, make_spec

PEOPLE = 40


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> Path:
    home = tmp_path_factory.mktemp("stores")
    people = home / "people.csv"
    commands.run(home, "generate", "-n", str(PEOPLE), "-o", str(people))
    assert commands.run_json(home, "index", str(people))["state"] == "done"
    return home


@pytest.fixture(scope="module")
def server(qdrant: QdrantAddress) -> dict[str, str]:
    """Settings that select a collection on the server."""
    return {
        "store": "server",
        "qdrant_url": qdrant.url,
        "qdrant_grpc_port": str(qdrant.grpc_port),
        "collection": "people",
    }


def invoke(home: Path, *arguments: str, **settings: str) -> Result:
    """What a ``store`` command does, run within this process: starting one costs seconds."""
    return CliRunner(env=commands.environment(home, **settings)).invoke(cli, ["store", *arguments])


def invoke_json(home: Path, *arguments: str, **settings: str) -> Any:
    """The answer of a command that must succeed."""
    done = invoke(home, *arguments, "--json", **settings)
    assert done.exit_code == 0, (done.exception, done.stderr)
    return json.loads(done.stdout)


def narrow(home: Path, *arguments: str) -> list[str]:
    """The lines that a command prints at 80 columns."""
    done = subprocess.run(
        commands.command(*arguments),
        env={**commands.environment(home), "COLUMNS": "80"},
        capture_output=True,
        text=True,
        check=True,
        stdin=subprocess.DEVNULL,
    )
    return done.stdout.splitlines()


def test_info_fits_and_says_where_and_how_large(home: Path) -> None:
    place, first, second = narrow(home, "store", "info")
    assert place == f"Store: edge, {home / 'store'}"
    assert first.startswith(f"people  generation 1  live  {PEOPLE} people  ")
    assert first.endswith(" MB")
    assert second.startswith("  built 20")
    assert second.endswith(" UTC; encoder hash@1+crc32/64")
    assert max(len(first), len(second)) <= 80
    (facts,) = commands.run_json(home, "store", "info")
    assert facts["disk_bytes"] > 100_000
    assert (facts["store"], facts["place"], facts["revision"]) == ("edge", str(home / "store"), 0)


def test_info_tells_that_everyone_is_compared(home: Path, tmp_path: Path) -> None:
    unsound = tmp_path / "home"
    copy_sparse(home, unsound)
    (path,) = unsound.glob("store/people/generations/*/info.json")
    path.write_text(path.read_text(encoding="utf-8").replace('"exact": false', '"exact": true'), encoding="utf-8")
    *_, third = narrow(unsound, "store", "info")
    assert third.startswith("  its graph misses people: searches compare everyone (")
    assert commands.run_json(unsound, "store", "info")[0]["exact"] is True


def test_an_empty_store_says_where_it_looked(tmp_path: Path) -> None:
    done = commands.run(tmp_path, "store", "info")
    assert done.stdout == f"Nothing is stored yet in {tmp_path / 'store'}.\nStart with `techfinder index SOURCE`.\n"
    assert commands.run_json(tmp_path, "store", "info") == []


def test_plugins_fit_into_eighty_columns(home: Path) -> None:
    lines = narrow(home, "plugins")
    assert max(map(len, lines)) <= 80
    start = lines.index(next(line for line in lines if line.startswith("  filters: age")))
    assert lines[start + 1].startswith(" " * len("  filters: "))
    assert lines[start + 1].strip()


@pytest.mark.slow
def test_a_collection_goes_to_a_server_and_back(
    home: Path, server: dict[str, str], qdrant: QdrantAddress, tmp_path: Path
) -> None:
    port = {"qdrant_grpc_port": server["qdrant_grpc_port"]}
    there = invoke(home, "copy", "--to", qdrant.url, **port)
    assert there.stderr == (
        f"Copied {PEOPLE} people from the embedded store to {qdrant.url}.\n"
        "Generation 1 of people is live there; count and digest are the same.\n"
    )
    assert not (home / "spool" / "copy").exists()
    again = invoke_json(home, "copy", "--to", qdrant.url, **port)
    assert (again["copied"], again["points"]) == (0, PEOPLE)
    assert invoke_json(home, "check", **server) == {"collection": "people", "good": True, "problems": []}
    (told,) = (g for g in invoke_json(home, "info", **server) if g["collection"] == "people")
    assert (told["live"], told["store"]) == (True, "server")
    assert told["place"].startswith(f"{qdrant.url} (Qdrant 1.")
    assert told["disk_bytes"] > PEOPLE * 64 * 4
    assert invoke_json(home, "switch", "1", **server)["number"] == 1
    back = invoke_json(tmp_path, "copy", "--from", qdrant.url, **port)
    (original,) = invoke_json(home, "info")
    assert (back["points"], back["digest"]) == (original["points"], original["digest"])
    assert invoke(home, "drop", "--yes", **server).stdout == "Collection 'people' is gone.\n"
    gone = invoke(tmp_path, "copy", "--from", qdrant.url, **port)
    assert "does not exist on" in str(gone.exception)


def test_other_people_are_replaced_only_with_yes(
    home: Path, server: dict[str, str], qdrant: QdrantAddress, tmp_path: Path
) -> None:
    with closing(open_store(qdrant.settings(tmp_path))) as store:
        build(store, make_spec("people"), make_points(3))
    port = {"qdrant_grpc_port": server["qdrant_grpc_port"]}
    asked = invoke(home, "copy", "--to", qdrant.url, **port)
    assert asked.exit_code == 1
    assert f"Collection 'people' with 3 other people is live in {qdrant.url}." in asked.stderr
    assert invoke_json(home, "copy", "--to", qdrant.url, "--yes", **port)["copied"] == PEOPLE
    assert invoke(home, "drop", "--yes", **server).exit_code == 0


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["copy", "--to", "edge"], "Nothing can be copied onto itself, and both sides are the embedded store."),
        (["copy", "--to", "http://a:1/", "--from", "http://a:1"], "both sides are http://a:1."),
        (["copy", "--to", "ftp://a"], "'ftp://a' is no store. Give `edge`, or the address of a Qdrant server"),
        (["copy", "--to", "http://u:secret@127.0.0.1:9"], "127.0.0.1:9"),
        (["switch", "7"], "keeps no generation 7. Kept: [1]."),
    ],
)
def test_refusals_say_what_to_do_instead(home: Path, arguments: list[str], message: str) -> None:
    done = invoke(home, *arguments, store_timeout_s="2")
    assert isinstance(done.exception, TechfinderError)
    assert message in str(done.exception)
    assert "secret" not in f"{done.exception}{done.output}"


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["copy"], "Say where to: --to WHERE, or where from: --from WHERE."),
        (["switch", "0"], "0 is not in the range"),
        (["plan", "--people", "5", "--texts-per-s", "nan"], "'nan' is not a finite number."),
        (["plan", "--people", "5", "--texts-per-s", "inf"], "'inf' is not a finite number."),
        (["activate", "1"], "No such command 'activate'"),
    ],
)
def test_wrong_usage_ends_with_code_two(home: Path, arguments: list[str], message: str) -> None:
    done = invoke(home, *arguments)
    assert (done.exit_code, done.stdout) == (2, "")
    assert message in done.stderr


def test_what_was_never_there_is_not_said_to_be_gone(home: Path, server: dict[str, str]) -> None:
    for settings in ({}, server):
        done = invoke(home, "drop", **{**settings, "collection": "typo"})
        assert done.exit_code == 0
        assert done.stdout.startswith("There is no collection 'typo' in ")


@pytest.mark.parametrize("indexed", [True, False])
def test_what_was_broken_off_is_dropped_too(tmp_path: Path, indexed: bool) -> None:
    """It holds people, or vectors of them."""
    if indexed:
        with closing(open_store(Settings(home=tmp_path, nice=0))) as store:
            build(store, make_spec("people"), make_points(3))
    left = [tmp_path / "spool" / "people" / "hash", tmp_path / "spool" / "copy" / "people" / "d0"]
    other = tmp_path / "spool" / "others" / "hash"
    for folder in (*left, other):
        folder.mkdir(parents=True)
        (folder / "00000001.npz").touch()
    assert invoke(tmp_path, "drop", "--yes").exit_code == 0
    assert [folder.exists() for folder in (*left, other)] == [False, False, True]


def test_a_file_in_the_place_of_the_store_is_told(tmp_path: Path) -> None:
    (tmp_path / "store").write_text("not a folder")
    done = invoke(tmp_path, "info")
    assert isinstance(done.exception, TechfinderError)
    assert f"{tmp_path / 'store'} is a file, where the folder of the store should be" in str(done.exception)


def test_a_filter_without_comparison_tells_of_quotes(home: Path) -> None:
    done = commands.run(home, "search", "x", "--filter", "age")
    assert "--filter 'age>=30'" in done.stderr
    assert "the shell" in done.stderr


@pytest.mark.parametrize("name", ["info", "check", "switch", "drop", "copy"])
def test_every_store_command_has_an_example(home: Path, name: str) -> None:
    assert f"Example: techfinder store {name}" in invoke(home, name, "--help").stdout
