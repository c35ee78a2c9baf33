"""Routes of the sweeps."""

from collections.abc import Sequence
from datetime import datetime
from enum import StrEnum
from typing import Annotated, Any
from uuid import UUID

import sqlalchemy as sa
import structlog
from fastapi import APIRouter, Depends, Query
from fastapi.responses import JSONResponse
from pydantic import BaseModel, Field

from collector.auth import require_admin, require_reader
from collector.errors import Refused
from collector.history.events import add_event
from collector.session import reading, writing
from collector.tables import RunState, UtcTime, fleets, runs, sweeps
from collector.verdicts.occasions import note_sweep
from collector.web.fields import CREATED, Object, Text, Time
from collector.web.lookup import find_fleet, find_sweep
from collector.web.reads_names import FleetName, span_of
from collector.web.reads_page import DEFAULT_LIMIT, Cursor, Limit, cursor_of, key_in
from collector.web.state import Services, services
from wire.fields import time_text

router = APIRouter(prefix="/api/v1", tags=["sweeps"])

SWEEPS = "sweeps"


class Outcome(StrEnum):
    """How a sweep ended."""

    COMPLETE = "complete"
    PARTIAL = "partial"
    FAILED = "failed"
    INTERRUPTED = "interrupted"
    SKIPPED = "skipped"
    """It was due by its schedule, and was not begun."""


class NewSweep(BaseModel):
    """A sweep; one that a schedule began names it and the tick, so that it starts once."""

    fleet_id: UUID
    schedule_id: UUID | None = None
    due_at: Time | None = None
    spec: Object
    started_at: Time


class Finish(BaseModel):
    """How a sweep ended; what is null here stays as it is known."""

    outcome: Outcome
    note: Text | None = None
    cost_usd: Annotated[float, Field(ge=0, le=1e9, allow_inf_nan=False)] | None = None


@router.put(
    "/sweeps/{sweep_id}", dependencies=[Depends(require_admin)], responses=CREATED, summary="Begin a sweep"
)
def put_sweep(sweep_id: UUID, sweep: NewSweep, at: Annotated[Services, Depends(services)]) -> JSONResponse:
    """201 for a new one, 200 for one that is known, 409 where the schedule's tick is taken."""
    with writing(at.engine) as connection:
        if connection.dialect.name == "postgresql":
            connection.exec_driver_sql("LOCK TABLE sweeps IN SHARE ROW EXCLUSIVE MODE")
        fleet = find_fleet(connection, str(sweep.fleet_id))
        known = connection.execute(sa.select(sweeps).where(sweeps.c.id == sweep_id)).one_or_none()
        if known is not None and known.fleet_id != fleet.id:
            raise Refused(409, "sweep_of_another_fleet", f"sweep {sweep_id} belongs to another fleet")
        _check_tick(connection, sweep_id, sweep)
        if known is None:
            connection.execute(
                sa.insert(sweeps).values(
                    id=sweep_id,
                    fleet_id=fleet.id,
                    schedule_id=sweep.schedule_id,
                    due_at=sweep.due_at,
                    started_at=sweep.started_at,
                    spec=sweep.spec,
                )
            )
            _tell(connection, "sweep.started", fleet, sweep_id, outcome=None, now=at.now())
    at.storage.succeeded()
    return JSONResponse({"sweep_id": str(sweep_id)}, status_code=201 if known is None else 200)


@router.post("/sweeps/{sweep_id}/finish", dependencies=[Depends(require_admin)], summary="End a sweep")
def finish_sweep(
    sweep_id: UUID, finish: Finish, at: Annotated[Services, Depends(services)]
) -> dict[str, Any]:
    """Write its outcome; a sweep that was taken up again may end again, otherwise."""
    now = at.now()
    with writing(at.engine) as connection:
        row = find_sweep(connection, sweep_id)
        finished_at: datetime = row.finished_at or now
        told = {"note": finish.note, "cost_usd": finish.cost_usd}
        if known := {name: value for name, value in told.items() if value is not None}:
            connection.execute(sa.update(sweeps).where(sweeps.c.id == sweep_id).values(**known))
        if row.outcome != finish.outcome:
            finished_at = now
            connection.execute(
                sa.update(sweeps)
                .where(sweeps.c.id == sweep_id)
                .values(finished_at=now, outcome=finish.outcome.value)
            )
            fleet = connection.execute(sa.select(fleets).where(fleets.c.id == row.fleet_id)).one()
            note_sweep(
                connection, fleet_number=fleet.id, sweep_id=sweep_id, outcome=finish.outcome.value, now=now
            )
            _tell(connection, "sweep.finished", fleet, sweep_id, outcome=finish.outcome, now=now)
    try:
        # Whoever ended the sweep asks for the verdict next.
        at.judge.judge_due(now, sweep_id=sweep_id)
    except sa.exc.SQLAlchemyError as error:
        # The sweep has ended all the same, and the housekeeping judges what was left.
        structlog.get_logger("collector").warning("verdicts.skipped", reason=type(error).__name__)
    if at.alerts is not None:
        at.alerts.nudge()
    return {"sweep_id": str(sweep_id), "outcome": finish.outcome, "finished_at": time_text(finished_at)}


@router.get("/sweeps", dependencies=[Depends(require_reader)], summary="List sweeps, the newest first")
def get_sweeps(
    at: Annotated[Services, Depends(services)],
    fleet: FleetName = None,
    outcome: Annotated[Outcome | None, Query(description="how it ended")] = None,
    since: Annotated[str | None, Query(description="sweeps that began then or later (ISO 8601)")] = None,
    until: Annotated[str | None, Query(description="sweeps that began before (ISO 8601)")] = None,
    limit: Limit = DEFAULT_LIMIT,
    cursor: Cursor = None,
) -> dict[str, Any]:
    """A page of sweeps; `next` is the cursor of the following one."""
    span = span_of(since, until)
    with reading(at.engine) as connection:
        query = _sweeps().order_by(sweeps.c.started_at.desc(), sweeps.c.id.desc()).limit(limit + 1)
        if fleet is not None:
            query = query.where(sweeps.c.fleet_id == find_fleet(connection, fleet).id)
        if outcome is not None:
            query = query.where(sweeps.c.outcome == outcome.value)
        if span.since is not None:
            query = query.where(sweeps.c.started_at >= span.since)
        if span.until is not None:
            query = query.where(sweeps.c.started_at < span.until)
        if cursor is not None:
            started_at, sweep_id = key_in(cursor, SWEEPS, datetime, UUID)
            query = query.where(
                sa.tuple_(sweeps.c.started_at, sweeps.c.id)
                < sa.tuple_(sa.literal(started_at, UtcTime), sa.literal(sweep_id, sa.Uuid))
            )
        rows = connection.execute(query).all()
        counts = _run_counts(connection, rows[:limit])
    return {
        "sweeps": [_shown(row, counts[row.id]) for row in rows[:limit]],
        "next": cursor_of(SWEEPS, rows[limit - 1].started_at, rows[limit - 1].id)
        if len(rows) > limit
        else None,
    }


@router.get("/sweeps/{sweep_id}", dependencies=[Depends(require_reader)], summary="One sweep")
def get_sweep(sweep_id: UUID, at: Annotated[Services, Depends(services)]) -> dict[str, Any]:
    """A sweep with the number of its runs by state."""
    with reading(at.engine) as connection:
        find_sweep(connection, sweep_id)
        row = connection.execute(_sweeps().where(sweeps.c.id == sweep_id)).one()
        counts = _run_counts(connection, [row])
    return _shown(row, counts[row.id])


def _check_tick(connection: sa.Connection, sweep_id: UUID, sweep: NewSweep) -> None:
    if sweep.schedule_id is None or sweep.due_at is None:
        return
    holder = connection.execute(
        sa.select(sweeps.c.id).where(
            sweeps.c.schedule_id == sweep.schedule_id, sweeps.c.due_at == sweep.due_at
        )
    ).scalar_one_or_none()
    if holder is not None and holder != sweep_id:
        raise Refused(
            409,
            "sweep_taken",
            f"another orchestrator began the sweep that was due at {time_text(sweep.due_at)}",
            hint="nothing is to be done: a scheduled sweep starts once",
            fields={"sweep_id": str(holder)},
        )


def _tell(
    connection: sa.Connection,
    kind: str,
    fleet: sa.Row[Any],
    sweep_id: UUID,
    *,
    outcome: Outcome | None,
    now: datetime,
) -> None:
    add_event(
        connection,
        kind,
        at=now,
        data={
            "sweep_id": str(sweep_id),
            "fleet_id": str(fleet.uuid),
            "fleet": fleet.name,
            "outcome": outcome,
        },
    )


def _sweeps() -> sa.Select[Any]:
    return sa.select(sweeps, fleets.c.uuid.label("fleet_uuid"), fleets.c.name.label("fleet_name")).join(
        fleets, fleets.c.id == sweeps.c.fleet_id
    )


def _run_counts(connection: sa.Connection, rows: Sequence[sa.Row[Any]]) -> dict[UUID, dict[str, int]]:
    counts: dict[UUID, dict[str, int]] = {row.id: dict.fromkeys(RunState, 0) for row in rows}
    query = (
        sa.select(runs.c.sweep_id, runs.c.state, sa.func.count())
        .where(runs.c.sweep_id.in_(list(counts)))
        .group_by(runs.c.sweep_id, runs.c.state)
    )
    for sweep_id, state, count in connection.execute(query):
        counts[sweep_id][state] = count
    return counts


def _shown(row: sa.Row[Any], counts: dict[str, int]) -> dict[str, Any]:
    return {
        "sweep_id": str(row.id),
        "fleet_id": str(row.fleet_uuid),
        "fleet": row.fleet_name,
        "schedule_id": None if row.schedule_id is None else str(row.schedule_id),
        "due_at": None if row.due_at is None else time_text(row.due_at),
        "started_at": time_text(row.started_at),
        "finished_at": None if row.finished_at is None else time_text(row.finished_at),
        "outcome": row.outcome,
        "note": row.note,
        "cost_usd": row.cost_usd,
        "spec": row.spec,
        "runs": counts,
    }
