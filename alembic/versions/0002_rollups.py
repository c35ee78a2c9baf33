"""Rollups by the hour and the day, and the newest results of each tester."""

from datetime import UTC, datetime

import sqlalchemy as sa
from sqlalchemy.dialects import postgresql

from alembic import op
from collector.history.partitions import DAILY, HOURLY, make_partition

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None


def _time() -> sa.types.TypeEngine[object]:
    return sa.BigInteger().with_variant(postgresql.TIMESTAMP(timezone=True), "postgresql")


def _make_rollups(name: str, column: str) -> None:
    op.create_table(
        name,
        sa.Column("tester_id", sa.Integer, nullable=False, autoincrement=False),
        sa.Column("server_id", sa.Integer, nullable=False, autoincrement=False),
        sa.Column(column, _time(), nullable=False),
        sa.Column("runs", sa.Integer, nullable=False),
        sa.Column("left_out", sa.Integer, nullable=False),
        sa.Column("planned", sa.BigInteger, nullable=False),
        sa.Column("sent", sa.BigInteger, nullable=False),
        sa.Column("answered", sa.BigInteger, nullable=False),
        sa.Column("late", sa.BigInteger, nullable=False),
        sa.Column("late_unknown", sa.Integer, nullable=False),
        sa.Column("min_us", sa.Integer),
        sa.Column("max_us", sa.Integer),
        sa.Column("sum_us", sa.BigInteger, nullable=False),
        sa.Column("sumsq_us2", sa.Double, nullable=False),
        sa.Column("jitter_sum_us", sa.BigInteger, nullable=False),
        sa.Column("jitter_n", sa.BigInteger, nullable=False),
        sa.Column("hist", sa.LargeBinary, nullable=False),
        sa.PrimaryKeyConstraint("tester_id", "server_id", column, name=f"pk_{name}"),
        postgresql_partition_by=f"RANGE ({column})",
    )


def upgrade() -> None:
    op.add_column("runs", sa.Column("dirty", sa.Boolean, nullable=False, server_default=sa.false()))
    op.create_index(
        "ix_runs_dirty",
        "runs",
        ["started_at"],
        postgresql_where=sa.text("dirty"),
        sqlite_where=sa.text("dirty"),
    )
    # What was stored before there were rollups is taken up by the collector's own job.
    op.execute("UPDATE runs SET dirty = true WHERE stored > 0 AND started_at IS NOT NULL")
    _make_rollups("ping_rollups_hour", "hour")
    _make_rollups("ping_rollups_day", "day")
    op.create_table(
        "dirty_days",
        sa.Column("tester_id", sa.Integer, nullable=False, autoincrement=False),
        sa.Column("day", _time(), nullable=False),
        sa.PrimaryKeyConstraint("tester_id", "day", name="pk_dirty_days"),
    )
    op.create_table(
        "pruned",
        sa.Column("name", sa.Text, nullable=False),
        sa.Column("before", _time(), nullable=False),
        sa.PrimaryKeyConstraint("name", name="pk_pruned"),
    )
    op.create_table(
        "latest",
        sa.Column("tester_id", sa.Integer, nullable=False, autoincrement=False),
        sa.Column("run_id", sa.Uuid, nullable=False),
        sa.Column("ts", _time(), nullable=False),
        sa.Column("trusted", sa.Boolean, nullable=False),
        sa.Column("figures", sa.LargeBinary, nullable=False),
        sa.PrimaryKeyConstraint("tester_id", name="pk_latest"),
    )
    connection = op.get_bind()
    if connection.dialect.name == "postgresql":
        for periods in (HOURLY, DAILY):
            for start in periods.around(datetime.now(UTC)):
                make_partition(connection, periods, start)


def downgrade() -> None:
    for table in ("latest", "pruned", "dirty_days", "ping_rollups_day", "ping_rollups_hour"):
        op.drop_table(table)
    op.drop_index("ix_runs_dirty", table_name="runs")
    with op.batch_alter_table("runs") as runs:
        runs.drop_column("dirty")
