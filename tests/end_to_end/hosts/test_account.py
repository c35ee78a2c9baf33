"""What an account cannot do is found before anything is created, and what it can do is used."""

import pytest

from tests.end_to_end.bed.bed import Bed
from tests.end_to_end.bed.environment import ACCESS_KEY
from tests.end_to_end.hosts.cloud_fleet import CloudFleet

REGION = "eu-west-1"
NO_KEYS = {"AWS_ACCESS_KEY_ID": "", "AWS_SECRET_ACCESS_KEY": ""}


def launches(bed: Bed, *, since: int) -> list[str]:
    """Return the regions in which an instance was asked for."""
    calls = ("RunInstances", "RequestSpotInstances")
    return [event["region"] for event in bed.log()[since:] if event.get("call") in calls]


@pytest.mark.parametrize("case", ["none", "wrong", "quota", "opt-in", "network", "policy", "budget", "arm"])
def test_nothing_is_created_where_the_account_cannot(bed: Bed, cloud: CloudFleet, case: str) -> None:
    more, testers, said = "", "", []
    match case:
        case "none":
            cloud.environment |= NO_KEYS
            said = ["there are no AWS credentials", "aws configure"]
        case "wrong":
            cloud.environment |= {"AWS_ACCESS_KEY_ID": ACCESS_KEY[:-1] + "9"}
            said = ["AWS does not take these credentials"]
        case "quota":
            bed.quota(REGION, 0)
            said = [f"{REGION} allows 0 vCPUs, and 2 are needed", "L-1216C47A"]
        case "opt-in":
            bed.opt_in("ap-northeast-2", False)
            testers = (
                "  - {name: seoul, use: aws, location: {region: ap-northeast-2},"
                " options: {amazonec2-region: ap-northeast-2}}"
            )
            said = ["region ap-northeast-2 is not enabled", "aws account enable-region"]
        case "network":
            bed.no_default_vpc(REGION)
            said = [f"{REGION} has no default VPC", "aws ec2 create-default-vpc"]
        case "policy":
            bed.forbid("ec2:DescribeSubnets")
            said = ["does not allow DescribeSubnets", "ec2:DescribeSubnets"]
        case "budget":
            more = "limits: {deadline: 10h, budget: 0.05 USD}"
            said = ["the fleet may cost", "its budget is 0.05"]
        case "arm":
            image = bed.image(REGION, "arm64")
            testers = (
                f"  - {{name: arm, use: aws, location: {{region: {REGION}}},"
                f" options: {{amazonec2-region: {REGION}, amazonec2-ami: {image}}}}}"
            )
            said = [f"image {image} is for arm64"]
    cloud.write(REGION, testers=testers, more=more)
    before = len(bed.log())

    up = cloud.run("up")

    assert up.code == 2, up.err
    for text in said:
        assert text in up.err
    assert launches(bed, since=before) == []
    assert bed.left() == {}


def test_check_says_whose_account_it_is_what_it_gives_and_what_that_costs(
    bed: Bed, cloud: CloudFleet
) -> None:
    cloud.write(REGION, "us-east-1")

    check = cloud.run("check")

    assert check.code == 0, check.err
    assert "in account" in check.err
    assert "t3.micro" in check.err
    assert f"hosts are open to {bed.address}/32 only" in check.err
    assert "prices of 2026-11-01" in check.err
    plan = cloud.run("plan")
    assert plan.code == 0, plan.err
    assert "at most 0." in plan.out


def test_keys_that_expire_in_the_middle_are_renewed(bed: Bed, cloud: CloudFleet) -> None:
    cloud.environment |= bed.profile()
    cloud.write(REGION)
    assert cloud.run("up").code == 0
    bed.expire_keys()

    down = cloud.run("down")

    assert down.code == 0, down.err
    assert bed.left() == {}


def test_where_one_zone_and_one_type_are_out_another_is_asked(bed: Bed, cloud: CloudFleet) -> None:
    for zone in "ab":
        bed.fault("RunInstances", region=REGION, zone=zone, code="InsufficientInstanceCapacity", times=None)
    cloud.write(REGION)

    up = cloud.run("up", "--rm")

    assert up.code == 0, up.err
    assert f"Asking for t3.micro, {REGION}c" in up.err
    assert bed.left() == {}


def test_where_no_spare_capacity_is_left_the_full_price_is_paid(bed: Bed, cloud: CloudFleet) -> None:
    bed.spot("*", "capacity-not-available")
    cloud.write(
        testers=f"  - {{name: cheap, use: aws, spot: true, location: {{region: {REGION}}},"
        f" options: {{amazonec2-region: {REGION}, amazonec2-zone: a, amazonec2-instance-type: t3.micro}}}}"
    )

    up = cloud.run("up", "--rm")

    assert up.code == 0, up.err
    assert f"Asking for t3.micro, {REGION}a, spot" in up.err
    assert cloud.run_states() == {"cheap": ["complete"] * 2}
    assert bed.left() == {}


def test_every_region_of_the_account_has_a_tester(bed: Bed, cloud: CloudFleet) -> None:
    cloud.write(testers="  - {name: aws, use: aws, regions: all}")

    plan = cloud.run("plan")

    assert plan.code == 0, plan.err
    assert "16 testers" in plan.out
    assert "aws-sa-east-1" in plan.out
