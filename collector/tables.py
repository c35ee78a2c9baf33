"""The tables, as SQLAlchemy sees them; alembic makes them.

`ping_results` obeys the rules of the first day: `tester_id` is an int4 that is in every key, no
foreign key points out of it, times are UTC and never updated, microseconds are int4. On Postgres
it is partitioned by `ts` (see `collector.history.partitions`).
"""

from datetime import UTC, datetime, timedelta
from enum import StrEnum
from typing import Any

import sqlalchemy as sa
from sqlalchemy.dialects import postgresql

EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
MICROSECOND = timedelta(microseconds=1)

metadata = sa.MetaData(
    naming_convention={
        "ix": "ix_%(table_name)s_%(column_0_N_name)s",
        "uq": "uq_%(table_name)s_%(column_0_N_name)s",
        "fk": "fk_%(table_name)s_%(column_0_name)s_%(referred_table_name)s",
        "pk": "pk_%(table_name)s",
    }
)


class RunState(StrEnum):
    """What is known of a run; `abandoned` turns into what a late report says."""

    ANNOUNCED = "announced"
    COMPLETE = "complete"
    TRUNCATED = "truncated"
    ABANDONED = "abandoned"


class ResultState(StrEnum):
    """What one run found of one server address; a cell adds `insufficient` and `tester_bad`."""

    OK = "ok"
    LOSSY = "lossy"
    LOST = "lost"
    LATE_ONLY = "late_only"
    NOT_RUN = "not_run"
    DNS_FAILED = "dns_failed"


RESULT_STATES = tuple(ResultState)
"""The number that is stored for a state is its place here: append, never reorder."""


class UtcTime(sa.types.TypeDecorator[datetime]):
    """An aware time in UTC: timestamptz on Postgres, microseconds since 1970 on SQLite."""

    impl = sa.BigInteger
    cache_ok = True

    def load_dialect_impl(self, dialect: sa.Dialect) -> sa.types.TypeEngine[Any]:
        """Return the type that the database has."""
        if dialect.name == "postgresql":
            return dialect.type_descriptor(postgresql.TIMESTAMP(timezone=True))
        return dialect.type_descriptor(sa.BigInteger())

    def process_bind_param(self, value: datetime | None, dialect: sa.Dialect) -> Any:
        """Return what the driver is given."""
        if value is None:
            return None
        if value.tzinfo is None:
            raise ValueError("a time without a zone")
        return value.astimezone(UTC) if dialect.name == "postgresql" else microseconds_of(value)

    def process_result_value(self, value: Any, dialect: sa.Dialect) -> datetime | None:
        """Return an aware time."""
        if value is None:
            return None
        if dialect.name == "postgresql":
            assert isinstance(value, datetime)
            return value.astimezone(UTC)
        return EPOCH + int(value) * MICROSECOND


class ResultStateCode(sa.types.TypeDecorator[ResultState]):
    """A `ResultState`, stored as its number; compare it with the text."""

    impl = sa.SmallInteger
    cache_ok = True

    def process_bind_param(self, value: str | None, dialect: sa.Dialect) -> int | None:  # noqa: ARG002 - the overridden signature
        """Return the number of a state."""
        return None if value is None else RESULT_STATES.index(ResultState(value))

    def process_result_value(self, value: Any, dialect: sa.Dialect) -> ResultState | None:  # noqa: ARG002 - the overridden signature
        """Return the state of a number."""
        return None if value is None else RESULT_STATES[value]


def microseconds_of(time: datetime) -> int:
    """Return an aware time as microseconds since 1970."""
    return (time - EPOCH) // MICROSECOND


def _json() -> sa.JSON:
    return sa.JSON(none_as_null=True)


def _number() -> sa.Column[int]:
    return sa.Column("id", sa.Integer, sa.Identity(), primary_key=True)


fleets = sa.Table(
    "fleets",
    metadata,
    _number(),
    sa.Column("uuid", sa.Uuid, nullable=False, unique=True),
    sa.Column("name", sa.Text, nullable=False, unique=True),
    # The fleet after expansion, in the keys of fleet.yaml; secrets only as references.
    sa.Column("spec", _json(), nullable=False),
    sa.Column("registered_at", UtcTime, nullable=False),
    sa.Column("registered_by", sa.Text, nullable=False),
)

testers = sa.Table(
    "testers",
    metadata,
    _number(),
    sa.Column("uuid", sa.Uuid, nullable=False, unique=True),
    sa.Column("fleet_id", sa.Integer, sa.ForeignKey("fleets.id"), nullable=False),
    sa.Column("name", sa.Text, nullable=False),
    sa.Column("location", sa.Text),
    sa.Column("vps_provider", sa.Text),
    sa.Column("config", _json(), nullable=False),
    sa.Column("token_sha256", sa.Text),
    sa.Column("created_at", UtcTime, nullable=False),
    sa.Column("retired_at", UtcTime),
    sa.UniqueConstraint("fleet_id", "name"),
)

servers = sa.Table(
    "servers",
    metadata,
    _number(),
    # A uuid5 over fleet, name, address, port and probe type: unique with nulls not distinct, on
    # either engine.
    sa.Column("uuid", sa.Uuid, nullable=False, unique=True),
    sa.Column("fleet_id", sa.Integer, sa.ForeignKey("fleets.id"), nullable=False),
    sa.Column("name", sa.Text, nullable=False),
    sa.Column("ip_addr", sa.Text),
    sa.Column("family", sa.SmallInteger),
    sa.Column("port", sa.Integer),
    sa.Column("probe_type", sa.Text, nullable=False),
    sa.Column("host", sa.Text, nullable=False),
    sa.Column("location", sa.Text),
    sa.Column("group", sa.Text, nullable=False),
    sa.Column("config", _json()),
    sa.UniqueConstraint(
        "fleet_id", "name", "ip_addr", "port", "probe_type", postgresql_nulls_not_distinct=True
    ),
)

sweeps = sa.Table(
    "sweeps",
    metadata,
    sa.Column("id", sa.Uuid, primary_key=True),
    sa.Column("fleet_id", sa.Integer, sa.ForeignKey("fleets.id"), nullable=False),
    sa.Column("schedule_id", sa.Uuid),
    sa.Column("due_at", UtcTime),
    sa.Column("started_at", UtcTime, nullable=False),
    sa.Column("finished_at", UtcTime),
    sa.Column("spec", _json(), nullable=False),
    sa.Column("outcome", sa.Text),
    # Why it ended so: what is missing, or why it was skipped.
    sa.Column("note", sa.Text),
    # Of its hosts, as its orchestrator reckons; null where nobody knows.
    sa.Column("cost_usd", sa.Double),
    sa.UniqueConstraint("schedule_id", "due_at"),
    sa.Index("ix_sweeps_fleet_id_started_at", "fleet_id", "started_at"),
)

runs = sa.Table(
    "runs",
    metadata,
    sa.Column("tester_id", sa.Integer, primary_key=True, autoincrement=False),
    sa.Column("run_id", sa.Uuid, primary_key=True),
    # A sweep of a tester that was started by hand has no row of its own.
    sa.Column("sweep_id", sa.Uuid, nullable=False),
    sa.Column("index", sa.Integer, nullable=False),
    sa.Column("of", sa.Integer),
    sa.Column("planned", sa.Integer),
    sa.Column("stored", sa.Integer, nullable=False),
    sa.Column("announced_at", UtcTime, nullable=False),
    sa.Column("expected_s", sa.Double),
    sa.Column("reported_at", UtcTime),
    # Corrected, like `ping_results.ts`, which equals `started_at` for every result of the run.
    sa.Column("started_at", UtcTime),
    sa.Column("finished_at", UtcTime),
    # The tester's clock minus the collector's.
    sa.Column("clock_offset_us", sa.BigInteger),
    sa.Column("clock_corrected", sa.Boolean, nullable=False),
    sa.Column("body_sha256", sa.Text),
    sa.Column("probe", _json()),
    sa.Column("engine", _json()),
    sa.Column("health", _json()),
    # Null until there is a report.
    sa.Column("trusted", sa.Boolean),
    # Why a run is not trusted, or why it was abandoned.
    sa.Column("reason", sa.Text),
    sa.Column("state", sa.Text, nullable=False),
    # Whether its results are not in the rollups yet: the rollup job's list of what is to be done.
    sa.Column("dirty", sa.Boolean, nullable=False, server_default=sa.false()),
    sa.Index("ix_runs_run_id", "run_id"),
    sa.Index("ix_runs_sweep_id", "sweep_id"),
    sa.Index("ix_runs_announced_at", "announced_at"),
    # Pages of results pick their runs in this order.
    sa.Index("ix_runs_started_at", "started_at"),
    sa.Index("ix_runs_dirty", "started_at", postgresql_where=sa.text("dirty"), sqlite_where=sa.text("dirty")),
    # The first, the last and the newest runs of one tester.
    sa.Index("ix_runs_tester_id_started_at", "tester_id", "started_at"),
    # See `collector.history.queries.left_out`.
    sa.Index(
        "ix_runs_left_out",
        "started_at",
        postgresql_where=sa.text("trusted IS false OR state = 'abandoned'"),
        sqlite_where=sa.text("trusted IS 0 OR state = 'abandoned'"),
    ),
)

ping_results = sa.Table(
    "ping_results",
    metadata,
    sa.Column("tester_id", sa.Integer, primary_key=True, autoincrement=False),
    sa.Column("server_id", sa.Integer, primary_key=True, autoincrement=False),
    sa.Column("ts", UtcTime, primary_key=True),
    sa.Column("run_id", sa.Uuid, primary_key=True),
    sa.Column("state", ResultStateCode, nullable=False),
    sa.Column("planned", sa.Integer, nullable=False),
    sa.Column("sent", sa.Integer, nullable=False),
    sa.Column("answered", sa.Integer, nullable=False),
    # Null where the engine cannot know.
    sa.Column("late", sa.Integer),
    sa.Column("duplicate", sa.Integer),
    sa.Column("reordered", sa.Integer),
    # Of the answered probes, null where there is none; but `p50_us` counts lost and late probes as
    # infinite (nearest rank: item ceil(sent / 2)) and is null where that item is infinite.
    sa.Column("min_us", sa.Integer),
    sa.Column("p50_us", sa.Integer),
    sa.Column("max_us", sa.Integer),
    sa.Column("mean_us", sa.Integer),
    sa.Column("dev_us", sa.Integer),
    sa.Column("warmup", sa.Boolean, nullable=False),
    # Little-endian int32 by position: RTT in microseconds, or a code of `wire.report`.
    sa.Column("probes", sa.LargeBinary, nullable=False),
    sa.Column("details", _json()),
    sa.Index("ix_ping_results_ts", "ts", postgresql_using="brin"),
    postgresql_partition_by="RANGE (ts)",
)


def _rollups(name: str, column: str) -> sa.Table:
    """Return the table of sums of results by path and period (see `collector.history.rollups`)."""
    return sa.Table(
        name,
        metadata,
        sa.Column("tester_id", sa.Integer, primary_key=True, autoincrement=False),
        sa.Column("server_id", sa.Integer, primary_key=True, autoincrement=False),
        sa.Column(column, UtcTime, primary_key=True),
        # Results of trusted runs, and of the others, which have no part in what follows.
        sa.Column("runs", sa.Integer, nullable=False),
        sa.Column("left_out", sa.Integer, nullable=False),
        sa.Column("planned", sa.BigInteger, nullable=False),
        sa.Column("sent", sa.BigInteger, nullable=False),
        sa.Column("answered", sa.BigInteger, nullable=False),
        sa.Column("late", sa.BigInteger, nullable=False),
        # Results with probes whose engine could not tell late ones from lost ones.
        sa.Column("late_unknown", sa.Integer, nullable=False),
        sa.Column("min_us", sa.Integer),
        sa.Column("max_us", sa.Integer),
        sa.Column("sum_us", sa.BigInteger, nullable=False),
        sa.Column("sumsq_us2", sa.Double, nullable=False),
        # Of neighbouring answers of one run: the sum of their absolute differences, and how many.
        sa.Column("jitter_sum_us", sa.BigInteger, nullable=False),
        sa.Column("jitter_n", sa.BigInteger, nullable=False),
        sa.Column("hist", sa.LargeBinary, nullable=False),
        postgresql_partition_by=f"RANGE ({column})",
    )


ping_rollups_hour = _rollups("ping_rollups_hour", "hour")
ping_rollups_day = _rollups("ping_rollups_day", "day")

dirty_days = sa.Table(
    "dirty_days",
    metadata,
    # Days whose hours have changed since their daily rollup was made.
    sa.Column("tester_id", sa.Integer, primary_key=True, autoincrement=False),
    sa.Column("day", UtcTime, primary_key=True),
)

pruned = sa.Table(
    "pruned",
    metadata,
    # Up to when retention has removed rows of a table: what is gone is never computed again.
    sa.Column("name", sa.Text, primary_key=True),
    sa.Column("before", UtcTime, nullable=False),
)

latest = sa.Table(
    "latest",
    metadata,
    # The newest results of each tester in one row, so that a report costs one small write.
    sa.Column("tester_id", sa.Integer, primary_key=True, autoincrement=False),
    sa.Column("run_id", sa.Uuid, nullable=False),
    sa.Column("ts", UtcTime, nullable=False),
    sa.Column("trusted", sa.Boolean, nullable=False),
    # Little-endian int32, column after column (see `collector.history.latest`).
    sa.Column("figures", sa.LargeBinary, nullable=False),
)

verdicts = sa.Table(
    "verdicts",
    metadata,
    # Few rows of a small table: a reference table on Citus, not distributed by tester. Nothing points out
    # of it, and JSON is read whole.
    sa.Column("sweep_id", sa.Uuid, primary_key=True),
    sa.Column("round", sa.Integer, primary_key=True, autoincrement=False),
    sa.Column("scope", sa.Text, primary_key=True),
    sa.Column("key", sa.Text, primary_key=True),
    # A uuid5 over the primary key: where pages end.
    sa.Column("id", sa.Uuid, nullable=False),
    sa.Column("fleet_id", sa.Integer, nullable=False),
    # The last start of a run of the round, and since when the verdict has been this one.
    sa.Column("at", UtcTime, nullable=False),
    sa.Column("since", UtcTime, nullable=False),
    sa.Column("label", sa.Text, nullable=False),
    sa.Column("verdict", sa.Text, nullable=False),
    # Held apart from the word, as what is lossy may be slow as well.
    sa.Column("slow", sa.Boolean, nullable=False),
    sa.Column("lossy", sa.Boolean, nullable=False),
    sa.Column("structural", sa.Boolean),
    sa.Column("sentence", sa.Text, nullable=False),
    sa.Column("figures", _json(), nullable=False),
    sa.Column("settings_version", sa.Text, nullable=False),
    sa.Index("ix_verdicts_fleet_id_at_id", "fleet_id", "at", "id"),
)

verdict_states = sa.Table(
    "verdict_states",
    metadata,
    # The newest verdict on each thing: what the next one is compared with.
    sa.Column("fleet_id", sa.Integer, primary_key=True, autoincrement=False),
    sa.Column("scope", sa.Text, primary_key=True),
    sa.Column("key", sa.Text, primary_key=True),
    sa.Column("at", UtcTime, nullable=False),
    sa.Column("since", UtcTime, nullable=False),
    sa.Column("verdict", sa.Text, nullable=False),
    # The last word that decided something: a region has recovered when it was bad.
    sa.Column("decided", sa.Text),
)

alert_occasions = sa.Table(
    "alert_occasions",
    metadata,
    # What rules on alerts are held against, each once: a round that was judged, a sweep that has ended.
    sa.Column("id", sa.Uuid, primary_key=True),
    sa.Column("kind", sa.Text, nullable=False),
    sa.Column("fleet_id", sa.Integer, nullable=False),
    sa.Column("sweep_id", sa.Uuid, nullable=False),
    sa.Column("round", sa.Integer),
    # The last start of a run of the round, or when the sweep ended.
    sa.Column("at", UtcTime, nullable=False),
    sa.Column("noted_at", UtcTime, nullable=False),
    # Null until a collector has claimed it; with its alerts it is one transaction.
    sa.Column("evaluated_at", UtcTime),
    sa.Index("ix_alert_occasions_noted_at", "noted_at"),
)

alert_states = sa.Table(
    "alert_states",
    metadata,
    # What a rule has seen of a thing last, and whether it holds it to be bad.
    sa.Column("fleet_id", sa.Integer, primary_key=True, autoincrement=False),
    sa.Column("rule", sa.Text, primary_key=True),
    sa.Column("finding", sa.Text, primary_key=True),
    sa.Column("scope", sa.Text, primary_key=True),
    sa.Column("key", sa.Text, primary_key=True),
    sa.Column("at", UtcTime, nullable=False),
    # A letter for each of the last rounds, the newest last (see `collector.alerts.machine`).
    sa.Column("history", sa.Text, nullable=False),
    sa.Column("open", sa.Boolean, nullable=False),
    sa.Column("since", UtcTime),
    sa.Column("sentence", sa.Text, nullable=False),
)

alert_deliveries = sa.Table(
    "alert_deliveries",
    metadata,
    # A message to a receiver; those of one receiver are delivered in the order of their ids.
    sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), sa.Identity(), primary_key=True),
    # A uuid5 over occasion, rule and receiver: what is told twice is known by it.
    sa.Column("idempotency_key", sa.Uuid, nullable=False, unique=True),
    sa.Column("fleet_id", sa.Integer, nullable=False),
    sa.Column("rule", sa.Text, nullable=False),
    sa.Column("receiver", sa.Text, nullable=False),
    sa.Column("message", _json(), nullable=False),
    sa.Column("created_at", UtcTime, nullable=False),
    sa.Column("state", sa.Text, nullable=False),
    sa.Column("attempts", sa.Integer, nullable=False),
    # When it is tried next; whoever tries it sets it to when it may be taken for dead.
    sa.Column("next_at", UtcTime, nullable=False),
    sa.Column("ended_at", UtcTime),
    # What the last attempt came to.
    sa.Column("note", sa.Text),
    sa.Index(
        "ix_alert_deliveries_waiting",
        "receiver",
        "id",
        postgresql_where=sa.text("state = 'waiting'"),
        sqlite_where=sa.text("state = 'waiting'"),
    ),
    sa.Index("ix_alert_deliveries_created_at", "created_at"),
)

legacy_results = sa.Table(
    "legacy_results",
    metadata,
    sa.Column("tester_id", sa.Integer, primary_key=True, autoincrement=False),
    sa.Column("id", sa.Uuid, primary_key=True),
    sa.Column("received_at", UtcTime, nullable=False),
    # The original's form, verbatim; what it did not send is null.
    sa.Column("tester_given", sa.Text),
    sa.Column("server_requested", sa.Text),
    sa.Column("server_contacted", sa.Text),
    sa.Column("ping_timestamp", sa.Text),
    sa.Column("ping_count", sa.Text),
    sa.Column("ping_nack", sa.Text),
    sa.Column("ping_time", sa.Text),
    sa.Column("raw", sa.Text),
)

tokens = sa.Table(
    "tokens",
    metadata,
    _number(),
    sa.Column("role", sa.Text, nullable=False),
    sa.Column("tester_id", sa.Integer, sa.ForeignKey("testers.id")),
    sa.Column("sha256", sa.Text, nullable=False, unique=True),
    sa.Column("created_at", UtcTime, nullable=False),
    sa.Column("revoked_at", UtcTime),
)

heartbeats = sa.Table(
    "heartbeats",
    metadata,
    sa.Column("tester_id", sa.Integer, primary_key=True, autoincrement=False),
    sa.Column("at", UtcTime, nullable=False),
    # The heartbeat as it came (`wire.announce.Heartbeat`), known fields only.
    sa.Column("body", _json(), nullable=False),
    sa.Column("clock_offset_us", sa.BigInteger),
)

events = sa.Table(
    "events",
    metadata,
    # Written under a lock until the commit, so that ids become visible in their order.
    sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), sa.Identity(), primary_key=True),
    sa.Column("kind", sa.Text, nullable=False),
    sa.Column("at", UtcTime, nullable=False),
    sa.Column("data", _json(), nullable=False),
    sa.Index("ix_events_at", "at"),
    # Ids are never used again: SSE clients resume behind the last one that they saw.
    sqlite_autoincrement=True,
)
