"""Partitions of `ping_results` on Postgres: one a week, named for its Monday."""

import re
import threading
from datetime import UTC, datetime, timedelta

import sqlalchemy as sa

from collector.tables import EPOCH

TABLE = "ping_results"
WEEK = timedelta(weeks=1)
WEEKS_AHEAD = 4
WEEKS_BACK = 1
FIRST_MONDAY = EPOCH - timedelta(days=3)
"""1970-01-01 was a Thursday."""

LOCK = 0x70617274
"""The advisory lock of whoever makes partitions, so that two never make the same one."""

_NAME = re.compile(r"ping_results_\d{8}")


def is_partition(table_name: str | None) -> bool:
    """Return whether a table is a partition: autogenerate leaves those out."""
    return table_name is not None and _NAME.fullmatch(table_name) is not None


def week_of(time: datetime) -> datetime:
    """Return the Monday, 00:00 UTC, of the week that a time lies in."""
    return FIRST_MONDAY + (time.astimezone(UTC) - FIRST_MONDAY) // WEEK * WEEK


def partition_name(week: datetime) -> str:
    """Return the name of a week's partition."""
    return f"{TABLE}_{week:%Y%m%d}"


def weeks_around(now: datetime) -> list[datetime]:
    """Return the weeks that are made ahead of their results."""
    return [week_of(now) + number * WEEK for number in range(-WEEKS_BACK, WEEKS_AHEAD + 1)]


def make_partition(connection: sa.Connection, week: datetime) -> bool:
    """Make a week's partition unless it is there; return whether it was made.

    The lock is held until the transaction ends. The table is made apart and then attached, since
    `CREATE TABLE … PARTITION OF` would wait for every reader and writer of the whole.
    """
    connection.execute(sa.select(sa.func.pg_advisory_xact_lock(LOCK)))
    name = partition_name(week)
    if connection.execute(sa.select(sa.func.to_regclass(name))).scalar() is not None:
        return False
    connection.exec_driver_sql(f"CREATE TABLE {name} (LIKE {TABLE} INCLUDING DEFAULTS INCLUDING CONSTRAINTS)")
    connection.exec_driver_sql(
        f"ALTER TABLE {TABLE} ATTACH PARTITION {name} "
        f"FOR VALUES FROM ('{week.isoformat()}') TO ('{(week + WEEK).isoformat()}')"
    )
    return True


class Partitions:
    """Which partitions are known to exist; makes the others when they are needed."""

    def __init__(self, engine: sa.Engine) -> None:
        self._engine = engine
        self._known: set[datetime] = set()
        self._lock = threading.Lock()

    def ensure(self, time: datetime) -> None:
        """Make the partition that a time lies in, in a transaction of its own."""
        week = week_of(time)
        with self._lock:
            if week in self._known:
                return
        with self._engine.begin() as connection:
            make_partition(connection, week)
        with self._lock:
            self._known.add(week)

    def make_ahead(self, now: datetime) -> None:
        """Make the partitions around now."""
        for week in weeks_around(now):
            self.ensure(week)

    def forget(self) -> None:
        """Ask the database again from now on: somebody else may have dropped a partition."""
        with self._lock:
            self._known.clear()
