"""The median polish: log ratios split into all paths, region, server and residual (pure)."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]

MOST_SWEEPS = 20
TOLERANCE = 1e-6
"""A ten-thousandth of a per cent: far below what an RTT in whole microseconds can show."""


@dataclass(frozen=True, kw_only=True, slots=True, eq=False)
class Polished:
    """ratio = overall + region + server + residual, NaN where a cell, a row or a column is empty.

    `is_split` says whether there was any server seen from enough regions; without one, `overall` and
    `server` are 0 and a region's effect is the plain median of its paths.
    """

    overall: float
    region: Floats
    server: Floats
    residual: Floats
    is_split: bool

    @property
    def of_regions(self) -> Floats:
        """Return each cell without what all paths and its server have in common."""
        return self.region[:, None] + self.residual

    @property
    def of_servers(self) -> Floats:
        """Return each cell without what all paths and its region have in common."""
        return self.server[:, None] + self.residual.T


def median_of(values: Floats, *, axis: int = -1) -> Floats:
    """Return the medians along an axis without the NaN, NaN where there is nothing else."""
    if not values.shape[axis]:
        return np.full(np.delete(values.shape, axis), np.nan)
    ordered = np.sort(values, axis=axis)  # NaN goes last
    count = np.count_nonzero(~np.isnan(values), axis=axis, keepdims=True)
    low = np.take_along_axis(ordered, np.maximum(count - 1, 0) // 2, axis=axis)
    high = np.take_along_axis(ordered, np.maximum(count, 1) // 2, axis=axis)
    found: Floats = np.squeeze(np.where(count % 2 == 1, low, (low + high) / 2.0), axis=axis)
    return found


def polish(ratio: Floats, *, least_regions: int) -> Polished:
    """Split log ratios (regions × servers) by median polish (Tukey 1977, Exploratory Data Analysis, ch. 11).

    Servers are swept first: what is added to a server as a whole is gone with the first sweep and cannot
    move a region. A server that fewer than `least_regions` regions see has no effect of its own, as one
    region's change and its server's cannot be told apart.
    """
    regions, servers = ratio.shape
    seen_by = np.count_nonzero(~np.isnan(ratio), axis=0)
    split = seen_by >= least_regions
    if np.count_nonzero(split) < least_regions and (~split & (seen_by > 0)).any():
        # One server or two would say what all the others have in common.
        split[:] = False
    residual = ratio.copy()
    region, server = np.zeros(regions), np.zeros(servers)
    overall = 0.0
    if not split.any():
        region = median_of(ratio, axis=1)
        return Polished(
            overall=0.0, region=region, server=server, residual=ratio - region[:, None], is_split=False
        )
    for _ in range(MOST_SWEEPS):
        column = np.where(split, median_of(residual, axis=0), 0.0)
        server += column
        common = float(median_of(server[split]))
        server[split] -= common
        # Servers without an effect of their own still share in what all have in common.
        residual -= column + np.where(split, 0.0, common)
        row = median_of(residual, axis=1)
        residual -= row[:, None]
        region += row
        shared = float(median_of(region))
        region -= shared
        overall += common + shared
        if max(np.nanmax(np.abs(column)), np.nanmax(np.abs(row))) < TOLERANCE:
            break
    return Polished(overall=overall, region=region, server=server, residual=residual, is_split=True)
