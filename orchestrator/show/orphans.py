"""What fleets have left at AWS, as a table and as JSON."""

import json
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from orchestrator.events import printable

if TYPE_CHECKING:
    from orchestrator.cloud.found import Resource

HEAD = ("REGION", "KIND", "ID", "STATE", "FLEET", "HOST")


@dataclass(frozen=True, kw_only=True, slots=True)
class Orphan:
    """A thing that nobody counts as a host's; `fleet` is empty where nobody here knows its fleet."""

    resource: "Resource"
    fleet: str

    @property
    def whose(self) -> str:
        """The fleet's name, else its UUID, else the mark in the name of the thing."""
        return self.fleet or str(self.resource.fleet_id or self.resource.mark or "unknown")


def orphans_text(found: Sequence[Orphan]) -> str:
    """Return a table, and the commands of AWS's own that end what it has."""
    from orchestrator.cloud.found import ending_commands

    if not found:
        return "nothing is left.\n"
    rows = [HEAD, *(_row(orphan) for orphan in found)]
    widths = [max(len(row[column]) for row in rows) for column in range(len(HEAD))]
    lines = [
        "  ".join(text.ljust(width) for text, width in zip(row, widths, strict=True)).rstrip() for row in rows
    ]
    commands = ending_commands(orphan.resource for orphan in found)
    return "\n".join([*lines, "", "By hand:", *(f"  {command}" for command in commands)]) + "\n"


def orphans_json(found: Sequence[Orphan]) -> str:
    """Return them as one JSON object."""
    things = [
        {
            "region": orphan.resource.region,
            "kind": orphan.resource.kind.value,
            "id": orphan.resource.id,
            "state": orphan.resource.state or None,
            "fleet_id": None if orphan.resource.fleet_id is None else str(orphan.resource.fleet_id),
            "fleet": orphan.fleet or None,
            "host": orphan.resource.host_name or None,
        }
        for orphan in found
    ]
    return json.dumps({"v": 1, "orphans": things}, indent=2) + "\n"


def _row(orphan: Orphan) -> tuple[str, ...]:
    item = orphan.resource
    told = (item.region, item.kind.value, item.id, item.state or "-", orphan.whose, item.host_name or "-")
    return tuple(printable(text) for text in told)
