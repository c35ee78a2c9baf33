"""A sweep is opened, and comes to its end."""

from collections import Counter
from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass, replace
from typing import Any
from uuid import UUID, uuid4

from orchestrator.act.ports import Ports
from orchestrator.collector_client import CollectorRefused
from orchestrator.decide.facts import Sweep, Tick
from orchestrator.errors import OrchestratorError
from orchestrator.events import SweepFinished, SweepStarted, printable
from orchestrator.fleet.model import Fleet

LONGEST_NOTE = 1_000
"""Letters that the collector takes."""

MISSING_TOLD = 10
"""Testers that are named where runs are missing."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Job:
    """A sweep that removes its hosts at the end: by some `testers`, None: by all.

    `tick` is what it was due by, of the schedule of that name.
    """

    testers: tuple[str, ...] | None = None
    tick: Tick | None = None
    schedule: str = ""


class TickTaken(OrchestratorError):
    """Another orchestrator has begun the sweep that was due."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Missing:
    """Runs of one tester that are not complete, and why."""

    tester: str
    count: int
    of: int
    reason: str

    def __str__(self) -> str:
        why = f" ({self.reason})" if self.reason else ""
        return f"{self.tester} {self.count} of {self.of} run{'' if self.of == 1 else 's'}{why}"


def open_sweep(fleet: Fleet, *, ports: Ports, again: bool, job: Job | None = None) -> Sweep:
    """Return the sweep to work on: the open one, a new one, or the finished one if nobody asks for more.

    A new one is journalled first, then told to the collector. A job that was cut off while its hosts
    were removed is finished already, and is gone on with. Raise `TickTaken` for a job whose tick is
    somebody else's.
    """
    journal = ports.journal
    newest = journal.newest_sweep()
    if newest is not None and newest.finished_at is not None:
        is_cut_off = newest.is_job and newest.ended_at is None
        if not again or (job is not None and is_cut_off):
            return newest
        newest = None
    resumed = newest is not None
    if newest is None:
        newest = Sweep(
            sweep_id=uuid4(),
            started_at=ports.clock(),
            is_job=job is not None,
            testers=None if job is None else job.testers,
            tick=None if job is None else job.tick,
        )
        journal.add_sweep(newest)
    elif job is not None and not newest.is_job:
        journal.make_job(newest.sweep_id)
        newest = replace(newest, is_job=True)
    _tell_begun(newest, fleet=fleet, ports=ports, schedule="" if job is None else job.schedule)
    ports.emit(
        SweepStarted(time=ports.clock(), fleet=fleet.name, sweep_id=str(newest.sweep_id), resumed=resumed)
    )
    return newest


def _tell_begun(sweep: Sweep, *, fleet: Fleet, ports: Ports, schedule: str) -> None:
    spec = spec_of_sweep(fleet, testers=sweep.testers)
    tick = sweep.tick
    try:
        ports.client.put_sweep(
            sweep.sweep_id,
            fleet_id=ports.fleet_id,
            spec=spec | {"schedule": schedule} if schedule else spec,
            started_at=sweep.started_at,
            schedule_id=None if tick is None else tick.schedule_id,
            due_at=None if tick is None else tick.due_at,
        )
    except CollectorRefused as error:
        if error.code != "sweep_taken":
            raise
        # It was never ours, and nobody is to go on with it.
        ports.journal.drop_sweep(sweep.sweep_id)
        raise TickTaken(error.message) from None


def spec_of_sweep(fleet: Fleet, *, testers: Collection[str] | None = None) -> dict[str, Any]:
    """Return what a sweep was to do, by some testers, None: by all."""
    return {
        "testers": [tester.name for tester in fleet.testers if testers is None or tester.name in testers],
        "servers": len(fleet.servers),
        "repeat": fleet.run.repeat,
        "every_s": fleet.run.every_s,
    }


def outcome_of(rows: Iterable[dict[str, Any]]) -> str:
    """Return how a sweep with these runs ended: complete, partial, or failed where nobody reported."""
    states = Counter(row["state"] for row in rows)
    if states.total() and states.total() == states["complete"]:
        return "complete"
    return "partial" if states["complete"] or states["truncated"] else "failed"


def missing_of(rows: Iterable[dict[str, Any]]) -> list[Missing]:
    """Return what is not complete, tester by tester, with the first reason that somebody gave."""
    counts: Counter[str] = Counter()
    missing: Counter[str] = Counter()
    reasons: dict[str, str] = {}
    for row in rows:
        counts[row["tester"]] += 1
        if row["state"] != "complete":
            missing[row["tester"]] += 1
            reason = row.get("reason") or ("truncated" if row["state"] == "truncated" else "")
            reasons[row["tester"]] = reasons.get(row["tester"]) or printable(reason)
    return [
        Missing(tester=tester, count=missing[tester], of=counts[tester], reason=reasons[tester])
        for tester in sorted(missing)
    ]


def missing_text(missing: Sequence[Missing]) -> str:
    """Return what is missing and why, in one line."""
    more = len(missing) - MISSING_TOLD
    told = "; ".join(str(each) for each in missing[:MISSING_TOLD])
    return (told + (f"; and {more} more testers" if more > 0 else ""))[:LONGEST_NOTE]


def finish_sweep(
    sweep_id: UUID, *, fleet: str, outcome: str, rows: Iterable[dict[str, Any]], ports: Ports
) -> None:
    """Tell the collector how the sweep ended, then journal it: a repeat is a success there."""
    rows = list(rows)
    note = missing_text(missing_of(rows))
    ports.client.finish_sweep(sweep_id, outcome=outcome, note=note or None)
    ports.journal.finish_sweep(sweep_id, outcome=outcome)
    states = Counter(row["state"] for row in rows)
    ports.emit(
        SweepFinished(
            time=ports.clock(),
            fleet=fleet,
            sweep_id=str(sweep_id),
            outcome=outcome,
            complete=states["complete"],
            truncated=states["truncated"],
            abandoned=states["abandoned"],
        )
    )
