"""Where in a region hosts can stand: its zones, private networks and subnets."""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from botocore.exceptions import ClientError

from orchestrator.cloud.clients import Clients, code_of, pages
from orchestrator.cloud.refusals import CloudRefused, asking
from orchestrator.cloud.wish import Wish


@dataclass(frozen=True, order=True, kw_only=True, slots=True)
class Site:
    """A subnet of a zone; `zone` is the zone's letter."""

    zone: str
    subnet: str
    vpc: str


def sites(clients: Clients, wish: Wish) -> tuple[Site, ...]:
    """Return where a host may stand, by the fleet's order of zones, else by their letters.

    Raise `CloudRefused` where there is no such place.
    """
    ec2 = clients.client("ec2", wish.region)
    with asking(wish.region):
        return _of_subnet(ec2, wish) if wish.subnet else _of_network(ec2, wish)


def zones_with(clients: Clients, region: str, types: Iterable[str]) -> dict[str, frozenset[str]]:
    """Return the letters of the zones that offer each type; raise `CloudRefused`."""
    offered: dict[str, set[str]] = {}
    filters = [{"Name": "instance-type", "Values": list(types)}]
    with asking(region):
        ec2 = clients.client("ec2", region)
        for item in pages(
            ec2,
            "describe_instance_type_offerings",
            "InstanceTypeOfferings",
            LocationType="availability-zone",
            Filters=filters,
        ):
            offered.setdefault(item["InstanceType"], set()).add(item["Location"].removeprefix(region))
    return {name: frozenset(zones) for name, zones in offered.items()}


def _of_subnet(ec2: Any, wish: Wish) -> tuple[Site, ...]:
    try:
        found = ec2.describe_subnets(SubnetIds=[wish.subnet])["Subnets"][0]
    except ClientError as error:
        if not code_of(error).startswith("InvalidSubnetID"):
            raise
        raise CloudRefused(
            f"{wish.region} has no subnet {wish.subnet}",
            cause="subnets belong to one zone of one region",
            next_step=f"aws ec2 describe-subnets --region {wish.region}",
        ) from None
    site = Site(
        zone=found["AvailabilityZone"].removeprefix(wish.region), subnet=wish.subnet, vpc=found["VpcId"]
    )
    if wish.zones and site.zone not in wish.zones:
        raise CloudRefused(
            f"subnet {wish.subnet} is in zone {site.zone} of {wish.region}",
            cause=f"`amazonec2-zone` is {', '.join(wish.zones)}",
            next_step=f"leave `amazonec2-zone` out, or set it to {site.zone}",
        )
    if wish.vpc and site.vpc != wish.vpc:
        raise CloudRefused(
            f"subnet {wish.subnet} is in {site.vpc}",
            cause=f"`amazonec2-vpc-id` is {wish.vpc}",
            next_step="leave `amazonec2-vpc-id` out",
        )
    return (site,)


def _of_network(ec2: Any, wish: Wish) -> tuple[Site, ...]:
    vpc = wish.vpc or _default_vpc(ec2, wish.region)
    best: dict[str, dict[str, Any]] = {}
    for subnet in pages(ec2, "describe_subnets", "Subnets", Filters=[{"Name": "vpc-id", "Values": [vpc]}]):
        zone = subnet["AvailabilityZone"].removeprefix(wish.region)
        if zone not in best or _rank(subnet) > _rank(best[zone]):
            best[zone] = subnet
    zones = [zone for zone in wish.zones if zone in best] if wish.zones else sorted(best)
    if not zones:
        where = f" in zone {', '.join(wish.zones)}" if wish.zones else ""
        raise CloudRefused(
            f"{vpc} of {wish.region} has no subnet{where}",
            cause=f"it has some in {', '.join(sorted(best)) or 'no zone'}",
            next_step="name one by `amazonec2-subnet-id`",
        )
    return tuple(Site(zone=zone, subnet=best[zone]["SubnetId"], vpc=vpc) for zone in zones)


def _default_vpc(ec2: Any, region: str) -> str:
    found = ec2.describe_vpcs(Filters=[{"Name": "is-default", "Values": ["true"]}])["Vpcs"]
    if not found:
        raise CloudRefused(
            f"{region} has no default VPC",
            cause="somebody deleted it, and the fleet names no other",
            next_step=f"aws ec2 create-default-vpc --region {region}, or set `amazonec2-subnet-id`",
        )
    return str(found[0]["VpcId"])


def _rank(subnet: dict[str, Any]) -> tuple[bool, bool, int]:
    """Return how well a subnet suits: a public one before others, then by its free addresses."""
    return (
        bool(subnet.get("DefaultForAz")),
        bool(subnet.get("MapPublicIpOnLaunch")),
        int(subnet.get("AvailableIpAddressCount", 0)),
    )
