"""One contender, once: in the rig against the truth, or on loopback for what it costs."""

from dataclasses import dataclass
from pathlib import Path

from tests.benchmarks.ping.contenders import Contender, Work
from tests.benchmarks.ping.running import Usage, run
from tests.rig.rig import Rig
from tests.rig.script import Script, spread
from tests.rig.truth import errors_ns

HELD_US = (200, 800)
"""fping prints an RTT below 1 ms to the microsecond, as it has it inside; above, it rounds more."""
TIMEOUT_S = 1.0
SINGLE_INTERVAL_S = 0.001
PER_BYTE = 250


@dataclass(frozen=True, kw_only=True, slots=True)
class Case:
    """What is asked of all: so many targets, so many probes in all, this pace and load."""

    targets: int
    probes: int
    rate: int
    """Packets a second; 0 is as fast as it can."""
    hogs: int = 0
    """Processes that want a CPU all the time."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Accuracy:
    """How far RTTs are off: a contender's minus the time that the wire's other end held the probe.

    In µs: `bias_us` is the median, the others are of the error's size.
    """

    bias_us: float
    p99_error_us: float
    worst_error_us: float


@dataclass(frozen=True, kw_only=True, slots=True)
class Trial:
    """What one contender did, once.

    `cpu_us` is user and system time of the whole process by probe, `memory_mb` its peak.
    `lost_by_itself` counts probes that were answered in time and that it has no RTT for.
    `troubles` say why the truth is incomplete: nobody is judged by it then.
    """

    who: str
    targets: int
    probes: int
    cpu_us: float
    memory_mb: float
    elapsed_s: float
    lost_by_itself: int
    accuracy: Accuracy | None = None
    troubles: tuple[str, ...] = ()


def in_rig(contender: Contender, case: Case, *, rig: Rig, usage: Path, directory: Path, seed: int) -> Trial:
    """Have a contender ping in the rig, and compare."""
    targets, count, interval_s = _share(contender, case)
    least, most = HELD_US
    script = Script.of(spread(seed, least_us=least, most_us=most), rows4=targets, count=count)
    work = _work(directory, [address.text for address in script.addresses()], count, interval_s)
    rig.load(script)
    with rig.inside():
        used = run(contender, work, usage=usage)
    truth = rig.truth()
    rtts_us = contender.rtts_us(work)
    errors = sorted(errors_ns(truth, rtts_us))
    sizes = sorted(abs(error) for error in errors)
    lost = sum(
        rtt_us < 0 and (held_ns := truth.held_ns(position)) is not None and held_ns <= TIMEOUT_S * 1e9
        for position, rtt_us in enumerate(rtts_us)
    )
    accuracy = None
    if errors:
        accuracy = Accuracy(
            bias_us=errors[len(errors) // 2] / 1e3,
            p99_error_us=sizes[min(len(sizes) - 1, len(sizes) * 99 // 100)] / 1e3,
            worst_error_us=sizes[-1] / 1e3,
        )
    return _trial(contender, work, used, lost=lost, accuracy=accuracy, troubles=truth.troubles)


def on_loopback(contender: Contender, case: Case, *, usage: Path, directory: Path) -> Trial:
    """Have a contender ping addresses of this machine, every one of which answers."""
    targets, count, interval_s = _share(contender, case)
    work = _work(directory, loopback_addresses(targets), count, interval_s)
    used = run(contender, work, usage=usage)
    lost = sum(rtt_us < 0 for rtt_us in contender.rtts_us(work))
    return _trial(contender, work, used, lost=lost)


def loopback_addresses(count: int) -> list[str]:
    """Return addresses of 127.0.0.0/8, none of which ends in 0 or 255."""
    return [
        f"127.{1 + number // PER_BYTE**2}.{number // PER_BYTE % PER_BYTE}.{1 + number % PER_BYTE}"
        for number in range(count)
    ]


def _share(contender: Contender, case: Case) -> tuple[int, int, float]:
    """Return what a contender is given of a case: targets, probes for each, s from round to round."""
    targets = min(case.targets, contender.most_targets)
    count = max(1, min(case.probes, contender.most_probes) // targets)
    if contender.single:
        return targets, count, SINGLE_INTERVAL_S
    return targets, count, targets / case.rate if case.rate else 0.0


def _work(directory: Path, addresses: list[str], count: int, interval_s: float) -> Work:
    return Work(
        directory=directory,
        addresses=tuple(addresses),
        count=count,
        interval_s=interval_s,
        timeout_s=TIMEOUT_S,
    )


def _trial(
    contender: Contender,
    work: Work,
    used: Usage,
    *,
    lost: int,
    accuracy: Accuracy | None = None,
    troubles: tuple[str, ...] = (),
) -> Trial:
    return Trial(
        who=contender.name,
        targets=len(work.addresses),
        probes=work.probes,
        cpu_us=used.cpu_us / work.probes,
        memory_mb=used.memory_mb,
        elapsed_s=used.elapsed_s,
        lost_by_itself=lost,
        accuracy=accuracy,
        troubles=troubles,
    )
