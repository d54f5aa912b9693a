"""People who sign in, their sessions and tokens, and the audit log, which takes additions only."""

import sqlalchemy as sa
from alembic import op

revision = "0003"
down_revision = "0002"
branch_labels = None
depends_on = None

_TABLES = (
    "tokens",
    "attempts",
    "devices",
    "sessions",
    "access_links",
    "recovery_codes",
    "users",
    "audit_head",
    "audit",
)


def upgrade() -> None:
    """Make the tables, and the triggers that guard the audit log."""
    _make_people()
    _make_ways_in()
    _make_audit()
    _guard_audit()


def downgrade() -> None:
    """Remove them."""
    if op.get_bind().dialect.name == "postgresql":
        op.execute("DROP TRIGGER audit_only_added ON audit")
        op.execute("DROP TRIGGER audit_never_emptied ON audit")
        op.execute("DROP FUNCTION audit_refuses()")
    for name in _TABLES:
        op.drop_table(name)


def _make_people() -> None:
    """Users, and what lets them back in."""
    op.create_table(
        "users",
        sa.Column("id", sa.String(32), primary_key=True),
        sa.Column("name", sa.String(100), nullable=False),
        sa.Column("role", sa.String(10), nullable=False),
        sa.Column("password", sa.Text, nullable=False, server_default=""),
        sa.Column("disabled", sa.Boolean, nullable=False, server_default=sa.text("false")),
        sa.Column("created_at", sa.Double, nullable=False),
        sa.Column("second_factor", sa.String(64), nullable=False, server_default=""),
        sa.Column("second_step", sa.BigInteger, nullable=False, server_default="0"),
        sa.Column("subject", sa.String(500)),
    )
    op.create_index("users_by_name", "users", ["name"], unique=True)
    op.create_index("users_by_subject", "users", ["subject"], unique=True)
    op.create_table(
        "recovery_codes",
        sa.Column("user", sa.String(32), sa.ForeignKey("users.id", ondelete="CASCADE"), primary_key=True),
        sa.Column("digest", sa.String(64), primary_key=True),
    )
    op.create_table(
        "access_links",
        sa.Column("digest", sa.String(64), primary_key=True),
        sa.Column("user", sa.String(32), sa.ForeignKey("users.id", ondelete="CASCADE"), nullable=False),
        sa.Column("until", sa.Double, nullable=False),
    )


def _make_ways_in() -> None:
    """Sessions, known browsers, counted attempts, tokens."""
    op.create_table(
        "sessions",
        sa.Column("digest", sa.String(64), primary_key=True),
        sa.Column("user", sa.String(32), sa.ForeignKey("users.id", ondelete="CASCADE"), nullable=False),
        sa.Column("pending", sa.Boolean, nullable=False),
        sa.Column("created_at", sa.Double, nullable=False),
        sa.Column("seen_at", sa.Double, nullable=False),
        sa.Column("until", sa.Double, nullable=False),
        sa.Column("address", sa.String(45), nullable=False),
        sa.Column("browser", sa.String(200), nullable=False),
    )
    op.create_index("sessions_by_user", "sessions", ["user"])
    op.create_index("sessions_by_end", "sessions", ["until"])
    op.create_table(
        "devices",
        sa.Column("digest", sa.String(64), primary_key=True),
        sa.Column("user", sa.String(32), sa.ForeignKey("users.id", ondelete="CASCADE"), nullable=False),
        sa.Column("until", sa.Double, nullable=False),
    )
    op.create_index("devices_by_user", "devices", ["user"])
    op.create_table(
        "attempts",
        sa.Column("id", sa.String(32), primary_key=True),
        sa.Column("key", sa.String(64), primary_key=True),
        sa.Column("at", sa.Double, nullable=False),
    )
    op.create_index("attempts_by_key", "attempts", ["key", "at"])
    op.create_table(
        "tokens",
        sa.Column("id", sa.String(12), primary_key=True),
        sa.Column("digest", sa.String(64), nullable=False),
        sa.Column("user", sa.String(32), sa.ForeignKey("users.id", ondelete="CASCADE"), nullable=False),
        sa.Column("label", sa.String(100), nullable=False),
        sa.Column("scopes", sa.JSON, nullable=False),
        sa.Column("created_at", sa.Double, nullable=False),
        sa.Column("until", sa.Double, nullable=False),
        sa.Column("used_at", sa.Double),
        sa.Column("revoked_at", sa.Double),
    )
    op.create_index("tokens_by_user", "tokens", ["user"])


def _make_audit() -> None:
    """The log and its end."""
    op.create_table(
        "audit",
        sa.Column("number", sa.BigInteger, primary_key=True, autoincrement=False),
        sa.Column("at", sa.Double, nullable=False),
        sa.Column("actor", sa.String(200), nullable=False),
        sa.Column("action", sa.String(40), nullable=False),
        sa.Column("subject", sa.String(500), nullable=False),
        sa.Column("address", sa.String(45), nullable=False),
        sa.Column("detail", sa.Text, nullable=False),
        sa.Column("before", sa.String(64), nullable=False),
        sa.Column("digest", sa.String(64), nullable=False),
    )
    op.create_index("audit_by_actor", "audit", ["actor", "number"])
    op.create_index("audit_by_action", "audit", ["action", "number"])
    op.create_table(
        "audit_head",
        sa.Column("id", sa.Integer, primary_key=True, autoincrement=False),
        sa.Column("number", sa.BigInteger, nullable=False),
        sa.Column("digest", sa.String(64), nullable=False),
    )
    nothing = "0" * 64
    op.execute(f"INSERT INTO audit_head (id, number, digest) VALUES (1, 0, '{nothing}')")  # noqa: S608 (a constant)


def _guard_audit() -> None:
    """Refuse whatever is no addition. Who may drop triggers is found by the chain of digests."""
    if op.get_bind().dialect.name == "postgresql":
        op.execute(
            "CREATE FUNCTION audit_refuses() RETURNS trigger LANGUAGE plpgsql AS "
            "$$ BEGIN RAISE EXCEPTION 'entries of the audit log are never changed'; END $$"
        )
        op.execute(
            "CREATE TRIGGER audit_only_added BEFORE UPDATE OR DELETE ON audit "
            "FOR EACH ROW EXECUTE FUNCTION audit_refuses()"
        )
        op.execute(
            "CREATE TRIGGER audit_never_emptied BEFORE TRUNCATE ON audit "
            "FOR EACH STATEMENT EXECUTE FUNCTION audit_refuses()"
        )
        return
    for change in ("UPDATE", "DELETE"):
        op.execute(
            f"CREATE TRIGGER audit_no_{change.lower()} BEFORE {change} ON audit "
            "BEGIN SELECT RAISE(ABORT, 'entries of the audit log are never changed'); END"
        )
