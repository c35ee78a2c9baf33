"""The bed itself: what end-to-end tests of hosts stand on."""

import signal
import socket
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import psutil
import pytest

from tests.end_to_end.bed.bed import Bed, Refused
from tests.end_to_end.bed.calling import aws, launch, machine, state_of, wait_for
from tests.end_to_end.bed.cloud.faults import Fault, Faults
from tests.end_to_end.bed.cloud.filters import Opening, filter_text
from tests.end_to_end.bed.cloud_process import REPOSITORY, Standing, clear_abandoned
from tests.end_to_end.bed.engine import docker
from tests.end_to_end.bed.ground import LABEL, ROOT
from tests.end_to_end.bed.lacking import Lacking
from tests.end_to_end.conftest import wait_until

pytestmark = pytest.mark.xdist_group("bed")

CONNECT = """
import socket, sys
try:
    with socket.create_connection((sys.argv[1], int(sys.argv[2])), timeout=float(sys.argv[3])) as there:
        print("silent" if sys.argv[4] and not there.recv(1) else "open")
except ConnectionRefusedError:
    print("refused")
except TimeoutError:
    print("silent")
except OSError:
    print("unreachable")
"""


def connect(bed: Bed, address: str, port: int, *, listen: bool = False) -> str:
    """Try a TCP connection from inside: open, refused, silent or unreachable."""
    words = [address, str(port), "2", "listen" if listen else ""]
    return bed.run(sys.executable, "-c", CONNECT, *words).stdout.strip()


def wait_for_boot(bed: Bed, name: str) -> None:
    """Return when a host has booted, with whatever is wrong with it."""
    bed.host(name).run("timeout", "30", "bash", "-c", "until [ -e /run/booted ]; do sleep 0.1; done")


def remains(name: str) -> list[str]:
    """Return what is still there of a bed."""
    found = [str(folder) for folder in (ROOT / name, Path("/etc/netns") / name) if folder.exists()]
    found += docker("ps", "-aq", "--filter", f"label={LABEL}={name}").stdout.split()
    found += docker("network", "ls", "-q", "--filter", f"label={LABEL}={name}").stdout.split()
    found += [str(path) for path in Path("/run/netns").glob(name)]
    found += [link for link in psutil.net_if_addrs() if link.startswith(name)]
    return found


def test_docker_machine_makes_hosts_that_run_user_data_and_leaves_nothing(bed: Bed, tmp_path: Path) -> None:
    user_data = tmp_path / "user-data"
    user_data.write_text("#!/bin/sh\necho was here >/run/user-data\n", encoding="ascii")
    before = len(bed.log())
    store = tmp_path / "store"
    machine(bed, store, "create", "-d", "none", "--url", "tcp://127.0.0.1:1", "certificates")

    def create(region: str) -> "subprocess.CompletedProcess[str]":
        words = ["--amazonec2-region", region, "--amazonec2-userdata", str(user_data)]
        return machine(bed, store, "create", "-d", "amazonec2", *words, f"host-{region}")

    regions = ["eu-west-1", "us-east-1"]
    with ThreadPoolExecutor() as pool:
        for created in pool.map(create, regions):
            assert created.returncode == 0, created.stdout + created.stderr
    held = bed.state()
    assert sorted(held) == regions
    for region in regions:
        (instance_id,) = held[region]["instances"]
        assert bed.host(instance_id).run("cat", "/run/user-data") == "was here\n"
        assert machine(bed, store, "env", "--shell", "sh", f"host-{region}").returncode == 0
        assert machine(bed, store, "rm", "-y", f"host-{region}").returncode == 0
    assert bed.left() == {}
    runs = [event["docker_machine"][0] for event in bed.log()[before:] if "exit" in event]
    assert runs == ["create", "create", "create", "env", "rm", "env", "rm"]


def test_the_generic_driver_makes_a_host_of_what_is_there(bed: Bed, tmp_path: Path) -> None:
    address, key = bed.add_host("alone")

    words = ["--generic-ip-address", address, "--generic-ssh-key", str(key)]
    created = machine(bed, tmp_path, "create", "-d", "generic", *words, "alone")

    assert created.returncode == 0, created.stdout + created.stderr
    assert "alone" in bed.host("alone").run("docker", "info", "--format", "{{.Name}}")


def test_docker_machine_killed_while_its_instance_is_made_does_not_know_of_it(
    bed: Bed, tmp_path: Path
) -> None:
    bed.kill_docker_machine_during("create .*eu-west-2", "RunInstances", region="eu-west-2")
    words = ["create", "-d", "amazonec2", "--amazonec2-region", "eu-west-2", "killed"]

    killed = machine(bed, tmp_path, *words)

    assert killed.returncode == -signal.SIGKILL
    wait_until(lambda: bool(bed.state().get("eu-west-2", {}).get("instances")))
    removed = machine(bed, tmp_path, "rm", "-y", "killed")
    assert (removed.returncode, list(bed.left())) == (0, ["eu-west-2"])
    assert [event["killed_by_bed"] for event in bed.log() if "exit" in event][-2:] == [True, False]


def test_docker_machine_is_killed_once_at_the_line_that_was_named(bed: Bed, tmp_path: Path) -> None:
    bed.kill_docker_machine_at("create .* again", "Creating CA")
    words = ["create", "-d", "none", "--url", "tcp://127.0.0.1:1", "again"]

    killed, again = machine(bed, tmp_path, *words), machine(bed, tmp_path, *words)

    assert killed.returncode == -signal.SIGKILL
    assert killed.stdout.startswith("Creating CA")
    assert again.returncode == 0, again.stdout + again.stderr


def test_a_secret_in_the_arguments_is_noted(bed: Bed, tmp_path: Path) -> None:
    bed.watch_for(["hush-hush"])

    machine(bed, tmp_path, "inspect", "--format=hush-hush", "nobody")

    seen = [event for event in bed.log() if "exit" in event][-1]
    assert seen["secret_in_argv"] == ["--format"]
    assert seen["secret_in_environment"] == ["AWS_SECRET_ACCESS_KEY"]


def test_an_instance_is_pending_without_a_public_address_before_it_runs(bed: Bed) -> None:
    instance = launch(bed, "eu-west-1")

    assert instance["State"]["Name"] == "pending"
    assert "PublicIpAddress" not in instance
    running = wait_for(bed, "eu-west-1", instance["InstanceId"], "running")
    assert running["PublicIpAddress"] == running["PrivateIpAddress"]


def test_only_what_a_group_lets_in_comes_to_a_host(bed: Bed) -> None:
    group = aws(bed, "ec2", "eu-west-1", "create_security_group", GroupName="ours", Description="ours")[
        "GroupId"
    ]
    instance = launch(bed, "eu-west-1", SecurityGroupIds=[group])
    instance_id = instance["InstanceId"]
    address = wait_for(bed, "eu-west-1", instance_id, "running")["PublicIpAddress"]
    served = bed.host(instance_id)
    served.run("sh", "-c", "python3 -m http.server 8080 >/dev/null 2>&1 &")

    def let_in(port: int, network: str) -> None:
        opening = {"IpProtocol": "tcp", "FromPort": port, "ToPort": port, "IpRanges": [{"CidrIp": network}]}
        words = {"GroupId": group, "IpPermissions": [opening]}
        aws(bed, "ec2", "eu-west-1", "authorize_security_group_ingress", **words)

    assert connect(bed, address, 8080) == "silent"
    let_in(8080, "192.0.2.0/24")
    assert connect(bed, address, 8080) == "silent"
    let_in(8080, f"{bed.address}/32")
    wait_until(lambda: connect(bed, address, 8080) == "open")
    assert connect(bed, address, 22) == "silent"
    # Groups are stateful, and let out: the host reaches us.
    assert "1 received" in served.run("ping", "-c", "1", "-W", "5", bed.address)


@pytest.mark.parametrize(("behavior", "state"), [("terminate", "terminated"), ("stop", "stopped")])
def test_a_host_that_shuts_itself_down_ends_as_its_instance_was_told(
    bed: Bed, behavior: str, state: str
) -> None:
    instance_id = launch(bed, "eu-west-1")["InstanceId"]
    wait_for(bed, "eu-west-1", instance_id, "running")
    told = {"InstanceId": instance_id, "InstanceInitiatedShutdownBehavior": {"Value": behavior}}
    aws(bed, "ec2", "eu-west-1", "modify_instance_attribute", **told)

    # A little later: the host takes with it whoever waits for the command.
    bed.host(instance_id).run("sh", "-c", "(sleep 0.3; shutdown -h now) >/dev/null 2>&1 &")

    ended = wait_for(bed, "eu-west-1", instance_id, state)
    assert ended["StateReason"]["Code"] == "Client.InstanceInitiatedShutdown"
    assert bool(bed.left().get("eu-west-1", {}).get("volumes")) == (state == "stopped")


def test_a_host_without_power_is_no_host_that_shut_itself_down(bed: Bed) -> None:
    instance_id = launch(bed, "eu-west-1")["InstanceId"]
    address = wait_for(bed, "eu-west-1", instance_id, "running")["PublicIpAddress"]

    bed.host(instance_id).kill()

    assert connect(bed, address, 22) in ("unreachable", "silent")
    assert state_of(bed, "eu-west-1", instance_id)["State"]["Name"] == "running"


def test_an_interruption_takes_the_host_and_names_its_reason(bed: Bed) -> None:
    instance_id = launch(bed, "eu-north-1")["InstanceId"]
    wait_for(bed, "eu-north-1", instance_id, "running")

    assert bed.interrupt("eu-north-1") == [instance_id]

    told = state_of(bed, "eu-north-1", instance_id)
    assert told["StateReason"]["Code"] == "Server.SpotInstanceTermination"
    with pytest.raises(Refused):
        bed.host(instance_id).run("true")


@pytest.mark.parametrize(("fault", "met"), [("", "open"), ("no-ssh", "refused"), ("ssh-swallowed", "silent")])
def test_ssh_fails_as_the_boot_fault_says(bed: Bed, fault: str, met: str) -> None:
    address, _ = bed.add_host("slow-ssh", fault=fault)
    wait_for_boot(bed, "slow-ssh")

    assert connect(bed, address, 22) == met


def test_a_host_hangs_and_is_cut_off_until_it_heals(bed: Bed) -> None:
    address, _ = bed.add_host("ill")
    wait_until(lambda: connect(bed, address, 22, listen=True) == "open")

    bed.host("ill").hang()
    assert connect(bed, address, 22) == "open"
    assert connect(bed, address, 22, listen=True) == "silent"
    bed.host("ill").heal()
    bed.host("ill").blackhole()
    assert connect(bed, address, 22) == "silent"
    bed.host("ill").heal()
    assert connect(bed, address, 22, listen=True) == "open"


def test_a_refused_call_makes_nothing_and_a_lost_answer_does(bed: Bed) -> None:
    words: dict[str, Any] = {"ImageId": "ami-1", "MinCount": 1, "MaxCount": 1}
    bed.fault("RunInstances", region="eu-west-1", zone="b", code="InsufficientInstanceCapacity")
    bed.fault("RunInstances", region="sa-east-1", code="InternalError", status=500, lost=True)

    refused = aws(
        bed, "ec2", "eu-west-1", "run_instances", Placement={"AvailabilityZone": "eu-west-1b"}, **words
    )
    assert refused["Error"] == "InsufficientInstanceCapacity"
    assert bed.left() == {}
    lost = aws(bed, "ec2", "sa-east-1", "run_instances", **words)
    assert lost["Error"] == "InternalError"
    assert len(bed.left()["sa-east-1"]["instances"]) == 1


def test_the_current_ubuntu_is_another_image_in_each_region(bed: Bed) -> None:
    name = "/aws/service/canonical/ubuntu/server/24.04/stable/current/arm64/hvm/ebs-gp3/ami-id"

    images = {
        region: aws(bed, "ssm", region, "get_parameter", Name=name)["Parameter"]["Value"]
        for region in ("eu-west-1", "ap-east-2")
    }

    assert len(set(images.values())) == 2
    for region, image in images.items():
        found = aws(bed, "ec2", region, "describe_images", ImageIds=[image])["Images"]
        assert [each["Architecture"] for each in found] == ["arm64"]


def test_nothing_inside_reaches_this_machine(bed: Bed) -> None:
    bed.add_host("prisoner")
    prisoner = bed.host("prisoner")
    wait_for_boot(bed, "prisoner")
    # As a program would that wants out: everything is said to be on this wire.
    prisoner.run("ip", "route", "add", "default", "dev", "eth0")
    ours = [
        each.address
        for addresses in psutil.net_if_addrs().values()
        for each in addresses
        if each.family == socket.AF_INET and not each.address.startswith("127.")
    ]
    # Every engine has a docker0 of the same address.
    its_own = prisoner.run("hostname", "-I").split()
    with socket.create_server(("0.0.0.0", 0)) as listener:
        port = str(listener.getsockname()[1])
        for address in {*ours, "192.0.2.1"} - {*its_own}:
            for asked in (
                bed.run(sys.executable, "-c", CONNECT, address, port, "1", "").stdout,
                prisoner.run("python3", "-c", CONNECT, address, port, "1", ""),
            ):
                assert asked.strip() in ("unreachable", "silent")


def test_names_from_outside_are_not_found_and_noted(bed: Bed) -> None:
    asked = bed.run("getent", "hosts", "ec2.nowhere-1.amazonaws.com")

    assert asked.returncode != 0
    assert {"dns": "ec2.nowhere-1.amazonaws.com"}.items() <= bed.log()[-1].items()


def test_a_fault_meets_the_calls_that_fit_until_it_is_used_up() -> None:
    faults = Faults()
    faults.add(Fault(operation="RunInstances", region="eu-west-1", zone="b", code="A", times=2))
    faults.add(Fault(operation="RunInstances", code="B", times=None))

    def met(operation: str, region: str, zone: str | None = None) -> str | None:
        fault = faults.take(operation, region, zone)
        return fault.code if fault is not None else None

    assert met("TerminateInstances", "eu-west-1") is None
    assert [met("RunInstances", "eu-west-1", "eu-west-1b") for _ in range(3)] == ["A", "A", "B"]
    assert met("RunInstances", "eu-west-1", "eu-west-1a") == "B"
    with pytest.raises(ValueError, match="no-ssh, ssh-swallowed"):
        Fault(operation="Boot", code="no-shh")


def test_a_filter_lets_in_members_of_a_group_and_drops_the_rest() -> None:
    openings = [
        Opening(protocol="-1", group_id="g"),
        Opening(protocol="icmp", first_port=-1, network="0.0.0.0/0"),
    ]

    text = filter_text(openings, members={"g": ["10.0.0.1", "10.0.0.2"]})

    assert text.splitlines()[4:] == [
        "-A GROUPS -m conntrack --ctstate ESTABLISHED,RELATED -j RETURN",
        "-A GROUPS -s 10.0.0.1 -j RETURN",
        "-A GROUPS -s 10.0.0.2 -j RETURN",
        "-A GROUPS -s 0.0.0.0/0 -p icmp -j RETURN",
        "-A GROUPS -j DROP",
        "COMMIT",
    ]


OWNER = """
import sys
from tests.end_to_end.bed.bed import Bed
bed = Bed.up()
bed.add_host("host")
print(bed.name, flush=True)
sys.stdin.read()
"""


@pytest.mark.parametrize("cloud_dies_too", [False, True])
def test_a_bed_is_cleared_although_its_owner_was_killed(bed: Bed, cloud_dies_too: bool) -> None:
    owner = subprocess.Popen(
        [sys.executable, "-c", OWNER],
        cwd=REPOSITORY,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    )
    with owner:
        assert owner.stdout is not None
        name = owner.stdout.readline().strip()
        assert name
        assert remains(name)
        if cloud_dies_too:
            (cloud,) = psutil.Process(owner.pid).children()
            cloud.kill()
            wait_until(lambda: cloud.status() == psutil.STATUS_ZOMBIE)
            assert remains(name)
        owner.kill()

    def is_cleared() -> bool:
        if cloud_dies_too:
            # The cloud's own children hold its lock for a moment longer.
            clear_abandoned()
        return not remains(name)

    wait_until(is_cleared, within_s=60)
    assert remains(bed.name)


def test_a_bed_of_a_name_that_stands_is_refused(bed: Bed) -> None:
    with pytest.raises(Standing, match=bed.name):
        Bed.up(bed.name)


def test_what_is_missing_is_said(bed: Bed, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("BED_BASE_IMAGE", "nothing:here")

    with pytest.raises(Lacking, match="no image nothing:here"):
        Bed.up()


def test_behind_a_nat_hosts_do_not_reach_us_and_we_reach_them(bed: Bed) -> None:
    address, _ = bed.add_host("far")
    wait_for_boot(bed, "far")
    with subprocess.Popen(
        [*bed.prefix, sys.executable, "-m", "http.server", "8080", "--bind", bed.address],
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    ) as served:

        def from_host() -> str:
            words = [bed.address, "8080", "2", ""]
            return bed.host("far").run("python3", "-c", CONNECT, *words).strip()

        try:
            wait_until(lambda: from_host() == "open")
            bed.keep_hosts_out(True)
            assert from_host() == "silent"
            assert connect(bed, address, 22, listen=True) == "open"
        finally:
            bed.keep_hosts_out(False)
            served.terminate()
