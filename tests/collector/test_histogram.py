import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from collector.history.histogram import (
    RELATIVE_ERROR,
    bucket_of,
    histograms_of,
    percentiles_us,
    representatives,
    unpacked,
)
from wire.report import MAX_RTT_US

RTT = (
    st.integers(0, MAX_RTT_US)
    | st.integers(0, 5_000)
    | st.sampled_from([0, 1, 100, 2**20 - 1, 2**20, MAX_RTT_US])
)


@given(st.lists(RTT, min_size=1, max_size=50))
def test_a_representative_is_within_a_hundredth_of_every_member(values: list[int]) -> None:
    found = np.array(values, dtype=np.int64)
    stands = representatives()[bucket_of(found)]

    assert np.all(np.abs(stands - found) <= RELATIVE_ERROR * found)


def test_small_rtts_are_exact_and_all_fit_into_two_bytes() -> None:
    small = np.arange(100, dtype=np.int64)

    assert representatives()[bucket_of(small)].tolist() == small.tolist()
    assert len(representatives()) < 2**10


def shapes(chance: np.random.Generator) -> dict[str, np.ndarray[tuple[int], np.dtype[np.float64]]]:
    return {
        "narrow": chance.normal(20_000, 150, 4_000),
        "log-normal": chance.lognormal(9, 1.2, 4_000),
        "two places": np.concatenate([chance.normal(800, 20, 3_000), chance.normal(180_000, 900, 1_000)]),
        "uniform": chance.uniform(0, MAX_RTT_US, 4_000),
        "heavy tail": np.minimum(chance.pareto(1.1, 4_000) * 500, MAX_RTT_US),
        "one value": np.full(500, 12_345.0),
    }


@pytest.mark.parametrize("name", sorted(shapes(np.random.default_rng(0))))
def test_percentiles_are_within_a_hundredth_of_the_exact_ones(name: str) -> None:
    values = np.clip(shapes(np.random.default_rng(7))[name], 0, MAX_RTT_US).astype(np.int64)
    ordered = np.sort(values)
    whole = histograms_of(values, group=np.zeros(len(values), dtype=np.int64), groups=1)

    for percent in (1, 5, 25, 50, 75, 90, 95, 99, 99.9, 100):
        rank = math.ceil(len(values) * percent / 100) - 1
        found = int(percentiles_us(whole, np.array([rank]))[0])
        assert abs(found - int(ordered[rank])) <= RELATIVE_ERROR * int(ordered[rank])


@given(st.lists(st.tuples(RTT, st.integers(0, 3)), max_size=60))
def test_packed_parts_put_together_are_the_whole(values: list[tuple[int, int]]) -> None:
    rtt = np.array([value for value, _ in values], dtype=np.int64)
    group = np.array([number for _, number in values], dtype=np.int64)
    half = len(values) // 2
    parts = [
        histograms_of(rtt[:half], group=group[:half], groups=4),
        histograms_of(rtt[half:], group=group[half:], groups=4),
    ]
    whole = histograms_of(rtt, group=group, groups=4)

    both = [one + other for one, other in zip(parts[0].packed(), parts[1].packed(), strict=True)]
    again = unpacked(both, group=np.arange(4), groups=4)

    assert again.packed() == whole.packed()


def test_a_count_beyond_two_bytes_is_kept() -> None:
    count = 200_000
    values = np.full(count, 777, dtype=np.int64)
    packed = histograms_of(values, group=np.zeros(count, dtype=np.int64), groups=1).packed()

    assert len(packed[0]) == 4 * math.ceil(count / 65_535)
    again = unpacked(packed, group=np.zeros(1, dtype=np.int64), groups=1)
    assert again.count.tolist() == [count]
    assert (
        percentiles_us(again, np.array([count - 1])).tolist()
        == representatives()[bucket_of(values[:1])].tolist()
    )
    assert percentiles_us(again, np.array([count])).tolist() == [-1]
