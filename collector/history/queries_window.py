"""Results of a window as columns, for figures that pool many of them."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import numpy as np
import sqlalchemy as sa
from numpy.typing import NDArray

from collector.errors import Refused
from collector.history.by_time import of_tester, results_with_runs
from collector.history.figures import Integers, Rows
from collector.history.queries import RunFilter, runs_with_testers
from collector.tables import RunState, ping_results, runs, servers, testers

MAX_PROBES = 10_000_000
"""Probes that one answer may pool; about half a gigabyte while it is computed."""

ROWS_AT_A_TIME = 5_000


@dataclass(frozen=True, kw_only=True, slots=True, eq=False)
class Window:
    """All results of a window, column by column; testers and servers by the tables' numbers.

    `runs` are all runs of the window, also those that stored nothing. `since` and `until` are the
    first and the last start of a run that stored results.
    """

    runs: Sequence[sa.Row[Any]]
    since: datetime | None
    until: datetime | None
    tester: Integers
    server: Integers
    trusted: NDArray[np.bool_]
    rows: Rows


def read_window(connection: sa.Connection, chosen: RunFilter, *, server_number: int | None = None) -> Window:
    """Return the results of the chosen runs; refuse with 422 where they are too many to pool."""
    wanted: sa.Select[Any] = (
        sa.select(
            runs.c.run_id,
            runs.c.tester_id,
            runs.c.state,
            runs.c.stored,
            runs.c.started_at,
            runs.c.trusted,
            runs.c.reason,
            testers.c.uuid,
            testers.c.name,
            testers.c.location,
            testers.c.config,
        )
        .select_from(runs_with_testers())
        .where(*chosen.conditions())
        .order_by(testers.c.name, testers.c.id, runs.c.announced_at, runs.c.run_id)
    )
    made = connection.execute(wanted).all()
    starts = [run.started_at for run in made if run.stored and run.started_at is not None]
    columns = _Columns()
    if starts:
        query = (
            sa.select(
                ping_results.c.tester_id,
                ping_results.c.server_id,
                runs.c.trusted,
                ping_results.c.late,
                ping_results.c.probes,
            )
            .select_from(results_with_runs(connection).join(testers, testers.c.id == of_tester(connection)))
            .where(ping_results.c.ts.between(min(starts), max(starts)), *chosen.conditions())
        )
        if server_number is not None:
            query = query.where(ping_results.c.server_id == server_number)
        columns.read(connection.execute(query, execution_options={"yield_per": ROWS_AT_A_TIME}))
    return Window(
        runs=made,
        since=min(starts, default=None),
        until=max(starts, default=None),
        tester=np.array(columns.tester, dtype=np.int64),
        server=np.array(columns.server, dtype=np.int64),
        trusted=np.array(columns.trusted, dtype=np.bool_),
        rows=Rows(probes=columns.probes, late_known=np.array(columns.late_known, dtype=np.bool_)),
    )


def servers_of(connection: sa.Connection, numbers: Integers) -> Sequence[sa.Row[Any]]:
    """Return servers by their numbers, in the order of group, name, family and address."""
    found: list[sa.Row[Any]] = []
    wanted = [int(number) for number in np.unique(numbers)]
    for start in range(0, len(wanted), ROWS_AT_A_TIME):
        chunk = wanted[start : start + ROWS_AT_A_TIME]
        found.extend(connection.execute(sa.select(servers).where(servers.c.id.in_(chunk))))
    return sorted(
        found,
        key=lambda row: (row.group, row.name, row.family or 0, row.ip_addr or "", row.port or 0, row.id),
    )


def is_left_out(run: sa.Row[Any]) -> bool:
    """Return whether a run that ended has no part in figures: not trusted, or abandoned."""
    return run.trusted is False or run.state == RunState.ABANDONED


class _Columns:
    """Columns that grow row by row, up to a bound."""

    def __init__(self) -> None:
        self.tester: list[int] = []
        self.server: list[int] = []
        self.trusted: list[bool] = []
        self.late_known: list[bool] = []
        self.probes: list[bytes] = []

    def read(self, result: sa.Result[int, int, bool | None, int | None, bytes]) -> None:
        size = 0
        for rows in result.partitions():
            # Column by column: a loop over rows with five appends takes twice as long.
            tester, server, trusted, late, probes = zip(*rows, strict=True)
            self.tester.extend(tester)
            self.server.extend(server)
            self.trusted.extend([value is not False for value in trusted])
            self.late_known.extend([value is not None for value in late])
            self.probes.extend(probes)
            size += sum(map(len, probes))
            if size > MAX_PROBES * 4:
                result.close()
                raise Refused(
                    422,
                    "window_too_large",
                    f"the window holds more than {MAX_PROBES} probes",
                    hint="narrow it with since= and until=, or name one sweep with sweep_id=",
                )
