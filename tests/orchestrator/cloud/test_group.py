"""The fleet's security group, in an emulated account."""

from collections.abc import Iterator
from typing import Any

import pytest
from moto import mock_aws

from orchestrator.cloud.address import Network, address_toward, orchestrators_networks
from orchestrator.cloud.group import FleetGroups, GroupRefused
from orchestrator.errors import ConfigurationError
from tests.orchestrator.cloud.an_account import FLEET, OTHER, REGION, FakeAccount, ec2, no_packet_leaves

HOME = "203.0.113.7/32"


@pytest.fixture
def cloud(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"):
        monkeypatch.setenv(name, "testing")
    no_packet_leaves(monkeypatch)
    with mock_aws():
        yield


pytestmark = pytest.mark.usefixtures("cloud")


def vpc() -> str:
    return str(ec2().describe_vpcs()["Vpcs"][0]["VpcId"])


def groups(account: FakeAccount | None = None, *, fleet_id: Any = FLEET) -> FleetGroups:
    return FleetGroups(clients=account or FakeAccount(), fleet_id=fleet_id, fleet="mill")


def networks(*texts: str) -> tuple[Network, ...]:
    return orchestrators_networks({"ORCHESTRATE_ADDRESS": ",".join(texts)})


def opened(of: FleetGroups) -> set[tuple[str, int, str]]:
    return {(rule.protocol, rule.first, rule.network) for rule in of.opened(REGION)}


def ours() -> list[Any]:
    found = ec2().describe_security_groups()["SecurityGroups"]
    return [each for each in found if each["GroupName"].startswith("orchestrate-")]


def test_a_group_is_open_to_the_orchestrator_only_and_tagged() -> None:
    fleet = groups()

    name = fleet.ensure(REGION, vpc_id=vpc(), networks=networks(HOME))

    assert name == f"orchestrate-{FLEET}"
    assert opened(fleet) == {("tcp", 22, HOME), ("tcp", 2376, HOME)}
    assert {"Key": "orchestrate-fleet", "Value": str(FLEET)} in ours()[0]["Tags"]


def test_groups_that_stand_are_opened_to_where_we_are_now_and_no_other_is_made() -> None:
    fleet = groups()
    fleet.reopen(REGION, networks=networks(HOME))
    assert ours() == []
    fleet.ensure(REGION, vpc_id=vpc(), networks=networks(HOME))
    fleet.open_echo(REGION, peers=["198.51.100.9"])

    groups().reopen(REGION, networks=networks("198.51.100.1"))

    assert opened(fleet) == {
        ("tcp", 22, "198.51.100.1/32"),
        ("tcp", 2376, "198.51.100.1/32"),
        ("icmp", 8, "198.51.100.9/32"),
    }


def test_an_address_that_changed_is_let_in_and_the_old_one_is_not() -> None:
    groups().ensure(REGION, vpc_id=vpc(), networks=networks(HOME))
    moved = groups()

    moved.ensure(REGION, vpc_id=vpc(), networks=networks("198.51.100.9", "2001:db8::1"))

    assert opened(moved) == {
        (protocol, port, network)
        for protocol, port in (("tcp", 22), ("tcp", 2376))
        for network in ("198.51.100.9/32", "2001:db8::1/128")
    }
    assert len(ours()) == 1


def test_twice_is_once_and_asks_the_cloud_once() -> None:
    account = FakeAccount()
    fleet = groups(account)
    fleet.ensure(REGION, vpc_id=vpc(), networks=networks(HOME))
    asked = len(account.calls)

    fleet.ensure(REGION, vpc_id=vpc(), networks=networks(HOME))
    groups().ensure(REGION, vpc_id=vpc(), networks=networks(HOME))

    assert len(account.calls) == asked
    assert len(ours()) == 1


def test_a_rule_for_the_whole_world_is_closed_whoever_made_it() -> None:
    fleet = groups()
    fleet.ensure(REGION, vpc_id=vpc(), networks=networks(HOME))
    world = [
        {"IpProtocol": "tcp", "FromPort": 22, "ToPort": 22, "IpRanges": [{"CidrIp": "0.0.0.0/0"}]},
        {"IpProtocol": "tcp", "FromPort": 2376, "ToPort": 2376, "Ipv6Ranges": [{"CidrIpv6": "::/0"}]},
        {"IpProtocol": "icmp", "FromPort": 8, "ToPort": -1, "IpRanges": [{"CidrIp": "0.0.0.0/0"}]},
        {"IpProtocol": "-1", "IpRanges": [{"CidrIp": "0.0.0.0/0"}]},
    ]
    ec2().authorize_security_group_ingress(GroupId=ours()[0]["GroupId"], IpPermissions=world)

    groups().ensure(REGION, vpc_id=vpc(), networks=networks(HOME))

    assert opened(fleet) == {("tcp", 22, HOME), ("tcp", 2376, HOME)}


def test_echo_is_let_in_from_the_given_peers_only() -> None:
    fleet = groups()
    fleet.ensure(REGION, vpc_id=vpc(), networks=networks(HOME))

    fleet.open_echo(REGION, peers=["192.0.2.1", "192.0.2.2"])
    fleet.open_echo(REGION, peers=["192.0.2.2", "192.0.2.3", "2001:db8::3"])

    assert {rule for rule in opened(fleet) if rule[0] != "tcp"} == {
        ("icmp", 8, "192.0.2.2/32"),
        ("icmp", 8, "192.0.2.3/32"),
        ("icmpv6", 128, "2001:db8::3/128"),
    }
    assert {rule for rule in opened(fleet) if rule[0] == "tcp"} == {("tcp", 22, HOME), ("tcp", 2376, HOME)}


def test_a_new_host_does_not_close_what_is_open_between_peers() -> None:
    groups().ensure(REGION, vpc_id=vpc(), networks=networks(HOME))
    groups().open_echo(REGION, peers=["192.0.2.1"])
    later = groups()

    later.ensure(REGION, vpc_id=vpc(), networks=networks("198.51.100.9"))

    assert ("icmp", 8, "192.0.2.1/32") in opened(later)


def test_two_fleets_have_two_groups() -> None:
    groups().ensure(REGION, vpc_id=vpc(), networks=networks(HOME))
    groups(fleet_id=OTHER).ensure(REGION, vpc_id=vpc(), networks=networks("198.51.100.9"))

    assert opened(groups()) == {("tcp", 22, HOME), ("tcp", 2376, HOME)}
    assert len(ours()) == 2


def test_a_group_that_another_orchestrator_made_meanwhile_is_taken() -> None:
    account = FakeAccount()
    other = groups()
    account.before["CreateSecurityGroup"] = lambda: (
        other.ensure(REGION, vpc_id=vpc(), networks=networks(HOME)),
        None,
    )[1]

    groups(account).ensure(REGION, vpc_id=vpc(), networks=networks(HOME))

    assert len(ours()) == 1


def test_a_policy_that_forbids_it_is_named() -> None:
    with pytest.raises(GroupRefused, match=REGION) as caught:
        groups(FakeAccount(refused={"CreateSecurityGroup": -1})).ensure(
            REGION, vpc_id=vpc(), networks=networks(HOME)
        )

    assert "CreateSecurityGroup" in caught.value.cause


@pytest.mark.parametrize("text", ["0.0.0.0/0", "::/0", "10.0.0.0/8", "everywhere", "2001:db8::/32"])
def test_an_address_that_is_too_wide_or_none_is_refused(text: str) -> None:
    with pytest.raises(ConfigurationError, match="ORCHESTRATE_ADDRESS"):
        networks(text)


def test_the_setting_outranks_what_the_cloud_says() -> None:
    assert [str(each) for each in networks("203.0.113.7", "10.1.0.0/16")] == [HOME, "10.1.0.0/16"]
    assert [str(each) for each in orchestrators_networks({}, ask=lambda: "198.51.100.9\n")] == [
        "198.51.100.9/32"
    ]


def test_an_answer_that_is_no_address_is_refused() -> None:
    for answer in ("<html>sign in first</html>", "0.0.0.0/0"):
        with pytest.raises(ConfigurationError):
            orchestrators_networks({}, ask=lambda answer=answer: answer)  # type: ignore[misc]


def test_where_nobody_tells_the_setting_is_asked_for() -> None:
    def nobody() -> str:
        raise OSError("no route to host")

    with pytest.raises(ConfigurationError, match="nobody knows the address") as caught:
        orchestrators_networks({}, ask=nobody)

    assert "ORCHESTRATE_ADDRESS" in caught.value.next_step


def test_before_a_cloud_of_ones_own_it_is_the_interface_that_leads_there(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.undo()

    assert address_toward("127.0.0.1") == "127.0.0.1"
    found = orchestrators_networks({"AWS_ENDPOINT_URL": "http://127.0.0.1:5000"})
    assert [str(each) for each in found] == ["127.0.0.1/32"]
