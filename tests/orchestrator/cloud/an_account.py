"""An emulated account, and what docker-machine leaves in it."""

import socket
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any
from uuid import UUID

import boto3
from botocore.exceptions import ClientError

REGION = "eu-west-1"
FLEET = UUID("aabbccdd-0000-4000-8000-000000000001")
OTHER = UUID("11112222-0000-4000-8000-000000000002")
HOST = "mill-dublin-aabbccdd-1a2b"
IMAGE = "ami-12c6146b"


@dataclass(kw_only=True, slots=True)
class FakeAccount:
    """Clients of the emulated cloud; `refused` operations are refused so often, -1 for ever."""

    refused: dict[str, int] = field(default_factory=dict)
    code: str = "UnauthorizedOperation"
    calls: list[str] = field(default_factory=list)
    clients: dict[tuple[str, str], Any] = field(default_factory=dict)
    before: dict[str, Callable[[], None]] = field(default_factory=dict)

    def client(self, service: str, region: str) -> Any:
        if (service, region) not in self.clients:
            self.clients[service, region] = boto3.client(service, region_name=region)
            self.clients[service, region].meta.events.register("before-call.*.*", self._meet)
        return self.clients[service, region]

    def _meet(self, model: Any, **_: object) -> None:
        self.calls.append(model.name)
        if (hook := self.before.pop(model.name, None)) is not None:
            hook()
        if self.refused.get(model.name, 0) != 0:
            self.refused[model.name] -= 1
            raise ClientError({"Error": {"Code": self.code, "Message": "You are not authorized"}}, model.name)


def ec2(region: str = REGION) -> Any:
    return boto3.client("ec2", region_name=region)


def launch(
    *,
    key: str | None = HOST,
    tags: dict[str, str] | None = None,
    region: str = REGION,
    keeps_disk: bool = False,
    groups: tuple[str, ...] = (),
) -> str:
    """Launch an instance as docker-machine does, its key pair with it, and return its id."""
    client = ec2(region)
    if (
        key is not None
        and not client.describe_key_pairs(Filters=[{"Name": "key-name", "Values": [key]}])["KeyPairs"]
    ):
        client.create_key_pair(KeyName=key)
    words: dict[str, Any] = {}
    if key is not None:
        words["KeyName"] = key
    if tags:
        named = [{"Key": name, "Value": value} for name, value in tags.items()]
        words["TagSpecifications"] = [{"ResourceType": "instance", "Tags": named}]
    if groups:
        words["SecurityGroupIds"] = list(groups)
    made = client.run_instances(
        ImageId=IMAGE,
        MinCount=1,
        MaxCount=1,
        BlockDeviceMappings=[
            {"DeviceName": "/dev/sda1", "Ebs": {"VolumeSize": 8, "DeleteOnTermination": not keeps_disk}}
        ],
        **words,
    )
    return str(made["Instances"][0]["InstanceId"])


def states(*ids: str, region: str = REGION) -> list[str]:
    described = ec2(region).describe_instances(InstanceIds=list(ids))["Reservations"]
    by_id = {each["InstanceId"]: each["State"]["Name"] for row in described for each in row["Instances"]}
    return [by_id[id_] for id_ in ids]


def key_names(region: str = REGION) -> set[str]:
    return {each["KeyName"] for each in ec2(region).describe_key_pairs()["KeyPairs"]}


def no_packet_leaves(monkeypatch: Any) -> None:
    """Let whoever connects to anything fail."""

    def refuse(*_: object) -> None:
        raise AssertionError("a test of the cloud wanted the network")

    monkeypatch.setattr(socket.socket, "connect", refuse)
