"""Addresses as facts, and the jobs that come of them."""

from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from uuid import UUID

import pytest

from orchestrator.act.access import Access
from orchestrator.act.job import job_of
from orchestrator.act.journal import Journal
from orchestrator.act.peers import known_addresses
from orchestrator.act.ports import Ports
from orchestrator.act.state import FleetState
from orchestrator.collector_client import CollectorClient
from orchestrator.decide.host import MOVES, Host, HostEvent, HostState
from orchestrator.decide.peers import HAS_ADDRESS
from orchestrator.fleet.model import Fleet, Server, Tester
from orchestrator.places.local import LocalPlace
from orchestrator.places.place import LOOPBACK
from wire.job import Job

NOON = datetime(2026, 11, 23, 12, tzinfo=UTC)
URL = "http://127.0.0.1:9"
PEERS = Fleet(
    name="mill",
    testers=(Tester(name="a"), Tester(name="b")),
    servers=(
        Server(name="one", host="192.0.2.9"),
        Server(name="testers", group="peers", from_testers=True),
    ),
)


@pytest.fixture
def ports(tmp_path: Path) -> Iterator[Ports]:
    state = FleetState(name="mill", directory=tmp_path)
    with (
        Journal(state.journal, clock=lambda: NOON) as journal,
        CollectorClient(URL) as client,
    ):
        yield Ports(
            fleet_id=UUID(int=7),
            state=state,
            journal=journal,
            place=LocalPlace(root=state.testers),
            client=client,
            access=Access(url=URL),
            tester_ids={},
            emit=lambda _: None,
            clock=lambda: NOON,
        )


def put(ports: Ports, state: HostState) -> None:
    """Journal a host of tester `a` and move it to a state."""
    host = Host(
        name="h",
        tester="a",
        tester_id=UUID(int=1),
        driver="local",
        region="a",
        state=HostState.PLANNED,
        since=NOON,
    )
    ports.journal.add_host(host)
    ways: dict[HostState, list[HostEvent]] = {HostState.PLANNED: []}
    while state not in ways:
        for (before, event), after in MOVES.items():
            if before in ways and after not in ways:
                ways[after] = [*ways[before], event]
    for event in ways[state]:
        ports.journal.move("h", event)


@pytest.mark.parametrize("state", list(HostState))
def test_only_a_host_that_is_made_and_well_has_an_address(ports: Ports, state: HostState) -> None:
    put(ports, state)

    assert ports.journal.host("h").state is state
    assert known_addresses(PEERS, ports=ports) == ({"a": LOOPBACK} if state in HAS_ADDRESS else {})


def test_nobody_is_asked_where_testers_do_not_measure_each_other(ports: Ports) -> None:
    put(ports, HostState.READY)
    plain = PEERS.model_copy(update={"servers": PEERS.servers[:1]})

    assert known_addresses(plain, ports=ports) == {}


def test_a_job_has_the_peers_whose_addresses_are_known_and_survives_the_wire() -> None:
    job = job_of(
        fleet=PEERS,
        fleet_id=UUID(int=7),
        tester=PEERS.testers[1],
        tester_id=UUID(int=2),
        sweep_id=UUID(int=3),
        access=Access(url=URL),
        addresses={"a": LOOPBACK, "b": LOOPBACK},
    )

    assert [(server.name, server.host) for server in job.servers] == [("one", "192.0.2.9"), ("a", LOOPBACK)]
    assert Job.from_bytes(job.to_bytes()) == job
