"""The first form of "slow": a ranking by one figure, slowest first (pure)."""

from dataclasses import dataclass
from enum import StrEnum

import numpy as np
from numpy.typing import NDArray

from collector.history.figures import LOST_FIGURE, Figures, Floats, Integers


class By(StrEnum):
    """What a ranking goes by."""

    P50 = "p50"
    P95 = "p95"
    LOSS = "loss"
    FLOOR = "floor"
    BASELINE = "baseline"


MEANINGS = {
    By.P50: "p50 (lost probes count as infinite)",
    By.P95: "p95 (lost probes count as infinite)",
    By.LOSS: "loss (lost and late probes over sent)",
    By.FLOOR: "best RTT over the distance floor (a region by the median of its paths)",
    By.BASELINE: "p50 against its usual at that hour (a region by the median of its paths)",
}


@dataclass(frozen=True, kw_only=True, slots=True, eq=False)
class Ranked:
    """What is ranked, column by column; `by_name` is the place of each among all names and settles ties.

    `usual` is the growth of the p50 over its baseline, infinite where the p50 is lost; None where nothing
    is held against baselines. NaN in `floor_ratio` and `usual` is what is unknown.
    """

    figures: Figures
    by_name: Integers
    floor_ratio: Floats
    is_below_floor: NDArray[np.bool_]
    usual: Floats | None = None

    def __len__(self) -> int:
        return len(self.figures)

    def slowest_first(self, by: By) -> Integers:
        """Return the places in the order of their ranks: lost ones lead, those without the figure end."""
        return np.lexsort((self.by_name, -self.badness(by)))

    def badness(self, by: By) -> Floats:
        """Return what is ranked by: infinite where the figure is lost, −infinite where it is unknown."""
        if by is By.LOSS:
            return _unknown_last(self.figures.loss_ratio)
        if by is By.FLOOR:
            return _unknown_last(self.floor_ratio)
        if by is By.BASELINE:
            return _unknown_last(np.full(len(self), np.nan) if self.usual is None else self.usual)
        us = self.figures.p50_us if by is By.P50 else self.figures.p95_us
        return np.where(us >= 0, us, np.where(us == LOST_FIGURE, np.inf, -np.inf))


def default_by(paths: Ranked) -> By:
    """Return `floor` where the floor of any path is known, else `p50`."""
    return By.P50 if np.isnan(paths.floor_ratio).all() else By.FLOOR


def medians_by_group(values: Floats, group: Integers, *, groups: int) -> Floats:
    """Return the median of the known values of each group, NaN where none is known."""
    found = np.full(groups, np.nan)
    known = ~np.isnan(values)
    order = np.argsort(group[known], kind="stable")
    ends = np.cumsum(np.bincount(group[known], minlength=groups))[:-1]
    for number, of_group in enumerate(np.split(values[known][order], ends)):
        if len(of_group):
            found[number] = np.median(of_group)
    return found


def label(by: By, *, regions: int) -> str:
    """Return what a ranking goes by in words, and what it does not say."""
    if regions == 1:
        return f"{MEANINGS[by]} of the only region: there is none to compare it with"
    return f"ranked by {MEANINGS[by]}"


def _unknown_last(values: Floats) -> Floats:
    return np.where(np.isnan(values), -np.inf, values)
