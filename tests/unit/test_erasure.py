"""Erasing a person: not a byte of them is left below the home or on the server, and nothing brings them back."""

from __future__ import annotations

import csv
import hashlib
import io
import json
import os
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner, Result
from sqlalchemy import Column, Integer, MetaData, String, Table, insert, select

import access_homes
import get_qdrant
import homes
from commands import run, run_json
from missing import missing
from qdrant_process import QdrantProcess
from techfinder.backup.making import make_backup
from techfinder.backup.restoring import restore
from techfinder.cli import cli
from techfinder.database import open_database
from techfinder.database.erased import allow, delete_rows, merge, refused, suppress
from techfinder.database.tables import erased
from techfinder.erasure import Receipt, allow_again, erase
from techfinder.errors import IndexingError
from techfinder.runs import only_run
from techfinder.settings import Settings, load_settings
from techfinder.sources import open_source
from techfinder.store import open_store
from techfinder.store.folders import copy_sparse
from techfinder.testing.fakes import HashEncoder
from techfinder.testing.store_samples import eventually

pytestmark = pytest.mark.keeps_children  # servers of the whole run

RARE = "Qwyjibotown"
ALL = 40


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[QdrantProcess, Path]]:
    """A server whose files can be looked through."""
    if not get_qdrant.available():
        missing("a Qdrant server", get_qdrant.HELP)
    folder = tmp_path_factory.mktemp("qdrant")
    with QdrantProcess(get_qdrant.BINARY, folder) as process:
        yield process, folder


@pytest.fixture(scope="module")
def people(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Path, str]:
    """A file of people one of whom lives in a town that nobody else knows, a changed one, and who it is."""
    folder = tmp_path_factory.mktemp("people")
    first, second = folder / "first.csv", folder / "second.csv"
    assert run(folder / "home", "generate", "-n", str(ALL), "-o", str(first)).returncode == 0
    rows = list(csv.DictReader(io.StringIO(first.read_text(encoding="utf-8"))))
    rows[7]["location"] = f"{RARE}, TX"
    _write(first, rows)
    rows[7]["age"], rows[8]["age"] = "44", "45"
    _write(second, rows)
    return first, second, rows[7]["user_id"]


def _write(path: Path, rows: list[dict[str, str]]) -> None:
    with path.open("w", encoding="utf-8", newline="") as file:
        writer = csv.DictWriter(file, list(rows[0]))
        writer.writeheader()
        writer.writerows(rows)


def holding(folder: Path, text: str = RARE) -> list[str]:
    """The files in a folder that hold the text."""
    # A walk passes over folders that a server removes meanwhile; rglob fails.
    files = sorted(Path(place, name) for place, _, names in os.walk(folder) for name in names)
    return [str(p.relative_to(folder)) for p in files if text.encode() in _content(p)]


def _content(path: Path) -> bytes:
    """What is in a file; nothing where a server has removed it meanwhile."""
    try:
        return path.read_bytes()
    except FileNotFoundError:
        return b""


class Home:
    """A home with two generations, rejected rows, and vectors of a run that was broken off."""

    def __init__(self, folder: Path, people: tuple[Path, Path, str], **settings: Any) -> None:
        self.folder, (self.first, self.second, self.who), self.given = folder, people, settings

    def fill(self) -> Home:
        """Index, and leave behind what runs leave behind."""
        folder = self.folder
        self.index(self.first)
        self.index(self.second)
        bad = folder.parent / f"{folder.name}-bad.csv"
        bad.write_text(f"user_id,age,location\n{self.who},{RARE},x\nTU9999,30,x\n", encoding="utf-8")
        self.index(bad, max_rejects=1.0)
        spool = folder / "spool" / self.settings.collection / "hash"
        spool.mkdir(parents=True, exist_ok=True)
        (spool / "vectors").write_text(RARE)
        return self

    @property
    def settings(self) -> Settings:
        return load_settings(home=self.folder, encoder="hash", nice=0, **self.given)

    def index(self, path: Path, **options: Any) -> tuple[Any, Path | None]:
        with closing(homes.open_home(self.folder, HashEncoder().entry(), **self.given)) as finder:
            return homes.index(
                finder, open_source(str(path), finder.plugins.sources()), refused=self.refused, **options
            )

    def refused(self) -> Any:
        return refused(self.settings)

    def ids(self) -> set[str]:
        with closing(open_store(self.settings)) as store:
            assert store.verify(self.settings.collection) == []
            return set(store.ledger(self.settings.collection).ids)

    def generation(self) -> int:
        with closing(open_store(self.settings)) as store:
            return store.scan(self.settings.collection).info.number

    def erase(self) -> Receipt:
        return erase(self.settings, [self.who], "test", "on request")[0]


@pytest.fixture(scope="module")
def filled(tmp_path_factory: pytest.TempPathFactory, people: tuple[Path, Path, str]) -> Path:
    return Home(tmp_path_factory.mktemp("filled"), people).fill().folder


@pytest.fixture
def home(filled: Path, tmp_path: Path, people: tuple[Path, Path, str]) -> Home:
    copy_sparse(filled, tmp_path / "home")
    return Home(tmp_path / "home", people)


def test_not_a_byte_is_left_below_the_home(home: Home) -> None:
    before = holding(home.folder)
    for part in ("generations/0002/shard/", "generations/0003/shard/", "rejects.jsonl", "spool/"):
        assert any(part in name for name in before), before
    others = home.ids() - {home.who}

    receipt = home.erase()

    assert holding(home.folder) == []
    assert holding(home.folder, home.who) == []
    assert receipt.mentions == ()
    assert home.ids() == others
    assert (receipt.found, receipt.dropped) == (True, (2, 3))
    assert receipt.before is not None
    assert receipt.after is not None
    assert receipt.after["points"] == receipt.before["points"] - 1 == len(others)
    proof = hashlib.sha256(f"{receipt.person['salt']}{home.who}".encode()).hexdigest()
    assert receipt.person["sha256"] == proof


def test_the_receipt_is_in_the_audit_log_without_the_person(home: Home) -> None:
    receipt = home.erase()
    with access_homes.opened(home.settings) as access:
        (entry,) = access.log.newest(action="erase")
        assert access.log.verify().problem == ""
    assert (entry.subject, entry.actor) == (receipt.id, "test")
    assert entry.detail["person"] == dict(receipt.person)
    assert home.who not in str(entry)


def test_no_import_brings_them_back_unless_that_is_allowed(home: Home) -> None:
    home.erase()
    progress, rejects = home.index(home.first)
    assert progress.rejected == 1
    assert rejects is not None
    line = rejects.read_text(encoding="utf-8")
    assert "somebody who was not erased on request" in line
    assert home.who not in line
    assert RARE not in line
    assert home.who not in home.ids()
    home.index(home.first, rebuild=True)
    assert home.who not in home.ids()
    assert holding(home.folder) == []

    assert allow_again(home.settings, home.who, "test")
    assert not allow_again(home.settings, home.who, "test")
    home.index(home.first)
    assert home.who in home.ids()
    with access_homes.opened(home.settings) as access:
        assert [e.action for e in access.log.newest(limit=2)] == ["erase.allow", "erase"]


def test_people_who_were_erased_are_no_fault_of_an_input(home: Home) -> None:
    home.erase()
    progress, _ = home.index(home.first, max_rejects=0.0)
    assert (progress.state, progress.rejected) == ("done", 1)


@pytest.mark.slow
def test_no_restore_brings_them_back(home: Home, tmp_path: Path) -> None:
    old = make_backup(home.settings, tmp_path / "old.tar.zst").path
    home.erase()
    done = restore(old, home.settings, replace=True)
    assert done.info is not None
    assert home.who not in home.ids()
    assert len(home.ids()) == ALL
    home.index(home.first)
    assert home.who not in home.ids()
    new = make_backup(home.settings, tmp_path / "new.tar.zst").path
    other = load_settings(home=tmp_path / "other", encoder="hash", nice=0)
    restore(new, other)
    with closing(open_store(other)) as store:
        assert home.who not in store.ledger("people").ids
    is_refused = refused(other)
    assert is_refused is not None
    assert is_refused(home.who)


@pytest.mark.slow
def test_it_can_be_done_again_and_for_somebody_who_is_not_there(home: Home) -> None:
    home.erase()
    again = home.erase()
    assert (again.found, again.before and again.before["points"]) == (False, ALL)
    (nobody,) = erase(home.settings, ["nobody"], "test")
    assert not nobody.found
    assert len(home.ids()) == ALL


def test_many_are_erased_in_one_go_with_a_receipt_each(home: Home) -> None:
    number = home.generation()
    some = sorted(home.ids())[:5]
    receipts = erase(home.settings, [*some, "nobody", some[0]], "test")
    assert [r.found for r in receipts] == [True] * 5 + [False]
    assert len({r.person["sha256"] for r in receipts}) == len({r.id for r in receipts}) == 6
    assert home.generation() == number + 1
    assert not home.ids() & set(some)
    with access_homes.opened(home.settings) as access:
        assert [e.subject for e in access.log.newest(action="erase")] == [r.id for r in reversed(receipts)]


def test_it_waits_for_no_index_run(home: Home) -> None:
    with only_run(home.folder, "people"), pytest.raises(IndexingError, match="Another index run"):
        home.erase()
    assert home.who in home.ids()


def test_a_home_without_people_still_remembers(tmp_path: Path) -> None:
    settings = load_settings(home=tmp_path, nice=0)
    (receipt,) = erase(settings, ["TU0001"], "test")
    assert (receipt.found, receipt.before, receipt.after) == (False, None, None)
    is_refused = refused(settings)
    assert is_refused is not None
    assert (is_refused("TU0001"), is_refused("TU0002")) == (True, False)


@pytest.mark.slow
def test_not_a_byte_is_left_on_a_server(
    server: tuple[QdrantProcess, Path], tmp_path: Path, people: tuple[Path, Path, str]
) -> None:
    process, folder = server
    given = {"store": "server", "qdrant_url": process.url, "qdrant_grpc_port": process.grpc_port}
    home = Home(tmp_path / "home", people, **given).fill()
    others = home.ids() - {home.who}
    assert holding(folder)

    receipt = home.erase()

    assert receipt.found
    assert home.ids() == others
    assert eventually(lambda: holding(folder) == []), "Qdrant removes files in the background"
    assert holding(home.folder) == []


def test_the_command_asks_and_prints_a_receipt(home: Home) -> None:
    def call(*arguments: str) -> Result:
        variables = {"TECHFINDER_HOME": str(home.folder), "TECHFINDER_NICE": "0"}
        return CliRunner().invoke(cli, ["erase", home.who, *arguments], env=variables)

    assert call().exit_code == 1
    assert home.who in home.ids()
    (receipt,) = json.loads(call("--yes", "--json", "--reason", "request 7").stdout)
    assert (receipt["found"], receipt["reason"], receipt["dropped"]) == (True, "request 7", [2, 3])
    assert "was not among the people that were live; imports leave them out" in call("--yes").stdout
    assert json.loads(call("--allow", "--json").stdout) == {home.who: True}
    assert "was not erased" in call("--allow").stdout


@pytest.mark.slow
def test_an_import_from_the_command_line_asks_the_list(home: Home) -> None:
    home.erase()
    assert run_json(home.folder, "index", str(home.first))["rejected"] == 1


# --- the list -----------------------------------------------------------------------------------------------


@pytest.fixture
def settings(database_url: str, tmp_path: Path) -> Settings:
    return access_homes.settings_in(tmp_path / "list", database_url)


def test_the_list_holds_keyed_hashes_by_collection(settings: Settings, tmp_path: Path) -> None:
    assert refused(settings) is None
    with closing(open_database(settings)) as database:
        with database.transaction() as connection:
            for _ in range(2):
                suppress(connection, 1.0, "people", "a")
            suppress(connection, 1.0, "people", "b")
        with database.reading() as connection:
            digests = [row.digest for row in connection.execute(select(erased))]
        assert len(set(digests)) == 2
        assert hashlib.sha256(b"people\0a").hexdigest() not in digests
        people, others = refused(settings, "people"), refused(settings, "companies")
        assert people is not None
        assert others is not None
        assert [people(i) for i in "abc"] == [True, True, False]
        assert not others("a")
        with closing(open_database(load_settings(home=tmp_path / "second"))) as second:
            with second.transaction() as connection:
                suppress(connection, 1.0, "people", "c")
            merge(database, second)
            merge(database, second)
        both = refused(load_settings(home=tmp_path / "second"), "people")
        assert both is not None
        assert [both(i) for i in "abcd"] == [True, True, True, False]
        with database.transaction() as connection:
            assert allow(connection, "people", "a")
            assert not allow(connection, "people", "a")


def test_rows_that_name_the_person_are_deleted(settings: Settings) -> None:
    tables = MetaData()
    members = Table(
        "members", tables, Column("n", Integer, primary_key=True), Column("collection", String(20)),
        Column("who", String(20), info={"person": True}),
    )  # fmt: skip
    with closing(open_database(settings)) as database, database.transaction() as connection:
        tables.create_all(connection)
        rows = [("people", "a"), ("people", "b"), ("companies", "a"), ("people", "a")]
        connection.execute(insert(members), [{"n": n, "collection": c, "who": w} for n, (c, w) in enumerate(rows)])
        assert delete_rows(connection, "people", "a", tables) == {"members": 2}
        assert [tuple(r) for r in connection.execute(select(members.c.n).order_by(members.c.n))] == [(1,), (2,)]
        assert delete_rows(connection, "people", "a", tables) == {}
