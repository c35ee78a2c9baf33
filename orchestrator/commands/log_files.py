"""Where the log of a tester lies, for `logs`."""

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from orchestrator.act.embedded import EmbeddedCollector
from orchestrator.act.journal import Journal
from orchestrator.act.state import FleetState
from orchestrator.errors import ConfigurationError
from orchestrator.fleet.nearest import did_you_mean
from orchestrator.places.local import LocalPlace
from orchestrator.settings import Edge

COLLECTOR = "collector"


@dataclass(frozen=True, kw_only=True, slots=True)
class LogFile:
    """A log, and whether somebody still writes to it."""

    path: Path
    is_written: Callable[[], bool]


def log_of(state: FleetState, *, tester: str, edge: Edge) -> LogFile:
    """Return the log of a tester's newest host, a removed one's as well; raise `ConfigurationError`."""
    with Journal(state.journal, clock=edge.clock) as journal:
        hosts = journal.hosts(include_removed=True)
    place = LocalPlace(root=state.testers)
    mine = sorted((host for host in hosts if host.tester == tester), key=lambda host: (host.live, host.since))
    for host in reversed(mine):
        path = place.log(host.name) or state.logs / f"{host.name}.log"
        if path.exists():
            return LogFile(path=path, is_written=lambda name=host.name: place.is_running(name))  # type: ignore[misc]
    embedded = EmbeddedCollector(state.collector)
    if tester == COLLECTOR and embedded.log.exists():
        return LogFile(path=embedded.log, is_written=lambda: embedded.is_alive)
    if mine:
        raise ConfigurationError(f"tester {tester!r} has written nothing")
    names = {host.tester for host in hosts}
    hint = did_you_mean(tester, names)
    raise ConfigurationError(
        f"no tester `{tester}` in fleet {state.name!r}" + (f"; {hint}" if hint else ""),
        cause=f"testers with a host, now or before: {', '.join(sorted(names)) or 'none'}",
    )
