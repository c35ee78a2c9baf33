import math
from statistics import median

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from collector.history.figures import Rows, pool
from collector.verdicts.slowness import By, Ranked, default_by, label, medians_by_group
from wire.report import LOST

NAN = math.nan


def some_paths(*probes: list[int], ratios: list[float] | None = None, names: str = "") -> Ranked:
    """Paths with some positions each; `names` is a letter for each, in order where it is left out."""
    count = len(probes)
    packed = [np.array(positions, dtype="<i4").tobytes() for positions in probes]
    rows = Rows(probes=packed, late_known=np.ones(count, dtype=bool))
    called = names or "abcdefgh"[:count]
    return Ranked(
        figures=pool(rows, group=np.arange(count), groups=count),
        by_name=np.array([sorted(called).index(name) for name in called]),
        floor_ratio=np.array([NAN] * count if ratios is None else ratios),
        is_below_floor=np.zeros(count, dtype=bool),
    )


def order(paths: Ranked, by: By) -> list[int]:
    return [int(place) for place in paths.slowest_first(by)]


def test_lost_percentiles_lead_and_unknown_ones_end() -> None:
    unknown, fast, lost, slow = [7], [5] * 100, [LOST] * 100, [500] * 100

    assert order(some_paths(unknown, fast, lost, slow), By.P50) == [2, 3, 1, 0]
    assert order(some_paths(unknown, fast, lost, slow), By.P95) == [2, 3, 1, 0]


def test_each_ranking_goes_by_its_own_figure() -> None:
    tail, lossy = [5] * 90 + [900] * 10, [6] * 99 + [LOST]
    paths = some_paths(tail, lossy, [], ratios=[3.0, NAN, 2.0])

    assert order(paths, By.P50) == [1, 0, 2]
    assert order(paths, By.P95) == [0, 1, 2]
    assert order(paths, By.LOSS) == [1, 0, 2]
    assert order(paths, By.FLOOR) == [0, 2, 1]


def test_a_ranking_by_the_usual_leads_with_what_is_lost_and_ends_with_what_has_none() -> None:
    paths = some_paths([5], [5], [5], [5])
    grown = Ranked(
        figures=paths.figures,
        by_name=paths.by_name,
        floor_ratio=paths.floor_ratio,
        is_below_floor=paths.is_below_floor,
        usual=np.array([0.1, NAN, math.inf, 0.3]),
    )

    assert order(grown, By.BASELINE) == [2, 3, 0, 1]
    assert order(paths, By.BASELINE) == [0, 1, 2, 3]


def test_equals_are_ordered_by_name() -> None:
    assert order(some_paths([5], [5], names="ba"), By.P50) == [1, 0]


def test_a_known_floor_decides_the_default() -> None:
    assert default_by(some_paths([5], [5], ratios=[NAN, 1.2])) is By.FLOOR
    assert default_by(some_paths([5])) is By.P50
    assert default_by(some_paths()) is By.P50


VALUES = st.one_of(st.just(NAN), st.just(math.inf), st.floats(0, 1e6))


@given(st.lists(st.tuples(VALUES, st.integers(0, 4))))
def test_a_group_stands_at_the_median_of_what_is_known_of_it(given: list[tuple[float, int]]) -> None:
    values = np.array([value for value, _ in given], dtype=float)
    group = np.array([number for _, number in given], dtype=np.int64)

    found = medians_by_group(values, group, groups=5)

    for number in range(5):
        known = [value for value, of in given if of == number and not math.isnan(value)]
        assert found[number] == pytest.approx(median(known) if known else NAN, nan_ok=True)


@pytest.mark.parametrize(
    ("by", "words"),
    [
        (By.P50, "ranked by p50 (lost probes count as infinite)"),
        (By.P95, "ranked by p95 (lost probes count as infinite)"),
        (By.LOSS, "ranked by loss (lost and late probes over sent)"),
        (By.FLOOR, "ranked by best RTT over the distance floor (a region by the median of its paths)"),
    ],
)
def test_the_label_says_what_the_ranking_goes_by(by: By, words: str) -> None:
    assert label(by, regions=2) == words


def test_the_only_region_is_said_to_be_the_only_one() -> None:
    assert label(By.P50, regions=1) == (
        "p50 (lost probes count as infinite) of the only region: there is none to compare it with"
    )
