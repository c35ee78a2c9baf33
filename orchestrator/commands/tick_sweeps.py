"""Sweeps of one fleet that are due by a schedule: begun, gone on with, or recorded as not made."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime, timedelta
from uuid import UUID, uuid5

from orchestrator.act.access import collector_access
from orchestrator.act.interrupts import Interrupts
from orchestrator.act.journal import Journal
from orchestrator.act.lock import Held
from orchestrator.act.state import FleetState
from orchestrator.act.stop_wish import StopWish
from orchestrator.act.sweep import TickTaken
from orchestrator.act.ticks import NOT_BEGUN
from orchestrator.collector_client import CollectorClient, CollectorError, CollectorRefused
from orchestrator.commands.bring_up import Wish, bring_up
from orchestrator.commands.choose_fleet import Asked, expanded
from orchestrator.commands.stage import Stage
from orchestrator.commands.take_down import remove_one
from orchestrator.decide.facts import Sweep, Tick
from orchestrator.decide.ticks import Decision, chosen_testers, schedule_id_of
from orchestrator.errors import ConfigurationError, Interrupted, LeftBehind, NoRoom, OrchestratorError
from orchestrator.events import printable
from orchestrator.fleet.model import Fleet, Schedule
from orchestrator.settings import Edge


@dataclass(kw_only=True, slots=True)
class TickSweeps:
    """Carries out the sweeps of a fleet's ticks; each method returns an exit code, 0 where none was made.

    A signal that comes in a sweep sets `stopping`.
    """

    asked: Asked
    state: FleetState
    shown: Stage
    edge: Edge
    progress: str
    join: bool
    verified: bool
    window: int | None
    stopping: StopWish

    def begin(self, schedule: Schedule, due_at: datetime, *, fleet: Fleet, fleet_id: UUID) -> int:
        """Begin the sweep of a tick and see it to its end; one that cannot begin is recorded."""
        tick = Tick(schedule_id=schedule_id_of(fleet_id=fleet_id, schedule=schedule.name), due_at=due_at)
        self.shown.note(f"schedule {schedule.name}: the sweep that was due at {clock_text(due_at)} begins")
        try:
            wanted = expanded(fleet, edge=self.edge)
            only = chosen_testers(schedule, wanted)
            if only == ():
                raise ConfigurationError(
                    f"no tester of schedule `{schedule.name}` is in the fleet",
                    next_step="mend its `testers`",
                )
            return self._sweep(tick, fleet=wanted, schedule=schedule.name, only=only)
        except TickTaken as taken:
            self.shown.note(f"schedule {schedule.name}: {taken.what}")
            self._note(tick)
        except OrchestratorError as error:
            if isinstance(error, CollectorError | Held | Interrupted | NoRoom) or self._has_begun(tick):
                raise
            # Tried again, it would fail again: the history shows it, and the next tick may do better.
            self.shown.note(f"schedule {schedule.name}: the sweep cannot begin: {error.what}", level="error")
            with self._client(fleet) as client:
                note = f"{NOT_BEGUN}{error.what}"
                self._record(schedule, tick, outcome="failed", note=note, client=client, fleet_id=fleet_id)
        return 0

    def go_on(self, sweep: Sweep, *, fleet: Fleet, fleet_id: UUID) -> int:
        """Go on with a scheduled sweep that was cut off; one whose time is over is cleared up at least."""
        assert sweep.tick is not None
        names = {schedule_id_of(fleet_id=fleet_id, schedule=each.name): each.name for each in fleet.schedule}
        name = names.get(sweep.tick.schedule_id, "")
        due_at = clock_text(sweep.tick.due_at)
        self.shown.note(f"the sweep that was due at {due_at} was cut off, and goes on")
        try:
            wanted = expanded(fleet, edge=self.edge)
            known = [each.name for each in wanted.testers]
            only = None if sweep.testers is None else tuple(each for each in sweep.testers if each in known)
            return self._sweep(sweep.tick, fleet=wanted, schedule=name, only=only)
        except TickTaken:
            return 0
        except OrchestratorError as error:
            end = sweep.started_at + timedelta(seconds=fleet.limits.deadline_s)
            if self.stopping.is_set() or isinstance(error, Held) or self.edge.clock() < end:
                raise
            self.shown.note(f"it cannot go on, and its time is over: {error.what}", level="error")
            interrupts = Interrupts(farewell="left at once; hosts may be left behind: orchestrate down")
            with interrupts.watching():
                line, _ = remove_one(self.state, shown=self.shown, interrupts=interrupts)
            self.shown.note(line)
            return 0

    def skip(self, schedule: Schedule, decisions: list[Decision], *, fleet: Fleet, fleet_id: UUID) -> None:
        """Record ticks that are skipped, each with its reason."""
        schedule_id = schedule_id_of(fleet_id=fleet_id, schedule=schedule.name)
        with self._client(fleet) as client:
            for each in decisions:
                tick = Tick(schedule_id=schedule_id, due_at=each.due_at)
                self._record(
                    schedule, tick, outcome="skipped", note=each.reason, client=client, fleet_id=fleet_id
                )
        last = decisions[-1]
        more = f", and {len(decisions) - 1} before it" if len(decisions) > 1 else ""
        self.shown.note(
            f"schedule {schedule.name}: skipped what was due at {clock_text(last.due_at)}{more}:"
            f" {last.reason}",
            level="warning",
        )

    def _sweep(self, tick: Tick, *, fleet: Fleet, schedule: str, only: tuple[str, ...] | None) -> int:
        """Carry out the sweep of a tick, and note that it was; raise what kept it from beginning."""
        wish = Wish(
            asked=self.asked,
            only=only,
            again=True,
            remove=True,
            join=self.join,
            verified=self.verified,
            is_sweep=True,
            window=self.window,
            tick=tick,
            schedule=schedule,
        )
        interrupts = Interrupts(farewell="")
        try:
            code = bring_up(
                wish,
                command="sweep",
                progress=self.progress,
                edge=self.edge,
                known=fleet,
                interrupts=interrupts,
            )
        except LeftBehind as error:
            self.shown.note(f"{error.what}; {error.next_step}", level="error")
            code = error.exit_code
        finally:
            if interrupts.first is not None:
                self.stopping.set()
        self._note(tick)
        return code

    def _has_begun(self, tick: Tick) -> bool:
        with Journal(self.state.journal, clock=self.edge.clock) as journal:
            return any(sweep.tick == tick for sweep in journal.sweeps())

    def _note(self, tick: Tick) -> None:
        with Journal(self.state.journal, clock=self.edge.clock) as journal:
            journal.note_upto(tick.schedule_id, tick.due_at)

    def _record(
        self,
        schedule: Schedule,
        tick: Tick,
        *,
        outcome: str,
        note: str,
        client: CollectorClient,
        fleet_id: UUID,
    ) -> None:
        """Record a tick that no sweep stands for, so that the history shows it; twice is once."""
        sweep_id = uuid5(tick.schedule_id, f"{outcome}:{tick.due_at.isoformat()}")
        try:
            client.put_sweep(
                sweep_id,
                fleet_id=fleet_id,
                spec={"schedule": schedule.name, "testers": []},
                started_at=tick.due_at,
                schedule_id=tick.schedule_id,
                due_at=tick.due_at,
            )
            client.finish_sweep(sweep_id, outcome=outcome, note=printable(note)[:1_000])
        except CollectorRefused as error:
            if error.code != "sweep_taken":
                raise
        self._note(tick)

    @contextmanager
    def _client(self, fleet: Fleet) -> Iterator[CollectorClient]:
        settings, environment = self.edge.settings, self.edge.environment
        with (
            collector_access(fleet, self.state, settings=settings, environment=environment) as access,
            access.client() as client,
        ):
            yield client


def clock_text(at: datetime) -> str:
    """Return a moment as a line of the scheduler has it."""
    return f"{at:%Y-%m-%d %H:%M} UTC"
