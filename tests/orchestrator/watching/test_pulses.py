"""A dead tester is told from a slow one by what a real collector has heard of it."""

from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

import pytest

from orchestrator.act.pulses import ASK_EVERY_S, Pulses
from orchestrator.decide.host import Host, HostState
from orchestrator.events import TesterPulse
from orchestrator.fleet.model import Fleet, Tester
from tests.collector.hardship.a_program import a_program
from tests.orchestrator.watching.a_sweep import Followed, followed
from tests.orchestrator.watching.conftest import Shared

HOST = "edge-first"


class Watched:
    """A tester on a host that is RUNNING; time goes on as the test says."""

    def __init__(self, sweep: Followed, *, driver: str = "local") -> None:
        self.sweep = sweep
        self.now = 1_000.0
        self.unanswered: dict[str, float] = {}
        fleet = Fleet(name="edge", testers=(Tester(name=sweep.name, driver=driver),))
        if driver != "local":
            fleet = fleet.model_copy(update={"delivery": "pull"})
        self.pulses = Pulses(fleet=fleet, ports=sweep.ports, clock=lambda: self.now)
        self.host = a_host(sweep)

    def look(self) -> None:
        self.sweep.following.read()
        self.pulses.ask()
        self.pulses.feel([self.host], rows=self.sweep.following.runs.rows, unanswered=self.unanswered)

    def go_on(self, for_s: float, *, beating: bool) -> None:
        end = self.now + for_s
        while self.now < end:
            if beating:
                self.sweep.beat()
            self.now += ASK_EVERY_S
            self.look()

    def told(self) -> list[tuple[str, str]]:
        return [(event.state, event.cause) for event in self.sweep.told if isinstance(event, TesterPulse)]


def a_host(sweep: Followed, name: str = HOST) -> Host:
    return Host(
        name=name,
        tester=sweep.name,
        tester_id=sweep.tester_id,
        driver="local",
        region="here",
        state=HostState.RUNNING,
        since=datetime.now(UTC),
    )


@pytest.fixture
def one_sweep(shared: Shared, tmp_path: Path) -> Iterator[Followed]:
    with followed(shared.program, tmp_path, tester=shared.tester()) as sweep:
        yield sweep


@pytest.fixture
def sweep(database_url: str, tmp_path: Path) -> Iterator[Followed]:
    with (
        a_program(database_url, log=tmp_path / "log") as program,
        followed(program, tmp_path / "state") as sweep,
    ):
        yield sweep


def test_a_late_run_is_slow_while_heartbeats_arrive_and_dead_when_they_cease(sweep: Followed) -> None:
    watched = Watched(sweep)
    watched.look()
    sweep.announce(0, expected_s=20.0)
    watched.go_on(300, beating=True)
    watched.go_on(300, beating=False)
    sweep.deliver(0)
    watched.go_on(20, beating=True)

    assert watched.told() == [
        ("late", "run 1 was to take 20 s at most and is not over; its heartbeats arrive"),
        ("dead", "no heartbeat for 100 s; its process is there"),
        ("well", ""),
    ]
    assert watched.pulses.found[sweep.name].cause == ""

    # A host that does not answer us, though its tester does the collector, is not dead: neither is it told.
    del sweep.told[:]
    watched.unanswered[HOST] = watched.now
    watched.go_on(300, beating=True)
    assert watched.told() == []
    assert watched.pulses.heard_since(sweep.name, watched.now - 60)
    watched.go_on(120, beating=False)
    assert watched.told() == [("dead", "no heartbeat for 100 s; its host does not answer either")]
    assert not watched.pulses.heard_since(sweep.name, watched.now - 60)

    # Its host is seen to be gone, which is told already; another takes its place and has said nothing yet.
    watched.pulses.gone(watched.host, cause="its tester was killed")
    assert len(watched.told()) == 1
    watched.host = a_host(sweep, "edge-second")
    watched.go_on(60, beating=False)
    assert watched.pulses.found[sweep.name].cause == ""


def test_nobody_is_silent_while_the_collector_is_away(one_sweep: Followed) -> None:
    watched = Watched(one_sweep)
    watched.go_on(60, beating=True)
    watched.now += 3_600
    watched.pulses.collector_was_away()
    watched.go_on(60, beating=False)

    assert watched.told() == []


def test_an_absence_of_the_collector_is_no_sign_of_life(one_sweep: Followed) -> None:
    watched = Watched(one_sweep)
    one_sweep.beat()
    watched.look()
    begun = watched.now
    # What was there before we looked was not seen to come, nor was anything while nobody could be asked.
    watched.now += 60
    watched.pulses.collector_was_away()
    watched.look()
    assert not watched.pulses.heard_since(one_sweep.name, begun - 1), watched.pulses._heard[one_sweep.name]

    watched.go_on(ASK_EVERY_S, beating=True)
    assert watched.pulses.heard_since(one_sweep.name, begun)


def test_a_tester_that_sends_no_heartbeats_lives_as_long_as_its_host_answers(one_sweep: Followed) -> None:
    watched = Watched(one_sweep, driver="amazonec2")
    watched.go_on(600, beating=False)
    assert watched.told() == []

    watched.unanswered[HOST] = watched.now
    watched.go_on(200, beating=False)
    assert watched.told() == [("dead", "its host has not answered for 100 s")]


def test_a_tester_that_is_seen_to_be_gone_is_dead_at_once(one_sweep: Followed) -> None:
    watched = Watched(one_sweep)
    watched.look()
    watched.pulses.gone(watched.host, cause="its tester was killed")
    watched.pulses.gone(watched.host, cause="its tester was killed")

    assert watched.told() == [("dead", "its tester was killed")]
