"""Verdicts by round, and the newest of each thing."""

import sqlalchemy as sa
from sqlalchemy.dialects import postgresql

from alembic import op

revision = "0004"
down_revision = "0003"
branch_labels = None
depends_on = None


def _time() -> sa.types.TypeEngine[object]:
    return sa.BigInteger().with_variant(postgresql.TIMESTAMP(timezone=True), "postgresql")


def upgrade() -> None:
    op.create_table(
        "verdicts",
        sa.Column("sweep_id", sa.Uuid, nullable=False),
        sa.Column("round", sa.Integer, nullable=False, autoincrement=False),
        sa.Column("scope", sa.Text, nullable=False),
        sa.Column("key", sa.Text, nullable=False),
        sa.Column("id", sa.Uuid, nullable=False),
        sa.Column("fleet_id", sa.Integer, nullable=False),
        sa.Column("at", _time(), nullable=False),
        sa.Column("since", _time(), nullable=False),
        sa.Column("label", sa.Text, nullable=False),
        sa.Column("verdict", sa.Text, nullable=False),
        sa.Column("slow", sa.Boolean, nullable=False),
        sa.Column("lossy", sa.Boolean, nullable=False),
        sa.Column("structural", sa.Boolean),
        sa.Column("sentence", sa.Text, nullable=False),
        sa.Column("figures", sa.JSON(none_as_null=True), nullable=False),
        sa.Column("settings_version", sa.Text, nullable=False),
        sa.PrimaryKeyConstraint("sweep_id", "round", "scope", "key", name="pk_verdicts"),
    )
    op.create_index("ix_verdicts_fleet_id_at_id", "verdicts", ["fleet_id", "at", "id"])
    op.create_table(
        "verdict_states",
        sa.Column("fleet_id", sa.Integer, nullable=False, autoincrement=False),
        sa.Column("scope", sa.Text, nullable=False),
        sa.Column("key", sa.Text, nullable=False),
        sa.Column("at", _time(), nullable=False),
        sa.Column("since", _time(), nullable=False),
        sa.Column("verdict", sa.Text, nullable=False),
        sa.Column("decided", sa.Text),
        sa.PrimaryKeyConstraint("fleet_id", "scope", "key", name="pk_verdict_states"),
    )


def downgrade() -> None:
    op.drop_table("verdict_states")
    op.drop_table("verdicts")
