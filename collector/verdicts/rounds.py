"""One round of the fleet: what its runs found, and which effects are in it (pure)."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from collector.history.figures import Integers, wilson
from collector.verdicts.polish import Floats, Polished, median_of, polish
from collector.verdicts.resample import chance_above, discoveries, spread_of, widening
from collector.verdicts.thresholds import Thresholds

Booleans = NDArray[np.bool_]

UNJUDGED, FINE, WATCHED, SLOW = -1, 0, 1, 2
"""What a round says of one thing."""


@dataclass(frozen=True, kw_only=True, slots=True, eq=False)
class RoundFacts:
    """What the trusted runs of a round found, one item for each path: a tester's numbers of a server.

    `tester` and `server` are places in the lists of `Fleet`. RTTs are in microseconds: `now_us` is the
    p50, infinite where it is lost and NaN where probes are too few, with its distribution-free interval;
    `baseline_us` is NaN without a baseline. `moved`: the server had another address before.
    """

    tester: Integers
    server: Integers
    now_us: Floats
    low_us: Floats
    high_us: Floats
    baseline_us: Floats
    sent: Integers
    answered: Integers
    moved: Booleans


@dataclass(frozen=True, kw_only=True, slots=True, eq=False)
class Effects:
    """What a round says of each region, or server, or the fleet; NaN where it says nothing.

    `effect`, `low` and `high` are log ratios.
    """

    effect: Floats
    low: Floats
    high: Floats
    p: Floats
    items: Integers
    agreeing: Integers
    change_us: Floats
    level: Integers


@dataclass(frozen=True, kw_only=True, slots=True, eq=False)
class Losses:
    """What was lost of each region, or server."""

    sent: Integers
    answered: Integers
    low: Floats
    high: Floats
    items: Integers
    lossy_items: Integers
    lossy: Booleans
    lost: Booleans


@dataclass(frozen=True, kw_only=True, slots=True, eq=False)
class RoundEffects:
    """What a round says."""

    polished: Polished
    regions: Effects
    servers: Effects
    fleet: Effects
    region_losses: Losses
    server_losses: Losses


def effects_of(
    facts: RoundFacts, *, region_of: Integers, regions: int, servers: int, thresholds: Thresholds, seed: int
) -> RoundEffects:
    """Return what a round says; `region_of` is the region of each tester."""
    region = region_of[facts.tester]
    ratio = log_ratios(facts)
    cells, runs = _cells(ratio, facts, region=region, shape=(regions, servers))
    baseline, _ = _cells(
        np.where(np.isnan(ratio), np.nan, facts.baseline_us), facts, region=region, shape=(regions, servers)
    )
    polished = polish(cells, least_regions=thresholds.polish_regions)
    common = polished.overall + polished.server[None, :]
    of_regions, of_servers = polished.of_regions, polished.of_servers
    seen = (int(np.count_nonzero(~np.isnan(polished.region))), int((~np.isnan(cells)).any(axis=0).sum()))
    stretch = widening(rows=seen[0], columns=seen[1]) if polished.is_split else 1.0
    everywhere = (polished.overall + polished.region)[None, :]
    unsplit = np.count_nonzero(~np.isnan(cells), axis=0) < thresholds.polish_regions
    of_servers[unsplit] = np.nan
    return RoundEffects(
        polished=polished,
        regions=_effects(
            of_regions,
            median_of(baseline, axis=1),
            thresholds,
            seed=seed,
            runs=[one - common for one in runs],
            stretch=stretch,
        ),
        servers=_effects(of_servers, median_of(baseline, axis=0), thresholds, seed=seed + 2, stretch=stretch),
        fleet=_effects(
            everywhere if polished.is_split else np.full((1, regions), np.nan),
            median_of(baseline.reshape(1, -1), axis=1),
            thresholds,
            seed=seed + 4,
        ),
        region_losses=_losses(facts, of=region, item=facts.server, groups=regions, thresholds=thresholds),
        server_losses=_losses(facts, of=facts.server, item=region, groups=servers, thresholds=thresholds),
    )


def log_ratios(facts: RoundFacts) -> Floats:
    """Return log(p50 now / p50 baseline) of each path, NaN where either is lost or unknown."""
    usable = np.isfinite(facts.now_us) & (facts.now_us > 0)
    usable &= np.isfinite(facts.baseline_us) & (facts.baseline_us > 0)
    ratio = np.full(len(facts.now_us), np.nan)
    ratio[usable] = np.log(facts.now_us[usable] / facts.baseline_us[usable])
    return ratio


def _cells(
    values: Floats, facts: RoundFacts, *, region: Integers, shape: tuple[int, int]
) -> tuple[Floats, list[Floats]]:
    """Return one value for each region and server, and the values of each region run by run."""
    cells = np.full(shape, np.nan)
    runs: list[Floats] = []
    for number in range(shape[0]):
        mine = np.flatnonzero(region == number)
        testers, place = np.unique(facts.tester[mine], return_inverse=True)
        of_runs = np.full((len(testers), shape[1]), np.nan)
        of_runs[place, facts.server[mine]] = values[mine]
        of_runs = of_runs[~np.isnan(of_runs).all(axis=1)]
        runs.append(of_runs)
        if len(of_runs):
            cells[number] = of_runs[0] if len(of_runs) == 1 else median_of(of_runs, axis=0)
    return cells, runs


def _effects(
    values: Floats,
    baseline_us: Floats,
    thresholds: Thresholds,
    *,
    seed: int,
    runs: Sequence[Floats] = (),
    stretch: float = 1.0,
) -> Effects:
    slow, watch = np.log1p(thresholds.slow_ratio), np.log1p(thresholds.watch_ratio)
    effect = median_of(values, axis=1)
    spread = spread_of(values, seed=seed, count=thresholds.bootstrap_count, runs=runs, widened=stretch)
    items = np.count_nonzero(~np.isnan(values), axis=1).astype(np.int64)
    agreeing = np.count_nonzero(values > slow, axis=1).astype(np.int64)
    change_us = np.expm1(effect) * baseline_us
    enough = items >= thresholds.slow_servers
    # A false discovery is a region that is not even worth watching; how much it is slower is the interval's
    # to say, which would be asked twice otherwise.
    p = np.where(enough, chance_above(effect, spread.error, limit=float(watch)), np.nan)
    is_slow = (
        enough
        & (spread.low > slow)
        & (change_us > thresholds.slow_change_ms * 1_000.0)
        & (agreeing >= thresholds.agreeing_ratio * items)
        & discoveries(p, ratio=thresholds.false_discovery_ratio)
    )
    level = np.where(is_slow, SLOW, np.where(spread.low > watch, WATCHED, FINE))
    return Effects(
        effect=effect,
        low=spread.low,
        high=spread.high,
        p=p,
        items=items,
        agreeing=agreeing,
        change_us=change_us,
        level=np.where(enough, level, UNJUDGED).astype(np.int64),
    )


def _losses(
    facts: RoundFacts, *, of: Integers, item: Integers, groups: int, thresholds: Thresholds
) -> Losses:
    # Counted by group and item, as a server is lossy for a region by all runs of the region.
    pairs, place = np.unique((of << 32) | item, return_inverse=True)
    sent = np.bincount(place, weights=facts.sent, minlength=len(pairs)).astype(np.int64)
    answered = np.bincount(place, weights=facts.answered, minlength=len(pairs)).astype(np.int64)
    group = pairs >> 32
    pair_low, _ = wilson(sent - answered, sent)
    lossy = np.bincount(group[pair_low > thresholds.loss_ratio], minlength=groups).astype(np.int64)
    items = np.bincount(group[sent > 0], minlength=groups).astype(np.int64)
    total = np.bincount(group, weights=sent, minlength=groups).astype(np.int64)
    found = np.bincount(group, weights=answered, minlength=groups).astype(np.int64)
    low, high = wilson(total - found, total)
    return Losses(
        sent=total,
        answered=found,
        low=low,
        high=high,
        items=items,
        lossy_items=lossy,
        lossy=lossy >= thresholds.lossy_servers,
        lost=(items >= thresholds.lossy_servers) & (total > 0) & (found == 0),
    )
