"""What strikes while a fleet is brought up or taken down: the one who makes hosts is killed."""

import random
import subprocess
import time
from collections.abc import Callable
from dataclasses import dataclass
from enum import Enum

from tests.end_to_end.bed.bed import Bed
from tests.end_to_end.hosts.cloud_fleet import CloudFleet, Ended
from tests.end_to_end.hosts.running import Running

KILLED = -9
MILESTONES = (
    "Creating machine",
    "Launching instance",
    "Waiting for machine to be running",
    "Waiting for SSH",
    "Detecting the provisioner",
    "Provisioning with",
    "Installing Docker",
    "Copying certs",
    "Setting Docker configuration",
    "Checking connection to Docker",
)
"""What docker-machine says on its way."""

SAID = (": Launching instance", ": Waiting for SSH", ": Installing Docker", "run 1/2 complete")
"""What the orchestrator says on its way."""

RECORDS_OF_UP = 10
RECORDS_OF_DOWN = 2
"""How many records a command writes for each tester, about."""

LATEST_S = 25.0
IN_FLIGHT_S = 2.0
END_S = 240.0

Regions = tuple[str, ...]


class Blow(Enum):
    """Who is killed, and when."""

    AFTER_RECORD = "orchestrator after a record of its journal"
    AT_A_MOMENT = "orchestrator at a moment"
    AT_A_STEP = "orchestrator when a step begins"
    MACHINE_AT_MILESTONE = "docker-machine at a milestone"
    MACHINE_IN_FLIGHT = "docker-machine with RunInstances in flight"
    BOTH_IN_FLIGHT = "orchestrator and docker-machine with RunInstances in flight"
    DOWN_AFTER_RECORD = "down after a record of its journal"
    DOWN_AT_A_MOMENT = "down at a moment"


@dataclass(frozen=True, kw_only=True, slots=True)
class Struck:
    """What a blow met: how the command ended, and how many processes were killed by it."""

    ended: Ended
    kills: int
    when: str


def strike(blow: Blow, fleet: CloudFleet, *, regions: Regions, chance: random.Random) -> Struck:
    """Begin what the blow interrupts, and return how that ended."""
    return _STRIKES[blow](fleet, regions, chance)


def _after_record(command: str, records: int) -> "_Strike":
    def strike(fleet: CloudFleet, regions: Regions, chance: random.Random) -> Struck:
        record = chance.randint(1, records * len(regions))
        ended = fleet.run(command, kill_after=record)
        return Struck(ended=ended, kills=int(ended.code == KILLED), when=f"record {record}")

    return strike


def _at_a_moment(command: str, latest_s: float) -> "_Strike":
    def strike(fleet: CloudFleet, _: Regions, chance: random.Random) -> Struck:
        moment_s = chance.uniform(0.5, latest_s)
        running = Running(process=fleet.begin(command))
        try:
            running.process.wait(timeout=moment_s)
        except subprocess.TimeoutExpired:
            running.process.kill()
        ended = running.end()
        return Struck(ended=ended, kills=int(ended.code == KILLED), when=f"{moment_s:.2f} s")

    return strike


def _at_a_step(fleet: CloudFleet, _: Regions, chance: random.Random) -> Struck:
    said = chance.choice(SAID)
    up = Running(process=fleet.begin("up"))
    until = time.monotonic() + END_S
    while not any(said in line for line in list(up.err)) and up.process.poll() is None:
        assert time.monotonic() < until, "".join(up.err)
        time.sleep(0.02)
    up.process.kill()
    ended = up.end()
    return Struck(ended=ended, kills=int(ended.code == KILLED), when=f"said {said!r}")


def _machine_at_milestone(fleet: CloudFleet, regions: Regions, chance: random.Random) -> Struck:
    line, region = chance.choice(MILESTONES), regions[0]
    before = len(fleet.bed.log())
    fleet.bed.kill_docker_machine_at(f"create .*--amazonec2-region {region} ", line)
    ended = fleet.run("up")
    return Struck(ended=ended, kills=_killed_in(fleet.bed, region, since=before), when=line)


def _machine_in_flight(fleet: CloudFleet, regions: Regions, _: random.Random) -> Struck:
    before, region = len(fleet.bed.log()), regions[0]
    fleet.bed.kill_docker_machine_during(
        f"create .*--amazonec2-region {region} ", "RunInstances", region=region, delay_s=IN_FLIGHT_S
    )
    ended = fleet.run("up")
    return Struck(ended=ended, kills=_killed_in(fleet.bed, region, since=before), when="in flight")


def _both_in_flight(fleet: CloudFleet, regions: Regions, chance: random.Random) -> Struck:
    before, region = len(fleet.bed.log()), regions[0]
    fleet.bed.kill_docker_machine_during(
        f"create .*--amazonec2-region {region} ", "RunInstances", region=region, delay_s=IN_FLIGHT_S
    )
    up = Running(process=fleet.begin("up"))
    while not _killed_in(fleet.bed, region, since=before) and up.process.poll() is None:
        time.sleep(0.05)
    later_s = chance.uniform(0.0, IN_FLIGHT_S)
    try:
        up.process.wait(timeout=later_s)
    except subprocess.TimeoutExpired:
        up.process.kill()
    ended = up.end()
    kills = _killed_in(fleet.bed, region, since=before) + (ended.code == KILLED)
    return Struck(ended=ended, kills=kills, when=f"in flight, and {later_s:.2f} s later")


def _killed_in(bed: Bed, region: str, *, since: int) -> int:
    """Return how many runs of docker-machine the bed has killed in a region."""
    return sum(
        bool(event.get("killed_by_bed")) and region in event["docker_machine"] for event in bed.log()[since:]
    )


def _of_down(strike: "_Strike") -> "_Strike":
    def up_then_strike(fleet: CloudFleet, regions: Regions, chance: random.Random) -> Struck:
        up = fleet.run("up")
        assert up.code == 0, up.err
        return strike(fleet, regions, chance)

    return up_then_strike


_Strike = Callable[[CloudFleet, Regions, random.Random], Struck]
_STRIKES: dict[Blow, _Strike] = {
    Blow.AFTER_RECORD: _after_record("up", RECORDS_OF_UP),
    Blow.AT_A_MOMENT: _at_a_moment("up", LATEST_S),
    Blow.AT_A_STEP: _at_a_step,
    Blow.MACHINE_AT_MILESTONE: _machine_at_milestone,
    Blow.MACHINE_IN_FLIGHT: _machine_in_flight,
    Blow.BOTH_IN_FLIGHT: _both_in_flight,
    Blow.DOWN_AFTER_RECORD: _of_down(_after_record("down", RECORDS_OF_DOWN)),
    Blow.DOWN_AT_A_MOMENT: _of_down(_at_a_moment("down", 4.0)),
}
