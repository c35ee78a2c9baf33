"""How much the runs of two sweeps vary, and what that means for a change between them (pure)."""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from collector.history.figures import Z_95, Integers
from collector.verdicts.polish import Floats
from collector.verdicts.sides import Side


@dataclass(frozen=True, kw_only=True, slots=True, eq=False)
class RunSpread:
    """Squares of deviations of runs from the mean of their sweep; runs in rows, paths in columns.

    Runs and never probes are counted: probes of a run are correlated.
    """

    deviations: tuple[Floats, Floats]

    def of_paths(self) -> Floats:
        """Return how far a path's change may be off, at 95 %; NaN where no sweep has two runs of it."""
        counts = [np.count_nonzero(~np.isnan(one), axis=0) for one in self.deviations]
        squares = sum((np.nansum(one**2, axis=0) for one in self.deviations), start=np.zeros(len(counts[0])))
        return _half_width(squares, counts[0], counts[1])

    def of_group(self, paths: Integers) -> float:
        """Return how far the runs as a whole may have moved a group of paths, at 95 %.

        What moves all paths of a run alike is not seen by comparing the paths. It is told from what moves
        each by itself as in the one-way analysis of variance (Fisher 1925).
        """
        if len(paths) < 2:
            return 0.0
        common, own = 0.0, 0.0
        counts = []
        for deviations in self.deviations:
            mine = deviations[:, paths]
            there = ~np.isnan(mine)
            runs = there.any(axis=1)
            mean = np.where(there, mine, 0.0).sum(axis=1)[runs] / there.sum(axis=1)[runs]
            common += float((mean**2).sum())
            own += float(np.nansum(mine**2)) / len(paths)
            counts.append(int(runs.sum()))
        squares = max(0.0, (len(paths) * common - own) / (len(paths) - 1))
        half = _half_width(np.array([squares]), np.array([counts[0]]), np.array([counts[1]]))
        return 0.0 if np.isnan(half[0]) else float(half[0])


def run_spread(before: Side, after: Side, *, scale: Callable[[Floats], Floats]) -> RunSpread:
    """Return how much runs vary, on a scale."""
    return RunSpread(deviations=(_deviations(scale(before.blocks_us)), _deviations(scale(after.blocks_us))))


def t_95(freedom: Floats) -> Floats:
    """Return Student's two-sided 95 % quantile (Abramowitz and Stegun 26.7.5), 10 % short at two degrees."""
    z = Z_95
    first = (z**3 + z) / 4.0
    second = (5 * z**5 + 16 * z**3 + 3 * z) / 96.0
    third = (3 * z**7 + 19 * z**5 + 17 * z**3 - 15 * z) / 384.0
    found: Floats = z + first / freedom + second / freedom**2 + third / freedom**3
    return found


def _deviations(values: Floats) -> Floats:
    there = ~np.isnan(values)
    count = np.maximum(there.sum(axis=0), 1)
    found: Floats = values - np.where(there, values, 0.0).sum(axis=0) / count
    return found


def _half_width(squares: Floats, before: Integers, after: Integers) -> Floats:
    freedom = (np.maximum(before - 1, 0) + np.maximum(after - 1, 0)).astype(np.float64)
    known = (freedom > 0) & (before > 0) & (after > 0)
    found = np.full(len(squares), np.nan)
    variance = squares[known] / freedom[known] * (1.0 / before[known] + 1.0 / after[known])
    found[known] = t_95(freedom[known]) * np.sqrt(variance)
    return found
