"""The newest run of each tester, as `/metrics` shows it."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

import numpy as np
import sqlalchemy as sa
from numpy.typing import NDArray

from collector.history.latest import COLUMNS
from collector.history.segments import hour_of
from collector.session import reading
from collector.tables import UtcTime, fleets, latest, runs, servers, testers

SERVERS_AT_A_TIME = 10_000


@dataclass(frozen=True, kw_only=True, slots=True)
class LatestRun:
    """A tester's newest run; `figures` is empty where they are not to be shown as if they were of now."""

    fleet: str
    tester: str
    started_at: datetime
    trusted: bool
    figures: bytes

    def columns(self) -> Mapping[str, NDArray[np.int32]]:
        """Return the figures of its results by name."""
        table = np.frombuffer(self.figures, dtype="<i4").reshape(len(COLUMNS), -1)
        return dict(zip(COLUMNS, table, strict=True))


@dataclass(frozen=True, kw_only=True, slots=True)
class LatestRuns:
    """All of them, in the order of their names, and the servers that their figures name."""

    runs: Sequence[LatestRun]
    servers: Mapping[int, sa.Row[Any]]
    not_rolled_up: int


def read_latest_runs(engine: sa.Engine, *, now: datetime, max_age: timedelta) -> LatestRuns:
    """Return the newest runs of testers that are not retired.

    Those that are not trusted, or began longer than `max_age` ago, come without figures.
    """
    with reading(engine) as connection:
        found = [
            LatestRun(
                fleet=row[0], tester=row[1], started_at=row.ts, trusted=row.trusted, figures=row[4] or b""
            )
            for row in connection.execute(_query(now - max_age))
        ]
        return LatestRuns(
            runs=found,
            servers={row.id: row for row in _servers(connection, found)},
            not_rolled_up=_not_rolled_up(connection, now),
        )


def _query(oldest: datetime) -> sa.Select[Any]:
    shown = sa.and_(latest.c.trusted, latest.c.ts >= sa.literal(oldest, UtcTime))
    return (
        sa.select(
            fleets.c.name,
            testers.c.name,
            latest.c.ts,
            latest.c.trusted,
            # What is not shown is not fetched either.
            sa.case((shown, latest.c.figures)),
        )
        .select_from(
            latest.join(testers, testers.c.id == latest.c.tester_id).join(
                fleets, fleets.c.id == testers.c.fleet_id
            )
        )
        .where(testers.c.retired_at.is_(None))
        .order_by(fleets.c.name, testers.c.name)
    )


def _servers(connection: sa.Connection, found: Sequence[LatestRun]) -> Iterator[Any]:
    columns = [run.columns()["server"] for run in found if run.figures]
    if not columns:
        return
    wanted: list[int] = np.unique(np.concatenate(columns)).tolist()
    for start in range(0, len(wanted), SERVERS_AT_A_TIME):
        chunk = wanted[start : start + SERVERS_AT_A_TIME]
        query = sa.select(
            servers.c.id,
            servers.c.name,
            servers.c.ip_addr,
            servers.c.family,
            servers.c.port,
            servers.c.probe_type,
        ).where(servers.c.id.in_(chunk))
        yield from connection.execute(query).all()


def _not_rolled_up(connection: sa.Connection, now: datetime) -> int:
    """Return how many runs of hours that have ended are not in the rollups."""
    query = (
        sa.select(sa.func.count())
        .select_from(runs)
        .where(runs.c.dirty, runs.c.started_at < sa.literal(hour_of(now), UtcTime))
    )
    return int(connection.execute(query).scalar_one())
