"""The removal of rows that are older than they are kept."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta

import sqlalchemy as sa

from collector.history.confirmed import confirmed_time
from collector.history.gone import remember_pruned
from collector.history.keep import Keep
from collector.history.old_verdicts import old_verdicts
from collector.history.partitions import DAILY, HOURLY, RESULTS, Periods, made
from collector.history.segments import DAY, day_of, hour_of
from collector.history.turns import wait_for_turn
from collector.session import give_way, reading, writing
from collector.tables import UtcTime, dirty_days, metadata, ping_results, runs

LOCK_TIMEOUT_MS = 2_000
"""A partition is dropped later rather than everybody held up behind a long question."""

SLICES = {RESULTS.table: timedelta(hours=6), HOURLY.table: 7 * DAY, DAILY.table: 366 * DAY}
"""How much SQLite removes in one transaction. A rollup's slice ends with a day: of a day all hours
are there, or none."""

NOT_SUMMED_UP = "its results are not summed up yet"
IN_USE = "it is in use"


@dataclass(frozen=True, kw_only=True, slots=True)
class Old:
    """What is older than is to be kept: a partition, or rows of a table before a time.

    `held` says why it is still there, None where it was removed, or would be. `rows` is None where
    they were not counted.
    """

    what: str
    before: datetime
    rows: int | None = None
    held: str | None = None


def prune(
    engine: sa.Engine,
    keep: Keep,
    *,
    now: datetime,
    only_say: bool = False,
    count: bool = False,
    by_clock: bool = False,
) -> list[Old]:
    """Remove what is older than is to be kept, or only say what it is; `legacy_results` stay.

    It is counted from the time that results bear out (`confirmed_time`), with `by_clock` from
    `now`. Postgres drops whole partitions. What holds results without a rollup stays until they
    have one, and a partition that is in use until the next time.
    """
    with reading(engine) as connection:
        counted_from = now if by_clock else confirmed_time(connection, now)
    if counted_from is None:
        return []
    found: list[Old] = []
    for periods, cut in _cuts(keep, counted_from):
        if engine.dialect.name == "postgresql":
            found += _drop_partitions(engine, periods, cut, only_say=only_say, count=count)
        elif only_say:
            found += _old_rows(engine, periods, cut)
        else:
            found += _delete(engine, periods, cut)
    if keep.verdicts is not None:
        cut = day_of(counted_from - keep.verdicts)
        found += [
            Old(what=name, before=cut, rows=rows)
            for name, rows in old_verdicts(engine, cut, only_say=only_say)
        ]
    return found


def _cuts(keep: Keep, now: datetime) -> Iterator[tuple[Periods, datetime]]:
    """Give what is removed, and up to when."""
    for periods, kept in ((RESULTS, keep.raw), (HOURLY, keep.hourly), (DAILY, keep.daily)):
        if kept is not None:
            yield periods, day_of(now - kept)


def _drop_partitions(
    engine: sa.Engine, periods: Periods, cut: datetime, *, only_say: bool, count: bool
) -> Iterator[Old]:
    with reading(engine) as connection:
        starts = [start for _, start in made(connection, periods) if periods.after(start) <= cut]
    for start in starts:
        name, end = periods.name(start), periods.after(start)
        with reading(engine) as connection:
            rows = _count(connection, periods, start, end) if count else None
            held = NOT_SUMMED_UP if _has_dirty(connection, end) else None
        if only_say:
            yield Old(what=name, before=end, rows=rows, held=held)
            continue
        try:
            held = _drop(engine, periods, name, end)
        except sa.exc.OperationalError as error:
            if getattr(error.orig, "sqlstate", None) != "55P03":
                raise
            # Whoever reads it reads the others too: each try would hold up everybody.
            yield Old(what=name, before=end, rows=rows, held=IN_USE)
            return
        if held != GONE:
            yield Old(what=name, before=end, rows=rows, held=held)


GONE = "another collector has dropped it"


def _drop(engine: sa.Engine, periods: Periods, name: str, end: datetime) -> str | None:
    """Drop a partition; return why not, None where it was dropped."""
    with writing(engine) as connection:
        connection.exec_driver_sql(f"SET LOCAL lock_timeout = {LOCK_TIMEOUT_MS}")
        wait_for_turn(connection)
        # Nothing is stored or read while it is decided. The whole comes first, as everybody else
        # locks them: to drop a partition locks it anyway.
        connection.exec_driver_sql(f"LOCK TABLE ONLY {periods.table} IN ACCESS EXCLUSIVE MODE")
        if connection.execute(sa.select(sa.func.to_regclass(name))).scalar() is None:
            return GONE
        if _has_dirty(connection, end):
            return NOT_SUMMED_UP
        remember_pruned(connection, periods.table, before=end)
        connection.exec_driver_sql(f"DROP TABLE {name}")
    return None


def _count(connection: sa.Connection, periods: Periods, start: datetime, end: datetime) -> int:
    table = metadata.tables[periods.table]
    time_of = table.c[periods.column]
    bounds = (time_of >= sa.literal(start, UtcTime), time_of < sa.literal(end, UtcTime))
    return connection.execute(sa.select(sa.func.count()).select_from(table).where(*bounds)).scalar_one()


def _old_rows(engine: sa.Engine, periods: Periods, cut: datetime) -> list[Old]:
    table = metadata.tables[periods.table]
    old = table.c[periods.column] < sa.literal(cut, UtcTime)
    with reading(engine) as connection:
        rows = connection.execute(sa.select(sa.func.count()).select_from(table).where(old)).scalar_one()
        held = NOT_SUMMED_UP if _has_dirty(connection, cut) else None
    return [Old(what=periods.table, before=cut, rows=rows, held=held)] if rows else []


def _delete(engine: sa.Engine, periods: Periods, cut: datetime) -> list[Old]:
    table = metadata.tables[periods.table]
    time_of = table.c[periods.column]
    removed, upto = 0, None
    held = None
    while True:
        with writing(engine) as connection:
            first = connection.execute(sa.select(sa.func.min(time_of))).scalar()
            if first is None or first >= cut:
                break
            begin = hour_of(first) if table is ping_results else day_of(first)
            end = min(begin + SLICES[periods.table], cut)
            if _has_dirty(connection, end):
                held = NOT_SUMMED_UP
                break
            remember_pruned(connection, periods.table, before=end)
            old = time_of < sa.literal(end, UtcTime)
            removed += connection.execute(sa.delete(table).where(old)).rowcount
            upto = end
        give_way(engine)
    found = [] if upto is None else [Old(what=periods.table, before=upto, rows=removed)]
    return found if held is None else [*found, Old(what=periods.table, before=cut, held=held)]


def _has_dirty(connection: sa.Connection, before: datetime) -> bool:
    """Return whether something before a time is not in the rollups, of hours or of days."""
    bound = sa.literal(before, UtcTime)
    for query in (
        sa.select(runs.c.run_id).where(runs.c.dirty, runs.c.started_at < bound),
        sa.select(dirty_days.c.day).where(dirty_days.c.day < bound),
    ):
        if connection.execute(query.limit(1)).first() is not None:
            return True
    return False
