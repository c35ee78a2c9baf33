"""Removes what a fleet has on this machine, saves what was measured, and sees that nothing is left."""

import shutil
from dataclasses import dataclass
from uuid import UUID

from orchestrator.act.chain import Failure
from orchestrator.act.crew import apply
from orchestrator.act.hosts import HostWork
from orchestrator.act.interrupts import Interrupts
from orchestrator.act.observe import known_runs
from orchestrator.act.ports import Ports
from orchestrator.act.sweep import finish_sweep, outcome_of
from orchestrator.act.tending import tend
from orchestrator.collector_client import CollectorError
from orchestrator.decide.plan import plan_down
from orchestrator.errors import ConfigurationError, LeftBehind, OrchestratorError
from orchestrator.events import Note
from orchestrator.places.deadline import Deadline

CONCURRENCY = 10

TEND_S = 10.0
REMOVE_S = 3_600.0
"""How long a fleet's removal may take; each step of each host has a deadline of its own."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Removal:
    """What `down` did: hosts that are gone, hosts that may be there still, reports that nobody took."""

    removed: int
    left: int
    failures: list[Failure]
    undelivered: int

    def left_behind(self, what: str, *, next_step: str) -> LeftBehind:
        """Return the error that names what may be left, why, and every command that ends it."""
        errors = [failure.error for failure in self.failures]
        steps = [
            error.next_step for error in errors if isinstance(error, OrchestratorError) and error.next_step
        ]
        return LeftBehind(
            what,
            cause="\n".join(dict.fromkeys(str(error) for error in errors)) or "a process does not end",
            next_step="\n".join(dict.fromkeys([*steps, f"then: {next_step}"])),
        )


def remove_hosts(*, ports: Ports, interrupts: Interrupts, deadline: Deadline) -> Removal:
    """Drain and remove every host of the fleet; one that fails keeps no other from going."""
    before = ports.journal.hosts()
    with interrupts.clearing_up():
        # It lets us in from where we are now; what else is amiss with hosts, their removal will tell.
        tend(ports, within_s=TEND_S)
        failures = apply(
            plan_down(hosts=before, now=ports.clock()),
            work=HostWork(fleet=None, sweep_id=None, ports=ports),
            ports=ports,
            concurrency=CONCURRENCY,
            deadline=deadline,
            stopping=interrupts.stopping,
        )
    left = len(ports.journal.hosts())
    if left == 0:
        # Nothing is left that anybody would have to be asked to remove.
        shutil.rmtree(ports.state.credentials, ignore_errors=True)
    return Removal(
        removed=len(before) - left,
        left=left,
        failures=[failure for failure in failures if failure.is_left],
        undelivered=undelivered_count(ports),
    )


def undelivered_count(ports: Ports) -> int:
    """Return how many reports of removed hosts lie on this machine, those that were refused as well."""
    folders = ("reports", "rejected")
    return sum(1 for name in folders for _ in ports.state.undelivered.glob(f"*/{name}/*.json.gz"))


def close_sweep(*, ports: Ports, fleet: str, reason: str) -> None:
    """Finish the open sweep of a fleet whose hosts are gone; a collector that is away learns it later."""
    ports.journal.end_jobs()
    sweep = ports.journal.newest_sweep()
    if sweep is None or sweep.finished_at is not None:
        return
    try:
        rows = list(ports.client.runs(sweep_id=sweep.sweep_id))
        for run in known_runs(rows):
            if not run.ended:
                ports.client.abandon_run(
                    run.run_id,
                    tester_id=run.tester_id,
                    sweep_id=run.sweep_id,
                    index=run.index,
                    of=run.of,
                    reason=reason,
                )
        rows = list(ports.client.runs(sweep_id=sweep.sweep_id))
        spec = ports.client.sweep(sweep.sweep_id)["spec"]
        wanted = 1 if spec.get("repeat") is None else spec["repeat"] * len(spec["testers"])
        outcome = outcome_of(rows) if len(rows) >= wanted else "interrupted"
        finish_sweep(sweep.sweep_id, fleet=fleet, outcome=outcome, rows=rows, ports=ports)
    except (CollectorError, ConfigurationError) as error:
        _close_here(sweep.sweep_id, ports=ports, why=error.what)


def _close_here(sweep_id: UUID, *, ports: Ports, why: str) -> None:
    ports.journal.finish_sweep(sweep_id, outcome="interrupted")
    ports.emit(
        Note(
            time=ports.clock(),
            level="warning",
            text=f"the collector does not know that sweep {sweep_id} ended: {why}",
        )
    )
