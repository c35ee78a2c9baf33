"""Hundreds of thousands of results, made by the database itself."""

from datetime import UTC, datetime, timedelta
from uuid import UUID, uuid4

import sqlalchemy as sa

from collector.history.partitions import Partitions
from collector.tables import microseconds_of

SERVERS = 150
PROBES = 10


def fill(engine: sa.Engine, *, runs: int) -> datetime:
    """Store `runs` runs of one tester over 150 servers, a minute apart; return when the first began."""
    start = datetime.now(UTC).replace(microsecond=0) - timedelta(minutes=runs)
    is_postgres = engine.dialect.name == "postgresql"
    if is_postgres:
        for minutes in range(0, runs + 1_440, 1_440):
            Partitions(engine).ensure(start + timedelta(minutes=minutes))
    probes = b"".join((10_000 + step).to_bytes(4, "little") for step in range(PROBES)).hex()
    fleet_id, tester_id = uuid4(), uuid4()
    if is_postgres:
        time = f"timestamptz '{start.isoformat()}' + r.i * interval '1 minute'"
        run_id, data, no, yes = (
            "lpad(to_hex(r.i + 1), 32, '0')::uuid",
            f"'\\x{probes}'::bytea",
            "false",
            "true",
        )
        server_id, none = "lpad(to_hex(s.i + 1), 32, '0')::uuid", "'{}'::json"
    else:
        time = f"{microseconds_of(start)} + r.i * 60000000"
        run_id, data, no, yes = "printf('%032x', r.i + 1)", f"x'{probes}'", "0", "1"
        server_id, none = "printf('%032x', s.i + 1)", "'{}'"

    def uuid(value: UUID) -> str:
        return f"'{value}'" if is_postgres else f"'{value.hex}'"

    now = "now()" if is_postgres else "0"
    series = (
        f"WITH RECURSIVE r(i) AS (SELECT 0 UNION ALL SELECT i + 1 FROM r WHERE i < {runs - 1}),"
        f" s(i) AS (SELECT 0 UNION ALL SELECT i + 1 FROM s WHERE i < {SERVERS - 1})"
    )
    override = "OVERRIDING SYSTEM VALUE" if is_postgres else ""
    statements = f"""
        INSERT INTO fleets (id, uuid, name, spec, registered_at, registered_by) {override}
            VALUES (1, {uuid(fleet_id)}, 'many', {none}, {now}, 'me');
        INSERT INTO testers (id, uuid, fleet_id, name, config, created_at) {override}
            VALUES (1, {uuid(tester_id)}, 1, 'oslo', {none}, {now});
        INSERT INTO servers (id, uuid, fleet_id, name, ip_addr, family, probe_type, host, "group") {override}
            {series} SELECT s.i + 1, {server_id}, 1, 'server', '2001:db8::' || s.i, 6, 'icmp',
            'server.example', 'edge' FROM s;
        INSERT INTO runs (tester_id, run_id, sweep_id, "index", planned, stored, announced_at, started_at,
            finished_at, clock_corrected, trusted, state, dirty)
            {series} SELECT 1, {run_id}, {uuid(fleet_id)}, r.i, {SERVERS}, {SERVERS}, {time}, {time}, {time},
            {no}, {yes}, 'complete', {no} FROM r;
        INSERT INTO ping_results (tester_id, server_id, ts, run_id, state, planned, sent, answered, min_us,
            p50_us, max_us, mean_us, dev_us, warmup, probes)
            {series} SELECT 1, s.i + 1, {time}, {run_id}, 0, {PROBES}, {PROBES}, {PROBES}, 10000, 10004,
            10009, 10004, 2, {no}, {data} FROM r, s"""
    with engine.begin() as connection:
        for statement in statements.split(";"):
            connection.exec_driver_sql(statement)
        if is_postgres:
            # As its autovacuum does after a minute.
            connection.exec_driver_sql("ANALYZE")
    return start
