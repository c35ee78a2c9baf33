"""Rollups as rows: read, and replaced."""

from collections.abc import Sequence
from datetime import datetime

import sqlalchemy as sa

from collector.history.raw import PathSums, grouped, nothing
from collector.history.segments import Span
from collector.history.sums import COLUMNS, rows_of, sums_in
from collector.tables import UtcTime, microseconds_of

TYPES = (
    *("int4", "int4", "timestamptz"),
    *("int4", "int4", "int8", "int8", "int8", "int8", "int4"),
    *("int4", "int4", "int8", "float8", "int8", "int8", "bytea"),
)
"""Of a rollup's columns, for COPY."""


def within(column: sa.ColumnElement[datetime], span: Span) -> tuple[sa.ColumnElement[bool], ...]:
    """Return that a time lies in a span."""
    return column >= sa.literal(span.start, UtcTime), column < sa.literal(span.end, UtcTime)


def time_of(table: sa.Table) -> sa.Column[datetime]:
    """Return the column that says when the period of a rollup began."""
    return table.c.hour if "hour" in table.c else table.c.day


def read_rollups(connection: sa.Connection, table: sa.Table, span: Span, testers: Sequence[int]) -> PathSums:
    """Return the rollups of some testers in a span, added up by path.

    They are added up in one order, since sums of floating point depend on it.
    """
    key = (table.c.tester_id, table.c.server_id)
    query = (
        sa.select(*key, *(table.c[name] for name in COLUMNS))
        .where(table.c.tester_id.in_(testers), *within(time_of(table), span))
        .order_by(*key, time_of(table))
    )
    rows = connection.execute(query).all()
    if not rows:
        return nothing()
    tester, server, *columns = zip(*rows, strict=True)
    known, servers, group, groups = grouped(tester, server)
    return PathSums(tester=known, server=servers, sums=sums_in(columns, group=group, groups=groups))


def replace_rollups(
    connection: sa.Connection, table: sa.Table, at: datetime, testers: Sequence[int], paths: PathSums
) -> None:
    """Put the rollups of some testers and one period in the place of those that are there."""
    time = time_of(table)
    connection.execute(
        sa.delete(table).where(table.c.tester_id.in_(testers), time == sa.literal(at, UtcTime))
    )
    rows = [
        (tester, server, at, *rest)
        for tester, server, rest in zip(
            paths.tester.tolist(), paths.server.tolist(), rows_of(paths.sums), strict=True
        )
    ]
    if not rows:
        return
    names = ", ".join(("tester_id", "server_id", time.key or "", *COLUMNS))
    if connection.dialect.name == "postgresql":
        driver = connection.connection.driver_connection
        assert driver is not None
        with (
            driver.cursor() as cursor,
            cursor.copy(f"COPY {table.name} ({names}) FROM STDIN (FORMAT BINARY)") as copy,
        ):
            copy.set_types(TYPES)
            for row in rows:
                copy.write_row(row)
        return
    marks = ", ".join("?" * len(rows[0]))
    connection.exec_driver_sql(
        f"INSERT INTO {table.name} ({names}) VALUES ({marks})",  # noqa: S608 - constants only
        [(tester, server, microseconds_of(at), *rest) for tester, server, _, *rest in rows],
    )
