"""The collector that a command reads or writes, and the fleet that is meant there."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from uuid import UUID

from orchestrator.act.access import collector_access
from orchestrator.act.state import FleetState, fleets_with_state, state_of
from orchestrator.collector_client import CollectorClient
from orchestrator.commands.choose_fleet import (
    DEFAULT_FILE,
    TESTERS,
    Asked,
    fleet_of_record,
    fleet_with_state,
    record_of,
    wanted_fleet,
)
from orchestrator.fleet.model import Fleet
from orchestrator.settings import Edge


@dataclass(frozen=True, kw_only=True, slots=True)
class Results:
    """A collector that answers, and the fleet meant: its UUID, its name, or None for the only one.

    `wanted` is the fleet where a file said it.
    """

    client: CollectorClient
    fleet: UUID | str | None
    wanted: Fleet | None = None


@contextmanager
def open_results(asked: Asked, *, edge: Edge) -> Iterator[Results]:
    """Open what holds a fleet's results for the length of a command, running or not.

    Raise `ConfigurationError` where it is not clear which fleet is meant.
    """
    fleet, state, key = _meant(asked, edge=edge)
    settings, environment = edge.settings, edge.environment
    with (
        collector_access(fleet, state, settings=settings, environment=environment) as access,
        access.client() as client,
    ):
        client.check_version()
        yield Results(client=client, fleet=key, wanted=fleet)


@contextmanager
def open_table(name: str | None, *, edge: Edge) -> Iterator[CollectorClient]:
    """Open the collector whose testers table is meant, for the length of a command.

    It is that of the environment, else that of the fleet of this name that has state here, else of
    the only fleet that has.
    """
    settings, environment = edge.settings, edge.environment
    state = None if settings.collector_url is not None else fleet_with_state(Asked(name=name), edge=edge)
    fleet = None if state is None else _recorded(state, edge=edge)[0]
    with (
        collector_access(fleet, state, settings=settings, environment=environment) as access,
        access.client() as client,
    ):
        client.check_version()
        yield client


def fleet_from_table(name: str | None, *, edge: Edge) -> Fleet:
    """Return the fleet of the testers table of the collector that is meant."""
    from orchestrator.fleet.roster import fleet_in_table

    with open_table(name, edge=edge) as client:
        return fleet_in_table(client, name=name, environment=edge.environment)


def _meant(asked: Asked, *, edge: Edge) -> tuple[Fleet | None, FleetState | None, UUID | str | None]:
    directory = edge.settings.state_dir
    if asked.source == TESTERS and edge.settings.collector_url is not None:
        return None, None, asked.name
    if asked.source != TESTERS and (_is_file(asked.fleet) or (_is_silent(asked) and DEFAULT_FILE.exists())):
        fleet = wanted_fleet(asked, edge=edge)
        state = state_of(fleet.name, state_dir=directory)
        if not state.exists:
            return fleet, None, fleet.name
        record = record_of(state, edge=edge)
        return fleet, state, fleet.name if record is None else record.fleet_id
    known = {state.name for state in fleets_with_state(directory)}
    name = asked.name or asked.fleet
    if edge.settings.collector_url is not None and name not in known:
        return None, None, name
    state = fleet_with_state(Asked(name=name), edge=edge)
    recorded, fleet_id = _recorded(state, edge=edge)
    return recorded, state, fleet_id or state.name


def _recorded(state: FleetState, *, edge: Edge) -> tuple[Fleet | None, UUID | None]:
    record = record_of(state, edge=edge)
    if record is None:
        return None, None
    return fleet_of_record(record, edge=edge), record.fleet_id


def _is_file(fleet: str | None) -> bool:
    return fleet is not None and (
        fleet == "-" or Path(fleet).suffix in (".yaml", ".yml") or Path(fleet).is_file()
    )


def _is_silent(asked: Asked) -> bool:
    return asked.fleet is None and asked.name is None
