"""Ten regions by `up` against ten bare `docker-machine create` with the same parallelism, in turn.

The bare ones go on as `up` does: each host builds the tester's image once its engine answers. All
hosts of a bed share this machine's cores, so that the builds of the first slow the last one's create.

It needs a bed: docs/cloud-bed.md says what that is and what this machine must have.
"""

import json
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from tests.benchmarks.figures import Line
from tests.end_to_end.bed.bed import Bed
from tests.end_to_end.bed.lacking import Lacking

REGIONS = (
    "us-east-1", "us-east-2", "us-west-1", "us-west-2", "ca-central-1",
    "eu-west-1", "eu-west-2", "eu-central-1", "ap-northeast-1", "ap-southeast-2",
)  # fmt: skip
AT_ONCE = 10
ROUNDS = 2
"""Each round is ten bare creates and one `up`; who goes first changes."""

PATIENCE_S = 900.0
MEASURER = """
import json, resource, sys, threading, time
from orchestrator.__main__ import main
begun = time.time()
code = main(sys.argv[1:])
own = resource.getrusage(resource.RUSAGE_SELF)
print(json.dumps({"begun": begun, "cpu_s": own.ru_utime + own.ru_stime, "most_kib": own.ru_maxrss}))
sys.exit(code)
"""
"""Runs `orchestrate` and prints, last, what that very process took: not what it started."""

FLEET = """
version: 1
name: bench
defaults: {probe: {count: 1, interval: 10ms, timeout: 200ms, ip: "4"}}
testers: [{name: t, driver: amazonec2, regions: [REGIONS]}]
servers: [{name: near, host: SERVER}]
run: once
image: {args: {BASE: "base:bookworm"}}
"""


@dataclass(frozen=True, kw_only=True, slots=True)
class Up:
    """What one `up` took: seconds to the last ready host and in all, CPU and memory of its process."""

    ready_s: float
    whole_s: float
    cpu_s: float
    most_mib: float


def measure() -> list[Line]:
    """Return the figures of one bed."""
    try:
        bed = Bed.up()
    except Lacking as lacking:
        sys.exit(f"part fleet: {lacking}")
    try:
        with tempfile.TemporaryDirectory() as folder:
            return _measure(bed, Path(folder))
    finally:
        bed.down()


def _measure(bed: Bed, folder: Path) -> list[Line]:
    bare: list[float] = []
    ups: list[Up] = []
    again: list[Up] = []
    context = folder / "context"
    subprocess.run(
        [sys.executable, "-m", "orchestrator.places.images.context", str(context)],
        check=True,
        stdout=subprocess.DEVNULL,
    )
    for number in range(ROUNDS):
        for who in ("bare", "up") if number % 2 == 0 else ("up", "bare"):
            home = folder / f"{number}-{who}"
            home.mkdir()
            if who == "bare":
                bare.append(_bare(bed, home, context=context))
            else:
                first, second = _up_twice(bed, home)
                ups.append(first)
                again.append(second)
            bed.empty()
    hosts = len(REGIONS)
    bare_s = statistics.median(bare)
    ready_s = statistics.median(up.ready_s for up in ups)
    cpu_s = max(up.cpu_s for up in ups) / hosts
    most_mib = max(up.most_mib for up in ups)
    no_op_s = statistics.median(up.whole_s for up in again)
    creates = f"{hosts} bare creates and builds"
    return [
        Line(
            name=f"{hosts} regions to engines that answer",
            unit="s",
            ours=ready_s,
            peer_name=creates,
            peer=bare_s,
            limit=1.15 * bare_s,
        ),
        Line(
            name="orchestrator CPU per host", unit="s", ours=cpu_s, peer_name=creates, peer=bare_s, limit=1.0
        ),
        Line(
            name="orchestrator memory",
            unit="MiB",
            ours=most_mib,
            peer_name="the limit",
            peer=150.0,
            limit=150.0,
        ),
        Line(
            name=f"no-op up of {hosts} hosts",
            unit="s",
            ours=no_op_s,
            peer_name=creates,
            peer=bare_s,
            limit=2.0,
        ),
    ]


def _bare(bed: Bed, home: Path, *, context: Path) -> float:
    """Create the hosts as a person would with a loop, and let each build the image.

    Return the seconds until the last create has ended. The certificates are made before, alone.
    """
    extra = {"MACHINE_STORAGE_PATH": str(home / "store"), "MACHINE_BUGSNAG_API_TOKEN": "no-report"}
    _machine(bed, extra, "create", "-d", "none", "--url", "tcp://127.0.0.1:1", "first")
    _machine(bed, extra, "rm", "-y", "first")
    begun = time.monotonic()

    def create(region: str) -> float:
        name = f"bare-{region}"
        _machine(bed, extra, "create", "-d", "amazonec2", "--amazonec2-region", region, name)
        took_s = time.monotonic() - begun
        config = _machine(bed, extra, "config", name).replace('"', "").split()
        base = ("build", "-q", "--build-arg", "BASE=base:bookworm", str(context))
        built = bed.run("docker", *config, *base, extra={"DOCKER_BUILDKIT": "0"}, timeout_s=PATIENCE_S)
        if built.returncode != 0:
            sys.exit(f"docker build on {name}: {built.stdout}{built.stderr}")
        return took_s

    with ThreadPoolExecutor(AT_ONCE) as pool:
        took_s = max(pool.map(create, REGIONS))
    with ThreadPoolExecutor(AT_ONCE) as pool:
        list(pool.map(lambda region: _machine(bed, extra, "rm", "-y", f"bare-{region}"), REGIONS))
    return took_s


def _machine(bed: Bed, extra: Mapping[str, str], *arguments: str) -> str:
    done = bed.run("docker-machine", *arguments, extra=extra, timeout_s=PATIENCE_S)
    if done.returncode != 0:
        sys.exit(f"docker-machine {' '.join(arguments)}: {done.stdout}{done.stderr}")
    return done.stdout


def _up_twice(bed: Bed, home: Path) -> tuple[Up, Up]:
    """Bring ten regions up, and once more with nothing to do; then remove them."""
    text = FLEET.replace("REGIONS", ", ".join(REGIONS)).replace("SERVER", bed.servers[0])
    (home / "fleet.yaml").write_text(text, encoding="utf-8")
    first, second = _orchestrate(bed, home, "up"), _orchestrate(bed, home, "up")
    _orchestrate(bed, home, "down")
    return first, second


def _orchestrate(bed: Bed, home: Path, command: str) -> Up:
    begun = time.time()
    done = subprocess.run(
        [*bed.prefix, sys.executable, "-c", MEASURER, command, "--progress", "json"],
        cwd=home,
        env=bed.environment() | {"ORCHESTRATE_STATE_DIR": str(home / "state"), "PYTHONPATH": str(Path.cwd())},
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        timeout=PATIENCE_S,
        check=False,
    )
    if done.returncode != 0:
        sys.exit(f"orchestrate {command}: {done.stdout[-4000:]}{done.stderr[-4000:]}")
    *events, last = (json.loads(line) for line in done.stdout.splitlines())
    ready = [
        datetime.fromisoformat(event["time"]).timestamp()
        for event in events
        if event["event"] == "host.moved" and event["state"] == "ready"
    ]
    ended = datetime.fromisoformat(events[-1]["time"]).timestamp()
    return Up(
        ready_s=max(ready, default=begun) - begun,
        whole_s=ended - begun,
        cpu_s=last["cpu_s"],
        most_mib=last["most_kib"] / 1_024,
    )
