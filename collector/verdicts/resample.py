"""How sure a median effect is: the bootstrap, and false discoveries among many (pure)."""

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from collector.verdicts.polish import Floats, median_of

LOW_PERCENT, HIGH_PERCENT = 2.5, 97.5
"""The ends of a 95 % interval."""


@dataclass(frozen=True, kw_only=True, slots=True, eq=False)
class Spread:
    """Intervals of medians, and their standard errors; NaN where there is no value."""

    low: Floats
    high: Floats
    error: Floats


def spread_of(
    values: Floats, *, seed: int, count: int, runs: Sequence[Floats] = (), widened: float = 1.0
) -> Spread:
    """Return 95 % percentile intervals of the rows' medians (Efron 1979; Efron and Tibshirani 1993, ch. 13).

    Each row is resampled over its items (servers). Where `runs` has several runs for a row (one array of
    runs × items a row), runs are resampled first: probes of a run are correlated, so runs and never
    probes are drawn. All rows share the draws, and draw from ordered values, so neither the order of
    rows nor that of items has a part in the answer. `widened` stretches an interval about the median.
    """
    rows, items = values.shape
    low, high, error = np.full(rows, np.nan), np.full(rows, np.nan), np.full(rows, np.nan)
    present = np.count_nonzero(~np.isnan(values), axis=1)
    draws = np.random.default_rng(seed).random((count, max(items, 1)))
    ordered = np.sort(values, axis=1)
    single = np.array([len(runs[row]) < 2 if runs else True for row in range(rows)], dtype=np.bool_)
    for n in np.unique(present[present > 0]).tolist():
        which = np.flatnonzero((present == n) & single)
        if len(which):
            # The median of a sample is the value in the middle of the ordered places drawn.
            drawn = np.sort((draws[:, :n] * n).astype(np.int64), axis=1)
            middle = (ordered[which][:, drawn[:, (n - 1) // 2]] + ordered[which][:, drawn[:, n // 2]]) / 2.0
            low[which], high[which], error[which] = _ends(middle)
    for row in np.flatnonzero((present > 0) & ~single).tolist():
        middle = _two_stages(runs[row], draws, seed=seed)
        low[row : row + 1], high[row : row + 1], error[row : row + 1] = _ends(middle[None, :])
    centre = median_of(values, axis=1)
    return Spread(
        low=centre + (low - centre) * widened, high=centre + (high - centre) * widened, error=error * widened
    )


def widening(*, rows: int, columns: int) -> float:
    """Return how much the residuals of a two-way fit understate the spread.

    The degrees of freedom that the fit took, as in the two-way analysis of variance (Fisher 1925).
    """
    if rows < 2 or columns < 2:
        return 1.0
    return math.sqrt(rows * columns / ((rows - 1) * (columns - 1)))


def chance_above(effect: Floats, error: Floats, *, limit: float) -> Floats:
    """Return the one-sided p-values of "no more than `limit`", by the normal approximation.

    The share of replicates below the limit would end at 1 / replicates, which among a thousand regions
    can never be significant.
    """
    gap = effect - limit
    with np.errstate(divide="ignore", invalid="ignore"):
        z = np.where(error > 0, gap / error, np.sign(gap) * np.inf)
    z = np.where(gap == 0, 0.0, z)
    return np.array(
        [math.nan if math.isnan(one) else 0.5 * math.erfc(one / math.sqrt(2.0)) for one in z.tolist()],
        dtype=np.float64,
    )


def discoveries(p: Floats, *, ratio: float) -> NDArray[np.bool_]:
    """Return which of some p-values stand at a false discovery rate (Benjamini and Hochberg 1995)."""
    tested = np.flatnonzero(~np.isnan(p))
    stands = np.zeros(len(p), dtype=np.bool_)
    if not len(tested):
        return stands
    ordered = np.sort(p[tested])
    passed = np.flatnonzero(ordered <= ratio * np.arange(1, len(tested) + 1) / len(tested))
    if len(passed):
        stands[tested] = p[tested] <= ordered[passed[-1]]
    return stands


def _two_stages(of_runs: Floats, draws: Floats, *, seed: int) -> Floats:
    """Return the medians of resampled runs, and of resampled items within them."""
    count, items = len(draws), of_runs.shape[1]
    picked = np.random.default_rng(seed + 1).integers(0, len(of_runs), (count, len(of_runs)))
    cells = np.sort(median_of(of_runs[picked], axis=1), axis=1)
    present = np.count_nonzero(~np.isnan(cells), axis=1)[:, None]
    place = np.minimum((draws[:, :items] * present).astype(np.int64), items - 1)
    sample = np.take_along_axis(cells, place, axis=1)
    sample = np.where(np.arange(items)[None, :] < present, sample, np.nan)
    return median_of(sample, axis=1)


def _ends(middle: Floats) -> tuple[Floats, Floats, Floats]:
    low, high = np.nanpercentile(middle, [LOW_PERCENT, HIGH_PERCENT], axis=1)
    return low, high, np.nanstd(middle, axis=1)
