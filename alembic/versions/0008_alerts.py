"""Alerts: what rules are held against, what they hold to be bad, and what was told to whom."""

import sqlalchemy as sa
from sqlalchemy.dialects import postgresql

from alembic import op

revision = "0008"
down_revision = "0007"
branch_labels = None
depends_on = None

WAITING = sa.text("state = 'waiting'")


def _time() -> sa.types.TypeEngine[object]:
    return sa.BigInteger().with_variant(postgresql.TIMESTAMP(timezone=True), "postgresql")


def upgrade() -> None:
    op.create_table(
        "alert_occasions",
        sa.Column("id", sa.Uuid, nullable=False),
        sa.Column("kind", sa.Text, nullable=False),
        sa.Column("fleet_id", sa.Integer, nullable=False),
        sa.Column("sweep_id", sa.Uuid, nullable=False),
        sa.Column("round", sa.Integer),
        sa.Column("at", _time(), nullable=False),
        sa.Column("noted_at", _time(), nullable=False),
        sa.Column("evaluated_at", _time()),
        sa.PrimaryKeyConstraint("id", name="pk_alert_occasions"),
    )
    op.create_index("ix_alert_occasions_noted_at", "alert_occasions", ["noted_at"])
    op.create_table(
        "alert_states",
        sa.Column("fleet_id", sa.Integer, nullable=False, autoincrement=False),
        sa.Column("rule", sa.Text, nullable=False),
        sa.Column("finding", sa.Text, nullable=False),
        sa.Column("scope", sa.Text, nullable=False),
        sa.Column("key", sa.Text, nullable=False),
        sa.Column("at", _time(), nullable=False),
        sa.Column("history", sa.Text, nullable=False),
        sa.Column("open", sa.Boolean, nullable=False),
        sa.Column("since", _time()),
        sa.Column("sentence", sa.Text, nullable=False),
        sa.PrimaryKeyConstraint("fleet_id", "rule", "finding", "scope", "key", name="pk_alert_states"),
    )
    op.create_table(
        "alert_deliveries",
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), sa.Identity(), nullable=False),
        sa.Column("idempotency_key", sa.Uuid, nullable=False),
        sa.Column("fleet_id", sa.Integer, nullable=False),
        sa.Column("rule", sa.Text, nullable=False),
        sa.Column("receiver", sa.Text, nullable=False),
        sa.Column("message", sa.JSON(none_as_null=True), nullable=False),
        sa.Column("created_at", _time(), nullable=False),
        sa.Column("state", sa.Text, nullable=False),
        sa.Column("attempts", sa.Integer, nullable=False),
        sa.Column("next_at", _time(), nullable=False),
        sa.Column("ended_at", _time()),
        sa.Column("note", sa.Text),
        sa.PrimaryKeyConstraint("id", name="pk_alert_deliveries"),
        sa.UniqueConstraint("idempotency_key", name="uq_alert_deliveries_idempotency_key"),
    )
    op.create_index(
        "ix_alert_deliveries_waiting",
        "alert_deliveries",
        ["receiver", "id"],
        postgresql_where=WAITING,
        sqlite_where=WAITING,
    )
    op.create_index("ix_alert_deliveries_created_at", "alert_deliveries", ["created_at"])


def downgrade() -> None:
    op.drop_table("alert_deliveries")
    op.drop_table("alert_states")
    op.drop_table("alert_occasions")
