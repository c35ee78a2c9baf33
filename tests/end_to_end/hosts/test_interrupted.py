"""What Ctrl-C does to hosts in a cloud, once and twice, in each phase."""

import time
from dataclasses import dataclass

import psutil

from tests.end_to_end.bed.bed import Bed
from tests.end_to_end.hosts.cloud_fleet import CloudFleet, Ended
from tests.end_to_end.hosts.running import Running
from tests.end_to_end.hosts.several import all_at_once, several

REGION = "eu-west-1"
BETWEEN_S = 0.3
"""Two signals at one moment would be one."""

MOST_PRESSES = 10

GO_ON = "  next:  go on: orchestrate up\n         remove: orchestrate down\n"
FAREWELL = "left at once; hosts of {name} may be left behind: orchestrate down\n"


@dataclass(frozen=True, kw_only=True, slots=True)
class Phase:
    """A phase of `up` begins when something is said; what a Ctrl-C there says runs on."""

    begins: str
    goes_on: str
    hosts: int = 1


PHASES = (
    Phase(begins=f"{REGION} creating", goes_on=f"stopped; no tester runs; 1 host stays: {REGION}"),
    Phase(begins=f"{REGION}: Waiting for SSH", goes_on=f"stopped; no tester runs; 1 host stays: {REGION}"),
    Phase(begins=f"{REGION} starting", goes_on=f"stopped watching; 1 tester goes on running: {REGION}"),
    Phase(begins=f"{REGION} run 1/60", goes_on=f"stopped watching; 1 tester goes on running: {REGION}"),
)


def interrupted(
    fleet: CloudFleet, command: str, *, when: str, times: int, between_s: float = BETWEEN_S
) -> Ended:
    """Run a command until it says something, press Ctrl-C, and return how it ended.

    More than once is until it ends: two signals that a busy machine delivers as one are one.
    """
    running = Running(process=fleet.begin(command))
    running.until_said(when)
    fleet.interrupt(running.process)
    for _ in range((times - 1) * MOST_PRESSES):
        time.sleep(between_s)
        if running.process.poll() is not None:
            break
        fleet.interrupt(running.process)
    return running.end()


def assert_down_leaves_nothing(fleet: CloudFleet, *, why: str) -> None:
    """Assert that `down` goes well, and that neither docker-machine nor its plugins run on."""
    down = fleet.run("down")
    assert down.code == 0, f"{why}: {down.err}"
    assert fleet.stored() == []
    running = [process for process in psutil.process_iter(["cmdline"]) if _is_create(process, fleet)]
    assert not running


def _is_create(process: psutil.Process, fleet: CloudFleet) -> bool:
    line = process.info["cmdline"] or []
    return "create" in line and any(host["name"] in line for host in fleet.hosts())


def test_one_ctrl_c_lets_what_is_begun_come_to_its_end(bed: Bed, cloud: CloudFleet) -> None:
    def press_once(index: int, fleet: CloudFleet) -> None:
        phase = PHASES[index]
        fleet.write(REGION, run="{repeat: 60, every: 1s}")
        ended = interrupted(fleet, "up", when=phase.begins, times=1)

        assert ended.code == 130, ended.err
        assert phase.goes_on in ended.err
        assert ended.err.endswith(GO_ON)
        hosts = fleet.hosts()
        assert [host["state"] for host in hosts] in (["ready"], ["running"]), ended.err
        assert fleet.stored() == [host["name"] for host in hosts]
        assert_down_leaves_nothing(fleet, why=phase.begins)

    with several(cloud, count=len(PHASES)) as fleets:
        all_at_once(fleets, press_once)
    assert bed.left() == {}


def test_a_second_ctrl_c_leaves_at_once_and_down_still_leaves_nothing(bed: Bed, cloud: CloudFleet) -> None:
    def press_twice(index: int, fleet: CloudFleet) -> None:
        phase = PHASES[index]
        fleet.write(REGION, run="{repeat: 60, every: 1s}")
        ended = interrupted(fleet, "up", when=phase.begins, times=2)

        assert ended.code == 130, ended.err
        is_measuring = phase is PHASES[-1]
        # While it only watches, the first one ends it.
        assert ended.err.endswith((FAREWELL.format(name=fleet.name), *([GO_ON] if is_measuring else [])))
        assert_down_leaves_nothing(fleet, why=phase.begins)

    with several(cloud, count=len(PHASES)) as fleets:
        all_at_once(fleets, press_twice)
    assert bed.left() == {}


def test_ctrl_c_during_down_ends_what_is_begun_and_a_second_leaves_it_to_the_next(
    bed: Bed, cloud: CloudFleet
) -> None:
    def press(index: int, fleet: CloudFleet) -> None:
        times = index + 1
        fleet.write(REGION)
        assert fleet.run("up").code == 0
        ended = interrupted(fleet, "down", when=f"{REGION}: Removing machine", times=times, between_s=1.0)

        if times == 1:
            # What is begun comes to its end, and that was all there was.
            assert ended.code == 0, ended.err
            assert "1 removed, 0 left" in ended.err
        else:
            assert ended.code == 130, ended.err
            assert "orchestrate down" in ended.err
        assert_down_leaves_nothing(fleet, why=f"down, {times} times")

    bed.fault("TerminateInstances", delay_s=12, times=None)
    with several(cloud, count=2) as fleets:
        all_at_once(fleets, press)
    assert bed.left() == {}
