"""Looks at a fleet without touching it, for `status`."""

from collections import Counter
from collections.abc import Mapping
from contextlib import suppress

from orchestrator.act.access import Access, embedded_access, remote_access
from orchestrator.act.embedded import EmbeddedCollector
from orchestrator.act.journal import Journal
from orchestrator.act.placing import places_of
from orchestrator.act.state import FleetState
from orchestrator.collector_client import CollectorError
from orchestrator.commands.choose_fleet import fleet_of_record
from orchestrator.decide.host import HostState
from orchestrator.errors import ConfigurationError, OrchestratorError
from orchestrator.fleet.drivers import is_of_docker_machine
from orchestrator.places.deadline import Deadline
from orchestrator.places.place import Life
from orchestrator.settings import Edge
from orchestrator.show.status import FleetStatus

TEND_S = 60.0


def look(state: FleetState, *, refresh: bool, edge: Edge) -> FleetStatus:
    """Return what the journal says, and with `refresh` what processes and collector say as well."""
    with Journal(state.journal, clock=edge.clock) as journal:
        record = journal.fleet()
        hosts = journal.hosts()
        sweep = journal.newest_sweep()
        outcome = None if sweep is None else journal.outcome(sweep.sweep_id)
    if record is None:
        raise ConfigurationError(f"nothing of fleet {state.name!r} was begun", next_step="orchestrate up")
    lives: Mapping[str, Life] = {}
    runs: dict[str, int] | None = None
    url = record.collector_url
    if refresh:
        running = [host.name for host in hosts if host.state is HostState.RUNNING]
        driver_of = {host.name: host.driver for host in hosts}.__getitem__
        places = places_of(state, fleet=fleet_of_record(record, edge=edge), driver_of=driver_of, edge=edge)
        made = [host.name for host in hosts if is_of_docker_machine(host.driver)]
        with suppress(OrchestratorError):
            # Whoever looks also sees to it that hosts end by themselves, and lets himself in.
            places.tend(made, deadline=Deadline.after(TEND_S))
        lives = places.lives(running)
        access = _access(state, url=url, edge=edge)
        url = None if access is None else access.url
        if access is not None and sweep is not None:
            with suppress(CollectorError), access.client() as client:
                rows = client.runs(sweep_id=sweep.sweep_id)
                runs = dict(Counter(row["tester"] for row in rows if row["state"] != "announced"))
    return FleetStatus(
        fleet=state.name,
        fleet_id=record.fleet_id,
        source=record.source,
        collector_url=url,
        is_embedded=record.collector_url is None,
        hosts=tuple(hosts),
        gone=frozenset(name for name, life in lives.items() if life is Life.ENDED),
        silent=frozenset(name for name, life in lives.items() if life is Life.UNKNOWN),
        sweep=sweep,
        outcome=outcome,
        runs=runs,
        refreshed=refresh,
    )


def _access(state: FleetState, *, url: str | None, edge: Edge) -> Access | None:
    if url is None:
        collector = EmbeddedCollector(state.collector)
        running = collector.running_url()
        return None if running is None else embedded_access(collector, url=running)
    with Journal(state.journal, clock=edge.clock) as journal:
        record = journal.fleet()
    assert record is not None
    fleet = fleet_of_record(record, edge=edge)
    return remote_access(fleet, settings=edge.settings, environment=edge.environment)
