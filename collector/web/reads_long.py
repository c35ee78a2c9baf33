"""Windows longer than a day: paths and runs from rollups."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import sqlalchemy as sa

from collector.history.gone import gone_before
from collector.history.queries import RunFilter, left_out, runs_with_testers
from collector.history.raw import PathSums
from collector.history.rolled import Asked, fitted, is_long, read_rolled, span_of_results
from collector.history.segments import DAY, Span
from collector.tables import runs, testers

MOST_LEFT_OUT = 100
"""Runs without a part in the figures that an answer lists."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Long:
    """What is known of a long window; `asked` says which time it is really of."""

    asked: Asked
    paths: PathSums
    testers: dict[int, sa.Row[Any]]


def asked_of(
    connection: sa.Connection,
    chosen: RunFilter,
    *,
    server_number: int | None = None,
    ends: Callable[[], Span | None] | None = None,
) -> Asked | None:
    """Return the window where it is answered from rollups, None for a short one or one without results.

    It is where it is longer than a day, or where its raw results were removed. Rollups know no
    sweeps: a sweep is asked of raw results. `ends` gives the span of the results of the chosen runs, for
    those who need it too.
    """
    if chosen.sweep_id is not None:
        return None
    gone = gone_before(connection).raw
    is_gone = gone is not None and chosen.since is not None and chosen.since < gone
    if not is_gone and not is_long(chosen.since, chosen.until):
        return None
    # An open end is the first or the last result.
    found = span_of_results(connection, chosen.conditions()) if ends is None else ends()
    if found is None:
        return None
    since, until = chosen.since or found.start, chosen.until or found.end
    if until - since <= DAY and not is_gone:
        return None
    asked = Asked(
        fleet_number=chosen.fleet_number,
        tester_number=chosen.tester_number,
        server_number=server_number,
        since=max(since, found.start) if chosen.since is None else since,
        until=until,
    )
    return fitted(connection, asked)


def read_long(connection: sa.Connection, asked: Asked) -> Long:
    """Return the paths of a long window, and their testers by number, in the order of their names."""
    paths = read_rolled(connection, asked)
    query = sa.select(testers).order_by(testers.c.name, testers.c.id)
    if asked.tester_number is not None:
        query = query.where(testers.c.id == asked.tester_number)
    elif asked.fleet_number is not None:
        query = query.where(testers.c.fleet_id == asked.fleet_number)
    present = set(paths.tester.tolist())
    rows = {row.id: row for row in connection.execute(query) if row.id in present}
    return Long(asked=asked, paths=paths, testers=rows)


def runs_left_out(connection: sa.Connection, asked: Asked) -> Sequence[Any]:
    """Return the newest runs of a window that have no part in its figures."""
    query = (
        sa.select(runs.c.run_id, runs.c.trusted, runs.c.reason, runs.c.state, testers.c.name)
        .select_from(runs_with_testers())
        .where(
            runs.c.started_at >= asked.since,
            runs.c.started_at < asked.until,
            left_out(),
            # Not as a bare column: by an index of testers one would come through all of their runs.
            *asked.of_tester(runs.c.tester_id + 0),
        )
        .order_by(runs.c.started_at.desc(), runs.c.run_id)
        .limit(MOST_LEFT_OUT)
    )
    return connection.execute(query).all()


def last_day_of(connection: sa.Connection, chosen: RunFilter) -> datetime | None:
    """Return where the last day of a sweep begins that has lasted longer, None for a shorter one."""
    found = span_of_results(connection, chosen.conditions())
    if found is None or found.end - found.start <= DAY:
        return None
    return found.end - DAY
