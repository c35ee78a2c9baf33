"""A fleet that stands is brought to what its file says next: no more is made or removed than that."""

from collections.abc import Iterator
from typing import Any

import pytest

from tests.end_to_end.bed.bed import Bed
from tests.end_to_end.hosts.cloud_fleet import CloudFleet

# They share one fleet; another worker would have to make its own.
pytestmark = pytest.mark.xdist_group("a fleet that stands")

PORT = 8_900
GOES_ON = "{repeat: 5000, every: 1s}"
DUBLIN, VIRGINIA, TOKYO = "eu-west-1", "us-east-1", "ap-northeast-1"
CHANGES_NOTHING = ("Describe", "Get")
ASKS = ("version", "--version", "--help")


@pytest.fixture(scope="module")
def standing(one_bed: Bed, tmp_path_factory: pytest.TempPathFactory) -> Iterator[CloudFleet]:
    """A fleet of two regions that measures on and on."""
    one_bed.clear()
    fleet = CloudFleet(bed=one_bed, folder=tmp_path_factory.mktemp("standing"), port=PORT)
    fleet.write(DUBLIN, VIRGINIA, run=GOES_ON)
    up = fleet.run("up", "--detach")
    assert up.code == 0, up.err
    yield fleet
    down = fleet.run("down")
    fleet.clear()
    left = one_bed.left()
    one_bed.empty()
    assert down.code == 0, down.err
    assert left == {}


def instances(fleet: CloudFleet) -> dict[str, str]:
    """Return the instance of each region."""
    return {
        region: fleet.instance_of(region) for region, held in fleet.bed.state().items() if held["instances"]
    }


def containers(fleet: CloudFleet) -> dict[str, str]:
    """Return the running container of each region."""
    return {
        region: fleet.bed.host(instance).run("docker", "ps", "-q", "--no-trunc").strip()
        for region, instance in instances(fleet).items()
    }


def changing(events: list[dict[str, Any]]) -> list[str]:
    """Return what was asked of the cloud, and of docker-machine, that changes anything."""
    calls = [event["call"] for event in events if "call" in event]
    made = [" ".join(event["docker_machine"]) for event in events if event.get("began")]
    return [call for call in calls if not call.startswith(CHANGES_NOTHING)] + [
        line for line in made if not any(word in line.split() for word in ASKS)
    ]


def test_up_again_creates_nothing(standing: CloudFleet) -> None:
    before = instances(standing), containers(standing), standing.hosts()
    said = len(standing.bed.log())

    up = standing.run("up", "--detach")

    assert up.code == 0, up.err
    assert "plan: nothing to change, 2 to keep" in up.err
    assert (instances(standing), containers(standing), standing.hosts()) == before
    assert changing(standing.bed.log()[said:]) == []


def test_a_changed_probe_setting_replaces_containers_and_not_hosts(standing: CloudFleet) -> None:
    hosts, tested = instances(standing), containers(standing)
    said = len(standing.bed.log())
    standing.write(*hosts, run=GOES_ON, count=7)

    up = standing.run("up", "--detach")

    assert up.code == 0, up.err
    assert instances(standing) == hosts
    now = containers(standing)
    assert now.keys() == tested.keys()
    assert all(now[region] and now[region] != tested[region] for region in tested)
    assert changing(standing.bed.log()[said:]) == []


def test_a_region_that_is_added_creates_one_host_and_one_that_goes_removes_one(
    standing: CloudFleet,
) -> None:
    hosts = instances(standing)
    standing.write(*hosts, TOKYO, run=GOES_ON)
    added = standing.run("up", "--detach")
    assert added.code == 0, added.err
    more = instances(standing)
    assert more.keys() == {*hosts, TOKYO}
    assert {region: more[region] for region in hosts} == hosts

    standing.write(*hosts, run=GOES_ON)
    removed = standing.run("up", "--detach")

    assert removed.code == 0, removed.err
    assert "plan: 0 to create, 2 to keep, 1 to remove" in removed.err
    assert instances(standing) == hosts
    # The fleet's security group there costs nothing, and `down` removes it.
    left = standing.bed.left()
    assert left.keys() == {*hosts, TOKYO}
    assert [kind for kind, held in left[TOKYO].items() if held] == ["groups"]


def test_only_leaves_the_other_testers_as_they_are(standing: CloudFleet) -> None:
    hosts, tested = instances(standing), containers(standing)
    standing.write(*hosts, run=GOES_ON, count=9)

    up = standing.run("up", "--detach", "--only", DUBLIN)

    assert up.code == 0, up.err
    assert instances(standing) == hosts
    now = containers(standing)
    assert now[VIRGINIA] == tested[VIRGINIA]
    assert now[DUBLIN] != tested[DUBLIN]


def test_replace_gives_one_tester_a_new_host(standing: CloudFleet) -> None:
    hosts = instances(standing)

    up = standing.run("up", "--detach", "--only", DUBLIN, "--replace", DUBLIN)

    assert up.code == 0, up.err
    now = instances(standing)
    assert now[DUBLIN] != hosts[DUBLIN]
    assert now[VIRGINIA] == hosts[VIRGINIA]
    assert len(standing.bed.left()[DUBLIN]["instances"]) == 1
    assert len(standing.stored()) == 2
