"""Regions that fail in every way that a cloud knows, while others run beside them."""

import re
from collections.abc import Callable

from tests.end_to_end.bed.bed import Bed
from tests.end_to_end.hosts.cloud_fleet import CloudFleet, Ended
from tests.end_to_end.hosts.running import Running

GOOD = ("eu-west-1", "us-east-1")

IMPATIENT = {"ORCHESTRATE_CREATE_ATTEMPTS": "1", "ORCHESTRATE_REMOVE_ATTEMPTS": "2"}
"""One host for each tester: what fails has failed."""

CREATE_S = 100
"""Longer than any good host takes here, shorter than docker-machine's own patience."""

ALL_COMPLETE = ["complete", "complete"]
LOST = "ca-central-1"
SLOW = "sa-east-1"


def card_of(tester: str, *, ended: Ended) -> str:
    """Return the card of a tester in what a command said at its end."""
    found = re.findall(rf"^{tester}: .+\n(?:  .+\n)+", ended.err, re.MULTILINE)
    assert found, f"no card of {tester}:\n{ended.err}"
    return "".join(found)


def assert_all_removed(cloud: CloudFleet, down: Ended) -> None:
    """Assert that `down` went well and that docker-machine knows of nothing."""
    assert down.code == 0, down.err
    assert ", 0 left." in down.err
    assert cloud.stored() == []


def test_regions_that_cannot_be_made_leave_the_results_of_the_others_complete(
    bed: Bed, cloud: CloudFleet
) -> None:
    causes = {
        "us-west-1": ("the account's policy does not allow it", "UnauthorizedOperation"),
        "us-west-2": ("us-west-2 throttles our requests", "RequestLimitExceeded"),
        "us-east-2": ("us-east-2 has no capacity", "InsufficientInstanceCapacity"),
        "eu-west-2": ("a key pair of that name is there already", "InvalidKeyPair.Duplicate"),
        "eu-west-3": ("did not end in time", "the last that it did was: Waiting for SSH"),
        "eu-central-1": ("did not end in time", "the last that it did was: Waiting for SSH"),
        "ap-southeast-1": ("the engine does not start on the host", ""),
        "ap-southeast-2": ("the engine was installed and does not answer", ""),
    }
    bed.fault("RunInstances", region="us-west-1", code="UnauthorizedOperation", status=403, times=None)
    bed.fault("RunInstances", region="us-west-2", code="RequestLimitExceeded", status=503, times=None)
    bed.fault("RunInstances", region="us-east-2", code="InsufficientInstanceCapacity", times=None)
    bed.fault("ImportKeyPair", region="eu-west-2", code="InvalidKeyPair.Duplicate", times=None)
    bed.fault("RunInstances", region=SLOW, delay_s=5)
    bed.fault("RunInstances", region=LOST, code="InternalError", status=500, lost=True)
    for region, fault in (
        ("eu-west-3", "no-ssh"),
        ("eu-central-1", "ssh-swallowed"),
        ("ap-southeast-1", "engine-fails"),
        ("ap-southeast-2", "engine-silent"),
    ):
        bed.fault("Boot", region=region, code=fault, times=None)
    cloud.environment |= IMPATIENT | {"ORCHESTRATE_CREATE_DEADLINE": f"{CREATE_S}s"}
    cloud.write(*GOOD, SLOW, LOST, *causes, more="limits: {concurrency: 12}")

    up = cloud.run("up")

    assert up.code == 3, up.err
    states = cloud.run_states()
    for region in (*GOOD, SLOW, LOST):
        assert states[region] == ALL_COMPLETE, up.err
    for region, texts in causes.items():
        assert states[region] == ["abandoned", "abandoned"]
        for text in texts:
            assert text in card_of(region, ended=up)
    assert_all_removed(cloud, cloud.run("down"))
    # The answer that was lost hid a second instance from docker-machine, but not from its cloud.
    assert bed.left() == {}


def test_hosts_that_are_lost_in_the_middle_leave_the_results_of_the_others_complete(
    bed: Bed, cloud: CloudFleet
) -> None:
    fates: dict[str, Callable[[str], object]] = {
        "us-west-1": lambda region: bed.host(cloud.instance_of(region)).hang(),
        "us-west-2": lambda region: bed.host(cloud.instance_of(region)).kill(),
        "us-east-2": lambda region: bed.host(cloud.instance_of(region)).vanish(),
        "eu-west-2": lambda region: bed.host(cloud.instance_of(region)).blackhole(),
        "eu-west-3": lambda region: bed.host(cloud.instance_of(region)).stop_engine(),
        "eu-central-1": bed.interrupt,
    }
    cloud.environment |= IMPATIENT | {
        "ORCHESTRATE_VANISHED_AFTER": "6s",
        "ORCHESTRATE_ENGINE_DEADLINE": "3s",
        "ORCHESTRATE_DRAIN_DEADLINE": "10s",
    }
    cloud.write(*GOOD, *fates, run="{repeat: 30, every: 1s}")
    up = Running(process=cloud.begin("up"))
    up.until_all_said(f"{region} run 2/30 complete" for region in fates)

    for region, fate in fates.items():
        fate(region)
    ended = up.end()

    assert ended.code == 3, ended.err
    states = cloud.run_states()
    for region in GOOD:
        assert states[region] == ["complete"] * 30
    for region in fates:
        assert set(states[region]) == {"abandoned", "complete"}
        assert len(states[region]) == 30
        assert "its engine has not answered for 6 s" in card_of(region, ended=ended)
    assert_all_removed(cloud, cloud.run("down"))
    assert bed.left() == {}


def test_a_host_that_cannot_be_removed_is_told_and_removed_by_the_next_down(
    bed: Bed, cloud: CloudFleet
) -> None:
    failing = "us-west-1"
    bed.fault("Boot", region=failing, code="no-os-release", times=None)
    for region in (failing, GOOD[0]):
        bed.fault("TerminateInstances", region=region, code="UnauthorizedOperation", status=403, times=None)
    cloud.environment |= IMPATIENT
    cloud.write(*GOOD, failing)

    up = cloud.run("up")

    assert up.code == 5, up.err
    assert [cloud.run_states()[region] for region in GOOD] == [ALL_COMPLETE] * 2
    card = card_of(failing, ended=up)
    assert "left in us-west-1: instance i-" in card
    assert "An error occurred (UnauthorizedOperation) when calling the TerminateInstances operation" in card
    assert "aws ec2 terminate-instances --region us-west-1 --instance-ids i-" in card
    assert "then: orchestrate down --fleet-id " in card
    down = cloud.run("down")
    assert down.code == 5, down.err
    assert "2 testers of mill may be left behind" in down.err
    assert len(cloud.stored()) == 2
    held = {region for region, holds in bed.left().items() if holds["instances"]}
    assert held == {failing, GOOD[0]}
    bed.clear()
    assert_all_removed(cloud, cloud.run("down"))
    assert bed.left() == {}


def test_a_create_that_the_cloud_holds_up_past_its_deadline_is_found_and_removed(
    bed: Bed, cloud: CloudFleet
) -> None:
    soon, late = "us-west-1", "us-west-2"
    bed.fault("RunInstances", region=soon, delay_s=52)
    # So late that the cloud is not asked for it any more by then.
    bed.fault("RunInstances", region=late, delay_s=85)
    cloud.environment |= IMPATIENT | {"ORCHESTRATE_CREATE_DEADLINE": "45s"}
    cloud.write(*GOOD, soon, late)

    up = cloud.run("up")

    assert up.code == 3, up.err
    assert [cloud.run_states()[region] for region in GOOD] == [ALL_COMPLETE] * 2
    for region in (soon, late):
        assert "the last that it did was: Launching instance" in card_of(region, ended=up)
    cloud.wait_until(lambda: bed.left()[late]["instances"])
    assert not bed.left()[soon]["instances"]
    down = cloud.run("down")
    assert_all_removed(cloud, down)
    assert "removed here: 1 instance" in down.err
    assert bed.left() == {}
