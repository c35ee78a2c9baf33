"""What EC2 has for a host is found out before docker-machine asks for one."""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from uuid import UUID

import pytest
from moto import mock_aws

from orchestrator.cloud.account import Account
from orchestrator.cloud.address import orchestrators_networks
from orchestrator.cloud.found import group_name
from orchestrator.cloud.group import FleetGroups
from orchestrator.cloud.market import Market
from orchestrator.cloud.offers import Offers
from orchestrator.cloud.refusals import CloudRefused
from orchestrator.cloud.wish import Wish, wish_of
from orchestrator.places.machine.keys import Keys
from orchestrator.places.place import NewHost
from tests.orchestrator.cloud.an_account import FLEET, HOST, REGION, ec2

ADDRESS = "198.51.100.7"
CANONICAL = "/aws/service/canonical/ubuntu/server/24.04/stable/current/{}/hvm/ebs-gp3/ami-id"


class Ssm:
    """Canonical's parameters, which the emulated cloud lets nobody write."""

    def get_parameter(self, *, Name: str) -> dict[str, Any]:  # noqa: N803 - the library's word
        images = {CANONICAL.format("amd64"): "ami-amd64", CANONICAL.format("arm64"): "ami-arm64"}
        return {"Parameter": {"Value": images[Name]}}


class Clients:
    """The emulated account, but for its parameters."""

    def __init__(self) -> None:
        keys = Keys(access_key="AKIATEST", secret_key="secret", source="options")
        self.account = Account(environment={}, keys=keys)

    def client(self, service: str, region: str) -> Any:
        return Ssm() if service == "ssm" else self.account.client(service, region)


@pytest.fixture(autouse=True)
def emulated(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "AKIATEST")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "secret")
    with mock_aws():
        yield


@pytest.fixture
def market() -> Market:
    return Market(Clients())


def wish(region: str = REGION, *, spot: bool = False, **options: object) -> Wish:
    return wish_of(named(region=region, **options), region=region, spot=spot)


def named(**options: object) -> dict[str, object]:
    return {f"amazonec2-{name.replace('_', '-')}": value for name, value in options.items()}


def test_every_zone_comes_before_the_next_type_and_spot_before_on_demand(market: Market) -> None:
    ways = market.ways(wish(spot=True, instance_type=["t3.micro", "t2.micro"]))

    assert [(way.is_spot, way.instance_type, way.zone) for way in ways] == [
        (spot, kind, zone)
        for spot in (True, False)
        for kind in ("t3.micro", "t2.micro")
        for zone in ("a", "b", "c")
    ]
    assert len({way.subnet for way in ways}) == 3


def test_the_image_is_of_the_types_architecture(market: Market) -> None:
    assert {way.image for way in market.ways(wish(instance_type="t4g.micro"))} == {"ami-arm64"}
    assert {way.image for way in market.ways(wish(instance_type="t3.micro"))} == {"ami-amd64"}


def test_zones_and_their_order_are_the_fleets(market: Market) -> None:
    ways = market.ways(wish(instance_type="t3.micro", zone=["c", "a"]))

    assert [way.zone for way in ways] == ["c", "a"]


def test_a_subnet_decides_where(market: Market) -> None:
    subnet = ec2().describe_subnets()["Subnets"][1]
    (way,) = market.ways(wish(instance_type="t3.micro", subnet_id=subnet["SubnetId"]))

    assert (way.subnet, way.vpc) == (subnet["SubnetId"], subnet["VpcId"])
    assert REGION + way.zone == subnet["AvailabilityZone"]


def test_a_subnet_of_another_zone_is_refused(market: Market) -> None:
    subnet = next(
        each for each in ec2().describe_subnets()["Subnets"] if each["AvailabilityZone"] == f"{REGION}b"
    )
    with pytest.raises(CloudRefused) as refused:
        market.ways(wish(zone="a", subnet_id=subnet["SubnetId"]))

    assert "is in zone b" in refused.value.what
    assert "set it to b" in refused.value.next_step


def test_a_region_without_a_default_vpc_is_refused_with_the_remedy(market: Market) -> None:
    client = ec2()
    for subnet in client.describe_subnets()["Subnets"]:
        client.delete_subnet(SubnetId=subnet["SubnetId"])
    client.delete_vpc(VpcId=client.describe_vpcs()["Vpcs"][0]["VpcId"])
    with pytest.raises(CloudRefused) as refused:
        market.ways(wish())

    assert f"aws ec2 create-default-vpc --region {REGION}" in refused.value.next_step


def test_a_region_that_is_not_there_is_refused(market: Market) -> None:
    with pytest.raises(CloudRefused, match="there is no region mars-north-1"):
        market.ways(wish("mars-north-1"))


def test_a_type_that_nobody_knows_is_refused(market: Market) -> None:
    with pytest.raises(CloudRefused, match=r"knows no type t9\.pico"):
        market.ways(wish(instance_type="t9.pico"))


def test_an_image_of_another_architecture_is_refused(market: Market) -> None:
    images = ec2().describe_images()["Images"]
    image = next(each["ImageId"] for each in images if each["Architecture"] == "x86_64")
    with pytest.raises(CloudRefused) as refused:
        market.ways(wish(instance_type="t4g.micro", ami=image))

    assert "is for x86_64, and t4g.micro cannot run that" in refused.value.what


def test_an_image_of_another_region_is_refused(market: Market) -> None:
    with pytest.raises(CloudRefused, match="has no image ami-0123456789abcdef0"):
        market.ways(wish(ami="ami-0123456789abcdef0"))


@pytest.fixture
def offers(tmp_path: Path) -> Offers:
    clients = Clients()

    def groups_of(fleet_id: UUID) -> FleetGroups:
        return FleetGroups(clients=clients, fleet_id=fleet_id, fleet="mill")

    return Offers(
        market=Market(clients),
        groups_of=groups_of,
        networks=lambda: orchestrators_networks({"ORCHESTRATE_ADDRESS": ADDRESS}),
        user_data=lambda _: tmp_path / "user-data",
    )


def new_host(**options: object) -> NewHost:
    return NewHost(
        name=HOST,
        tester="dublin",
        driver="amazonec2",
        region=REGION,
        fleet_id=FLEET,
        options=named(region=REGION, **options),
    )


def test_a_host_is_asked_for_with_our_group_that_nobody_opens_further(offers: Offers) -> None:
    told = offers.for_host(new_host())[0].options

    assert told["amazonec2-security-group"] == group_name(FLEET)
    assert told["amazonec2-security-group-readonly"] is True
    (group,) = ec2().describe_security_groups(
        Filters=[{"Name": "group-name", "Values": [group_name(FLEET)]}]
    )["SecurityGroups"]
    opened = json.dumps(group["IpPermissions"])
    assert f"{ADDRESS}/32" in opened
    assert "0.0.0.0/0" not in opened
    assert "::/0" not in opened


def test_what_the_fleet_says_wins_but_for_the_readonly_flag(offers: Offers) -> None:
    told = offers.for_host(
        new_host(
            root_size="20",
            security_group="theirs",
            security_group_readonly=False,
            tags="cost,lab",
            monitoring=True,
        )
    )[0].options

    assert (told["amazonec2-root-size"], told["amazonec2-security-group"]) == (20, "theirs")
    assert told["amazonec2-security-group-readonly"] is True
    assert told["amazonec2-monitoring"] is True
    assert told["amazonec2-tags"].startswith("cost,lab,orchestrate-fleet,")
    assert not ec2().describe_security_groups(
        Filters=[{"Name": "group-name", "Values": [group_name(FLEET)]}]
    )["SecurityGroups"]


def test_a_label_says_what_is_asked_for(offers: Offers) -> None:
    first = offers.for_host(new_host(instance_type="t3.micro", request_spot_instance=True))[0]

    assert first.label == f"t3.micro, {REGION}a, spot"
    assert first.options["amazonec2-request-spot-instance"] is True
