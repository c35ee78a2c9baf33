"""What becomes of a run: announced, reported, abandoned."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

import sqlalchemy as sa

from collector.errors import Refused
from collector.history.events import add_event
from collector.ingest.clock import run_times
from collector.ingest.columns import IncomingReport
from collector.ingest.servers import Servers
from collector.ingest.summary import summary_of
from collector.ingest.writer import Batch, Writer
from collector.session import writing
from collector.tables import RunState, fleets, runs, testers
from wire.announce import Announcement

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


@dataclass(frozen=True, kw_only=True, slots=True)
class Stored:
    """What became of a report: `repeated` where it was there already."""

    rows: int
    repeated: bool


def owner_of(connection: sa.Connection, tester_id: UUID) -> Owner | None:
    """Return the tester with a UUID, None where it is not registered."""
    row = connection.execute(
        sa.select(
            testers.c.id,
            testers.c.name,
            testers.c.fleet_id,
            testers.c.retired_at,
            fleets.c.uuid,
            fleets.c.name,
        )
        .join(fleets, fleets.c.id == testers.c.fleet_id)
        .where(testers.c.uuid == tester_id)
    ).one_or_none()
    if row is None:
        return None
    return Owner(
        number=row[0],
        uuid=tester_id,
        name=row[1],
        fleet_number=row[2],
        fleet_id=row[4],
        fleet=row[5],
        retired=row[3] is not None,
    )


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
            _tell(connection, "run.announced", owner=owner, row=row, at=now)
    return Announced(state=row.state, clock_offset_us=row.clock_offset_us, fresh=fresh)


def store_report(
    engine: sa.Engine,
    writer: Writer,
    servers: Servers,
    *,
    owner: Owner,
    report: IncomingReport,
    body_sha256: str,
    clock_offset_us: int | None,
    now: datetime,
    most_offset: timedelta,
) -> Stored:
    """Store a run's results in one transaction, once.

    The offset of the announcement outranks that of the delivery, which may be days later. Raises
    `Refused` (409) where another body is stored for the run.
    """
    columns = report.columns
    summary = summary_of(columns)
    with writing(engine) as connection:
        _insert(
            connection,
            owner=owner,
            run_id=report.run_id,
            sweep_id=report.sweep_id,
            index=report.index,
            of=report.of,
            announced_at=now,
            clock_offset_us=clock_offset_us,
            state=RunState.ANNOUNCED,
        )
        row = _locked(connection, owner, report.run_id)
        if row.body_sha256 is not None:
            if row.body_sha256 == body_sha256:
                return Stored(rows=row.stored, repeated=True)
            raise conflict(report.run_id)
        offset = clock_offset_us if row.clock_offset_us is None else row.clock_offset_us
        times = run_times(
            started_at=report.started_at,
            finished_at=report.finished_at,
            clock_offset_us=offset,
            now=now,
            most=most_offset,
        )
        numbers, known = servers.numbers(
            connection, fleet_number=owner.fleet_number, fleet_id=owner.fleet_id, columns=columns
        )
        writer.prepare(times.started_at)
        stored = writer.write(
            connection,
            Batch(
                ts=times.started_at,
                tester_number=owner.number,
                run_id=report.run_id,
                server_numbers=numbers,
                columns=columns,
                summary=summary,
            ),
        )
        trusted, reason = _trust(report.health)
        connection.execute(
            sa.update(runs)
            .where(runs.c.tester_id == owner.number, runs.c.run_id == report.run_id)
            .values(
                planned=stored if row.planned is None else row.planned,
                stored=stored,
                reported_at=now,
                started_at=times.started_at,
                finished_at=times.finished_at,
                clock_offset_us=offset,
                clock_corrected=times.corrected,
                body_sha256=body_sha256,
                probe=report.probe.to_dict(),
                engine=report.engine,
                health=report.health,
                trusted=trusted,
                reason=reason,
                state=RunState(report.end),
            )
        )
        _tell(connection, "run.reported", owner=owner, row=_locked(connection, owner, report.run_id), at=now)
    servers.remember(known)
    return Stored(rows=stored, repeated=False)


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


def conflict(run_id: UUID) -> Refused:
    """Return the refusal of a second, different report of one run."""
    return Refused(
        409,
        "conflict",
        f"another report is stored for run {run_id}",
        hint="a run has one report; measure again under a new index or sweep",
    )


def _insert(connection: sa.Connection, *, owner: Owner, **values: Any) -> bool:
    """Write a run's row unless it is there; return whether it was written."""
    row = {"tester_id": owner.number, "stored": 0, "clock_corrected": False} | values
    if connection.dialect.name == "postgresql":
        from sqlalchemy.dialects.postgresql import insert
    else:
        from sqlalchemy.dialects.sqlite import insert  # type: ignore[assignment]  # the same methods
    statement = insert(runs).values(row).on_conflict_do_nothing(index_elements=["tester_id", "run_id"])
    return connection.execute(statement.returning(runs.c.run_id)).one_or_none() is not None


def _locked(connection: sa.Connection, owner: Owner, run_id: UUID) -> sa.Row[Any]:
    return connection.execute(
        sa.select(runs).where(runs.c.tester_id == owner.number, runs.c.run_id == run_id).with_for_update()
    ).one()


def _trust(health: Mapping[str, Any]) -> tuple[bool, str | None]:
    reason = health.get("reason")
    return health.get("trusted", True) is not False, (
        reason.replace("\x00", "")[:MAX_REASON] if isinstance(reason, str) else None
    )


def _tell(connection: sa.Connection, kind: str, *, owner: Owner, row: sa.Row[Any], at: datetime) -> None:
    add_event(
        connection,
        kind,
        at=at,
        data={
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
        },
    )
