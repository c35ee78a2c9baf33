"""Sums of paths over any time: from whole days, then hours, then raw results."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any

import numpy as np
import sqlalchemy as sa

from collector.errors import Refused
from collector.history.gone import gone_before
from collector.history.periods import Period
from collector.history.raw import PathSums, between, grouped, nothing, read_raw, together
from collector.history.segments import DAY, HOUR, Segments, Span, by_hour, day_of, hour_of, segments_of
from collector.history.sums import COLUMNS, TOTALS, Integers, Sums, joined, sums_in
from collector.tables import (
    MICROSECOND,
    dirty_days,
    ping_results,
    ping_rollups_day,
    ping_rollups_hour,
    runs,
    testers,
)

MANY_DAYS = 1_000 * DAY
"""A longer window is cut to where results are, before it is cut into pieces."""

MAX_RAW_ROWS = 2_000_000
"""Results without a rollup that one answer may read."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Asked:
    """Which paths over which time: of a fleet, or of one tester, to all servers or to one."""

    fleet_number: int | None = None
    tester_number: int | None = None
    server_number: int | None = None
    since: datetime
    until: datetime

    def of_tester(self, column: sa.ColumnElement[int]) -> list[sa.ColumnElement[bool]]:
        """Return what holds for a column of testers' numbers."""
        if self.tester_number is not None:
            return [column == self.tester_number]
        if self.fleet_number is not None:
            return [column.in_(sa.select(testers.c.id).where(testers.c.fleet_id == self.fleet_number))]
        return []

    def of_path(self, table: sa.Table) -> list[sa.ColumnElement[bool]]:
        """Return what holds for a table of results or rollups."""
        found = self.of_tester(table.c.tester_id)
        return found if self.server_number is None else [*found, table.c.server_id == self.server_number]


def is_long(since: datetime | None, until: datetime | None) -> bool:
    """Return whether a window is answered from rollups: it is longer than a day."""
    return since is None or until is None or until - since > DAY


def span_of_results(connection: sa.Connection, asked: Sequence[sa.ColumnElement[bool]]) -> Span | None:
    """Return from the first start of a run with results to just after the last; None without any."""
    return _ends(connection, runs.join(testers, testers.c.id == runs.c.tester_id), asked)


def _ends(
    connection: sa.Connection, source: sa.FromClause, wanted: Sequence[sa.ColumnElement[bool]]
) -> Span | None:
    starts = (
        sa.select(runs.c.started_at)
        .select_from(source)
        .where(runs.c.stored > 0, runs.c.started_at.is_not(None), *wanted)
        .limit(1)
    )
    # By the index from either end: the least and the greatest of all would be looked for in all runs.
    first = starts.order_by(runs.c.started_at).scalar_subquery()
    last = starts.order_by(runs.c.started_at.desc()).scalar_subquery()
    start, end = connection.execute(sa.select(first, last)).one()
    return None if start is None else Span(start=start, end=end + MICROSECOND)


def fitted(connection: sa.Connection, asked: Asked) -> Asked:
    """Return the time that can be answered: where finer rows are gone, full hours or days."""
    removed = gone_before(connection)
    since, until = asked.since, asked.until
    for gone, start_of, length in ((removed.raw, hour_of, HOUR), (removed.hourly, day_of, DAY)):
        if gone is None:
            continue
        if since < gone:
            since = start_of(since)
        if until < gone and until != start_of(until):
            until = start_of(until) + length
    return replace(asked, since=since, until=until)


def pieces(connection: sa.Connection, asked: Asked) -> Segments:
    """Return which part of the time is answered by which table; where no result is, none has to be."""
    if asked.until - asked.since > MANY_DAYS:
        found = _ends(connection, runs, asked.of_tester(runs.c.tester_id))
        if found is None:
            return Segments(days=(), hours=(), raw=())
        # By whole days, so that an end of the window stays one: a question may be of all time.
        first, last = day_of(found.start), day_of(found.end - MICROSECOND) + DAY
        asked = replace(asked, since=max(asked.since, first), until=min(asked.until, last))
    # What is late for rows that are gone is added to its rollup within a minute; it cannot be read
    # instead of it.
    gone = gone_before(connection)
    dirty = connection.execute(
        sa.select(runs.c.started_at)
        .where(
            runs.c.dirty,
            runs.c.started_at >= asked.since - DAY,
            runs.c.started_at < asked.until + DAY,
            *asked.of_tester(runs.c.tester_id),
        )
        .distinct()
    ).scalars()
    days = connection.execute(
        sa.select(dirty_days.c.day)
        .where(
            dirty_days.c.day > asked.since - DAY,
            dirty_days.c.day < asked.until,
            *asked.of_tester(dirty_days.c.tester_id),
        )
        .distinct()
    ).scalars()
    return segments_of(
        since=asked.since,
        until=asked.until,
        dirty_hours={hour for hour in dirty if gone.raw is None or hour >= gone.raw},
        dirty_days={day for day in days if gone.hourly is None or day >= gone.hourly},
    )


def read_rolled(connection: sa.Connection, asked: Asked) -> PathSums:
    """Return the sums of each path; refuse with 422 where too much of it has no rollup yet."""
    parts = pieces(connection, asked)
    found = [
        _read(connection, ping_rollups_day, ping_rollups_day.c.day, parts.days, asked),
        _read(connection, ping_rollups_hour, ping_rollups_hour.c.hour, parts.hours, asked),
    ]
    if parts.raw:
        _check_size(connection, parts.raw, asked)
        found.append(read_raw(connection, parts.raw, *asked.of_path(ping_results)))
    return together(found)


def read_hours(connection: sa.Connection, spans: Sequence[Span], asked: Asked) -> PathSums:
    """Return the sums of each path over some full hours that have been rolled up."""
    return _read(connection, ping_rollups_hour, ping_rollups_hour.c.hour, spans, asked)


def _read(
    connection: sa.Connection,
    table: sa.Table,
    time: sa.ColumnElement[datetime],
    spans: Sequence[Span],
    asked: Asked,
) -> PathSums:
    if not spans:
        return nothing()
    key = (table.c.tester_id, table.c.server_id)
    wanted = (between(time, spans), *asked.of_path(table))
    if connection.dialect.name == "postgresql":
        columns = [_added(table.c[name]) if name in TOTALS else _merged(table, name) for name in COLUMNS]
        query = sa.select(*key, *columns).where(*wanted).group_by(*key)
    else:
        query = sa.select(*key, *(table.c[name] for name in COLUMNS)).where(*wanted)
    rows = connection.execute(query).all()
    if not rows:
        return nothing()
    tester, server, *values = zip(*rows, strict=True)
    known, servers, group, groups = grouped(tester, server)
    return PathSums(tester=known, server=servers, sums=sums_in(values, group=group, groups=groups))


def _added(column: sa.ColumnElement[Any]) -> sa.ColumnElement[Any]:
    # A sum of bigints is a numeric, which is a Decimal here, and dear by the thousand.
    total = sa.func.sum(column)
    return sa.cast(total, sa.BigInteger) if isinstance(column.type, sa.BigInteger) else total


def _merged(table: sa.Table, name: str) -> sa.ColumnElement[Any]:
    if name == "hist":
        return sa.func.string_agg(table.c.hist, sa.literal(b"", sa.LargeBinary))
    return sa.func.min(table.c.min_us) if name == "min_us" else sa.func.max(table.c.max_us)


def _check_size(connection: sa.Connection, spans: Sequence[Span], asked: Asked) -> None:
    stored = connection.execute(
        sa.select(sa.func.sum(runs.c.stored)).where(
            between(runs.c.started_at, spans), *asked.of_tester(runs.c.tester_id)
        )
    ).scalar()
    if (stored or 0) > MAX_RAW_ROWS:
        raise Refused(
            422,
            "window_too_large",
            f"{stored} results of this window are in no rollup yet",
            hint="the collector is making them; ask again in a few minutes, or narrow the window",
        )


@dataclass(frozen=True, kw_only=True, slots=True, eq=False)
class Series:
    """The sums of one path by periods, the oldest first; `starts` says when each begins."""

    starts: Sequence[datetime]
    sums: Sums

    def __len__(self) -> int:
        return len(self.starts)


def series(connection: sa.Connection, asked: Asked, period: Period) -> Series:
    """Return the sums of a path by periods of whole hours or days; those without a result are left out."""
    by_day, key = period.is_of_days, period.start_of
    parts = pieces(connection, asked)
    hours = parts.hours if by_day else (*parts.days, *parts.hours)
    found: list[Series] = []
    if by_day:
        found.append(
            _rollups(connection, ping_rollups_day, ping_rollups_day.c.day, parts.days, asked, key=key)
        )
    found.append(_rollups(connection, ping_rollups_hour, ping_rollups_hour.c.hour, hours, asked, key=key))
    if parts.raw:
        _check_size(connection, parts.raw, asked)
    for span in (piece for raw in parts.raw for piece in by_hour(raw)):
        path = read_raw(connection, [span], *asked.of_path(ping_results))
        found.append(Series(starts=[key(span.start)] * len(path), sums=path.sums))
    starts = [start for part in found for start in part.starts]
    return _by_start(starts, lambda group, groups: _added_up(found, group, groups))


def _rollups(
    connection: sa.Connection,
    table: sa.Table,
    time: sa.ColumnElement[datetime],
    spans: Sequence[Span],
    asked: Asked,
    *,
    key: Callable[[datetime], datetime],
) -> Series:
    if not spans:
        return Series(starts=[], sums=nothing().sums)
    query = sa.select(time, *(table.c[name] for name in COLUMNS))
    rows = connection.execute(query.where(between(time, spans), *asked.of_path(table))).all()
    if not rows:
        return Series(starts=[], sums=nothing().sums)
    times, *values = zip(*rows, strict=True)
    return _by_start(list(map(key, times)), lambda group, groups: sums_in(values, group=group, groups=groups))


def _added_up(parts: Sequence[Series], group: Integers, groups: int) -> Sums:
    return joined([part.sums for part in parts]).regrouped(group, groups=groups)


def _by_start(starts: Sequence[datetime], add: Callable[[Integers, int], Sums]) -> Series:
    """Return what begins at the same time as one; `add` adds up by the place of each."""
    known = sorted(set(starts))
    place = {start: number for number, start in enumerate(known)}
    group = np.array([place[start] for start in starts], dtype=np.int64)
    return Series(starts=known, sums=add(group, len(known)))
