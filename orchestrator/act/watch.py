"""Brings a sweep to its end: looks, plans, applies, and looks again."""

import time
from collections import Counter
from collections.abc import Callable, Collection
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any

from orchestrator.act.apply import Failure, apply
from orchestrator.act.hosts import HostWork
from orchestrator.act.interrupts import Interrupts
from orchestrator.act.observe import known_runs, note_ended_testers
from orchestrator.act.ports import Ports
from orchestrator.collector_client import CollectorError
from orchestrator.decide.actions import (
    AbandonRun,
    Action,
    CreateHost,
    DrainHost,
    RemoveHost,
    ReplaceTester,
    StartTester,
    changes,
)
from orchestrator.decide.facts import KnownRun, Sweep
from orchestrator.decide.host import HostState
from orchestrator.decide.plan import plan
from orchestrator.events import Note, Planned, Progress, RunMoved, TesterProgress
from orchestrator.fleet.model import Fleet
from orchestrator.places.deadline import Deadline
from wire.identity import run_id_of

POLL_S = 0.3
SLOW_POLL_S = 2.0
QUICK_POLLS = 40
EXIT_WAIT_S = 5.0
"""How long testers may take to leave after their last run has arrived."""

MOST_ABANDONED = 1_000
"""Runs of one tester that are abandoned one by one when time is over."""


@dataclass(kw_only=True, slots=True)
class Watch:
    """One sweep of one fleet, on its way.

    `only` leaves the other testers as they are; the sweep is theirs alone where `is_partial` says so.
    `revive` is called when the collector does not
    answer: an embedded one is started again.
    """

    fleet: Fleet
    sweep: Sweep
    ports: Ports
    work: HostWork
    interrupts: Interrupts
    revive: Callable[[], None]
    only: Collection[str] | None = None
    replace: Collection[str] = ()
    is_partial: bool = False
    rows: list[dict[str, Any]] = field(default_factory=list)
    failures: list[Failure] = field(default_factory=list)
    _seen: dict[str, str] | None = None
    _last: Progress | None = None
    _away: bool = False

    def begin(self, *, deadline: Deadline) -> None:
        """Say in numbers what the fleet asks for, and apply it."""
        before = len(self.ports.journal.hosts())
        todo = self._look_and_plan()
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
        self._apply(todo, deadline=deadline)

    def step(self, *, deadline: Deadline) -> list[Action]:
        """Look, plan, and apply what there is to do; return that. Raise `CollectorError`."""
        todo = self._look_and_plan()
        self._apply(todo, deadline=deadline)
        return todo

    def _look_and_plan(self) -> list[Action]:
        # The processes first, then the runs: whoever is gone by now has delivered what we read next.
        note_ended_testers(repeat=self.fleet.run.repeat, work=self.work, ports=self.ports)
        self._read_runs()
        return changes(
            plan(
                fleet=self.fleet,
                hosts=self.ports.journal.hosts(include_removed=True),
                runs=known_runs(self.rows),
                sweep=self.sweep,
                now=self.ports.clock(),
                only=self.only,
                replace=self.replace,
            )
        )

    def until_ended(self, *, deadline: Deadline) -> bool:
        """Go on until every run has ended; return False where the deadline came first."""
        polls = 0
        while not deadline.is_over:
            try:
                todo = self.step(deadline=deadline)
            except CollectorError as error:
                self._not_there(error)
            else:
                self._away = False
                self._say_progress(deadline)
                if not todo and self.has_ended():
                    self._let_leave()
                    return True
            polls += 1
            time.sleep(min(POLL_S if polls < QUICK_POLLS else SLOW_POLL_S, deadline.left_s))
        return False

    def has_ended(self, *, everybody: bool = False) -> bool:
        """Return whether each run of the testers concerned, or of everybody, has ended."""
        repeat = self.fleet.run.repeat
        if repeat is None:
            return False
        ended = dict.fromkeys((tester.name for tester in self.fleet.testers), 0)
        for run in known_runs(self.rows):
            if run.ended and run.index < repeat and run.tester in ended:
                ended[run.tester] += 1
        return all(
            count >= repeat
            for name, count in ended.items()
            if everybody or self.only is None or name in self.only
        )

    def give_up(self, *, reason: str, deadline: Deadline) -> None:
        """Stop the testers concerned, take what they have, and abandon the rest with the reason."""
        hosts = [host for host in self.ports.journal.hosts() if self.only is None or host.tester in self.only]
        drains: list[Action] = [
            DrainHost(host_name=host.name, tester_name=host.tester, reason=reason)
            for host in hosts
            if host.state in (HostState.RUNNING, HostState.STARTING, HostState.FINISHED)
        ]
        self._apply(drains, deadline=deadline)
        self._read_runs()
        self._apply(self.missing(reason=reason), deadline=deadline)
        self._read_runs()

    def missing(self, *, reason: str) -> list[Action]:
        """Return an abandonment for each run that has not ended."""
        known: dict[tuple[str, int], KnownRun] = {
            (run.tester, run.index): run for run in known_runs(self.rows)
        }
        repeat = self.fleet.run.repeat
        found: list[Action] = []
        for tester in self.fleet.testers:
            if self.only is not None and tester.name not in self.only:
                continue
            tester_id = self.ports.tester_ids[tester.name]
            announced = [index for name, index in known if name == tester.name]
            upto = max((index + 1 for index in announced), default=0) if repeat is None else repeat
            left = [
                index
                for index in range(upto)
                if (tester.name, index) not in known or not known[tester.name, index].ended
            ]
            found += [
                AbandonRun(
                    run_id=run_id_of(sweep_id=self.sweep.sweep_id, tester_id=tester_id, index=index),
                    tester_name=tester.name,
                    tester_id=tester_id,
                    sweep_id=self.sweep.sweep_id,
                    index=index,
                    of=repeat,
                    reason=reason,
                )
                for index in left[:MOST_ABANDONED]
            ]
        return found

    def _apply(self, actions: list[Action], *, deadline: Deadline) -> None:
        if not actions:
            return
        with self.interrupts.guarded():
            self.failures += apply(
                actions,
                work=self.work,
                ports=self.ports,
                concurrency=self.fleet.limits.concurrency,
                deadline=deadline,
                stopping=self.interrupts.stopping,
            )

    def _read_runs(self) -> None:
        self.rows = list(self.ports.client.runs(sweep_id=self.sweep.sweep_id))
        if self._seen is None:
            # What had happened before we came is no news.
            self._seen = {row["run_id"]: row["state"] for row in self.rows}
        for row in self.rows:
            if self._seen.get(row["run_id"]) == row["state"]:
                continue
            self._seen[row["run_id"]] = row["state"]
            self.ports.emit(
                RunMoved(
                    time=self.ports.clock(),
                    tester=row["tester"],
                    run_id=row["run_id"],
                    index=row["index"],
                    of=row["of"],
                    state=row["state"],
                    reason=row.get("reason") or "",
                )
            )

    def _say_progress(self, deadline: Deadline) -> None:
        progress = self._progress(deadline)
        # The time that is left changes always, and alone it is no news.
        same = self._last is not None and (self._last.done, self._last.testers) == (
            progress.done,
            progress.testers,
        )
        if not same:
            self._last = progress
            self.ports.emit(progress)

    def _progress(self, deadline: Deadline) -> Progress:
        repeat = self.fleet.run.repeat
        hosts = {host.tester: host for host in self.ports.journal.hosts()}
        ended: dict[str, int] = {}
        abandoned: dict[str, int] = {}
        pinging: set[str] = set()
        for row in self.rows:
            counter = abandoned if row["state"] == "abandoned" else ended
            if row["state"] == "announced":
                pinging.add(row["tester"])
            else:
                counter[row["tester"]] = counter.get(row["tester"], 0) + 1
        testers = []
        concerned = [tester for tester in self.fleet.testers if self.only is None or tester.name in self.only]
        for tester in concerned:
            host = hosts.get(tester.name)
            state = "no host" if host is None else host.state.value
            if state == "running":
                state = "pinging" if tester.name in pinging else "waiting"
            if repeat is not None and ended.get(tester.name, 0) >= repeat:
                state = "done"
            lost = abandoned.get(tester.name, 0)
            testers.append(
                TesterProgress(
                    tester=tester.name,
                    state="failed" if lost else state,
                    done=ended.get(tester.name, 0),
                    of=repeat,
                    note=f"{lost} abandoned" if lost else "",
                )
            )
        return Progress(
            time=self.ports.clock(),
            done=sum(tester.done for tester in testers),
            of=None if repeat is None else repeat * len(concerned),
            failed=sum(1 for tester in testers if tester.state == "failed"),
            left_s=self._left_s(deadline),
            testers=tuple(testers),
        )

    def _left_s(self, deadline: Deadline) -> float | None:
        run = self.fleet.run
        if run.repeat is None:
            return None
        elapsed = self.ports.clock() - self.sweep.started_at
        whole = timedelta(seconds=run.every_s * (run.repeat - 1) + _run_s(self.fleet))
        return min(max(0.0, (whole - elapsed).total_seconds()), deadline.left_s)

    def _not_there(self, error: CollectorError) -> None:
        if not self._away:
            self.ports.emit(
                Note(time=self.ports.clock(), level="warning", text=f"{error.what}; testers go on and spool")
            )
        self._away = True
        self.revive()

    def _let_leave(self) -> None:
        wait = Deadline.after(EXIT_WAIT_S)
        while not wait.is_over:
            note_ended_testers(repeat=self.fleet.run.repeat, work=self.work, ports=self.ports)
            states = {
                host.state
                for host in self.ports.journal.hosts()
                if self.only is None or host.tester in self.only
            }
            if HostState.RUNNING not in states:
                return
            time.sleep(0.05)


def _run_s(fleet: Fleet) -> float:
    """Return how long the longest run should take; names may have more addresses than one."""
    return max(
        (tester.probe.count * tester.probe.interval_s + tester.probe.timeout_s for tester in fleet.testers),
        default=0.0,
    )
