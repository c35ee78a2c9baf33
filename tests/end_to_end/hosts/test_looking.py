"""A fleet that measures in a cloud is looked at: by its journal, by its engines, and on its hosts."""

import json
import signal
from collections.abc import Iterator

import pytest

from tests.end_to_end.bed.bed import Bed
from tests.end_to_end.hosts.cloud_fleet import CloudFleet
from tests.end_to_end.hosts.running import Running

# They share one fleet; another worker would have to make its own.
pytestmark = pytest.mark.xdist_group("a fleet that is looked at")

PORT = 8_901
DUBLIN, VIRGINIA = "eu-west-1", "us-east-1"


@pytest.fixture(scope="module")
def measuring(one_bed: Bed, tmp_path_factory: pytest.TempPathFactory) -> Iterator[CloudFleet]:
    """A fleet of two regions that measures on and on, and that nobody watches."""
    one_bed.clear()
    fleet = CloudFleet(bed=one_bed, folder=tmp_path_factory.mktemp("looking"), port=PORT)
    fleet.environment["ORCHESTRATE_ENGINE_DEADLINE"] = "3s"
    fleet.write(DUBLIN, VIRGINIA, run="{repeat: 5000, every: 1s}")
    up = fleet.run("up", "--detach")
    assert up.code == 0, up.err
    yield fleet
    one_bed.host(fleet.instance_of(VIRGINIA)).heal()
    down = fleet.run("down")
    fleet.clear()
    left = one_bed.left()
    one_bed.empty()
    assert down.code == 0, down.err
    assert left == {}


def host_of(fleet: CloudFleet, tester: str) -> str:
    """Return the name of a tester's host."""
    (name,) = (host["name"] for host in fleet.hosts() if host["tester"] == tester)
    return str(name)


def written(fleet: CloudFleet, tester: str) -> list[str]:
    """Return the lines that a tester wrote, as the engine of its host has them."""
    instance = fleet.bed.host(fleet.instance_of(tester))
    return instance.run("sh", "-c", f"docker logs {host_of(fleet, tester)} 2>&1").splitlines()


def test_status_tells_each_host_without_asking_anybody(measuring: CloudFleet) -> None:
    bed = measuring.bed
    said = len(bed.log())
    engines = [bed.host(measuring.instance_of(region)) for region in (DUBLIN, VIRGINIA)]
    for engine in engines:
        engine.blackhole()

    status = measuring.run("status")

    for engine in engines:
        engine.heal()
    assert status.code == 0, status.err
    for tester in (DUBLIN, VIRGINIA):
        (line,) = (line for line in status.out.splitlines() if line.split()[:1] == [tester])
        assert line.split()[1] == "running"
        assert line.split()[-1] == host_of(measuring, tester)
    assert "is open since" in status.out
    assert [event for event in bed.log()[said:] if "call" in event or "docker_machine" in event] == []


def test_status_refresh_asks_the_engines_and_tells_which_does_not_answer(measuring: CloudFleet) -> None:
    silent = measuring.bed.host(measuring.instance_of(VIRGINIA))
    silent.blackhole()

    status = measuring.run("status", "--refresh", "--format", "json")

    silent.heal()
    assert status.code == 0, status.err
    told = {host["tester"]: host for host in json.loads(status.out)["hosts"]}
    assert [(told[name]["is_silent"], told[name]["is_gone"]) for name in (DUBLIN, VIRGINIA)] == [
        (False, False),
        (True, False),
    ]
    assert told[DUBLIN]["region"] == DUBLIN
    assert told[DUBLIN]["driver"] == "amazonec2"


def test_ssh_runs_a_command_on_the_host_and_ends_with_its_exit_code(measuring: CloudFleet) -> None:
    there = measuring.run("ssh", DUBLIN, "hostname")
    failed = measuring.run("ssh", DUBLIN, "--", "sh", "-c", "'echo no; exit 7'")

    assert (there.code, there.out.strip()) == (0, host_of(measuring, DUBLIN)), there.err
    assert (failed.code, failed.out.strip()) == (7, "no"), failed.err


def test_exec_runs_a_command_beside_the_tester_and_ends_with_its_exit_code(measuring: CloudFleet) -> None:
    spool = measuring.run("exec", DUBLIN, "--", "ls", "/var/lib/tester")
    failed = measuring.run("exec", DUBLIN, "--", "python3", "-c", "import sys; print('no'); sys.exit(7)")

    assert spool.code == 0, spool.err
    assert {"job.json", "spool", "token"} <= set(spool.out.split())
    assert (failed.code, failed.out.strip()) == (7, "no"), failed.err


def test_a_tester_that_nobody_has_is_refused_with_the_nearest_name(measuring: CloudFleet) -> None:
    for command in (
        ("ssh", "eu-wst-1", "hostname"),
        ("exec", "eu-wst-1", "--", "true"),
        ("logs", "eu-wst-1"),
    ):
        refused = measuring.run(*command)

        assert refused.code == 2
        assert f"did you mean `{DUBLIN}`?" in refused.err


def test_logs_prints_what_the_tester_wrote_on_its_host(measuring: CloudFleet) -> None:
    there = written(measuring, DUBLIN)

    logs = measuring.run("logs", DUBLIN)

    assert logs.code == 0, logs.err
    assert there
    assert logs.out.splitlines()[: len(there)] == there


def test_logs_that_are_followed_go_on_until_the_tester_ends(measuring: CloudFleet) -> None:
    instance = measuring.bed.host(measuring.instance_of(VIRGINIA))
    follower = Running(process=measuring.begin("logs", "-f", VIRGINIA))
    measuring.wait_until(lambda: follower.out)
    before = len(follower.out)

    instance.run("docker", "stop", host_of(measuring, VIRGINIA))

    ended = follower.end()
    assert ended.code == 0, ended.err
    there = written(measuring, VIRGINIA)
    assert len(there) >= before
    assert ended.out.splitlines() == there


def test_ctrl_c_ends_logs_that_are_followed(measuring: CloudFleet) -> None:
    follower = Running(process=measuring.begin("logs", "-f", DUBLIN))
    measuring.wait_until(lambda: follower.out)

    measuring.interrupt(follower.process, signal.SIGINT)

    assert follower.end().code == 130
