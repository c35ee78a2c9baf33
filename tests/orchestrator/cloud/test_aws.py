"""What docker-machine launched is marked as ours, and removed by the cloud's word."""

from collections.abc import Iterator

import pytest
from moto import mock_aws

from orchestrator.cloud.account import Account
from orchestrator.cloud.aws import AwsCloud
from orchestrator.cloud.found import FLEET_TAG, TESTER_TAG
from orchestrator.cloud.mark import Marker
from orchestrator.cloud.proof import Clearing, ClearingLimits
from orchestrator.cloud.refusals import CloudRefused
from orchestrator.places.deadline import Deadline
from orchestrator.places.machine.cloud import Cloud
from orchestrator.places.machine.keys import Keys
from tests.orchestrator.cloud.an_account import (
    FLEET,
    HOST,
    OTHER,
    REGION,
    FakeAccount,
    ec2,
    key_names,
    launch,
    states,
)

KEYS = Keys(access_key="AKIATEST", secret_key="secret", source="options")


@pytest.fixture(autouse=True)
def emulated(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "AKIATEST")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "secret")
    with mock_aws():
        yield


@pytest.fixture
def cloud() -> Cloud:
    account = Account(environment={}, keys=KEYS)
    limits = ClearingLimits(pause_s=0.01)
    return AwsCloud(account, offers_for=lambda _: [], clearing=Clearing(account, limits=limits), settle_s=0.0)


def seen(instance_id: str) -> dict[str, str]:
    described = ec2().describe_instances(InstanceIds=[instance_id])["Reservations"][0]["Instances"][0]
    return {tag["Key"]: tag["Value"] for tag in described.get("Tags", [])}


def behaviour(instance_id: str) -> str:
    said = ec2().describe_instance_attribute(
        InstanceId=instance_id, Attribute="instanceInitiatedShutdownBehavior"
    )
    return str(said["InstanceInitiatedShutdownBehavior"]["Value"])


def test_a_launch_and_its_double_are_both_marked_and_end_for_good(cloud: Cloud) -> None:
    first, double = launch(tags={"Name": HOST}), launch()

    cloud.guard(HOST, region=REGION, fleet_id=FLEET, tester="dublin")

    for each in (first, double):
        assert seen(each) == {"Name": HOST, FLEET_TAG: str(FLEET), TESTER_TAG: "dublin"}
        assert behaviour(each) == "terminate"


def test_what_is_not_there_yet_is_asked_for_again(cloud: Cloud) -> None:
    assert not cloud.guard(HOST, region=REGION, fleet_id=FLEET, tester="dublin")


def test_it_is_done_once_a_double_would_be_seen(cloud: Cloud) -> None:
    launch()
    assert not cloud.guard(HOST, region=REGION, fleet_id=FLEET, tester="dublin")

    at_once = Marker(FakeAccount(), settled_s=0.0)

    assert at_once.mark(HOST, region=REGION, fleet_id=FLEET, tester="dublin")


def test_a_host_of_another_fleet_is_left_as_it_is(cloud: Cloud) -> None:
    theirs = launch(tags={FLEET_TAG: str(OTHER)})

    cloud.guard(HOST, region=REGION, fleet_id=FLEET, tester="dublin")

    assert seen(theirs) == {FLEET_TAG: str(OTHER)}
    assert behaviour(theirs) == "stop"


def test_a_disk_that_would_outlive_its_host_goes_with_it(cloud: Cloud) -> None:
    instance_id = launch(keeps_disk=True)

    cloud.guard(HOST, region=REGION, fleet_id=FLEET, tester="dublin")

    described = ec2().describe_instances(InstanceIds=[instance_id])["Reservations"][0]["Instances"][0]
    assert [each["Ebs"]["DeleteOnTermination"] for each in described["BlockDeviceMappings"]] == [True]


def test_a_policy_that_forbids_the_marking_names_the_call() -> None:
    launch()
    account = FakeAccount(refused={"ModifyInstanceAttribute": -1})

    with pytest.raises(CloudRefused, match="ModifyInstanceAttribute"):
        Marker(account).mark(HOST, region=REGION, fleet_id=FLEET, tester="dublin")


def test_a_removed_host_leaves_nothing(cloud: Cloud) -> None:
    ids = launch(tags={"Name": HOST}), launch()

    cloud.remove(HOST, region=REGION, fleet_id=FLEET, in_flight=True, deadline=Deadline.after(60))

    assert states(*ids) == ["terminated", "terminated"]
    assert HOST not in key_names()
