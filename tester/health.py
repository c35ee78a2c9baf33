"""The tester's own figures, taken before and after each run: they say whether it can be trusted."""

import os
import sys
import time
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from tester import VERSION
from tester.engine.engine import Address, Engine, Interrupt, Probed
from tester.engine.stamp_delay import stamp_delays_ns
from wire.job import ProbePlan

LOOPBACK_PLAN = ProbePlan(count=20, interval_s=0.004, timeout_s=0.2)
TIMER_SLEEPS, TIMER_SLEEP_S = 20, 0.001
WORST_LOOPBACK_US = 5_000
WORST_TIMER_US = 20_000
WORST_BEHIND_S = 0.5
"""Who fell behind by more was kept from listening too: answers look slow or late that were not."""
WORST_STEAL_RATIO = 0.2
STAMPED_PACKETS = 100
_CPU_FIGURES = Path("/proc/stat")
_STEAL, _GUEST = 7, 8


@dataclass(frozen=True, kw_only=True, slots=True)
class CpuTime:
    """What all processors of this machine have spent since it began, in ticks."""

    total: int
    stolen: int


def examine(engine: Engine | None, *, stop: Interrupt) -> dict[str, Any]:
    """Return what this machine is and how well it keeps time, in under a second; None pings nobody.

    `loopback_us` are the best and the middle RTT to 127.0.0.1, `timer_error_us` how much longer
    than asked a sleep of 1 ms took, the middle and the worst of 20, and `stamp_delay_us` how much
    later than the kernel we see a packet, the middle and the 99th of 100.
    """
    figures = _calibrate(engine, stop=stop)
    reason = _reason_against(figures)
    described = {} if engine is None else engine.describe()
    return {
        "tester_version": VERSION,
        "python": ".".join(str(part) for part in sys.version_info[:3]),
        "kernel": os.uname().release,
        "engine": described.get("name"),
        "engine_version": described.get("version"),
        "socket": described.get("socket"),
        "receive_buffer_bytes": described.get("receive_buffer_bytes"),
        **figures,
        "clock_offset_us": None,
        "clock_offset_error_us": None,
        "trusted": reason is None,
        "reason": reason,
    }


def conclude(
    health: dict[str, Any], probed: Probed, *, before: CpuTime | None, engine: Engine | None, stop: Interrupt
) -> dict[str, Any]:
    """Return the health with what the run itself and a second look have added.

    `end` holds the figures of `examine` again, None where a stop left no time for them.
    `cpu_steal_ratio` is the share of the processors that the machine's host gave to others. The first
    reason against the run stands.
    """
    steal_ratio = _steal_ratio(before, cpu_time())
    end = None if stop.requested else _calibrate(engine, stop=stop)
    reasons = [health["reason"], _reason_against_run(probed, steal_ratio)]
    if end is not None:
        reason = _reason_against(end)
        reasons.append(None if reason is None else f"after the run, {reason}")
    reason = next((each for each in reasons if each is not None), None)
    return health | {
        "behind_us": probed.behind_us,
        "dropped": probed.dropped,
        "unstamped": probed.unstamped,
        "cpu_steal_ratio": steal_ratio,
        "end": end,
        "trusted": reason is None,
        "reason": reason,
    }


def cpu_time() -> CpuTime | None:
    """Return what the processors have spent, None where the system does not say."""
    try:
        words = _CPU_FIGURES.read_text(encoding="ascii").partition("\n")[0].split()[1:]
        # Guests' time is part of the user's already.
        ticks = [int(word) for word in words[:_GUEST]]
    except (OSError, ValueError):
        return None
    return CpuTime(total=sum(ticks), stolen=ticks[_STEAL]) if len(ticks) > _STEAL else None


def _steal_ratio(before: CpuTime | None, after: CpuTime | None) -> float | None:
    if before is None or after is None or after.total <= before.total:
        return None
    return round((after.stolen - before.stolen) / (after.total - before.total), 4)


def _calibrate(engine: Engine | None, *, stop: Interrupt) -> dict[str, Any]:
    return {
        "loopback_us": _loopback(engine, stop=stop),
        "timer_error_us": _timer_error(),
        "stamp_delay_us": _stamp_delay(),
    }


def _stamp_delay() -> dict[str, int] | None:
    delays = sorted(stamp_delays_ns(STAMPED_PACKETS))
    if not delays:
        return None
    middle, high = delays[(len(delays) - 1) // 2], delays[(len(delays) * 99 - 1) // 100]
    return {"p50": middle // 1_000, "p99": high // 1_000}


def _loopback(engine: Engine | None, *, stop: Interrupt) -> dict[str, int | None]:
    if engine is None:
        return {"min": None, "p50": None, "answered": 0}
    address = Address(text="127.0.0.1", family=4)
    probed = engine.probe([address], LOOPBACK_PLAN, stop=stop)
    answers = sorted(position for position in probed.positions if position >= 0)
    if not answers:
        return {"min": None, "p50": None, "answered": 0}
    return {"min": answers[0], "p50": answers[(len(answers) - 1) // 2], "answered": len(answers)}


def _timer_error() -> dict[str, int]:
    errors: list[int] = []
    for _ in range(TIMER_SLEEPS):
        before = time.monotonic_ns()
        time.sleep(TIMER_SLEEP_S)
        errors.append((time.monotonic_ns() - before) // 1_000 - round(TIMER_SLEEP_S * 1e6))
    errors.sort()
    return {"p50": errors[(len(errors) - 1) // 2], "max": errors[-1]}


def _reason_against_run(probed: Probed, steal_ratio: float | None) -> str | None:
    behind_s = probed.behind_us / 1e6
    if behind_s > WORST_BEHIND_S:
        return f"the sending fell {behind_s:.1f} s behind its plan"
    if probed.dropped:
        return f"{probed.dropped} packets found no room in the tester's own receive buffer"
    if steal_ratio is not None and steal_ratio > WORST_STEAL_RATIO:
        return f"{steal_ratio:.0%} of this machine's CPU was given to others"
    return None


def _reason_against(figures: dict[str, Any]) -> str | None:
    loopback, timer = figures["loopback_us"], figures["timer_error_us"]
    # Silence of 127.0.0.1 is no verdict: a hardened machine that ignores echo requests can ping others.
    middle_us = loopback["p50"]
    if middle_us is not None and middle_us > WORST_LOOPBACK_US:
        return f"the loopback RTT is {middle_us / 1000:.1f} ms, {WORST_LOOPBACK_US / 1000:g} ms is the limit"
    if timer["p50"] > WORST_TIMER_US:
        return f"a sleep of 1 ms takes {timer['p50'] / 1000:.1f} ms longer"
    return None
