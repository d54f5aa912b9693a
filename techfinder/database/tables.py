"""What the application database holds. Times are seconds since 1970 in UTC, by the database's own clock."""

from __future__ import annotations

from sqlalchemy import (
    JSON,
    BigInteger,
    Boolean,
    Column,
    Double,
    ForeignKey,
    Index,
    Integer,
    MetaData,
    String,
    Table,
    Text,
    text,
)

__all__ = ["choices", "job_lines", "jobs", "metadata", "switches"]

metadata = MetaData()

jobs = Table(
    "jobs",
    metadata,
    Column("id", String(32), primary_key=True),
    Column("kind", String(40), nullable=False),
    Column("collection", String(63), nullable=False),
    Column("arguments", JSON, nullable=False),
    Column("state", String(12), nullable=False),
    Column("created_at", Double, nullable=False),
    Column("run_after", Double, nullable=False),
    Column("updated_at", Double, nullable=False),
    Column("finished_at", Double),
    Column("attempts", Integer, nullable=False, server_default="0"),
    Column("most_attempts", Integer, nullable=False),
    Column("owner", String(200), nullable=False, server_default=""),
    Column("lease_until", Double),
    Column("fence", BigInteger, nullable=False, server_default="0"),
    Column("cancel_asked", Boolean, nullable=False, server_default=text("false")),
    Column("phase", String(20), nullable=False, server_default=""),
    Column("done", BigInteger, nullable=False, server_default="0"),
    Column("total", BigInteger),
    Column("message", Text, nullable=False, server_default=""),
    Column("result", JSON),
    # The database itself allows one running job for each collection.
    Index(
        "one_running_job",
        "collection",
        unique=True,
        sqlite_where=text("state = 'running'"),
        postgresql_where=text("state = 'running'"),
    ),
    Index("jobs_by_state", "state", "run_after"),
)

job_lines = Table(
    "job_lines",
    metadata,
    Column("job", String(32), ForeignKey("jobs.id", ondelete="CASCADE"), primary_key=True),
    Column("number", Integer, primary_key=True),
    Column("at", Double, nullable=False),
    Column("text", Text, nullable=False),
)

switches = Table(
    "switches",
    metadata,
    Column("id", String(32), primary_key=True),
    Column("collection", String(63), nullable=False),
    Column("action", String(20), nullable=False),
    Column("at", Double, nullable=False),
    Column("actor", String(200), nullable=False),
    Column("from_generation", Integer),
    Column("from_encoder", String(200), nullable=False),
    Column("to_generation", Integer, nullable=False),
    Column("to_encoder", String(200), nullable=False),
    Column("to_digest", String(64), nullable=False),
    Column("facts", JSON, nullable=False),
    Index("switches_by_time", "collection", "at"),
)

choices = Table(
    "choices",
    metadata,
    Column("name", String(100), primary_key=True),
    Column("value", JSON, nullable=False),
    Column("at", Double, nullable=False),
    Column("actor", String(200), nullable=False),
)
