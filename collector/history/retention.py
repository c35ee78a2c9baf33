"""How long rows are kept, and the removal of those that are older."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta

import sqlalchemy as sa

from collector.history.partitions import DAILY, HOURLY, RESULTS, Periods, made
from collector.history.segments import DAY, day_of
from collector.session import writing
from collector.tables import UtcTime, metadata, pruned, runs

LOCK_TIMEOUT_MS = 3_000
"""A partition is dropped later rather than everybody held up behind a long question."""

SLICE = timedelta(hours=6)
"""How much SQLite removes in one transaction, so that reports come through."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Keep:
    """For how long raw results, hourly and daily rollups are kept; None is for ever."""

    raw: timedelta | None = None
    hourly: timedelta | None = None
    daily: timedelta | None = None

    def cuts(self, now: datetime) -> Iterator[tuple[Periods, datetime]]:
        """Give what is removed, and up to when."""
        for periods, kept in ((RESULTS, self.raw), (HOURLY, self.hourly), (DAILY, self.daily)):
            if kept is not None:
                yield periods, day_of(now - kept)


@dataclass(frozen=True, kw_only=True, slots=True)
class Removed:
    """What was removed, or would be: a partition, or rows of a table up to a time."""

    what: str
    before: datetime
    rows: int | None = None


def prune(engine: sa.Engine, keep: Keep, *, now: datetime, only_say: bool = False) -> list[Removed]:
    """Remove what is older than is to be kept; `legacy_results` stay.

    Postgres drops whole partitions; one that holds results without a rollup stays until they have
    one, and one that is in use until the next time.
    """
    found: list[Removed] = []
    for periods, cut in keep.cuts(now):
        if engine.dialect.name == "postgresql":
            found += _drop_partitions(engine, periods, cut, only_say=only_say)
        else:
            found += _delete(engine, periods, cut, only_say=only_say)
    return found


def _drop_partitions(
    engine: sa.Engine, periods: Periods, cut: datetime, *, only_say: bool
) -> Iterator[Removed]:
    with engine.connect() as connection:
        old = [
            (name, periods.after(start))
            for name, start in made(connection, periods)
            if periods.after(start) <= cut
        ]
    for name, end in old:
        if not only_say and not _drop(engine, periods, name, end):
            continue
        yield Removed(what=name, before=end)


def _drop(engine: sa.Engine, periods: Periods, name: str, end: datetime) -> bool:
    try:
        with writing(engine) as connection:
            connection.exec_driver_sql(f"SET LOCAL lock_timeout = {LOCK_TIMEOUT_MS}")
            # Nothing is stored or rolled up while it is decided.
            connection.exec_driver_sql(f"LOCK TABLE {name} IN ACCESS EXCLUSIVE MODE")
            if _has_dirty(connection, end):
                return False
            _write_down(connection, periods, end)
            connection.exec_driver_sql(f"DROP TABLE {name}")
    except sa.exc.OperationalError as error:
        # 55P03: somebody reads it. 42P01 is another collector's doing.
        if getattr(error.orig, "sqlstate", None) == "55P03":
            return False
        raise
    except sa.exc.ProgrammingError as error:
        if getattr(error.orig, "sqlstate", None) == "42P01":
            return False
        raise
    return True


def _delete(engine: sa.Engine, periods: Periods, cut: datetime, *, only_say: bool) -> list[Removed]:
    table = metadata.tables[periods.table]
    time = table.c[periods.column]
    if only_say:
        with engine.connect() as connection:
            rows = connection.execute(
                sa.select(sa.func.count()).select_from(table).where(time < sa.literal(cut, UtcTime))
            ).scalar_one()
        return [Removed(what=periods.table, before=cut, rows=rows)] if rows else []
    removed = 0
    while True:
        with writing(engine) as connection:
            first = connection.execute(sa.select(sa.func.min(time))).scalar()
            if first is None or first >= cut or _has_dirty(connection, min(first + SLICE, cut)):
                break
            # Full hours: what an hour is made of goes together.
            end = min(first.replace(minute=0, second=0, microsecond=0) + SLICE, cut)
            _write_down(connection, periods, end)
            removed += connection.execute(sa.delete(table).where(time < sa.literal(end, UtcTime))).rowcount
    return [Removed(what=periods.table, before=cut, rows=removed)] if removed else []


def _has_dirty(connection: sa.Connection, before: datetime) -> bool:
    found = connection.execute(
        sa.select(runs.c.run_id).where(runs.c.dirty, runs.c.started_at < sa.literal(before, UtcTime)).limit(1)
    ).first()
    return found is not None


def _write_down(connection: sa.Connection, periods: Periods, end: datetime) -> None:
    """Remember what is gone, in the transaction that removes it."""
    if connection.dialect.name == "postgresql":
        from sqlalchemy.dialects.postgresql import insert
    else:
        from sqlalchemy.dialects.sqlite import insert  # type: ignore[assignment]  # the same methods
    statement = insert(pruned).values(name=periods.table, before=end)
    connection.execute(
        statement.on_conflict_do_update(
            index_elements=["name"],
            set_={"before": statement.excluded.before},
            where=pruned.c.before < statement.excluded.before,
        )
    )


assert DAY > SLICE
