"""The application database on SQLite and on PostgreSQL: migrated up and down with data in it, and clear when away."""

import sqlite3
import subprocess
import sys
import threading
from collections.abc import Generator, Iterator
from contextlib import closing, suppress
from pathlib import Path
from typing import Any

import psycopg
import pytest
from sqlalchemy import insert, inspect, select, text
from sqlalchemy.exc import SQLAlchemyError

from postgres_process import PostgresProcess
from techfinder.database import FILE
from techfinder.database.database import HEAD, Database
from techfinder.database.patience import PatientConnection
from techfinder.database.tables import choices, job_lines, jobs, metadata, switches
from techfinder.errors import DatabaseError

pytestmark = pytest.mark.keeps_children  # the PostgreSQL server belongs to the whole run

JOB = {"id": "a" * 32, "kind": "index", "collection": "people", "arguments": {"source": "ä.csv"}, "state": "done"}
TIMES = {"created_at": 1.5, "run_after": 1.5, "updated_at": 1.5, "most_attempts": 3}
SWITCH = {
    "id": "b" * 32,
    "collection": "people",
    "action": "promote",
    "at": 2.5,
    "actor": "somebody",
    "from_encoder": "",
    "to_generation": 2,
    "to_encoder": "x",
    "to_digest": "d",
    "facts": {"gate": "passed"},
}


@pytest.fixture
def database(tmp_path: Path, database_url: str) -> Iterator[Database]:
    """New and empty."""
    made = Database.at(tmp_path, database_url)
    yield made
    made.close()


def tables(database: Database) -> set[str]:
    return set(inspect(database.engine).get_table_names())


def test_migrations_make_exactly_the_tables_that_the_code_knows(database: Database) -> None:
    database.migrate()
    found = inspect(database.engine)
    for table in metadata.sorted_tables:
        columns = {c["name"]: (c["nullable"], str(c["type"])) for c in found.get_columns(table.name)}
        assert columns == {
            c.name: (bool(c.nullable), str(c.type.compile(database.engine.dialect))) for c in table.columns
        }
        assert {i["name"] for i in found.get_indexes(table.name)} == {i.name for i in table.indexes}
    assert tables(database) == {t.name for t in metadata.sorted_tables} | {"alembic_version"}


def test_data_survives_up_and_down_and_up_again(database: Database) -> None:
    database.migrate("0001")
    with database.transaction() as connection:
        connection.execute(insert(jobs).values(**JOB, **TIMES))
        connection.execute(insert(job_lines).values(job="a" * 32, number=1, at=1.0, text="läuft"))
    database.migrate()
    assert database.revision() == HEAD
    with database.transaction() as connection:
        connection.execute(insert(switches).values(**SWITCH))
    database.migrate("0001")
    assert tables(database) == {"jobs", "job_lines", "alembic_version"}
    database.migrate()
    with database.transaction() as connection:
        assert connection.execute(select(jobs.c.arguments)).scalar() == {"source": "ä.csv"}
        assert connection.execute(select(job_lines.c.text)).scalar() == "läuft"
        assert connection.execute(select(switches)).all() == []
    database.migrate("")
    assert tables(database) == {"alembic_version"}


def test_two_processes_migrate_once(tmp_path: Path, database_url: str, database: Database) -> None:
    code = "import sys; from pathlib import Path; from techfinder.database.database import Database\n"
    code += "Database.open(Path(sys.argv[1]), sys.argv[2]).close()"
    racing = [subprocess.Popen([sys.executable, "-c", code, str(tmp_path), database_url]) for _ in range(3)]
    assert [p.wait(60) for p in racing] == [0, 0, 0]
    assert database.revision() == HEAD


def test_a_newer_database_is_refused(tmp_path: Path, database_url: str, database: Database) -> None:
    database.migrate()
    with database.transaction() as connection:
        connection.execute(text("UPDATE alembic_version SET version_num = '9999'"))
    with pytest.raises(DatabaseError, match=r"made by a newer techfinder \(form 9999.*Update techfinder"):
        Database.open(tmp_path, database_url)


def test_a_transaction_counts_as_a_whole_or_not_at_all(database: Database) -> None:
    database.migrate()

    def begin() -> None:
        with database.transaction() as connection:
            connection.execute(insert(choices).values(name="x", value={"a": 1}, at=1.0, actor="me"))
            raise RuntimeError("half way")

    with pytest.raises(RuntimeError, match="half way"):
        begin()
    with database.transaction() as connection:
        assert connection.execute(select(choices)).all() == []


def test_the_clock_is_the_databases(database: Database) -> None:
    with database.transaction() as connection:
        first, second = (connection.execute(select(database.now())).scalar_one() for _ in range(2))
    assert isinstance(first, float)
    assert 1_700_000_000 < first <= second < first + 10


def test_an_interrupt_is_one_where_clearing_up_after_it_fails(
    tmp_path: Path, postgres: PostgresProcess, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A worker that was told to end took it for a database that is away, and went on."""
    plain = PatientConnection.wait

    def wait(connection: PatientConnection, steps: Generator[Any, Any, Any], *args: Any, **options: Any) -> None:
        with suppress(StopIteration):  # of a step that needs no answer
            next(steps)
            monkeypatch.setattr(PatientConnection, "wait", plain)
            raise KeyboardInterrupt

    with closing(Database.open(tmp_path, postgres.database())) as database:
        monkeypatch.setattr(PatientConnection, "wait", wait)
        with pytest.raises(KeyboardInterrupt) as caught, database.reading():  # it asks whether the connection lives
            pass
        assert isinstance(caught.value.__cause__, SQLAlchemyError)
        with database.reading() as connection:
            assert connection.execute(text("SELECT 1")).scalar() == 1


def test_an_answer_goes_on_after_an_interrupt_so_that_psycopg_can_clear_up(
    tmp_path: Path, postgres: PostgresProcess
) -> None:
    with closing(Database.open(tmp_path, postgres.database())) as database, database.reading() as connection:
        driver: Any = connection.connection.driver_connection

        def steps() -> Generator[int, int, str]:
            yield 1
            yield 2
            return "answered"

        given: list[Any] = []
        with pytest.MonkeyPatch.context() as patched:
            patched.setattr(psycopg.Connection, "wait", lambda self, gen, *args, **options: given.append(gen))
            driver.wait(steps())
        [within] = given
        assert next(within) == 1

        class Signal:
            def __bool__(self) -> bool:
                raise KeyboardInterrupt

        with pytest.raises(KeyboardInterrupt):
            within.send(Signal())
        assert next(within) == 2
        with pytest.raises(StopIteration, match="answered"):
            next(within)


def test_sqlite_is_copied_aside_before_it_is_changed(tmp_path: Path) -> None:
    database = Database.at(tmp_path)
    database.migrate("0001")
    with database.transaction() as connection:
        connection.execute(insert(jobs).values(**JOB, **TIMES))
    database.migrate()
    database.close()
    with closing(sqlite3.connect(tmp_path / f"{FILE}.0001")) as copy:
        assert copy.execute("SELECT kind FROM jobs").fetchall() == [("index",)]


def test_a_lock_that_is_held_is_waited_for(tmp_path: Path) -> None:
    database = Database.open(tmp_path)
    other = sqlite3.connect(tmp_path / FILE, isolation_level=None, check_same_thread=False)
    other.execute("BEGIN IMMEDIATE")
    threading.Timer(0.5, lambda: other.execute("COMMIT")).start()
    with database.transaction() as connection:
        connection.execute(insert(choices).values(name="x", value=1, at=1.0, actor="me"))
    other.close()
    database.close()


def test_a_damaged_file_is_told(tmp_path: Path) -> None:
    (tmp_path / FILE).write_bytes(b"this is no database" * 100)
    with pytest.raises(DatabaseError, match=r"file is not a database.*move it aside, and bring a backup back"):
        Database.open(tmp_path)


@pytest.mark.parametrize(
    "url", ["mysql://x/y", "nonsense", "postgresql://a:secret@127.0.0.1:9/x", "postgresql://h:x/y"]
)
def test_an_address_that_does_not_work_is_told_without_its_password(tmp_path: Path, url: str) -> None:
    with pytest.raises(DatabaseError) as caught:
        Database.open(tmp_path, url)
    assert "secret" not in str(caught.value)
