"""The median of a run's probes and its distribution-free interval; what is lost is infinite (pure)."""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache

import numpy as np

from collector.history.figures import Integers
from collector.verdicts.polish import Floats
from wire.report import NOT_SENT

_LOST = 2**31 - 1
ALPHA = 0.05


@dataclass(frozen=True, kw_only=True, slots=True, eq=False)
class Medians:
    """Of each result, in microseconds: infinite where lost probes reach so far, NaN where n is too small."""

    median_us: Floats
    low_us: Floats
    high_us: Floats
    best_us: Floats
    sent: Integers
    answered: Integers


def medians_of(probes: Sequence[bytes], *, least: int) -> Medians:
    """Return the medians (nearest rank) of results that have at least `least` probes sent."""
    rows = len(probes)
    lengths = np.fromiter((len(item) // 4 for item in probes), np.int64, rows)
    position = np.frombuffer(b"".join(probes), dtype="<i4").astype(np.int64)
    of = np.repeat(np.arange(rows), lengths)
    was_sent, was_answered = position != NOT_SENT, position >= 0
    sent = np.bincount(of[was_sent], minlength=rows).astype(np.int64)
    answered = np.bincount(of[was_answered], minlength=rows).astype(np.int64)
    value = np.where(was_answered, position, _LOST)[was_sent]
    ordered = np.sort((of[was_sent] << 31) | value) & _LOST
    start = np.cumsum(sent) - sent
    rank = np.array([interval_rank(n) for n in sent.tolist()], dtype=np.int64)
    enough = sent >= max(least, 1)
    return Medians(
        median_us=_at(ordered, start + (sent + 1) // 2 - 1, enough),
        low_us=_at(ordered, start + rank - 1, enough & (rank > 0)),
        high_us=_at(ordered, start + sent - rank, enough & (rank > 0)),
        best_us=_at(ordered, start, answered > 0),
        sent=sent,
        answered=answered,
    )


@cache
def interval_rank(n: int) -> int:
    """Return k, so that the k-th smallest and k-th largest of n bound the median at 95 %; 0 for n < 6.

    By the binomial distribution of the number of values below the median (Thompson 1936; David and
    Nagaraja, Order Statistics, 7.1); beyond a thousand values by its normal approximation.
    """
    if n > 1_000:
        return int((n - 1.959963984540054 * math.sqrt(n)) / 2.0)
    below, k = 0, 0
    # The largest k with P(Binomial(n, 1/2) < k) <= alpha / 2, in whole numbers.
    while k < n:
        below += math.comb(n, k)
        if below * 2 > ALPHA * 2**n:
            break
        k += 1
    return k


def _at(ordered: Integers, index: Integers, valid: np.ndarray[tuple[int, ...], np.dtype[np.bool_]]) -> Floats:
    found = np.full(len(index), np.nan)
    if len(ordered):
        values = ordered[np.where(valid, index, 0)].astype(np.float64)
        found[valid] = np.where(values == _LOST, np.inf, values)[valid]
    return found
