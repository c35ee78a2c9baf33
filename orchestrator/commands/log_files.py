"""Where the log of a tester lies, for `logs`."""

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from orchestrator.act.embedded import EmbeddedCollector
from orchestrator.act.state import FleetState
from orchestrator.commands.choose_host import KnownHosts, known_hosts
from orchestrator.errors import ConfigurationError
from orchestrator.places.place import Life
from orchestrator.settings import Edge

COLLECTOR = "collector"


@dataclass(frozen=True, kw_only=True, slots=True)
class LogFile:
    """A log, and whether somebody still writes to it."""

    path: Path
    is_written: Callable[[], bool]


def log_of(state: FleetState, *, tester: str, edge: Edge) -> LogFile:
    """Return the log of a tester's newest host, a removed one's as well; raise `ConfigurationError`."""
    known = known_hosts(state, edge=edge)
    mine = known.of(tester)
    for host in mine:
        path = (known.places.log(host.name) if host.live else None) or state.logs / f"{host.name}.log"
        if path.exists():
            return LogFile(path=path, is_written=lambda name=host.name: _is_written(known, name))  # type: ignore[misc]  # bound now
    embedded = EmbeddedCollector(state.collector)
    if tester == COLLECTOR and embedded.log.exists():
        return LogFile(path=embedded.log, is_written=lambda: embedded.is_alive)
    if mine:
        raise ConfigurationError(f"tester {tester!r} has written nothing")
    raise known.no_tester(tester)


def _is_written(known: KnownHosts, host_name: str) -> bool:
    """Return whether a tester goes on writing; what it wrote meanwhile is fetched."""
    is_over = known.places.lives([host_name])[host_name] is Life.ENDED
    known.places.log(host_name)
    return not is_over
