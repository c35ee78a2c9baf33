"""Storing reports: those that wait, in one transaction."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from itertools import accumulate, pairwise
from typing import Any
from uuid import UUID

import numpy as np
import sqlalchemy as sa

from collector.errors import Refused
from collector.history.events import add_events
from collector.history.latest import Newest, keep_latest, packed
from collector.ingest.clock import RunTimes, run_times
from collector.ingest.columns import IncomingReport, one_after_another
from collector.ingest.numbers import Ints
from collector.ingest.runs import MAX_REASON, Owner, told
from collector.ingest.servers import Servers
from collector.ingest.summary import Summary, summary_of
from collector.ingest.writer import Batch, BatchRun, Writer
from collector.session import writing
from collector.tables import RunState, runs
from collector.upsert import insert_into

SEEN = (
    "tester_id",
    "run_id",
    "of",
    "planned",
    "stored",
    "clock_offset_us",
    "body_sha256",
)


@dataclass(frozen=True, kw_only=True, slots=True, eq=False)
class Delivery:
    """A report that was read and checked, and what is known of how it came."""

    owner: Owner
    report: IncomingReport
    body_sha256: str
    clock_offset_us: int | None
    at: datetime

    @property
    def key(self) -> tuple[int, UUID]:
        """Return what there is one report of."""
        return self.owner.number, self.report.run_id


@dataclass(frozen=True, kw_only=True, slots=True)
class Stored:
    """What became of a report: `repeated` where it was there already."""

    rows: int
    repeated: bool


@dataclass(frozen=True, kw_only=True, slots=True, eq=False)
class _Fresh:
    """A report that is to be stored, with the row of its run as it will be."""

    delivery: Delivery
    times: RunTimes
    row: "_Row"


@dataclass(frozen=True, kw_only=True, slots=True)
class _Row:
    run_id: UUID
    sweep_id: UUID
    index: int
    of: int | None
    planned: int
    stored: int
    clock_offset_us: int | None
    state: RunState
    trusted: bool
    reason: str | None


def store_reports(
    engine: sa.Engine,
    writer: Writer,
    servers: Servers,
    deliveries: Sequence[Delivery],
    *,
    most_offset: timedelta,
) -> list[Stored | Refused]:
    """Store reports in one transaction, each once; return what became of each, in their order.

    No two may be of one run. The offset of the announcement outranks that of the delivery, which
    may be days later. A run that has another body stored is refused (409).
    """
    outcomes: dict[tuple[int, UUID], Stored | Refused] = {}
    # In one order everywhere, so that two transactions never wait for each other in a circle.
    ordered = sorted(deliveries, key=lambda delivery: delivery.key)
    known: list[Any] = []
    with writing(engine) as connection:
        _announce(connection, ordered)
        seen = _seen(connection, ordered)
        fresh: list[_Fresh] = []
        for delivery in ordered:
            row = seen[delivery.key]
            if row.body_sha256 is None:
                fresh.append(_fresh(delivery, row, most_offset=most_offset))
            elif row.body_sha256 == delivery.body_sha256:
                outcomes[delivery.key] = Stored(rows=row.stored, repeated=True)
            else:
                outcomes[delivery.key] = conflict(delivery.report.run_id)
        if fresh:
            known = _write(connection, writer, servers, fresh)
            outcomes |= {item.delivery.key: Stored(rows=item.row.stored, repeated=False) for item in fresh}
    for numbers in known:
        servers.remember(numbers)
    return [outcomes[delivery.key] for delivery in deliveries]


def conflict(run_id: UUID) -> Refused:
    """Return the refusal of a second, different report of one run."""
    return Refused(
        409,
        "conflict",
        f"another report is stored for run {run_id}",
        hint="a run has one report; measure again under a new index or sweep",
    )


def _announce(connection: sa.Connection, deliveries: Sequence[Delivery]) -> None:
    """Write the rows of runs that were never announced."""
    connection.execute(
        insert_into(connection, runs).on_conflict_do_nothing(),
        [
            {
                "tester_id": delivery.owner.number,
                "run_id": delivery.report.run_id,
                "sweep_id": delivery.report.sweep_id,
                "index": delivery.report.index,
                "of": delivery.report.of,
                "stored": 0,
                "announced_at": delivery.at,
                "clock_offset_us": delivery.clock_offset_us,
                "clock_corrected": False,
                "state": RunState.ANNOUNCED,
            }
            for delivery in deliveries
        ],
    )


def _seen(connection: sa.Connection, deliveries: Sequence[Delivery]) -> dict[tuple[int, UUID], sa.Row[Any]]:
    """Return the rows of the runs, locked."""
    query = (
        sa.select(*(runs.c[name] for name in SEEN))
        .where(
            runs.c.tester_id.in_({delivery.owner.number for delivery in deliveries}),
            runs.c.run_id.in_([delivery.report.run_id for delivery in deliveries]),
        )
        .order_by(runs.c.tester_id, runs.c.run_id)
        .with_for_update()
    )
    return {(row.tester_id, row.run_id): row for row in connection.execute(query)}


def _fresh(delivery: Delivery, row: sa.Row[Any], *, most_offset: timedelta) -> _Fresh:
    report = delivery.report
    offset = delivery.clock_offset_us if row.clock_offset_us is None else row.clock_offset_us
    times = run_times(
        started_at=report.started_at,
        finished_at=report.finished_at,
        clock_offset_us=offset,
        now=delivery.at,
        most=most_offset,
    )
    stored = len(report.columns)
    trusted, reason = _trust(report.health)
    return _Fresh(
        delivery=delivery,
        times=times,
        row=_Row(
            run_id=row.run_id,
            # Both follow from the run's id.
            sweep_id=report.sweep_id,
            index=report.index,
            of=row.of,
            planned=stored if row.planned is None else row.planned,
            stored=stored,
            clock_offset_us=offset,
            state=RunState(report.end),
            trusted=trusted,
            reason=reason,
        ),
    )


def _write(connection: sa.Connection, writer: Writer, servers: Servers, fresh: Sequence[_Fresh]) -> list[Any]:
    parts: list[Ints] = []
    known: list[Any] = []
    for item in fresh:
        owner = item.delivery.owner
        found, more = servers.numbers(
            connection,
            fleet_number=owner.fleet_number,
            fleet_id=owner.fleet_id,
            columns=item.delivery.report.columns,
        )
        parts.append(found)
        known.append(more)
    for start in {item.times.started_at for item in fresh}:
        writer.prepare(start)
    numbers = np.concatenate(parts)
    columns = one_after_another([item.delivery.report.columns for item in fresh])
    summary = summary_of(columns)
    batch_runs = [
        BatchRun(
            ts=item.times.started_at,
            tester_number=item.delivery.owner.number,
            run_id=item.row.run_id,
            rows=item.row.stored,
        )
        for item in fresh
    ]
    writer.write(connection, Batch(runs=batch_runs, server_numbers=numbers, columns=columns, summary=summary))
    _update_runs(connection, fresh)
    keep_latest(connection, _newest(fresh, numbers, summary))
    add_events(
        connection,
        "run.reported",
        at=fresh[0].delivery.at,
        data=[told(item.delivery.owner, item.row) for item in fresh],
    )
    return known


_UPDATE = (
    sa.update(runs)
    .where(runs.c.tester_id == sa.bindparam("of_tester"), runs.c.run_id == sa.bindparam("of_run"))
    .values(
        {
            name: sa.bindparam(f"new_{name}")
            for name in (
                *("planned", "stored", "reported_at", "started_at", "finished_at", "clock_offset_us"),
                *(
                    "clock_corrected",
                    "body_sha256",
                    "probe",
                    "engine",
                    "health",
                    "trusted",
                    "reason",
                    "state",
                ),
                "dirty",
            )
        }
    )
)


def _update_runs(connection: sa.Connection, fresh: Sequence[_Fresh]) -> None:
    connection.execute(
        _UPDATE,
        [
            {
                "of_tester": item.delivery.owner.number,
                "of_run": item.row.run_id,
                "new_planned": item.row.planned,
                "new_stored": item.row.stored,
                "new_reported_at": item.delivery.at,
                "new_started_at": item.times.started_at,
                "new_finished_at": item.times.finished_at,
                "new_clock_offset_us": item.row.clock_offset_us,
                "new_clock_corrected": item.times.corrected,
                "new_body_sha256": item.delivery.body_sha256,
                "new_probe": item.delivery.report.probe.to_dict(),
                "new_engine": item.delivery.report.engine,
                "new_health": item.delivery.report.health,
                "new_trusted": item.row.trusted,
                "new_reason": item.row.reason,
                "new_state": item.row.state,
                "new_dirty": item.row.stored > 0,
            }
            for item in fresh
        ],
    )


def _newest(fresh: Sequence[_Fresh], servers: Ints, summary: Summary) -> list[Newest]:
    columns = (
        servers,
        summary.state,
        summary.sent,
        summary.answered,
        summary.min_us,
        summary.p50_us,
        summary.max_us,
        summary.mean_us,
        summary.dev_us,
    )
    ends = accumulate((item.row.stored for item in fresh), initial=0)
    return [
        Newest(
            tester_number=item.delivery.owner.number,
            run_id=item.row.run_id,
            ts=item.times.started_at,
            trusted=item.row.trusted,
            figures=packed([column[start:end] for column in columns]),
        )
        for item, (start, end) in zip(fresh, pairwise(ends), strict=True)
        if end > start
    ]


def _trust(health: Mapping[str, Any]) -> tuple[bool, str | None]:
    reason = health.get("reason")
    return health.get("trusted", True) is not False, (
        reason.replace("\x00", "")[:MAX_REASON] if isinstance(reason, str) else None
    )
