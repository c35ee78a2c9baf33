"""Which host a command is about, by the name of its tester."""

from dataclasses import dataclass

from orchestrator.act.journal import Journal
from orchestrator.act.placing import places_of
from orchestrator.act.state import FleetState
from orchestrator.commands.choose_fleet import fleet_of_record
from orchestrator.decide.host import Host
from orchestrator.errors import ConfigurationError
from orchestrator.fleet.nearest import did_you_mean
from orchestrator.places.by_driver import PlacesByDriver
from orchestrator.settings import Edge


@dataclass(frozen=True, kw_only=True, slots=True)
class KnownHosts:
    """The hosts of a fleet, gone ones as well, and the places where they are."""

    fleet: str
    hosts: tuple[Host, ...]
    places: PlacesByDriver

    def of(self, tester: str) -> list[Host]:
        """Return the hosts of a tester, the newest first and those that are gone last."""
        mine = [host for host in self.hosts if host.tester == tester]
        return sorted(mine, key=lambda host: (host.live, host.since), reverse=True)

    def no_tester(self, tester: str) -> ConfigurationError:
        """Return the refusal of a name that no tester has."""
        names = {host.tester for host in self.hosts}
        hint = did_you_mean(tester, names)
        return ConfigurationError(
            f"no tester `{tester}` in fleet {self.fleet!r}" + (f"; {hint}" if hint else ""),
            cause=f"testers with a host, now or before: {', '.join(sorted(names)) or 'none'}",
        )

    def living(self, tester: str) -> Host:
        """Return the host that a tester has now; raise `ConfigurationError`."""
        mine = self.of(tester)
        if not mine:
            raise self.no_tester(tester)
        if not mine[0].live:
            raise ConfigurationError(
                f"tester {tester!r} has no host now",
                cause=f"{mine[0].name} was removed",
                next_step=f"orchestrate up --only {tester}",
            )
        return mine[0]


def known_hosts(state: FleetState, *, edge: Edge) -> KnownHosts:
    """Return the hosts of a fleet that has state here."""
    with Journal(state.journal, clock=edge.clock) as journal:
        hosts = tuple(journal.hosts(include_removed=True))
        record = journal.fleet()
    drivers = {host.name: host.driver for host in hosts}
    fleet = None if record is None else fleet_of_record(record, edge=edge)
    places = places_of(state, fleet=fleet, driver_of=drivers.__getitem__, edge=edge)
    return KnownHosts(fleet=state.name, hosts=hosts, places=places)
