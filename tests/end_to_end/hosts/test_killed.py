"""The orchestrator is killed by SIGKILL after each record of its journal, and in between."""

import random
import re
import subprocess
from collections.abc import Callable
from contextlib import suppress

import psutil

from tests.end_to_end.bed.bed import Bed
from tests.end_to_end.hosts.cloud_fleet import CloudFleet
from tests.end_to_end.hosts.running import Running
from tests.end_to_end.hosts.several import all_at_once, several
from tests.kills import KILLS

KILLED = -9
Tell = Callable[[str, object], None]
MOMENTS = 4
FEWEST_RECORDS, MOST_RECORDS = 8, 14
"""An `up` of one region writes more than the first, and fewer than the second: a tester that has
ended when it is first looked at is one record less."""

REGIONS = ("eu-west-1", "us-east-1", "ap-northeast-1", "us-west-2")


def killed_up(record: int, fleet: CloudFleet) -> bool:
    """Bring a fleet of one region up, kill that after a record, and return whether it was killed."""
    fleet.write(REGIONS[record % len(REGIONS)])
    ended = fleet.run("up", kill_after=record + 1)
    assert ended.code in (0, KILLED), ended.err
    return ended.code == KILLED


def assert_every_record_met(killed: list[bool]) -> None:
    """Assert that there was a kill after each record, and a last `up` that wrote no more."""
    assert all(killed[:FEWEST_RECORDS]), killed
    assert not killed[-1], killed


def test_down_after_a_kill_at_any_record_leaves_nothing(
    bed: Bed, cloud: CloudFleet, record_property: Tell
) -> None:
    def kill_and_remove(record: int, fleet: CloudFleet) -> bool:
        was_killed = killed_up(record, fleet)
        down = fleet.run("down")
        assert down.code == 0, f"record {record + 1}: {down.err}"
        assert fleet.stored() == [], f"record {record + 1}"
        return was_killed

    with several(cloud, count=MOST_RECORDS) as fleets:
        killed = all_at_once(fleets, kill_and_remove)
    assert_every_record_met(killed)
    assert bed.left() == {}
    record_property(KILLS, sum(killed))


def test_up_after_a_kill_at_any_record_completes_the_fleet(
    bed: Bed, cloud: CloudFleet, record_property: Tell
) -> None:
    def kill_and_go_on(record: int, fleet: CloudFleet) -> bool:
        was_killed = killed_up(record, fleet)
        up = fleet.run("up")
        assert up.code == 0, f"record {record + 1}: {up.err}"
        assert [run["state"] for run in fleet.runs()] == ["complete"] * 2, f"record {record + 1}: {up.err}"
        assert len(fleet.stored()) == 1, f"record {record + 1}"
        assert fleet.run("down").code == 0
        return was_killed

    with several(cloud, count=MOST_RECORDS) as fleets:
        killed = all_at_once(fleets, kill_and_go_on)
    assert_every_record_met(killed)
    assert bed.left() == {}
    record_property(KILLS, sum(killed))


def test_a_create_that_outlives_its_orchestrator_is_waited_for(
    bed: Bed, cloud: CloudFleet, record_property: Tell
) -> None:
    """Killed in the middle of a create: docker-machine goes on, in the cloud's call or behind it."""

    def kill_in_create(index: int, fleet: CloudFleet) -> None:
        said, command = CASES[index]
        fleet.write(REGIONS[index])
        up = Running(process=fleet.begin("up"))
        up.until_said(said)
        up.process.kill()
        assert up.end().code == KILLED
        ended = fleet.run(command)
        assert ended.code == 0, f"{said}, {command}: {ended.err}"
        if command == "up":
            assert [run["state"] for run in fleet.runs()] == ["complete"] * 2, ended.err
            assert len(fleet.stored()) == 1
            assert fleet.run("down").code == 0
        assert fleet.stored() == []

    bed.fault("RunInstances", delay_s=3, times=None)
    with several(cloud, count=len(CASES)) as fleets:
        all_at_once(fleets, kill_in_create)
    assert bed.left() == {}
    record_property(KILLS, len(CASES))


CASES = (
    (": Launching instance", "down"),
    (": Launching instance", "up"),
    (": Waiting for SSH", "down"),
    (": Waiting for SSH", "up"),
)


def test_down_after_a_kill_at_any_moment_leaves_nothing(
    bed: Bed, cloud: CloudFleet, chance: random.Random, record_property: Tell
) -> None:
    """The moment comes by chance, between records as well: TEST_SEED meets it again."""
    moments_s = [chance.uniform(1.0, 20.0) for _ in range(MOMENTS)]

    def kill_and_remove(index: int, fleet: CloudFleet) -> None:
        fleet.write(REGIONS[index % len(REGIONS)], run="{repeat: 40, every: 1s}")
        up = Running(process=fleet.begin("up"))
        with suppress(subprocess.TimeoutExpired):
            up.process.wait(timeout=moments_s[index])
        up.process.kill()
        up.end()
        if not (fleet.of_fleet / "journal.sqlite3").exists():
            # It had written nothing down yet, so it had begun nothing.
            return
        down = fleet.run("down")
        assert down.code == 0, f"killed after {moments_s[index]:.2f} s: {down.err}"
        assert fleet.stored() == [], f"killed after {moments_s[index]:.2f} s"

    with several(cloud, count=MOMENTS) as fleets:
        all_at_once(fleets, kill_and_remove)
    assert bed.left() == {}
    record_property(KILLS, MOMENTS)


def test_a_power_cut_in_the_middle_of_three_creates_leaves_nothing_after_down(
    bed: Bed, cloud: CloudFleet, record_property: Tell
) -> None:
    cloud.write(*REGIONS[:3])
    up = Running(process=cloud.begin("up"))
    up.until_all_said(f"{region}: Waiting for SSH" for region in REGIONS[:3])

    # The orchestrator, docker-machine, its plugins and the collector end at one moment.
    everybody = [
        process
        for process in psutil.process_iter(["environ", "cmdline"])
        if str(cloud.state) in str(process.info["environ"]) + str(process.info["cmdline"])
    ]
    for strike in (psutil.Process.suspend, psutil.Process.kill):
        for process in everybody:
            # A short-lived helper may end by itself meanwhile.
            with suppress(psutil.NoSuchProcess):
                strike(process)
    up.end()

    assert len(bed.left()) == 3
    down = cloud.run("down")
    assert down.code == 0, down.err
    assert re.search(r"\b3 removed, 0 left\.", down.err)
    assert cloud.stored() == []
    assert bed.left() == {}
    record_property(KILLS, 1)
