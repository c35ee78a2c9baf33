"""The facts that a plan is made from, read without changing anything."""

from collections.abc import Collection
from pathlib import Path

from orchestrator.act.journal import Journal
from orchestrator.act.state import FleetState, state_of
from orchestrator.decide.actions import Action
from orchestrator.decide.facts import KnownRun, Sweep
from orchestrator.decide.host import Host
from orchestrator.decide.plan import plan
from orchestrator.fleet.drivers import is_of_docker_machine
from orchestrator.fleet.model import Fleet
from orchestrator.settings import Edge


def planned(
    fleet: Fleet,
    *,
    only: Collection[str] | None,
    replace: Collection[str],
    again: bool,
    edge: Edge,
) -> list[Action]:
    """Return what `up` would do, from the journal and the collector as they are."""
    state = state_of(fleet.name, state_dir=edge.settings.state_dir)
    hosts: list[Host] = []
    sweep: Sweep | None = None
    runs: list[KnownRun] = []
    image = ""
    if state.exists:
        with Journal(state.journal, clock=edge.clock) as journal:
            hosts = journal.hosts(include_removed=True)
            sweep = journal.newest_sweep()
        if sweep is not None and sweep.finished_at is None:
            runs = _runs(fleet, state=state, sweep=sweep, edge=edge)
            image = _image(fleet)
    return plan(
        fleet=fleet,
        hosts=hosts,
        runs=runs,
        sweep=sweep,
        now=edge.clock(),
        only=only,
        replace=replace,
        again=again,
        image=image,
    )


def _image(fleet: Fleet) -> str:
    from tempfile import TemporaryDirectory

    from orchestrator.act.placing import image_tag

    with TemporaryDirectory() as scratch:
        return image_tag(fleet, scratch=Path(scratch))


def _runs(fleet: Fleet, *, state: FleetState, sweep: Sweep, edge: Edge) -> list[KnownRun]:
    from orchestrator.act.access import collector_access
    from orchestrator.act.observe import known_runs

    access = collector_access(fleet, state, settings=edge.settings, environment=edge.environment)
    with access as found, found.client() as client:
        return known_runs(client.runs(sweep_id=sweep.sweep_id))


def prices_of(fleet: Fleet, *, edge: Edge, offline: bool) -> dict[str, float | None]:
    """Return USD per hour of each tester's host that costs something, None where nobody knows."""
    if not any(is_of_docker_machine(tester.driver) for tester in fleet.testers):
        return {}
    from orchestrator.act.check_hosts import HostChecks
    from orchestrator.act.clouds import can_ask
    from orchestrator.act.price import FleetPrice
    from orchestrator.act.suppliers import Suppliers

    state = state_of(fleet.name, state_dir=edge.settings.state_dir)
    hosts = HostChecks(fleet, state=state, access=None, only=None, edge=edge)
    suppliers = None
    if can_ask() and not offline:
        suppliers = Suppliers(fleet, state=state, hosts=hosts, edge=edge)
    price = FleetPrice(fleet=fleet, testers=hosts.elsewhere, suppliers=suppliers)
    return {name: each.usd for name, each in price.hosts.items()}
