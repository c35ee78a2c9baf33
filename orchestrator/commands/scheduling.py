"""Looks after the schedules of one fleet: begins each sweep when it is due, and once."""

import signal
import threading
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime, timedelta
from types import FrameType
from uuid import UUID

from orchestrator.act.access import remote_access
from orchestrator.act.journal import Journal
from orchestrator.act.lock import Held
from orchestrator.act.opening import opened_for_up
from orchestrator.act.state import FleetState, state_of
from orchestrator.act.stop_wish import StopWish
from orchestrator.act.ticks import known_sweeps
from orchestrator.collector_client import CollectorFailing, CollectorUnreachable
from orchestrator.commands.choose_fleet import Asked, record_of
from orchestrator.commands.complaint import Complaint
from orchestrator.commands.current_fleet import READ_EVERY_S, CurrentFleet
from orchestrator.commands.stage import Stage
from orchestrator.commands.tick_sweeps import TickSweeps, clock_text
from orchestrator.decide.facts import Sweep
from orchestrator.decide.ticks import (
    Decision,
    KnownSweep,
    Verdict,
    decide,
    next_tick,
    schedule_id_of,
    timing_id_of,
)
from orchestrator.errors import Interrupted, NoRoom, OrchestratorError
from orchestrator.fleet.model import Fleet, Schedule
from orchestrator.settings import Edge

RETRY_S = 5.0
"""Time between two tries where the collector is away, or another orchestrator holds the fleet."""

SWEEPS_LOOKED_AT = 100


def scheduler(
    asked: Asked,
    fleet: Fleet,
    *,
    shown: Stage,
    edge: Edge,
    progress: str,
    once: bool,
    join: bool,
    verified: bool,
    window: int | None,
) -> "Scheduler":
    """Return what looks after the schedules of a fleet as it was asked for."""
    state, stopping = state_of(fleet.name, state_dir=edge.settings.state_dir), StopWish()
    return Scheduler(
        current=CurrentFleet(asked=asked, fleet=fleet, edge=edge, complaint=Complaint(shown=shown)),
        sweeps=TickSweeps(
            asked=asked,
            state=state,
            shown=shown,
            edge=edge,
            progress=progress,
            join=join,
            verified=verified,
            window=window,
            stopping=stopping,
        ),
        state=state,
        shown=shown,
        edge=edge,
        stopping=stopping,
        trouble=Complaint(shown=shown),
        waiting=Complaint(shown=shown),
        once=once,
        join=join,
    )


@dataclass(kw_only=True, slots=True)
class Scheduler:
    """The schedules of a fleet; with `once`, only what is due now.

    Between two sweeps it holds nothing: others may work on the fleet. What it knows it reads from the
    journal and the collector, so it may be killed at any moment.
    """

    current: CurrentFleet
    sweeps: TickSweeps
    state: FleetState
    shown: Stage
    edge: Edge
    stopping: StopWish
    trouble: Complaint
    waiting: Complaint
    once: bool = False
    join: bool = False
    _code: int = 0
    _fleet_id: UUID | None = None
    _announced: tuple[Schedule, ...] = ()

    def run(self) -> int:
        """Look after the schedules until a signal comes, or, with `once`, until nothing is due."""
        with self._signals():
            while not self.stopping.is_set():
                try:
                    self.current.read_again()
                    is_idle = not self._step()
                    self.trouble.is_over()
                except Interrupted as stop:
                    self._code = stop.exit_code
                    self.shown.note(
                        f"{stop.what}; the next `orchestrate schedule run` goes on, or: orchestrate down"
                    )
                    break
                except (OrchestratorError, OSError) as error:
                    told = NoRoom.of(error) if isinstance(error, OSError) else error
                    if self.once or (self._fleet_id is None and not _passes(told)):
                        raise
                    self.trouble.tell(f"{told.what}; it is tried again every {RETRY_S:g} s")
                    self.stopping.wait(RETRY_S)
                    continue
                if is_idle and self.once:
                    break
                if is_idle:
                    self.stopping.wait(self._sleep_s())
        return self._code

    def _step(self) -> bool:
        """Do one thing that is to be done; return False where nothing is."""
        fleet_id = self._introduced()
        with Journal(self.state.journal, clock=self.edge.clock) as journal:
            open_one = _open_scheduled(journal)
            due = [] if open_one is not None else self._due(journal, fleet_id=fleet_id)
        if open_one is not None:
            self._count(self.sweeps.go_on(open_one, fleet=self._fleet, fleet_id=fleet_id))
            return True
        self._announce()
        if not any(each.verdict is Verdict.WAIT for _, decisions in due for each in decisions):
            self.waiting.is_over()
        # Once something was done, what was decided for the others is looked at again.
        return any(self._carry_out(each, decisions, fleet_id=fleet_id) for each, decisions in due)

    def _due(self, journal: Journal, *, fleet_id: UUID) -> list[tuple[Schedule, list[Decision]]]:
        now = self.edge.clock()
        due: dict[str, datetime] = {}
        for schedule in self._fleet.schedule:
            schedule_id = schedule_id_of(fleet_id=fleet_id, schedule=schedule.name)
            timing_id = timing_id_of(schedule, schedule_id=schedule_id)
            upto = journal.upto(timing_id)
            if upto is None:
                # A schedule begins when it is first seen, and when it is changed: what was due before was
                # nobody's to begin.
                journal.note_upto(timing_id, now)
                continue
            upto = max(upto, journal.upto(schedule_id) or upto)
            if (following := next_tick(schedule, after=upto)) is not None and following <= now:
                due[schedule.name] = upto
        if not due:
            return []
        sweeps = self._known(journal, fleet_id=fleet_id)
        found = []
        for schedule in self._fleet.schedule:
            if schedule.name in due:
                schedule_id = schedule_id_of(fleet_id=fleet_id, schedule=schedule.name)
                decisions = decide(
                    schedule,
                    schedule_id=schedule_id,
                    upto=due[schedule.name],
                    now=now,
                    sweeps=sweeps,
                    deadline=timedelta(seconds=self._fleet.limits.deadline_s),
                )
                found.append((schedule, decisions))
                if not decisions:
                    # All that was due is begun or skipped, here or elsewhere.
                    timing_id = timing_id_of(schedule, schedule_id=schedule_id)
                    journal.note_upto(timing_id, now)
        return found

    def _known(self, journal: Journal, *, fleet_id: UUID) -> list[KnownSweep]:
        """Return the fleet's sweeps; those of an embedded collector are all in the journal."""
        remote = remote_access(self._fleet, settings=self.edge.settings, environment=self.edge.environment)
        if remote is None:
            return known_sweeps(journal.sweeps(), ())
        with remote.client() as client:
            rows = list(client.sweeps(fleet=fleet_id, limit=SWEEPS_LOOKED_AT))
        return known_sweeps(journal.sweeps(), rows)

    def _carry_out(self, schedule: Schedule, decisions: Sequence[Decision], *, fleet_id: UUID) -> bool:
        """Begin what is to be begun and record what is skipped; return False where only waiting is left."""
        skipped = [each for each in decisions if each.verdict is Verdict.SKIP]
        if skipped:
            self.sweeps.skip(schedule, skipped, fleet=self._fleet, fleet_id=fleet_id)
        for each in decisions:
            if each.verdict is Verdict.START:
                self._count(self.sweeps.begin(schedule, each.due_at, fleet=self._fleet, fleet_id=fleet_id))
                return True
            if each.verdict is Verdict.WAIT:
                self.waiting.tell(
                    f"schedule {schedule.name}, due at {clock_text(each.due_at)}: {each.reason}"
                )
        return bool(skipped)

    def _count(self, code: int) -> None:
        """Keep the exit code of a sweep: one that stays ends with that of no sweep but its last."""
        if self.once or code == Interrupted.exit_code:
            self._code = max(self._code, code)

    def _introduced(self) -> UUID:
        """Return the fleet's UUID; a fleet that nobody has worked on is registered first."""
        if self._fleet_id is None:
            record = record_of(self.state, edge=self.edge) if self.state.exists else None
            if record is None:
                with opened_for_up(
                    self._fleet,
                    state=self.state,
                    edge=self.edge,
                    emit=self.shown.emit,
                    from_table=self.current.is_from_table,
                    join=self.join,
                ) as opened:
                    record = opened.record
                    if opened.embedded is not None:
                        opened.ports.client.close()
                        opened.embedded.down()
            self._fleet_id = record.fleet_id
        return self._fleet_id

    def _announce(self) -> None:
        if self._announced == self._fleet.schedule or self.once:
            return
        self._announced = self._fleet.schedule
        for schedule in self._fleet.schedule:
            following = next_tick(schedule, after=self.edge.clock())
            due = "never again" if following is None else f"due at {clock_text(following)}"
            self.shown.note(f"schedule {schedule.name}: {schedule.cron} {schedule.timezone}, {due}")

    def _sleep_s(self) -> float:
        """Return how long nothing is due: the clock may be set, so never long."""
        now = self.edge.clock()
        ticks = [next_tick(schedule, after=now) for schedule in self._fleet.schedule]
        left = [(tick - now).total_seconds() for tick in ticks if tick is not None]
        return max(0.01, min([READ_EVERY_S, *left]))

    @property
    def _fleet(self) -> Fleet:
        return self.current.fleet

    @contextmanager
    def _signals(self) -> Iterator[None]:
        """Stop between two sweeps where a signal comes; within one, the sweep has its own way."""
        if threading.current_thread() is not threading.main_thread():
            yield
            return

        def stop(number: int, frame: FrameType | None) -> None:  # noqa: ARG001 - a handler's form
            self.stopping.set()

        before = {number: signal.signal(number, stop) for number in (signal.SIGINT, signal.SIGTERM)}
        try:
            yield
        finally:
            for number, handler in before.items():
                signal.signal(number, handler)


def _open_scheduled(journal: Journal) -> Sweep | None:
    newest = journal.newest_sweep()
    is_open = newest is not None and newest.tick is not None and newest.is_job and newest.ended_at is None
    return newest if is_open else None


def _passes(error: OrchestratorError) -> bool:
    return isinstance(error, CollectorUnreachable | CollectorFailing | Held)
