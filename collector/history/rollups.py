"""The rollup job: sums of each path by hour and by day, computed again and replaced.

What is to be done stands in the database (`runs.dirty`, `dirty_days`), and a transaction that makes
a rollup crosses it off, so that it does not matter who does it, or how often it is cut off. An hour
is taken up when it has ended; until then it is read raw.

Where retention has removed raw results of an hour, what a late report brings is added to what is
there: the rest could not be computed again.
"""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import sqlalchemy as sa

from collector.history.partitions import DAILY, HOURLY, Partitions
from collector.history.raw import PathSums, grouped, nothing, read_raw, together
from collector.history.segments import DAY, HOUR, Span, day_of, hour_of
from collector.history.sums import COLUMNS, rows_of, sums_in
from collector.session import writing
from collector.tables import (
    UtcTime,
    dirty_days,
    microseconds_of,
    ping_results,
    ping_rollups_day,
    ping_rollups_hour,
    pruned,
    runs,
)

LOCK = 0x726F6C6C
"""Held through a transaction of the job: one collector at a time does it."""

RUNS_AT_A_TIME = 20_000
ROWS_AT_A_TIME = 300_000
"""Results that one transaction takes up; an hour of one tester is never cut."""

DAYS_AT_A_TIME = 200


@dataclass(frozen=True, kw_only=True, slots=True)
class Dirty:
    """A run whose results are not in the rollups."""

    tester: int
    hour: datetime
    stored: int


class Roller:
    """Makes rollups of what is dirty."""

    def __init__(self, engine: sa.Engine) -> None:
        self._engine = engine
        self._partitions = {periods.table: Partitions(engine, periods) for periods in (HOURLY, DAILY)}

    def roll_up(self, now: datetime, *, stopping: Callable[[], bool] = lambda: False) -> int:
        """Take up all hours and days that have ended; return how many (tester, hour) were done."""
        done = 0
        while not stopping() and (hours := self._some_hours(now)) is not None and hours:
            done += hours
        while not stopping() and self._some_days(now):
            pass
        return done

    def _some_hours(self, now: datetime) -> int | None:
        """Take up some hours; None where another collector is at it."""
        chosen = self._chosen(now)
        if not chosen:
            return 0
        hours = sorted({item.hour for item in chosen})
        for hour in hours:
            self._ensure(HOURLY.table, hour)
            self._ensure(DAILY.table, hour)
        done = 0
        for pack in _packs(chosen):
            with writing(self._engine) as connection:
                if not _alone(connection):
                    return None
                done += _replace_hours(connection, pack)
        return done

    def _chosen(self, now: datetime) -> list[Dirty]:
        with self._engine.connect() as connection:
            found = connection.execute(
                sa.select(runs.c.tester_id, runs.c.started_at, runs.c.stored)
                .where(runs.c.dirty, runs.c.started_at < sa.literal(hour_of(now), UtcTime))
                .order_by(runs.c.started_at)
                .limit(RUNS_AT_A_TIME)
            ).all()
        return [Dirty(tester=row[0], hour=hour_of(row[1]), stored=row[2]) for row in found]

    def _some_days(self, now: datetime) -> bool:
        """Take up some days that have ended; return whether there may be more."""
        with self._engine.connect() as connection:
            found = connection.execute(
                sa.select(dirty_days)
                .where(dirty_days.c.day < sa.literal(day_of(now), UtcTime))
                .order_by(dirty_days.c.day, dirty_days.c.tester_id)
                .limit(DAYS_AT_A_TIME)
            ).all()
        if not found:
            return False
        for day in sorted({row.day for row in found}):
            self._ensure(DAILY.table, day)
            with writing(self._engine) as connection:
                if not _alone(connection):
                    return False
                _replace_days(connection, day, [row.tester_id for row in found if row.day == day])
        return True

    def _ensure(self, table: str, time: datetime) -> None:
        if self._engine.dialect.name == "postgresql":
            self._partitions[table].ensure(time)


def pruned_before(connection: sa.Connection, name: str) -> datetime | None:
    """Return up to when retention has removed rows of a table, None where it never did."""
    found: datetime | None = connection.execute(
        sa.select(pruned.c.before).where(pruned.c.name == name)
    ).scalar()
    return found


def mark_dirty(connection: sa.Connection, *, since: datetime | None, until: datetime | None) -> int:
    """Have rollups made again from what is stored raw; return of how many runs."""
    gone = max(
        (
            at
            for at in (pruned_before(connection, name) for name in ("ping_results", "ping_rollups_hour"))
            if at is not None
        ),
        default=None,
    )
    wanted = [runs.c.stored > 0, runs.c.started_at.is_not(None), sa.not_(runs.c.dirty)]
    wanted += [runs.c.started_at >= bound for bound in (since, gone) if bound is not None]
    if until is not None:
        wanted.append(runs.c.started_at < until)
    return connection.execute(sa.update(runs).where(*wanted).values(dirty=True)).rowcount


def _alone(connection: sa.Connection) -> bool:
    if connection.dialect.name != "postgresql":
        # SQLite has one writer at a time.
        return True
    return bool(connection.execute(sa.select(sa.func.pg_try_advisory_xact_lock(LOCK))).scalar())


def _packs(chosen: Sequence[Dirty]) -> Iterator[dict[datetime, list[int]]]:
    """Give testers by hour, at most so many results in a pack."""
    sizes: dict[tuple[datetime, int], int] = {}
    for item in chosen:
        sizes[item.hour, item.tester] = sizes.get((item.hour, item.tester), 0) + item.stored
    pack: dict[datetime, list[int]] = {}
    size = 0
    for (hour, tester), rows in sorted(sizes.items()):
        if pack and size + rows > ROWS_AT_A_TIME:
            yield pack
            pack, size = {}, 0
        pack.setdefault(hour, []).append(tester)
        size += rows
    if pack:
        yield pack


def _replace_hours(connection: sa.Connection, pack: dict[datetime, list[int]]) -> int:
    gone = pruned_before(connection, "ping_results")
    gone_hours = pruned_before(connection, "ping_rollups_hour")
    done = 0
    for hour, testers in pack.items():
        span = Span(start=hour, end=hour + HOUR)
        of_these = ping_results.c.tester_id.in_(testers)
        dirty = (runs.c.tester_id.in_(testers), runs.c.dirty, *_within(runs.c.started_at, span))
        # Which runs are taken up is settled before the results are read: a report that arrives in
        # between is counted now and leaves its hour dirty.
        taken = connection.execute(sa.select(runs.c.tester_id, runs.c.run_id).where(*dirty)).all()
        if gone_hours is not None and hour < gone_hours:
            _add(connection, ping_rollups_day, day_of(hour), testers, _fresh(connection, span, taken))
        else:
            if gone is not None and hour < gone:
                _add(connection, ping_rollups_hour, hour, testers, _fresh(connection, span, taken))
            else:
                paths = read_raw(connection, [span], of_these)
                _replace(connection, ping_rollups_hour, hour, testers, paths)
            _mark_days(connection, day_of(hour), testers)
        _cross_off(connection, taken)
        done += len(testers)
    return done


def _fresh(connection: sa.Connection, span: Span, taken: Sequence[Any]) -> PathSums:
    """Return what these runs brought, and nothing else."""
    ids = [row.run_id for row in taken]
    return read_raw(connection, [span], runs.c.run_id.in_(ids))


def _add(
    connection: sa.Connection, table: sa.Table, at: datetime, testers: Sequence[int], fresh: PathSums
) -> None:
    """Add to what is there."""
    there = _stored(connection, table, at, testers)
    _replace(connection, table, at, testers, together([fresh, there]))


def _cross_off(connection: sa.Connection, taken: Sequence[Any]) -> None:
    if taken:
        statement = (
            sa.update(runs)
            .where(runs.c.tester_id == sa.bindparam("of_tester"), runs.c.run_id == sa.bindparam("of_run"))
            .values(dirty=False)
        )
        connection.execute(statement, [{"of_tester": row[0], "of_run": row[1]} for row in taken])


def _mark_days(connection: sa.Connection, day: datetime, testers: Sequence[int]) -> None:
    if connection.dialect.name == "postgresql":
        from sqlalchemy.dialects.postgresql import insert
    else:
        from sqlalchemy.dialects.sqlite import insert  # type: ignore[assignment]  # the same methods
    rows = [{"tester_id": tester, "day": day} for tester in testers]
    connection.execute(insert(dirty_days).on_conflict_do_nothing(), rows)


def _replace_days(connection: sa.Connection, day: datetime, testers: Sequence[int]) -> None:
    span = Span(start=day, end=day + DAY)
    gone = pruned_before(connection, "ping_rollups_hour")
    if gone is None or day >= gone:
        query = sa.select(
            ping_rollups_hour.c.tester_id,
            ping_rollups_hour.c.server_id,
            *(ping_rollups_hour.c[name] for name in COLUMNS),
        ).where(ping_rollups_hour.c.tester_id.in_(testers), *_within(ping_rollups_hour.c.hour, span))
        _replace(connection, ping_rollups_day, day, testers, _paths(connection.execute(query).all()))
    connection.execute(
        sa.delete(dirty_days).where(dirty_days.c.day == day, dirty_days.c.tester_id.in_(testers))
    )


def _within(column: sa.ColumnElement[datetime], span: Span) -> tuple[sa.ColumnElement[bool], ...]:
    return column >= sa.literal(span.start, UtcTime), column < sa.literal(span.end, UtcTime)


def _stored(connection: sa.Connection, table: sa.Table, at: datetime, testers: Sequence[int]) -> PathSums:
    query = sa.select(table.c.tester_id, table.c.server_id, *(table.c[name] for name in COLUMNS)).where(
        table.c.tester_id.in_(testers), _time_of(table) == sa.literal(at, UtcTime)
    )
    return _paths(connection.execute(query).all())


def _time_of(table: sa.Table) -> sa.ColumnElement[datetime]:
    return table.c.hour if table is ping_rollups_hour else table.c.day


def _paths(rows: Sequence[Any]) -> PathSums:
    if not rows:
        return nothing()
    tester, server, *columns = zip(*rows, strict=True)
    testers, servers, group, groups = grouped(tester, server)
    return PathSums(tester=testers, server=servers, sums=sums_in(columns, group=group, groups=groups))


def _replace(
    connection: sa.Connection, table: sa.Table, at: datetime, testers: Sequence[int], paths: PathSums
) -> None:
    time = _time_of(table)
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


TYPES = (
    *("int4", "int4", "timestamptz"),
    *(
        "int4",
        "int4",
        "int8",
        "int8",
        "int8",
        "int8",
        "int4",
        "int4",
        "int4",
        "int8",
        "float8",
        "int8",
        "int8",
    ),
    "bytea",
)
"""Of a rollup's columns, for COPY."""
