"""One contender, once, against the truth."""

import os
import signal
import subprocess
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

from tests.benchmarks.ping.contenders import Contender, Work
from tests.rig.rig import Rig
from tests.rig.script import Script, spread
from tests.rig.truth import Truth, errors_ns

ROOT = Path(__file__).resolve().parents[3]
HELD_US = (200, 800)
"""fping prints an RTT below 1 ms to the microsecond, as it has it inside; above, it rounds more."""
TIMEOUT_S = 1.0
SLACK_S = 60.0
SLOWEST_PROBE_S = 0.001
SINGLE_INTERVAL_S = 0.001


class Overdue(Exception):
    """A contender did not end in time."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Case:
    """What is asked of all: so many targets, so many probes, this pace and load."""

    targets: int
    probes: int
    rate: int
    """Packets a second; 0 is as fast as it can."""
    load: str


@dataclass(frozen=True, kw_only=True, slots=True)
class Trial:
    """What one contender did, once. None where there is nothing to tell.

    An error is a contender's RTT minus the time that the wire's other end held the probe: `bias_us`
    is its median, `p99_error_us` the 99th percentile of its size. `lost_by_itself` counts probes
    that were answered in time and that the contender has no RTT for.
    """

    who: str
    case: Case
    targets: int
    probes: int
    sent: int
    cpu_us: float
    """User and system time of the whole process, by probe."""
    memory_mb: float
    elapsed_s: float
    bias_us: float | None
    p99_error_us: float | None
    worst_error_us: float | None
    lost_by_itself: int
    troubles: tuple[str, ...]
    said: dict[str, Any] = field(default_factory=dict)

    def to_dict(self) -> dict[str, Any]:
        """Return the JSON object."""
        return asdict(self)


def attempt(contender: Contender, case: Case, *, rig: Rig, usage: Path, directory: Path, seed: int) -> Trial:
    """Have a contender ping in the rig, and compare."""
    targets = min(case.targets, contender.most_targets)
    count = max(1, min(case.probes, contender.most_probes) // targets)
    interval_s = targets / case.rate if case.rate else 0.0
    if contender.single:
        interval_s = SINGLE_INTERVAL_S
    least, most = HELD_US
    script = Script.of(spread(seed, least_us=least, most_us=most), rows4=targets, count=count)
    work = Work(
        directory=directory,
        addresses=tuple(address.text for address in script.addresses()),
        count=count,
        interval_s=interval_s,
        timeout_s=TIMEOUT_S,
    )
    work.path("addresses").write_text("\n".join(work.addresses) + "\n", encoding="ascii")
    for name in ("positions", "words", "usage"):
        work.path(name).unlink(missing_ok=True)
    rig.load(script)
    with rig.inside():
        code = _run(contender.command(work), work, usage=usage)
    truth = rig.truth()
    used = [int(word) for word in work.path("usage").read_text(encoding="ascii").split()]
    user_us, system_us, memory_kib, elapsed_us, ended = used
    if code != 0 or ended not in (0, 1):  # fping ends with 1 where anything was lost
        stderr = work.path("stderr").read_text(encoding="utf-8", errors="replace")
        raise RuntimeError(f"{contender.name} ended with {ended}: {stderr[-2_000:]}")
    return _trial(
        contender,
        case,
        work,
        truth,
        cpu_us=(user_us + system_us) / work.probes,
        memory_mb=memory_kib / 1024,
        elapsed_s=elapsed_us / 1e6,
    )


def _trial(
    contender: Contender,
    case: Case,
    work: Work,
    truth: Truth,
    *,
    cpu_us: float,
    memory_mb: float,
    elapsed_s: float,
) -> Trial:
    rtts_us = contender.rtts_us(work)
    errors = sorted(errors_ns(truth, rtts_us))
    sizes = sorted(abs(error) for error in errors)
    timeout_ns = TIMEOUT_S * 1e9
    lost = sum(
        rtt_us < 0 and (held_ns := truth.held_ns(position)) is not None and held_ns <= timeout_ns
        for position, rtt_us in enumerate(rtts_us)
    )
    return Trial(
        who=contender.name,
        case=case,
        targets=len(work.addresses),
        probes=work.probes,
        sent=len(truth.arrivals),
        cpu_us=cpu_us,
        memory_mb=memory_mb,
        elapsed_s=elapsed_s,
        bias_us=errors[len(errors) // 2] / 1e3 if errors else None,
        p99_error_us=sizes[min(len(sizes) - 1, len(sizes) * 99 // 100)] / 1e3 if sizes else None,
        worst_error_us=sizes[-1] / 1e3 if sizes else None,
        lost_by_itself=lost,
        troubles=truth.troubles,
        said=contender.said(work),
    )


def _run(command: list[str], work: Work, *, usage: Path) -> int:
    """Run a command with its usage measured; whoever overruns is stopped with its children."""
    most_s = work.count * work.interval_s + work.probes * SLOWEST_PROBE_S + TIMEOUT_S + SLACK_S
    with work.path("stdout").open("wb") as stdout, work.path("stderr").open("wb") as stderr:
        process = subprocess.Popen(
            [usage, work.path("usage"), *command],
            cwd=ROOT,
            stdin=subprocess.DEVNULL,
            stdout=stdout,
            stderr=stderr,
            start_new_session=True,
        )
        try:
            return process.wait(most_s)
        except subprocess.TimeoutExpired:
            raise Overdue(f"{' '.join(command)} took more than {most_s:.0f} s") from None
        finally:
            if process.poll() is None:
                os.killpg(process.pid, signal.SIGKILL)
                process.wait()
