"""A sweep is opened, and comes to its end."""

from collections import Counter
from collections.abc import Iterable
from typing import Any
from uuid import UUID, uuid4

from orchestrator.act.ports import Ports
from orchestrator.decide.facts import Sweep
from orchestrator.events import SweepFinished, SweepStarted
from orchestrator.fleet.model import Fleet


def open_sweep(fleet: Fleet, *, ports: Ports, again: bool) -> Sweep:
    """Return the sweep to work on: the open one, a new one, or the finished one if nobody asks for more.

    A new one is journalled first, then told to the collector.
    """
    newest = ports.journal.newest_sweep()
    if newest is not None and newest.finished_at is not None and not again:
        return newest
    resumed = newest is not None and newest.finished_at is None
    if newest is None or not resumed:
        newest = Sweep(sweep_id=uuid4(), started_at=ports.clock())
        ports.journal.add_sweep(newest)
    ports.client.put_sweep(
        newest.sweep_id, fleet_id=ports.fleet_id, spec=spec_of_sweep(fleet), started_at=newest.started_at
    )
    ports.emit(
        SweepStarted(time=ports.clock(), fleet=fleet.name, sweep_id=str(newest.sweep_id), resumed=resumed)
    )
    return newest


def spec_of_sweep(fleet: Fleet) -> dict[str, Any]:
    """Return what a sweep was to do."""
    return {
        "testers": [tester.name for tester in fleet.testers],
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


def finish_sweep(
    sweep_id: UUID, *, fleet: str, outcome: str, rows: Iterable[dict[str, Any]], ports: Ports
) -> None:
    """Tell the collector how the sweep ended, then journal it: a repeat is a success there."""
    ports.client.finish_sweep(sweep_id, outcome=outcome)
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
