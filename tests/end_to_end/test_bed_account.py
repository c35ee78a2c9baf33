"""The account of the bed: its keys, its policy, its quotas, its regions and its prices."""

import json
import subprocess
import sys
import time
from collections.abc import Callable
from typing import Any

import pytest

from tests.end_to_end.bed.bed import Bed, Refused
from tests.end_to_end.bed.calling import aws, aws_as, launch, machine
from tests.end_to_end.bed.cloud.prices import host_usd_per_hour
from tests.end_to_end.bed.environment import ACCESS_KEY

pytestmark = pytest.mark.xdist_group("bed")

SHORT_S = 5
RENEWING = """
import boto3, sys
ec2 = boto3.client("ec2", "eu-west-1")
print(ec2.describe_regions()["ResponseMetadata"]["HTTPStatusCode"], flush=True)
sys.stdin.readline()
print(ec2.describe_regions()["ResponseMetadata"]["HTTPStatusCode"], flush=True)
"""
QUOTA: dict[str, Any] = {"ServiceCode": "ec2", "QuotaCode": "L-1216C47A"}
LAUNCH: dict[str, Any] = {"ImageId": "ami-1", "MinCount": 1, "MaxCount": 1, "InstanceType": "t3.micro"}


def regions(bed: Bed, **words: Any) -> dict[str, str]:
    """Return the opt-in status of each region that DescribeRegions names."""
    answer = aws(bed, "ec2", "us-east-1", "describe_regions", **words)
    return {each["RegionName"]: each["OptInStatus"] for each in answer["Regions"]}


def products(bed: Bed, service: str, **wanted: str) -> list[dict[str, Any]]:
    """Return what GetProducts finds."""
    filters = [{"Type": "TERM_MATCH", "Field": name, "Value": value} for name, value in wanted.items()]
    answer = aws(bed, "pricing", "us-east-1", "get_products", ServiceCode=service, Filters=filters)
    return [json.loads(each) for each in answer["PriceList"]]


def usd(product: dict[str, Any]) -> float:
    """Return the price of a product."""
    (term,) = product["terms"]["OnDemand"].values()
    (dimension,) = term["priceDimensions"].values()
    return float(dimension["pricePerUnit"]["USD"])


@pytest.mark.parametrize(
    "region", ["us-east-1", "ap-east-2", "mx-central-1", "ap-southeast-6", "me-central-1"]
)
def test_every_region_offers_the_usual_types_in_each_zone(bed: Bed, region: str) -> None:
    zones = aws(bed, "ec2", region, "describe_availability_zones")["AvailabilityZones"]
    filters = [{"Name": "instance-type", "Values": ["t3.micro", "t4g.micro"]}]
    words: dict[str, Any] = {"LocationType": "availability-zone", "Filters": filters}

    offered = aws(bed, "ec2", region, "describe_instance_type_offerings", **words)["InstanceTypeOfferings"]

    assert sorted(each["Location"] for each in offered if each["InstanceType"] == "t3.micro") == sorted(
        zone["ZoneName"] for zone in zones
    )
    assert aws(bed, "sts", region, "get_caller_identity")["Account"] == "123456789012"
    assert aws(bed, "service-quotas", region, "get_service_quota", **QUOTA)["Quota"]["Value"] > 0


def test_a_type_that_is_withdrawn_from_a_zone_is_neither_offered_nor_launched_there(bed: Bed) -> None:
    bed.withdraw("t3.micro", region="eu-west-1", zone="b")

    filters = [{"Name": "instance-type", "Values": ["t3.micro"]}]
    words: dict[str, Any] = {"LocationType": "availability-zone", "Filters": filters}
    offered = aws(bed, "ec2", "eu-west-1", "describe_instance_type_offerings", **words)
    refused = aws(
        bed, "ec2", "eu-west-1", "run_instances", Placement={"AvailabilityZone": "eu-west-1b"}, **LAUNCH
    )

    assert {each["Location"] for each in offered["InstanceTypeOfferings"]} == {"eu-west-1a", "eu-west-1c"}
    assert refused["Error"] == "Unsupported"


def test_an_image_of_another_architecture_is_refused(bed: Bed) -> None:
    image = bed.image("eu-west-1", "arm64", release="22.04")

    refused = aws(bed, "ec2", "eu-west-1", "run_instances", **LAUNCH | {"ImageId": image})

    assert refused["Error"] == "InvalidParameterValue"
    assert "'arm64' of the specified AMI" in refused["Message"]
    (described,) = aws(bed, "ec2", "eu-west-1", "describe_images", ImageIds=[image])["Images"]
    assert described["Architecture"] == "arm64"
    with pytest.raises(Refused, match=r"22\.04, 24\.04"):
        bed.image("eu-west-1", release="16.04")


def test_a_quota_is_told_and_holds(bed: Bed) -> None:
    bed.quota("eu-west-1", 0)
    bed.quota("eu-west-2", 2)

    def told(region: str) -> float:
        quota = aws(bed, "service-quotas", region, "get_service_quota", **QUOTA)["Quota"]
        return float(quota["Value"])

    assert (told("eu-west-1"), told("eu-west-2"), told("eu-west-3")) == (0.0, 2.0, 512.0)
    refused = aws(bed, "ec2", "eu-west-1", "run_instances", **LAUNCH)
    assert refused["Error"] == "VcpuLimitExceeded"
    assert "vCPU limit of 0" in refused["Message"]
    assert "InstanceId" in launch(bed, "eu-west-2", InstanceType="t3.micro")
    assert aws(bed, "ec2", "eu-west-2", "run_instances", **LAUNCH)["Error"] == "VcpuLimitExceeded"


def test_a_region_that_is_off_is_not_described_and_takes_no_keys(bed: Bed) -> None:
    bed.opt_in("ap-east-1", False)

    enabled, every = regions(bed), regions(bed, AllRegions=True)

    assert "ap-east-1" not in enabled
    assert (every["ap-east-1"], every["me-south-1"]) == ("not-opted-in", "opted-in")
    assert every["us-east-1"] == "opt-in-not-required"
    assert regions(bed, RegionNames=["eu-west-1"]) == {"eu-west-1": "opt-in-not-required"}
    assert aws(bed, "ec2", "ap-east-1", "describe_instances")["Error"] == "AuthFailure"
    assert aws(bed, "sts", "ap-east-1", "get_caller_identity")["Error"] == "InvalidClientTokenId"
    bed.clear()
    assert regions(bed)["ap-east-1"] == "opted-in"


def test_a_region_without_a_default_vpc_launches_only_where_a_subnet_is_named(bed: Bed) -> None:
    bed.no_default_vpc("eu-west-1")

    assert aws(bed, "ec2", "eu-west-1", "describe_vpcs")["Vpcs"] == []
    assert aws(bed, "ec2", "eu-west-1", "describe_subnets")["Subnets"] == []
    assert aws(bed, "ec2", "eu-west-1", "run_instances", **LAUNCH)["Error"] == "VPCIdNotSpecified"
    bed.empty()
    assert aws(bed, "ec2", "eu-west-1", "describe_vpcs")["Vpcs"][0]["IsDefault"]


def test_docker_machine_names_the_default_vpc_that_is_missing(bed: Bed, tmp_path: Any) -> None:
    bed.no_default_vpc("eu-west-1")

    created = machine(
        bed, tmp_path, "create", "-d", "amazonec2", "--amazonec2-region", "eu-west-1", "homeless"
    )

    assert created.returncode != 0
    assert "default vpc" in (created.stdout + created.stderr).lower()
    assert bed.left() == {}


@pytest.mark.parametrize(
    ("service", "method", "code"),
    [
        ("ec2", "describe_regions", "RequestExpired"),
        ("sts", "get_caller_identity", "ExpiredToken"),
        ("ssm", "describe_parameters", "ExpiredTokenException"),
    ],
)
def test_expired_keys_are_refused_in_each_services_words(
    bed: Bed, service: str, method: str, code: str
) -> None:
    bed.expire_keys()
    assert aws(bed, service, "eu-west-1", method)["Error"] == code
    bed.expire_keys(code="ExpiredToken")
    assert aws(bed, service, "eu-west-1", method)["Error"] == "ExpiredToken"
    bed.clear()
    assert "Error" not in aws(bed, service, "eu-west-1", method)


def test_a_profile_gives_fresh_keys_after_the_present_ones_expired(bed: Bed) -> None:
    environment = bed.profile()
    before = aws_as(bed, environment, "sts", "eu-west-1", "get_caller_identity")

    bed.expire_keys()

    again = aws_as(bed, environment, "sts", "eu-west-1", "get_caller_identity")
    assert before["Arn"] == again["Arn"] == "arn:aws:sts::123456789012:assumed-role/bed/bed"
    used = [event["access_key"] for event in bed.log() if event.get("call") == "GetCallerIdentity"][-2:]
    assert len(set(used)) == 2
    assert ACCESS_KEY not in used


def test_keys_that_expire_in_the_middle_are_renewed_through_the_profile(bed: Bed) -> None:
    with subprocess.Popen(
        [*bed.prefix, sys.executable, "-c", RENEWING],
        env=bed.environment() | bed.profile("short", life_s=SHORT_S),
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    ) as client:
        assert client.stdin is not None
        assert client.stdout is not None
        assert client.stdout.readline() == "200\n"
        time.sleep(SHORT_S + 1)
        client.stdin.write("\n")
        client.stdin.flush()
        assert client.stdout.readline() == "200\n"
    used = [event["access_key"] for event in bed.log() if event.get("call") == "DescribeRegions"][-2:]
    assert len(set(used)) == 2


def test_keys_are_good_for_their_life_and_with_their_token(bed: Bed) -> None:
    def identity(issued: dict[str, str], *, token: str | None = None) -> dict[str, Any]:
        keys = {
            "AWS_ACCESS_KEY_ID": issued["AccessKeyId"],
            "AWS_SECRET_ACCESS_KEY": issued["SecretAccessKey"],
            "AWS_SESSION_TOKEN": token or issued["SessionToken"],
        }
        return aws_as(bed, keys, "sts", "eu-west-1", "get_caller_identity")

    assert "Arn" in identity(bed.issue_keys())
    assert identity(bed.issue_keys(), token="another")["Error"] == "InvalidClientTokenId"
    assert identity(bed.issue_keys(life_s=0))["Error"] == "ExpiredToken"
    unknown = {"AWS_ACCESS_KEY_ID": "AKIANOBODY0000000000"}
    assert aws_as(bed, unknown, "ec2", "eu-west-1", "describe_regions")["Error"] == "AuthFailure"


@pytest.mark.parametrize(
    ("service", "method", "action", "code"),
    [
        ("ec2", "describe_instances", "ec2:DescribeInstances", "UnauthorizedOperation"),
        ("ssm", "describe_parameters", "ssm:DescribeParameters", "AccessDeniedException"),
        ("service-quotas", "list_service_quotas", "servicequotas:ListServiceQuotas", "AccessDeniedException"),
    ],
)
def test_a_policy_that_leaves_out_a_call_is_named(
    bed: Bed, service: str, method: str, action: str, code: str
) -> None:
    words: dict[str, Any] = {"ServiceCode": "ec2"} if service == "service-quotas" else {}
    bed.forbid(action, region="eu-west-1")

    refused = aws(bed, service, "eu-west-1", method, **words)

    assert refused["Error"] == code
    assert f"is not authorized to perform: {action}" in refused["Message"]
    assert f"no identity-based policy allows the {action} action" in refused["Message"]
    assert "Error" not in aws(bed, service, "eu-west-2", method, **words)
    assert action in bed.calls()


def test_an_action_that_is_no_action_is_refused(bed: Bed) -> None:
    with pytest.raises(Refused, match="ec2:RunInstances"):
        bed.forbid("RunInstances")


@pytest.mark.parametrize("instance_type", ["t3.micro", "t4g.micro"])
def test_prices_are_told_and_said_to_be_made_up(bed: Bed, instance_type: str) -> None:
    wanted = {
        "instanceType": instance_type,
        "regionCode": "eu-west-1",
        "operatingSystem": "Linux",
        "tenancy": "Shared",
        "preInstalledSw": "NA",
    }

    wide = products(bed, "AmazonEC2", **wanted)
    (exact,) = products(bed, "AmazonEC2", capacitystatus="Used", **wanted)

    assert len(wide) == 2
    assert usd(exact) == host_usd_per_hour("eu-west-1", instance_type)
    assert exact["product"]["attributes"]["bed"] == exact["version"] == "made up by the bed"
    assert products(bed, "AmazonEC2", **wanted | {"regionCode": "ap-east-2"}) == []


def test_the_disk_and_the_address_have_their_price(bed: Bed) -> None:
    (disk,) = products(bed, "AmazonEC2", regionCode="us-east-1", volumeApiName="gp3", productFamily="Storage")
    (address,) = products(bed, "AmazonVPC", regionCode="us-east-1", usagetype="USE1-PublicIPv4:InUseAddress")

    assert (usd(disk), usd(address)) == (0.08, 0.005)


def test_a_fault_of_any_service_is_told_in_its_own_format(bed: Bed) -> None:
    bed.fault("GetProducts", code="ThrottlingException")
    bed.fault("GetCallerIdentity", code="Throttling", status=400)

    calls: list[Callable[[], dict[str, Any]]] = [
        lambda: aws(bed, "pricing", "us-east-1", "get_products", ServiceCode="AmazonEC2"),
        lambda: aws(bed, "sts", "us-east-1", "get_caller_identity"),
    ]
    assert [call()["Error"] for call in calls] == ["ThrottlingException", "Throttling"]
    assert [event.get("code") for event in bed.log() if "call" in event][-2:] == [
        "ThrottlingException",
        "Throttling",
    ]
