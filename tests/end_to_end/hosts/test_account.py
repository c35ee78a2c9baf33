"""What an account cannot do is found before anything is created, and what it can do is used."""

import pytest

from tests.end_to_end.bed.bed import Bed
from tests.end_to_end.bed.calling import aws
from tests.end_to_end.bed.environment import ACCESS_KEY
from tests.end_to_end.hosts.cloud_fleet import CloudFleet
from tests.end_to_end.hosts.our_group import assert_open_to_us_only, our_group
from tests.end_to_end.hosts.running import Running

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


@pytest.mark.parametrize("when", ["Asking for", "Waiting for SSH"])
def test_keys_that_expire_while_a_host_is_made_are_renewed(bed: Bed, cloud: CloudFleet, when: str) -> None:
    cloud.environment |= bed.profile()
    cloud.write(REGION, "us-east-1")
    up = Running(process=cloud.begin("up"))
    up.until_said(f"{REGION}: {when}")
    bed.expire_keys()

    ended = up.end()

    assert ended.code == 0, ended.err
    assert len(cloud.run_states()) == 2
    assert cloud.run("down").code == 0
    assert bed.left() == {}


def test_check_says_which_regions_the_account_has_and_which_docker_machine_cannot_make(
    bed: Bed, cloud: CloudFleet
) -> None:
    bed.opt_in("ap-northeast-2", False)
    cloud.write(REGION)

    check = cloud.run("check")

    assert check.code == 0, check.err
    assert "off: ap-northeast-2" in check.err
    assert "cannot make hosts in" in check.err


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


def test_a_spot_host_that_is_taken_back_hands_over_what_it_has_and_is_replaced_once(
    bed: Bed, cloud: CloudFleet
) -> None:
    cloud.write(
        run="{repeat: 3, every: 1s}",
        count=1_500,
        testers=f"  - {{name: cheap, use: aws, spot: true, location: {{region: {REGION}}}}}",
    )
    up = Running(process=cloud.begin("up"))
    up.until_said("cheap running")

    bed.interrupt(cloud.instance_of(REGION), warning_s=60.0)
    ended = up.end()

    assert ended.code == 3, ended.err
    assert "is taken back by its cloud" in ended.err
    assert "spot interruption: marked-for-termination" in ended.err
    assert cloud.run_states() == {"cheap": ["complete", "complete", "truncated"]}
    assert len(cloud.hosts()) == 2
    assert cloud.run("down").code == 0
    assert bed.left() == {}


def test_hosts_are_opened_anew_to_an_orchestrator_whose_address_has_changed(
    bed: Bed, cloud: CloudFleet
) -> None:
    cloud.write(REGION)
    assert cloud.run("up").code == 0
    group = our_group(bed, REGION)
    where = {"GroupId": group["GroupId"]}
    was = [
        {key: rule[key] for key in ("IpProtocol", "FromPort", "ToPort", "IpRanges")}
        for rule in group["IpPermissions"]
    ]
    aws(bed, "ec2", REGION, "revoke_security_group_ingress", **where, IpPermissions=was)
    elsewhere = [{**rule, "IpRanges": [{"CidrIp": "10.9.9.9/32"}]} for rule in was]
    aws(bed, "ec2", REGION, "authorize_security_group_ingress", **where, IpPermissions=elsewhere)

    assert cloud.run("status", "--refresh").code == 0

    assert_open_to_us_only(bed, REGION)
    assert cloud.run("down").code == 0
    assert bed.left() == {}
