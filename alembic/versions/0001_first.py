"""The tables of the main job."""

from datetime import UTC, datetime

import sqlalchemy as sa
from sqlalchemy.dialects import postgresql

from alembic import op
from collector.history.partitions import RESULTS, make_partition

revision = "0001"
down_revision = None
branch_labels = None
depends_on = None


def _time() -> sa.types.TypeEngine[object]:
    return sa.BigInteger().with_variant(postgresql.TIMESTAMP(timezone=True), "postgresql")


def upgrade() -> None:
    op.create_table(
        "fleets",
        sa.Column("id", sa.Integer, sa.Identity(), nullable=False),
        sa.Column("uuid", sa.Uuid, nullable=False),
        sa.Column("name", sa.Text, nullable=False),
        sa.Column("spec", sa.JSON, nullable=False),
        sa.Column("registered_at", _time(), nullable=False),
        sa.Column("registered_by", sa.Text, nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_fleets"),
        sa.UniqueConstraint("uuid", name="uq_fleets_uuid"),
        sa.UniqueConstraint("name", name="uq_fleets_name"),
    )
    op.create_table(
        "testers",
        sa.Column("id", sa.Integer, sa.Identity(), nullable=False),
        sa.Column("uuid", sa.Uuid, nullable=False),
        sa.Column("fleet_id", sa.Integer, nullable=False),
        sa.Column("name", sa.Text, nullable=False),
        sa.Column("location", sa.Text),
        sa.Column("vps_provider", sa.Text),
        sa.Column("config", sa.JSON, nullable=False),
        sa.Column("token_sha256", sa.Text),
        sa.Column("created_at", _time(), nullable=False),
        sa.Column("retired_at", _time()),
        sa.PrimaryKeyConstraint("id", name="pk_testers"),
        sa.UniqueConstraint("uuid", name="uq_testers_uuid"),
        sa.UniqueConstraint("fleet_id", "name", name="uq_testers_fleet_id_name"),
        sa.ForeignKeyConstraint(["fleet_id"], ["fleets.id"], name="fk_testers_fleet_id_fleets"),
    )
    op.create_table(
        "servers",
        sa.Column("id", sa.Integer, sa.Identity(), nullable=False),
        sa.Column("uuid", sa.Uuid, nullable=False),
        sa.Column("fleet_id", sa.Integer, nullable=False),
        sa.Column("name", sa.Text, nullable=False),
        sa.Column("ip_addr", sa.Text),
        sa.Column("family", sa.SmallInteger),
        sa.Column("port", sa.Integer),
        sa.Column("probe_type", sa.Text, nullable=False),
        sa.Column("host", sa.Text, nullable=False),
        sa.Column("location", sa.Text),
        sa.Column("group", sa.Text, nullable=False),
        sa.Column("config", sa.JSON),
        sa.PrimaryKeyConstraint("id", name="pk_servers"),
        sa.UniqueConstraint("uuid", name="uq_servers_uuid"),
        sa.UniqueConstraint(
            "fleet_id",
            "name",
            "ip_addr",
            "port",
            "probe_type",
            name="uq_servers_fleet_id_name_ip_addr_port_probe_type",
            postgresql_nulls_not_distinct=True,
        ),
        sa.ForeignKeyConstraint(["fleet_id"], ["fleets.id"], name="fk_servers_fleet_id_fleets"),
    )
    op.create_table(
        "sweeps",
        sa.Column("id", sa.Uuid, nullable=False),
        sa.Column("fleet_id", sa.Integer, nullable=False),
        sa.Column("schedule_id", sa.Uuid),
        sa.Column("due_at", _time()),
        sa.Column("started_at", _time(), nullable=False),
        sa.Column("finished_at", _time()),
        sa.Column("spec", sa.JSON, nullable=False),
        sa.Column("outcome", sa.Text),
        sa.PrimaryKeyConstraint("id", name="pk_sweeps"),
        sa.UniqueConstraint("schedule_id", "due_at", name="uq_sweeps_schedule_id_due_at"),
        sa.ForeignKeyConstraint(["fleet_id"], ["fleets.id"], name="fk_sweeps_fleet_id_fleets"),
    )
    op.create_index("ix_sweeps_fleet_id_started_at", "sweeps", ["fleet_id", "started_at"])
    op.create_table(
        "runs",
        sa.Column("tester_id", sa.Integer, nullable=False, autoincrement=False),
        sa.Column("run_id", sa.Uuid, nullable=False),
        sa.Column("sweep_id", sa.Uuid, nullable=False),
        sa.Column("index", sa.Integer, nullable=False),
        sa.Column("of", sa.Integer),
        sa.Column("planned", sa.Integer),
        sa.Column("stored", sa.Integer, nullable=False),
        sa.Column("announced_at", _time(), nullable=False),
        sa.Column("expected_s", sa.Double),
        sa.Column("reported_at", _time()),
        sa.Column("started_at", _time()),
        sa.Column("finished_at", _time()),
        sa.Column("clock_offset_us", sa.BigInteger),
        sa.Column("clock_corrected", sa.Boolean, nullable=False),
        sa.Column("body_sha256", sa.Text),
        sa.Column("probe", sa.JSON),
        sa.Column("engine", sa.JSON),
        sa.Column("health", sa.JSON),
        sa.Column("trusted", sa.Boolean),
        sa.Column("reason", sa.Text),
        sa.Column("state", sa.Text, nullable=False),
        sa.PrimaryKeyConstraint("tester_id", "run_id", name="pk_runs"),
    )
    op.create_index("ix_runs_run_id", "runs", ["run_id"])
    op.create_index("ix_runs_sweep_id", "runs", ["sweep_id"])
    op.create_index("ix_runs_announced_at", "runs", ["announced_at"])
    op.create_index("ix_runs_started_at", "runs", ["started_at"])
    op.create_table(
        "ping_results",
        sa.Column("tester_id", sa.Integer, nullable=False, autoincrement=False),
        sa.Column("server_id", sa.Integer, nullable=False, autoincrement=False),
        sa.Column("ts", _time(), nullable=False),
        sa.Column("run_id", sa.Uuid, nullable=False),
        sa.Column("state", sa.SmallInteger, nullable=False),
        sa.Column("planned", sa.Integer, nullable=False),
        sa.Column("sent", sa.Integer, nullable=False),
        sa.Column("answered", sa.Integer, nullable=False),
        sa.Column("late", sa.Integer),
        sa.Column("duplicate", sa.Integer),
        sa.Column("reordered", sa.Integer),
        sa.Column("min_us", sa.Integer),
        sa.Column("p50_us", sa.Integer),
        sa.Column("max_us", sa.Integer),
        sa.Column("mean_us", sa.Integer),
        sa.Column("dev_us", sa.Integer),
        sa.Column("warmup", sa.Boolean, nullable=False),
        sa.Column("probes", sa.LargeBinary, nullable=False),
        sa.Column("details", sa.JSON),
        sa.PrimaryKeyConstraint("tester_id", "server_id", "ts", "run_id", name="pk_ping_results"),
        postgresql_partition_by="RANGE (ts)",
    )
    op.create_index("ix_ping_results_ts", "ping_results", ["ts"], postgresql_using="brin")
    op.create_table(
        "legacy_results",
        sa.Column("tester_id", sa.Integer, nullable=False, autoincrement=False),
        sa.Column("id", sa.Uuid, nullable=False),
        sa.Column("received_at", _time(), nullable=False),
        sa.Column("tester_given", sa.Text),
        sa.Column("server_requested", sa.Text),
        sa.Column("server_contacted", sa.Text),
        sa.Column("ping_timestamp", sa.Text),
        sa.Column("ping_count", sa.Text),
        sa.Column("ping_nack", sa.Text),
        sa.Column("ping_time", sa.Text),
        sa.Column("raw", sa.Text),
        sa.PrimaryKeyConstraint("tester_id", "id", name="pk_legacy_results"),
    )
    op.create_table(
        "tokens",
        sa.Column("id", sa.Integer, sa.Identity(), nullable=False),
        sa.Column("role", sa.Text, nullable=False),
        sa.Column("tester_id", sa.Integer),
        sa.Column("sha256", sa.Text, nullable=False),
        sa.Column("created_at", _time(), nullable=False),
        sa.Column("revoked_at", _time()),
        sa.PrimaryKeyConstraint("id", name="pk_tokens"),
        sa.UniqueConstraint("sha256", name="uq_tokens_sha256"),
        sa.ForeignKeyConstraint(["tester_id"], ["testers.id"], name="fk_tokens_tester_id_testers"),
    )
    op.create_table(
        "heartbeats",
        sa.Column("tester_id", sa.Integer, nullable=False, autoincrement=False),
        sa.Column("at", _time(), nullable=False),
        sa.Column("body", sa.JSON, nullable=False),
        sa.Column("clock_offset_us", sa.BigInteger),
        sa.PrimaryKeyConstraint("tester_id", name="pk_heartbeats"),
    )
    op.create_table(
        "events",
        sa.Column(
            "id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), sa.Identity(), primary_key=True
        ),
        sa.Column("kind", sa.Text, nullable=False),
        sa.Column("at", _time(), nullable=False),
        sa.Column("data", sa.JSON, nullable=False),
        sqlite_autoincrement=True,
    )
    op.create_index("ix_events_at", "events", ["at"])
    connection = op.get_bind()
    if connection.dialect.name == "postgresql":
        for week in RESULTS.around(datetime.now(UTC)):
            make_partition(connection, RESULTS, week)


def downgrade() -> None:
    # The reverse order of their making; a partitioned table takes its partitions along.
    for table in (
        "events",
        "heartbeats",
        "tokens",
        "legacy_results",
        "ping_results",
        "runs",
        "sweeps",
        "servers",
        "testers",
        "fleets",
    ):
        op.drop_table(table)
