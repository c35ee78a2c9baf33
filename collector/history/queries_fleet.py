"""What was last heard of each tester, and which runs were left out."""

from collections.abc import Sequence
from typing import Any
from uuid import UUID

import sqlalchemy as sa

from collector.history.queries import RUN_COLUMNS, left_out, runs_with_testers
from collector.tables import runs, testers

KEYS_AT_A_TIME = 400


def last_runs(connection: sa.Connection, *, fleet_number: int | None) -> Sequence[sa.Row[Any]]:
    """Return the run of each tester that began last, with its health; none for who has begun none."""
    query = sa.select(testers.c.id, newest_of_tester().label("run_id"))
    if fleet_number is not None:
        query = query.where(testers.c.fleet_id == fleet_number)
    keys = {(row.id, row.run_id) for row in connection.execute(query) if row.run_id is not None}
    ids = [run_id for _, run_id in keys]
    found: list[sa.Row[Any]] = []
    # By their ids, as a join would go through all runs.
    for start in range(0, len(ids), KEYS_AT_A_TIME):
        wanted = runs.c.run_id.in_(ids[start : start + KEYS_AT_A_TIME])
        found += connection.execute(sa.select(*RUN_COLUMNS).select_from(runs_with_testers()).where(wanted))
    return [row for row in found if (row.tester_id, row.run_id) in keys]


def newest_of_tester() -> sa.ScalarSelect[UUID]:
    """Return what is the newest run, of those that have begun, for a row of `testers`."""
    # A scalar subquery walks an index of `runs`; ranking all runs would read them all.
    return (
        sa.select(runs.c.run_id)
        .where(runs.c.tester_id == testers.c.id, runs.c.started_at.is_not(None))
        .order_by(runs.c.started_at.desc(), runs.c.index.desc())
        .limit(1)
        .correlate(testers)
        .scalar_subquery()
    )


def newest_left_out(
    connection: sa.Connection, *, fleet_number: int | None, limit: int
) -> Sequence[sa.Row[Any]]:
    """Return the runs that have no part in figures, those that began or were announced last first."""
    query = sa.select(*RUN_COLUMNS).select_from(runs_with_testers()).where(left_out())
    if fleet_number is not None:
        # Not as a bare column: by an index of testers one would come through all of their runs.
        query = query.where(testers.c.fleet_id + 0 == fleet_number)
    # No index has this order, so that the one of just these runs is gone through, not that of all.
    order = sa.func.coalesce(runs.c.started_at, runs.c.announced_at).desc()
    return connection.execute(query.order_by(order, runs.c.run_id.desc()).limit(limit)).all()
