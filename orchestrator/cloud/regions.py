"""Which regions an account has."""

from collections.abc import Collection
from dataclasses import dataclass

from orchestrator.cloud.clients import Clients
from orchestrator.cloud.refusals import asking

HOME = "us-east-1"
"""The region that is asked about all others."""

OFF = "not-opted-in"


@dataclass(frozen=True, kw_only=True, slots=True)
class Regions:
    """The regions that are enabled for an account, and the opt-in regions that are off."""

    enabled: frozenset[str]
    off: frozenset[str]

    def told(self, *, makeable: Collection[str] | None, program: str) -> str:
        """Return it in a few words: `makeable` are those in which `program` can make hosts, None: in all."""
        parts = [f"{len(self.enabled)} regions enabled"]
        if self.off:
            parts.append(f"off: {', '.join(sorted(self.off))}")
        if makeable is not None and (beyond := self.enabled - set(makeable)):
            parts.append(f"{program} cannot make hosts in {', '.join(sorted(beyond))} (a fork can)")
        return ", ".join(parts)


def regions_of(clients: Clients) -> Regions:
    """Return the regions of an account; raise `CloudRefused`."""
    with asking(HOME):
        found = clients.client("ec2", HOME).describe_regions(AllRegions=True)["Regions"]
    off = frozenset(item["RegionName"] for item in found if item.get("OptInStatus") == OFF)
    return Regions(enabled=frozenset(item["RegionName"] for item in found) - off, off=off)
