"""Results, newest first, a page at a time.

Every result of a run has the run's start as its `ts`. So a page first picks runs, whose table is
small, and then reads `ping_results` between their times only.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

import sqlalchemy as sa

from collector.history.by_time import of_tester, results_with_runs
from collector.history.queries import RunFilter, runs_with_testers
from collector.tables import ResultState, UtcTime, ping_results, runs, servers, testers

RUNS_AT_A_TIME = 500

_RUN_KEY = (runs.c.started_at, runs.c.tester_id, runs.c.run_id)
_RESULT_KEY = (ping_results.c.ts, ping_results.c.tester_id, ping_results.c.run_id, ping_results.c.server_id)


@dataclass(frozen=True, kw_only=True, slots=True)
class ResultKey:
    """Where a result stands in the order of all results."""

    ts: datetime
    tester_number: int
    run_id: UUID
    server_number: int


@dataclass(frozen=True, kw_only=True, slots=True)
class ResultFilter:
    """Which results of the chosen runs are meant; None means any."""

    server_numbers: tuple[int, ...] | None = None
    state: ResultState | None = None

    def conditions(self) -> list[sa.ColumnElement[bool]]:
        """Return what holds for these rows of `ping_results`."""
        wanted: list[sa.ColumnElement[bool]] = []
        if self.server_numbers is not None:
            wanted.append(ping_results.c.server_id.in_(self.server_numbers))
        if self.state is not None:
            wanted.append(ping_results.c.state == self.state)
        return wanted


ANY = ResultFilter()


def newest_results(
    connection: sa.Connection,
    chosen: RunFilter,
    *,
    only: ResultFilter = ANY,
    after: ResultKey | None = None,
    limit: int,
) -> list[sa.Row[Any]]:
    """Return results in falling order of their keys; `after` is the last key of the page before."""
    found: list[sa.Row[Any]] = []
    for first, last in _batches(connection, chosen, after=after, need=limit):
        query = (
            sa.select(
                ping_results,
                testers.c.uuid.label("tester_uuid"),
                testers.c.name.label("tester_name"),
                servers.c.uuid.label("server_uuid"),
                servers.c.name.label("server_name"),
                servers.c.group,
                servers.c.host,
                servers.c.ip_addr,
                servers.c.family,
                servers.c.probe_type,
                servers.c.port,
            )
            .select_from(
                results_with_runs(connection)
                .join(testers, testers.c.id == of_tester(connection))
                .join(servers, servers.c.id == ping_results.c.server_id)
            )
            .where(
                ping_results.c.ts <= first[0],
                ping_results.c.ts >= last[0],
                sa.tuple_(*_RESULT_KEY[:3]) <= _bound(first),
                sa.tuple_(*_RESULT_KEY[:3]) >= _bound(last),
                *only.conditions(),
                *chosen.conditions(),
            )
        )
        if after is not None:
            query = query.where(
                sa.tuple_(*_RESULT_KEY)
                < _bound((after.ts, after.tester_number, after.run_id), after.server_number)
            )
        order = [column.desc() for column in _RESULT_KEY]
        found.extend(connection.execute(query.order_by(*order).limit(limit - len(found))))
        if len(found) >= limit:
            break
    return found


def key_of(row: sa.Row[Any]) -> ResultKey:
    """Return where a row of `newest_results` stands."""
    return ResultKey(ts=row.ts, tester_number=row.tester_id, run_id=row.run_id, server_number=row.server_id)


_Key = tuple[datetime, int, UUID]


def _batches(
    connection: sa.Connection, chosen: RunFilter, *, after: ResultKey | None, need: int
) -> Iterator[tuple[_Key, _Key]]:
    """Give the first and the last key of runs that hold about as many results as are needed."""
    start = None if after is None else (after.ts, after.tester_number, after.run_id)
    included = True
    while True:
        query = (
            sa.select(*_RUN_KEY, runs.c.stored)
            .select_from(runs_with_testers())
            .where(runs.c.stored > 0, runs.c.started_at.is_not(None), *chosen.conditions())
        )
        if start is not None:
            key, bound = sa.tuple_(*_RUN_KEY), _bound(start)
            query = query.where(key <= bound if included else key < bound)
        rows = connection.execute(
            query.order_by(*(column.desc() for column in _RUN_KEY)).limit(RUNS_AT_A_TIME)
        ).all()
        if not rows:
            return
        held, last = 0, rows[-1]
        for number, row in enumerate(rows):
            held += row.stored
            # The first run may be one whose results were mostly given on the page before.
            if held >= need and number > 0:
                last = row
                break
        first_key = (rows[0].started_at, rows[0].tester_id, rows[0].run_id)
        start, included = (last.started_at, last.tester_id, last.run_id), False
        yield first_key, start


def _bound(key: _Key, *more: int) -> sa.Tuple:
    time, tester_number, run_id = key
    return sa.tuple_(
        sa.literal(time, UtcTime),
        sa.literal(tester_number, sa.Integer),
        sa.literal(run_id, sa.Uuid),
        *(sa.literal(number, sa.Integer) for number in more),
    )
