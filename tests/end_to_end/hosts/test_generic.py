"""Hosts that are somebody's own, by docker-machine's driver `generic`."""

import time

from tests.end_to_end.bed.bed import Bed, Refused
from tests.end_to_end.hosts.cloud_fleet import CloudFleet

NAMES = ("oslo", "bergen")
ENGINE_S = 120.0


def generic_testers(bed: Bed, *names: str) -> str:
    """Boot hosts that no cloud knows, and return their testers for a fleet file."""
    lines = []
    for name in names:
        address, key = bed.add_host(name)
        lines.append(
            f"  - {{name: {name}, driver: generic, location: {{region: north}}, options: "
            f"{{generic-ip-address: {address}, generic-ssh-user: root, generic-ssh-key: {key}}}}}"
        )
    return "\n".join(lines)


def until_engine(bed: Bed, name: str) -> None:
    """Wait for a host's engine: it is started beside the rest, and takes its time on a busy machine."""
    end = time.monotonic() + ENGINE_S
    while True:
        try:
            on_engine(bed, name, "info")
            return
        except Refused:
            assert time.monotonic() < end, f"the engine of {name} does not answer"
            time.sleep(0.5)


def on_engine(bed: Bed, name: str, *words: str) -> list[str]:
    """Return the lines of what `docker` says on a host."""
    return bed.host(name).run("docker", *words).splitlines()


def all_of(bed: Bed, name: str) -> list[list[str]]:
    """Return the containers, volumes, networks and images that a host's engine has."""
    return [
        sorted(on_engine(bed, name, *words))
        for words in (
            ("ps", "-aq"),
            ("volume", "ls", "-q"),
            ("network", "ls", "--format", "{{.Name}}"),
            ("image", "ls", "-aq"),
        )
    ]


def test_two_generic_hosts_measure_and_keep_nothing_of_ours_but_their_engines(
    bed: Bed, cloud: CloudFleet
) -> None:
    cloud.write(testers=generic_testers(bed, *NAMES))
    for name in NAMES:
        until_engine(bed, name)
        on_engine(bed, name, "volume", "create", "theirs")
        on_engine(bed, name, "run", "-d", "--name", "theirs", "base:bookworm", "sleep", "10000")
    before = [all_of(bed, name) for name in NAMES]

    up = cloud.run("up")

    assert up.code == 0, up.err
    assert cloud.run_states() == {name: ["complete"] * 2 for name in NAMES}
    assert [all_of(bed, name) for name in NAMES] != before
    down = cloud.run("down")
    assert down.code == 0, down.err
    assert "2 removed, 0 left" in down.err
    assert cloud.stored() == []
    # The engine answers there, and has what it had.
    assert [all_of(bed, name) for name in NAMES] == before
    for name in NAMES:
        assert on_engine(bed, name, "run", "--rm", "base:bookworm", "echo", "it runs") == ["it runs"]


def test_down_lists_what_provisioning_has_changed_on_a_generic_host(bed: Bed, cloud: CloudFleet) -> None:
    cloud.write(testers=generic_testers(bed, "oslo"), run="once")
    assert cloud.run("up").code == 0
    (host,) = cloud.hosts()

    down = cloud.run("down")

    assert down.code == 0, down.err
    (told,) = (
        line for line in down.err.splitlines() if "oslo: what docker-machine changed there stays: " in line
    )
    for changed in (f"the host name, now {host['name']}", "/etc/docker", "10-machine.conf"):
        assert changed in told
    # It is as it was told.
    there = bed.host("oslo")
    assert there.run("hostname").strip() == host["name"]
    assert "server-key.pem" in there.run("ls", "/etc/docker").split()
    assert "2376" in there.run("cat", "/etc/systemd/system/docker.service.d/10-machine.conf")
