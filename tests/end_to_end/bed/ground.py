"""The ground of a bed: its names, its directory, its network and its namespace."""

import json
import os
import random
import shutil
import signal
from contextlib import suppress
from dataclasses import asdict, dataclass
from pathlib import Path

from tests.end_to_end.bed.engine import CommandFailed, docker, run
from tests.end_to_end.bed.lacking import Lacking
from tests.end_to_end.bed.regions import REGIONS

ROOT = Path(os.environ.get("BED_ROOT", "/var/tmp/orchestrate-bed"))
"""Every bed has a directory here, on a disk: the engines of its hosts write below it."""

LABEL = "latency.bed"
BY_HAND_OCTET = 200
SERVER_COUNT = 3
TRIES = 40


@dataclass(frozen=True, kw_only=True, slots=True)
class Ground:
    """Where a bed stands. One name serves its namespace, its Docker network and its bridge."""

    name: str
    prefix: str
    """The first two numbers of every address, such as `10.71`: a /16 of its own."""

    @property
    def folder(self) -> Path:
        """Everything that this bed keeps on disk."""
        return ROOT / self.name

    @property
    def address(self) -> str:
        """The address of the namespace, reachable from every host."""
        return f"{self.prefix}.255.254"

    @property
    def servers(self) -> list[str]:
        """More addresses of the namespace, which answer echo requests."""
        return [f"{self.prefix}.255.{number}" for number in range(1, SERVER_COUNT + 1)]

    @property
    def silent(self) -> str:
        """An address of the network where nobody is."""
        return f"{self.prefix}.255.99"

    def seat(self, region: str, number: int) -> str:
        """Return the address of a region's host; hosts without a region are made by hand."""
        octet = REGIONS.index(region) + 1 if region else BY_HAND_OCTET
        return f"{self.prefix}.{octet}.{number}"

    @property
    def command_prefix(self) -> list[str]:
        """What stands before a command that shall run inside the bed."""
        return ["ip", "netns", "exec", self.name]

    @classmethod
    def read(cls, folder: Path) -> "Ground":
        """Return the ground that was saved in a folder; raises OSError or ValueError."""
        return cls(**json.loads((folder / "ground.json").read_text(encoding="utf-8")))


def lay(name: str) -> Ground:
    """Make the network and the namespace of a bed; raises CommandFailed or Lacking and leaves nothing then.

    The network is internal, the bridge has no address of this machine, and the namespace no default
    route: nothing inside reaches anything outside.
    """
    for _ in range(TRIES):
        ground = Ground(name=name, prefix=f"10.{random.randrange(64, 128)}")
        ground.folder.mkdir(parents=True, exist_ok=True)
        (ground.folder / "ground.json").write_text(json.dumps(asdict(ground)), encoding="utf-8")
        made = docker(
            *("network", "create", "--internal", "--label", f"{LABEL}={name}"),
            *("--subnet", f"{ground.prefix}.0.0/16", "--ip-range", f"{ground.prefix}.254.0/24"),
            *("-o", f"com.docker.network.bridge.name={name}", name),
            check=False,
        )
        if made.returncode == 0:
            break
        if "overlap" not in made.stderr:
            raise CommandFailed(f"docker network create: {made.stderr.strip()}")
    else:
        raise Lacking("no free /16 below 10.64.0.0/10")
    try:
        _join(ground)
    except BaseException:
        clear(ground)
        raise
    return ground


def _join(ground: Ground) -> None:
    """Make the namespace and plug it into the network."""
    name = ground.name
    # The bridge shall have no address of this machine, and answer for none: hosts are privileged.
    run(["ip", "addr", "flush", "dev", name])
    Path(f"/proc/sys/net/ipv4/conf/{name}/arp_ignore").write_text("8", encoding="ascii")
    ipv6 = Path(f"/proc/sys/net/ipv6/conf/{name}/disable_ipv6")
    if ipv6.exists():
        ipv6.write_text("1", encoding="ascii")
    resolver = Path("/etc/netns") / name / "resolv.conf"
    resolver.parent.mkdir(parents=True, exist_ok=True)
    resolver.write_text("nameserver 127.0.0.1\noptions timeout:1 attempts:1\n", encoding="ascii")
    outer = f"{name}o"
    steps = [
        ["netns", "add", name],
        ["-n", name, "link", "set", "lo", "up"],
        ["link", "add", outer, "type", "veth", "peer", "name", "eth0", "netns", name],
        ["link", "set", outer, "master", name, "up"],
        ["-n", name, "link", "set", "eth0", "up"],
    ]
    steps += [
        ["-n", name, "addr", "add", f"{address}/16", "dev", "eth0"]
        for address in (ground.address, *ground.servers)
    ]
    for step in steps:
        run(["ip", *step])


def clear(ground: Ground) -> None:
    """Remove everything of a bed but this process; twice is once."""
    name = ground.name
    for pid in run(["ip", "netns", "pids", name], check=False).stdout.split():
        if int(pid) != os.getpid():
            with suppress(ProcessLookupError):
                os.kill(int(pid), signal.SIGKILL)
    containers = docker("ps", "-aq", "--filter", f"label={LABEL}={name}", check=False).stdout.split()
    if containers:
        docker("rm", "-f", "-v", *containers, check=False)
    run(["ip", "-n", name, "link", "del", "eth0"], check=False)
    run(["ip", "netns", "del", name], check=False)
    run(["ip", "link", "del", f"{name}o"], check=False)
    docker("network", "rm", name, check=False)
    shutil.rmtree(Path("/etc/netns") / name, ignore_errors=True)
    shutil.rmtree(ground.folder, ignore_errors=True)
