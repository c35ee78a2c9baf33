"""Marks what was launched for a host as ours, and lets its end be the end of its bill."""

from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Any
from uuid import UUID

from botocore.exceptions import ClientError

from orchestrator.cloud.clients import Clients, code_of, pages, tag_list, tags_of
from orchestrator.cloud.found import FLEET_TAG, TESTER_TAG
from orchestrator.cloud.refusals import asking

SETTLED_S = 5.0
"""How long after a launch a second one, of an answer that was lost, is visible at the latest."""

ENDED = frozenset({"shutting-down", "terminated"})
NOT_FOR_SPOT = "UnsupportedOperation"


class Marker:
    """Marks hosts in one account; a launch is `settled_s` old before no double of it is expected."""

    def __init__(self, clients: Clients, *, settled_s: float = SETTLED_S) -> None:
        self._clients = clients
        self._settled_s = settled_s

    def mark(self, host_name: str, *, region: str, fleet_id: UUID, tester: str) -> bool:
        """Mark everything that runs for a host; return whether nothing more is to come.

        Raise `CloudRefused`. A second launch has nothing of ours but the name of its key pair.
        """
        with asking(region):
            ec2 = self._clients.client("ec2", region)
            running = list(_launched(ec2, host_name, fleet_id))
            for instance in running:
                self._mark(ec2, instance, host_name=host_name, fleet_id=fleet_id, tester=tester)
        now = datetime.now(UTC)
        return bool(running) and all(self._is_settled(instance, now) for instance in running)

    def _mark(
        self, ec2: Any, instance: dict[str, Any], *, host_name: str, fleet_id: UUID, tester: str
    ) -> None:
        instance_id = instance["InstanceId"]
        disks = _disks(instance)
        wanted = {"Name": host_name, FLEET_TAG: str(fleet_id), TESTER_TAG: tester}
        if wanted.items() - tags_of(instance).items():
            ec2.create_tags(Resources=[instance_id, *disks.values()], Tags=tag_list(wanted))
        _but_for_spot(
            ec2.modify_instance_attribute,
            InstanceId=instance_id,
            Attribute="instanceInitiatedShutdownBehavior",
            Value="terminate",
        )
        if instance.get("MetadataOptions", {}).get("HttpTokens") != "required":
            ec2.modify_instance_metadata_options(
                InstanceId=instance_id, HttpTokens="required", HttpEndpoint="enabled"
            )
        if staying := [name for name in disks if not _goes_with(instance, name)]:
            ec2.modify_instance_attribute(
                InstanceId=instance_id,
                BlockDeviceMappings=[
                    {"DeviceName": name, "Ebs": {"DeleteOnTermination": True}} for name in staying
                ],
            )

    def _is_settled(self, instance: dict[str, Any], now: datetime) -> bool:
        """Return whether an instance has its disks, and has run long enough for a double to be seen."""
        age_s = (now - instance["LaunchTime"]).total_seconds()
        return bool(instance.get("BlockDeviceMappings")) and age_s >= self._settled_s


def _launched(ec2: Any, host_name: str, fleet_id: UUID) -> Iterator[dict[str, Any]]:
    filters = [{"Name": "key-name", "Values": [host_name, f"{host_name}*"]}]
    for reservation in pages(ec2, "describe_instances", "Reservations", Filters=filters):
        for instance in reservation["Instances"]:
            owner = tags_of(instance).get(FLEET_TAG, str(fleet_id))
            if instance["State"]["Name"] not in ENDED and owner == str(fleet_id):
                yield instance


def _disks(instance: dict[str, Any]) -> dict[str, str]:
    """Return the volumes of an instance by the names of their devices."""
    return {
        mapping["DeviceName"]: mapping["Ebs"]["VolumeId"]
        for mapping in instance.get("BlockDeviceMappings") or ()
        if "Ebs" in mapping
    }


def _goes_with(instance: dict[str, Any], device: str) -> bool:
    return any(
        mapping["DeviceName"] == device and mapping["Ebs"].get("DeleteOnTermination", False)
        for mapping in instance["BlockDeviceMappings"]
        if "Ebs" in mapping
    )


def _but_for_spot(call: Any, **arguments: object) -> None:
    """Make a call that the cloud refuses for spot instances, whose end is their end anyway."""
    try:
        call(**arguments)
    except ClientError as error:
        if code_of(error) != NOT_FOR_SPOT:
            raise
