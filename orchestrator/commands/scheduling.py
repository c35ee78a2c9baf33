"""Looks after the schedules of one fleet: begins each sweep when it is due, and once."""

import signal
import threading
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from types import FrameType
from uuid import UUID, uuid5

from orchestrator.act.access import collector_access, remote_access
from orchestrator.act.interrupts import Interrupts
from orchestrator.act.journal import Journal
from orchestrator.act.lock import Held
from orchestrator.act.opening import opened_for_up
from orchestrator.act.state import FleetState
from orchestrator.act.sweep import TickTaken
from orchestrator.act.ticks import known_sweeps
from orchestrator.collector_client import (
    CollectorClient,
    CollectorError,
    CollectorFailing,
    CollectorRefused,
    CollectorUnreachable,
)
from orchestrator.commands.bring_up import Wish, bring_up
from orchestrator.commands.choose_fleet import TESTERS, Asked, expanded, fleet_as_written, record_of
from orchestrator.commands.stage import Stage
from orchestrator.commands.take_down import remove_one
from orchestrator.decide.facts import Sweep, Tick
from orchestrator.decide.ticks import (
    Decision,
    KnownSweep,
    Verdict,
    chosen_testers,
    decide,
    next_tick,
    schedule_id_of,
)
from orchestrator.errors import ConfigurationError, Interrupted, LeftBehind, OrchestratorError
from orchestrator.events import Note, printable
from orchestrator.fleet.model import Fleet, Schedule
from orchestrator.settings import Edge

INTERRUPTED = 130
READ_EVERY_S = 5.0
"""Time between two readings of the fleet file, and the longest sleep between two looks at the clock."""

READ_TABLE_EVERY_S = 60.0
RETRY_S = 5.0
"""Time between two tries where the collector is away, or another orchestrator holds the fleet."""

SWEEPS_LOOKED_AT = 100


@dataclass(kw_only=True, slots=True)
class Scheduler:
    """The schedules of `fleet`; with `once`, only what is due now.

    Between two sweeps it holds nothing: others may work on the fleet. What it knows it reads from the
    journal and the collector, so it may be killed at any moment.
    """

    asked: Asked
    fleet: Fleet
    state: FleetState
    shown: Stage
    edge: Edge
    progress: str
    once: bool = False
    join: bool = False
    verified: bool = True
    window: int | None = None
    stopping: threading.Event = field(default_factory=threading.Event)
    _code: int = 0
    _fleet_id: UUID | None = None
    _told: str = ""
    _read_at: datetime | None = None
    _announced: tuple[Schedule, ...] = ()

    def run(self) -> int:
        """Look after the schedules until a signal comes, or, with `once`, until nothing is due."""
        with self._signals():
            while not self.stopping.is_set():
                try:
                    self._reload()
                    is_idle = not self._step()
                    self._told = ""
                except Interrupted as stop:
                    self._say(
                        f"{stop.what}; the next `orchestrate schedule run` goes on, or: orchestrate down"
                    )
                    break
                except OrchestratorError as error:
                    if self.once or (self._fleet_id is None and not _passes(error)):
                        raise
                    self._say_once(f"{error.what}; it is tried again every {RETRY_S:g} s")
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
            self._go_on(open_one, fleet_id=fleet_id)
            return True
        self._announce()
        # Once something was done, what was decided for the others is looked at again.
        return any(self._carry_out(schedule, decisions) for schedule, decisions in due)

    def _due(self, journal: Journal, *, fleet_id: UUID) -> list[tuple[Schedule, list[Decision]]]:
        now = self.edge.clock()
        due: dict[str, datetime] = {}
        for schedule in self.fleet.schedule:
            schedule_id = schedule_id_of(fleet_id=fleet_id, schedule=schedule.name)
            upto = journal.upto(schedule_id)
            if upto is None:
                # A schedule begins when it is first seen: what was due before was nobody's to begin.
                journal.note_upto(schedule_id, now)
            elif (following := next_tick(schedule, after=upto)) is not None and following <= now:
                due[schedule.name] = upto
        if not due:
            return []
        sweeps = self._sweeps(journal, fleet_id=fleet_id)
        found = []
        for schedule in self.fleet.schedule:
            if schedule.name in due:
                schedule_id = schedule_id_of(fleet_id=fleet_id, schedule=schedule.name)
                decisions = decide(
                    schedule,
                    schedule_id=schedule_id,
                    upto=due[schedule.name],
                    now=now,
                    sweeps=sweeps,
                    deadline=timedelta(seconds=self.fleet.limits.deadline_s),
                )
                found.append((schedule, decisions))
                if not decisions:
                    # All that was due is begun or skipped, here or elsewhere.
                    journal.note_upto(schedule_id, now)
        return found

    def _sweeps(self, journal: Journal, *, fleet_id: UUID) -> list[KnownSweep]:
        """Return the fleet's sweeps; those of an embedded collector are all in the journal."""
        remote = remote_access(self.fleet, settings=self.edge.settings, environment=self.edge.environment)
        if remote is None:
            return known_sweeps(journal.sweeps(), ())
        with remote.client() as client:
            rows = list(client.sweeps(fleet=fleet_id, limit=SWEEPS_LOOKED_AT))
        return known_sweeps(journal.sweeps(), rows)

    def _carry_out(self, schedule: Schedule, decisions: Sequence[Decision]) -> bool:
        """Begin what is to be begun and record what is skipped; return False where only waiting is left."""
        skipped = [each for each in decisions if each.verdict is Verdict.SKIP]
        if skipped:
            with self._client() as client:
                for each in skipped:
                    self._record(schedule, each.due_at, outcome="skipped", note=each.reason, client=client)
            last = skipped[-1]
            more = f", and {len(skipped) - 1} before it" if len(skipped) > 1 else ""
            self._say(
                f"schedule {schedule.name}: skipped what was due at {_clock(last.due_at)}{more}:"
                f" {last.reason}",
                level="warning",
            )
        for each in decisions:
            if each.verdict is Verdict.START:
                self._begin(schedule, each.due_at)
                return True
            if each.verdict is Verdict.WAIT:
                self._say_once(f"schedule {schedule.name}, due at {_clock(each.due_at)}: {each.reason}")
        return bool(skipped)

    def _begin(self, schedule: Schedule, due_at: datetime) -> None:
        tick = Tick(schedule_id=self._id_of(schedule), due_at=due_at)
        self._say(f"schedule {schedule.name}: the sweep that was due at {_clock(due_at)} begins")
        try:
            fleet = expanded(self.fleet, edge=self.edge)
            only = chosen_testers(schedule, fleet)
            if only == ():
                raise ConfigurationError(
                    f"no tester of schedule `{schedule.name}` is in the fleet",
                    next_step="mend its `testers`",
                )
            self._sweep(tick, fleet=fleet, schedule=schedule.name, only=only)
        except TickTaken as taken:
            self._say(f"schedule {schedule.name}: {taken.what}")
            self._note(tick)
        except OrchestratorError as error:
            if isinstance(error, CollectorError | Held | Interrupted) or self._has_begun(tick):
                raise
            # Tried again, it would fail again: the history shows it, and the next tick may do better.
            self._say(f"schedule {schedule.name}: the sweep cannot begin: {error.what}", level="error")
            with self._client() as client:
                self._record(
                    schedule, due_at, outcome="failed", note=f"not begun: {error.what}", client=client
                )

    def _go_on(self, sweep: Sweep, *, fleet_id: UUID) -> None:
        """Go on with a scheduled sweep that was cut off; one whose time is over is cleared up at least."""
        assert sweep.tick is not None
        names = {
            schedule_id_of(fleet_id=fleet_id, schedule=each.name): each.name for each in self.fleet.schedule
        }
        name = names.get(sweep.tick.schedule_id, "")
        self._say(f"the sweep that was due at {_clock(sweep.tick.due_at)} was cut off, and goes on")
        try:
            fleet = expanded(self.fleet, edge=self.edge)
            known = [each.name for each in fleet.testers]
            only = None if sweep.testers is None else tuple(each for each in sweep.testers if each in known)
            self._sweep(sweep.tick, fleet=fleet, schedule=name, only=only)
        except TickTaken:
            return
        except OrchestratorError as error:
            end = sweep.started_at + timedelta(seconds=self.fleet.limits.deadline_s)
            if self.stopping.is_set() or isinstance(error, Held) or self.edge.clock() < end:
                raise
            self._say(f"it cannot go on, and its time is over: {error.what}", level="error")
            interrupts = Interrupts(farewell="left at once; hosts may be left behind: orchestrate down")
            with interrupts.watching():
                line, _ = remove_one(self.state, shown=self.shown, interrupts=interrupts)
            self._say(line)

    def _sweep(self, tick: Tick, *, fleet: Fleet, schedule: str, only: tuple[str, ...] | None) -> None:
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
        except Interrupted:
            self._code = INTERRUPTED
            raise
        except LeftBehind as error:
            self._say(f"{error.what}; {error.next_step}", level="error")
            code = error.exit_code
        finally:
            if interrupts.first is not None:
                self.stopping.set()
        self._note(tick)
        if self.once or code == INTERRUPTED:
            self._code = max(self._code, code)

    def _has_begun(self, tick: Tick) -> bool:
        with Journal(self.state.journal, clock=self.edge.clock) as journal:
            return any(sweep.tick == tick for sweep in journal.sweeps())

    def _note(self, tick: Tick) -> None:
        with Journal(self.state.journal, clock=self.edge.clock) as journal:
            journal.note_upto(tick.schedule_id, tick.due_at)

    def _record(
        self, schedule: Schedule, due_at: datetime, *, outcome: str, note: str, client: CollectorClient
    ) -> None:
        """Record a tick that no sweep stands for, so that the history shows it; twice is once."""
        assert self._fleet_id is not None
        tick = Tick(schedule_id=self._id_of(schedule), due_at=due_at)
        sweep_id = uuid5(tick.schedule_id, f"{outcome}:{due_at.isoformat()}")
        try:
            client.put_sweep(
                sweep_id,
                fleet_id=self._fleet_id,
                spec={"schedule": schedule.name, "testers": []},
                started_at=due_at,
                schedule_id=tick.schedule_id,
                due_at=due_at,
            )
            client.finish_sweep(sweep_id, outcome=outcome, note=printable(note)[:1_000])
        except CollectorRefused as error:
            if error.code != "sweep_taken":
                raise
        self._note(tick)

    def _introduced(self) -> UUID:
        """Return the fleet's UUID; a fleet that nobody has worked on is registered first."""
        if self._fleet_id is None:
            record = record_of(self.state, edge=self.edge) if self.state.exists else None
            if record is None:
                with opened_for_up(
                    self.fleet,
                    state=self.state,
                    edge=self.edge,
                    emit=self.shown.emit,
                    from_table=self._is_from_table,
                    join=self.join,
                ) as opened:
                    record = opened.record
                    if opened.embedded is not None:
                        opened.ports.client.close()
                        opened.embedded.down()
            self._fleet_id = record.fleet_id
        return self._fleet_id

    def _reload(self) -> None:
        """Read the fleet again; one that cannot be read leaves the one that is known."""
        now = self.edge.clock()
        every_s = READ_TABLE_EVERY_S if self._is_from_table else READ_EVERY_S
        is_fresh = self._read_at is not None and abs((now - self._read_at).total_seconds()) < every_s
        if is_fresh or self.asked.fleet == "-":
            return
        self._read_at = now
        try:
            fleet = fleet_as_written(self.asked, edge=self.edge)
        except OrchestratorError as error:
            self._say_once(f"the fleet is kept as it was: {error.what}")
            return
        if fleet.name != self.fleet.name:
            text = f"the fleet is kept as it was: its name is {self.fleet.name}, and now {fleet.name}"
            self._say_once(text)
            return
        self.fleet = fleet

    def _announce(self) -> None:
        if self._announced == self.fleet.schedule or self.once:
            return
        self._announced = self.fleet.schedule
        for schedule in self.fleet.schedule:
            following = next_tick(schedule, after=self.edge.clock())
            due = "never again" if following is None else f"due at {_clock(following)}"
            self._say(f"schedule {schedule.name}: {schedule.cron} {schedule.timezone}, {due}")

    def _sleep_s(self) -> float:
        """Return how long nothing is due: the clock may be set, so never long."""
        now = self.edge.clock()
        ticks = [next_tick(schedule, after=now) for schedule in self.fleet.schedule]
        left = [(tick - now).total_seconds() for tick in ticks if tick is not None]
        return max(0.01, min([READ_EVERY_S, *left]))

    def _id_of(self, schedule: Schedule) -> UUID:
        assert self._fleet_id is not None
        return schedule_id_of(fleet_id=self._fleet_id, schedule=schedule.name)

    @property
    def _is_from_table(self) -> bool:
        return self.asked.source == TESTERS or self.fleet.source.startswith("testers table")

    @contextmanager
    def _client(self) -> Iterator[CollectorClient]:
        settings, environment = self.edge.settings, self.edge.environment
        with (
            collector_access(self.fleet, self.state, settings=settings, environment=environment) as access,
            access.client() as client,
        ):
            yield client

    def _say(self, text: str, *, level: str = "info") -> None:
        self.shown.emit(Note(time=self.edge.clock(), text=printable(text), level=level))

    def _say_once(self, text: str) -> None:
        """Say what keeps things from going on, until it is something else."""
        if text != self._told:
            self._told = text
            self._say(text, level="warning")

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


def _clock(at: datetime) -> str:
    return f"{at:%Y-%m-%d %H:%M} UTC"
