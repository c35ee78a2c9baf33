"""The tester's own figures, taken before each run: they say whether it can be trusted."""

import os
import sys
import time
from typing import Any

from tester import VERSION
from tester.engine.engine import Address, Engine, Interrupt
from wire.job import ProbePlan

LOOPBACK_PLAN = ProbePlan(count=20, interval_s=0.01, timeout_s=0.2)
TIMER_SLEEPS, TIMER_SLEEP_S = 20, 0.001
WORST_LOOPBACK_US = 5_000
WORST_TIMER_US = 20_000


def examine(engine: Engine, *, stop: Interrupt) -> dict[str, Any]:
    """Return what this machine is and how well it keeps time, in under a second.

    `loopback_us` are the best and the middle RTT to 127.0.0.1, `timer_error_us` how much longer
    than asked a sleep of 1 ms took, the middle and the worst of 20.
    """
    loopback = _loopback(engine, stop=stop)
    timer = _timer_error()
    reason = _reason_against(loopback, timer)
    described = engine.describe()
    return {
        "tester_version": VERSION,
        "python": ".".join(str(part) for part in sys.version_info[:3]),
        "kernel": os.uname().release,
        "engine": described.get("name"),
        "engine_version": described.get("version"),
        "socket": described.get("socket"),
        "receive_buffer_bytes": described.get("receive_buffer_bytes"),
        "loopback_us": loopback,
        "timer_error_us": timer,
        "clock_offset_us": None,
        "clock_offset_error_us": None,
        "trusted": reason is None,
        "reason": reason,
    }


def _loopback(engine: Engine, *, stop: Interrupt) -> dict[str, int | None]:
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


def _reason_against(loopback: dict[str, int | None], timer: dict[str, int]) -> str | None:
    # Silence of 127.0.0.1 is no verdict: a hardened machine that ignores echo requests can ping others.
    middle_us = loopback["p50"]
    if middle_us is not None and middle_us > WORST_LOOPBACK_US:
        return f"the loopback RTT is {middle_us / 1000:.1f} ms, {WORST_LOOPBACK_US / 1000:g} ms is the limit"
    if timer["p50"] > WORST_TIMER_US:
        return f"a sleep of 1 ms takes {timer['p50'] / 1000:.1f} ms longer"
    return None
