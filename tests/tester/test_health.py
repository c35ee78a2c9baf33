"""What a run says of the machine that made it."""

from array import array
from collections.abc import Sequence
from typing import Any

import pytest

from tester.engine.engine import Address, Interrupt, Probed
from tester.health import CpuTime, conclude, cpu_time
from tester.stop import Stop
from wire.job import ProbePlan

GOOD: dict[str, Any] = {"trusted": True, "reason": None}


class Answering:
    """An engine whose every probe is answered after `rtt_us`."""

    def __init__(self, rtt_us: int = 50) -> None:
        self.rtt_us = rtt_us

    def describe(self) -> dict[str, Any]:
        return {"name": "answering"}

    def probe(self, addresses: Sequence[Address], plan: ProbePlan, *, stop: Interrupt) -> Probed:
        return Probed(positions=array("q", [self.rtt_us]) * (len(addresses) * plan.count))


def concluded(health: dict[str, Any], rtt_us: int = 50, **found: Any) -> dict[str, Any]:
    stop = Stop()
    try:
        probed = Probed(positions=array("q"), **found)
        return conclude(health, probed, before=None, engine=Answering(rtt_us), stop=stop)
    finally:
        stop.close()


def test_a_run_without_a_reason_is_trusted_and_has_both_calibrations() -> None:
    health = concluded(GOOD, dropped=0, unstamped=0)

    assert health["end"]["loopback_us"]["p50"] == 50
    assert (health["dropped"], health["unstamped"], health["cpu_steal_ratio"]) == (0, 0, None)


def test_packets_dropped_at_our_own_buffer_are_a_reason() -> None:
    health = concluded(GOOD, dropped=3)

    assert health["trusted"] is False
    assert health["reason"] == "3 packets found no room in the tester's own receive buffer"


def test_a_machine_that_turned_slow_during_the_run_is_not_trusted() -> None:
    health = concluded(GOOD, rtt_us=9_000)

    assert health["reason"] == "after the run, the loopback RTT is 9.0 ms, 5 ms is the limit"


def test_the_first_reason_stands() -> None:
    assert concluded({"trusted": False, "reason": "first"}, dropped=3)["reason"] == "first"


def test_a_stop_leaves_no_time_for_a_second_look() -> None:
    stop = Stop()
    stop.request()
    health = conclude(GOOD, Probed(positions=array("q")), before=cpu_time(), engine=Answering(), stop=stop)
    stop.close()

    assert health["end"] is None


def test_stolen_time_is_a_share_of_all() -> None:
    now = cpu_time()
    if now is None:
        pytest.skip("this system does not say what its processors do")
    stop = Stop()
    # As if all that this machine ever spent was spent in the run.
    health = conclude(
        GOOD,
        Probed(positions=array("q")),
        before=CpuTime(total=0, stolen=-10 * now.total),
        engine=Answering(),
        stop=stop,
    )
    stop.close()

    assert health["cpu_steal_ratio"] >= 10
    assert health["trusted"] is False
