"""What the application database holds. Times are seconds since 1970 in UTC, by the database's own clock.

A column that holds the id of one of the people who are searched says so, ``info={"person": True}``: its rows go when
that person is erased.
"""

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

__all__ = [
    "access_links",
    "attempts",
    "audit",
    "audit_head",
    "choices",
    "devices",
    "erased",
    "erasure_keys",
    "job_lines",
    "jobs",
    "metadata",
    "recovery_codes",
    "sessions",
    "switches",
    "tokens",
    "users",
]

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

# --- who may do what: secrets are kept as digests only, passwords as Argon2id hashes ---------------------------

users = Table(
    "users",
    metadata,
    Column("id", String(32), primary_key=True),
    Column("name", String(100), nullable=False),
    Column("role", String(10), nullable=False),
    Column("password", Text, nullable=False, server_default=""),
    Column("disabled", Boolean, nullable=False, server_default=text("false")),
    Column("created_at", Double, nullable=False),
    Column("second_factor", String(64), nullable=False, server_default=""),
    Column("second_step", BigInteger, nullable=False, server_default="0"),
    Column("subject", String(500)),
    Index("users_by_name", "name", unique=True),
    Index("users_by_subject", "subject", unique=True),
)

recovery_codes = Table(
    "recovery_codes",
    metadata,
    Column("user", String(32), ForeignKey("users.id", ondelete="CASCADE"), primary_key=True),
    Column("digest", String(64), primary_key=True),
)

access_links = Table(
    "access_links",
    metadata,
    Column("digest", String(64), primary_key=True),
    Column("user", String(32), ForeignKey("users.id", ondelete="CASCADE"), nullable=False),
    Column("until", Double, nullable=False),
)

sessions = Table(
    "sessions",
    metadata,
    Column("digest", String(64), primary_key=True),
    Column("user", String(32), ForeignKey("users.id", ondelete="CASCADE"), nullable=False),
    Column("pending", Boolean, nullable=False),
    Column("created_at", Double, nullable=False),
    Column("seen_at", Double, nullable=False),
    Column("until", Double, nullable=False),
    Column("address", String(45), nullable=False),
    Column("browser", String(200), nullable=False),
    Index("sessions_by_user", "user"),
    Index("sessions_by_end", "until"),
)

devices = Table(
    "devices",
    metadata,
    Column("digest", String(64), primary_key=True),
    Column("user", String(32), ForeignKey("users.id", ondelete="CASCADE"), nullable=False),
    Column("until", Double, nullable=False),
    Index("devices_by_user", "user"),
)

attempts = Table(
    "attempts",
    metadata,
    Column("id", String(32), primary_key=True),
    Column("key", String(64), primary_key=True),
    Column("at", Double, nullable=False),
    Index("attempts_by_key", "key", "at"),
)

tokens = Table(
    "tokens",
    metadata,
    Column("id", String(12), primary_key=True),
    Column("digest", String(64), nullable=False),
    Column("user", String(32), ForeignKey("users.id", ondelete="CASCADE"), nullable=False),
    Column("label", String(100), nullable=False),
    Column("scopes", JSON, nullable=False),
    Column("created_at", Double, nullable=False),
    Column("until", Double, nullable=False),
    Column("used_at", Double),
    Column("revoked_at", Double),
    Index("tokens_by_user", "user"),
)

# Entries are only ever added: triggers refuse anything else, and each entry holds the digest of the one before.
audit = Table(
    "audit",
    metadata,
    Column("number", BigInteger, primary_key=True, autoincrement=False),
    Column("at", Double, nullable=False),
    Column("actor", String(200), nullable=False),
    Column("action", String(40), nullable=False),
    Column("subject", String(500), nullable=False),
    Column("address", String(45), nullable=False),
    Column("detail", Text, nullable=False),
    Column("before", String(64), nullable=False),
    Column("digest", String(64), nullable=False),
    Index("audit_by_actor", "actor", "number"),
    Index("audit_by_action", "action", "number"),
)

audit_head = Table(
    "audit_head",
    metadata,
    Column("id", Integer, primary_key=True, autoincrement=False),
    Column("number", BigInteger, nullable=False),
    Column("digest", String(64), nullable=False),
)

# --- who was erased and must not come back: keyed hashes of ids -------------------------------------------------

erasure_keys = Table(
    "erasure_keys",
    metadata,
    Column("id", String(32), primary_key=True),
    Column("key", String(64), nullable=False),
    Column("made_at", Double, nullable=False),
)

erased = Table(
    "erased",
    metadata,
    Column("key", String(32), ForeignKey("erasure_keys.id"), primary_key=True),
    Column("digest", String(64), primary_key=True),
    Column("at", Double, nullable=False),
)
