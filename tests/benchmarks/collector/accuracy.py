"""How far percentiles of rollups are from exact ones."""

import numpy as np
from numpy.typing import NDArray

from collector.history.histogram import histograms_of, percentiles_us
from tests.benchmarks.figures import Line
from wire.report import MAX_RTT_US

VALUES = 200_000
PER_CENT = 1.0
PERCENTILES = (0.0, 1.0, 25.0, 50.0, 75.0, 95.0, 99.0, 99.9, 100.0)


def percentile_error(*, values: int = VALUES, seed: int = 7) -> list[Line]:
    """Return the largest error of some percentiles of several shapes, in per cent of the exact ones."""
    chance = np.random.default_rng(seed)
    shapes = (
        chance.integers(1, MAX_RTT_US, values),
        np.exp(chance.normal(11, 0.9, values)).astype(np.int64) + 1,
        10_000 + chance.standard_gamma(2, values).astype(np.int64),
        np.concatenate([chance.normal(800, 20, values), chance.normal(250_000, 9_000, values)]),
        1 + (chance.pareto(1.1, values) * 100).astype(np.int64),
    )
    errors = [_error(np.clip(shape, 1, MAX_RTT_US).astype(np.int64)) for shape in shapes]
    return [
        Line(
            name="percentiles of a histogram, largest error",
            unit="%",
            ours=max(errors),
            peer_name="goal",
            peer=PER_CENT,
            limit=PER_CENT,
        )
    ]


def _error(values_us: NDArray[np.int64]) -> float:
    histogram = histograms_of(values_us, group=np.zeros(len(values_us), dtype=np.int64), groups=1)
    ordered = np.sort(values_us)
    found = []
    for percent in PERCENTILES:
        rank = round(percent / 100 * (len(ordered) - 1))
        exact = int(ordered[rank])
        ours = int(percentiles_us(histogram, np.array([rank]))[0])
        found.append(abs(ours - exact) / exact * 100)
    return max(found)
