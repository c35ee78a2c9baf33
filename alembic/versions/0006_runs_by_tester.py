"""Runs of one tester by their time, and those without a part in figures, are found by an index."""

import sqlalchemy as sa

from alembic import op

revision = "0006"
down_revision = "0005"
branch_labels = None
depends_on = None

LEFT_OUT = "trusted IS {false} OR state = 'abandoned'"


def upgrade() -> None:
    op.create_index("ix_runs_tester_id_started_at", "runs", ["tester_id", "started_at"])
    op.create_index(
        "ix_runs_left_out",
        "runs",
        ["started_at"],
        postgresql_where=sa.text(LEFT_OUT.format(false="false")),
        sqlite_where=sa.text(LEFT_OUT.format(false="0")),
    )


def downgrade() -> None:
    op.drop_index("ix_runs_left_out", table_name="runs")
    op.drop_index("ix_runs_tester_id_started_at", table_name="runs")
