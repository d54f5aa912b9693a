"""The audit log: only ever added to, and whoever tampers with it is found."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from pathlib import Path

import pytest
from sqlalchemy import delete, insert, select, text, update

from access_homes import opened, settings_in
from techfinder.access import audit as log
from techfinder.access.access import Access
from techfinder.access.over import Asker
from techfinder.database.database import Database
from techfinder.database.tables import audit, audit_head
from techfinder.errors import AccessError, DatabaseError

pytestmark = pytest.mark.keeps_children  # the PostgreSQL server belongs to the whole run

DROP = {
    "sqlite": ("DROP TRIGGER audit_no_update", "DROP TRIGGER audit_no_delete"),
    "postgresql": ("ALTER TABLE audit DISABLE TRIGGER USER",),
}


@pytest.fixture(scope="module")
def access(
    database_kind: str, request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Access]:
    url = "" if database_kind == "sqlite" else request.getfixturevalue("postgres").database()
    with opened(settings_in(tmp_path_factory.mktemp("home"), url)) as access:
        yield access


@pytest.fixture
def database(access: Access) -> Iterator[Database]:
    """With twelve entries; whatever a test does to them is undone."""
    database = access._over.database
    for n in range(12):
        access.log.note("profile.view", "anna", Asker("192.0.2.1"), f"P{n}", {"n": n, "ä": "\0\ud800"})
    with database.reading() as connection:
        rows = [r._asdict() for r in connection.execute(select(audit).order_by(audit.c.number))]
        head = connection.execute(select(audit_head)).one()._asdict()
    yield database
    tampered(database, delete(audit), insert(audit).values(rows), update(audit_head).values(head))


def tampered(database: Database, *statements: object) -> None:
    """What somebody does who may drop triggers; the triggers are there again afterwards."""
    with database.transaction() as connection:
        again = ["ALTER TABLE audit ENABLE TRIGGER USER"]
        if database.sqlite:
            found = connection.execute(text("SELECT sql FROM sqlite_master WHERE type = 'trigger'"))
            again = [str(sql) for (sql,) in found]
        for line in DROP[database.engine.dialect.name]:
            connection.execute(text(line))
        for statement in statements:
            connection.execute(statement)  # type: ignore[call-overload]
        for line in again:
            connection.execute(text(line))


def test_what_was_noted_is_read_newest_first(access: Access, database: Database) -> None:
    access.log.note("export", "bert", Asker("192.0.2.2"), "csv", {"people": 3})
    newest, *rest = access.log.newest(limit=3)
    assert (newest.actor, newest.action, newest.subject, newest.address) == ("bert", "export", "csv", "192.0.2.2")
    assert newest.detail == {"people": 3}
    assert [e.number for e in rest] == [newest.number - 1, newest.number - 2]
    assert [e.subject for e in access.log.newest(actor="anna", limit=2)] == ["P11", "P10"]
    assert [e.number for e in access.log.newest(before=3, limit=9)] == [2, 1]
    assert access.log.newest(action="export", actor="anna") == []
    assert access.log.newest(actor="no\0body") == []
    assert access.log.verify() == log.Verdict(newest.number, newest.digest)


@pytest.mark.parametrize("statement", [update(audit).values(actor="nobody"), delete(audit)])
def test_the_database_itself_refuses_changes(database: Database, statement: object) -> None:
    with pytest.raises(DatabaseError, match="never changed"), database.transaction() as connection:
        connection.execute(statement)  # type: ignore[call-overload]


@pytest.mark.parametrize(
    ("column", "value"),
    [("actor", "nobody"), ("at", 1.0), ("action", "export"), ("subject", "P99"), ("address", ""), ("detail", "{}")],
)
def test_a_changed_entry_is_found(access: Access, database: Database, column: str, value: object) -> None:
    tampered(database, update(audit).where(audit.c.number == 5).values({column: value}))
    assert access.log.verify().problem == "Entry 5 was changed."


def test_a_removed_entry_is_found(access: Access, database: Database) -> None:
    tampered(database, delete(audit).where(audit.c.number == 5))
    assert access.log.verify().problem == "Entry 5 is gone: 6 follows 4."


def test_removed_last_entries_are_found(access: Access, database: Database) -> None:
    last = access.log.verify().entries
    tampered(database, delete(audit).where(audit.c.number > last - 2))
    assert access.log.verify().problem == f"Entries after {last - 2} are gone: the last one had number {last}."


def test_a_log_made_anew_does_not_fit_to_what_was_kept(access: Access, database: Database) -> None:
    kept = access.log.verify()
    tampered(database, delete(audit), update(audit_head).values(number=0, digest="0" * 64))
    for _ in range(kept.entries):
        access.log.note("sign-in", "anna")
    assert access.log.verify().problem == ""
    assert "whose digest was kept" in access.log.verify(kept.entries, kept.digest).problem
    assert "are gone" in access.log.verify(kept.entries + 1, kept.digest).problem


def test_an_entry_is_there_only_with_what_it_tells_of(access: Access, database: Database) -> None:
    before = access.log.verify().entries
    access.people.add("doubled", "viewer", "test")
    with pytest.raises(AccessError, match="already"):
        access.people.add("doubled", "viewer", "test")
    assert access.log.verify().entries == before + 2  # user.add and link.make of the first


def test_an_action_without_a_name_is_refused(access: Access) -> None:
    with pytest.raises(AccessError, match="knows no action"):
        access.log.note("whatever", "anna")


def test_entries_of_many_threads_make_one_chain(access: Access, database: Database) -> None:
    before = access.log.verify().entries
    threads = [
        threading.Thread(target=lambda: [access.log.note("sign-in", "anna") for _ in range(5)]) for _ in range(4)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert access.log.verify().entries == before + 20


@pytest.mark.slow
def test_one_changed_entry_of_ten_thousand_is_found(tmp_path: Path) -> None:
    with opened(settings_in(tmp_path)) as access:
        database = access._over.database
        with database.transaction() as connection:
            for n in range(10_000):
                log.add(connection, float(n), "profile.view", "anna", subject=f"P{n}")
        assert access.log.verify().problem == ""
        tampered(database, update(audit).where(audit.c.number == 7_654).values(subject="P1"))
        assert access.log.verify().problem == "Entry 7654 was changed."
