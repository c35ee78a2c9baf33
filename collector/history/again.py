"""Rollups made again, day by day, from the raw results that are still there."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime

import sqlalchemy as sa

from collector.history.gone import pruned_before
from collector.history.rollups import Roller
from collector.history.segments import DAY, HOUR, Span, day_of, hour_of
from collector.session import reading
from collector.tables import MICROSECOND, UtcTime, ping_rollups_day, runs


@dataclass(frozen=True, kw_only=True, slots=True)
class Redone:
    """A day whose rollups were made again, and of how many hours of testers."""

    day: datetime
    hours: int


def gone_before(engine: sa.Engine) -> datetime | None:
    """Return up to when rollups cannot be made again, None where nothing was ever removed."""
    with reading(engine) as connection:
        gone = [pruned_before(connection, name) for name in ("ping_results", "ping_rollups_hour")]
    return max((at for at in gone if at is not None), default=None)


def make_again(
    engine: sa.Engine, *, since: datetime | None, until: datetime | None, now: datetime
) -> Iterator[Redone]:
    """Make the rollups of all hours that have part in a window again; give each day when it is done.

    It may be left at any time: each step is a transaction that leaves the rollups right. Hours
    that have not ended are left out, and those whose raw results retention has removed.
    """
    roller = Roller(engine)
    span = _bounds(engine, since=since, until=until, now=now)
    if span is None:
        return
    for day in list(_days(engine, span)):
        yield Redone(day=day, hours=roller.again(day, span, now=now))


def _bounds(
    engine: sa.Engine, *, since: datetime | None, until: datetime | None, now: datetime
) -> Span | None:
    """Return the window in full hours, within the time that there is something of."""
    with reading(engine) as connection:
        first, last = connection.execute(
            sa.select(sa.func.min(runs.c.started_at), sa.func.max(runs.c.started_at)).where(runs.c.stored > 0)
        ).one()
        first_day, last_day = connection.execute(
            sa.select(sa.func.min(ping_rollups_day.c.day), sa.func.max(ping_rollups_day.c.day))
        ).one()
    starts = [at for at in (first, first_day) if at is not None]
    ends = [at for at in (last, None if last_day is None else last_day + DAY - HOUR) if at is not None]
    if not starts:
        return None
    start = hour_of(min(starts)) if since is None else max(hour_of(min(starts)), hour_of(since))
    end = hour_of(max(ends)) + HOUR
    if until is not None and until < end:
        end = hour_of(until - MICROSECOND) + HOUR
    end = min(end, hour_of(now))
    return Span(start=start, end=end) if start < end else None


def _days(engine: sa.Engine, span: Span) -> Iterator[datetime]:
    """Give the days that have a run or a rollup; gaps of years cost nothing."""
    at = span.start
    while True:
        with reading(engine) as connection:
            found = [
                connection.execute(
                    sa.select(sa.func.min(column)).where(column >= sa.literal(bound, UtcTime), *more)
                ).scalar()
                for column, bound, more in (
                    (runs.c.started_at, at, (runs.c.stored > 0,)),
                    (ping_rollups_day.c.day, day_of(at), ()),
                )
            ]
        following = min((time for time in found if time is not None), default=None)
        if following is None or following >= span.end:
            return
        yield day_of(following)
        at = day_of(following) + DAY
