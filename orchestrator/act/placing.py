"""Which place the hosts of a fleet are at, by their driver."""

import threading
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

from orchestrator.act.clouds import clouds_of
from orchestrator.act.journal import Journal
from orchestrator.act.state import FleetState
from orchestrator.fleet.drivers import DOCKER, GENERIC, LOCAL
from orchestrator.fleet.model import Fleet
from orchestrator.places.by_driver import PlacesByDriver
from orchestrator.places.local import LocalPlace
from orchestrator.places.place import Place
from orchestrator.settings import Edge

if TYPE_CHECKING:
    from orchestrator.places.images.plan import ImagePlan
    from orchestrator.places.machine.hosts import MachineHosts

MACHINE = "docker-machine"


def drivers_of(journal: Journal) -> Callable[[str], str]:
    """Return what knows the driver of a host that was begun."""
    return lambda host_name: journal.host(host_name).driver


def places_of(
    state: FleetState, *, fleet: Fleet | None, driver_of: Callable[[str], str], edge: Edge
) -> PlacesByDriver:
    """Return the places of a fleet's hosts; each kind is opened when it is first asked for.

    `fleet` None: the fleet cannot be read any more, and nothing is to be started.
    """
    opened: dict[str, Place] = {}
    guard = threading.Lock()

    def place_for(driver: str) -> Place:
        kind = driver if driver in (LOCAL, DOCKER) else MACHINE
        with guard:
            if kind not in opened:
                opened[kind] = (
                    LocalPlace(root=state.testers)
                    if kind == LOCAL
                    else _containers(kind, state=state, fleet=fleet, driver_of=driver_of, edge=edge)
                )
            return opened[kind]

    return PlacesByDriver(driver_of=driver_of, place_for=place_for)


def image_tag(fleet: Fleet, *, scratch: Path) -> str:
    """Return our name for what the fleet's containers are made from, empty where it has none.

    What is packed for a build lies in `scratch`.
    """
    if all(tester.driver == LOCAL for tester in fleet.testers):
        return ""
    return _image_plan(fleet, scratch=scratch).tag()


def _image_plan(fleet: Fleet, *, scratch: Path) -> "ImagePlan":
    from orchestrator.places.engines.docker import LOCAL_ENGINE
    from orchestrator.places.engines.engine import EngineAddress
    from orchestrator.places.images.plan import ImagePlan

    return ImagePlan(
        fleet.image, base=Path(fleet.directory), scratch=scratch, local=EngineAddress(url=LOCAL_ENGINE)
    )


def _containers(
    kind: str, *, state: FleetState, fleet: Fleet | None, driver_of: Callable[[str], str], edge: Edge
) -> Place:
    # Docker's library takes a while to import: a fleet of local testers does without.
    from orchestrator.places.engines.container_place import ContainerPlace
    from orchestrator.places.engines.docker import DockerHosts
    from orchestrator.places.engines.engine import EngineHosts

    hosts: EngineHosts = (
        DockerHosts(root=state.testers, environment=edge.environment)
        if kind == DOCKER
        else machine_hosts(state, fleet=fleet, edge=edge)
    )
    images = None if fleet is None else _image_plan(fleet, scratch=state.image)
    return ContainerPlace(
        hosts=hosts,
        images=images,
        root=state.testers,
        keeps_disk=lambda host_name: driver_of(host_name) in (DOCKER, GENERIC),
        call_s=edge.settings.patience.engine_deadline_s,
    )


def machine_hosts(state: FleetState, *, fleet: Fleet | None, edge: Edge) -> "MachineHosts":
    """Return the hosts that docker-machine makes for a fleet."""
    from orchestrator.places.machine.hosts import MachineHosts, MachineLimits
    from orchestrator.places.machine.removal import RemovalLimits

    patience = edge.settings.patience
    return MachineHosts(
        program=edge.settings.docker_machine,
        store=state.machines,
        testers=state.testers,
        keys=state.credentials,
        environment=edge.environment,
        limits=MachineLimits(
            create_s=patience.create_deadline_s,
            ping_s=patience.engine_deadline_s,
            per_region=patience.creates_per_region,
            removal=RemovalLimits(remove_s=patience.remove_deadline_s, attempts=patience.remove_attempts),
        ),
        cloud_for=clouds_of(state, fleet=fleet, edge=edge),
    )
