"""What becomes of a run besides its report: announced, abandoned."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

import sqlalchemy as sa

from collector.history.events import add_event
from collector.ingest.clock import run_times
from collector.session import writing
from collector.tables import RunState, fleets, runs, testers
from collector.upsert import insert_into
from wire.announce import Announcement
from wire.fields import time_text

MAX_REASON = 1_000


@dataclass(frozen=True, kw_only=True, slots=True)
class Owner:
    """The tester that a run belongs to, with the numbers that the tables know it by."""

    number: int
    uuid: UUID
    name: str
    fleet_number: int
    fleet_id: UUID
    fleet: str
    retired: bool


@dataclass(frozen=True, kw_only=True, slots=True)
class Announced:
    """What became of an announcement."""

    state: str
    clock_offset_us: int | None
    fresh: bool


OWNER_COLUMNS = (
    testers.c.id,
    testers.c.name,
    testers.c.fleet_id,
    testers.c.retired_at,
    fleets.c.uuid,
    fleets.c.name.label("fleet_name"),
)


def owner_in(row: Sequence[Any], tester_id: UUID) -> Owner:
    """Return the tester in a row that begins with `OWNER_COLUMNS`."""
    return Owner(
        number=row[0],
        uuid=tester_id,
        name=row[1],
        fleet_number=row[2],
        fleet_id=row[4],
        fleet=row[5],
        retired=row[3] is not None,
    )


def owner_of(connection: sa.Connection, tester_id: UUID) -> Owner | None:
    """Return the tester with a UUID, None where it is not registered."""
    row = connection.execute(
        sa.select(*OWNER_COLUMNS)
        .join(fleets, fleets.c.id == testers.c.fleet_id)
        .where(testers.c.uuid == tester_id)
    ).one_or_none()
    return None if row is None else owner_in(row, tester_id)


def announce(
    engine: sa.Engine,
    *,
    owner: Owner,
    announcement: Announcement,
    clock_offset_us: int | None,
    now: datetime,
    most_offset: timedelta,
) -> Announced:
    """Write that a run begins; a run that is known stays as it is."""
    times = run_times(
        started_at=announcement.started_at,
        finished_at=announcement.started_at,
        clock_offset_us=clock_offset_us,
        now=now,
        most=most_offset,
    )
    with writing(engine) as connection:
        fresh = _insert(
            connection,
            owner=owner,
            run_id=announcement.run_id,
            sweep_id=announcement.sweep_id,
            index=announcement.index,
            of=announcement.of,
            planned=announcement.planned,
            announced_at=now,
            expected_s=announcement.expected_s,
            started_at=times.started_at,
            clock_offset_us=clock_offset_us,
            clock_corrected=times.corrected,
            state=RunState.ANNOUNCED,
        )
        row = _locked(connection, owner, announcement.run_id)
        if fresh:
            add_event(connection, "run.announced", at=now, data=told(owner, row) | _told_of_time(row))
    return Announced(state=row.state, clock_offset_us=row.clock_offset_us, fresh=fresh)


def abandon(
    engine: sa.Engine,
    *,
    owner: Owner,
    run_id: UUID,
    sweep_id: UUID,
    index: int,
    of: int | None,
    reason: str,
    now: datetime,
) -> str:
    """Write that nobody waits for a run any more; return its state. A reported run stays so."""
    with writing(engine) as connection:
        _insert(
            connection,
            owner=owner,
            run_id=run_id,
            sweep_id=sweep_id,
            index=index,
            of=of,
            announced_at=now,
            state=RunState.ANNOUNCED,
        )
        row = _locked(connection, owner, run_id)
        if row.state == RunState.ANNOUNCED:
            connection.execute(
                sa.update(runs)
                .where(runs.c.tester_id == owner.number, runs.c.run_id == run_id)
                .values(state=RunState.ABANDONED, reason=reason[:MAX_REASON])
            )
            row = _locked(connection, owner, run_id)
            _tell(connection, "run.abandoned", owner=owner, row=row, at=now)
    return str(row.state)


def _insert(connection: sa.Connection, *, owner: Owner, **values: Any) -> bool:
    """Write a run's row unless it is there; return whether it was written."""
    row = {"tester_id": owner.number, "stored": 0, "clock_corrected": False} | values
    statement = insert_into(connection, runs).values(row).on_conflict_do_nothing()
    return connection.execute(statement.returning(runs.c.run_id)).one_or_none() is not None


def _locked(connection: sa.Connection, owner: Owner, run_id: UUID) -> sa.Row[Any]:
    return connection.execute(
        sa.select(runs).where(runs.c.tester_id == owner.number, runs.c.run_id == run_id).with_for_update()
    ).one()


def _tell(connection: sa.Connection, kind: str, *, owner: Owner, row: sa.Row[Any], at: datetime) -> None:
    add_event(connection, kind, at=at, data=told(owner, row))


def _told_of_time(row: Any) -> dict[str, Any]:
    """Return what an announcement says besides, so that whoever watches can tell a slow run."""
    return {"announced_at": time_text(row.announced_at), "expected_s": row.expected_s}


def told(owner: Owner, row: Any) -> dict[str, Any]:
    """Return what an event says of a run."""
    return {
        "run_id": str(row.run_id),
        "sweep_id": str(row.sweep_id),
        "fleet_id": str(owner.fleet_id),
        "fleet": owner.fleet,
        "tester_id": str(owner.uuid),
        "tester": owner.name,
        "index": row.index,
        "of": row.of,
        "planned": row.planned,
        "stored": row.stored,
        "state": row.state,
        "trusted": row.trusted,
        "reason": row.reason,
    }
