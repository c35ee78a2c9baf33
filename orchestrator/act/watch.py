"""Brings a sweep to its end: looks, plans, applies, and looks again."""

import time
from collections import Counter
from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass, field

from orchestrator.act.chain import Failure, chains_of
from orchestrator.act.crew import Crew
from orchestrator.act.fetch import Fetching
from orchestrator.act.following import Following
from orchestrator.act.hosts import HostWork
from orchestrator.act.interrupts import Interrupts
from orchestrator.act.observe import Lookout
from orchestrator.act.peers import known_addresses
from orchestrator.act.ports import Ports
from orchestrator.act.progress import progress_of
from orchestrator.act.pulses import Pulses
from orchestrator.act.sweep_runs import SweepRuns
from orchestrator.act.tending import Tending
from orchestrator.collector_client import CollectorError
from orchestrator.decide.actions import (
    Action,
    CreateHost,
    DrainHost,
    RemoveHost,
    ReplaceTester,
    StartTester,
    changes,
)
from orchestrator.decide.facts import Sweep
from orchestrator.decide.host import HostState
from orchestrator.decide.peers import has_peers
from orchestrator.decide.plan import plan
from orchestrator.events import Note, Planned, Progress
from orchestrator.fleet.model import Fleet
from orchestrator.places.deadline import Deadline

POLL_S = 0.3
SLOW_POLL_S = 2.0
QUICK_POLLS = 40
EXIT_WAIT_S = 5.0
"""How long testers may take to leave after their last run has arrived."""

EXIT_POLL_S = 0.05
WIND_UP_S = 1_800.0
"""How long what is begun may take to come to its end, when nothing else is begun."""


@dataclass(kw_only=True, slots=True)
class Watch:
    """One sweep of one fleet, on its way.

    `only` leaves the other testers as they are; the sweep is theirs alone where `is_partial` says so.
    `revive` is called when the collector does not answer: an embedded one is started again. With
    `window` at most so many hosts are there at once, and each goes once it has made its runs.
    """

    fleet: Fleet
    sweep: Sweep
    ports: Ports
    work: HostWork
    interrupts: Interrupts
    revive: Callable[[], None]
    tending: Tending
    only: Collection[str] | None = None
    replace: Collection[str] = ()
    is_partial: bool = False
    window: int | None = None
    failures: list[Failure] = field(default_factory=list)
    runs: SweepRuns = field(init=False)
    _following: Following = field(init=False)
    _pulses: Pulses = field(init=False)
    _crew: Crew = field(init=False)
    _fetchers: Crew = field(init=False)
    _lookout: Lookout = field(init=False)
    _fetching: Fetching = field(init=False)
    _stuck: set[str] = field(default_factory=set)
    _last: Progress | None = None
    _away: bool = False

    def __post_init__(self) -> None:
        self.runs = SweepRuns(fleet=self.fleet, sweep=self.sweep, ports=self.ports)
        # Hosts that are made take minutes: reports of others do not wait behind them.
        self._crew, self._fetchers = (
            Crew(
                work=self.work,
                ports=self.ports,
                concurrency=self.fleet.limits.concurrency,
                stopping=self.interrupts.stopping,
            )
            for _ in range(2)
        )
        self._following = Following(runs=self.runs, ports=self.ports)
        self._pulses = Pulses(fleet=self.fleet, ports=self.ports)
        self._lookout = Lookout(
            repeat=self.fleet.run.repeat, work=self.work, ports=self.ports, pulses=self._pulses
        )
        self._fetching = Fetching(fleet=self.fleet, ports=self.ports)

    def begin(self, *, deadline: Deadline) -> None:
        """Say in numbers what the fleet asks for, and begin it."""
        before = len(self.ports.journal.hosts())
        todo = self._look_and_plan(at_all=True)
        kinds = Counter(type(action) for action in todo)
        self.ports.emit(
            Planned(
                time=self.ports.clock(),
                fleet=self.fleet.name,
                create=kinds[CreateHost],
                keep=max(0, before - kinds[RemoveHost]),
                remove=kinds[RemoveHost],
                start=kinds[StartTester] + kinds[ReplaceTester],
            )
        )
        self.replace = ()
        self._crew.begin(todo, deadline=deadline)

    def settle(self) -> None:
        """Wait until what was begun is done; an interrupt is raised after it."""
        with self.interrupts.guarded():
            deadline = Deadline.after(WIND_UP_S)
            self._fetchers.wait(deadline)
            self._crew.wait(deadline)
            self.failures += self._crew.failures()

    def start_those_that_wait(self, *, deadline: Deadline) -> None:
        """Go on until every tester that waits for its peers is started, or is given up."""
        while has_peers(self.fleet) and not deadline.is_over and self.step(deadline=deadline):
            self.settle()

    def close(self) -> None:
        """Let the crew go, once what it has begun is done."""
        with self.interrupts.guarded(), self._crew, self._fetchers:
            pass

    def step(self, *, deadline: Deadline) -> list[Action]:
        """Look, plan, and begin what there is to do; return that. Raise `CollectorError`."""
        todo = self._look_and_plan()
        self._crew.begin(todo, deadline=deadline)
        for tester, task in self._fetching.due():
            if tester not in self._crew.busy:
                self._fetchers.submit(tester, task)
        return todo

    def _look_and_plan(self, *, at_all: bool = False) -> list[Action]:
        busy = self._crew.busy
        self._note_failures()
        # The testers first, then the runs: whoever is gone by now has delivered what we read next.
        # A host whose reports are being fetched is looked at too: fetching from a silent one takes long.
        self._lookout.look(busy=busy, at_all=at_all)
        self.tending.leave_in_time(self._crew, self.work, only=self.only)
        busy |= self._crew.busy | self._fetchers.busy
        hosts = self.ports.journal.hosts(include_removed=True)
        self._following.keep_up(moved=(self._crew.busy, frozenset((host.name, host.state) for host in hosts)))
        self._pulses.ask()
        self._pulses.feel(hosts, rows=self.runs.rows, unanswered=self._lookout.unanswered)
        todo = plan(
            fleet=self.fleet,
            hosts=hosts,
            runs=self.runs.known,
            sweep=self.sweep,
            now=self.ports.clock(),
            only=self.only,
            replace=self.replace,
            attempts=self.ports.patience.create_attempts,
            addresses=known_addresses(self.fleet, ports=self.ports),
            window=self.window,
            busy=busy,
            image=self.ports.image,
        )
        # Whoever is worked on is planned for when that is done: its hosts and runs are on the move.
        chains = chains_of(todo, tester_of={host.name: host.tester for host in hosts})
        return [
            action
            for tester, actions in chains.items()
            if tester not in busy and tester not in self._stuck
            for action in changes(actions)
        ]

    def _note_failures(self) -> None:
        """Take note of what failed; a tester whose host cannot be removed is not tried again for ever."""
        for failure in self._crew.failures():
            self.failures.append(failure)
            if failure.is_left:
                self._stuck.add(failure.tester)
                self._abandon({failure.tester}, reason="its host cannot be removed")
                if self.window is not None and len(self._stuck) >= self.window:
                    # Nobody else will ever have a place.
                    others = {tester.name for tester in self.fleet.testers} - self._stuck
                    self._abandon(others, reason="hosts that cannot be removed hold every place")

    def _abandon(self, testers: Collection[str], *, reason: str) -> None:
        concerned = testers if self.only is None else set(testers) & set(self.only)
        self._crew.begin(
            self.runs.abandonments(reason=reason, testers=concerned),
            deadline=Deadline.after(self.ports.patience.start_deadline_s),
        )

    def until_ended(self, *, deadline: Deadline) -> bool:
        """Go on until every run has ended; return False where the deadline came first."""
        with self._following.listening():
            steps = 0
            while not deadline.is_over:
                if self._is_over(deadline):
                    self._let_leave()
                    return True
                steps += 1
                self._following.wait(min(POLL_S if steps < QUICK_POLLS else SLOW_POLL_S, deadline.left_s))
        return False

    def _is_over(self, deadline: Deadline) -> bool:
        """Make one step; return whether it was the last."""
        try:
            todo = self.step(deadline=deadline)
            is_over = not todo and not self._crew.busy | self._fetchers.busy and self.has_ended()
            if is_over:
                # What is told in the end is what the collector has, not what it was heard to say.
                self._following.read()
        except CollectorError as error:
            self._not_there(error)
            return False
        self._away = False
        self._say_progress(deadline)
        return is_over and self.has_ended()

    def has_ended(self, *, everybody: bool = False) -> bool:
        """Return whether each run of the testers concerned, or of everybody, has ended."""
        return self.runs.have_ended(testers=None if everybody else self.only)

    def give_up(self, *, reason: str, deadline: Deadline) -> None:
        """Stop the testers concerned, take what they have, and abandon the rest with the reason."""
        self.settle()
        hosts = [host for host in self.ports.journal.hosts() if self.only is None or host.tester in self.only]
        drains: list[Action] = [
            DrainHost(host_name=host.name, tester_name=host.tester, reason=reason)
            for host in hosts
            if host.state in (HostState.RUNNING, HostState.STARTING, HostState.FINISHED)
        ]
        self._apply(drains, deadline=deadline)
        self.runs.read()
        self._apply(self.runs.abandonments(reason=reason, testers=self.only), deadline=deadline)
        self.runs.read()

    def _apply(self, actions: Sequence[Action], *, deadline: Deadline) -> None:
        self._crew.begin(actions, deadline=deadline)
        self.settle()

    def _say_progress(self, deadline: Deadline) -> None:
        progress = progress_of(
            self.fleet,
            only=self.only,
            rows=self.runs.rows,
            hosts=self.ports.journal.hosts(),
            findings=self._pulses.found,
            now=self.ports.clock(),
            deadline_s=deadline.left_s,
        )
        # The time that is left changes always, and alone it is no news.
        same = self._last is not None and (self._last.done, self._last.testers) == (
            progress.done,
            progress.testers,
        )
        if not same:
            self._last = progress
            self.ports.emit(progress)

    def _not_there(self, error: CollectorError) -> None:
        if not self._away:
            self.ports.emit(
                Note(time=self.ports.clock(), level="warning", text=f"{error.what}; testers go on and spool")
            )
        self._away = True
        self._pulses.collector_was_away()
        self.revive()

    def _let_leave(self) -> None:
        wait = Deadline.after(EXIT_WAIT_S)
        while not wait.is_over:
            self._lookout.look(at_all=True)
            states = {
                host.state
                for host in self.ports.journal.hosts()
                if self.only is None or host.tester in self.only
            }
            if HostState.RUNNING not in states:
                return
            time.sleep(EXIT_POLL_S)
