"""The security group of a fleet: open to its orchestrator, and for echo between its own testers."""

import threading
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from ipaddress import ip_address, ip_network
from typing import Any
from uuid import UUID

from orchestrator.cloud.address import Network
from orchestrator.cloud.clients import REFUSALS, Clients, code_of, pages, tag_list, words_of
from orchestrator.cloud.found import FLEET_TAG, group_name
from orchestrator.errors import OrchestratorError

PORTS = (22, 2376)
"""What docker-machine needs: ssh, and the engine by TLS."""

ECHO = 8
"""The type of an ICMP echo request (RFC 792); of ICMPv6 it is 128 (RFC 4443)."""
ECHO_6 = 128

DUPLICATE_GROUP = "InvalidGroup.Duplicate"
DUPLICATE_RULE = "InvalidPermission.Duplicate"
NO_RULE = "InvalidPermission.NotFound"


class GroupRefused(OrchestratorError):
    """The cloud did not let us make or open our own security group."""

    card_code = "aws-security-group"


@dataclass(frozen=True, order=True, kw_only=True, slots=True)
class Rule:
    """What may come in from where; `first` and `last` are ports, or an ICMP type and -1."""

    protocol: str
    first: int
    last: int
    network: str

    def to_cloud(self) -> dict[str, Any]:
        """Return it as the cloud wants it."""
        is_4 = ip_network(self.network).version == 4
        ranges = (
            {"IpRanges": [{"CidrIp": self.network, "Description": "orchestrate"}]}
            if is_4
            else {"Ipv6Ranges": [{"CidrIpv6": self.network, "Description": "orchestrate"}]}
        )
        return {"IpProtocol": self.protocol, "FromPort": self.first, "ToPort": self.last, **ranges}

    @property
    def is_echo_of_one(self) -> bool:
        """Whether it lets a single address send echo requests."""
        network = ip_network(self.network)
        is_one = network.prefixlen == network.max_prefixlen
        return is_one and (self.protocol, self.first) in (("icmp", ECHO), ("icmpv6", ECHO_6))


@dataclass(kw_only=True, slots=True)
class FleetGroups:
    """The security groups of one fleet, one for each private network (VPC) of each region.

    A group never has a rule that lets in more than the orchestrator's networks and the given peers.
    """

    clients: Clients
    fleet_id: UUID
    fleet: str
    tags: Mapping[str, str] = field(default_factory=dict)
    _guard: threading.Lock = field(default_factory=threading.Lock)
    _ready: dict[tuple[str, str], tuple[Network, ...]] = field(default_factory=dict)

    @property
    def name(self) -> str:
        """The name that the group has everywhere."""
        return group_name(self.fleet_id)

    def ensure(self, region: str, *, vpc_id: str, networks: Sequence[Network]) -> str:
        """See that the group is there and open to the orchestrator only; return its name.

        Raise `GroupRefused`.
        """
        with self._guard:
            if self._ready.get((region, vpc_id)) == tuple(networks):
                return self.name
            ec2 = self.clients.client("ec2", region)
            try:
                group = self._found(ec2, vpc_id) or self._made(ec2, vpc_id)
                _set(ec2, group, wanted=_for_us(networks), keep_echo=True)
            except REFUSALS as error:
                raise self._refused(region, error) from error
            self._ready[region, vpc_id] = tuple(networks)
            return self.name

    def reopen(self, region: str, *, networks: Sequence[Network]) -> None:
        """Open what groups there are to the orchestrator's networks of now; raise `GroupRefused`."""
        ec2 = self.clients.client("ec2", region)
        try:
            for group in self._all(ec2):
                _set(ec2, group, wanted=_for_us(networks), keep_echo=True)
        except REFUSALS as error:
            raise self._refused(region, error) from error

    def open_echo(self, region: str, *, peers: Collection[str]) -> None:
        """Let the given addresses, and no other, send echo requests to the hosts of a region.

        Raise `GroupRefused`.
        """
        wanted = {_echo(address) for address in peers}
        ec2 = self.clients.client("ec2", region)
        try:
            for group in self._all(ec2):
                kept = {rule for rule in _rules(group) if rule.protocol == "tcp"}
                _set(ec2, group, wanted=wanted | kept, keep_echo=False)
        except REFUSALS as error:
            raise self._refused(region, error) from error

    def opened(self, region: str) -> tuple[Rule, ...]:
        """Return everything that the fleet's groups in a region let in."""
        return tuple(
            sorted(rule for group in self._all(self.clients.client("ec2", region)) for rule in _rules(group))
        )

    def forget(self, region: str) -> None:
        """Take note that somebody removed the groups of a region: the next host has them made anew."""
        with self._guard:
            self._ready = {where: networks for where, networks in self._ready.items() if where[0] != region}

    def _all(self, ec2: Any, **more: str) -> list[dict[str, Any]]:
        wanted = {"group-name": self.name, **more}
        filters = [{"Name": name, "Values": [value]} for name, value in wanted.items()]
        return list(pages(ec2, "describe_security_groups", "SecurityGroups", Filters=filters))

    def _found(self, ec2: Any, vpc_id: str) -> dict[str, Any] | None:
        return next(iter(self._all(ec2, **{"vpc-id": vpc_id})), None)

    def _made(self, ec2: Any, vpc_id: str) -> dict[str, Any]:
        tags = {**self.tags, "Name": self.name, FLEET_TAG: str(self.fleet_id)}
        try:
            made = ec2.create_security_group(
                GroupName=self.name,
                Description=f"Testers of fleet {self.fleet}, open to their orchestrator",
                VpcId=vpc_id,
                TagSpecifications=[{"ResourceType": "security-group", "Tags": tag_list(tags)}],
            )
        except REFUSALS as error:
            # Another orchestrator of this fleet may have been faster.
            if code_of(error) == DUPLICATE_GROUP and (found := self._found(ec2, vpc_id)) is not None:
                return found
            raise
        return {"GroupId": made["GroupId"], "IpPermissions": []}

    def _refused(self, region: str, error: Exception) -> GroupRefused:
        return GroupRefused(
            f"the security group {self.name} cannot be made or opened in {region}",
            cause=words_of(error),
            next_step="orchestrate check, or name a group of your own by `amazonec2-security-group`",
        )


def _for_us(networks: Sequence[Network]) -> set[Rule]:
    return {
        Rule(protocol="tcp", first=port, last=port, network=str(network))
        for network in networks
        for port in PORTS
    }


def _set(ec2: Any, group: Mapping[str, Any], *, wanted: Collection[Rule], keep_echo: bool) -> None:
    """Open what is wanted, then close everything else, so that nobody is shut out meanwhile."""
    there = set(_rules(group))
    for rule in sorted(set(wanted) - there):
        _allowing(
            DUPLICATE_RULE, ec2.authorize_security_group_ingress, group, IpPermissions=[rule.to_cloud()]
        )
    surplus = [rule for rule in there - set(wanted) if not (keep_echo and rule.is_echo_of_one)]
    for rule in sorted(surplus):
        _allowing(NO_RULE, ec2.revoke_security_group_ingress, group, IpPermissions=[_bare(rule)])
    for permission in group.get("IpPermissions") or ():
        others = {
            key: [_identity(item) for item in permission[key]]
            for key in ("UserIdGroupPairs", "PrefixListIds")
            if permission.get(key)
        }
        if others:
            same = {key: permission[key] for key in ("IpProtocol", "FromPort", "ToPort") if key in permission}
            _allowing(NO_RULE, ec2.revoke_security_group_ingress, group, IpPermissions=[same | others])


def _allowing(code: str, call: Any, group: Mapping[str, Any], **arguments: object) -> None:
    try:
        call(GroupId=group["GroupId"], **arguments)
    except REFUSALS as error:
        if code_of(error) != code:
            raise


def _rules(group: Mapping[str, Any]) -> Iterable[Rule]:
    for permission in group.get("IpPermissions") or ():
        ranges = [item["CidrIp"] for item in permission.get("IpRanges") or ()]
        ranges += [item["CidrIpv6"] for item in permission.get("Ipv6Ranges") or ()]
        for network in ranges:
            yield Rule(
                protocol=permission["IpProtocol"],
                first=permission.get("FromPort", -1),
                last=permission.get("ToPort", -1),
                network=network,
            )


def _bare(rule: Rule) -> dict[str, Any]:
    """Return a rule without its description, which need not be the one that it was made with."""
    told = rule.to_cloud()
    if rule.protocol == "-1":
        told = {key: value for key, value in told.items() if key not in ("FromPort", "ToPort")}
    for key in ("IpRanges", "Ipv6Ranges"):
        for item in told.get(key, ()):
            item.pop("Description", None)
    return told


def _identity(item: Mapping[str, Any]) -> dict[str, Any]:
    return {key: item[key] for key in ("GroupId", "UserId", "PrefixListId") if key in item}


def _echo(address: str) -> Rule:
    ip = ip_address(address)
    network = str(ip_network(ip))
    if ip.version == 4:
        return Rule(protocol="icmp", first=ECHO, last=-1, network=network)
    return Rule(protocol="icmpv6", first=ECHO_6, last=-1, network=network)
