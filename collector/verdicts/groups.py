"""Changes of paths gathered into those of regions, servers and the fleet (pure)."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from collector.history.figures import Z_95, Integers
from collector.verdicts.polish import Floats, Polished, median_of, polish
from collector.verdicts.resample import spread_of, widening
from collector.verdicts.run_spread import RunSpread
from collector.verdicts.sides import Bounded
from collector.verdicts.thresholds import Thresholds

MAD_TO_SIGMA = 1.4826
"""The standard deviation of a normal distribution over its median absolute deviation."""

LEAST_PEERS = 8
"""Fewer changes do not say how much changes vary."""


@dataclass(frozen=True, kw_only=True, slots=True, eq=False)
class Groups:
    """The changes of some groups; `by_items` says whose interval is a bootstrap over items."""

    bounded: Bounded
    by_items: NDArray[np.bool_]


@dataclass(frozen=True, kw_only=True, slots=True, eq=False)
class Parted:
    """The changes of paths, parted; each group's is without what its servers, or its regions, changed by.

    What all paths have in common is the fleet's, and a part of each region's and each server's as well:
    where everything grew by a fifth, every region did.
    """

    fleet: Groups
    regions: Groups
    servers: Groups
    polished: Polished


@dataclass(frozen=True, kw_only=True, slots=True, eq=False)
class Shape:
    """To which region and server each path belongs."""

    region: Integers
    server: Integers
    regions: int
    servers: int

    def table(self, values: Floats) -> Floats:
        """Return regions × servers: the median over the testers of a region, NaN where there is none."""
        found = np.full(self.regions * self.servers, np.nan)
        cell = self.region * self.servers + self.server
        known, place, count = np.unique(cell, return_inverse=True, return_counts=True)
        if len(known) == len(cell):
            found[cell] = values
        else:
            order = np.lexsort((values, place))
            column = np.arange(len(cell)) - np.repeat(np.cumsum(count) - count, count)
            wide = np.full((len(known), int(count.max())), np.nan)
            wide[place[order], column] = values[order]
            found[known] = median_of(wide, axis=1)
        return found.reshape(self.regions, self.servers)


def part(shape: Shape, paths: Bounded, *, runs: RunSpread, thresholds: Thresholds, seed: int) -> Parted:
    """Return the changes of fleet, regions and servers, by median polish of the changes of paths.

    A group of at least `slow_servers` items has the bootstrap's interval over its items, widened by how
    much runs as a whole vary. One of fewer has the medians of its paths' bounds: these hold the median
    of the paths' changes if each path's bounds hold its own.
    """
    known = ~np.isnan(paths.change)
    cells = shape.table(paths.change)
    low, high = (shape.table(np.where(known, bound, np.nan)) for bound in (paths.low, paths.high))
    polished = polish(cells, least_regions=thresholds.polish_regions)
    of_server = polished.server[None, :]
    of_region = polished.region[:, None] if polished.is_split else np.zeros((shape.regions, 1))
    stretch = stretch_of(cells) if polished.is_split else 1.0
    by_order = Bounded(change=cells, low=low, high=high).without(of_server)
    regions = _groups(
        by_order,
        runs=[runs.of_group(np.flatnonzero(known & (shape.region == one))) for one in range(shape.regions)],
        thresholds=thresholds,
        seed=seed,
        widened=stretch,
    )
    servers = _groups(
        Bounded(change=cells, low=low, high=high).without(of_region).transposed,
        runs=[runs.of_group(np.flatnonzero(known & (shape.server == one))) for one in range(shape.servers)],
        thresholds=thresholds,
        seed=seed + 2,
        widened=stretch,
    )
    fleet = _groups(
        Bounded(
            change=(polished.overall + polished.region)[None, :],
            low=median_of(by_order.low, axis=1)[None, :],
            high=median_of(by_order.high, axis=1)[None, :],
        ),
        runs=[runs.of_group(np.flatnonzero(known))],
        thresholds=thresholds,
        seed=seed + 4,
        widened=1.0,
    )
    return Parted(fleet=fleet, regions=regions, servers=servers, polished=polished)


def stretch_of(cells: Floats) -> float:
    """Return how much the residuals of a table with gaps understate its spread."""
    there = ~np.isnan(cells)
    return widening(rows=int(there.any(axis=1).sum()), columns=int(there.any(axis=0).sum()))


def path_spread(polished: Polished) -> float:
    """Return how much paths vary for themselves: 95 % of their changes lie within ± this; 0 where unknown.

    By what the polish leaves, and by what it gives to regions: both hold what runs vary by as well, of
    which the probes of one run know nothing.
    """
    left = polished.residual[~np.isnan(polished.residual)]
    regions = polished.region[~np.isnan(polished.region)]
    own = normal_spread(left) * stretch_of(polished.residual) if len(left) >= LEAST_PEERS else 0.0
    return float(np.hypot(own, normal_spread(regions) if len(regions) >= LEAST_PEERS else 0.0))


def normal_spread(values: Floats) -> float:
    """Return within which distance of their median 95 % of values lie, whatever a minority of them does."""
    return Z_95 * MAD_TO_SIGMA * float(np.median(np.abs(values - np.median(values))))


def _groups(
    items: Bounded, *, runs: Sequence[float], thresholds: Thresholds, seed: int, widened: float
) -> Groups:
    count = np.count_nonzero(~np.isnan(items.change), axis=1)
    by_items = count >= thresholds.slow_servers
    change = median_of(items.change, axis=1)
    spread = spread_of(items.change, seed=seed, count=thresholds.bootstrap_count, widened=widened)
    moved = np.array(runs)
    below = np.where(by_items, np.hypot(change - spread.low, moved), change - _bound(items.low, -np.inf))
    above = np.where(by_items, np.hypot(spread.high - change, moved), _bound(items.high, np.inf) - change)
    there = change[~np.isnan(change)]
    if len(there) >= LEAST_PEERS:
        # What befalls a tester's only run as a whole is seen by nothing else.
        peers = normal_spread(there)
        below, above = np.maximum(below, peers), np.maximum(above, peers)
    zero = np.zeros(len(change))
    return Groups(
        bounded=Bounded(
            change=change, low=change - np.maximum(below, zero), high=change + np.maximum(above, zero)
        ),
        by_items=by_items,
    )


def _bound(ends: Floats, unbounded: float) -> Floats:
    """Return the medians of bounds; the middle between −∞ and ∞ is none."""
    with np.errstate(invalid="ignore"):
        found = median_of(ends, axis=1)
    return np.where(np.isnan(found), unbounded, found)
