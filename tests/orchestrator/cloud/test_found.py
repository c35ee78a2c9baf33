from uuid import UUID

import pytest

from orchestrator.act.identity import new_host_name
from orchestrator.cloud.found import Kind, Resource, ending_commands, host_of, left_behind, mark_of

FLEET = UUID("aabbccdd-0000-4000-8000-000000000001")
NAMESAKE = UUID("aabbccdd-0000-4000-8000-000000000009")
HOST = "mill-dublin-aabbccdd-1a2b"


def an_instance(*, name: str = "", key_name: str = "", fleet_id: UUID | None = None) -> Resource:
    return Resource(
        kind=Kind.INSTANCE,
        id="i-1",
        region="eu-west-1",
        name=name,
        key_name=key_name,
        fleet_id=fleet_id,
        state="running",
    )


@pytest.mark.parametrize("tester", ["dublin", "Dublin.2", "t-11112222-ab12", "x" * 63])
def test_every_name_that_a_host_is_given_tells_whose_it_is(tester: str) -> None:
    name = new_host_name(fleet="Mill", tester=tester, fleet_id=FLEET)

    assert host_of(name) == name
    assert mark_of(name) == "aabbccdd"


def test_a_key_pair_with_a_suffix_is_its_hosts() -> None:
    assert host_of(f"{HOST}-x7Fq2") == HOST
    assert host_of(f"{HOST}x7Fq2") == HOST


@pytest.mark.parametrize(
    "name", ["", "team-key", "docker-machine", "mill-dublin-aabbccd-1a2b", "-aabbccdd-1a2b"]
)
def test_a_name_of_another_shape_is_nobodys(name: str) -> None:
    assert host_of(name) is None


def test_a_tag_outranks_a_name() -> None:
    assert not an_instance(key_name=HOST, fleet_id=NAMESAKE).is_of_fleet(FLEET)
    assert an_instance(name="renamed", fleet_id=FLEET).is_of_fleet(FLEET)


def test_an_untagged_instance_is_the_fleets_whose_digits_are_in_its_key() -> None:
    assert an_instance(key_name=HOST).is_of_fleet(FLEET)
    assert not an_instance(key_name="mill-dublin-11112222-1a2b").is_of_fleet(FLEET)
    assert not an_instance(name=HOST, key_name="mill-dublin-11112222-1a2b").is_of_fleet(FLEET)


def test_a_host_whose_name_begins_with_anothers_is_another_host() -> None:
    longer = "mill-dublin-aabbccdd-1a2b-11112222-ab12"

    assert not an_instance(key_name=longer).is_of_host(HOST, fleet_id=FLEET)
    assert an_instance(key_name=f"{HOST}-x7Fq2").is_of_host(HOST, fleet_id=FLEET)
    assert not an_instance(key_name=HOST, fleet_id=NAMESAKE).is_of_host(HOST, fleet_id=FLEET)


def test_the_commands_that_end_things_cancel_requests_first_and_groups_last() -> None:
    kinds = (Kind.GROUP, Kind.VOLUME, Kind.INSTANCE, Kind.KEY_PAIR, Kind.SPOT_REQUEST)
    things = [Resource(kind=kind, id=f"{kind.name.lower()}-1", region="eu-west-1") for kind in kinds]

    assert ending_commands([*things, Resource(kind=Kind.INSTANCE, id="i-2", region="eu-west-1")]) == [
        "aws ec2 cancel-spot-instance-requests --region eu-west-1 --spot-instance-request-ids spot_request-1",
        "aws ec2 terminate-instances --region eu-west-1 --instance-ids i-2 instance-1",
        "aws ec2 delete-key-pair --region eu-west-1 --key-name key_pair-1",
        "aws ec2 delete-volume --region eu-west-1 --volume-id volume-1",
        "aws ec2 delete-security-group --region eu-west-1 --group-id group-1",
    ]


def test_what_is_left_is_named_with_its_id_and_the_command_that_ends_it() -> None:
    error = left_behind([an_instance(name=HOST)], cause="not authorized", then="orchestrate down")

    assert error.exit_code == 5
    assert "i-1" in error.what
    assert error.next_step.splitlines() == [
        "aws ec2 terminate-instances --region eu-west-1 --instance-ids i-1",
        "then: orchestrate down",
    ]
