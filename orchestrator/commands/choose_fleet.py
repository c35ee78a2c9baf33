"""Which fleet a command is about."""

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

import click

from orchestrator.act.journal import FleetRecord, Journal
from orchestrator.act.state import FleetState, fleets_with_state, state_of
from orchestrator.errors import ConfigurationError, FleetFileError
from orchestrator.fleet.model import Fleet
from orchestrator.settings import Edge

if TYPE_CHECKING:
    from orchestrator.fleet.origins import Origins

DEFAULT_FILE = Path("fleet.yaml")
TESTERS = "testers"

F = TypeVar("F", bound=Callable[..., Any])


@dataclass(frozen=True, kw_only=True, slots=True)
class Asked:
    """What the command line says about the fleet."""

    fleet: str | None = None
    source: str | None = None
    name: str | None = None
    profile: str | None = None


def fleet_argument(command: F) -> F:
    """Give a command the argument FLEET and the options that choose a fleet, as `asked`."""
    command = click.option("--profile", metavar="NAME", help="Apply a profile of the fleet file.")(command)
    command = click.option(
        "--fleet", "fleet_name", metavar="NAME", help="The fleet's name, where the table holds several."
    )(command)
    command = click.option(
        "--from", "source", type=click.Choice([TESTERS]), help="Take the fleet from the collector's table."
    )(command)
    return click.argument("fleet", required=False)(command)


def state_argument(command: F) -> F:
    """Give a command the argument FLEET and `--fleet`, for a fleet that has state here."""
    command = click.option("--fleet", "fleet_name", metavar="NAME", help="The fleet's name.")(command)
    return click.argument("fleet", required=False)(command)


def wanted_fleet(asked: Asked, *, edge: Edge) -> Fleet:
    """Return the fleet as it is wanted: from a file, stdin, or the collector's testers table.

    Without a word it is `./fleet.yaml` if that is there, else the table. Raises `FleetFileError`.
    """
    return expanded(fleet_as_written(asked, edge=edge), edge=edge)


def expanded(fleet: Fleet, *, edge: Edge) -> Fleet:
    """Return the fleet with a tester for each region of the account where it says `regions: all`."""
    if fleet.testers_of_all_regions():
        from orchestrator.act.everywhere import everywhere

        return everywhere(fleet, edge=edge)
    return fleet


def fleet_as_written(asked: Asked, *, edge: Edge) -> Fleet:
    """Return the fleet as `wanted_fleet` does, before any account is asked for its regions."""
    return fleet_with_origins(asked, edge=edge)[0]


def fleet_with_origins(asked: Asked, *, edge: Edge) -> "tuple[Fleet, Origins | None]":
    """Return the fleet as written, and where its values stand; None where that is the testers table."""
    if asked.source == TESTERS:
        if asked.fleet is not None:
            raise ConfigurationError(
                "`--from testers` takes no FLEET file", next_step="give one of both; a name goes to --fleet"
            )
        return _from_table(asked, edge=edge), None
    if asked.fleet is None and not DEFAULT_FILE.exists() and edge.settings.collector_url is not None:
        return _from_table(asked, edge=edge), None
    from orchestrator.fleet.file import read_with_origins

    environment, profile = edge.environment, asked.profile
    if asked.fleet == "-":
        text = edge.stdin.read()
        fleet, origins = read_with_origins(None, text=text, environment=environment, profile=profile)
    else:
        path = DEFAULT_FILE if asked.fleet is None else Path(asked.fleet)
        fleet, origins = read_with_origins(path, environment=environment, profile=profile)
    if asked.name is not None and asked.name != fleet.name:
        raise ConfigurationError(f"{fleet.source} holds fleet {fleet.name!r}, not {asked.name!r}")
    return fleet, origins


def at_its_collector(fleet: Fleet, *, edge: Edge) -> Fleet:
    """Return the fleet with the collector of the environment where it names none itself.

    What testers were told is compared by it: another collector is another job.
    """
    url = edge.settings.collector_url
    if fleet.collector.url is not None or url is None:
        return fleet
    return fleet.model_copy(update={"collector": fleet.collector.model_copy(update={"url": url})})


def fleet_with_state(asked: Asked, *, edge: Edge) -> FleetState:
    """Return the state of the fleet meant: of the file, of `--fleet`, or the only one that is here.

    FLEET may also be the name of a fleet. Raise `ConfigurationError` with the list where it is not
    clear which one is meant.
    """
    directory = edge.settings.state_dir
    if asked.name is not None:
        return _known(asked.name, edge=edge)
    if asked.fleet is not None:
        known = {state.name for state in fleets_with_state(directory)}
        if asked.fleet in known and not Path(asked.fleet).exists():
            return state_of(asked.fleet, state_dir=directory)
        return _known(wanted_fleet(asked, edge=edge).name, edge=edge)
    known_here = fleets_with_state(directory)
    broken: FleetFileError | None = None
    if DEFAULT_FILE.exists():
        try:
            state = state_of(wanted_fleet(Asked(), edge=edge).name, state_dir=directory)
        except FleetFileError as error:
            # A file that was broken after `up` must not keep anybody from `down`.
            broken = error
        else:
            if state.exists:
                return state
    if len(known_here) == 1:
        return known_here[0]
    if broken is not None:
        raise broken
    if not known_here:
        raise ConfigurationError("no fleet has state here", cause=f"{directory} holds none")
    names = ", ".join(state.name for state in known_here)
    raise ConfigurationError(f"several fleets have state here: {names}", next_step="say which: --fleet NAME")


def record_of(state: FleetState, *, edge: Edge) -> FleetRecord | None:
    """Return what the journal says of the fleet."""
    with Journal(state.journal, clock=edge.clock) as journal:
        return journal.fleet()


def fleet_of_record(record: FleetRecord, *, edge: Edge) -> Fleet:
    """Return the fleet as it was last asked for."""
    return Fleet.from_spec(record.spec, edge.environment, source=record.source, directory=record.directory)


def _known(name: str, *, edge: Edge) -> FleetState:
    state = state_of(name, state_dir=edge.settings.state_dir)
    if not state.exists:
        names = ", ".join(known.name for known in fleets_with_state(edge.settings.state_dir)) or "none"
        raise ConfigurationError(
            f"fleet {name!r} has no state here",
            cause=f"fleets with state: {names}",
            next_step="orchestrate up",
        )
    return state


def _from_table(asked: Asked, *, edge: Edge) -> Fleet:
    from orchestrator.commands.open_results import fleet_from_table

    return fleet_from_table(asked.name, edge=edge)
