"""Facts of a fleet, made from tables of RTTs."""

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from collector.verdicts.fleet import Fleet, ServerOf, TesterOf
from collector.verdicts.rounds import RoundFacts

Floats = NDArray[np.float64]
Integers = NDArray[np.int64]


def a_round(
    *,
    now_ms: Floats,
    baseline_ms: Floats,
    sent: int = 20,
    answered: Integers | None = None,
    moved: bool = False,
    width: float = 0.01,
) -> RoundFacts:
    """One tester a region, a row of the tables; what is NaN in both tables was not measured."""
    testers, servers = now_ms.shape
    there = ~(np.isnan(now_ms) & np.isnan(baseline_ms)).reshape(-1)
    tester, server = np.divmod(np.arange(testers * servers)[there], servers)
    now_us = now_ms.reshape(-1)[there] * 1_000.0
    found = np.full(len(now_us), sent) if answered is None else answered.reshape(-1)[there]
    return RoundFacts(
        tester=tester.astype(np.int64),
        server=server.astype(np.int64),
        now_us=now_us,
        low_us=now_us * (1 - width),
        high_us=now_us * (1 + width),
        baseline_us=baseline_ms.reshape(-1)[there] * 1_000.0,
        sent=np.full(len(now_us), sent, dtype=np.int64),
        answered=found.astype(np.int64),
        moved=np.full(len(now_us), moved, dtype=np.bool_),
    )


def a_fleet(
    rounds: Sequence[RoundFacts], *, regions: int, servers: int, floor_ratio: float = np.nan
) -> Fleet:
    """One tester in each region; the newest round first."""
    return Fleet(
        regions=[f"r{number:03}" for number in range(regions)],
        testers=[TesterOf(key=f"t{n:03}", name=f"tester-{n}", region=n) for n in range(regions)],
        servers=[
            ServerOf(key=f"s{n:03}", name=f"server-{n}", address=f"192.0.2.{n}") for n in range(servers)
        ],
        rounds=list(rounds),
        untrusted=np.zeros(regions, dtype=np.bool_),
        floor_ratio=np.full(regions, floor_ratio),
    )


def noisy(
    *, regions: int, servers: int, seed: int, spread: float = 0.02, count: int = 3
) -> tuple[list[Floats], Floats]:
    """RTTs now of some rounds, and the baseline, in ms."""
    generator = np.random.default_rng(seed)
    baseline = generator.uniform(30.0, 300.0, (regions, servers))
    rounds = [baseline * np.exp(generator.normal(0.0, spread, (regions, servers))) for _ in range(count)]
    return rounds, baseline
