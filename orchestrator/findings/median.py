"""The median of probes with its distribution-free interval (pure)."""

import math
from collections.abc import Iterable
from dataclasses import dataclass

LEAST_N = 6
"""Fewer values have no 95 % interval of their median."""
CONFIDENCE = 0.95
EXACT_UP_TO = 1_000


@dataclass(frozen=True, kw_only=True, slots=True)
class Median:
    """A median in µs and its interval; `math.inf` where it falls on a lost probe."""

    n: int
    lost: int
    p50_us: float
    low_us: float
    high_us: float


def median_of(rtts_us: Iterable[int], *, lost: int) -> Median | None:
    """Return the median of answers and lost probes, which count as infinite; None for too few.

    The interval is that of order statistics: the values at ranks k and n + 1 − k hold the median
    with the probability of the binomial distribution (Conover 1999, 3.2).
    """
    values: list[float] = sorted(rtts_us)
    values += [math.inf] * lost
    n = len(values)
    if n < LEAST_N:
        return None
    rank = rank_of_low(n)
    return Median(
        n=n,
        lost=lost,
        p50_us=values[-(-n // 2) - 1],
        low_us=values[rank - 1],
        high_us=values[n - rank],
    )


def rank_of_low(n: int) -> int:
    """Return the highest rank k, from 1, with P(Binomial(n, ½) < k) ≤ 2.5 %; n is at least 6."""
    if n > EXACT_UP_TO:
        # The normal approximation, rounded outwards.
        return math.floor((n - 1.959964 * math.sqrt(n)) / 2)
    tail, rank = 0, 0
    allowed = (1 - CONFIDENCE) / 2 * 2**n
    while tail + math.comb(n, rank) <= allowed:
        tail += math.comb(n, rank)
        rank += 1
    return rank
