"""What is ours goes, and nothing else: against an emulated account."""

from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Any

import pytest
from moto import mock_aws

from orchestrator.cloud.found import Kind, Proof, group_name
from orchestrator.cloud.proof import Clearing, ClearingLimits
from orchestrator.cloud.search import Search
from orchestrator.errors import LeftBehind
from orchestrator.places.deadline import Deadline
from tests.orchestrator.cloud.an_account import (
    FLEET,
    HOST,
    IMAGE,
    OTHER,
    REGION,
    FakeAccount,
    ec2,
    key_names,
    launch,
    no_packet_leaves,
    states,
)

ANOTHER_HOST = "mill-dublin-11112222-1a2b"


@pytest.fixture(autouse=True)
def cloud(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"):
        monkeypatch.setenv(name, "testing")
    no_packet_leaves(monkeypatch)
    with mock_aws():
        yield


def clear_host(
    account: FakeAccount | None = None, *, host: str = HOST, settle_s: float = 0.0, **words: Any
) -> Proof:
    clearing = Clearing(
        account or FakeAccount(), limits=ClearingLimits(pause_s=0.001), wait=lambda _: None, **words
    )
    return clearing.clear_host(REGION, host, fleet_id=FLEET, deadline=Deadline.after(5.0), settle_s=settle_s)


def clear_fleet(account: FakeAccount | None = None) -> Proof:
    clearing = Clearing(account or FakeAccount(), limits=ClearingLimits(pause_s=0.001), wait=lambda _: None)
    return clearing.clear_fleet(REGION, FLEET, deadline=Deadline.after(5.0))


def test_a_host_goes_with_its_key_pair_and_the_counts_are_the_clouds() -> None:
    instance = launch(tags={"Name": HOST, "orchestrate-fleet": str(FLEET)})

    proof = clear_host()

    assert states(instance) == ["terminated"]
    assert key_names() == set()
    assert str(proof).startswith(
        "eu-west-1: the cloud has 0 spot requests, 0 instances, 0 key pairs, 0 volumes, 0 security groups"
    )
    assert {item.kind for item in proof.removed} >= {Kind.INSTANCE, Kind.KEY_PAIR}


def test_the_untagged_double_of_a_lost_answer_goes_too() -> None:
    first = launch(tags={"Name": HOST})
    double = launch()

    clear_host()

    assert states(first, double) == ["terminated", "terminated"]


def test_a_stopped_instance_counts_and_goes() -> None:
    instance = launch()
    ec2().stop_instances(InstanceIds=[instance])

    assert [item.state for item in Search(FakeAccount()).of_fleet(REGION, FLEET) if item.id == instance] == [
        "stopped"
    ]
    clear_host()

    assert states(instance) == ["terminated"]


def test_a_key_pair_with_a_suffix_goes_with_its_host() -> None:
    instance = launch(key=f"{HOST}-x7Fq2", tags={"Name": HOST})

    clear_host()

    assert states(instance) == ["terminated"]
    assert key_names() == set()


def test_a_key_pair_alone_goes() -> None:
    ec2().create_key_pair(KeyName=HOST)

    clear_host()

    assert key_names() == set()


def test_another_host_of_the_fleet_stays() -> None:
    neighbour = launch(key="mill-oslo-aabbccdd-9f9f")

    clear_host()

    assert states(neighbour) == ["running"]


def test_a_disk_that_outlives_its_instance_goes() -> None:
    launch(keeps_disk=True)
    assert len(ec2().describe_volumes()["Volumes"]) == 1

    proof = clear_host()

    assert ec2().describe_volumes()["Volumes"] == []
    assert any(item.kind is Kind.VOLUME for item in proof.removed)


def test_a_disk_whose_instance_is_gone_is_found_by_its_tags() -> None:
    zone = f"{REGION}a"
    tags = [{"Key": "orchestrate-fleet", "Value": str(FLEET)}, {"Key": "Name", "Value": HOST}]
    ec2().create_volume(
        AvailabilityZone=zone, Size=1, TagSpecifications=[{"ResourceType": "volume", "Tags": tags}]
    )
    ec2().create_volume(AvailabilityZone=zone, Size=1)

    clear_host()

    assert len(ec2().describe_volumes()["Volumes"]) == 1


def test_a_spot_request_is_cancelled_before_its_instance_ends() -> None:
    ec2().create_key_pair(KeyName=HOST)
    made = ec2().request_spot_instances(
        SpotPrice="0.5", InstanceCount=1, LaunchSpecification={"ImageId": IMAGE, "KeyName": HOST}
    )
    account = FakeAccount()

    clear_host(account)

    ended = [name for name in account.calls if name.startswith(("Cancel", "Terminate"))]
    assert ended == ["CancelSpotInstanceRequests", "TerminateInstances"]
    id_ = made["SpotInstanceRequests"][0]["SpotInstanceRequestId"]
    listed = ec2().describe_spot_instance_requests(SpotInstanceRequestIds=[id_])["SpotInstanceRequests"]
    assert [each["State"] for each in listed] in ([], ["cancelled"])


def test_what_appears_late_is_still_removed() -> None:
    account = FakeAccount()
    ids: list[str] = []
    looks = 0

    def pause(_: float) -> None:
        nonlocal looks
        looks += 1
        if looks == 1:
            ids.append(launch())

    limits = ClearingLimits(pause_s=0.001, sure_after_s=-60.0)
    Clearing(account, limits=limits, wait=pause).clear_host(
        REGION, HOST, fleet_id=FLEET, deadline=Deadline.after(20.0), settle_s=8.0
    )

    assert states(*ids) == ["terminated"]


def test_nobody_waits_for_a_host_that_was_launched_long_ago() -> None:
    launch()
    later = datetime(2100, 1, 1, tzinfo=UTC)

    clear_host(settle_s=3_600.0, now=lambda: later)

    assert key_names() == set()


def test_a_refusal_is_tried_again() -> None:
    instance = launch()

    clear_host(FakeAccount(refused={"TerminateInstances": 3}))

    assert states(instance) == ["terminated"]


def test_what_the_cloud_will_not_end_is_left_behind_with_its_id_and_the_command() -> None:
    instance = launch()

    with pytest.raises(LeftBehind) as caught:
        clear_host(FakeAccount(refused={"TerminateInstances": -1}))

    assert instance in caught.value.what
    assert "not authorized" in caught.value.cause
    assert f"aws ec2 terminate-instances --region {REGION} --instance-ids {instance}" in (
        caught.value.next_step
    )
    assert caught.value.exit_code == 5


def test_a_region_that_cannot_be_searched_is_not_called_empty() -> None:
    with pytest.raises(LeftBehind, match="nobody knows what is left"):
        clear_host(FakeAccount(refused={"DescribeInstances": -1}))


def test_a_search_that_fails_once_is_done_again() -> None:
    instance = launch()

    clear_host(FakeAccount(refused={"DescribeInstances": 1}))

    assert states(instance) == ["terminated"]


def test_two_fleets_of_one_name_do_not_touch_each_other() -> None:
    ours = launch(tags={"Name": HOST, "orchestrate-fleet": str(FLEET)})
    theirs = launch(key=ANOTHER_HOST, tags={"Name": ANOTHER_HOST, "orchestrate-fleet": str(OTHER)})
    their_double = launch(key=ANOTHER_HOST)
    # The same first digits: only the tag tells them apart.
    twin = launch(key="mill-oslo-aabbccdd-1a2c", tags={"orchestrate-fleet": str(OTHER)})
    stranger = launch(key=None, tags={"Name": "database"})
    make_group(OTHER)

    clear_fleet()

    assert states(ours, theirs, their_double, twin, stranger) == ["terminated", *["running"] * 4]
    assert ANOTHER_HOST in key_names()
    assert group_names() == {group_name(OTHER)}


def test_a_fleets_group_goes_once_nothing_uses_it() -> None:
    id_ = make_group(FLEET)
    instance = launch(groups=(id_,))

    proof = clear_fleet()

    assert states(instance) == ["terminated"]
    assert group_names() == set()
    assert proof.counts.get(Kind.GROUP, 0) == 0


def test_an_untagged_instance_with_somebodys_own_key_is_known_by_the_fleets_group() -> None:
    id_ = make_group(FLEET)
    nameless = launch(key="team-key", groups=(id_,))
    named = launch(key="team-key", tags={"Name": "bastion"})

    clear_fleet()

    assert states(nameless, named) == ["terminated", "running"]
    assert key_names() == {"team-key"}


def test_removing_twice_is_removing_once() -> None:
    launch()
    clear_fleet()

    assert clear_fleet().removed == ()


def make_group(fleet_id: Any) -> str:
    vpc = ec2().describe_vpcs()["Vpcs"][0]["VpcId"]
    made = ec2().create_security_group(GroupName=group_name(fleet_id), Description="ours", VpcId=vpc)
    return str(made["GroupId"])


def group_names() -> set[str]:
    found = ec2().describe_security_groups()["SecurityGroups"]
    return {each["GroupName"] for each in found if each["GroupName"] != "default"}
