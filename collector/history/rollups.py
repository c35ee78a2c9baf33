"""The rollup job: sums of each path by hour and by day, computed again and replaced.

What is to be done stands in the database (`runs.dirty`, `dirty_days`), and a transaction that makes
a rollup crosses it off, so that it does not matter who does it, or how often it is cut off. An hour
is taken up when it has ended; until then it is read raw.

Where retention has removed raw results of an hour, what a late report brings is added to what is
there: the rest could not be computed again.
"""

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import sqlalchemy as sa
from sqlalchemy.dialects import postgresql

from collector.history.by_time import of_tester
from collector.history.gone import pruned_before
from collector.history.partitions import DAILY, HOURLY, Partitions
from collector.history.raw import PathSums, read_raw, together
from collector.history.replaced import read_rollups, replace_rollups, within
from collector.history.segments import DAY, HOUR, Span, day_of, hour_of
from collector.history.turns import take_turn, wait_for_turn
from collector.session import give_way, reading, writing
from collector.tables import (
    UtcTime,
    dirty_days,
    ping_rollups_day,
    ping_rollups_hour,
    runs,
)
from collector.upsert import insert_into

RUNS_AT_A_TIME = 20_000
ROWS_AT_A_TIME = 300_000
"""Results that one transaction takes up; an hour of one tester is never cut."""

DAYS_AT_A_TIME = 200
IDS_AT_A_TIME = 5_000


@dataclass(frozen=True, kw_only=True, slots=True)
class Load:
    """An hour of a tester that is to be summed up, and how many results it has, or some of them."""

    tester: int
    hour: datetime
    stored: int


class Roller:
    """Makes rollups of what is dirty, and again of what is not."""

    def __init__(self, engine: sa.Engine) -> None:
        self._engine = engine
        self._partitions = {periods.table: Partitions(engine, periods) for periods in (HOURLY, DAILY)}

    def roll_up(self, now: datetime, *, stopping: Callable[[], bool] = lambda: False) -> int:
        """Take up all hours and days that have ended; return how many (tester, hour) were done."""
        self._forget_partitions()
        done = 0
        while not stopping() and (hours := self._some_hours(now)):
            done += hours
        while not stopping() and self._some_days(now):
            pass
        return done

    def again(self, day: datetime, span: Span, *, now: datetime) -> int:
        """Make the rollups of a day's hours in a span anew; return how many (tester, hour) were done.

        They are made from raw results; where retention has removed those, what is there stays.
        What others ask meanwhile is answered as before.
        """
        self._forget_partitions()
        ended = Span(start=max(day, span.start), end=min(day + DAY, span.end, hour_of(now)))
        with reading(self._engine) as connection:
            loads = _loads_again(connection, ended)
        if loads:
            self._ensure(HOURLY.table, day)
            self._ensure(DAILY.table, day)
        done = 0
        for pack in _packs(loads):
            with writing(self._engine) as connection:
                wait_for_turn(connection)
                done += _replace_hours(connection, pack, again=True)
            give_way(self._engine)
        if loads and day < day_of(now):
            with writing(self._engine) as connection:
                wait_for_turn(connection)
                _replace_days(connection, day, sorted({load.tester for load in loads}))
        return done

    def _some_hours(self, now: datetime) -> int:
        """Take up some hours; return how many, 0 where another collector is at it."""
        with reading(self._engine) as connection:
            loads = _dirty(connection, now)
        for hour in sorted({load.hour for load in loads}):
            self._ensure(HOURLY.table, hour)
            self._ensure(DAILY.table, hour)
        done = 0
        for pack in _packs(loads):
            with writing(self._engine) as connection:
                if not take_turn(connection):
                    return 0
                done += _replace_hours(connection, pack, again=False)
            give_way(self._engine)
        return done

    def _some_days(self, now: datetime) -> bool:
        """Take up some days that have ended; return whether there may be more."""
        with reading(self._engine) as connection:
            found = connection.execute(
                sa.select(dirty_days)
                .where(dirty_days.c.day < sa.literal(day_of(now), UtcTime))
                .order_by(dirty_days.c.day, dirty_days.c.tester_id)
                .limit(DAYS_AT_A_TIME)
            ).all()
        for day in sorted({row.day for row in found}):
            self._ensure(DAILY.table, day)
            with writing(self._engine) as connection:
                if not take_turn(connection):
                    return False
                _replace_days(connection, day, [row.tester_id for row in found if row.day == day])
            give_way(self._engine)
        return bool(found)

    def _forget_partitions(self) -> None:
        # Retention may have dropped one since.
        for partitions in self._partitions.values():
            partitions.forget()

    def _ensure(self, table: str, at: datetime) -> None:
        if self._engine.dialect.name == "postgresql":
            self._partitions[table].ensure(at)


def _dirty(connection: sa.Connection, now: datetime) -> list[Load]:
    found = connection.execute(
        sa.select(runs.c.tester_id, runs.c.started_at, runs.c.stored)
        .where(runs.c.dirty, runs.c.started_at < sa.literal(hour_of(now), UtcTime))
        .order_by(runs.c.started_at)
        .limit(RUNS_AT_A_TIME)
    ).all()
    return [Load(tester=row[0], hour=hour_of(row[1]), stored=row[2]) for row in found]


def _loads_again(connection: sa.Connection, span: Span) -> list[Load]:
    """Return hours with runs, and those that have a rollup although there is no run any more."""
    found = connection.execute(
        sa.select(runs.c.tester_id, runs.c.started_at, runs.c.stored).where(
            runs.c.stored > 0, *within(runs.c.started_at, span)
        )
    ).all()
    rolled = connection.execute(
        sa.select(ping_rollups_hour.c.tester_id, ping_rollups_hour.c.hour)
        .where(*within(ping_rollups_hour.c.hour, span))
        .distinct()
    ).all()
    return [Load(tester=row[0], hour=hour_of(row[1]), stored=row[2]) for row in found] + [
        Load(tester=row[0], hour=row[1], stored=0) for row in rolled
    ]


def _packs(loads: Iterable[Load]) -> Iterator[dict[datetime, list[int]]]:
    """Give testers by hour, at most so many results in a pack."""
    sizes: dict[tuple[datetime, int], int] = {}
    for load in loads:
        sizes[load.hour, load.tester] = sizes.get((load.hour, load.tester), 0) + load.stored
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


def _replace_hours(connection: sa.Connection, pack: Mapping[datetime, Sequence[int]], *, again: bool) -> int:
    """Sum up hours that have something new, with `again` the others too where raw results are there."""
    gone = pruned_before(connection, "ping_results")
    gone_hours = pruned_before(connection, "ping_rollups_hour")
    done = 0
    for hour, wanted in pack.items():
        span = Span(start=hour, end=hour + HOUR)
        dirty = (runs.c.tester_id.in_(wanted), runs.c.dirty, *within(runs.c.started_at, span))
        # Which runs are taken up is settled before the results are read: a report that arrives in
        # between is counted now and leaves its hour dirty.
        taken = connection.execute(sa.select(runs.c.tester_id, runs.c.run_id).where(*dirty)).all()
        is_gone = any(at is not None and hour < at for at in (gone, gone_hours))
        # What another collector has done since it was chosen is not done again, nor counted twice.
        testers = sorted({row.tester_id for row in taken}) if is_gone or not again else list(wanted)
        if not testers:
            continue
        if gone_hours is not None and hour < gone_hours:
            _add(connection, ping_rollups_day, Span(start=day_of(hour), end=day_of(hour) + DAY), span, taken)
        else:
            if is_gone:
                _add(connection, ping_rollups_hour, span, span, taken)
            else:
                paths = read_raw(connection, [span], of_tester(connection).in_(testers))
                replace_rollups(connection, ping_rollups_hour, hour, testers, paths)
            _mark_days(connection, day_of(hour), testers)
        _cross_off(connection, taken, *dirty)
        done += len(testers)
    return done


def _add(connection: sa.Connection, table: sa.Table, period: Span, span: Span, taken: Sequence[Any]) -> None:
    """Add what these runs brought in a span, and nothing else, to what is there."""
    testers = sorted({row.tester_id for row in taken})
    ids = [row.run_id for row in taken]
    fresh: list[PathSums] = [
        read_raw(
            connection,
            [span],
            runs.c.tester_id.in_(testers),
            runs.c.run_id.in_(ids[first : first + IDS_AT_A_TIME]),
        )
        for first in range(0, len(ids), IDS_AT_A_TIME)
    ]
    there = read_rollups(connection, table, period, testers)
    replace_rollups(connection, table, period.start, testers, together([*fresh, there]))


def _cross_off(connection: sa.Connection, taken: Sequence[Any], *dirty: sa.ColumnElement[bool]) -> None:
    if not taken:
        return
    if connection.dialect.name == "postgresql":
        # One statement with one value; what is true of all of them leads to them by the index.
        ids = sa.literal([row.run_id for row in taken], postgresql.ARRAY(sa.Uuid))
        connection.execute(sa.update(runs).where(*dirty, runs.c.run_id == sa.any_(ids)).values(dirty=False))
        return
    statement = (
        sa.update(runs)
        .where(runs.c.tester_id == sa.bindparam("of_tester"), runs.c.run_id == sa.bindparam("of_run"))
        .values(dirty=False)
    )
    connection.execute(statement, [{"of_tester": row[0], "of_run": row[1]} for row in taken])


def _mark_days(connection: sa.Connection, day: datetime, testers: Sequence[int]) -> None:
    rows = [{"tester_id": tester, "day": day} for tester in testers]
    connection.execute(insert_into(connection, dirty_days).on_conflict_do_nothing(), rows)


def _replace_days(connection: sa.Connection, day: datetime, wanted: Sequence[int]) -> None:
    # What another collector has done since it was chosen is not done again.
    testers = (
        connection.execute(
            sa.select(dirty_days.c.tester_id).where(
                dirty_days.c.day == day, dirty_days.c.tester_id.in_(wanted)
            )
        )
        .scalars()
        .all()
    )
    if not testers:
        return
    gone = pruned_before(connection, "ping_rollups_hour")
    if gone is None or day >= gone:
        paths = read_rollups(connection, ping_rollups_hour, Span(start=day, end=day + DAY), testers)
        replace_rollups(connection, ping_rollups_day, day, testers, paths)
    connection.execute(
        sa.delete(dirty_days).where(dirty_days.c.day == day, dirty_days.c.tester_id.in_(testers))
    )
