"""Figures from positions, against a naive reference."""

import math

from hypothesis import given
from hypothesis import strategies as st

from tester.summary import Quantile, quantile, state_of, summarise, wilson

positions = st.lists(st.one_of(st.integers(0, 10**6), st.sampled_from([-1, -2, -3])), max_size=200)


@given(positions)
def test_quantiles_are_those_of_a_list_in_which_silence_is_infinite(found: list[int]) -> None:
    series = sorted(math.inf if position < 0 else position for position in found if position != -3)
    summary = summarise(found)

    assert summary.n == len(series)
    for quantile_, percent, least in ((summary.p50, 50, 6), (summary.p95, 95, 59)):
        if len(series) < least:
            assert quantile_ == Quantile(us=None, note="n/a")
            continue
        # The smallest value that at least this share of the probes does not exceed.
        value = next(v for v in series if sum(other <= v for other in series) * 100 >= percent * len(series))
        expected = Quantile(us=None, note="lost") if value == math.inf else Quantile(us=int(value), note=None)
        assert quantile_ == expected


@given(positions)
def test_answered_and_unanswered_add_up(found: list[int]) -> None:
    summary = summarise(found)

    if summary.n == 0:
        assert (summary.state, summary.loss_ratio, summary.loss_low) == ("not_run", None, None)
        return
    assert summary.loss_ratio == (summary.n - summary.answered) / summary.n
    assert summary.loss_low is not None
    assert summary.loss_high is not None
    assert 0 <= summary.loss_low <= summary.loss_ratio <= summary.loss_high <= 1
    assert summary.min_us == min((position for position in found if position >= 0), default=None)


@given(st.integers(1, 2000).flatmap(lambda n: st.tuples(st.integers(0, n), st.just(n))))
def test_the_wilson_bounds_solve_its_equation(case: tuple[int, int]) -> None:
    lost, n = case
    for bound in wilson(lost, n):
        distance = abs(lost / n - bound)
        assert math.isclose(distance, 1.959964 * math.sqrt(bound * (1 - bound) / n), abs_tol=1e-6)


def test_none_of_400_lost_is_at_most_0_95_percent() -> None:
    assert round(wilson(0, 400)[1] * 100, 2) == 0.95


def test_states_have_the_names_of_the_design() -> None:
    assert state_of([5, 6]) == "ok"
    assert state_of([5, -1]) == "lossy"
    assert state_of([5, -2]) == "lossy"
    assert state_of([-1, -1]) == "lost"
    assert state_of([-1, -2]) == "late_only"
    assert state_of([-3, -3]) == "not_run"
    assert state_of([5, -3]) == "ok"
    assert state_of([], resolved=False) == "dns_failed"


def test_a_percentile_of_too_few_probes_is_no_number() -> None:
    assert quantile([1] * 5, 0.5, n=5).note == "n/a"
    assert quantile([1] * 6, 0.5, n=6).us == 1
    assert quantile([1] * 58, 0.95, n=58).note == "n/a"
    assert quantile([1] * 59, 0.95, n=59).us == 1
