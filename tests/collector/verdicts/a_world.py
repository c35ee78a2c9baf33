"""The world that the verdicts' error rates are promised for (design, measurement.md)."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from collector.history.histogram import bucket_of, representatives
from collector.verdicts.fleet import Fleet
from collector.verdicts.medians import interval_rank
from collector.verdicts.rounds import RoundFacts
from tests.collector.verdicts.a_fleet import a_fleet

Floats = NDArray[np.float32]

REGIONS, SERVERS, PROBES = 30, 18, 20
RUNS_A_DAY, BASELINE_DAYS = 4, 7
"""Four runs a day make four runs of an hour of the week in 28 days: the baseline is the last 7 days."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Injected:
    """What is wrong in the last rounds."""

    region: int | None = None
    region_ratio: float = 1.0
    server: int | None = None
    server_ms: float = 0.0


@dataclass(frozen=True, kw_only=True, slots=True)
class Noise:
    """Standard deviations as shares of a path's RTT: of probes, of runs by path, of runs as a whole."""

    probe: float = 0.10
    run: float = 0.05
    tester_run: float = 0.0


def a_sweep(seed: int, *, injected: Injected | None = None, noise: Noise | None = None) -> Fleet:
    """Return the facts at the end of a sweep of three rounds, six hours apart, and its past.

    RTT = base × daily rhythm (5 %, by each region's own clock) × the run's factor (gamma, mean 1, 5 %) +
    gamma noise of each probe. A tenth of the paths loses 1 % of its probes.
    """
    injected, noise = injected or Injected(), noise or Noise()
    generator = np.random.default_rng(seed)
    runs = RUNS_A_DAY * BASELINE_DAYS + 3
    base = generator.uniform(30.0, 300.0, (REGIONS, SERVERS)).astype(np.float32)
    phase = generator.uniform(0.0, 2 * np.pi, (1, REGIONS, 1))
    first = generator.integers(0, RUNS_A_DAY)
    hours = (np.arange(runs) + first)[:, None, None] * (2 * np.pi / RUNS_A_DAY)
    level = base * (1.0 + 0.05 * np.sin(hours + phase))
    level = level * _gamma(generator, noise.run, (runs, REGIONS, SERVERS))
    level = level * _gamma(generator, noise.tester_run, (runs, REGIONS, 1))
    if injected.region is not None:
        level[-3:, injected.region] *= injected.region_ratio
    if injected.server is not None:
        level[-3:, :, injected.server] += injected.server_ms
    # Of the probes: RTT above a least value, with the tail that queues make.
    shape = 2.0
    queue = generator.standard_gamma(shape, (runs, REGIONS, SERVERS, PROBES), dtype=np.float32)
    queue *= np.float32(noise.probe / np.sqrt(shape))
    rtt = level[..., None].astype(np.float32) * (1.0 + queue)
    lossy = generator.random((REGIONS, SERVERS)) < 0.1
    lost = generator.random(rtt.shape, dtype=np.float32) < np.where(lossy, 0.01, 0.0)[..., None]
    rtt[lost] = np.inf
    past = np.moveaxis(rtt[:-3], 0, 2).reshape(REGIONS, SERVERS, -1)
    middle = -(-past.shape[-1] // 2) - 1
    baseline = np.partition(past, middle, axis=-1)[..., middle].reshape(-1) * 1_000.0
    # Rollups keep histograms.
    baseline_us = representatives()[bucket_of(baseline.astype(np.int64))].astype(np.float64)
    rounds = [_facts(rtt[-1 - age], baseline_us) for age in range(3)]
    return a_fleet(rounds, regions=REGIONS, servers=SERVERS)


def _gamma(generator: np.random.Generator, spread: float, size: tuple[int, ...]) -> Floats:
    if not spread:
        return np.ones(size, dtype=np.float32)
    shape = 1.0 / spread**2
    return generator.standard_gamma(shape, size, dtype=np.float32) / np.float32(shape)


def _facts(rtt: Floats, baseline_us: NDArray[np.float64]) -> RoundFacts:
    ordered = np.sort(rtt, axis=-1).reshape(-1, PROBES).astype(np.float64) * 1_000.0
    tester, server = np.divmod(np.arange(REGIONS * SERVERS), SERVERS)
    rank = interval_rank(PROBES)
    return RoundFacts(
        tester=tester,
        server=server,
        now_us=ordered[:, PROBES // 2 - 1],
        low_us=ordered[:, rank - 1],
        high_us=ordered[:, PROBES - rank],
        baseline_us=baseline_us,
        sent=np.full(len(tester), PROBES, dtype=np.int64),
        answered=np.isfinite(ordered).sum(axis=1).astype(np.int64),
        moved=np.zeros(len(tester), dtype=np.bool_),
    )
