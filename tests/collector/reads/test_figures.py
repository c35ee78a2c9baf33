import math
from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from collector.history.figures import (
    LOST_FIGURE,
    NO_FIGURE,
    CellState,
    Figure,
    Rows,
    pool,
    state_of,
    wilson,
)
from wire.report import LATE, LOST, MAX_RTT_US, NOT_SENT

POSITIONS = st.lists(
    st.one_of(st.sampled_from([LOST, LATE, NOT_SENT]), st.integers(0, MAX_RTT_US)), max_size=80
)
ROWS = st.lists(st.tuples(st.integers(0, 3), POSITIONS), max_size=12)


def figures_of(*rows: tuple[int, list[int]], groups: int = 4) -> list[Figure]:
    found = pool(
        Rows(
            probes=[np.array(positions, dtype="<i4").tobytes() for _, positions in rows],
            late_known=np.ones(len(rows), dtype=np.bool_),
        ),
        group=np.array([group for group, _ in rows], dtype=np.int64),
        groups=groups,
    )
    return [found.one(group) for group in range(groups)]


def figure_of(positions: list[int]) -> Figure:
    return figures_of((0, positions), groups=1)[0]


def naive_percentile(sent: list[float], *, percent: int, least: int) -> int:
    if len(sent) < least:
        return NO_FIGURE
    value = sorted(sent)[math.ceil(len(sent) * percent / 100) - 1]
    return LOST_FIGURE if value == math.inf else int(value)


@given(ROWS)
def test_pooled_figures_are_those_of_a_naive_count(rows: list[tuple[int, list[int]]]) -> None:
    found = figures_of(*rows)

    for group, figure in enumerate(found):
        pooled = [value for owner, positions in rows if owner == group for value in positions]
        sent = [math.inf if value < 0 else float(value) for value in pooled if value != NOT_SENT]
        answers = [value for value in pooled if value >= 0]
        steps = [
            abs(after - before)
            for owner, positions in rows
            if owner == group
            for before, after in pairwise(positions)
            if before >= 0 and after >= 0
        ]
        p50 = naive_percentile(sent, percent=50, least=6)
        p95 = naive_percentile(sent, percent=95, least=59)
        assert figure.planned == len(pooled)
        assert figure.n == len(sent)
        assert figure.answered == len(answers)
        assert figure.late == pooled.count(LATE)
        assert figure.min_us == (min(answers) if answers else None)
        assert figure.max_us == (max(answers) if answers else None)
        assert figure.p50_us == (p50 if p50 >= 0 else None)
        assert figure.p50_note == {LOST_FIGURE: "lost", NO_FIGURE: "n/a"}.get(p50)
        assert figure.p95_us == (p95 if p95 >= 0 else None)
        assert figure.p95_note == {LOST_FIGURE: "lost", NO_FIGURE: "n/a"}.get(p95)
        assert figure.loss_ratio == ((len(sent) - len(answers)) / len(sent) if sent else None)
        if steps:
            assert figure.ipdv_us == pytest.approx(sum(steps) / len(steps), abs=0.51)
        else:
            assert figure.ipdv_us is None


@given(ROWS, st.randoms())
def test_the_order_of_rows_changes_no_figure(rows: list[tuple[int, list[int]]], random: object) -> None:
    shuffled = list(rows)
    random.shuffle(shuffled)  # type: ignore[attr-defined]  # Hypothesis types its Random as an object

    assert figures_of(*shuffled) == figures_of(*rows)


@given(st.integers(1, 5_000).flatmap(lambda n: st.tuples(st.integers(0, n), st.just(n))))
def test_the_wilson_interval_solves_its_equation_and_holds_the_ratio(counts: tuple[int, int]) -> None:
    lost, n = counts
    low, high = wilson(np.array([lost]), np.array([n]))

    assert 0.0 <= low[0] <= lost / n <= high[0] <= 1.0
    for bound in (low[0], high[0]):
        # Both bounds are the shares that lie 1.96 standard errors of their own from what was seen.
        away = (lost / n - bound) ** 2
        assert away == pytest.approx(3.841458820694124 * bound * (1.0 - bound) / n, rel=1e-6, abs=1e-12)


def test_the_wilson_interval_of_0_in_400_is_the_published_one() -> None:
    low, high = wilson(np.array([0]), np.array([400]))

    assert low[0] == 0.0
    assert high[0] == pytest.approx(0.0095, abs=0.0001)


def test_nothing_sent_has_no_loss() -> None:
    figure = figure_of([NOT_SENT] * 10)

    assert (figure.planned, figure.n) == (10, 0)
    assert figure.loss_ratio is figure.loss_low is figure.loss_high is None
    assert figure.p50_note == "n/a"


def test_a_lost_probe_counts_as_infinite_and_never_as_zero() -> None:
    assert figure_of([100] * 3 + [LOST] * 4).p50_note == "lost"
    assert figure_of([100] * 4 + [LOST] * 3).p50_us == 100
    assert figure_of([0] * 6).p50_us == 0


def test_percentiles_that_n_cannot_carry_are_not_given() -> None:
    assert figure_of([10] * 5).p50_note == "n/a"
    assert figure_of([10] * 6).p50_note is None
    assert figure_of([10] * 58).p95_note == "n/a"
    assert figure_of([10] * 59).p95_note is None


def test_the_variation_is_p95_over_the_minimum() -> None:
    assert figure_of(list(range(100, 200))).pdv_us == 94
    assert figure_of(list(range(100, 110))).pdv_us is None


def test_a_count_of_late_probes_that_an_engine_cannot_know_is_null() -> None:
    probes = np.array([5, LOST], dtype="<i4").tobytes()
    found = pool(
        Rows(probes=[probes, b""], late_known=np.array([False, False])),
        group=np.array([0, 1]),
        groups=2,
    )

    assert found.one(0).late is None
    assert found.one(1).late == 0


@pytest.mark.parametrize(
    ("counts", "state"),
    [
        ({"resolved": False, "n": 0, "answered": 0, "late": 0}, CellState.DNS_FAILED),
        ({"resolved": True, "n": 0, "answered": 0, "late": 0}, CellState.NOT_RUN),
        ({"resolved": True, "n": 3, "answered": 0, "late": 0}, CellState.LOST),
        ({"resolved": True, "n": 3, "answered": 0, "late": 1}, CellState.LATE_ONLY),
        ({"resolved": True, "n": 5, "answered": 5, "late": 0}, CellState.INSUFFICIENT),
        ({"resolved": True, "n": 6, "answered": 6, "late": 0}, CellState.OK),
        ({"resolved": True, "n": 6, "answered": 5, "late": 0}, CellState.LOSSY),
    ],
)
def test_the_state_of_a_path_follows_from_its_counts(counts: dict[str, int], state: CellState) -> None:
    assert state_of(**counts) is state  # type: ignore[arg-type]  # resolved is a bool among ints
