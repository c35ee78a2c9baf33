"""A sweep at a real collector, followed from this process; what its testers say is said by the test."""

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any
from uuid import UUID, uuid4

from orchestrator.act.access import Access
from orchestrator.act.following import Following
from orchestrator.act.journal import Journal
from orchestrator.act.ports import Ports
from orchestrator.act.state import FleetState
from orchestrator.act.sweep_runs import SweepRuns
from orchestrator.collector_client import CollectorError
from orchestrator.decide.facts import Sweep
from orchestrator.events import Event, Note, RunMoved
from orchestrator.fleet.model import Fleet, Run, Tester
from orchestrator.patience import Patience
from orchestrator.places.local import LocalPlace
from tests.collector.a_collector import ADMIN_TOKEN, a_report
from tests.collector.hardship.a_program import Program
from wire.announce import Announcement, Heartbeat
from wire.report import Report

DEADLINE_S = 60.0


@dataclass(kw_only=True, slots=True)
class Followed:
    """One tester's sweep; `told` are the events of the orchestrator."""

    program: Program
    name: str
    tester_id: UUID
    sweep_id: UUID
    ports: Ports
    following: Following
    told: list[Event] = field(default_factory=list)

    def report(self, index: int) -> Report:
        return a_report(self.tester_id, sweep_id=self.sweep_id, index=index)

    def announce(self, index: int, *, expected_s: float = 10.0) -> None:
        report = self.report(index)
        said = Announcement(
            run_id=report.run_id,
            tester_id=self.tester_id,
            sweep_id=self.sweep_id,
            index=index,
            of=1,
            planned=len(report.results),
            started_at=report.started_at,
            expected_s=expected_s,
        )
        assert self._send("PUT", f"/api/v1/runs/{report.run_id}", said.to_bytes()) == 201

    def deliver(self, index: int) -> int:
        return self.send(self.report(index))

    def send(self, report: Report) -> int:
        """Send a report, which may be sent again as it is: made anew, it would be another one."""
        return self._send("PUT", f"/api/v1/runs/{report.run_id}/report", report.to_bytes())

    def beat(self) -> None:
        body = Heartbeat(tester_id=self.tester_id, state="pinging").to_bytes()
        assert self._send("POST", "/api/v1/heartbeats", body) == 204

    def _send(self, method: str, path: str, body: bytes) -> int:
        return self.program.send(method, path, body, user=self.tester_id)[0]

    @property
    def moves(self) -> list[tuple[int, str]]:
        return [(event.index, event.state) for event in self.told if isinstance(event, RunMoved)]

    @property
    def notes(self) -> list[str]:
        return [event.text for event in self.told if isinstance(event, Note)]

    def follow_until(self, true: Callable[[], Any]) -> None:
        """Keep up as a watch does, whoever is away meanwhile, until something is so."""
        end = time.monotonic() + DEADLINE_S
        while not true():
            assert time.monotonic() < end, (self.moves, self.notes)
            with suppress(CollectorError):
                self.following.keep_up(moved=None)
            self.following.wait(0.2)


@contextmanager
def followed(
    program: Program,
    directory: Path,
    *,
    tester: tuple[str, UUID] | None = None,
    url: str | None = None,
    **patience: float,
) -> Iterator[Followed]:
    """Follow a new sweep of a tester, by default of a new fleet's only one; `url` says by which way."""
    name, tester_id = tester or ("tester0", program.register(1)[0])
    directory.mkdir(exist_ok=True)
    told: list[Event] = []
    access = Access(url=url or program.url, admin_token=ADMIN_TOKEN)
    fleet = Fleet(name="edge", testers=(Tester(name=name),), run=Run(repeat=None))
    sweep = Sweep(sweep_id=uuid4(), started_at=datetime.now(UTC))
    state = FleetState(name="edge", directory=directory)
    with Journal(state.journal, clock=lambda: datetime.now(UTC)) as journal, access.client() as client:
        fleet_id = next(
            UUID(row["fleet_id"]) for row in client.testers() if row["tester_id"] == str(tester_id)
        )
        ports = Ports(
            fleet_id=fleet_id,
            state=state,
            journal=journal,
            place=LocalPlace(root=state.testers),
            client=client,
            access=access,
            tester_ids={name: tester_id},
            emit=told.append,
            clock=lambda: datetime.now(UTC),
            patience=Patience(**patience),  # type: ignore[arg-type]  # seconds alone are given
        )
        runs = SweepRuns(fleet=fleet, sweep=sweep, ports=ports)
        yield Followed(
            program=program,
            name=name,
            tester_id=tester_id,
            sweep_id=sweep.sweep_id,
            ports=ports,
            following=Following(runs=runs, ports=ports),
            told=told,
        )
