"""Who pings: how each is started, and how its RTTs are read."""

import re
import sys
from array import array
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

NONE = -1.0
"""Where a probe has no RTT."""
POWERLESS = ("setpriv", "--securebits=+noroot", "--bounding-set=-all", "--inh-caps=-all")
"""Runs a command without any capability."""

_PING_LINE = re.compile(r"icmp_seq=(\d+) .*time=([0-9.]+) ms")


@dataclass(frozen=True, kw_only=True, slots=True)
class Work:
    """What is to be pinged, and the files that one trial has to itself."""

    directory: Path
    addresses: tuple[str, ...]
    count: int
    interval_s: float
    """From round to round; 0 is as fast as it can."""
    timeout_s: float

    def path(self, name: str) -> Path:
        """Return one of the files."""
        return self.directory / name

    @property
    def probes(self) -> int:
        """How many probes there are."""
        return len(self.addresses) * self.count


@dataclass(frozen=True, kw_only=True, slots=True)
class Contender:
    """A program that pings.

    `rtts_us` returns one RTT for each position (`row * count + nth`), `NONE` where there is none.
    A contender that cannot carry more than `most_targets` or `most_probes` is given fewer. Who
    cannot go as fast as it can is measured paced only.
    """

    name: str
    command: Callable[[Work], list[str]]
    rtts_us: Callable[[Work], list[float]]
    most_targets: int = 1_000_000
    most_probes: int = 100_000_000
    paced_only: bool = False
    single: bool = False
    """It pings one address, whatever is asked for."""


def tester(name: str, *, engine: str, sockets: str, prefix: tuple[str, ...]) -> Contender:
    """Return an engine of ours."""

    def command(work: Work) -> list[str]:
        plan = [str(work.count), repr(work.interval_s), repr(work.timeout_s)]
        positions = str(work.path("positions"))
        module = [sys.executable, "-m", "tests.benchmarks.ping.ours"]
        return [*prefix, *module, engine, sockets, str(work.path("addresses")), *plan, positions]

    return Contender(
        name=name,
        command=command,
        rtts_us=lambda work: positions_us(work.path("positions").read_bytes()),
    )


def fping() -> Contender:
    """Return fping; it has 65,536 sequence numbers for all that it sends in ten seconds."""

    def command(work: Work) -> list[str]:
        between_ms = work.interval_s * 1e3 / len(work.addresses)
        words = ["fping", "-q", "-C", str(work.count), "-t", f"{work.timeout_s * 1e3:g}", "-r", "0"]
        pace = ["-i", f"{between_ms:g}", "-p", f"{work.interval_s * 1e3:g}"]
        return [*words, *pace, "-f", str(work.path("addresses"))]

    return Contender(
        name="fping",
        command=command,
        rtts_us=lambda work: fping_us(work.path("stderr").read_text(encoding="utf-8"), work),
        most_probes=60_000,
    )


def ping() -> Contender:
    """Return the ping of iputils."""

    def command(work: Work) -> list[str]:
        pace = ["-i", f"{work.interval_s:g}", "-W", f"{work.timeout_s:g}"]
        return ["ping", "-n", "-c", str(work.count), *pace, work.addresses[0]]

    return Contender(
        name="ping",
        command=command,
        rtts_us=lambda work: ping_us(work.path("stdout").read_text(encoding="utf-8"), work),
        most_targets=1,
        most_probes=2_000,
        paced_only=True,
        single=True,
    )


def icmplib() -> Contender:
    """Return icmplib's multiping: a socket for each address, so more than 1,000 is no use."""

    def command(work: Work) -> list[str]:
        plan = [str(work.count), repr(work.interval_s), repr(work.timeout_s)]
        return [sys.executable, "-m", "tests.benchmarks.ping.theirs", str(work.path("addresses")), *plan]

    return Contender(
        name="icmplib",
        command=command,
        rtts_us=lambda work: icmplib_us(work.path("stdout").read_text(encoding="utf-8"), work),
        most_targets=1_000,
        most_probes=4_000,
    )


def positions_us(data: bytes) -> list[float]:
    """Return the RTTs in an engine's positions."""
    positions = array("q")
    positions.frombytes(data)
    return [float(value) if value >= 0 else NONE for value in positions]


def fping_us(text: str, work: Work) -> list[float]:
    """Return the RTTs in what fping -C prints: `198.18.0.1 : 0.512 - 0.498`, in ms."""
    rows = {address: row for row, address in enumerate(work.addresses)}
    found = [NONE] * work.probes
    for line in text.splitlines():
        address, colon, values = line.partition(" : ")
        row = rows.get(address.strip())
        if not colon or row is None:
            continue
        for nth, value in enumerate(values.split()):
            if value != "-":
                found[row * work.count + nth] = float(value) * 1e3
    return found


def ping_us(text: str, work: Work) -> list[float]:
    """Return the RTTs in what ping prints for one address; its first sequence number is 1."""
    found = [NONE] * work.probes
    for match in _PING_LINE.finditer(text):
        found[int(match[1]) - 1] = float(match[2]) * 1e3
    return found


def icmplib_us(text: str, work: Work) -> list[float]:
    """Return the RTTs of icmplib, which does not say which probes had none: such rows are left out."""
    found: list[float] = []
    for line in text.splitlines():
        values = [float(value) * 1e3 for value in line.split()[1:]]
        found += values if len(values) == work.count else [NONE] * work.count
    return found
