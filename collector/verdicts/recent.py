"""The runs of a round, and the runs of its testers before it, with their raw results."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

import numpy as np
import sqlalchemy as sa

from collector.history.by_time import of_tester
from collector.history.figures import Integers
from collector.history.queries import runs_with_testers
from collector.tables import RunState, UtcTime, ping_results, runs, testers
from collector.verdicts.medians import Medians, medians_of

RUNS_AT_A_TIME = 1_000
LOOK_BACK = (timedelta(hours=3), timedelta(days=1), timedelta(days=28))
"""How far earlier runs are searched for: the next step only where some tester has too few."""


@dataclass(frozen=True, kw_only=True, slots=True, eq=False)
class Results:
    """The results of some runs, one item each; testers and servers by the tables' numbers."""

    tester: Integers
    server: Integers
    medians: Medians


def runs_of_round(connection: sa.Connection, sweep_id: UUID, round_number: int) -> Sequence[sa.Row[Any]]:
    """Return the runs of one index of a sweep with their testers; a tester's newest first."""
    query: sa.Select[Any] = (
        sa.select(
            runs.c.tester_id,
            runs.c.run_id,
            runs.c.started_at,
            runs.c.stored,
            runs.c.trusted,
            runs.c.state,
            testers.c.uuid,
            testers.c.name,
            testers.c.location,
            testers.c.config,
        )
        .select_from(runs_with_testers())
        .where(runs.c.sweep_id == sweep_id, runs.c.index == round_number)
        .order_by(testers.c.id, runs.c.started_at.desc(), runs.c.run_id)
    )
    return connection.execute(query).all()


def is_usable(run: sa.Row[Any]) -> bool:
    """Return whether a run has results that may be trusted."""
    return bool(
        run.stored and run.trusted is not False and run.state != RunState.ABANDONED and run.started_at
    )


def earlier_runs(
    connection: sa.Connection, before: dict[int, datetime], *, count: int
) -> list[dict[int, sa.Row[Any]]]:
    """Return the usable runs of some testers before a time of each: of age 1, of age 2 and so on."""
    found: dict[int, list[sa.Row[Any]]] = {}
    if not before or count < 1:
        return []
    newest, oldest = max(before.values()), min(before.values())
    for reach in LOOK_BACK:
        found = {tester: [] for tester in before}
        # Runs of a few minutes may lie between the first start of a round and the last.
        place = sa.func.row_number().over(
            partition_by=runs.c.tester_id, order_by=(runs.c.started_at.desc(), runs.c.run_id)
        )
        ranked = (
            sa.select(runs.c.tester_id, runs.c.run_id, runs.c.started_at, place.label("place"))
            .where(
                runs.c.started_at >= sa.literal(oldest - reach, UtcTime),
                runs.c.started_at < sa.literal(newest, UtcTime),
                runs.c.stored > 0,
                runs.c.trusted.is_not(sa.false()),
                runs.c.state != RunState.ABANDONED,
            )
            .subquery()
        )
        for row in connection.execute(
            sa.select(ranked).where(ranked.c.place <= count + 2).order_by(ranked.c.tester_id, ranked.c.place)
        ):
            if row.tester_id in before and row.started_at < before[row.tester_id]:
                found[row.tester_id].append(row)
        if all(len(rows) >= count for rows in found.values()):
            break
    return [{tester: rows[age] for tester, rows in found.items() if len(rows) > age} for age in range(count)]


def results_of(connection: sa.Connection, wanted: Sequence[sa.Row[Any]], *, least: int) -> Results:
    """Return the results of some runs."""
    tester: list[int] = []
    server: list[int] = []
    probes: list[bytes] = []
    for start in range(0, len(wanted), RUNS_AT_A_TIME):
        chunk = wanted[start : start + RUNS_AT_A_TIME]
        times = [run.started_at for run in chunk]
        query = (
            sa.select(ping_results.c.tester_id, ping_results.c.server_id, ping_results.c.probes)
            .where(
                ping_results.c.ts.between(sa.literal(min(times), UtcTime), sa.literal(max(times), UtcTime)),
                of_tester(connection).in_({run.tester_id for run in chunk}),
                ping_results.c.run_id.in_([run.run_id for run in chunk]),
            )
            .order_by(ping_results.c.tester_id, ping_results.c.server_id)
        )
        for row in connection.execute(query):
            tester.append(row[0])
            server.append(row[1])
            probes.append(row[2])
    return Results(
        tester=np.array(tester, dtype=np.int64),
        server=np.array(server, dtype=np.int64),
        medians=medians_of(probes, least=least),
    )
