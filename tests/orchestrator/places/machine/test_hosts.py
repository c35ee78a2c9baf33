import json
import os
import signal
import subprocess
import sys
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import psutil
import pytest

from orchestrator.errors import ConfigurationError
from orchestrator.places.engines.engine import HostGone
from orchestrator.places.machine.creation import CreateFailed
from orchestrator.places.machine.docker_machine import NotDockerMachine
from orchestrator.places.machine.hosts import MachineLimits
from orchestrator.places.machine.process import creating
from orchestrator.places.machine.program import UnknownDriver
from orchestrator.places.machine.removal import MayBeLeft, NotRemoved, RemovalLimits
from tests.orchestrator.places.machine.a_machine import (
    NAME,
    a_host,
    an_engine_for,
    calls,
    hosts_of,
    real_program,
    soon,
    told_program,
)

BEGUN: list[Any] = [{"say": "Running pre-create checks..."}, {"config": {}}, {"say": "Creating machine..."}]
LAUNCHING: list[Any] = [*BEGUN, {"say": f"({NAME}) Launching instance..."}]
LAUNCHED: list[Any] = [
    *LAUNCHING,
    {"config": {"InstanceId": "i-1", "KeyName": NAME, "IPAddress": "127.0.0.1"}},
    {"say": "Waiting for machine to be running, this may take a few minutes..."},
]
GONE: list[Any] = [{"forget": True}, {"say": f"Successfully removed {NAME}"}]
FAILED = "Error creating machine: Error in driver during machine creation: "


def nobody(_: str) -> None:
    """Nobody listens."""


def gone(pid: int) -> bool:
    for _ in range(200):
        if not psutil.pid_exists(pid) or psutil.Process(pid).status() == psutil.STATUS_ZOMBIE:
            return True
        time.sleep(0.02)
    return False


def test_a_host_is_made_found_again_and_removed_by_the_real_docker_machine(tmp_path: Path) -> None:
    hosts = hosts_of(real_program(), tmp_path)
    said: list[str] = []
    with an_engine_for(hosts, tmp_path) as url:
        host = a_host(driver="none", url=url)
        hosts.create(host, say=said.append, deadline=soon())
        assert said == ["Running pre-create checks", "Creating machine", "Waiting for the engine to answer"]
        assert (hosts.names(), hosts.exists(NAME), hosts.engine(NAME).url) == ([NAME], True, url)
        said.clear()
        hosts.create(host, say=said.append, deadline=soon())
        assert said == [], "a host that is there is not made again"
    hosts.remove(NAME, say=said.append, deadline=soon())
    assert (said, hosts.names(), hosts.exists(NAME)) == (["Removing machine"], [], False)
    hosts.remove(NAME, say=said.append, deadline=soon())
    with pytest.raises(HostGone):
        hosts.engine(NAME)


def test_many_creates_at_once_on_a_fresh_store_share_one_authority(tmp_path: Path) -> None:
    program = real_program()
    maker, hosts = hosts_of(program, tmp_path), hosts_of(program, tmp_path)
    names = [f"edge-{number}" for number in range(4)]
    # The engine refuses a client whose certificate its authority did not sign, and so does its client.
    with an_engine_for(maker, tmp_path) as url, ThreadPoolExecutor(len(names)) as pool:
        made = [
            pool.submit(hosts.create, a_host(name, driver="none", url=url), say=nobody, deadline=soon())
            for name in names
        ]
        assert [future.result() for future in made] == [None] * len(names)
    assert hosts.names() == names


def test_certificates_that_were_half_made_are_made_again(tmp_path: Path) -> None:
    hosts = hosts_of(real_program(), tmp_path)
    half = hosts.store.certificates
    half.mkdir(parents=True)
    (half / "ca.pem").write_text("half")
    with an_engine_for(hosts, tmp_path) as url:
        hosts.create(a_host(driver="none", url=url), say=nobody, deadline=soon())
    assert sorted(entry.name for entry in hosts.store.root.iterdir()) == ["certs", "machines", "store.json"]


def test_a_host_whose_engine_never_answers_is_removed_again(tmp_path: Path) -> None:
    hosts = hosts_of(real_program(), tmp_path, limits=MachineLimits(create_s=3, jitter_s=0))
    with pytest.raises(CreateFailed, match="does not answer") as caught:
        hosts.create(a_host(driver="none", url="tcp://127.0.0.1:1"), say=nobody, deadline=soon())
    assert (caught.value.cause, caught.value.kind, hosts.names()) == ("Connection refused", "engine", [])


def test_an_option_that_the_real_docker_machine_does_not_know_leaves_nothing(tmp_path: Path) -> None:
    hosts = hosts_of(real_program(), tmp_path)
    with pytest.raises(CreateFailed, match="does not take one of the options"):
        hosts.create(a_host(driver="none", url="x", nosuch="1"), say=nobody, deadline=soon())
    assert hosts.names() == []


def test_a_driver_that_the_real_docker_machine_does_not_have_is_refused(tmp_path: Path) -> None:
    with pytest.raises(UnknownDriver, match="no driver 'nosuch'"):
        hosts_of(real_program(), tmp_path).create(a_host(driver="nosuch"), say=nobody, deadline=soon())


def test_the_real_docker_machine_keeps_aws_keys_out_of_its_store(tmp_path: Path) -> None:
    # There is no cloud to reach: it gives up before it makes anything, but after it has read the keys.
    hosts = hosts_of(real_program(), tmp_path, environment={"AWS_ACCESS_KEY_ID": "AKIA", "AWS_AMI": "ami-x"})
    host = a_host(
        amazonec2_access_key="AKIAHUSHHUSHHUSHHUSH", amazonec2_secret_key="hush%/hush",
        amazonec2_region="eu-west-1", amazonec2_endpoint="http://127.0.0.1:1", amazonec2_retries=0,
    )  # fmt: skip
    with pytest.raises(CreateFailed):
        hosts.create(host, say=nobody, deadline=soon())
    written = [path for path in tmp_path.rglob("*") if path.is_file() and b"hush" in path.read_bytes()]
    assert written == []


@pytest.mark.parametrize("name", ["Upper", "a" * 64, "default", "-x", "a_b", "docker-machine"])
def test_a_name_that_no_host_can_have_is_refused_before_anything(tmp_path: Path, name: str) -> None:
    with pytest.raises(ConfigurationError, match="cannot be a host"):
        hosts_of("/nonexistent", tmp_path).create(a_host(name), say=nobody, deadline=soon())
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("program", ["/nonexistent/docker-machine", "/bin/echo", "/bin/false"])
def test_a_program_that_is_no_docker_machine_is_refused(tmp_path: Path, program: str) -> None:
    with pytest.raises(NotDockerMachine):
        hosts_of(program, tmp_path).create(a_host(), say=nobody, deadline=soon())


def test_a_create_that_overruns_in_its_first_part_may_have_left_something(tmp_path: Path) -> None:
    program = told_program(tmp_path / "bin", create=[[*LAUNCHING, {"child": True}, {"wait": 600}]])
    hosts = hosts_of(program, tmp_path, limits=MachineLimits(create_s=3, jitter_s=0))
    with pytest.raises(MayBeLeft) as caught:
        hosts.create(a_host(amazonec2_region="venus"), say=nobody, deadline=soon())
    assert gone(int((tmp_path / "bin" / "child").read_text()))
    assert caught.value.exit_code == 5
    assert "did not end in time" in caught.value.what
    assert f"in venus: driver amazonec2, key pair {NAME}" in caught.value.what
    assert "Launching instance" in caught.value.cause
    assert "--region venus" in caught.value.next_step
    # It is not forgotten: only the cloud can say that nothing is there.
    with pytest.raises(MayBeLeft):
        hosts.remove(NAME, say=nobody, deadline=soon())
    assert calls(program, "rm") == []
    hosts.forget(NAME)
    hosts.remove(NAME, say=nobody, deadline=soon())


def test_a_create_that_overruns_later_is_removed(tmp_path: Path) -> None:
    program = told_program(
        tmp_path / "bin", create=[[*LAUNCHED, {"say": "Waiting for SSH..."}, {"wait": 600}]], rm=[GONE]
    )
    hosts = hosts_of(program, tmp_path, limits=MachineLimits(create_s=3, jitter_s=0))
    with pytest.raises(CreateFailed, match="did not end in time") as caught:
        hosts.create(a_host(), say=nobody, deadline=soon())
    assert (caught.value.kind, hosts.names(), creating(NAME)) == ("timeout", [], [])


def test_who_stops_a_create_gets_it_removed(tmp_path: Path) -> None:
    program = told_program(tmp_path / "bin", create=[[*LAUNCHED, {"wait": 600}]], rm=[GONE])
    stop = threading.Event()
    hosts = hosts_of(program, tmp_path, stop=stop)

    def say(text: str) -> None:
        if text == "Waiting for machine to be running":
            stop.set()

    with pytest.raises(CreateFailed, match="interrupted") as caught:
        hosts.create(a_host(), say=say, deadline=soon())
    assert (caught.value.kind, hosts.names()) == ("interrupted", [])
    with pytest.raises(CreateFailed, match="was not begun"):
        hosts.create(a_host(), say=nobody, deadline=soon())


@pytest.mark.parametrize(
    ("reason", "kind"),
    [("Error launching instance: InsufficientInstanceCapacity: none left", "capacity"),
     ("Error launching instance: VcpuLimitExceeded: too many", "quota")],
)  # fmt: skip
def test_a_refused_launch_leaves_nothing(tmp_path: Path, reason: str, kind: str) -> None:
    refused = [*LAUNCHING, {"say": FAILED + reason}, {"exit": 1}]
    hosts = hosts_of(told_program(tmp_path / "bin", create=[refused], rm=[GONE]), tmp_path)
    with pytest.raises(CreateFailed) as caught:
        hosts.create(a_host(), say=nobody, deadline=soon())
    assert (caught.value.kind, hosts.names()) == (kind, [])
    assert reason in caught.value.cause


def test_a_launch_without_a_clear_answer_may_have_left_something(tmp_path: Path) -> None:
    lost = [*LAUNCHING, {"say": FAILED + "Error launching instance: InternalError: sorry"}, {"exit": 1}]
    hosts = hosts_of(told_program(tmp_path / "bin", create=[lost]), tmp_path)
    with pytest.raises(MayBeLeft, match="the cloud itself failed"):
        hosts.create(a_host(), say=nobody, deadline=soon())
    assert hosts.names() == [NAME]


def test_two_that_make_one_security_group_at_once_both_get_on(tmp_path: Path) -> None:
    lost = [*LAUNCHING, {"say": FAILED + "InvalidGroup.Duplicate: it exists"}, {"exit": 1}]
    known = [*LAUNCHED, {"say": "Error creating machine: Error running provisioning: no"}, {"exit": 1}]
    program = told_program(tmp_path / "bin", create=[lost, known], rm=[GONE, GONE])
    with pytest.raises(CreateFailed, match="Docker could not be installed"):
        hosts_of(program, tmp_path).create(a_host(), say=nobody, deadline=soon())
    assert len(calls(program, "create")) == 2


def test_exit_0_without_a_machine_is_a_failure(tmp_path: Path) -> None:
    program = told_program(tmp_path / "bin", create=[[{"say": "Incorrect Usage."}, {"exit": 0}]])
    with pytest.raises(CreateFailed):
        hosts_of(program, tmp_path).create(a_host(), say=nobody, deadline=soon())


def left_by_a_create(tmp_path: Path) -> None:
    """Put a machine into the store that was launched."""
    machine = tmp_path / "machines" / "machines" / NAME
    machine.mkdir(parents=True)
    driver = {"InstanceId": "i-1", "Region": "mars", "KeyName": NAME}
    config = {"ConfigVersion": 3, "DriverName": "amazonec2", "Driver": driver}
    (machine / "config.json").write_text(json.dumps(config))


REFUSED: list[Any] = [
    {"say": f'Error removing host "{NAME}": unable to terminate: UnauthorizedOperation: no'},
    {"exit": 1},
]


def test_a_refused_removal_is_tried_again_and_never_forced(tmp_path: Path) -> None:
    left_by_a_create(tmp_path)
    program = told_program(tmp_path / "bin", rm=[REFUSED, REFUSED, GONE])
    said: list[str] = []
    hosts_of(program, tmp_path).remove(NAME, say=said.append, deadline=soon())
    assert said == ["Removing machine", "Removing machine, try 2", "Removing machine, try 3"]
    assert [call["argv"] for call in calls(program, "rm")] == [["rm", "-y", NAME]] * 3


def test_a_removal_that_is_refused_for_good_says_what_may_run_on(tmp_path: Path) -> None:
    left_by_a_create(tmp_path)
    program = told_program(tmp_path / "bin", rm=[REFUSED] * 9)
    hosts = hosts_of(program, tmp_path)
    with pytest.raises(NotRemoved, match="may still run in mars") as caught:
        hosts.remove(NAME, say=nobody, deadline=soon())
    assert (caught.value.exit_code, len(calls(program, "rm")), hosts.exists(NAME)) == (5, 5, True)
    assert "policy does not allow it" in caught.value.cause
    assert f"rm -y {NAME}" in caught.value.next_step


def test_exit_0_of_a_removal_is_no_proof(tmp_path: Path) -> None:
    left_by_a_create(tmp_path)
    hosts = hosts_of(told_program(tmp_path / "bin", rm=[[{"say": "Are you sure? (y/n)"}]] * 9), tmp_path)
    with pytest.raises(NotRemoved):
        hosts.remove(NAME, say=nobody, deadline=soon())


def test_a_removal_that_hangs_ends_at_its_deadline(tmp_path: Path) -> None:
    left_by_a_create(tmp_path)
    limits = MachineLimits(removal=RemovalLimits(remove_s=2.0))
    hosts = hosts_of(
        told_program(tmp_path / "bin", rm=[[{"child": True}, {"wait": 600}]]), tmp_path, limits=limits
    )
    with pytest.raises(NotRemoved) as caught:
        hosts.remove(NAME, say=nobody, deadline=soon())
    assert caught.value.cause == "it did not end in time"
    assert gone(int((tmp_path / "bin" / "child").read_text()))


def test_a_host_is_not_forgotten_because_docker_machine_was_uninstalled(tmp_path: Path) -> None:
    left_by_a_create(tmp_path)
    hosts = hosts_of("/nonexistent/docker-machine", tmp_path)
    with pytest.raises(NotRemoved, match="could not be removed"):
        hosts.remove(NAME, say=nobody, deadline=soon())
    assert hosts.exists(NAME)


def test_removing_what_is_not_there_needs_no_docker_machine(tmp_path: Path) -> None:
    hosts_of("/nonexistent/docker-machine", tmp_path).remove(NAME, say=nobody, deadline=soon())


DYING = """
import sys
from pathlib import Path
from tests.orchestrator.places.machine.a_machine import a_host, hosts_of, soon
hosts = hosts_of(sys.argv[1], Path(sys.argv[2]))
hosts.create(a_host(sys.argv[3]), say=lambda text: print(text, flush=True), deadline=soon())
"""


def killed_while_it_creates(program: str, root: Path) -> None:
    """Let another orchestrator begin a host, and kill it without warning."""
    orchestrator = subprocess.Popen(
        [sys.executable, "-c", DYING, program, str(root), NAME],
        stdout=subprocess.PIPE, text=True, env=os.environ | {"PYTHONPATH": os.pathsep.join(sys.path)},
    )  # fmt: skip
    assert orchestrator.stdout is not None
    for line in orchestrator.stdout:
        if line.strip() == "Launching instance":
            orchestrator.send_signal(signal.SIGKILL)
            break
    assert orchestrator.wait(timeout=30) == -signal.SIGKILL
    orchestrator.stdout.close()


def test_a_create_outlives_the_death_of_its_orchestrator_and_down_waits_for_its_first_part(
    tmp_path: Path,
) -> None:
    program = told_program(
        tmp_path / "bin", create=[[*LAUNCHING, {"wait": 2}, *LAUNCHED[-2:], {"wait": 600}]], rm=[GONE]
    )
    killed_while_it_creates(program, tmp_path)
    assert len(creating(NAME)) == 1
    hosts = hosts_of(program, tmp_path)
    hosts.remove(NAME, say=nobody, deadline=soon())
    assert (creating(NAME), hosts.names(), len(calls(program, "rm"))) == ([], [], 1)


def test_a_create_that_is_still_in_its_first_part_at_the_deadline_may_have_left_something(
    tmp_path: Path,
) -> None:
    program = told_program(tmp_path / "bin", create=[[*LAUNCHING, {"wait": 600}]])
    killed_while_it_creates(program, tmp_path)
    hosts = hosts_of(program, tmp_path, limits=MachineLimits(removal=RemovalLimits(remove_s=1.0)))
    with pytest.raises(MayBeLeft):
        hosts.remove(NAME, say=nobody, deadline=soon())
    assert creating(NAME) == []


def test_up_takes_over_a_create_that_an_orchestrator_left_running(tmp_path: Path) -> None:
    failed = [*LAUNCHED, {"say": "Error creating machine: Error running provisioning: no"}, {"exit": 1}]
    program = told_program(
        tmp_path / "bin", create=[[*LAUNCHING, {"wait": 1}, *failed[-3:]], failed], rm=[GONE, GONE]
    )
    killed_while_it_creates(program, tmp_path)
    said: list[str] = []
    with pytest.raises(CreateFailed):
        hosts_of(program, tmp_path).create(a_host(), say=said.append, deadline=soon())
    assert said[:2] == ["Waiting for a create that was begun before", "Removing machine"]
    assert len(calls(program, "create")) == 2


def test_secrets_of_a_driver_are_in_no_command(tmp_path: Path) -> None:
    program = told_program(
        tmp_path / "bin", create=[[*BEGUN, {"say": "Error creating machine: no"}, {"exit": 1}]], rm=[GONE]
    )
    hosts = hosts_of(
        program, tmp_path, environment={"TOLD_TOKEN": "other", "STRANGER": "hush", "AWS_ZONE": "z"}
    )
    host = a_host(driver="generic", told_token="hush", told_size=[1, 2], told_switch=True, url=None)
    with pytest.raises(CreateFailed):
        hosts.create(host, say=nobody, deadline=soon())
    (call,) = calls(program, "create")
    assert call["argv"] == [
        "create", "-d", "generic", "--told-size", "1", "--told-size", "2", "--told-switch", NAME,
    ]  # fmt: skip
    assert call["environment"]["TOLD_TOKEN"] == "hush"
    assert call["environment"]["MACHINE_BUGSNAG_API_TOKEN"] == "no-report"
    assert {"STRANGER", "AWS_ZONE", "PYTHONPATH"}.isdisjoint(call["environment"])
    with pytest.raises(ConfigurationError, match="would show its value"):
        hosts.create(a_host("edge-2", driver="generic", told_secret="hush"), say=nobody, deadline=soon())


def test_the_way_in_is_ssh_itself_with_the_machines_key(tmp_path: Path) -> None:
    hosts = hosts_of("/nonexistent", tmp_path)
    assert hosts.ssh_command(NAME) is None
    machine = tmp_path / "machines" / "machines" / NAME
    machine.mkdir(parents=True)
    driver = {"IPAddress": "192.0.2.7", "SSHUser": "ubuntu", "SSHPort": 2022}
    (machine / "config.json").write_text(json.dumps({"DriverName": "x", "Driver": driver}))
    command = hosts.ssh_command(NAME)
    assert command is not None
    assert (command[0], command[-1]) == ("ssh", "ubuntu@192.0.2.7")
    assert f"{machine}/id_rsa" in command
