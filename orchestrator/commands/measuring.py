"""A fleet is brought up and its sweep to an end: what `up`, `sweep` and `watch` share."""

from collections.abc import Collection, Iterator
from dataclasses import dataclass, field
from datetime import datetime

from orchestrator.act.access import remote_access
from orchestrator.act.chain import Failure
from orchestrator.act.check import Check, checks
from orchestrator.act.hosts import HostWork
from orchestrator.act.interrupts import Interrupts
from orchestrator.act.journal import Journal
from orchestrator.act.opening import Opened
from orchestrator.act.state import FleetState
from orchestrator.act.sweep import Job, Missing, finish_sweep, missing_of, open_sweep, outcome_of
from orchestrator.act.tending import Tending
from orchestrator.act.watch import Watch
from orchestrator.commands.stage import Stage
from orchestrator.decide.facts import Sweep
from orchestrator.decide.host import Host
from orchestrator.decide.plan import plan
from orchestrator.errors import OrchestratorError
from orchestrator.events import Checked, FleetRead, TesterFailed
from orchestrator.fleet.model import Fleet
from orchestrator.places.deadline import Deadline
from orchestrator.settings import Edge

GIVE_UP_S = 60.0


@dataclass(frozen=True, kw_only=True, slots=True)
class Measured:
    """What came of a sweep: its outcome, None while it is open."""

    sweep: Sweep
    outcome: str | None
    failures: list[Failure]
    watched: bool
    missing: list[Missing] = field(default_factory=list)

    @property
    def exit_code(self) -> int:
        """0 when all is well, 3 when some testers failed, 1 when all did."""
        if any(failure.is_left for failure in self.failures):
            return 5
        if self.outcome == "failed":
            return 1
        return 3 if self.outcome in ("partial", "interrupted") else 0


def fleet_read(fleet: Fleet, *, edge: Edge) -> FleetRead:
    """Return the event that says what was read."""
    return FleetRead(
        time=edge.clock(),
        fleet=fleet.name,
        source=fleet.source,
        tester_count=len(fleet.testers),
        server_count=len(fleet.servers),
        repeat=fleet.run.repeat,
    )


def left_out(fleet: Fleet, *, now: datetime) -> Iterator[TesterFailed]:
    """Yield a card for each row of the testers table that cannot be deployed."""
    for name, reason in fleet.left_out:
        yield TesterFailed(
            time=now,
            tester=name,
            what=f"its row in the testers table cannot be deployed: {reason}",
            cause="all others are deployed without it",
            next_step=f"mend it: orchestrate testers set {name} …, or retire it",
        )


def failed_check(what: str, error: OrchestratorError, *, now: datetime) -> Checked:
    """Return the event that says what a check refused."""
    return Checked(
        time=now, what=what, state="failed", detail=error.what, cause=error.cause, next_step=error.next_step
    )


def read_and_check(
    fleet: Fleet,
    *,
    state: FleetState,
    stage: Stage,
    only: Collection[str] | None,
    replace: Collection[str],
    verified: bool,
    window: int | None = None,
) -> None:
    """Show what was read, and refuse what cannot be carried out, before anything is created."""
    stage.emit(fleet_read(fleet, edge=stage.edge))
    for event in left_out(fleet, now=stage.edge.clock()):
        stage.emit(event)
    _check_names(fleet, state=state, only=only, replace=replace, edge=stage.edge)
    access = remote_access(fleet, settings=stage.edge.settings, environment=stage.edge.environment)
    for check in checks(
        fleet, state=state, access=access, only=only, verified=verified, window=window, edge=stage.edge
    ):
        try:
            detail = check.look()
        except OrchestratorError as error:
            stage.emit(failed_check(check.what, error, now=stage.edge.clock()))
            raise
        tell_passed(check, detail, stage=stage)


def tell_passed(check: Check, detail: str, *, stage: Stage) -> None:
    """Show what a check found good, and what should be known all the same."""
    stage.emit(Checked(time=stage.edge.clock(), what=check.what, state="ok", detail=detail))
    for caution in check.cautions():
        stage.emit(
            Checked(
                time=stage.edge.clock(),
                what=check.what,
                state="warning",
                detail=caution.detail,
                cause=caution.cause,
                next_step=caution.next_step,
            )
        )


def _check_names(
    fleet: Fleet,
    *,
    state: FleetState,
    only: Collection[str] | None,
    replace: Collection[str],
    edge: Edge,
) -> None:
    """Have plan refuse the names that nobody has."""
    hosts: list[Host] = []
    if state.exists:
        with Journal(state.journal, clock=edge.clock) as journal:
            hosts = journal.hosts(include_removed=True)
    plan(fleet=fleet, hosts=hosts, runs=[], now=edge.clock(), only=only, replace=replace)


def measure(
    fleet: Fleet,
    *,
    opened: Opened,
    stage: Stage,
    interrupts: Interrupts,
    only: Collection[str] | None = None,
    replace: Collection[str] = (),
    tending: Tending,
    again: bool = False,
    detach: bool = False,
    job: Job | None = None,
    window: int | None = None,
) -> Measured:
    """Make what the fleet asks for, wait for its runs, and finish the sweep when all have ended.

    A `job` has its deadline from the beginning of its sweep, whoever began it; of one that is
    finished, nothing but the removal is left.
    """
    ports = opened.ports
    sweep = open_sweep(fleet, ports=ports, again=again, job=job)
    if job is not None and sweep.finished_at is not None:
        return Measured(
            sweep=sweep, outcome=ports.journal.outcome(sweep.sweep_id), failures=[], watched=False
        )
    if job is not None:
        known = [tester.name for tester in fleet.testers]
        only = None if sweep.testers is None else [name for name in sweep.testers if name in known]
    limit_s = fleet.limits.deadline_s if job is None else _left_s(fleet, sweep, now=ports.clock())
    watch = Watch(
        fleet=fleet,
        sweep=sweep,
        ports=ports,
        work=HostWork(fleet=fleet, sweep_id=sweep.sweep_id, ports=ports),
        interrupts=interrupts,
        revive=lambda: _revive(opened, fleet),
        tending=tending,
        only=only,
        replace=replace,
        is_partial=again and only is not None,
        window=window,
    )
    try:
        if limit_s > 0:
            watch.begin(deadline=Deadline.after(limit_s))
        if sweep.finished_at is not None or detach:
            watch.settle()
            if sweep.finished_at is None:
                watch.start_those_that_wait(deadline=Deadline.after(fleet.limits.deadline_s))
            outcome = ports.journal.outcome(sweep.sweep_id)
            return _measured(watch, outcome=outcome, watched=False)
        return wait(watch, stage=stage, limit_s=limit_s)
    finally:
        watch.close()


def _left_s(fleet: Fleet, sweep: Sweep, *, now: datetime) -> float:
    """Return what a job has left of `limits.deadline`; a clock that was set makes it no longer."""
    past_s = max(0.0, (now - sweep.started_at).total_seconds())
    return max(0.0, fleet.limits.deadline_s - past_s)


def wait(watch: Watch, *, stage: Stage, limit_s: float) -> Measured:
    """Wait for the sweep's runs, not longer than `limit_s`, and finish it."""
    ended = watch.until_ended(deadline=Deadline.after(limit_s))
    if not ended and watch.fleet.run.repeat is not None:
        whole_s = watch.fleet.limits.deadline_s
        watch.give_up(reason=f"limits.deadline of {whole_s:g} s was over", deadline=Deadline.after(GIVE_UP_S))
    _tell_failures(watch, stage=stage)
    if not watch.has_ended(everybody=not watch.is_partial):
        return _measured(watch, outcome=None, watched=True)
    outcome = outcome_of(watch.runs.rows)
    finish_sweep(
        watch.sweep.sweep_id, fleet=watch.fleet.name, outcome=outcome, rows=watch.runs.rows, ports=watch.ports
    )
    return _measured(watch, outcome=outcome, watched=True)


def _measured(watch: Watch, *, outcome: str | None, watched: bool) -> Measured:
    missing = [] if outcome is None else missing_of(watch.runs.rows)
    return Measured(
        sweep=watch.sweep, outcome=outcome, failures=watch.failures, watched=watched, missing=missing
    )


def _tell_failures(watch: Watch, *, stage: Stage) -> None:
    reasons: dict[str, str] = {}
    counts: dict[str, int] = {}
    for row in watch.runs.rows:
        if row["state"] == "abandoned":
            counts[row["tester"]] = counts.get(row["tester"], 0) + 1
            reasons.setdefault(row["tester"], row.get("reason") or "")
    for tester, count in counts.items():
        stage.emit(
            TesterFailed(
                time=stage.edge.clock(),
                tester=tester,
                what=f"{count} run{'' if count == 1 else 's'} abandoned",
                cause=reasons[tester],
                next_step=f"orchestrate logs {tester}, then orchestrate up --again --only {tester}",
                code="runs-abandoned",
            )
        )


def _revive(opened: Opened, fleet: Fleet) -> None:
    """Start an embedded collector that died; its testers have spooled meanwhile."""
    if opened.embedded is not None:
        opened.embedded.up(port=fleet.collector.port)
