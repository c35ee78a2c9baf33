"""One fleet's part of the testers table, open for changes."""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from orchestrator.act.identity import tester_id_of
from orchestrator.collector_client import CollectorClient
from orchestrator.commands.open_results import open_table
from orchestrator.errors import ConfigurationError
from orchestrator.fleet.model import Fleet
from orchestrator.fleet.roster import registered_fleet, spec_in_table
from orchestrator.settings import Edge


@dataclass(frozen=True, kw_only=True, slots=True)
class FleetTable:
    """The testers of one registered fleet, retired ones as well."""

    client: CollectorClient
    fleet: Mapping[str, Any]
    rows: Mapping[str, Mapping[str, Any]]
    environment: Mapping[str, str]

    @property
    def name(self) -> str:
        """The fleet's name."""
        return str(self.fleet["name"])

    def living(self) -> set[str]:
        """Return the names of those that are not retired."""
        return {name for name, row in self.rows.items() if row.get("retired_at") is None}

    def row(self, tester: str) -> Mapping[str, Any]:
        """Return the row of a tester; raise `ConfigurationError` where there is none."""
        if tester in self.rows:
            return self.rows[tester]
        raise ConfigurationError(
            f"fleet {self.name!r} has no tester {tester!r}",
            cause=f"it has: {', '.join(sorted(self.living())) or 'none'}",
        )

    def put(
        self, tester: str, *, location: str | None, provider: str | None, config: Mapping[str, Any]
    ) -> None:
        """Write a row, once the fleet as a whole would be valid with it; raise `FleetFileError`."""
        row = {"name": tester, "location": location, "vps_provider": provider, "config": dict(config)}
        spec = spec_in_table(self.fleet, [row], source=f"tester {tester}")
        checked = Fleet.from_spec(spec, self.environment, source=f"tester {tester}")
        fleet_id = UUID(str(self.fleet["fleet_id"]))
        known = self.rows.get(tester)
        tester_id = (
            tester_id_of(fleet_id=fleet_id, tester=tester) if known is None else UUID(known["tester_id"])
        )
        self.client.put_tester(
            tester_id,
            fleet_id=fleet_id,
            name=tester,
            location=location,
            vps_provider=checked.testers[0].provider or provider,
            # Everything is spelled out, so that an import of the same fleet finds the same row.
            config=checked.testers[0].to_spec(),
            token_sha256=None,
        )


@contextmanager
def open_fleet_table(name: str | None, *, edge: Edge) -> Iterator[FleetTable]:
    """Open the table of the fleet of that name, or of the only one that is registered."""
    with open_table(name, edge=edge) as client:
        fleet = registered_fleet(client, name=name)
        rows = client.testers(fleet=fleet["fleet_id"], include_retired=True)
        yield FleetTable(
            client=client,
            fleet=fleet,
            rows={row["name"]: row for row in rows},
            environment=edge.environment,
        )
