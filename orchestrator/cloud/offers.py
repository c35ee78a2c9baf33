"""What docker-machine is told, so that a host comes out of a way to have one."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from uuid import UUID

from orchestrator.cloud.address import Network
from orchestrator.cloud.found import FLEET_TAG, TESTER_TAG
from orchestrator.cloud.group import FleetGroups
from orchestrator.cloud.market import Market, Way
from orchestrator.cloud.wish import PREFIX, Wish, wish_of
from orchestrator.places.machine.cloud import Offer
from orchestrator.places.place import NewHost

CONSUMED = frozenset(
    PREFIX + name
    for name in ("instance-type", "zone", "subnet-id", "vpc-id", "ami", "request-spot-instance", "tags")
)
"""Options that a way replaces by its own."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Offers:
    """Makes the offers of one fleet.

    `groups_of` gives a fleet's security groups, `networks` tells where the orchestrator comes from,
    `user_data` writes a host's and returns its path, `is_spot` says whether spare capacity will do
    for a tester.
    """

    market: Market
    groups_of: Callable[[UUID], FleetGroups]
    networks: Callable[[], Sequence[Network]]
    user_data: Callable[[NewHost], Path]
    is_spot: Callable[[str], bool] = field(default=lambda _: False)

    def wish(self, host: NewHost) -> Wish:
        """Return what a host's tester asks for."""
        return wish_of(host.options, region=host.region, spot=self.is_spot(host.tester))

    def for_host(self, host: NewHost) -> Sequence[Offer]:
        """Return the offers, the best first; our group is there and open to us. Raise `CloudRefused`."""
        wish = self.wish(host)
        ways = self.market.ways(wish)
        groups = self.groups_of(host.fleet_id)
        if not wish.group:
            for vpc in dict.fromkeys(way.vpc for way in ways):
                groups.ensure(wish.region, vpc_id=vpc, networks=self.networks())
        common = {
            **{name: value for name, value in host.options.items() if name not in CONSUMED},
            f"{PREFIX}region": wish.region,
            f"{PREFIX}root-size": wish.disk_gb,
            f"{PREFIX}volume-type": wish.disk_type,
            f"{PREFIX}userdata": str(self.user_data(host)),
            f"{PREFIX}tags": tags_of_host(host),
            # Without it the driver opens missing ports to the whole world.
            f"{PREFIX}security-group-readonly": True,
        }
        common.setdefault(f"{PREFIX}security-group", groups.name)
        return [Offer(options={**common, **_of_way(way)}, label=way.label(wish.region)) for way in ways]


def tags_of_host(host: NewHost) -> str:
    """Return the tags of a host as the driver wants them: the fleet's own, such as cost tags, and ours."""
    theirs = host.options.get(f"{PREFIX}tags")
    several = theirs if isinstance(theirs, list | tuple) else [theirs]
    given = [str(item).strip(",") for item in several if item]
    return ",".join([*given, FLEET_TAG, str(host.fleet_id), TESTER_TAG, host.tester])


def _of_way(way: Way) -> dict[str, Any]:
    told: dict[str, Any] = {
        f"{PREFIX}instance-type": way.instance_type,
        f"{PREFIX}zone": way.zone,
        f"{PREFIX}subnet-id": way.subnet,
        f"{PREFIX}vpc-id": way.vpc,
        f"{PREFIX}ami": way.image,
    }
    return told | ({f"{PREFIX}request-spot-instance": True} if way.is_spot else {})
