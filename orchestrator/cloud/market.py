"""What EC2 has for a host: every way to get one, the best first."""

import threading
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from orchestrator.cloud.clients import Clients, pages
from orchestrator.cloud.images import CANONICALS, architecture_of, current_image
from orchestrator.cloud.network import sites, zones_with
from orchestrator.cloud.refusals import CloudRefused, asking
from orchestrator.cloud.regions import Regions, regions_of
from orchestrator.cloud.wish import SPOT, Wish


@dataclass(frozen=True, kw_only=True, slots=True)
class Way:
    """One way to have a host. `zone` is a letter, `vcpus` what it takes of the account's quota."""

    instance_type: str
    zone: str
    subnet: str
    vpc: str
    image: str
    is_spot: bool
    vcpus: int

    def label(self, region: str) -> str:
        """Return it in a few words, for people."""
        return f"{self.instance_type}, {region}{self.zone}{', spot' if self.is_spot else ''}"


@dataclass(frozen=True, kw_only=True, slots=True)
class _Type:
    architectures: tuple[str, ...]
    vcpus: int


class Market:
    """Asks one account, each question once."""

    def __init__(self, clients: Clients) -> None:
        self._clients = clients
        self._guard = threading.Lock()
        self._regions: Regions | None = None
        self._known: dict[Wish, tuple[Way, ...]] = {}

    def ways(self, wish: Wish) -> tuple[Way, ...]:
        """Return the ways to have a host, the best first: zones, then types, then markets.

        Raise `CloudRefused`, with what can be done, where there is none.
        """
        if wish not in self._known:
            self._known[wish] = self._found(wish)
        return self._known[wish]

    def regions(self) -> Regions:
        """Return the regions of the account; raise `CloudRefused`."""
        with self._guard:
            if self._regions is None:
                self._regions = regions_of(self._clients)
            return self._regions

    def _found(self, wish: Wish) -> tuple[Way, ...]:
        self._check_region(wish.region)
        types = self._types(wish)
        images = self._images(wish, types)
        places = sites(self._clients, wish)
        offered = zones_with(self._clients, wish.region, types)
        ways = [
            Way(
                instance_type=name,
                zone=site.zone,
                subnet=site.subnet,
                vpc=site.vpc,
                image=images[name],
                is_spot=market == SPOT,
                vcpus=types[name].vcpus,
            )
            for market in wish.markets
            for name in types
            if name in images
            for site in places
            if site.zone in offered.get(name, ())
        ]
        if not ways:
            there = sorted({zone for name in types for zone in offered.get(name, ())})
            raise CloudRefused(
                f"no zone of {wish.region} that the fleet can use offers {' or '.join(types)}",
                cause=f"it has subnets in {', '.join(site.zone for site in places)}; "
                f"the type is offered in {', '.join(there) or 'no zone'}",
                next_step="set `amazonec2-instance-type`, or `amazonec2-subnet-id` in another zone",
            )
        return tuple(ways)

    def _check_region(self, region: str) -> None:
        there = self.regions()
        if region in there.off:
            raise CloudRefused(
                f"region {region} is not enabled for this account",
                cause="it is an opt-in region that is off",
                next_step=f"aws account enable-region --region-name {region}, or take the tester out",
            )
        if region not in there.enabled:
            raise CloudRefused(
                f"there is no region {region}", next_step=f"one of {', '.join(sorted(there.enabled))}"
            )

    def _types(self, wish: Wish) -> dict[str, _Type]:
        found: dict[str, _Type] = {}
        with asking(wish.region):
            ec2 = self._clients.client("ec2", wish.region)
            filters = [{"Name": "instance-type", "Values": list(wish.types)}]
            for item in pages(ec2, "describe_instance_types", "InstanceTypes", Filters=filters):
                found[item["InstanceType"]] = _type_of(item)
        if not found:
            raise CloudRefused(
                f"{wish.region} knows no type {' or '.join(wish.types)}",
                next_step="aws ec2 describe-instance-types lists them; set `amazonec2-instance-type`",
            )
        return {name: found[name] for name in wish.types if name in found}

    def _images(self, wish: Wish, types: dict[str, _Type]) -> dict[str, str]:
        """Return the image of each type that has one."""
        if wish.image:
            needs = architecture_of(self._clients, wish.region, wish.image)
            able = {name: wish.image for name, each in types.items() if needs in each.architectures}
            if not able:
                raise CloudRefused(
                    f"image {wish.image} is for {needs}, and {', '.join(types)} cannot run that",
                    cause="an image and a host's type must be of one architecture",
                    next_step="set `amazonec2-instance-type` (t4g.micro: arm64), or no `amazonec2-ami`",
                )
            return able
        wanted = {name: _preferred(each.architectures) for name, each in types.items()}
        current = {
            architecture: current_image(self._clients, wish.region, architecture)
            for architecture in sorted({each for each in wanted.values() if each})
        }
        return {name: current[each] for name, each in wanted.items() if each}


def _type_of(item: dict[str, Any]) -> _Type:
    return _Type(
        architectures=tuple(item["ProcessorInfo"]["SupportedArchitectures"]),
        vcpus=int(item["VCpuInfo"]["DefaultVCpus"]),
    )


def _preferred(architectures: Sequence[str]) -> str:
    return next((name for name in CANONICALS if name in architectures), "")
