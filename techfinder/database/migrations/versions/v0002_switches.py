"""Switches of generations, and choices."""

import sqlalchemy as sa
from alembic import op

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Make the tables."""
    op.create_table(
        "switches",
        sa.Column("id", sa.String(32), primary_key=True),
        sa.Column("collection", sa.String(63), nullable=False),
        sa.Column("action", sa.String(20), nullable=False),
        sa.Column("at", sa.Double, nullable=False),
        sa.Column("actor", sa.String(200), nullable=False),
        sa.Column("from_generation", sa.Integer),
        sa.Column("from_encoder", sa.String(200), nullable=False),
        sa.Column("to_generation", sa.Integer, nullable=False),
        sa.Column("to_encoder", sa.String(200), nullable=False),
        sa.Column("to_digest", sa.String(64), nullable=False),
        sa.Column("facts", sa.JSON, nullable=False),
    )
    op.create_index("switches_by_time", "switches", ["collection", "at"])
    op.create_table(
        "choices",
        sa.Column("name", sa.String(100), primary_key=True),
        sa.Column("value", sa.JSON, nullable=False),
        sa.Column("at", sa.Double, nullable=False),
        sa.Column("actor", sa.String(200), nullable=False),
    )


def downgrade() -> None:
    """Remove them."""
    op.drop_table("choices")
    op.drop_table("switches")
