"""What two sweeps found on the paths that both have (pure)."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from collector.history.figures import Integers
from collector.verdicts.fleet import ServerOf, TesterOf
from collector.verdicts.medians import Medians
from collector.verdicts.polish import Floats


@dataclass(frozen=True, kw_only=True, slots=True, eq=False)
class Side:
    """What the trusted runs of a sweep found, one item for each path.

    `probes` has all probes of the path. `blocks_us` has the p50 of each run of its tester, in rows: NaN
    where it is lost or there is none. Where runs are many, a row is a block of neighbouring runs, with the
    geometric mean of theirs. `blocks` says how many rows the path's tester has.
    """

    probes: Sequence[bytes]
    blocks_us: Floats
    blocks: Integers


@dataclass(frozen=True, kw_only=True, slots=True, eq=False)
class TwoSides:
    """Two sweeps on the paths that both have, in the order of the keys of testers and servers.

    `tester` and `server` are places in the lists. `only_before` and `only_after` are paths (places of
    tester and server) that one of the sweeps alone has probes of.
    """

    regions: Sequence[str]
    testers: Sequence[TesterOf]
    servers: Sequence[ServerOf]
    tester: Integers
    server: Integers
    before: Side
    after: Side
    only_before: Sequence[tuple[int, int]] = ()
    only_after: Sequence[tuple[int, int]] = ()

    @property
    def region(self) -> Integers:
        """Return the region of each path."""
        of = np.array([tester.region for tester in self.testers], dtype=np.int64)
        return of[self.tester]


@dataclass(frozen=True, kw_only=True, slots=True, eq=False)
class Bounded:
    """Changes with their bounds; a change is NaN where a p50 is lost or unknown.

    The bounds of a path are those of both medians at their worst. They are infinite where lost probes
    reach so far, NaN where probes are too few.
    """

    change: Floats
    low: Floats
    high: Floats

    @property
    def transposed(self) -> "Bounded":
        """Return rows as columns."""
        return Bounded(change=self.change.T, low=self.low.T, high=self.high.T)

    def without(self, part: Floats) -> "Bounded":
        """Return what is left when a part of the changes is taken out."""
        return Bounded(change=self.change - part, low=self.low - part, high=self.high - part)

    def at_least(self, below: Floats, above: Floats) -> "Bounded":
        """Return bounds no nearer to the changes than this; what is NaN asks for nothing."""
        return Bounded(
            change=self.change,
            low=np.fmin(self.low, self.change - below),
            high=np.fmax(self.high, self.change + above),
        )


def log_changes(before: Medians, after: Medians) -> Bounded:
    """Return log(p50 after / p50 before) of each path."""
    with np.errstate(divide="ignore", invalid="ignore"):
        return _bounded(before, after, scale=np.log)


def us_changes(before: Medians, after: Medians) -> Bounded:
    """Return p50 after − p50 before of each path, in microseconds."""
    return _bounded(before, after, scale=lambda values: values)


def newly_lost(before: Medians, after: Medians) -> NDArray[np.bool_]:
    """Return which paths had a p50 and have lost it beyond doubt: its whole interval is lost."""
    return np.isfinite(before.high_us) & np.isposinf(after.low_us)


def newcombe(
    before: tuple[float, float, float], after: tuple[float, float, float]
) -> tuple[float, float, float]:
    """Return the difference of two shares with its 95 % interval, of shares with their Wilson intervals.

    Method 10 of Newcombe 1998 (Statistics in Medicine 17, 873).
    """
    one, one_low, one_high = before
    two, two_low, two_high = after
    difference = two - one
    return (
        difference,
        difference - float(np.hypot(two - two_low, one_high - one)),
        difference + float(np.hypot(two_high - two, one - one_low)),
    )


def _bounded(before: Medians, after: Medians, *, scale: Callable[[Floats], Floats]) -> Bounded:
    with np.errstate(invalid="ignore"):
        change = scale(after.median_us) - scale(before.median_us)
        change = np.where(np.isfinite(change), change, np.nan)
        low = np.where(np.isposinf(before.high_us), -np.inf, scale(after.low_us) - scale(before.high_us))
        high = np.where(np.isposinf(after.high_us), np.inf, scale(after.high_us) - scale(before.low_us))
        # What is lost on both sides is bounded by nothing.
        low = np.where(np.isnan(low) & ~np.isnan(after.low_us + before.high_us), -np.inf, low)
    return Bounded(change=change, low=low, high=high)
