"""A pure model of what applying actions does, one journalled move at a time."""

from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from uuid import UUID, uuid5

from orchestrator.decide.actions import (
    AbandonRun,
    Action,
    CreateHost,
    DrainHost,
    KeepHost,
    RemoveHost,
    ReplaceTester,
    StartTester,
    UpdateJob,
    changes,
)
from orchestrator.decide.facts import KnownRun, RunState, Sweep
from orchestrator.decide.host import Host, HostEvent, HostState, moved
from orchestrator.decide.plan import plan, plan_down
from orchestrator.decide.told import digest_of_job
from orchestrator.fleet.model import Fleet, Probe, Run, Server, Tester
from wire.identity import run_id_of

NOON = datetime(2026, 11, 23, 12, 0, tzinfo=UTC)
SPACE = UUID("5f1c8a52-63a5-4a63-a1f4-0d7f6d5a3a11")
SWEEP = Sweep(sweep_id=uuid5(SPACE, "sweep"), started_at=NOON)


def a_fleet(*names: str, repeat: int | None = 2, count: int = 3, server: str = "127.0.0.1") -> Fleet:
    return Fleet(
        name="demo",
        testers=tuple(Tester(name=name, probe=Probe(count=count)) for name in names),
        servers=(Server(name="loopback", host=server),),
        run=Run(repeat=repeat, every_s=1.0),
    )


def tester_id_of(name: str) -> UUID:
    return uuid5(SPACE, name)


def a_host(name: str, tester: str, state: HostState, **fields: object) -> Host:
    host = Host(
        name=name,
        tester=tester,
        tester_id=tester_id_of(tester),
        driver="local",
        region=tester,
        state=state,
        since=NOON,
    )
    return replace(host, **fields)  # type: ignore[arg-type]  # the fields of a Host


def a_run(tester: str, index: int, state: RunState, **fields: object) -> KnownRun:
    run = KnownRun(
        run_id=run_id_of(sweep_id=SWEEP.sweep_id, tester_id=tester_id_of(tester), index=index),
        tester=tester,
        tester_id=tester_id_of(tester),
        sweep_id=SWEEP.sweep_id,
        index=index,
        of=2,
        state=state,
        announced_at=NOON,
        expected_s=10.0,
    )
    return replace(run, **fields)  # type: ignore[arg-type]  # the fields of a KnownRun


class Crash(Exception):
    """The orchestrator is killed."""


@dataclass
class World:
    """Hosts in the journal and runs at the collector."""

    fleet: Fleet
    sweep: Sweep = SWEEP
    hosts: dict[str, Host] = field(default_factory=dict)
    runs: dict[UUID, KnownRun] = field(default_factory=dict)
    moves_left: int | None = None
    most_live: int = 0
    made: int = 0

    def up(self, **arguments: object) -> list[Action]:
        actions = plan(
            fleet=self.fleet,
            hosts=self.hosts.values(),
            runs=self.runs.values(),
            now=NOON,
            sweep=self.sweep,
            **arguments,  # type: ignore[arg-type]  # only, replace, again
        )
        self.apply_all(actions)
        return changes(actions)

    def down(self) -> list[Action]:
        actions = plan_down(hosts=self.hosts.values(), now=NOON)
        self.apply_all(actions)
        return actions

    def apply_all(self, actions: list[Action]) -> None:
        for action in actions:
            self.apply(action)

    def apply(self, action: Action) -> None:
        match action:
            case CreateHost():
                name = action.host_name or self._mint(action)
                self._move(name, HostEvent.CREATE_STARTED)
                self._move(name, HostEvent.CREATED)
            case StartTester() | ReplaceTester():
                name = action.host_name or self._ready_host(action.tester_name)
                self._move(name, HostEvent.START_STARTED)
                self._told(name)
                self._move(name, HostEvent.TESTER_STARTED)
            case UpdateJob():
                self._told(action.host_name)
            case DrainHost():
                if self.hosts[action.host_name].state is not HostState.DRAINING:
                    self._move(action.host_name, HostEvent.DRAIN_STARTED)
                self._move(action.host_name, HostEvent.DRAINED)
            case RemoveHost():
                if self.hosts[action.host_name].state is not HostState.REMOVING:
                    self._move(action.host_name, HostEvent.REMOVE_STARTED)
                self._move(action.host_name, HostEvent.REMOVED)
            case AbandonRun():
                known = self.runs.get(action.run_id)
                if known is None or not known.ended:
                    self._record(action.tester_name, action.index, RunState.ABANDONED)
            case KeepHost():
                pass

    def live_on(self) -> None:
        """Let every tester that runs make its runs."""
        for host in list(self.hosts.values()):
            if host.state is HostState.RUNNING and self.fleet.run.repeat is not None:
                for index in range(self.fleet.run.repeat):
                    known = self.runs.get(self._run_id(host.tester, index))
                    if known is None or not known.ended:
                        self._record(host.tester, index, RunState.COMPLETE)
                self._move(host.name, HostEvent.RUNS_COMPLETE)

    def live(self) -> list[Host]:
        return [host for host in self.hosts.values() if host.live]

    def live_counts(self) -> Iterator[int]:
        for name in {host.tester for host in self.live()}:
            yield sum(host.tester == name for host in self.live())

    def ended(self, tester: str) -> int:
        return sum(run.ended for run in self.runs.values() if run.tester == tester)

    def _record(self, tester: str, index: int, state: RunState) -> None:
        self.runs[self._run_id(tester, index)] = a_run(tester, index, state, sweep_id=self.sweep.sweep_id)

    def _run_id(self, tester: str, index: int) -> UUID:
        return run_id_of(sweep_id=self.sweep.sweep_id, tester_id=tester_id_of(tester), index=index)

    def _mint(self, action: CreateHost) -> str:
        self.made += 1
        name = f"demo-{action.tester_name}-{self.made}"
        assert name not in self.hosts
        self.hosts[name] = a_host(name, action.tester_name, HostState.PLANNED, attempts=action.attempt)
        self._moved()
        return name

    def _ready_host(self, tester: str) -> str:
        [name] = [
            host.name
            for host in self.hosts.values()
            if host.tester == tester and host.state is HostState.READY
        ]
        return name

    def _told(self, name: str) -> None:
        host = self.hosts[name]
        tester = self.fleet.tester(host.tester)
        assert tester is not None
        digest = digest_of_job(fleet=self.fleet, tester=tester)
        self.hosts[name] = replace(host, job_digest=digest, sweep_id=self.sweep.sweep_id)

    def _move(self, name: str, event: HostEvent) -> None:
        host = self.hosts[name]
        state = moved(host.state, event)
        failed = host.failed or state is HostState.FAILED
        self.hosts[name] = replace(host, state=state, failed=failed)
        self._moved()

    def _moved(self) -> None:
        self.most_live = max([self.most_live, *self.live_counts()])
        if self.moves_left is not None:
            self.moves_left -= 1
            if self.moves_left < 0:
                raise Crash
