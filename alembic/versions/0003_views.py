"""Views for people who bring their own tool: names instead of numbers, units in the names of columns.

A migration that rebuilds a table on SQLite, or changes the type of a column on Postgres, drops the
views before and makes them again afterwards: neither engine does either below a view.
"""

from alembic import op

revision = "0003"
down_revision = "0002"
branch_labels = None
depends_on = None

STATES = ("ok", "lossy", "lost", "late_only", "not_run", "dns_failed")
"""`collector.tables.RESULT_STATES` as they were when this was written."""

VIEWS = ("view_latest", "view_paths_day", "view_paths_hour", "view_results", "view_runs")


def upgrade() -> None:
    engine = op.get_bind().dialect.name
    for name, query in definitions(engine).items():
        op.execute(f"CREATE VIEW {name} AS {query}")


def downgrade() -> None:
    for name in VIEWS:
        op.execute(f"DROP VIEW {name}")


def definitions(engine: str) -> dict[str, str]:
    """Return the query of each view; the column that a filter on time needs is passed through."""
    say = _Postgres() if engine == "postgresql" else _Sqlite()
    tester = f"f.name AS fleet, t.name AS tester, {say.region('t')} AS region"
    server = (
        's.name AS server, s."group" AS server_group, s.host AS host, s.ip_addr AS address,'
        " s.family AS family, s.probe_type AS probe_type, s.port AS port"
    )
    states = " ".join(f"WHEN {number} THEN '{state}'" for number, state in enumerate(STATES))
    results = f"""
        SELECT {say.time("r.ts")} AS ts, {say.microseconds("r.ts")} AS ts_us, {tester}, {server},
            {say.uuid("r.run_id")} AS run_id, {say.uuid("u.sweep_id")} AS sweep_id, u.trusted AS trusted,
            CASE r.state {states} END AS state,
            r.planned AS planned_count, r.sent AS sent_count, r.answered AS answered_count,
            r.late AS late_count, r.duplicate AS duplicate_count, r.reordered AS reordered_count,
            {_loss("r")} AS loss_ratio,
            r.min_us AS min_us, r.p50_us AS p50_us, r.max_us AS max_us, r.mean_us AS mean_us,
            r.dev_us AS dev_us, r.details AS details
        FROM ping_results r
        JOIN runs u ON u.tester_id = r.tester_id AND u.run_id = r.run_id
        JOIN testers t ON t.id = r.tester_id
        JOIN fleets f ON f.id = t.fleet_id
        JOIN servers s ON s.id = r.server_id"""  # noqa: S608 - constants only
    runs = f"""
        SELECT {say.uuid("u.run_id")} AS run_id, {say.uuid("u.sweep_id")} AS sweep_id, {tester},
            u."index" AS run_index, u."of" AS run_of, u.state AS state, u.trusted AS trusted,
            u.reason AS reason, u.planned AS planned_count, u.stored AS stored_count,
            {say.time("u.announced_at")} AS announced_at, {say.time("u.started_at")} AS started_at,
            {say.microseconds("u.started_at")} AS started_at_us, {say.time("u.finished_at")} AS finished_at,
            {say.time("u.reported_at")} AS reported_at,
            {say.seconds("u.started_at", "u.finished_at")} AS duration_s,
            u.clock_offset_us AS clock_offset_us, u.clock_corrected AS clock_corrected
        FROM runs u
        JOIN testers t ON t.id = u.tester_id
        JOIN fleets f ON f.id = t.fleet_id"""  # noqa: S608 - constants only

    def paths(table: str, period: str) -> str:
        # Sums of squares of one value may come out a little below zero.
        spread = "r.sumsq_us2 / r.answered - (r.sum_us * 1.0 / r.answered) * (r.sum_us * 1.0 / r.answered)"
        return f"""
        SELECT {say.time(f"r.{period}")} AS {period}, {say.microseconds(f"r.{period}")} AS {period}_us,
            {tester}, {server},
            r.runs AS result_count, r.left_out AS left_out_count, r.planned AS planned_count,
            r.sent AS sent_count, r.answered AS answered_count,
            CASE WHEN r.late_unknown = 0 THEN r.late END AS late_count,
            {_loss("r")} AS loss_ratio,
            r.min_us AS min_us, r.max_us AS max_us,
            CASE WHEN r.answered > 0 THEN r.sum_us * 1.0 / r.answered END AS mean_us,
            CASE WHEN r.answered > 0
                THEN sqrt(CASE WHEN {spread} > 0 THEN {spread} ELSE 0 END) END AS stddev_us,
            CASE WHEN r.jitter_n > 0 THEN r.jitter_sum_us * 1.0 / r.jitter_n END AS ipdv_us
        FROM {table} r
        JOIN testers t ON t.id = r.tester_id
        JOIN fleets f ON f.id = t.fleet_id
        JOIN servers s ON s.id = r.server_id"""  # noqa: S608 - constants only

    newest = "JOIN latest l ON l.tester_id = r.tester_id AND l.ts = r.ts AND l.run_id = r.run_id"
    return {
        "view_runs": runs,
        "view_results": results,
        "view_paths_hour": paths("ping_rollups_hour", "hour"),
        "view_paths_day": paths("ping_rollups_day", "day"),
        "view_latest": f"{results}\n        {newest}",
    }


def _loss(row: str) -> str:
    return f"CASE WHEN {row}.sent > 0 THEN ({row}.sent - {row}.answered) * 1.0 / {row}.sent END"


class _Postgres:
    def time(self, column: str) -> str:
        return column

    def microseconds(self, column: str) -> str:
        return f"(extract(epoch FROM {column}) * 1000000)::bigint"

    def seconds(self, start: str, end: str) -> str:
        return f"extract(epoch FROM {end} - {start})::float8"

    def uuid(self, column: str) -> str:
        return column

    def region(self, tester: str) -> str:
        named = f"nullif({tester}.config -> 'location' ->> 'region', '')"
        return f"coalesce({named}, nullif({tester}.location, ''), {tester}.name)"


class _Sqlite:
    def time(self, column: str) -> str:
        whole = f"strftime('%Y-%m-%d %H:%M:%S', {column} / 1000000, 'unixepoch')"
        return f"({whole} || printf('.%06d', {column} % 1000000))"

    def microseconds(self, column: str) -> str:
        return column

    def seconds(self, start: str, end: str) -> str:
        return f"({end} - {start}) / 1000000.0"

    def uuid(self, column: str) -> str:
        parts = ((1, 8), (9, 4), (13, 4), (17, 4), (21, 12))
        return "(" + " || '-' || ".join(f"substr({column}, {start}, {size})" for start, size in parts) + ")"

    def region(self, tester: str) -> str:
        named = f"nullif(json_extract({tester}.config, '$.location.region'), '')"
        return f"coalesce({named}, nullif({tester}.location, ''), {tester}.name)"
