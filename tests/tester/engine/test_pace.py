"""When probes are due."""

from dataclasses import replace

from hypothesis import given
from hypothesis import strategies as st

from tester.engine.pace import MOST_BEHIND_NS, Pace, round_s
from wire.job import ProbePlan

SECOND = 1_000_000_000


def test_a_round_is_spread_over_its_interval() -> None:
    pace = Pace(base_ns=0, round_ns=SECOND, width=4)

    assert [pace.due_ns(probe) for probe in (0, 1, 4, 9)] == [0, SECOND // 4, SECOND, SECOND * 9 // 4]


def test_nothing_is_due_before_its_time() -> None:
    pace = Pace(base_ns=100, round_ns=SECOND, width=1)

    assert pace.due_count(first=0, now_ns=99, most=9) == 0
    assert pace.due_count(first=0, now_ns=100, most=9) == 1
    assert pace.due_count(first=1, now_ns=SECOND + 99, most=9) == 0


def test_what_became_due_goes_out_together() -> None:
    pace = Pace(base_ns=0, round_ns=SECOND, width=1_000)

    assert pace.due_count(first=0, now_ns=9_500_000, most=64) == 10
    assert pace.due_count(first=0, now_ns=9_500_000, most=4) == 4


def test_without_an_interval_all_is_due() -> None:
    assert Pace(base_ns=0, round_ns=0, width=5).due_count(first=3, now_ns=0, most=64) == 64


def test_all_targets_together_are_bounded() -> None:
    plan = ProbePlan(interval_s=0.2, rate_per_s=100)

    assert round_s(plan, targets=10) == 0.2
    assert round_s(plan, targets=50) == 0.5
    assert round_s(replace(plan, rate_per_s=None), targets=50_000) == 0.2


def test_who_slept_long_goes_on_and_does_not_catch_up() -> None:
    pace = Pace(base_ns=0, round_ns=SECOND, width=1_000)

    assert pace.due_count(first=10, now_ns=SECOND, most=64) == 1
    assert pace.due_ns(11) == SECOND + 1_000_000
    assert pace.behind_ns == SECOND - 10_000_000
    assert pace.planned_ns(11) == 11_000_000


@given(late_ns=st.integers(0, MOST_BEHIND_NS), first=st.integers(0, 10_000))
def test_a_little_behind_is_caught_up(late_ns: int, first: int) -> None:
    pace = Pace(base_ns=0, round_ns=SECOND, width=1_000)
    now_ns = pace.due_ns(first) + late_ns
    due = pace.due_count(first=first, now_ns=now_ns, most=10**9)

    assert pace.due_ns(first + due - 1) <= now_ns < pace.due_ns(first + due)
