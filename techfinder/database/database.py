"""Connecting to the application database, and bringing it to this version's form."""

from __future__ import annotations

import hashlib
import sqlite3
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from typing import Any

from filelock import FileLock, Timeout
from sqlalchemy import (
    Connection,
    Double,
    Engine,
    cast,
    create_engine,
    event,
    extract,
    func,
    literal_column,
    make_url,
    select,
    text,
)
from sqlalchemy.exc import ArgumentError, SQLAlchemyError
from sqlalchemy.sql.elements import ColumnElement

from techfinder.database import FILE
from techfinder.errors import DatabaseError, cut
from techfinder.setting_files import make_home

__all__ = ["HEAD", "Database"]

HEAD = "0004"
"""The last migration that this version knows."""

_WAIT_S = 10
_CONNECT_S = 5
_MIGRATION_WAIT_S = 60
_READS, _WAITS = "techfinder_reads", "techfinder_waits"
_PG_LOCK = 7_220_441
"""Number of the lock under which PostgreSQL is migrated: any number that nobody else takes."""


class Database:
    """One application database. Safe to use from many threads and processes.

    Attributes:
        engine: SQLAlchemy's.
    """

    def __init__(self, engine: Engine, place: str, lock: Path | None) -> None:
        """Take an engine; `place` names it in messages, `lock` is the file that guards migrations of SQLite."""
        self.engine, self._place, self._lock = engine, place, lock

    @classmethod
    def open(cls, home: Path, url: str = "") -> Database:
        """The database at `url`, else in `home`, migrated where it is older. Raises DatabaseError."""
        database = cls.at(home, url)
        try:
            database.migrate()
        except BaseException:
            database.close()
            raise
        return database

    @classmethod
    def at(cls, home: Path, url: str = "") -> Database:
        """The database as it is. Raises DatabaseError when the address cannot be used."""
        try:
            parsed = make_url(url or f"sqlite:///{home / FILE}")
            kind = parsed.get_backend_name()
            if kind not in ("sqlite", "postgresql"):
                raise ArgumentError(f"{kind} is not supported")
            if kind == "sqlite":
                make_home(Path(parsed.database or FILE).parent)
                engine = create_engine(parsed, connect_args={"timeout": _WAIT_S})
                event.listen(engine, "connect", _prepare_sqlite)
                event.listen(engine, "begin", _begin_sqlite)
            else:
                waits = {"connect_timeout": _CONNECT_S}
                parsed = parsed.set(drivername="postgresql+psycopg")
                engine = create_engine(parsed, connect_args=waits, pool_pre_ping=True, pool_timeout=_WAIT_S)
                event.listen(engine, "do_connect", _connect_patiently)
        except OSError as error:
            raise DatabaseError(
                f"The home folder {cut(str(home))} cannot be used: {error.strerror or error}. Allow access, or name "
                "another one with TECHFINDER_HOME."
            ) from error
        except (SQLAlchemyError, ValueError, ImportError) as error:
            raise DatabaseError(
                f"The application database cannot be used: {cut(str(error), 200)}. Expected an address as "
                "postgresql://user@host/name in TECHFINDER_DATABASE_URL (with psycopg installed: pip install "
                "'techfinder[postgresql]'), or none for SQLite in the home folder."
            ) from error
        lock = Path(f"{parsed.database}.migrate.lock") if kind == "sqlite" else None
        return cls(engine, parsed.render_as_string(hide_password=True), lock)

    @property
    def sqlite(self) -> bool:
        """True for SQLite, False for PostgreSQL."""
        return self.engine.dialect.name == "sqlite"

    def now(self) -> ColumnElement[float]:
        """The database's own time in seconds, as an expression: the clocks of workers may differ."""
        if self.sqlite:
            return literal_column("((julianday('now') - 2440587.5) * 86400.0)")
        return cast(extract("epoch", func.clock_timestamp()), Double)

    @contextmanager
    def transaction(self, wait_s: float = _WAIT_S) -> Iterator[Connection]:
        """A connection whose changes count together, or not at all. Raises DatabaseError when it does not answer.

        On SQLite one writes at a time; `wait_s` is how long to wait for whoever does.
        """
        with self._telling(), self.engine.execution_options(**{_WAITS: wait_s}).begin() as connection:
            yield connection

    def alone(self, connection: Connection, what: str) -> None:
        """Let nobody else do `what` until the transaction ends. On SQLite nobody else can write anyway."""
        if not self.sqlite:
            number = int(hashlib.sha256(what.encode()).hexdigest()[:15], 16)
            connection.execute(text("SELECT pg_advisory_xact_lock(:number)"), {"number": number})

    @contextmanager
    def reading(self) -> Iterator[Connection]:
        """A connection that only reads: it waits for nobody who writes. Raises DatabaseError."""
        with self._telling(), self.engine.connect() as connection:
            yield connection.execution_options(**{_READS: True})

    @contextmanager
    def snapshot(self) -> Iterator[Connection]:
        """A connection that sees everything as it is at one moment, row by row. Raises DatabaseError."""
        with self._telling(), self.engine.connect() as connection:
            level = {} if self.sqlite else {"isolation_level": "REPEATABLE READ"}  # SQLite's readers see one moment
            with self._unhurried(connection):
                yield connection.execution_options(**{_READS: True}, stream_results=True, **level)

    def fill_anew(self, fill: Callable[[Connection], None]) -> None:
        """Drop everything, make it anew, and fill it: all in one transaction. For PostgreSQL. Raises DatabaseError."""
        with self._telling(), self._migrating() as connection:
            self._run(connection, self._revision(connection), "")
            self._run(connection, "", HEAD)
            fill(connection)

    def compact(self) -> None:
        """Leave no byte of rows that were deleted in the files of SQLite; a server does that by itself, in time."""
        if not self.sqlite:
            return
        file = self.engine.url.database or ""
        with self._telling(), closing(sqlite3.connect(file, timeout=_WAIT_S, isolation_level=None)) as connection:
            connection.execute("VACUUM")
            connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")

    def clock(self, connection: Connection) -> float:
        """The database's own time in seconds, now."""
        return float(connection.execute(select(self.now())).scalar_one())

    def revision(self) -> str:
        """The migration that the database is at; empty when it is new."""
        with self.reading() as connection:
            return self._revision(connection)

    def damage(self) -> str:
        """What SQLite finds wrong with its file, at a look at its structure; empty for nothing, and for PostgreSQL."""
        if not self.sqlite:
            return ""
        with self.reading() as connection:
            found = str(connection.exec_driver_sql("PRAGMA quick_check(1)").scalar())
        return "" if found == "ok" else cut(found, 200)

    def migrate(self, to: str = HEAD) -> None:
        """Bring the database to a migration, one process at a time; does nothing when it is there.

        A SQLite file is copied aside before it is changed.

        Raises:
            DatabaseError: It belongs to a newer version, or does not answer.
        """
        found = self.revision()
        if found == to:
            return
        if found > HEAD:
            raise DatabaseError(
                f"The application database {self._place} was made by a newer techfinder (form {found}, this one knows "
                f"{HEAD}). Update techfinder, or restore the copy that was made before."
            )
        with self._migrating() as connection:
            found = self._revision(connection)
            if found != to:
                self._run(connection, found, to)

    def close(self) -> None:
        """Close all connections."""
        self.engine.dispose()

    def _run(self, connection: Connection, found: str, to: str) -> None:
        from alembic import command
        from alembic.config import Config

        config = Config()
        config.set_main_option("script_location", str(Path(__file__).with_name("migrations")).replace("%", "%%"))
        config.attributes["connection"] = connection
        config.attributes["configure_logger"] = False
        step = command.upgrade if found < to else command.downgrade
        step(config, to or "base")

    @contextmanager
    def _migrating(self) -> Iterator[Connection]:
        """A connection under the lock of migrations."""
        if self._lock is None:
            with self.transaction() as connection, self._unhurried(connection):
                connection.execute(text("SELECT pg_advisory_xact_lock(:number)"), {"number": _PG_LOCK})
                yield connection
            return
        try:
            with FileLock(self._lock, timeout=_MIGRATION_WAIT_S):
                self._copy_aside()
                with self.transaction() as connection:
                    yield connection
        except Timeout as error:
            raise DatabaseError(
                f"Another process has been bringing {self._place} to another form for {_MIGRATION_WAIT_S} s. Try again."
            ) from error

    def _copy_aside(self) -> None:
        """Keep what there is, as SQLite itself copies it: a plain copy would miss what is in the log still."""
        revision = self.revision()
        file = Path(self.engine.url.database or "")
        if revision:
            with closing(sqlite3.connect(file)) as source, closing(sqlite3.connect(f"{file}.{revision}")) as target:
                source.backup(target)

    def _revision(self, connection: Connection) -> str:
        if not self.engine.dialect.has_table(connection, "alembic_version"):
            return ""
        found = connection.execute(text("SELECT version_num FROM alembic_version")).scalar()
        return str(found or "")

    @contextmanager
    def _unhurried(self, connection: Connection) -> Iterator[None]:
        """For statements that may take long on PostgreSQL: however long the server says nothing."""
        if self.sqlite:
            yield
            return
        driver: Any = connection.connection.driver_connection
        patience_s, driver.patience_s = driver.patience_s, None
        try:
            yield
        finally:
            driver.patience_s = patience_s

    @contextmanager
    def _telling(self) -> Iterator[None]:
        try:
            yield
        except (SQLAlchemyError, sqlite3.Error) as error:
            if _interrupted(error):
                raise KeyboardInterrupt from error
            said = getattr(error, "orig", None) or error
            raise DatabaseError(
                f"The application database {self._place} does not answer as it should: {cut(str(said).strip(), 200)}. "
                f"Searching goes on without it. {_remedy(said)}"
            ) from error


def _interrupted(error: BaseException) -> bool:
    """Whether it took the place of Ctrl-C, or of a signal to end: what clears up after that may fail."""
    seen, links = set[int](), [error.__cause__, error.__context__]
    while links:
        link = links.pop()
        if isinstance(link, KeyboardInterrupt):
            return True
        if link is not None and id(link) not in seen:
            seen.add(id(link))
            links += [link.__cause__, link.__context__]
    return False


def _remedy(said: BaseException) -> str:
    """What to do about what a driver says."""
    if not isinstance(said, sqlite3.Error):
        return "Check that it runs and that its disk has room, then try again."
    if getattr(said, "sqlite_errorname", "") in ("SQLITE_NOTADB", "SQLITE_CORRUPT"):
        return "The file is damaged: stop techfinder, move it aside, and bring a backup back with `techfinder restore`."
    return "Check that this user may write it and its folder, and that the disk has room, then try again."


def _connect_patiently(_dialect: Any, _record: Any, arguments: Any, options: Any) -> Any:
    from techfinder.database.patience import PatientConnection

    return PatientConnection.connect(*arguments, **options)


def _prepare_sqlite(connection: Any, _record: Any) -> None:
    connection.isolation_level = None  # transactions begin where we say, not where the driver guesses
    cursor = connection.cursor()
    cursor.execute("PRAGMA journal_mode=WAL")
    cursor.execute("PRAGMA synchronous=FULL")
    cursor.execute("PRAGMA foreign_keys=ON")
    cursor.close()


def _begin_sqlite(connection: Connection) -> None:
    """Take the right to write at once: a transaction that reads first and writes later could not get it any more."""
    options = connection.get_execution_options()
    if options.get(_READS):
        connection.exec_driver_sql("BEGIN")
        return
    connection.exec_driver_sql(f"PRAGMA busy_timeout={int(1000 * options.get(_WAITS, _WAIT_S))}")
    connection.exec_driver_sql("BEGIN IMMEDIATE")
