"""Looks for what is ours in a region of the cloud.

What is there is listed and judged here, not by filters of the cloud: a lost answer leaves an
instance that has nothing of ours but the name of its key pair.
"""

from collections.abc import Iterable, Iterator
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

from orchestrator.cloud.clients import Clients, pages, tags_of
from orchestrator.cloud.found import (
    FLEET_TAG,
    GROUP_PREFIX,
    TESTER_TAG,
    Kind,
    Resource,
    fleet_of_group,
    host_of,
    uuid_in,
)

AT_ONCE = 200
"""How many ids stand in one filter at most: the cloud's own limit."""

LAUNCH = timedelta(seconds=60)
"""What was attached to an instance longer after its launch than this was attached by somebody."""

SPOT_STATES = ["open", "active", "disabled"]


class Search:
    """Finds our things in the regions of one account."""

    def __init__(self, clients: Clients) -> None:
        self._clients = clients

    def regions(self, asked_in: str) -> tuple[str, ...]:
        """Return every region that is enabled for the account."""
        found = self._ec2(asked_in).describe_regions(AllRegions=False)["Regions"]
        return tuple(sorted(each["RegionName"] for each in found))

    def all(self, region: str) -> tuple[Resource, ...]:
        """Return everything of any fleet; whose each is, is for its tag and its name to say."""
        ec2 = self._ec2(region)
        groups = list(_groups(ec2, region))
        instances = list(_instances(ec2, region))
        return (
            *_spot_requests(ec2, region),
            *(resource for _, resource in instances),
            *_key_pairs(ec2, region),
            *_volumes(ec2, region, instances),
            *groups,
        )

    def of_fleet(self, region: str, fleet_id: UUID) -> tuple[Resource, ...]:
        """Return what is one fleet's."""
        return tuple(item for item in self.all(region) if item.is_of_fleet(fleet_id))

    def of_host(self, region: str, host_name: str, *, fleet_id: UUID) -> tuple[Resource, ...]:
        """Return what is one host's."""
        return tuple(item for item in self.all(region) if item.is_of_host(host_name, fleet_id=fleet_id))

    def volumes(self, region: str, known: Iterable[Resource]) -> tuple[Resource, ...]:
        """Return those volumes of `known` that are still there, as they are now."""
        by_id = {item.id: item for item in known}
        found = []
        for some in _in_groups(sorted(by_id)):
            filters = [{"Name": "volume-id", "Values": some}]
            for item in pages(self._ec2(region), "describe_volumes", "Volumes", Filters=filters):
                found.append(_volume(item, region, host=by_id[item["VolumeId"]]))
        return tuple(found)

    def _ec2(self, region: str) -> Any:
        return self._clients.client("ec2", region)


def _instances(ec2: Any, region: str) -> Iterator[tuple[dict[str, Any], Resource]]:
    for reservation in pages(ec2, "describe_instances", "Reservations"):
        for item in reservation["Instances"]:
            tags = tags_of(item)
            name, key_name = tags.get("Name", ""), item.get("KeyName", "")
            fleet_id = uuid_in(tags.get(FLEET_TAG, ""))
            if not tags and not host_of(key_name):
                # With a key pair of somebody's own, nothing but its group tells whose it is.
                owners = (fleet_of_group(group["GroupName"]) for group in item.get("SecurityGroups") or ())
                fleet_id = next((owner for owner in owners if owner is not None), None)
            if fleet_id is not None or host_of(key_name) or host_of(name):
                resource = Resource(
                    kind=Kind.INSTANCE,
                    id=item["InstanceId"],
                    region=region,
                    name=name,
                    key_name=key_name,
                    fleet_id=fleet_id,
                    tester=tags.get(TESTER_TAG, ""),
                    state=item["State"]["Name"],
                    began_at=item.get("LaunchTime"),
                )
                yield item, resource


def _spot_requests(ec2: Any, region: str) -> Iterator[Resource]:
    filters = [{"Name": "state", "Values": SPOT_STATES}]
    for item in pages(ec2, "describe_spot_instance_requests", "SpotInstanceRequests", Filters=filters):
        tags = tags_of(item)
        name = tags.get("Name", "")
        key_name = (item.get("LaunchSpecification") or {}).get("KeyName", "")
        fleet_id = uuid_in(tags.get(FLEET_TAG, ""))
        if fleet_id is not None or host_of(key_name) or host_of(name):
            yield Resource(
                kind=Kind.SPOT_REQUEST,
                id=item["SpotInstanceRequestId"],
                region=region,
                name=name,
                key_name=key_name,
                fleet_id=fleet_id,
                tester=tags.get(TESTER_TAG, ""),
                state=item["State"],
            )


def _key_pairs(ec2: Any, region: str) -> Iterator[Resource]:
    for item in pages(ec2, "describe_key_pairs", "KeyPairs"):
        # A key pair that only has our tag may be somebody's own, given to us as an option.
        if host_of(item["KeyName"]):
            tags = tags_of(item)
            yield Resource(
                kind=Kind.KEY_PAIR,
                id=item["KeyName"],
                region=region,
                name=item["KeyName"],
                key_name=item["KeyName"],
                fleet_id=uuid_in(tags.get(FLEET_TAG, "")),
                tester=tags.get(TESTER_TAG, ""),
            )


def _volumes(ec2: Any, region: str, instances: list[tuple[dict[str, Any], Resource]]) -> Iterator[Resource]:
    seen = set()
    hosts = {resource.id: (item, resource) for item, resource in instances if not resource.is_gone}
    tagged = pages(ec2, "describe_volumes", "Volumes", Filters=[{"Name": "tag-key", "Values": [FLEET_TAG]}])
    for item in tagged:
        seen.add(item["VolumeId"])
        yield _volume(item, region)
    for some in _in_groups(sorted(hosts)):
        filters = [{"Name": "attachment.instance-id", "Values": some}]
        for item in pages(ec2, "describe_volumes", "Volumes", Filters=filters):
            if item["VolumeId"] in seen:
                continue
            instance, resource = hosts[item["Attachments"][0]["InstanceId"]]
            if _came_with(item, instance):
                yield _volume(item, region, host=resource)


def _volume(item: dict[str, Any], region: str, *, host: Resource | None = None) -> Resource:
    tags = tags_of(item)
    attachments = item.get("Attachments") or []
    return Resource(
        kind=Kind.VOLUME,
        id=item["VolumeId"],
        region=region,
        name=tags.get("Name") or (host.host_name or host.name if host else ""),
        fleet_id=uuid_in(tags.get(FLEET_TAG, "")) or (host.fleet_id if host else None),
        tester=tags.get(TESTER_TAG) or (host.tester if host else ""),
        state=item["State"],
        deletes_itself=bool(attachments) and all(each.get("DeleteOnTermination") for each in attachments),
    )


def _came_with(volume: dict[str, Any], instance: dict[str, Any]) -> bool:
    launched = instance.get("LaunchTime") or datetime.now(UTC)
    attached = volume["Attachments"][0].get("AttachTime") or launched
    return bool(attached - launched <= LAUNCH)


def _groups(ec2: Any, region: str) -> Iterator[Resource]:
    filters = [{"Name": "group-name", "Values": [f"{GROUP_PREFIX}*"]}]
    for item in pages(ec2, "describe_security_groups", "SecurityGroups", Filters=filters):
        if (fleet_id := fleet_of_group(item["GroupName"])) is not None:
            yield Resource(
                kind=Kind.GROUP,
                id=item["GroupId"],
                region=region,
                name=item["GroupName"],
                fleet_id=fleet_id,
            )


def _in_groups(ids: list[str]) -> Iterator[list[str]]:
    for first in range(0, len(ids), AT_ONCE):
        yield ids[first : first + AT_ONCE]
