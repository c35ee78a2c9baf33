"""Runs and servers, as the tables hold them."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

import sqlalchemy as sa

from collector.tables import RunState, UtcTime, fleets, runs, servers, sweeps, testers

SKIPPED = "skipped"
"""The outcome of a sweep that was due and not begun: it has nothing to show."""

Condition = sa.ColumnElement[bool]
RunKey = tuple[datetime, UUID]
"""Where a run stands among all: when it was announced, and its UUID."""

RUN_COLUMNS = (
    runs,
    testers.c.uuid.label("tester_uuid"),
    testers.c.name.label("tester_name"),
)


@dataclass(frozen=True, kw_only=True, slots=True)
class RunFilter:
    """Which runs are meant; None means any. Numbers are those of the tables' own.

    `since` and `until` bound the corrected start of a run, `since` included and `until` not. A run
    whose start is not known has none, unless `announced_too`: then its announcement stands for it.
    """

    fleet_number: int | None = None
    tester_number: int | None = None
    sweep_id: UUID | None = None
    run_id: UUID | None = None
    state: str | None = None
    trusted: bool | None = None
    since: datetime | None = None
    until: datetime | None = None
    announced_too: bool = False

    def conditions(self) -> list[Condition]:
        """Return what holds for these rows of `runs` joined with `testers`."""
        wanted: list[Condition] = []
        if self.fleet_number is not None:
            wanted.append(testers.c.fleet_id == self.fleet_number)
        if self.tester_number is not None:
            wanted.append(runs.c.tester_id == self.tester_number)
        if self.sweep_id is not None:
            wanted.append(runs.c.sweep_id == self.sweep_id)
        if self.run_id is not None:
            wanted.append(runs.c.run_id == self.run_id)
        if self.state is not None:
            wanted.append(runs.c.state == self.state)
        if self.trusted is not None:
            wanted.append(runs.c.trusted.is_(sa.true() if self.trusted else sa.false()))
        if self.since is not None:
            wanted.append(self._time(runs.c.started_at >= self.since, runs.c.announced_at >= self.since))
        if self.until is not None:
            wanted.append(self._time(runs.c.started_at < self.until, runs.c.announced_at < self.until))
        return wanted

    def _time(self, started: Condition, announced: Condition) -> Condition:
        if not self.announced_too:
            return started
        return sa.or_(started, sa.and_(runs.c.started_at.is_(None), announced))


def left_out() -> Condition:
    """Return what holds for runs that have no part in figures: not trusted, or abandoned.

    Word for word as the index has it: with a parameter in it, SQLite would not see that it fits.
    """
    abandoned: sa.ColumnElement[str] = sa.literal_column(f"'{RunState.ABANDONED}'")
    return sa.or_(runs.c.trusted.is_(sa.false()), runs.c.state == abandoned)


def runs_with_testers() -> sa.Join:
    """Return runs beside the testers that made them."""
    return runs.join(testers, testers.c.id == runs.c.tester_id)


def newest_runs(
    connection: sa.Connection,
    chosen: RunFilter,
    *,
    after: RunKey | None = None,
    limit: int,
) -> Sequence[sa.Row[Any]]:
    """Return runs, those announced last first; `after` is the last key of the page before."""
    query = sa.select(*RUN_COLUMNS).select_from(runs_with_testers()).where(*chosen.conditions())
    if after is not None:
        time, run_id = after
        query = query.where(
            sa.tuple_(runs.c.announced_at, runs.c.run_id)
            < sa.tuple_(sa.literal(time, UtcTime), sa.literal(run_id, sa.Uuid))
        )
    order = (runs.c.announced_at.desc(), runs.c.run_id.desc())
    return connection.execute(query.order_by(*order).limit(limit)).all()


def servers_after(
    connection: sa.Connection, *, fleet_number: int | None, after: int, limit: int
) -> Sequence[sa.Row[Any]]:
    """Return servers in the order of their first appearance, behind the number `after`."""
    query = (
        sa.select(servers, fleets.c.uuid.label("fleet_uuid"))
        .join(fleets, fleets.c.id == servers.c.fleet_id)
        .where(servers.c.id > after)
    )
    if fleet_number is not None:
        query = query.where(servers.c.fleet_id == fleet_number)
    return connection.execute(query.order_by(servers.c.id).limit(limit)).all()


def newest_sweep(connection: sa.Connection, *, fleet_number: int) -> UUID | None:
    """Return a fleet's newest sweep; one of testers started by hand only where there is no other."""
    registered: UUID | None = connection.execute(
        sa.select(sweeps.c.id)
        .where(sweeps.c.fleet_id == fleet_number)
        .where(sa.or_(sweeps.c.outcome.is_(None), sweeps.c.outcome != SKIPPED))
        .order_by(sweeps.c.started_at.desc(), sweeps.c.id)
        .limit(1)
    ).scalar()
    if registered is not None:
        return registered
    newest = newest_runs(connection, RunFilter(fleet_number=fleet_number), limit=1)
    return newest[0].sweep_id if newest else None


def fleet_number_of_sweep(connection: sa.Connection, sweep_id: UUID) -> int | None:
    """Return the number of the fleet that a sweep belongs to, None where nobody knows the sweep."""
    registered: int | None = connection.execute(
        sa.select(sweeps.c.fleet_id).where(sweeps.c.id == sweep_id)
    ).scalar()
    if registered is not None:
        return registered
    number: int | None = connection.execute(
        sa.select(testers.c.fleet_id)
        .select_from(runs_with_testers())
        .where(runs.c.sweep_id == sweep_id)
        .order_by(runs.c.announced_at)
        .limit(1)
    ).scalar()
    return number


def region_of(row: sa.Row[Any]) -> str:
    """Return where a tester stands: its region, else its name."""
    location = row.config.get("location") if isinstance(row.config, dict) else None
    region = location.get("region") if isinstance(location, dict) else None
    if isinstance(region, str) and region:
        return region
    return str(row.location or row.name)
