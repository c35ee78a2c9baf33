"""Partitions on Postgres: results by the week, hourly rollups by the month, daily ones by the year."""

import re
import threading
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

import sqlalchemy as sa

from collector.tables import EPOCH

WEEK = timedelta(weeks=1)
FIRST_MONDAY = EPOCH - timedelta(days=3)
"""1970-01-01 was a Thursday."""

LOCK = 0x70617274
"""The advisory lock of whoever makes partitions, so that two never make the same one."""

_NAME = re.compile(r"(ping_results|ping_rollups_hour|ping_rollups_day)_(\d{8})")


def week_of(time: datetime) -> datetime:
    """Return the Monday, 00:00 UTC, of the week that a time lies in."""
    return FIRST_MONDAY + (time.astimezone(UTC) - FIRST_MONDAY) // WEEK * WEEK


def month_of(time: datetime) -> datetime:
    """Return the first day, 00:00 UTC, of the month that a time lies in."""
    at = time.astimezone(UTC)
    return datetime(at.year, at.month, 1, tzinfo=UTC)


def year_of(time: datetime) -> datetime:
    """Return the first day, 00:00 UTC, of the year that a time lies in."""
    return datetime(time.astimezone(UTC).year, 1, 1, tzinfo=UTC)


@dataclass(frozen=True, kw_only=True, slots=True)
class Periods:
    """How a table is cut; `longest` is more than one period and less than two."""

    table: str
    column: str
    start_of: Callable[[datetime], datetime]
    longest: timedelta
    back: int
    ahead: int

    def after(self, start: datetime) -> datetime:
        """Return when the next period begins."""
        return self.start_of(start + self.longest)

    def name(self, start: datetime) -> str:
        """Return the name of a period's partition."""
        return f"{self.table}_{start:%Y%m%d}"

    def around(self, now: datetime) -> list[datetime]:
        """Return the periods that are made ahead of their rows."""
        start = self.start_of(now)
        for _ in range(self.back):
            start = self.start_of(start - timedelta(days=1))
        found = [start]
        while len(found) <= self.back + self.ahead:
            found.append(self.after(found[-1]))
        return found


RESULTS = Periods(
    table="ping_results", column="ts", start_of=week_of, longest=timedelta(days=8), back=1, ahead=4
)
HOURLY = Periods(
    table="ping_rollups_hour", column="hour", start_of=month_of, longest=timedelta(days=32), back=1, ahead=2
)
DAILY = Periods(
    table="ping_rollups_day", column="day", start_of=year_of, longest=timedelta(days=367), back=1, ahead=1
)
PARTITIONED = (RESULTS, HOURLY, DAILY)


def is_partition(table_name: str | None) -> bool:
    """Return whether a table is a partition: autogenerate leaves those out."""
    return table_name is not None and _NAME.fullmatch(table_name) is not None


def make_partition(connection: sa.Connection, periods: Periods, start: datetime) -> bool:
    """Make a period's partition unless it is there; return whether it was made.

    The lock is held until the transaction ends. The table is made apart and then attached, since
    `CREATE TABLE … PARTITION OF` would wait for every reader and writer of the whole.
    """
    connection.execute(sa.select(sa.func.pg_advisory_xact_lock(LOCK)))
    name = periods.name(start)
    if connection.execute(sa.select(sa.func.to_regclass(name))).scalar() is not None:
        return False
    whole = periods.table
    connection.exec_driver_sql(f"CREATE TABLE {name} (LIKE {whole} INCLUDING DEFAULTS INCLUDING CONSTRAINTS)")
    connection.exec_driver_sql(
        f"ALTER TABLE {whole} ATTACH PARTITION {name} "
        f"FOR VALUES FROM ('{start.isoformat()}') TO ('{periods.after(start).isoformat()}')"
    )
    return True


def made(connection: sa.Connection, periods: Periods) -> Iterator[tuple[str, datetime]]:
    """Give the name and the start of each partition that there is, the oldest first."""
    children = sa.text(
        "SELECT c.relname FROM pg_inherits i JOIN pg_class c ON c.oid = i.inhrelid"
        " WHERE i.inhparent = to_regclass(:whole) ORDER BY c.relname"
    )
    for name in connection.execute(children, {"whole": periods.table}).scalars().all():
        found = _NAME.fullmatch(name)
        if found is not None:
            yield name, datetime.strptime(found[2], "%Y%m%d").replace(tzinfo=UTC)


class Partitions:
    """Which partitions are known to exist; makes the others when they are needed."""

    def __init__(self, engine: sa.Engine, periods: Periods = RESULTS) -> None:
        self._engine = engine
        self._periods = periods
        self._known: set[datetime] = set()
        self._lock = threading.Lock()

    def ensure(self, time: datetime) -> None:
        """Make the partition that a time lies in, in a transaction of its own."""
        start = self._periods.start_of(time)
        with self._lock:
            if start in self._known:
                return
        with self._engine.begin() as connection:
            make_partition(connection, self._periods, start)
        with self._lock:
            self._known.add(start)

    def make_ahead(self, now: datetime) -> None:
        """Make the partitions around now."""
        for start in self._periods.around(now):
            self.ensure(start)

    def forget(self) -> None:
        """Ask the database again from now on: somebody else may have dropped a partition."""
        with self._lock:
            self._known.clear()
