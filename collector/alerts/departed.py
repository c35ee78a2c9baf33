"""What a rule holds to be bad and no round will ever name again, because it is no part of its fleet."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import sqlalchemy as sa

from collector.alerts.machine import State, StateKey
from collector.alerts.observed import TESTER
from collector.history.queries import region_of
from collector.tables import fleets, servers, testers
from collector.verdicts.verdict import Scope


@dataclass(frozen=True, kw_only=True, slots=True)
class _Fleet:
    """A fleet as it is now, and the names of all that were ever in it.

    `listed` are the servers of its specification, None where that names none.
    """

    testers: dict[str, str]
    servers: dict[str, str]
    present: set[str]
    regions: set[str]
    listed: set[str] | None

    def lacks_tester(self, tester_id: str) -> bool:
        return self.testers.get(tester_id) not in self.present

    def lacks_server(self, server_id: str) -> bool:
        return self.listed is not None and self.servers.get(server_id) not in self.listed


def departed(
    connection: sa.Connection, fleet_number: int, states: Mapping[StateKey, State]
) -> dict[StateKey, str]:
    """Return what is open and has left the fleet, each with what it is called.

    A tester leaves when it is retired, a region with its last tester, a server when the fleet's
    specification names it no more, a path with either end.
    """
    names = {Scope.REGION.value, Scope.SERVER.value, Scope.PATH.value, TESTER}
    still_open = [key for key, state in states.items() if state.open and key.scope in names]
    if not still_open:
        return {}
    fleet = _read(connection, fleet_number)
    found = {}
    for key in still_open:
        tester_id, _, server_id = key.key.partition(" ")
        if key.scope == TESTER:
            if key.key not in fleet.present:
                found[key] = f"tester {key.key}"
        elif key.scope == Scope.REGION:
            if key.key not in fleet.regions:
                found[key] = key.key
        elif key.scope == Scope.SERVER:
            if fleet.lacks_server(key.key):
                found[key] = fleet.servers.get(key.key, key.key)
        elif fleet.lacks_tester(tester_id) or fleet.lacks_server(server_id):
            tester, server = fleet.testers.get(tester_id, tester_id), fleet.servers.get(server_id, server_id)
            found[key] = f"{tester} → {server}"
    return found


def _read(connection: sa.Connection, fleet_number: int) -> _Fleet:
    of_fleet = sa.select(testers).where(testers.c.fleet_id == fleet_number)
    known = connection.execute(of_fleet).all()
    present = [row for row in known if row.retired_at is None]
    of_servers = sa.select(servers.c.uuid, servers.c.name).where(servers.c.fleet_id == fleet_number)
    spec = connection.execute(sa.select(fleets.c.spec).where(fleets.c.id == fleet_number)).scalar()
    return _Fleet(
        testers={str(row.uuid): row.name for row in known},
        servers={str(row.uuid): row.name for row in connection.execute(of_servers)},
        present={row.name for row in present},
        regions={region_of(row) for row in present},
        listed=_named(spec),
    )


def _named(spec: Any) -> set[str] | None:
    listed = spec.get("servers") if isinstance(spec, dict) else None
    if not isinstance(listed, list):
        return None
    names = {server.get("name") if isinstance(server, dict) else None for server in listed}
    # A server without a name may be any of them.
    return {str(name) for name in names} if names and None not in names else None
