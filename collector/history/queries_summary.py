"""Runs and sweeps counted: what was stored of them, and what is missing."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

import sqlalchemy as sa

from collector.history.by_time import of_tester, results_with_runs
from collector.history.queries import RunFilter, runs_with_testers
from collector.tables import UtcTime, ping_results, runs, servers, testers


def counted_by_state(
    connection: sa.Connection, *, since: datetime, until: datetime, chosen: RunFilter
) -> Sequence[Any]:
    """Return `(state, trusted, results, planned, sent, answered, late, late_unknown)` of results.

    `since` and `until` are the first and the last start, both included.
    """
    unknown = sa.case((sa.and_(ping_results.c.late.is_(None), ping_results.c.planned > 0), 1), else_=0)
    query = (
        sa.select(
            ping_results.c.state,
            runs.c.trusted,
            sa.func.count(),
            sa.func.sum(ping_results.c.planned),
            sa.func.sum(ping_results.c.sent),
            sa.func.sum(ping_results.c.answered),
            sa.func.coalesce(sa.func.sum(ping_results.c.late), 0),
            sa.func.sum(unknown),
        )
        .select_from(results_with_runs(connection).join(testers, testers.c.id == of_tester(connection)))
        .where(
            ping_results.c.ts >= sa.literal(since, UtcTime),
            ping_results.c.ts <= sa.literal(until, UtcTime),
            *chosen.conditions(),
        )
        .group_by(ping_results.c.state, runs.c.trusted)
    )
    return connection.execute(query).all()


def worst_of_run(connection: sa.Connection, run: sa.Row[Any], *, limit: int) -> Sequence[Any]:
    """Return the results of a run that are not well: the lossiest first, then the slowest."""
    lost = sa.case(
        (
            ping_results.c.sent > 0,
            (ping_results.c.sent - ping_results.c.answered) * 1.0 / ping_results.c.sent,
        ),
        else_=2.0,
    )
    query = (
        sa.select(
            servers.c.uuid,
            servers.c.name,
            servers.c.ip_addr,
            ping_results.c.state,
            ping_results.c.sent,
            ping_results.c.answered,
            ping_results.c.min_us,
            ping_results.c.p50_us,
            ping_results.c.max_us,
        )
        .select_from(ping_results.join(servers, servers.c.id == ping_results.c.server_id))
        .where(
            ping_results.c.tester_id == run.tester_id,
            ping_results.c.ts == sa.literal(run.started_at, UtcTime),
            ping_results.c.run_id == run.run_id,
        )
        # A median that is lost is slower than any.
        .order_by(
            lost.desc(),
            ping_results.c.p50_us.is_(None).desc(),
            ping_results.c.p50_us.desc(),
            # Among equals the order is always the same.
            ping_results.c.server_id,
        )
        .limit(limit)
    )
    return connection.execute(query).all()


def runs_of_sweep(connection: sa.Connection, sweep_id: UUID) -> Sequence[Any]:
    """Return what is known of each run of a sweep, by tester and index."""
    query = (
        sa.select(
            testers.c.name.label("tester"),
            runs.c.tester_id,
            runs.c.run_id,
            runs.c.index,
            runs.c.of,
            runs.c.state,
            runs.c.trusted,
            runs.c.reason,
            runs.c.planned,
            runs.c.stored,
            runs.c.started_at,
            runs.c.finished_at,
        )
        .select_from(runs_with_testers())
        .where(runs.c.sweep_id == sweep_id)
        .order_by(testers.c.name, testers.c.id, runs.c.index)
    )
    return connection.execute(query).all()
