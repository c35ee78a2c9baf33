"""Two sweeps of one world, with what is known to have changed between them."""

from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from collector.verdicts.fleet import ServerOf, TesterOf
from collector.verdicts.medians import medians_of
from collector.verdicts.sides import Side, TwoSides

Floats = NDArray[np.float64]
PROBES = 20
LEAST = 6


@dataclass(frozen=True, kw_only=True, slots=True)
class Changed:
    """By what factor regions and servers changed, and what was added to servers in ms."""

    region_ratio: dict[int, float] = field(default_factory=dict)
    server_ratio: dict[int, float] = field(default_factory=dict)
    server_ms: dict[int, float] = field(default_factory=dict)
    all_ratio: float = 1.0
    lost_regions: tuple[int, ...] = ()


@dataclass(frozen=True, kw_only=True, slots=True)
class Noise:
    """Standard deviations as shares of a path's RTT: of probes, of runs by path, of runs as a whole."""

    probe: float = 0.10
    run: float = 0.05
    tester_run: float = 0.0


def two_sweeps(
    seed: int,
    *,
    regions: int = 30,
    servers: int = 18,
    runs: int = 1,
    changed: Changed | None = None,
    noise: Noise | None = None,
) -> TwoSides:
    """Return two sweeps of one tester a region and so many runs each."""
    generator, changed, noise = np.random.default_rng(seed), changed or Changed(), noise or Noise()
    base = generator.uniform(30.0, 300.0, (regions, servers))
    later = base * changed.all_ratio
    for region, ratio in changed.region_ratio.items():
        later[region] *= ratio
    for column, ratio in changed.server_ratio.items():
        later[:, column] *= ratio
    for column, ms in changed.server_ms.items():
        later[:, column] += ms
    tester, server = np.divmod(np.arange(regions * servers), servers)
    lost = np.isin(tester, changed.lost_regions)
    none = np.zeros(len(tester), dtype=np.bool_)
    return TwoSides(
        regions=[f"r{number:03}" for number in range(regions)],
        testers=[TesterOf(key=f"t{n:03}", name=f"tester-{n}", region=n) for n in range(regions)],
        servers=[
            ServerOf(key=f"s{n:03}", name=f"server-{n}", address=f"192.0.2.{n}") for n in range(servers)
        ],
        tester=tester.astype(np.int64),
        server=server.astype(np.int64),
        before=_side(generator, base, runs=runs, noise=noise, lost=none),
        after=_side(generator, later, runs=runs, noise=noise, lost=lost),
    )


def _side(
    generator: np.random.Generator, level: Floats, *, runs: int, noise: Noise, lost: NDArray[np.bool_]
) -> Side:
    regions, servers = level.shape
    shifted = level * _gamma(generator, noise.run, (runs, regions, servers))
    shifted = shifted * _gamma(generator, noise.tester_run, (runs, regions, 1))
    queue = generator.standard_gamma(2.0, (runs, regions, servers, PROBES)) * noise.probe / np.sqrt(2.0)
    rtt = (shifted[..., None] * (1.0 + queue) * 1_000.0).astype("<i4")
    rtt = rtt.reshape(runs, regions * servers, PROBES)
    rtt[:, lost] = -1
    by_run = [
        medians_of([row.tobytes() for row in rtt[number]], least=LEAST).median_us for number in range(runs)
    ]
    blocks = np.array(by_run)
    return Side(
        probes=[rtt[:, path].tobytes() for path in range(regions * servers)],
        blocks_us=np.where(np.isfinite(blocks), blocks, np.nan),
        blocks=np.full(regions * servers, runs, dtype=np.int64),
    )


def _gamma(generator: np.random.Generator, spread: float, size: tuple[int, ...]) -> Floats:
    if not spread:
        return np.ones(size)
    shape = 1.0 / spread**2
    return generator.standard_gamma(shape, size) / shape
