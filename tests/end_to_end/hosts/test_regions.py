"""Hosts in regions: created, used and removed by the real docker-machine."""

from tests.end_to_end.bed.bed import Bed
from tests.end_to_end.hosts.cloud_fleet import CloudFleet
from tests.end_to_end.hosts.our_group import assert_open_to_us_only

TEN = (
    "us-east-1", "us-west-2", "ca-central-1", "sa-east-1", "eu-west-1",
    "eu-central-1", "eu-north-1", "ap-northeast-1", "ap-southeast-2", "ap-south-1",
)  # fmt: skip


PROOF = (
    "the cloud has 0 spot requests, 0 instances, 0 key pairs, 0 volumes, 0 security groups; removed here:"
    " 3 security groups"
)


def test_three_regions_measure_and_nothing_is_left(bed: Bed, cloud: CloudFleet) -> None:
    cloud.write("eu-west-1", "us-east-1", "ap-northeast-1")

    up = cloud.run("up")

    assert up.code == 0, up.err
    assert sorted(run["state"] for run in cloud.runs()) == ["complete"] * 6
    assert len(bed.left()) == 3
    for region in bed.left():
        assert_open_to_us_only(bed, region)
    down = cloud.run("down")
    assert down.code == 0, down.err
    assert "3 removed, 0 left" in down.err
    assert PROOF in down.err
    assert bed.left() == {}


def test_ten_regions_at_once_measure_and_nothing_is_left(bed: Bed, cloud: CloudFleet) -> None:
    cloud.write(*TEN, more="limits: {concurrency: 10}")
    before = len(bed.log())

    up = cloud.run("up", "--rm")

    assert up.code == 0, up.err
    assert cloud.run_states() == {region: ["complete"] * 2 for region in TEN}
    assert "10 removed, 0 left" in up.err
    assert bed.left() == {}
    assert cloud.stored() == []
    made = [event["region"] for event in bed.log()[before:] if event.get("call") == "RunInstances"]
    assert sorted(made) == sorted(TEN)
