"""What a tester asks of EC2, read out of its options."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from orchestrator.cloud.refusals import CloudRefused
from orchestrator.places.machine.docker_machine import region_of
from orchestrator.places.machine.environment import AMAZON

PREFIX = "amazonec2-"
SPOT, ON_DEMAND = "spot", "on demand"
TYPES = ("t3.micro", "t3a.micro", "t2.micro")
"""What a tester runs on where its fleet names no type; they run the same images."""
DISK_GB, DISK_TYPE = 8, "gp3"


@dataclass(frozen=True, kw_only=True, slots=True)
class Wish:
    """What may be asked for, each the best first; an empty one is for the cloud's facts to fill.

    `zones` are letters such as `a`. `markets` are `spot` and `on demand`.
    """

    region: str
    types: tuple[str, ...]
    markets: tuple[str, ...]
    zones: tuple[str, ...] = ()
    subnet: str = ""
    vpc: str = ""
    image: str = ""
    group: str = ""
    disk_gb: int = DISK_GB
    disk_type: str = DISK_TYPE
    has_public_address: bool = True


def wish_of(options: Mapping[str, Any], *, region: str, spot: bool) -> Wish:
    """Return what options ask for; a list of types or zones is tried in its order.

    Raise `CloudRefused` for a size that is no number.
    """
    named = {name.removeprefix(PREFIX): value for name, value in options.items()}
    only_spot = named.get("request-spot-instance") is True
    disk = str(named.get("root-size") or DISK_GB)
    if not disk.isdecimal():
        raise CloudRefused(f"`{PREFIX}root-size` is {disk!r}", next_step="write whole gigabytes, such as 8")
    return Wish(
        region=region_of(AMAZON, options, otherwise=region),
        types=_several(named.get("instance-type")) or TYPES,
        markets=(SPOT,) if only_spot else (SPOT, ON_DEMAND) if spot else (ON_DEMAND,),
        zones=_several(named.get("zone")),
        subnet=str(named.get("subnet-id") or ""),
        vpc=str(named.get("vpc-id") or ""),
        image=str(named.get("ami") or ""),
        group=", ".join(_several(named.get("security-group"))),
        disk_gb=int(disk),
        disk_type=str(named.get("volume-type") or DISK_TYPE),
        has_public_address=named.get("private-address-only") is not True,
    )


def _several(value: Any) -> tuple[str, ...]:
    if value is None or value == "":
        return ()
    return tuple(str(item) for item in value) if isinstance(value, list | tuple) else (str(value),)
