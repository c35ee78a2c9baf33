"""Spot requests of the bed, and hosts that end themselves."""

import json
from pathlib import Path
from typing import Any

import pytest

from tests.end_to_end.bed.bed import Bed
from tests.end_to_end.bed.calling import aws, launch, machine, wait_for
from tests.end_to_end.conftest import wait_until

pytestmark = pytest.mark.xdist_group("bed")

REGION = "eu-west-1"
# Looks once a second whether the time in the file has come.
WATCHDOG = """#!/bin/sh
echo 9999999999 >/run/ends-at
(while sleep 1; do [ "$(date +%s)" -ge "$(cat /run/ends-at)" ] && shutdown -h now; done) >/dev/null 2>&1 &
"""


def ask_for_spot(bed: Bed, **words: Any) -> dict[str, Any]:
    """Ask for a spot instance as docker-machine does; return the request."""
    specification = {"ImageId": "ami-1", "InstanceType": "t3.micro", "KeyName": "spot-key"}
    answer = aws(bed, "ec2", REGION, "request_spot_instances", LaunchSpecification=specification, **words)
    request: dict[str, Any] = answer["SpotInstanceRequests"][0]
    return request


def request_of(bed: Bed, request_id: str) -> dict[str, Any]:
    """Return what DescribeSpotInstanceRequests says."""
    words = {"SpotInstanceRequestIds": [request_id]}
    answer = aws(bed, "ec2", REGION, "describe_spot_instance_requests", **words)
    request: dict[str, Any] = answer["SpotInstanceRequests"][0]
    return request


def status(bed: Bed, request_id: str) -> tuple[str, str]:
    """Return a request's state and the code of its status."""
    request = request_of(bed, request_id)
    return request["State"], request["Status"]["Code"]


@pytest.fixture
def key(bed: Bed) -> None:
    """A key pair in the region."""
    aws(bed, "ec2", REGION, "create_key_pair", KeyName="spot-key")


@pytest.mark.usefixtures("key")
def test_a_spot_request_is_open_and_then_fulfilled_with_a_host_behind_it(bed: Bed) -> None:
    request = ask_for_spot(bed)
    request_id = request["SpotInstanceRequestId"]

    assert (request["State"], request["Status"]["Code"]) == ("open", "pending-evaluation")
    assert "InstanceId" not in request
    assert status(bed, request_id) == ("active", "fulfilled")
    instance_id = request_of(bed, request_id)["InstanceId"]
    running = wait_for(bed, REGION, instance_id, "running")
    assert (running["InstanceLifecycle"], running["SpotInstanceRequestId"]) == ("spot", request_id)
    by_key = [{"Name": "launch.key-name", "Values": ["spot-key"]}, {"Name": "state", "Values": ["active"]}]
    words: dict[str, Any] = {"Filters": by_key}
    found = aws(bed, "ec2", REGION, "describe_spot_instance_requests", **words)["SpotInstanceRequests"]
    assert [each["InstanceId"] for each in found] == [instance_id]
    aws(bed, "ec2", REGION, "terminate_instances", InstanceIds=[instance_id])
    assert status(bed, request_id) == ("closed", "instance-terminated-by-user")


@pytest.mark.usefixtures("key")
def test_a_request_that_nobody_asks_for_again_is_fulfilled_all_the_same(bed: Bed) -> None:
    ask_for_spot(bed)

    wait_until(lambda: len(bed.state()[REGION]["instances"]) == 1)


@pytest.mark.usefixtures("key")
def test_a_request_waits_while_there_is_no_capacity(bed: Bed) -> None:
    bed.spot(REGION, "capacity-not-available")
    waiting, cancelled = (ask_for_spot(bed)["SpotInstanceRequestId"] for _ in range(2))

    assert status(bed, waiting) == ("open", "capacity-not-available")
    assert bed.left()[REGION]["spot_requests"] == sorted([waiting, cancelled])
    aws(bed, "ec2", REGION, "cancel_spot_instance_requests", SpotInstanceRequestIds=[cancelled])
    bed.spot(REGION, None)

    assert status(bed, cancelled) == ("cancelled", "canceled-before-fulfillment")
    assert status(bed, waiting) == ("active", "fulfilled")
    assert len(bed.left()[REGION]["instances"]) == 1


@pytest.mark.usefixtures("key")
def test_a_spot_request_beyond_its_quota_is_refused(bed: Bed) -> None:
    bed.quota(REGION, 0, code="L-34B43A08")
    specification = {"ImageId": "ami-1", "InstanceType": "t3.micro"}

    refused = aws(bed, "ec2", REGION, "request_spot_instances", LaunchSpecification=specification)

    assert refused["Error"] == "MaxSpotInstanceCountExceeded"
    assert "InstanceId" in launch(bed, REGION, InstanceType="t3.micro")


@pytest.mark.usefixtures("key")
def test_an_interruption_is_announced_and_carried_out(bed: Bed) -> None:
    request_id = ask_for_spot(bed)["SpotInstanceRequestId"]
    instance_id = request_of(bed, request_id)["InstanceId"]
    wait_for(bed, REGION, instance_id, "running")

    assert bed.interrupt(REGION, warning_s=2.0) == [instance_id]

    assert status(bed, request_id) == ("active", "marked-for-termination")
    assert bed.state()[REGION]["instances"][instance_id]["state"] == "running"
    ended = wait_for(bed, REGION, instance_id, "terminated")
    assert ended["StateReason"] == {
        "Code": "Server.SpotInstanceTermination",
        "Message": "Server.SpotInstanceTermination: Spot instance termination",
    }
    assert status(bed, request_id) == ("closed", "instance-terminated-no-capacity")


def test_docker_machine_has_a_host_by_a_spot_request(bed: Bed, tmp_path: Path) -> None:
    words = ["--amazonec2-region", REGION, "--amazonec2-request-spot-instance"]
    ami = ["--amazonec2-ami", bed.image(REGION), "--amazonec2-instance-type", "t3.micro"]

    created = machine(bed, tmp_path, "create", "-d", "amazonec2", *words, *ami, "spotted")

    assert created.returncode == 0, created.stdout + created.stderr
    (instance_id,) = bed.state()[REGION]["instances"]
    assert bed.state()[REGION]["spot_requests"]
    assert json.loads(bed.host(instance_id).run("docker", "info", "--format", "{{json .Name}}")) == "spotted"
    assert machine(bed, tmp_path, "rm", "-y", "spotted").returncode == 0
    assert bed.left() == {}


def test_a_host_of_docker_machine_ends_itself_and_stops_billing(bed: Bed, tmp_path: Path) -> None:
    user_data = tmp_path / "user-data"
    user_data.write_text(WATCHDOG, encoding="ascii")
    words = ["--amazonec2-region", REGION, "--amazonec2-userdata", str(user_data)]
    created = machine(bed, tmp_path / "store", "create", "-d", "amazonec2", *words, "mortal")
    assert created.returncode == 0, created.stdout + created.stderr
    ((instance_id, held),) = bed.state()[REGION]["instances"].items()
    assert held["on_shutdown"] == "stop"
    told = {"InstanceId": instance_id, "InstanceInitiatedShutdownBehavior": {"Value": "terminate"}}
    assert "Error" not in aws(bed, "ec2", REGION, "modify_instance_attribute", **told)
    assert bed.state()[REGION]["instances"][instance_id]["on_shutdown"] == "terminate"

    # By ssh, as a command that shortens its life would.
    ended = "echo 0 | sudo tee /run/ends-at"
    assert machine(bed, tmp_path / "store", "ssh", "mortal", ended).returncode == 0

    reason = wait_for(bed, REGION, instance_id, "terminated")["StateReason"]["Code"]
    assert reason == "Client.InstanceInitiatedShutdown"
    left = bed.left()[REGION]
    assert (left["instances"], left["volumes"], left["key_pairs"]) == ({}, [], [held["key"]])
