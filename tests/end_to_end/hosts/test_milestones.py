"""docker-machine is killed at each of its milestones, and nothing of what it began is lost."""

from collections.abc import Callable

import pytest

from tests.end_to_end.bed.bed import Bed
from tests.end_to_end.hosts.cloud_fleet import CloudFleet
from tests.kills import KILLS

MILESTONES = {
    "eu-west-1": "Waiting for machine to be running",
    "eu-west-2": "Waiting for SSH",
    "eu-west-3": "Detecting the provisioner",
    "us-east-1": "Provisioning with",
    "us-east-2": "Installing Docker",
    "us-west-1": "Copying certs",
    "us-west-2": "Setting Docker configuration",
    "sa-east-1": "Checking connection to Docker",
    "ca-central-1": "Docker is up and running",
}
"""Everything that it says after `Launching instance`, each in a region of its own."""

LAST = "ca-central-1"
"""It may have ended by itself before the signal reaches it."""


@pytest.fixture
def killing(bed: Bed) -> int:
    """Kill the first create in each region, at the region's own milestone; return where the log begins."""
    begin = len(bed.log())
    for region, line in MILESTONES.items():
        bed.kill_docker_machine_at(f"create .*--amazonec2-region {region} ", line)
    return begin


def killed(bed: Bed, *, since: int) -> set[str]:
    """Return the regions in which docker-machine was killed."""
    return {
        region
        for event in bed.log()[since:]
        if event.get("killed_by_bed")
        for region in MILESTONES
        if region in event["docker_machine"]
    }


def test_docker_machine_killed_at_any_milestone_leaves_nothing_after_down(
    bed: Bed, cloud: CloudFleet, killing: int, record_property: Callable[[str, object], None]
) -> None:
    cloud.environment |= {"ORCHESTRATE_CREATE_ATTEMPTS": "1"}
    cloud.write(*MILESTONES)

    up = cloud.run("up")

    assert up.code in (1, 3), up.err
    assert killed(bed, since=killing) >= MILESTONES.keys() - {LAST}
    for region in MILESTONES.keys() - {LAST}:
        assert f"{region}: docker-machine was killed while it made " in up.err
    down = cloud.run("down")
    assert down.code == 0, down.err
    assert cloud.stored() == []
    assert bed.left() == {}
    record_property(KILLS, len(killed(bed, since=killing)))


def test_docker_machine_killed_at_any_milestone_is_made_up_for_by_a_second_create(
    bed: Bed, cloud: CloudFleet, killing: int, record_property: Callable[[str, object], None]
) -> None:
    cloud.write(*MILESTONES)

    up = cloud.run("up")

    assert up.code == 0, up.err
    assert killed(bed, since=killing) >= MILESTONES.keys() - {LAST}
    assert cloud.run_states() == {region: ["complete", "complete"] for region in MILESTONES}
    assert len(cloud.stored()) == len(MILESTONES)
    down = cloud.run("down")
    assert down.code == 0, down.err
    assert cloud.stored() == []
    assert bed.left() == {}
    record_property(KILLS, len(killed(bed, since=killing)))
