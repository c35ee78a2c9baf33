"""Figures from positions, against a naive reference."""

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tester.summary import LEAST_FOR, Quantile, ipdv_us, quantile, state_of, summarise, wilson

positions = st.lists(st.one_of(st.integers(0, 10**6), st.sampled_from([-1, -2, -3])), max_size=400)


@given(positions)
def test_quantiles_are_those_of_a_list_in_which_silence_is_infinite(found: list[int]) -> None:
    series = sorted(math.inf if position < 0 else position for position in found if position != -3)
    summary = summarise(found)

    assert summary.n == len(series)
    figures = ((summary.p50, 50, 6), (summary.p95, 95, 59), (summary.p99, 99, 299))
    for quantile_, percent, least in figures:
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


@given(positions)
def test_the_delay_variation_is_the_95th_percentile_less_the_minimum(found: list[int]) -> None:
    summary = summarise(found)

    if summary.p95.us is None or summary.min_us is None:
        assert summary.pdv == summary.p95
    else:
        assert summary.pdv == Quantile(us=summary.p95.us - summary.min_us, note=None)


@given(positions)
def test_the_variation_between_packets_is_of_answers_in_a_row(found: list[int]) -> None:
    differences = []
    for number in range(1, len(found)):
        if found[number] >= 0 and found[number - 1] >= 0:
            differences.append(abs(found[number] - found[number - 1]))
    expected = round(sum(differences) / len(differences)) if differences else None

    assert summarise(found).ipdv_us == expected


def test_answers_with_a_loss_between_them_are_no_pair() -> None:
    assert ipdv_us([100, -1, 900]) is None
    assert ipdv_us([100, 300, -1, 900, 800]) == 150


@pytest.mark.parametrize(("share", "least"), list(LEAST_FOR.items()))
def test_below_the_limit_no_two_probes_enclose_a_quantile_with_95_percent(share: float, least: int) -> None:
    def covered(n: int) -> float:
        """Return how surely the smallest and the largest of n enclose the quantile (order statistics)."""
        return 1 - share**n - (1 - share) ** n

    assert covered(least) >= 0.95
    assert covered(least - 1) < 0.95
